//! Counts by label.

use std::collections::BTreeMap;

/// How often each of a few words was counted. The words are `'static`, so nothing that a user types can become
/// one: their number is bounded by the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labelled(BTreeMap<&'static str, u64>);

impl Labelled {
    /// Adds one.
    pub fn add(&mut self, word: &'static str) {
        *self.0.entry(word).or_default() += 1;
    }

    /// Takes away one that was added.
    pub fn take(&mut self, word: &'static str) {
        if let Some(count) = self.0.get_mut(word) {
            *count -= 1;
        }
    }

    /// The same counts, and 0 for each of these words that was never counted. A reader that takes the difference of
    /// two readings would otherwise miss the first one.
    #[must_use]
    pub fn with(mut self, words: impl IntoIterator<Item = &'static str>) -> Self {
        for word in words {
            self.0.entry(word).or_default();
        }
        self
    }

    /// All words, in order, and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(&word, &count)| (word, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_were_never_counted_are_0_if_they_are_known() {
        let mut labelled = Labelled::default();
        for word in ["b", "c", "b"] {
            labelled.add(word);
        }
        labelled.take("c");
        labelled.take("never");
        let counts: Vec<_> = labelled.with(["a", "b"]).iter().collect();
        assert_eq!(counts, [("a", 0), ("b", 2), ("c", 0)]);
    }
}
