//! The answer to `/emojis`.

use std::fmt;

use crate::emoji::{Emoji, Found};

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { word, shown, more } = self;
        match word {
            None => f.write_str("Emoji: ")?,
            Some(word) if shown.is_empty() => return write!(f, "No emoji has '{word}' in its name."),
            Some(word) => write!(f, "Emoji with '{word}': ")?,
        }
        super::list(f, shown.iter().map(|Emoji { name, picture }| format!("{picture} :{name}:")))?;
        if *more > 0 {
            write!(f, " and {more} more")?;
        }
        if word.is_none() { f.write_str(". Search them with /emojis <word>.") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_shown_with_their_names() {
        let told = |word| Found::search(word).to_string();
        assert_eq!(told("rocket"), "Emoji with 'rocket': 🚀 :rocket:");
        assert_eq!(told("xyzzy"), "No emoji has 'xyzzy' in its name.");
        assert!(told("a").ends_with(" more"));
    }

    #[test]
    fn without_a_word_some_emoji_are_shown_and_how_to_search_for_more() {
        let told = Found::search(" ").to_string();
        assert!(told.starts_with("Emoji: 😄 :smile:, 😢 :sad:, 😂 :laugh:, "), "{told}");
        assert!(told.ends_with(" more. Search them with /emojis <word>."), "{told}");
    }
}
