//! Which events refuse something.

use super::{
    Event, account::AccountEvent, administration::Administered, moderation::Moderated, pace::PaceEvent,
    rooms::RoomEvent,
};

impl Event {
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
