//! Whether a client may do something now, or has done too much of it recently, or is muted (`/mute`).

use std::time::Duration;

use super::{LineLimits, Next, Rate, State, Task, Turn, pace::Limited};
use crate::{
    command::{Ask, Command, Kind, MutingCommand},
    event::{Event, mark::Mark, pace::PaceEvent},
    fact::Deed,
    names::Nick,
};

/// For how long a client is muted that goes on speaking too fast.
const SHORT_MUTE: Duration = Duration::from_secs(30);

/// What `/mute` without a number means.
const USUAL_MUTE: Duration = Duration::from_secs(300);

impl State {
    /// How long a client has to wait before its command is carried out. Refusing it would cost as much as
    /// answering it; while the client's thread waits, only its own commands queue up.
    #[inline(never)]
    pub(super) fn must_wait(&mut self, turn: &Turn, command: &Command) -> Option<Duration> {
        let limited = match command.ask {
            Ask::Quit => return None,
            Ask::ShowHistory(_) | Ask::ShowStretch(_) | Ask::SearchHistory(_) | Ask::ShowMissed(_) => {
                Limited::Histories
            }
            _ => match command.verb.kind {
                // If it is refused, it takes its token afterwards.
                Kind::Speech => return None,
                Kind::Automatic => Limited::Marks,
                _ => Limited::Questions,
            },
        };
        if command.is_long()
            && let Some(pause) = self.people.get_mut(turn.client)?.link.must_wait()
        {
            return Some(pause);
        }
        self.pace.take(turn.client, limited, turn.now.instant).err()
    }

    /// Makes a client wait that was refused too often. Otherwise it would get refusals at full speed.
    #[inline(never)]
    pub(super) fn pay_for_refusal(&mut self, turn: &mut Turn) {
        if let Err(pause) = self.pace.take(turn.client, Limited::Questions, turn.now.instant) {
            let next = Next::new(|state: &mut Self, turn, ()| state.pay_for_refusal(turn));
            turn.wait_for(Task::Wait(pause, next));
        }
    }

    /// The reason why the client may not give a command now, if there is one.
    pub(super) fn too_much(&mut self, turn: &mut Turn, command: &Command) -> Option<PaceEvent> {
        match &command.ask {
            _ if command.is_speech() => self.too_much_speech(turn),
            // The first nickname belongs to the arrival, which has a limit already.
            Ask::Rename(_) if self.people[turn.client].nick.guest_number().is_some() => None,
            Ask::Rename(_) => self.too_often(turn, Limited::Nicknames),
            Ask::Join(..) | Ask::Leave => self.too_often(turn, Limited::Moves),
            _ => None,
        }
    }

    fn too_much_speech(&mut self, turn: &mut Turn) -> Option<PaceEvent> {
        if let Some(muted) = self.muted_now(turn) {
            return Some(muted);
        }
        let now = turn.now.instant;
        self.pace.take(turn.client, Limited::Speech, now).err()?;
        if !self.pace.note_too_fast(turn.client, now) {
            return Some(PaceEvent::TooFast);
        }
        self.mutes.mute(self.people.identity(turn.client), SHORT_MUTE, now);
        self.note(turn, || Deed::Told(Box::new(PaceEvent::Muted(SHORT_MUTE).into())));
        Some(PaceEvent::Muted(SHORT_MUTE))
    }

    pub(super) fn muted_now(&self, turn: &Turn) -> Option<PaceEvent> {
        self.mutes.left(turn.client, turn.now.instant).map(PaceEvent::Muted)
    }

    pub(super) fn too_often(&mut self, turn: &Turn, limited: Limited) -> Option<PaceEvent> {
        let wait = self.pace.take(turn.client, limited, turn.now.instant).err()?;
        Some(match limited {
            // A client with too many questions is not refused, but waits.
            Limited::Speech | Limited::Questions | Limited::Marks | Limited::Histories => PaceEvent::TooFast,
            Limited::Nicknames => PaceEvent::TooManyNicknames(wait),
            Limited::Moves => PaceEvent::TooManyMoves(wait),
            Limited::Strangers => PaceEvent::TooManyStrangers(wait),
            Limited::Offers => PaceEvent::TooManyOffers(wait),
        })
    }

    /// Tells a program which lines it has heard, and how many it may say.
    #[inline(never)]
    pub(super) fn mark(&self, turn: &mut Turn, token: u64) {
        let (now, LineLimits { line, text }) = (turn.now.instant, self.limits.lines);
        let (rate, left) = self.pace.speech(turn.client, now);
        turn.answer(Event::Mark(Mark {
            token,
            seq: self.tally.seq,
            rate: rate.map_or(0, Rate::a_second),
            burst: rate.map_or(0, |rate| rate.burst),
            left,
            text: text.min(line),
            line,
        }));
    }

    #[inline(never)]
    pub(super) fn muting(&mut self, turn: &mut Turn, command: MutingCommand) {
        let done = match command {
            MutingCommand::List => {
                return turn.answer_at_length(PaceEvent::MutedUsers(self.mutes.list(turn.now.instant)));
            }
            MutingCommand::Mute(user, time) => self.mute(turn, user, time.unwrap_or(USUAL_MUTE)),
            MutingCommand::Unmute(user) => self.unmute(turn, user),
        };
        if let Ok(deed) = &done {
            self.note(turn, || Deed::Did(Box::new(deed.clone().into())));
        }
        turn.answer(done.map_or_else(|why| why, Event::from));
    }

    fn mute(&mut self, turn: &mut Turn, user: Nick, time: Duration) -> Result<PaceEvent, Event> {
        let target = self.people.find(user).ok_or(Event::NoSuchUser(user))?;
        if self.people[target].is_administrator {
            return Err(PaceEvent::MutingAdministrator.into());
        }
        self.mutes.mute(self.people.identity(target), time, turn.now.instant);
        turn.tell(target, PaceEvent::MutedBy(self.people[turn.client].nick, time));
        Ok(PaceEvent::MutedUser(self.people[target].nick, time))
    }

    fn unmute(&mut self, turn: &mut Turn, user: Nick) -> Result<PaceEvent, Event> {
        let target = self.people.find(user);
        if !self.mutes.lift(user, target, turn.now.instant) {
            return Err(PaceEvent::NotMuted(user).into());
        }
        if let Some(target) = target {
            turn.tell(target, PaceEvent::UnmutedBy(self.people[turn.client].nick));
        }
        Ok(PaceEvent::UnmutedUser(user))
    }
}
