//! Replaces the names, rooms and texts of a conversation by random ones.

use super::{Act, Conversation, Line, Pattern, Sent};
use crate::course::seed::Seed;

/// Pairs of a written text and its replacement, the longest written text first.
pub(super) struct Replacements(Vec<(String, String)>);

impl Conversation {
    /// Returns the same conversation with random names, rooms and texts.
    #[must_use]
    pub fn randomized(&self, seed: &mut Seed) -> Self {
        let names = self.names.iter().map(|name| (name.clone(), seed.name(name)));
        let mut pairs: Vec<_> = names.collect();
        pairs.extend(self.rooms.iter().map(|room| (room.clone(), seed.room(room))));
        for text in &self.texts {
            // A loose pattern looks only at the end of a line, so no text may be the end of another.
            let mut said = seed.text(text);
            while pairs.iter().any(|(_, other)| other.ends_with(&said) || said.ends_with(other)) {
                said = seed.text(text);
            }
            pairs.push((text.clone(), said));
        }
        let replacements = Replacements::new(pairs);
        Self {
            peers: replacements.all(&self.peers),
            lines: self.lines.iter().map(|line| replacements.line(line)).collect(),
            ..self.clone()
        }
    }
}

impl Replacements {
    pub(super) fn new(mut pairs: Vec<(String, String)>) -> Self {
        pairs.sort_by_key(|(written, _)| usize::MAX - written.len());
        Self(pairs)
    }

    pub(super) fn line(&self, line: &Line) -> Line {
        let act = match &line.act {
            Act::Sends(sent) => Act::Sends(Sent { text: self.replaced(&sent.text), ..*sent }),
            Act::Hears(pattern) => Act::Hears(self.pattern(pattern)),
            Act::MayHear(pattern) => Act::MayHear(self.pattern(pattern)),
            Act::SkipsLines(words) => Act::SkipsLines(self.all(words)),
            other => other.clone(),
        };
        Line { who: self.replaced(&line.who), act }
    }

    fn pattern(&self, pattern: &Pattern) -> Pattern {
        let counting = pattern.counting.as_ref().map(|parts| self.all(parts));
        Pattern { text: self.replaced(&pattern.text), counting, ..*pattern }
    }

    fn all(&self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.replaced(text)).collect()
    }

    /// Replaces everything declared in a text, where it stands as whole words.
    fn replaced(&self, text: &str) -> String {
        let mut played = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let starts_word = !played.ends_with(is_word);
            let role = self.0.iter().filter(|_| starts_word).find_map(|(written, said)| {
                let (here, after) = rest.split_at_checked(written.len())?;
                (here.eq_ignore_ascii_case(written) && !after.starts_with(is_word))
                    .then(|| (in_case_of(here, written, said), after))
            });
            if let Some((said, after)) = role {
                played.push_str(&said);
                rest = after;
            } else {
                played.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        played
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Returns `said`, in capitals if `written` is in capitals here.
fn in_case_of(here: &str, written: &str, said: &str) -> String {
    let is_capitals = here != written && !here.contains(|c: char| c.is_ascii_lowercase());
    if is_capitals { said.to_ascii_uppercase() } else { said.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_rooms_and_texts_are_replaced_everywhere_and_nothing_else_is() {
        let conversation = Conversation::parse(
            "# x\npeers: alice, bob\nrooms: ops\ntexts: hi there | 🦀 hi\n\n\
             alice> /whisper BOB hi there\nbob< [Whisper from alice]: hi there\nbob> //ops opsie\\n🦀 hi",
        )
        .expect("valid");
        let played = conversation.randomized(&mut Seed::new(7));
        let [alice, bob] = &played.peers[..] else { panic!("{played:?}") };
        assert!(alice.starts_with('a') && bob.starts_with('b') && alice != "alice");
        let Act::Sends(sent) = &played.lines[0].act else { panic!("{played:?}") };
        let text =
            sent.text.strip_prefix(&format!("/whisper {} ", bob.to_uppercase())).expect("bob in capitals");
        assert_eq!(text.split(' ').count(), 2);
        assert_eq!(
            played.lines[1].act,
            Act::Hears(Pattern::exactly(format!("[Whisper from {alice}]: {text}")))
        );
        let Act::Sends(sent) = &played.lines[2].act else { panic!("{played:?}") };
        assert!(
            sent.text.contains(" opsie\n🦀 ") && !sent.text.contains("ops ") && !sent.text.contains("hi")
        );
        assert_eq!(conversation.randomized(&mut Seed::new(7)), played, "the same seed gives the same names");
        assert_ne!(conversation.randomized(&mut Seed::new(8)), played);
    }
}
