//! Events as lines that begin with `MSG` or `ERROR:`.

use std::fmt::Write;

use crate::{
    command::Mistake,
    dialect::text::{self, Utf8},
    event::{
        Event, account::AccountEvent, administration::Administered, moderation::Moderated, pace::PaceEvent,
        rooms::RoomEvent,
    },
    record::{Line, Manner},
};

/// Adds an event to `out`, as lines.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    match event {
        Event::Said(room, Line { from, text, manner: Manner::Said, .. }) => {
            writeln!(Utf8(out), "MSG FROM {room}:{from} {text}").expect("writing to memory does not fail");
        }
        // A web browser gets an HTTP response.
        Event::Mistaken(Mistake::HttpRequest) => text::encode(event, out),
        _ => {
            let kind = if is_refusal(event) { "ERROR:" } else { "MSG" };
            for line in event.to_string().lines().filter(|line| !line.is_empty()) {
                writeln!(Utf8(out), "{kind} {line}").expect("writing to memory does not fail");
            }
        }
    }
}

/// Whether an event tells a client that it cannot have or do what it wants.
fn is_refusal(event: &Event) -> bool {
    match event {
        Event::Mistaken(_)
        | Event::NickTaken(_)
        | Event::NoSuchUser(_)
        | Event::NoWhisper
        | Event::AlreadyJoined(_)
        | Event::AlreadyInLobby
        | Event::Full
        | Event::Moderated(Moderated::Refused(_))
        | Event::Room(RoomEvent::NoSuchRoom(_) | RoomEvent::RoomExists(_))
        | Event::Administered(Administered::NotAdministrator | Administered::AddressBanned) => true,
        Event::Account(event) => is_refused_account(event),
        Event::Pace(event) => is_too_much(event),
        _ => false,
    }
}

fn is_refused_account(event: &AccountEvent) -> bool {
    use AccountEvent::{
        AlreadyRegistered, Full, LoginRequired, NotRegistered, Outdated, RegisteringGuest, TooManyAttempts,
        Unsaved, WrongAdministrator, WrongPassword,
    };
    matches!(
        event,
        AlreadyRegistered
            | Full
            | LoginRequired(_)
            | NotRegistered
            | Outdated
            | RegisteringGuest
            | TooManyAttempts(_)
            | Unsaved
            | WrongAdministrator
            | WrongPassword
    )
}

fn is_too_much(event: &PaceEvent) -> bool {
    use PaceEvent::{
        Muted, TooFast, TooManyArrivals, TooManyConnections, TooManyLasting, TooManyMoves, TooManyNicknames,
        TooManyOffers, TooManyRooms, TooManyStrangers,
    };
    matches!(
        event,
        Muted(_)
            | TooFast
            | TooManyArrivals(_)
            | TooManyConnections
            | TooManyLasting(_)
            | TooManyMoves(_)
            | TooManyNicknames(_)
            | TooManyOffers(_)
            | TooManyRooms(_)
            | TooManyStrangers(_)
    )
}
