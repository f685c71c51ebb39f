//! Brings clients onto a stage, with names and in rooms.

use super::{Judgement, Outcome, Pattern, Stage};

impl Stage<'_> {
    /// Makes up different names, in alphabetical order.
    pub(crate) fn names<const N: usize>(&mut self) -> [String; N] {
        // Each begins with another letter, but not with `g` or `l` as guests and the lobby do.
        const LETTERS: &str = "abcdefhijkmnopqrstuvwxyz";
        std::array::from_fn(|i| self.seed.name(&LETTERS[i..=i]))
    }

    /// Connects a client that takes this name, from step 7 on.
    pub(crate) fn enters(&mut self, name: &str) -> Outcome {
        self.connects(name)?;
        self.hears_amid_news(name, &Pattern::welcome())?;
        self.says(name, &format!("/nick {name}"));
        self.hears_amid_news(name, &Pattern::with(format!("Nickname changed to '{name}'."), &[name]))
    }

    /// Expects a line and ignores news of other clients before it.
    fn hears_amid_news(&mut self, who: &str, due: &Pattern) -> Outcome {
        let due = &self.with_wording(due);
        let is_news =
            |text: &str| ["has joined", "has left", "known as"].iter().any(|news| text.contains(news));
        self.hears_judged(who, due, |text| match () {
            () if due.matches(text) => Judgement::Expected,
            () if is_news(text) => Judgement::Ignored,
            () => Judgement::Wrong,
        })
    }

    /// Connects clients under these names and skips everything they hear by that.
    pub(crate) fn enter_all(&mut self, names: &[String]) -> Outcome {
        for name in names {
            self.enters(name)?;
            self.is_served(name)?;
        }
        for name in names {
            self.skips_lines(name, &[])?;
        }
        let are_here = if names.len() == 1 { "is here" } else { "are here" };
        self.transcript.restart((!names.is_empty()).then(|| format!("({} {are_here})", names.join(", "))));
        Ok(())
    }

    /// Moves a client to a room and ignores other lines before the answer.
    pub(crate) fn goes_to(&mut self, who: &str, room: &str) -> Outcome {
        self.says(who, &format!("/join {room}"));
        let due = Pattern::with(format!("You joined room '{room}'."), &["You", room]);
        self.hears_at_last(who, &due)
    }

    /// Adds a remark to the transcript, in place of lines that are too many to show.
    pub(crate) fn remark(&mut self, remark: &str) {
        self.transcript.add("", "", remark);
    }

    /// Starts the transcript again with a remark.
    pub(crate) fn restarts_transcript(&mut self, remark: &str) {
        self.transcript.restart(Some(remark.to_owned()));
    }
}
