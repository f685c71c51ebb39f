//! Shows what the program of a step changes in the one before.

use super::verdict::Style;

/// The programs of the steps in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Edition {
    /// For all steps that have a program.
    Rust,
    /// For the steps of Base and Threads.
    Python,
}

macro_rules! programs {
    ($ending:literal $($number:literal $name:literal)*) => {
        &[$(($number, include_str!(concat!("../../tests/steps/step_", $name, $ending)))),*]
    };
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../tests/steps/", $name)))),*]
    };
}

/// The programs `tests/steps/step_NN.rs`, each with its step.
const RUST: &[(usize, &str)] = programs![".rs"
    1 "01" 2 "02" 3 "03" 4 "04" 5 "05" 6 "06" 7 "07" 8 "08" 9 "09" 10 "10" 11 "11" 12 "12" 13 "13" 14 "14"
    15 "15" 16 "16" 17 "17" 30 "30" 31 "31" 32 "32" 33 "33" 34 "34"
];

/// The programs `tests/steps/step_NN.py`, each with its step.
const PYTHON: &[(usize, &str)] = programs![".py"
    1 "01" 2 "02" 3 "03" 4 "04" 5 "05" 6 "06" 7 "07" 8 "08" 9 "09" 10 "10" 11 "11" 12 "12" 13 "13" 14 "14"
    15 "15" 16 "16" 17 "17"
];

/// The number of unchanged lines shown around a change.
const CONTEXT: usize = 3;

impl Edition {
    /// The name of the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
        }
    }

    /// The edition in the other language.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Rust => Self::Python,
            Self::Python => Self::Rust,
        }
    }

    fn programs(self) -> &'static [(usize, &'static str)] {
        match self {
            Self::Rust => RUST,
            Self::Python => PYTHON,
        }
    }

    /// The finished files that the programs of later steps share. Each file was once the end of a program, the
    /// oldest one nearest to the end. In this order, code that has moved into a file is not a change.
    fn finished(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => files![
                "shared.rs" "outbox.rs" "signal.rs" "commands.rs" "chat.rs" "net.rs"
                // A wire is a file from the beginning, and so is a bot.
                "json.rs" "datagrams.rs" "frames.rs" "bots.rs" "listed.rs" "reminder.rs" "trivia.rs"
            ],
            Self::Python => files!["outbox.py" "stopping.py" "commands.py" "chat.py" "net.py"],
        }
    }

    /// The program before that of a step, and the program of the step.
    pub fn of(self, step: usize) -> Option<[String; 2]> {
        let programs = self.programs();
        let at = programs.iter().position(|(number, _)| *number == step)?;
        // A further challenge does not build on wires.
        let is_last_of_threads = |(number, _): &(usize, _)| *number == 17;
        let before = if step > 33 { programs.iter().position(is_last_of_threads) } else { at.checked_sub(1) };
        let before = before.map_or_else(String::new, |before| self.whole(programs[before].1));
        Some([before, self.whole(programs[at].1)])
    }

    /// A program, followed by its files.
    fn whole(self, program: &str) -> String {
        let mut whole = program.to_owned();
        for (file, text) in self.finished() {
            let (name, _) = file.split_once('.').expect("a name with an ending");
            let (import, comment) = match self {
                Self::Rust => (format!("\nmod {name};\n"), "// "),
                Self::Python => (format!("\nfrom {name} import "), "# "),
            };
            if program.contains(&import) {
                whole.extend(["\n", comment, file, "\n", text]);
            }
        }
        whole
    }
}

/// A line of the difference between two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change<'a> {
    Removed(&'a str),
    Added(&'a str),
    Kept(&'a str),
}

/// The added and removed lines of a solution, with a few lines around them.
pub fn shown([before, after]: &[String; 2], style: Style) -> String {
    let changes = difference(before, after);
    let is_near = |at: usize| {
        let near = at.saturating_sub(CONTEXT)..changes.len().min(at + CONTEXT + 1);
        changes[near].iter().any(|change| !matches!(change, Change::Kept(_)))
    };
    let mut told = String::new();
    let mut was_left_out = false;
    for (at, change) in changes.iter().enumerate() {
        match change {
            Change::Added(line) => told.push_str(&style.good(&format!("+ {line}"))),
            Change::Removed(line) => told.push_str(&style.bad(&format!("- {line}"))),
            Change::Kept(line) if is_near(at) => told.extend(["  ", line]),
            Change::Kept(_) if was_left_out => continue,
            Change::Kept(_) => told.push_str("  …"),
        }
        told.push('\n');
        was_left_out = matches!(change, Change::Kept(_)) && !is_near(at);
    }
    told
}

/// Whether a line is unchanged. An added `pub(crate)` does not count: code that moves to another file needs it.
fn is_same(before: &str, after: &str) -> bool {
    before == after || before == after.replacen("pub(crate) ", "", 1)
}

/// Compares two texts line by line, by their longest common subsequence.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<Change<'a>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    // `common[i][j]`: the number of lines that `before[i..]` and `after[j..]` have in common.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = if is_same(before[i], after[j]) {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && is_same(before[i], after[j]) {
            changes.push(Change::Kept(after[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            changes.push(Change::Removed(before[i]));
            i += 1;
        } else {
            changes.push(Change::Added(after[j]));
            j += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_lines_are_left_out() {
        let solution = ["old", "new"].map(|line| format!("a\nb\nc\nd\ne\nf\n{line}\nz\n"));
        assert_eq!(shown(&solution, Style::Plain), "  …\n  d\n  e\n  f\n- old\n+ new\n  z\n");
    }

    #[test]
    fn every_program_is_short_and_a_small_change_of_the_one_before() {
        for edition in [Edition::Rust, Edition::Python] {
            let steps = edition.programs().iter().map(|(step, text)| (format!("step {step}"), text));
            let files = edition.finished().iter().map(|(file, text)| ((*file).to_owned(), text));
            for (name, text) in steps.chain(files) {
                assert!(text.lines().count() <= 150, "{name} has {} lines", text.lines().count());
            }
            let all: String = edition.programs().iter().map(|(_, text)| edition.whole(text)).collect();
            assert!(edition.finished().iter().all(|(file, _)| all.contains(&format!(" {file}\n"))));
            for (step, _) in edition.programs() {
                let [before, after] = edition.of(*step).expect("a program");
                let changes = difference(&before, &after);
                let added = changes.iter().filter(|change| matches!(change, Change::Added(_))).count();
                let most = match step {
                    // Finished code moves to other files.
                    9 => 120,
                    // A wire is a file of its own.
                    30..=32 => 200,
                    // Two bots are, too.
                    34 => 500,
                    _ => 60,
                };
                assert!(added <= most, "step {step} in {} adds {added} lines", edition.name());
            }
        }
    }

    #[test]
    fn lines_of_python_are_as_short_as_its_style_guide_wants() {
        let texts = PYTHON.iter().map(|(_, text)| text);
        for line in
            texts.chain(Edition::Python.finished().iter().map(|(_, text)| text)).flat_map(|text| text.lines())
        {
            assert!(line.chars().count() < 100 && line.trim_end() == line, "{line}");
        }
    }

    #[test]
    fn every_step_that_has_a_solution_adds_something() {
        for edition in [Edition::Rust, Edition::Python] {
            for (step, _) in edition.programs() {
                let solution = edition.of(*step).expect("a program");
                assert!(shown(&solution, Style::Plain).contains("\n+ "), "step {step} in {}", edition.name());
            }
            assert!([0, 18, 99].iter().all(|step| edition.of(*step).is_none()));
        }
    }
}
