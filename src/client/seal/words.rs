//! Six words that stand for 48 bits, for two people to compare.

/// The words of a fingerprint, one for each byte.
pub(super) fn words(bytes: [u8; 6]) -> String {
    bytes.map(|byte| WORDS[usize::from(byte)]).join(" ")
}

/// Short, common words. Any two differ in three letters or more, and none is the beginning of another.
#[rustfmt::skip]
const WORDS: [&str; 256] = [
    "acorn", "album", "alert", "almond", "anchor", "angel", "ankle", "apron", "arctic", "armor", "artist",
    "atlas", "autumn", "award", "badge", "bakery", "balloon", "bamboo", "banana", "banjo", "basil",
    "basket", "bath", "beacon", "beetle", "bench", "bicycle", "bishop", "blossom", "bonus", "bread",
    "breeze", "brick", "broom", "bubble", "buffalo", "butter", "cabin", "cactus", "camera", "canal",
    "canyon", "carpet", "castle", "cedar", "cello", "cereal", "chalk", "cherry", "chess", "chimney",
    "cinema", "circus", "clarinet", "cliff", "clover", "cobra", "coffee", "comet", "compass", "copper",
    "cotton", "cousin", "cradle", "cricket", "crystal", "cupboard", "curtain", "daisy", "dancer", "dentist",
    "desert", "diamond", "doctor", "dolphin", "domino", "donkey", "dragon", "drawer", "drum", "duck",
    "eagle", "echo", "eclipse", "eight", "elbow", "elephant", "elm", "empire", "engine", "envelope",
    "evening", "fabric", "falcon", "feather", "fiddle", "finger", "flame", "forest", "fossil", "fountain",
    "fox", "freckle", "fruit", "galaxy", "garden", "garlic", "gazelle", "ghost", "giant", "giraffe",
    "glacier", "goblin", "gorilla", "grape", "guitar", "hammer", "harvest", "hazel", "helmet", "horizon",
    "husky", "iceberg", "igloo", "insect", "iris", "island", "ivory", "jaguar", "jewel", "jigsaw", "jungle",
    "juniper", "kangaroo", "kayak", "kernel", "keyhole", "kitchen", "kiwi", "koala", "ladder", "lagoon",
    "lantern", "laptop", "lemon", "leopard", "lilac", "linen", "lizard", "lobster", "locket", "lumber",
    "magnet", "marble", "mercury", "meteor", "mirror", "mitten", "moon", "mosaic", "muffin", "museum",
    "mustard", "napkin", "nephew", "noodle", "north", "nugget", "nutmeg", "oatmeal", "ocean", "octopus",
    "olive", "onion", "opera", "orange", "orchid", "ostrich", "palace", "panda", "paper", "parrot",
    "peanut", "pelican", "pencil", "picnic", "pigeon", "pillow", "pirate", "poem", "potato", "prince",
    "pumpkin", "puzzle", "pyramid", "quartz", "queen", "quilt", "quiver", "rabbit", "radio", "raft",
    "raven", "ribbon", "robot", "rose", "ruby", "sailor", "scarf", "school", "shadow", "shelter", "shovel",
    "silver", "sketch", "sleeve", "snow", "soap", "spider", "squirrel", "stable", "stereo", "sunset",
    "symbol", "syrup", "teapot", "temple", "tennis", "thimble", "thunder", "toast", "tornado", "tower",
    "tractor", "trumpet", "tulip", "tunnel", "turtle", "twelve", "umbrella", "unicorn", "valley", "vanilla",
    "village", "violin", "volcano", "voyage", "waffle", "walnut", "wheat", "whisker", "window", "wolf",
    "yacht", "yogurt", "zigzag",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// How many letters to change, add or take away to make one word of another.
    fn distance(one: &str, other: &str) -> usize {
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (at, letter) in one.bytes().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], at + 1);
            for (at, other) in other.bytes().enumerate() {
                let changed = diagonal + usize::from(letter != other);
                diagonal = row[at + 1];
                row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
            }
        }
        row[other.len()]
    }

    #[test]
    fn the_page_of_the_course_has_the_same_words() {
        let page = include_str!("../../../challenges.md");
        let (_, list) = page.split_once("```words\n").expect("a list");
        let (list, _) = list.split_once("```").expect("an end");
        assert_eq!(list.split_whitespace().collect::<Vec<_>>(), WORDS);
    }

    #[test]
    fn no_word_is_easily_taken_for_another() {
        assert!(WORDS.is_sorted());
        for (at, word) in WORDS.iter().enumerate() {
            assert!((3..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            for other in &WORDS[..at] {
                assert!(distance(word, other) >= 3 && !word.starts_with(other), "{word} and {other}");
            }
        }
    }
}
