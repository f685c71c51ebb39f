//! A learner's progress, kept in a plain file in the learner's folder.
//!
//! Learners may edit the file, for example to go to another step. It is no proof of anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    language::{self, Known},
    steps::{Role, STEPS, Step},
};

/// The name of the file.
pub const FILE: &str = "course.txt";

const HEAD: &str =
    "# chat_course keeps its notes here. You may edit them. Each command is one line, its words
# separated by spaces. chat_course appends `--port N` when it runs your server or client, and runs
# the command after `build:`, if there is one, before the checks.
";

/// A learner's commands, passed steps and hints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learner {
    folder: PathBuf,
    /// The words of the commands that start the server and the client.
    commands: [Vec<String>; 2],
    /// The words of the command that builds both; empty if there is nothing to build.
    pub build: Vec<String>,
    /// The steps that have passed at least once.
    pub passed: BTreeSet<usize>,
    /// The number of hints shown for each step.
    hints: BTreeMap<usize, usize>,
}

impl Learner {
    /// Reads the notes in a folder. Without a file, there is no progress.
    ///
    /// # Errors
    /// There is a file, but it cannot be read. The error names it.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut learner = Self { folder: folder.to_owned(), ..Self::default() };
        learner.text()?.lines().for_each(|line| learner.line(line));
        Ok(learner)
    }

    /// The contents of the file; without a file, none.
    fn text(&self) -> io::Result<String> {
        let path = self.folder.join(FILE);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
            Ok(text) => Ok(text),
        }
    }

    /// Reads one line and skips what is invalid, because people edit the file.
    fn line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(':') else { return };
        let words = || value.split_whitespace();
        match key {
            "server" => self.commands[Role::Server as usize] = words().map(str::to_owned).collect(),
            "client" => self.commands[Role::Client as usize] = words().map(str::to_owned).collect(),
            "build" => self.build = words().map(str::to_owned).collect(),
            "passed" => self.passed = words().filter_map(|word| word.parse().ok()).collect(),
            "hints" => {
                let pairs = words().filter_map(|word| word.split_once('='));
                self.hints =
                    pairs.filter_map(|(step, n)| Some((step.parse().ok()?, n.parse().ok()?))).collect();
            }
            _ => {}
        }
    }

    /// Writes the notes. Everything else in the file stays as it is.
    pub(crate) fn write(&self) -> io::Result<()> {
        let numbers: Vec<_> = self.passed.iter().map(ToString::to_string).collect();
        let hints: Vec<_> = self.hints.iter().map(|(step, number)| format!("{step}={number}")).collect();
        let notes = [
            ("server", self.commands[Role::Server as usize].join(" ")),
            ("client", self.commands[Role::Client as usize].join(" ")),
            ("build", self.build.join(" ")),
            ("passed", numbers.join(" ")),
            ("hints", hints.join(" ")),
        ];
        let text = self.text()?;
        let mut lines: Vec<_> =
            if text.is_empty() { HEAD } else { &text }.lines().map(str::to_owned).collect();
        for (key, value) in notes {
            let note = format!("{key}: {value}").trim_end().to_owned();
            let is_of_key = |line: &str| line.split_once(':').is_some_and(|(first, _)| first == key);
            lines.iter_mut().filter(|line| is_of_key(line)).for_each(|line| line.clone_from(&note));
            if !lines.contains(&note) {
                lines.push(note);
            }
        }
        fs::write(self.folder.join(FILE), lines.join("\n") + "\n")
    }

    /// Notes that these steps have passed, and what this program knows about the commands. What the learner has
    /// changed in the file since it was read stays.
    pub(crate) fn credit(&mut self, steps: &[usize]) -> io::Result<()> {
        let mut now = Self::read(&self.folder)?;
        for (known, new) in now.commands.iter_mut().zip(&self.commands) {
            if known.is_empty() {
                known.clone_from(new);
            }
        }
        now.passed.extend(steps);
        *self = now;
        self.write()
    }

    /// The command of the learner's server or client.
    pub fn command(&self, role: Role) -> Option<&[String]> {
        Some(self.commands[role as usize].as_slice()).filter(|command| !command.is_empty())
    }

    /// The language of the learner's server, if it is a known one.
    pub fn language(&self) -> Option<&'static Known> {
        language::of(self.command(Role::Server).unwrap_or_default(), &self.folder)
    }

    /// Notes the command of a program, unless a word is empty or contains a space.
    pub fn note_command(&mut self, role: Role, command: &[String]) {
        if command.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)) {
            self.commands[role as usize] = command.to_vec();
        }
    }

    /// The first step that has not passed yet.
    pub fn next(&self) -> Option<&'static Step> {
        STEPS.iter().find(|step| !self.passed.contains(&step.number))
    }

    /// Counts one more hint of a step, up to `most`, and returns how many to show now.
    pub fn next_hint(&mut self, step: usize, most: usize) -> usize {
        let shown = self.hints.entry(step).or_default();
        *shown = (*shown + 1).min(most);
        *shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut learner = Learner::read(folder.path()).expect("no notes yet");
        assert_eq!(learner.next().map(|step| step.number), Some(1));
        learner.note_command(Role::Server, &["python3".into(), "server.py".into()]);
        learner.note_command(Role::Client, &["a word".into()]);
        learner.build = vec!["make".into(), "server".into()];
        learner.passed.extend([1, 2]);
        assert_eq!((learner.next_hint(3, 3), learner.next_hint(3, 3)), (1, 2));
        learner.write().expect("a folder");
        assert_eq!(Learner::read(folder.path()).expect("notes"), learner);
        assert_eq!(learner.next().map(|step| step.number), Some(3));
        assert_eq!(learner.command(Role::Client), None);
    }

    #[test]
    fn lines_of_the_learner_s_own_stay_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FILE);
        fs::write(&file, "# mine\nserver: ./chat\npassed: 1\nteam: red\n").expect("a folder");
        let mut learner = Learner::read(folder.path()).expect("notes");
        fs::write(&file, "# mine\nserver: ./chat2\npassed: 1\nteam: blue\n").expect("a folder");
        learner.credit(&[2]).expect("notes");
        let text = fs::read_to_string(&file).expect("notes");
        assert_eq!(text, "# mine\nserver: ./chat2\npassed: 1 2\nteam: blue\nclient:\nbuild:\nhints:\n");
        assert_eq!(learner.command(Role::Server), Some(&["./chat2".to_owned()][..]));
    }

    #[test]
    fn notes_that_cannot_be_read_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(FILE)).expect("a folder");
        let error = Learner::read(folder.path()).expect_err("it is a folder");
        assert!(error.to_string().contains("course.txt: "), "{error}");
    }

    #[test]
    fn invalid_notes_are_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "passed: 1 x -3\nhints: 4\nwhat\nserver:\n").expect("a folder");
        let learner = Learner::read(folder.path()).expect("notes");
        assert!(learner.passed.contains(&1) && learner.command(Role::Server).is_none());
    }
}
