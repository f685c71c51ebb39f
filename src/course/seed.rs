//! Random names and texts that depend only on a seed.

/// The words of random texts. None is a command or a name.
const WORDS: [&str; 32] = [
    "amber", "bread", "cloud", "drift", "eagle", "fable", "grape", "harbor", "island", "jolly", "kettle",
    "lemon", "marble", "nickel", "orange", "pepper", "quartz", "river", "silver", "timber", "umbrella",
    "velvet", "walnut", "yellow", "zebra", "basket", "copper", "dragon", "falcon", "garden", "hammer",
    "jungle",
];

/// The names that clients get. A check needs several that begin with different letters. None is a part of a sentence
/// of the server, or of a word above.
const NAMES: [&str; 78] = [
    "adam", "anna", "astrid", "ben", "bruno", "bianca", "carla", "conrad", "clara", "david", "dora", "diego",
    "emma", "erik", "esther", "felix", "fiona", "frank", "greta", "gustav", "gina", "holger", "hugo",
    "helena", "irene", "ivan", "isabel", "jonas", "julia", "jakob", "karim", "kira", "kurt", "laura",
    "lukas", "leon", "marta", "miguel", "monika", "nadia", "nils", "nora", "olga", "oscar", "olivia",
    "paula", "pedro", "petra", "quentin", "quirin", "quincy", "rosa", "robert", "rita", "sofia", "stefan",
    "susan", "theo", "tanja", "tobias", "ursula", "umberto", "ulrich", "vera", "viktor", "valentin", "wanda",
    "walter", "werner", "xenia", "xaver", "xander", "yusuf", "yara", "yannick", "zoe", "zoltan", "zelda",
];

/// The names that rooms get, with as many first letters as the conversations need.
const ROOMS: [&str; 12] = [
    "office",
    "orchard",
    "oasis",
    "gallery",
    "glasshouse",
    "gymnasium",
    "zoo",
    "zeppelin",
    "zen-garden",
    "xylophones",
    "x-ray",
    "x-files",
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

    /// A client's name with the first letter of `like`.
    pub fn name(&mut self, like: &str) -> String {
        self.one_of(&NAMES, like)
    }

    /// A room's name with the first letter of `like`.
    pub fn room(&mut self, like: &str) -> String {
        self.one_of(&ROOMS, like)
    }

    /// One of these names, which has the first letter of `like` if any has.
    fn one_of(&mut self, names: &[&str], like: &str) -> String {
        let letter = like.get(..1).unwrap_or_default();
        let mut fit: Vec<_> = names.iter().filter(|name| name.starts_with(letter)).collect();
        if fit.is_empty() {
            fit.extend(names);
        }
        (*fit[self.below(fit.len())]).to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_names_that_are_in_no_sentence_of_the_server() {
        const SENTENCES: &str = "Nickname is already taken changed to now known as has joined the chat! left room. \
            Welcome! Your nickname Use change it. Usage: whisper user message You joined returned to the lobby \
            reserved Available commands: Unknown command: Type help for available not found Active rooms: Users in \
            Server shutting down. Goodbye! moderator of this room now guest_";
        for letter in 'a'..='z' {
            assert!(NAMES.iter().filter(|name| name.starts_with(letter)).count() >= 3, "{letter}");
        }
        for (i, name) in NAMES.iter().chain(&ROOMS).enumerate() {
            assert!(!SENTENCES.to_lowercase().contains(name), "{name}");
            let others = NAMES.iter().chain(&ROOMS).chain(&WORDS).enumerate().filter(|(at, _)| *at != i);
            assert!(others.into_iter().all(|(_, other)| !other.contains(name)), "{name}");
        }
    }
}
