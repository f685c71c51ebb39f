//! What has happened in a check, line by line, for people.

/// Who did what, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Vec<String>);

impl Transcript {
    /// The next thing that happened.
    pub fn add(&mut self, who: &str, sign: &str, what: &str) {
        self.0.push(format!("{who}{sign} {what}").trim_end().to_owned());
    }

    /// All before need not be told: it was preparation, and it succeeded.
    pub fn starts_with(&mut self, summary: Option<String>) {
        self.0.clear();
        self.0.extend(summary);
    }

    /// The last line that somebody heard.
    pub fn last_heard_by(&self, who: &str) -> Option<&str> {
        self.0.iter().rev().find_map(|line| line.strip_prefix(who)?.strip_prefix("< "))
    }

    /// The last lines, at most so many, and how many there were before them.
    pub fn last(&self, most: usize) -> (usize, &[String]) {
        let left_out = self.0.len().saturating_sub(most);
        (left_out, &self.0[left_out..])
    }
}
