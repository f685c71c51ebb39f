//! Who offers which file to whom.

use std::time::Duration;

use super::{
    Next, State, Task, Turn,
    offers::{Claim, LIFE, Lifeline, Offer, Stage},
    pace::Limited,
};
use crate::{
    command::transfers::{FileCommand, Which},
    event::{
        Event,
        transfers::{Cue, FileEvent, NotChosen, NotOffered, Outcome, Over, Ticket},
    },
    file::{Fault, Label, OfferId, Side, Token},
    names::{ClientId, Nick},
};

/// The most open offers that one client may have made, and that may be made to one client.
const MOST_MADE: usize = 10;
const MOST_HEARD: usize = 20;

/// The most open offers in all: each is looked at when a client leaves. The clients of one origin can make
/// only a part of them, and of those to one client.
const MOST: usize = 1000;
const MOST_OF_ORIGIN: usize = 50;
const MOST_OF_ORIGIN_TO_ONE: usize = 5;

impl State {
    #[inline(never)]
    pub(super) fn handle_files(&mut self, turn: &mut Turn, command: FileCommand) {
        self.end_overdue(turn);
        match command {
            FileCommand::Offer { to, label } => self.offer(turn, to, label),
            FileCommand::Take(which) => self.take(turn, which),
            FileCommand::Reject(id) => self.reject(turn, id),
            FileCommand::ByHand(_) if self.limits.files.port.is_none() => turn.answer(FileEvent::SwitchedOff),
            FileCommand::ByHand(side) => turn.answer(FileEvent::NeedsClient(side)),
        }
    }

    fn offer(&mut self, turn: &mut Turn, to: Nick, label: Label) {
        let target = match self.addressee(turn.client, to, &label) {
            Ok(target) => target,
            Err(why) => return turn.answer(FileEvent::NotOffered(label.digest, why)),
        };
        // Another user reads its name, so a muted client may not offer a file.
        if let Some(why) = self.muted_now(turn).or_else(|| self.too_often(turn, Limited::Offers)) {
            turn.answer(why);
            return turn.answer(FileEvent::NotSaid(Cue::NotOffered(label.digest)));
        }
        let (from, to) = (self.people[turn.client].nick, self.people[target].nick);
        let is_unheard = self.ignores.contain(target, turn.client);
        let is_only = self.offers.to(target).next().is_none();
        let id = self.offers.add(Offer {
            from: turn.client,
            to: target,
            label: label.clone(),
            until: turn.now.instant + LIFE,
            stage: Stage::Offered,
            is_unheard,
            lifelines: Vec::new(),
        });
        if !is_unheard {
            turn.tell(target, FileEvent::Requested { from, label: label.clone(), id, is_only });
        }
        turn.answer(FileEvent::Offered { id, label, to, seconds: LIFE.as_secs() });
    }

    /// The client that an offer goes to, if it can be made.
    fn addressee(&self, client: ClientId, to: Nick, label: &Label) -> Result<ClientId, NotOffered> {
        if self.limits.files.port.is_none() {
            return Err(NotOffered::SwitchedOff);
        }
        let target = self.people.find(to).ok_or(NotOffered::NoSuchUser(to))?;
        let (to, largest) = (self.people[target].nick, self.limits.files.largest);
        let origin_of = |id: ClientId| self.people[id].origin();
        let of_origin = || self.offers.iter().filter(|(_, its)| origin_of(its.from) == origin_of(client));
        if target == client {
            Err(NotOffered::ToYourself)
        } else if label.size > largest {
            Err(NotOffered::TooLarge(largest))
        } else if self.offers.from(client).any(|(_, offer)| offer.to == target) {
            Err(NotOffered::AlreadyOffered(to))
        } else if self.offers.from(client).count() >= MOST_MADE {
            Err(NotOffered::TooManyMade(MOST_MADE))
        } else if of_origin().count() >= MOST_OF_ORIGIN
            || of_origin().filter(|(_, its)| its.to == target).count() >= MOST_OF_ORIGIN_TO_ONE
        {
            Err(NotOffered::TooManyOfAddress)
        } else if self.offers.to(target).count() >= MOST_HEARD {
            Err(NotOffered::TooManyFor(to, MOST_HEARD))
        } else if self.offers.len() >= MOST {
            Err(NotOffered::TooMany)
        } else {
            Ok(target)
        }
    }

    fn take(&mut self, turn: &mut Turn, which: Which) {
        match self.offer_to_take(turn.client, which) {
            Ok(id) => {
                self.offers.accept(id, turn.now.instant);
                let next = Next::new(move |state, turn, drawn| state.begin_transfer(turn, id, drawn));
                turn.wait_for(Task::DrawTokens(next));
            }
            Err(why) => turn.answer(FileEvent::NotTaken(why)),
        }
    }

    fn offer_to_take(&self, client: ClientId, which: Which) -> Result<OfferId, NotChosen> {
        let offered = self.offers.to(client).filter(|(_, offer)| offer.stage == Stage::Offered);
        let offered: Vec<_> = offered.map(|(id, _)| id).collect();
        let id = self.choose(&offered, which)?;
        let sender = self.offers.get(id).map_or(client, |offer| offer.from);
        let origin_of = |id: ClientId| self.people[id].origin();
        let has_place = |id| self.offers.has_place_for(origin_of(id), origin_of);
        if has_place(client) && has_place(sender) { Ok(id) } else { Err(NotChosen::Busy) }
    }

