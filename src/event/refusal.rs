//! Which events refuse something, and in one word why a client is not let in.

use super::{
    Event,
    account::AccountEvent,
    administration::Administered,
    bots::BotEvent,
    moderation::{Moderated, Refused},
    pace::PaceEvent,
    rooms::RoomEvent,
};

/// The words of [`Event::why_not_let_in`].
pub const WORDS: [&str; 8] = [
    "full",
    "full_for_address",
    "too_many_arrivals",
    "too_many_rooms",
    "banned",
    "name",
    "stopping",
    "other",
];

impl Event {
    /// Why it does not let a client in, in one word for machines.
    pub fn why_not_let_in(&self) -> &'static str {
        WORDS[match self {
            Event::Full => 0,
            Event::Pace(PaceEvent::TooManyConnections) => 1,
            Event::Pace(PaceEvent::TooManyArrivals(_)) => 2,
            Event::Pace(PaceEvent::TooManyRooms(_)) => 3,
            Event::Administered(Administered::AddressBanned)
            | Event::Moderated(Moderated::Refused(Refused::Banned)) => 4,
            Event::NickTaken(_) | Event::Mistaken(_) | Event::Account(AccountEvent::LoginRequired(_)) => 5,
            Event::ShuttingDown => 6,
            _ => 7,
        }]
    }

    /// Whether it tells a client that it cannot have or do what it wants. For programs, that is an error.
    pub fn is_refusal(&self) -> bool {
        match self {
            Event::Mistaken(_)
            | Event::NickTaken(_)
            | Event::NoSuchUser(_)
            | Event::NoWhisper
            | Event::AlreadyJoined(_)
            | Event::AlreadyInLobby
            | Event::Full
            | Event::Bot(BotEvent::TooMany(_))
            | Event::Moderated(Moderated::Refused(_))
            | Event::Room(RoomEvent::NoSuchRoom(_) | RoomEvent::RoomExists(_) | RoomEvent::NoSuchClient)
            | Event::Administered(Administered::NotAdministrator | Administered::AddressBanned) => true,
            Event::Account(event) => is_refused_account(event),
            Event::Pace(event) => is_too_much(event),
            _ => false,
        }
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
