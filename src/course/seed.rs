//! Random names and texts that depend only on a seed.

/// The words of random texts. None is a command or a name.
const WORDS: [&str; 32] = [
    "amber", "bread", "cloud", "drift", "eagle", "fable", "grape", "harbor", "island", "jolly", "kettle",
    "lemon", "marble", "nickel", "orange", "pepper", "quartz", "river", "silver", "timber", "umbrella",
    "velvet", "walnut", "yellow", "zebra", "basket", "copper", "dragon", "falcon", "garden", "hammer",
    "jungle",
];

/// A random number generator that can be repeated.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// Creates a generator from a seed.
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the next number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // SplitMix64: three lines, and good enough for names. (Steele, Lea, Flood: Fast splittable
        // pseudorandom number generators, 2014.)
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % (end as u64)).expect("it is below a usize")
    }

    /// A name that can be pronounced, with the first letter of `like`.
    pub fn name(&mut self, like: &str) -> String {
        let mut name: String = like.chars().take(1).collect();
        for _ in 0..2 + self.below(2) {
            name.push(self.letter("aeiou"));
            name.push(self.letter("bdfkmnprstvz"));
        }
        name
    }

    /// A text like this one with each word of ASCII letters replaced.
    pub fn text(&mut self, like: &str) -> String {
        let mut text = String::new();
        let mut rest = like;
        while let Some(c) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            if word > 0 {
                text.push_str(WORDS[self.below(WORDS.len())]);
                rest = &rest[word..];
            } else {
                text.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        text
    }

    /// A word that occurs nowhere else.
    pub fn token(&mut self) -> String {
        let mut token = "q".to_owned();
        for _ in 0..9 {
            token.push(self.letter("bcdfghjkmnpqrstvwxz"));
        }
        token
    }

    fn letter(&mut self, letters: &str) -> char {
        char::from(letters.as_bytes()[self.below(letters.len())])
    }
}
