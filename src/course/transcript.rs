//! Records what happens in a check, for the learner to read.

use super::conversation::Pattern;

/// The lines of a check, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Vec<String>);

impl Transcript {
    /// Adds a line.
    pub fn add(&mut self, who: &str, sign: &str, what: &str) {
        self.0.push(format!("{who}{sign} {what}").trim().to_owned());
    }

    /// Replaces all lines of a preparation that succeeded by a summary, if there is one.
    pub fn restart(&mut self, summary: Option<String>) {
        self.0.clear();
        self.0.extend(summary);
    }

    /// The last line that a client heard.
    pub fn last_heard_by(&self, who: &str) -> Option<&str> {
        self.0.iter().rev().find_map(|line| line.strip_prefix(who)?.strip_prefix("< "))
    }

    /// A client that has heard this line more often than another client has.
    pub fn who_heard_more(&self, than: &str, due: &Pattern) -> Option<&str> {
        let heard =
            || self.0.iter().filter_map(|line| line.split_once("< ")).filter(|(_, line)| due.matches(line));
        let times = |who: &str| heard().filter(|(other, _)| *other == who).count();
        let least = times(than);
        heard().map(|(who, _)| who).find(|who| times(who) > least)
    }

    /// The last lines, at most `most`, and the number of lines before them.
    pub fn last(&self, most: usize) -> (usize, &[String]) {
        let left_out = self.0.len().saturating_sub(most);
        (left_out, &self.0[left_out..])
    }
}