    /// Both sides may connect now, each with its token.
    fn begin_transfer(&mut self, turn: &mut Turn, id: OfferId, tokens: Option<[Token; 2]>) {
        // The offer may have ended while the tokens were drawn.
        let Some(Offer { from, to, label, .. }) = self.offers.get(id) else { return };
        let (sender, receiver, label) = (*from, *to, label.clone());
        let (Some(tokens), Some(port)) = (tokens, self.limits.files.port) else {
            return self.end_offer(turn, id, Outcome::Failed(Fault::Server));
        };
        self.offers.add_tokens(id, tokens);
        let [sending, receiving] = tokens;
        let ticket = |token| Ticket { port, token };
        let (from, to) = (self.people[sender].nick, self.people[receiver].nick);
        turn.tell(sender, FileEvent::Send { id, name: label.name.clone(), to, ticket: ticket(sending) });
        turn.tell(receiver, FileEvent::NotSaid(Cue::Receive { id, ticket: ticket(receiving), label, from }));
    }

    /// Refuses an offer, stops a transfer, or takes back the client's own offer.
    fn reject(&mut self, turn: &mut Turn, id: Option<OfferId>) {
        let had: Vec<_> = self.offers.to(turn.client).map(|(id, _)| id).collect();
        let made: Vec<_> = self.offers.from(turn.client).map(|(id, _)| id).collect();
        let candidates = match id {
            Some(_) => [&had[..], &made].concat(),
            // Without a number, this means an offer to this user or, if there is none, the user's own.
            None if had.is_empty() => made.clone(),
            None => had,
        };
        match self.choose(&candidates, id.map_or(Which::Only, Which::This)) {
            Ok(id) if made.contains(&id) => self.end_offer(turn, id, Outcome::TakenBack),
            Ok(id) => self.end_offer(turn, id, Outcome::Rejected),
            Err(why) => turn.answer(FileEvent::NotRejected(why)),
        }
    }

    /// The one of these offers that the client means.
    fn choose(&self, candidates: &[OfferId], which: Which) -> Result<OfferId, NotChosen> {
        match (which, candidates) {
            (Which::This(id), all) if all.contains(&id) => Ok(id),
            (Which::This(id), _) => Err(NotChosen::NotThis(id)),
            (_, []) => Err(NotChosen::None),
            (Which::Oldest, [id, ..]) | (Which::Only, [id]) => Ok(*id),
            (Which::Only, several) => {
                let offers = several.iter().filter_map(|&id| Some((id, self.offers.get(id)?)));
                let described =
                    offers.map(|(id, offer)| (id, self.people[offer.from].nick, offer.label.name.clone()));
                Err(NotChosen::Several(described.collect()))
            }
        }
    }

    /// What the holder of a token may do. The token stays good.
    pub fn claimable(&self, token: Token) -> Option<Claim> {
        self.offers.claimable(token)
    }

    /// Takes a token, which is worthless from now on.
    pub fn claim(&mut self, turn: &Turn, token: Token) -> Option<Claim> {
        self.offers.claim(token, turn.now.instant)
    }

    /// Holds a lifeline for as long as its offer lasts.
    pub fn hold(&mut self, turn: &mut Turn, id: OfferId, side: Side, lifeline: Box<dyn Lifeline>) {
        turn.hung_up.extend(self.offers.hold(id, side, lifeline));
    }

    /// A transfer has ended, unless something else has ended it before.
    pub fn conclude(&mut self, turn: &mut Turn, id: OfferId, outcome: Result<(), Fault>) {
        self.end_offer(turn, id, outcome.map_or_else(Outcome::Failed, |()| Outcome::Received));
    }

    /// Ends the offers whose time is over; returns how soon to ask again at the latest.
    pub fn end_overdue_offers(&mut self, turn: &mut Turn) -> Duration {
        self.end_overdue(turn);
        self.offers.quiet_for(turn.now.instant)
    }

    fn end_overdue(&mut self, turn: &mut Turn) {
        for (id, stage) in self.offers.overdue(turn.now.instant) {
            let outcome = match stage {
                Stage::Offered => Outcome::Expired,
                Stage::Accepted => Outcome::Failed(Fault::NotMet),
                Stage::Transferring => Outcome::Failed(Fault::TooSlow),
            };
            self.end_offer(turn, id, outcome);
        }
    }

    /// A client is leaving, and all its offers end.
    pub(super) fn cancel_offers_of(&mut self, turn: &mut Turn) {
        let its = self.offers.iter().filter(|(_, offer)| [offer.from, offer.to].contains(&turn.client));
        let side = |offer: &Offer| if offer.from == turn.client { Side::Sender } else { Side::Receiver };
        let its: Vec<_> = its.map(|(id, offer)| (id, side(offer))).collect();
        for (id, side) in its {
            self.end_offer(turn, id, Outcome::Left(side));
        }
    }

    /// Ends an offer. Every offer ends here, once.
    fn end_offer(&mut self, turn: &mut Turn, id: OfferId, outcome: Outcome) {
        let Some(offer) = self.offers.remove(id) else { return };
        self.tally.occurrences.offers.add(outcome.word());
        let (from, to, name) = (self.people[offer.from].nick, self.people[offer.to].nick, offer.label.name);
        let was_taken = offer.stage != Stage::Offered;
        let over = |side| {
            let (other, has_cue) = if side == Side::Sender { (to, true) } else { (from, was_taken) };
            Event::from(FileEvent::Over(Over { name: name.clone(), you: side, other, outcome, id, has_cue }))
        };
        for (side, mut lifeline) in offer.lifelines {
            lifeline.ends(over(side));
            turn.hung_up.push(lifeline);
        }
        if outcome != Outcome::Left(Side::Receiver) && !offer.is_unheard {
            turn.tell(offer.to, over(Side::Receiver));
        }
        if outcome != Outcome::Left(Side::Sender) {
            turn.tell(offer.from, over(Side::Sender));
        }
    }
}
