//! The names of guests, which the server chooses: a conversation learns them from the welcomes.

use super::{Act, Line, Pattern, replacements::Replacements};

/// How the welcome of a guest begins.
const WELCOME: &str = "Welcome! Your nickname is 'guest_";

/// The guests of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Guests(Vec<Guest>);

#[derive(Debug)]
struct Guest {
    who: String,
    written: String,
    given: String,
}

impl Guests {
    /// The line with the names that the guests have got. A welcome may carry any guest's name.
    pub(crate) fn line(&self, line: &Line) -> Line {
        let pairs = self.0.iter().map(|guest| (guest.written.clone(), guest.given.clone())).collect();
        let mut line = Replacements::new(pairs).line(line);
        if let Act::Hears(pattern) = &mut line.act
            && let Some(written) = greeted(pattern)
        {
            pattern.text = pattern.text.replacen(&written, "guest_…", 1);
            for part in pattern.counting.iter_mut().flatten().filter(|part| **part == written) {
                "guest_".clone_into(part);
            }
        }
        line
    }

    /// Learns a guest's name from the welcome that a client has heard. Returns the name.
    pub(crate) fn learn(&mut self, written: &Line, heard: &str) -> Option<&str> {
        let Act::Hears(pattern) = &written.act else { return None };
        let (who, written) = (written.who.clone(), greeted(pattern)?);
        let (_, number) = heard.split_once("guest_")?;
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        self.0.retain(|guest| guest.written != written);
        self.0.push(Guest { who, written, given: format!("guest_{number}") });
        self.0.last().map(|guest| guest.given.as_str())
    }

    /// Another of these clients that has the same name as this one.
    pub(crate) fn double(&self, who: &str, present: &[String]) -> Option<&str> {
        let given = &self.0.iter().find(|guest| guest.who == who)?.given;
        let other = self.0.iter().find(|guest| guest.who != who && guest.given == *given);
        other.map(|guest| guest.who.as_str()).filter(|other| present.iter().any(|name| name == other))
    }
}

/// The name of the guest that a line welcomes.
fn greeted(pattern: &Pattern) -> Option<String> {
    let number = pattern.text.strip_prefix(WELCOME)?.split('\'').next()?;
    number.parse::<u32>().is_ok().then(|| format!("guest_{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::conversation::Conversation;

    #[test]
    fn guests_may_have_any_numbers_and_keep_them() {
        let text = "# x\ncounts: Welcome, guest_1, guest_2, joined\n\na (connects)\n\
            a~ Welcome! Your nickname is 'guest_1'. Use it.\nb (connects)\n\
            b~ Welcome! Your nickname is 'guest_2'. Use it.\na~ guest_2 has joined\nb< [lobby] guest_1: guest_2";
        let conversation = Conversation::parse(text).expect("valid");
        let [_, first, _, second, joined, said] = &conversation.lines[..] else { panic!("{conversation:?}") };
        let mut guests = Guests::default();
        let heard = |line: Line| match line.act {
            Act::Hears(pattern) => pattern,
            other => panic!("{other:?}"),
        };
        let welcome = heard(guests.line(first));
        assert!(welcome.matches("Welcome, guest_2") && !welcome.matches("Welcome, anna"));
        assert!(welcome.strict().matches("Welcome! Your nickname is 'guest_77'. Use it."));
        assert_eq!(guests.learn(first, "Welcome! Your nickname is 'guest_2'."), Some("guest_2"));
        assert_eq!(guests.learn(second, "Welcome! Your nickname is 'guest_1'."), Some("guest_1"));
        assert!(heard(guests.line(joined)).matches("guest_1 has joined"));
        assert_eq!(heard(guests.line(said)).text, "[lobby] guest_2: guest_1");
        let present = ["a".to_owned(), "b".to_owned()];
        assert_eq!(guests.double("b", &present), None);
        guests.learn(second, "Welcome! Your nickname is 'guest_2'.");
        assert_eq!((guests.double("b", &present), guests.double("b", &[])), (Some("a"), None));
    }
}
