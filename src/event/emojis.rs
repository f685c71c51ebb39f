//! The answer to `/emojis`.

use std::fmt;

use crate::emoji::{Emoji, Found};

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { word: None, .. } => {
                f.write_str("Emoji: ")?;
                show(f, self)?;
                f.write_str(". Search them with /emojis <word>.")
            }
            Self { word: Some(word), shown, .. } if shown.is_empty() => {
                write!(f, "No emoji has '{word}' in its name.")
            }
            Self { word: Some(word), .. } => {
                write!(f, "Emoji with '{word}': ")?;
                show(f, self)
            }
        }
    }
}

fn show(f: &mut fmt::Formatter<'_>, Found { shown, more, .. }: &Found) -> fmt::Result {
    super::list(f, shown.iter().map(|Emoji { name, picture }| format!("{picture} :{name}:")))?;
    if *more > 0 { write!(f, " and {more} more") } else { Ok(()) }
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
