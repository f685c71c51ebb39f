//! Which status a refusal of the chat's rules has over HTTP.

use std::time::Duration;

use crate::{
    command::Mistake,
    event::{Event, account::AccountEvent, pace::PaceEvent, rooms::RoomEvent},
    http::{Problem, Status},
};

/// A refusal in the words of the chat.
pub(super) fn problem(why: &Event) -> Problem {
    let problem = Problem::new(status(why), why.to_string());
    match wait(why) {
        Some(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            problem.with("Retry-After", seconds.to_string())
        }
        None => problem,
    }
}

fn status(why: &Event) -> Status {
    match why {
        Event::NickTaken(_)
        | Event::Account(AccountEvent::LoginRequired(_))
        | Event::Room(RoomEvent::RoomExists(_))
        | Event::Mistaken(Mistake::NotYourRoom(_)) => Status::Conflict,
        Event::NoSuchUser(_) | Event::Room(_) => Status::NotFound,
        Event::Mistaken(_) => Status::Unprocessable,
        Event::Full | Event::ShuttingDown => Status::ServiceUnavailable,
        Event::Pace(PaceEvent::Muted(_)) => Status::Forbidden,
        Event::Pace(_) => Status::TooManyRequests,
        _ => Status::Forbidden,
    }
}

/// How long the client has to wait, if that helps.
fn wait(why: &Event) -> Option<Duration> {
    use PaceEvent::{
        Muted, TooFast, TooManyArrivals, TooManyMoves, TooManyNicknames, TooManyRooms, TooManyStrangers,
    };
    let Event::Pace(event) = why else { return None };
    match event {
        // The next message is allowed within a second.
        TooFast => Some(Duration::from_secs(1)),
        Muted(wait)
        | TooManyArrivals(wait)
        | TooManyMoves(wait)
        | TooManyNicknames(wait)
        | TooManyRooms(wait)
        | TooManyStrangers(wait) => Some(*wait),
        _ => None,
    }
}
