//! Who offers which file to whom: an offer from its making to its end.
//!
//! The bytes never come near here, and neither do the connections they travel on. What the rules have
//! of a connection is its [`Lifeline`], and all they can do with it is to drop it, which hangs up. So an
//! offer that ends, for whatever reason, ends its transfer too, and in one place.
//!
//! Nothing in here waits, so somebody else has to look at the clock: [`State::end_overdue_offers`]
//! says when it has to be asked next.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    time::{Duration, Instant},
};

use super::{State, Task, Then, Work};
use crate::{
    clock::Now,
    command::files::{FileCommand, Which},
    event::files::{Cue, Ending, FileEvent, NotChosen, NotOffered, Over, Ticket},
    file::{ByteCount, Fault, Label, OfferId, Side, Token},
    names::{ClientId, Nick},
};

/// How long an offer waits for an answer.
const LIFE: Duration = Duration::from_secs(300);

/// How long both sides may take to connect, once an offer is accepted.
const MEETING: Duration = Duration::from_secs(30);

/// How long a transfer may take: so long in any case, and a second more for so many bytes. Whoever is
/// slower than that only keeps a place from others.
const PATIENCE: Duration = Duration::from_secs(600);
const SLOWEST: u64 = 16 * 1024;

/// Offers one client can have made, and can have been made. They bound what one stranger can do to
/// another, and what both can make the server remember.
const MOST_MADE: usize = 10;
const MOST_HAD: usize = 20;

/// Offers there can be in all: whoever leaves is looked for in each of them.
const MOST: usize = 1000;

/// Transfers that can be on their way at the same time. Each takes a thread and two descriptors.
pub const MOST_TRANSFERS: usize = 32;

/// What is allowed with files, and where.
#[derive(Clone, Copy, Debug)]
pub struct FileLimits {
    /// The largest file.
    pub largest: ByteCount,
    /// The server's port for files.
    pub port: u16,
}

/// A connection that a file travels on. To drop it is to hang up.
pub trait Lifeline: Send {}

/// What the owner of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Take part in this transfer,
    pub offer: OfferId,
    /// as this side.
    pub side: Side,
    /// The file's size.
    pub size: ByteCount,
}

/// The offers that are not over yet.
#[derive(Default)]
pub(super) struct Offers {
    open: BTreeMap<OfferId, Offer>,
    last: u64,
    /// Who may connect. Each token is taken out when it is shown.
    tokens: HashMap<Token, (OfferId, Side)>,
    /// Lines of transfers that are over, to be dropped where it costs nobody time.
    hung_up: Vec<Box<dyn Lifeline>>,
}

struct Offer {
    from: ClientId,
    to: ClientId,
    label: Label,
    /// When it ends by itself.
    until: Instant,
    stage: Stage,
    /// The receiver ignores the sender, and knows nothing of this.
    is_unheard: bool,
    lines: Vec<Box<dyn Lifeline>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The receiver has not answered.
    Offered,
    /// Both sides are to connect.
    Accepted,
    /// Both have.
    OnItsWay,
}

impl State {
    pub(super) fn handle_files(&mut self, client: ClientId, command: FileCommand) {
        self.end_overdue();
        match command {
            FileCommand::Offer { to, label } => self.offer(client, to, label),
            FileCommand::Take(which) => self.take(client, which),
            FileCommand::Reject(id) => self.reject(client, id),
            FileCommand::ByHand(side) => self.tell(client, FileEvent::NeedsClient(side).into()),
        }
    }

    fn offer(&mut self, client: ClientId, to: Nick, label: Label) {
        let target = match self.addressee(client, to, &label) {
            Ok(target) => target,
            Err(why) => {
                let refused = FileEvent::NotOffered { digest: label.digest, why };
                return self.tell(client, refused.into());
            }
        };
        if !self.may_offer(client) {
            return self.tell(client, FileEvent::NotSaid(Cue::NotOffered(label.digest)).into());
        }
        self.files.last += 1;
        let (id, from, to) = (OfferId(self.files.last), self.nick(client), self.nick(target));
        let is_unheard = self.clients[target].ignores.contains(&from);
        let others = self.offers_to(target).next().map(|_| id);
        let offer = Offer {
            from: client,
            to: target,
            label: label.clone(),
            until: self.now.instant + LIFE,
            stage: Stage::Offered,
            is_unheard,
            lines: Vec::new(),
        };
        self.files.open.insert(id, offer);
        if !is_unheard {
            self.tell(target, FileEvent::Requested { from, label: label.clone(), id: others }.into());
        }
        self.tell(client, FileEvent::Offered { id, label, to, seconds: LIFE.as_secs() }.into());
    }

