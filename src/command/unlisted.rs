//! Verbs that `chat_client` says and people do not. `/help` does not list them.

use super::{
    Ask, Mistake, Typed,
    transfers::{offer, take},
    verbs::{Kind, Verb},
};

/// More rows of the table of verbs.
#[rustfmt::skip]
pub(super) static UNLISTED: [Verb; 4] = [
    Verb::new("mark",   "<token>",    "What chat_client says to learn what was heard.",   |typed| number(typed).map(Ask::Mark)).kind(Kind::Automatic),
    Verb::new("missed", "<seq>",      "What chat_client says when it is back.",           |typed| number(typed).map(Ask::ShowMissed)).kind(Kind::Listing),
    Verb::new("offer",  "<user> <size> <sha256> <name>", "What chat_client says when you type /sendfile.", offer),
    Verb::new("take",   "[id|oldest]", "What chat_client says when you type /acceptfile.", take),
];

/// Lists the members of rooms. No one can type it: `/users` lists those of one's own room, and `/rooms` the rooms.
pub(super) static MEMBERS: Verb =
    Verb::new("members", "", "", |typed| Err(typed.usage())).kind(Kind::Listing);

/// Shows lines of the client's room by their numbers, to programs. People type `/history`.
pub(super) static STRETCH: Verb =
    Verb::new("stretch", "", "", |typed| Err(typed.usage())).kind(Kind::Listing);

/// Shows what is going on, to programs that ask for it every few seconds.
pub(super) static OVERVIEW: Verb =
    Verb::new("overview", "", "", |typed| Err(typed.usage())).kind(Kind::Automatic);

/// What a client's program is answered without a rule has no verb; this stands for it.
pub(super) static ANSWER: Verb = Verb::new("", "", "", |typed| Err(typed.usage())).kind(Kind::Automatic);

fn number(typed: &Typed<'_>) -> Result<u64, Mistake> {
    typed.name()?.parse().map_err(|_| typed.usage())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(verb: &str, rest: &str, expected: Option<Ask>) {
        let verb = Verb::find(verb).expect("it is known");
        let expected = expected.unwrap_or(Ask::Mistake(Mistake::Usage(verb)));
        assert_eq!(verb.command(rest, 10).ask, expected, "{rest}");
    }

    #[test]
    fn a_mark_and_a_missed_line_have_a_number() {
        check("mark", "7 ", Some(Ask::Mark(7)));
        check("missed", "0", Some(Ask::ShowMissed(0)));
        check("mark", &u64::MAX.to_string(), Some(Ask::Mark(u64::MAX)));
        for wrong in ["", "x", "-1", "7 8", "18446744073709551616"] {
            check("mark", wrong, None);
            check("missed", wrong, None);
        }
    }
}
