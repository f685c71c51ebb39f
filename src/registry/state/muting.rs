//! `/mute`, `/unmute` and `/mutelist`.

use std::time::Duration;

use super::{State, Turn};
use crate::{
    command::muting::MutingCommand,
    event::{Event, pace::PaceEvent},
    names::{ClientId, Nick},
};

/// What `/mute` without a number means.
const USUAL_MUTE: Duration = Duration::from_secs(300);

impl State {
    #[inline(never)]
    pub(super) fn muting(&mut self, turn: &mut Turn, client: ClientId, command: MutingCommand) {
        match command {
            MutingCommand::List => {
                turn.tell_at_length(client, PaceEvent::MutedUsers(self.mutes.list(turn.now.instant)));
            }
            MutingCommand::Mute { user, seconds } => self.mute(turn, client, user, seconds),
            MutingCommand::Unmute(user) => self.unmute(turn, client, user),
        }
    }

    fn mute(&mut self, turn: &mut Turn, client: ClientId, user: Nick, seconds: Option<u32>) {
        let Some(target) = self.people.find(user) else {
            return turn.tell(client, Event::NoSuchUser(user));
        };
        if self.people[target].is_administrator {
            return turn.tell(client, PaceEvent::MutingAdministrator);
        }
        let time = seconds.map_or(USUAL_MUTE, |seconds| Duration::from_secs(seconds.into()));
        let (by, user) = (self.people[client].nick, self.people[target].nick);
        self.mutes.mute(self.people.identity(target), time, turn.now.instant);
        turn.tell(target, PaceEvent::MutedBy { by, time });
        self.tell_deed(turn, client, PaceEvent::MutedUser { user, time });
    }

    fn unmute(&mut self, turn: &mut Turn, client: ClientId, user: Nick) {
        let target = self.people.find(user);
        if !self.mutes.lift(user, target, turn.now.instant) {
            return turn.tell(client, PaceEvent::NotMuted(user));
        }
        if let Some(target) = target {
            turn.tell(target, PaceEvent::UnmutedBy(self.people[client].nick));
        }
        self.tell_deed(turn, client, PaceEvent::UnmutedUser(user));
    }
}