    /// Who an offer goes to, if it can be made.
    fn addressee(&self, client: ClientId, to: Nick, label: &Label) -> Result<ClientId, NotOffered> {
        let target = *self.nicks.get(&to).ok_or(NotOffered::NoSuchUser(to))?;
        let (to, largest) = (self.nick(target), self.limits.files.largest);
        let open = self.files.open.values();
        let made = open.clone().filter(|offer| offer.from == client);
        let had = open.clone().filter(|offer| offer.to == target);
        if target == client {
            Err(NotOffered::ToOneself)
        } else if label.size > largest {
            Err(NotOffered::TooLarge(largest))
        } else if made.clone().any(|offer| offer.to == target) {
            Err(NotOffered::AlreadyOffered(to))
        } else if made.count() >= MOST_MADE {
            Err(NotOffered::TooManyMade(MOST_MADE))
        } else if had.count() >= MOST_HAD {
            Err(NotOffered::TooManyFor(to, MOST_HAD))
        } else if open.len() >= MOST {
            Err(NotOffered::TooMany)
        } else {
            Ok(target)
        }
    }

    fn take(&mut self, client: ClientId, which: Which) {
        match self.offer_to_take(client, which) {
            Ok(id) => {
                let offer = self.files.open.get_mut(&id).expect("it was just found");
                offer.stage = Stage::Accepted;
                offer.until = self.now.instant + MEETING;
                self.task = Some(Task { work: Work::Tokens, then: Then::Transfer(id) });
            }
            Err(why) => self.tell(client, FileEvent::NotTaken(why).into()),
        }
    }

    fn offer_to_take(&self, client: ClientId, which: Which) -> Result<OfferId, NotChosen> {
        let on_their_way = self.files.open.values().filter(|offer| offer.stage != Stage::Offered).count();
        let offered = self.offers_to(client).filter(|(_, offer)| offer.stage == Stage::Offered);
        let id = match which {
            Which::Oldest => offered.map(|(id, _)| id).next().ok_or(NotChosen::None)?,
            Which::Only => self.choose(offered.map(|(id, _)| id).collect(), None)?,
            Which::This(id) => self.choose(offered.map(|(id, _)| id).collect(), Some(id))?,
        };
        if on_their_way < MOST_TRANSFERS { Ok(id) } else { Err(NotChosen::Busy) }
    }

    /// The tokens are there: from now on they can be shown.
    pub(super) fn begin_transfer(&mut self, id: OfferId, tokens: Option<[Token; 2]>) {
        // While they were drawn, either side may have thought better of it.
        let Some(Offer { from, to, label, .. }) = self.files.open.get(&id) else { return };
        let Some([sending, receiving]) = tokens else {
            return self.end_offer(id, Ending::Failed(Fault::Server));
        };
        let (sender, receiver, label) = (*from, *to, label.clone());
        self.files.tokens.insert(sending, (id, Side::Sender));
        self.files.tokens.insert(receiving, (id, Side::Receiver));
        let ticket = |token| Ticket { port: self.limits.files.port, token };
        let (from, to) = (self.nick(sender), self.nick(receiver));
        let send = FileEvent::Send { id, name: label.name.clone(), to, ticket: ticket(sending) };
        let receive = FileEvent::Receive { id, label, from, ticket: ticket(receiving) };
        self.tell(sender, send.into());
        self.tell(receiver, receive.into());
    }

    /// Refuses an offer, or stops a transfer, or takes back one's own.
    fn reject(&mut self, client: ClientId, id: Option<OfferId>) {
        let had: Vec<_> = self.offers_to(client).map(|(id, _)| id).collect();
        let made = self.files.open.iter().filter(|(_, offer)| offer.from == client);
        let made: Vec<_> = made.map(|(id, _)| *id).collect();
        let candidates = match id {
            Some(_) => [&had[..], &made].concat(),
            // Whoever is asked answers; only whoever is not can mean an offer of their own.
            None if had.is_empty() => made.clone(),
            None => had,
        };
        match self.choose(candidates, id) {
            Ok(id) if made.contains(&id) => self.end_offer(id, Ending::TakenBack),
            Ok(id) => self.end_offer(id, Ending::Rejected),
            Err(why) => self.tell(client, FileEvent::NotRejected(why).into()),
        }
    }

    /// The one that is meant.
    fn choose(&self, candidates: Vec<OfferId>, id: Option<OfferId>) -> Result<OfferId, NotChosen> {
        match (id, &candidates[..]) {
            (Some(id), all) if all.contains(&id) => Ok(id),
            (Some(id), _) => Err(NotChosen::NotThis(id)),
            (None, []) => Err(NotChosen::None),
            (None, [only]) => Ok(*only),
            (None, _) => {
                let described = candidates.into_iter().map(|id| {
                    let Offer { from, label, .. } = &self.files.open[&id];
                    (id, self.nick(*from), label.name.clone())
                });
                Err(NotChosen::Several(described.collect()))
            }
        }
    }

