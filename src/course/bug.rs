//! The gallery of faulty servers, as exercises.

use super::steps::Step;

/// The gallery, one line for each server: name, step and symptom.
const GALLERY: &str = include_str!("../../tests/faulty/gallery.txt");

/// The source files of the faulty servers.
const SOURCES: [(&str, &str); 13] = [
    ("bots.rs", include_str!("../../tests/faulty/bots.rs")),
    ("broadcaster.rs", include_str!("../../tests/faulty/broadcaster.rs")),
    ("chat.rs", include_str!("../../tests/faulty/chat.rs")),
    ("datagrams.rs", include_str!("../../tests/faulty/datagrams.rs")),
    ("frames.rs", include_str!("../../tests/faulty/frames.rs")),
    ("history.rs", include_str!("../../tests/faulty/history.rs")),
    ("json.rs", include_str!("../../tests/faulty/json.rs")),
    ("lines.rs", include_str!("../../tests/faulty/lines.rs")),
    ("log.rs", include_str!("../../tests/faulty/log.rs")),
    ("names.rs", include_str!("../../tests/faulty/names.rs")),
    ("sealed.rs", include_str!("../../tests/faulty/sealed.rs")),
    ("server.rs", include_str!("../../tests/faulty/server.rs")),
    ("session.rs", include_str!("../../tests/faulty/session.rs")),
];

/// The step with bots, which a server has only if it is asked for them.
const BOTS: usize = 34;

/// A server with one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bug {
    /// The fault's name, which the server takes as its first argument.
    pub name: &'static str,
    /// The step whose checks find it.
    pub step: usize,
    /// What users of this server notice.
    pub symptom: &'static str,
}

/// All faulty servers, in the order of the steps that find them.
pub fn all() -> impl Iterator<Item = Bug> {
    GALLERY.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.splitn(3, " | ");
        let (name, step, symptom) = (columns.next()?, columns.next()?.trim().parse().ok()?, columns.next()?);
        (step > 0).then_some(Bug { name: name.trim(), step, symptom })
    })
}

impl Bug {
    /// The text of the exercise.
    pub fn exercise(self) -> String {
        let Self { name, step, symptom } = self;
        let wire = Step::find(step).map(Step::wire).unwrap_or_default();
        let start = format!("cargo run --quiet --example faulty -- {name}");
        let variable = match wire.name() {
            Some(name) => format!("CHAT_WIRE={name} "),
            None if step == BOTS => "CHAT_BOT='trivia reminder' ".to_owned(),
            None => String::new(),
        };
        let by_hand = wire.by_hand().map(|command| format!("    {command}\n")).unwrap_or_default();
        format!(
            "What users notice about this server:\n\n    {symptom}\n\n\
             Try it, in a copy of the course's repository:\n\n    {variable}{start} --port 5555\n{by_hand}\n\
             See it fail:\n\n    chat_course check {step} --other -- {start}\n\n\
             What is the fault, and how would you find it in your own server? The source is in tests/faulty.\n\
             To see the fault: chat_course bug {name} --show\n"
        )
    }

    /// The places in the source that switch the fault on, with the lines around them.
    pub fn source(self) -> String {
        const AROUND: usize = 6;
        let switch = format!("is(\"{}\")", self.name);
        let mut shown = String::new();
        for (file, source) in SOURCES {
            let lines: Vec<_> = source.lines().collect();
            for at in (0..lines.len()).filter(|at| lines[*at].contains(&switch)) {
                shown.extend(["tests/faulty/", file, ":", &(at + 1).to_string(), "\n"]);
                let start = at.saturating_sub(AROUND);
                for (i, line) in lines.iter().enumerate().take(at + AROUND + 1).skip(start) {
                    let mark = if i == at { ">" } else { " " };
                    shown.extend([mark, " ", line, "\n"]);
                }
                shown.push('\n');
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_belongs_to_a_step_and_can_be_shown() {
        assert!(all().count() >= 25);
        for bug in all() {
            assert!(Step::find(bug.step).is_some(), "{}", bug.name);
            assert_eq!(bug.exercise().contains("CHAT_WIRE="), (30..34).contains(&bug.step), "{}", bug.name);
            assert_eq!(bug.exercise().contains("CHAT_BOT="), bug.step == BOTS, "{}", bug.name);
            assert!(bug.source().contains(&format!("\"{}\"", bug.name)), "{} is nowhere", bug.name);
        }
    }
}
