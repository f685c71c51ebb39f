//! Brings clients onto a stage, with names and in rooms.

use super::{Judgement, Outcome, Pattern, Stage};

impl Stage<'_> {
    /// Makes up this many different names, in alphabetical order.
    pub fn names(&mut self, number: usize) -> Vec<String> {
        // Each begins with another letter, but not with `g` or `l` as guests and the lobby do.
        let letters = "abcdefhijkmnopqrstuvwxyz".split("").filter(|letter| !letter.is_empty());
        letters.take(number).map(|letter| self.seed.name(letter)).collect()
    }

    /// Connects a client that takes this name, from step 7 on.
    ///
    /// # Errors
    /// It does not get the name.
    pub fn enters(&mut self, name: &str) -> Outcome {
        self.connects(name)?;
        let welcome = "Welcome! Your nickname is '…'. Use /nick <name> to change it.";
        self.hears_amid_news(name, &Pattern::with(welcome, &["Welcome"]))?;
        self.says(name, &format!("/nick {name}"));
        self.hears_amid_news(name, &Pattern::with(format!("Nickname changed to '{name}'."), &[name]))
    }

    /// Expects a line and ignores news of other clients before it.
    fn hears_amid_news(&mut self, who: &str, due: &Pattern) -> Outcome {
        let due = &self.worded(due);
        let is_news =
            |text: &str| ["has joined", "has left", "known as"].iter().any(|news| text.contains(news));
        self.hears_out(who, due, |text| match () {
            () if due.matches(text) => Judgement::Due,
            () if is_news(text) => Judgement::Passing,
            () => Judgement::Wrong,
        })
    }

    /// Connects clients under these names and skips everything they hear by that.
    ///
    /// # Errors
    /// One of them is not served.
    pub fn company(&mut self, names: &[String]) -> Outcome {
        for name in names {
            self.enters(name)?;
            self.is_served(name)?;
        }
        for name in names {
            self.lets_pass(name, &[])?;
        }
        let are_here = if names.len() == 1 { "is here" } else { "are here" };
        self.transcript
            .starts_with((!names.is_empty()).then(|| format!("({} {are_here})", names.join(", "))));
        Ok(())
    }

    /// Moves a client to a room and ignores other lines before the answer.
    ///
    /// # Errors
    /// The answer does not come.
    pub fn goes_to(&mut self, who: &str, room: &str) -> Outcome {
        self.says(who, &format!("/join {room}"));
        let due = Pattern::with(format!("You joined room '{room}'."), &["You", room]);
        self.hears_out(who, &due, |text| if due.matches(text) { Judgement::Due } else { Judgement::Passing })
    }

    /// Adds a remark to the transcript, in place of lines that are too many to show.
    pub fn remark(&mut self, remark: &str) {
        self.transcript.add("", "", remark);
    }

    /// Starts the transcript again with a remark.
    pub fn begins(&mut self, remark: &str) {
        self.transcript.starts_with(Some(remark.to_owned()));
    }
}
