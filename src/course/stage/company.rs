//! Who is there: names, arrivals, rooms, and what is told of them.

use super::{Judgement, Outcome, Pattern, Stage};

impl Stage<'_> {
    /// So many different names, in their order.
    pub fn names(&mut self, number: usize) -> Vec<String> {
        // One letter each, so they differ; no `g` or `l`, which guests and the lobby begin with.
        let letters = "abcdefhijkmnopqrstuvwxyz".split("").filter(|letter| !letter.is_empty());
        letters.take(number).map(|letter| self.seed.name(letter)).collect()
    }

    /// A client connects and takes up this name. (From step 7 on.)
    ///
    /// # Errors
    /// When it does not get it.
    pub fn enters(&mut self, name: &str) -> Outcome {
        self.connects(name)?;
        let welcome = "Welcome! Your nickname is '…'. Use /nick <name> to change it.";
        self.hears_amid_news(name, &Pattern::with(welcome, &["Welcome"]))?;
        self.says(name, &format!("/nick {name}"));
        self.hears_amid_news(name, &Pattern::with(format!("Nickname changed to '{name}'."), &[name]))
    }

    /// A client hears a line, where others may come and go meanwhile.
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

    /// These clients are there, named, and have nothing more to hear.
    ///
    /// # Errors
    /// When that cannot be had.
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

    /// A client goes to a room; whatever else it hears about that may pass.
    ///
    /// # Errors
    /// When it does not get there.
    pub fn goes_to(&mut self, who: &str, room: &str) -> Outcome {
        self.says(who, &format!("/join {room}"));
        let due = Pattern::with(format!("You joined room '{room}'."), &["You", room]);
        self.hears_out(who, &due, |text| if due.matches(text) { Judgement::Due } else { Judgement::Passing })
    }

    /// Tells people what the peers do that is too much to show.
    pub fn remark(&mut self, remark: &str) {
        self.transcript.add("", "", remark);
    }

    /// What came before need not be told.
    pub fn begins(&mut self, remark: &str) {
        self.transcript.starts_with(Some(remark.to_owned()));
    }
}