    /// The offers a client knows to be made to it, the oldest first.
    fn offers_to(&self, client: ClientId) -> impl Iterator<Item = (OfferId, &Offer)> {
        let open = self.files.open.iter();
        open.filter(move |(_, offer)| offer.to == client && !offer.is_unheard).map(|(id, offer)| (*id, offer))
    }

    /// Takes a token, which is worth nothing from now on, for what it was worth.
    pub fn claim(&mut self, token: Token, now: Now) -> Option<Claim> {
        self.now = now;
        let (id, role) = self.files.tokens.remove(&token)?;
        let has_both = !self.files.tokens.values().any(|(other, _)| *other == id);
        let offer = self.files.open.get_mut(&id)?;
        let size = offer.label.size;
        if has_both {
            offer.stage = Stage::OnItsWay;
            offer.until = now.instant + PATIENCE + Duration::from_secs(size.0 / SLOWEST);
        }
        Some(Claim { offer: id, side: role, size })
    }

    /// Keeps a line for as long as its offer lasts.
    pub fn hold(&mut self, id: OfferId, line: Box<dyn Lifeline>) {
        match self.files.open.get_mut(&id) {
            Some(offer) => offer.lines.push(line),
            None => self.files.hung_up.push(line),
        }
    }

    /// A transfer is over, if nothing else has ended it before.
    pub fn conclude(&mut self, id: OfferId, outcome: Result<(), Fault>, now: Now) {
        self.now = now;
        self.end_offer(id, outcome.map_or_else(Ending::Failed, |()| Ending::Received));
    }

    /// Ends the offers whose time is over; gives how long it may take until it has to be asked again,
    /// whatever happens until then.
    pub fn end_overdue_offers(&mut self, now: Now) -> Duration {
        self.now = now;
        self.end_overdue();
        let next = self.files.open.values().map(|offer| offer.until).min();
        // An offer that is made or accepted after this lasts no less than that.
        next.map_or(MEETING, |next| next.saturating_duration_since(now.instant).min(MEETING))
    }

    fn end_overdue(&mut self) {
        let now = self.now.instant;
        let overdue = self.files.open.iter().filter(|(_, offer)| offer.until <= now);
        for (id, stage) in overdue.map(|(id, offer)| (*id, offer.stage)).collect::<Vec<_>>() {
            self.end_offer(
                id,
                match stage {
                    Stage::Offered => Ending::Expired,
                    Stage::Accepted => Ending::Failed(Fault::NotMet),
                    Stage::OnItsWay => Ending::Failed(Fault::TooSlow),
                },
            );
        }
    }

    /// A client is leaving, and with it everything it had to do with.
    pub(super) fn cancel_offers_of(&mut self, client: ClientId) {
        let its_side = |offer: &Offer| match client {
            _ if offer.from == client => Some(Side::Sender),
            _ if offer.to == client => Some(Side::Receiver),
            _ => None,
        };
        let its = self.files.open.iter().filter_map(|(id, offer)| Some((*id, its_side(offer)?)));
        for (id, side) in its.collect::<Vec<_>>() {
            self.end_offer(id, Ending::Left(side));
        }
    }

    /// Nobody is told: that the server stops is the last word.
    pub(super) fn drop_all_offers(&mut self) {
        self.files.tokens.clear();
        let all = mem::take(&mut self.files.open);
        self.files.hung_up.extend(all.into_values().flat_map(|offer| offer.lines));
    }

    /// The one end of every offer.
    fn end_offer(&mut self, id: OfferId, ending: Ending) {
        let Some(offer) = self.files.open.remove(&id) else { return };
        self.files.tokens.retain(|_, (other, _)| *other != id);
        self.files.hung_up.extend(offer.lines);
        let (from, to, name) = (self.nick(offer.from), self.nick(offer.to), offer.label.name);
        let was_taken = offer.stage != Stage::Offered;
        if ending != Ending::Left(Side::Receiver) && !offer.is_unheard {
            let cue = was_taken.then_some(id);
            let over = Over { name: name.clone(), you: Side::Receiver, other: from, ending, cue };
            self.tell(offer.to, FileEvent::Over(over).into());
        }
        if ending != Ending::Left(Side::Sender) {
            let over = Over { name, you: Side::Sender, other: to, ending, cue: Some(id) };
            self.tell(offer.from, FileEvent::Over(over).into());
        }
    }

    /// What is to be hung up on, outside the lock.
    pub fn take_hung_up(&mut self) -> Vec<Box<dyn Lifeline>> {
        mem::take(&mut self.files.hung_up)
    }
}
