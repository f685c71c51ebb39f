//! What a client may ask about files.
//!
//! `/sendfile` and `/acceptfile` are for people; a server cannot see their disks. `chat_client` reads and
//! writes the files, and says `/offer` and `/take` instead. So the server knows from the word alone
//! whether the program at the other end can do what is asked.

use super::{Ask, Mistake, Typed, existing, split_word};
use crate::{
    file::{ByteCount, FileName, Label, OfferId, Side},
    names::Nick,
};

/// What a client asks about files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileCommand {
    /// Offer a file to a user.
    Offer {
        /// The receiver's nickname.
        to: Nick,
        /// The file's name, size and digest.
        label: Label,
    },
    /// Accept an offer.
    Take(Which),
    /// Refuse an offer, take one back, or stop a file on its way.
    Reject(Option<OfferId>),
    /// Take part as this side, typed by a person whose program cannot.
    ByHand(Side),
}

/// How an offer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The only one there is.
    Only,
    /// The one that has been open longest.
    Oldest,
    /// This one.
    This(OfferId),
}

pub(super) fn send_by_hand(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    typed.two_words().map(|_| FileCommand::ByHand(Side::Sender).into())
}

pub(super) fn accept_by_hand(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    id(typed).map(|_| FileCommand::ByHand(Side::Receiver).into())
}

pub(super) fn reject(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    id(typed).map(|id| FileCommand::Reject(id).into())
}

pub(super) fn offer(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let (user, rest) = split_word(typed.name()?);
    let (size, rest) = split_word(rest);
    let (digest, name) = split_word(rest);
    let (Ok(size), Ok(digest)) = (size.parse().map(ByteCount), digest.parse()) else {
        return Err(typed.usage());
    };
    let name = FileName::new(name).map_err(|_| Mistake::InvalidFileName)?;
    Ok(FileCommand::Offer { to: existing(user)?, label: Label { name, size, digest } }.into())
}

pub(super) fn take(typed: &Typed<'_>) -> Result<Ask, Mistake> {
    let which = match typed.rest.trim_end() {
        "oldest" => Which::Oldest,
        _ => id(typed)?.map_or(Which::Only, Which::This),
    };
    Ok(FileCommand::Take(which).into())
}

fn id(typed: &Typed<'_>) -> Result<Option<OfferId>, Mistake> {
    let Ok(id) = typed.name() else { return Ok(None) };
    id.parse().map(Some).map_err(|_| typed.usage())
}

impl From<FileCommand> for Ask {
    fn from(command: FileCommand) -> Self {
        Self::File(Box::new(command))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Verb, *};
    use crate::file::{Digest, Promise};

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: &Ask) {
        let verb = Verb::find(verb).expect("it is known");
        assert_eq!(&verb.command(rest, 10).ask, expected, "{rest}");
    }

    fn usage(verb: &str) -> Ask {
        Ask::Mistake(Mistake::Usage(Verb::find(verb).expect("it is known")))
    }

    #[test]
    fn an_offer_names_the_file_to_the_end_of_the_line() {
        let digest = Promise::from(Digest([0xab; 32]));
        let label = Label { name: FileName::tamed("my  cat 😄.jpg"), size: ByteCount(12), digest };
        let to = Nick::new("bob").unwrap();
        let offer = Ask::File(Box::new(FileCommand::Offer { to, label }));
        check("offer", &format!("bob 12 {digest} my  cat 😄.jpg "), &offer);
    }

    #[test]
    fn an_offer_with_something_missing_or_wrong_is_refused() {
        let digest = Digest([0xab; 32]);
        for wrong in ["", "bob", "bob 12", "bob 12 ab x", &format!("bob -1 {digest} x")] {
            check("offer", wrong, &usage("offer"));
        }
        for name in ["", "../x", "a/b", ".x", "a\\b", "nul"] {
            let mistake = Ask::Mistake(Mistake::InvalidFileName);
            check("offer", &format!("bob 12 {digest} {name}"), &mistake);
        }
    }

    #[test]
    fn an_offer_is_accepted_with_or_without_its_number() {
        let take = |which| Ask::File(Box::new(FileCommand::Take(which)));
        check("take", "", &take(Which::Only));
        check("take", "oldest", &take(Which::Oldest));
        check("take", "7 ", &take(Which::This(OfferId(7))));
        check("take", "x", &usage("take"));
        check("rejectfile", "7", &Ask::File(Box::new(FileCommand::Reject(Some(OfferId(7))))));
        check("rejectfile", "x", &usage("rejectfile"));
    }

    #[test]
    fn a_path_or_nothing_is_recognised_as_typed_by_a_user() {
        check("sendfile", "bob my notes.txt", &Ask::File(Box::new(FileCommand::ByHand(Side::Sender))));
        check("sendfile", "bob", &usage("sendfile"));
        check("acceptfile", "", &Ask::File(Box::new(FileCommand::ByHand(Side::Receiver))));
    }
}
