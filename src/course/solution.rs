//! Shows what the program of a step changes in the one before.

use super::verdict::Style;

macro_rules! programs {
    ($($number:literal $name:literal)*) => {
        [$(($number, include_str!(concat!("../../tests/steps/step_", $name, ".rs")))),*]
    };
}

/// The programs `tests/steps/step_NN.rs`, each with its step.
const PROGRAMS: [(usize, &str); 22] = programs![
    1 "01" 2 "02" 3 "03" 4 "04" 5 "05" 6 "06" 7 "07" 8 "08" 9 "09" 10 "10" 11 "11" 12 "12" 13 "13" 14 "14"
    15 "15" 16 "16" 17 "17" 30 "30" 31 "31" 32 "32" 33 "33" 34 "34"
];

/// The finished files that the programs of later steps share. Each file was once the end of a program, the oldest
/// one nearest to the end. In this order, code that has moved into a file is not a change.
const FINISHED: [(&str, &str); 13] = [
    ("shared", include_str!("../../tests/steps/shared.rs")),
    ("outbox", include_str!("../../tests/steps/outbox.rs")),
    ("signal", include_str!("../../tests/steps/signal.rs")),
    ("commands", include_str!("../../tests/steps/commands.rs")),
    ("chat", include_str!("../../tests/steps/chat.rs")),
    ("net", include_str!("../../tests/steps/net.rs")),
    // A wire is a file from the beginning, and so is a bot.
    ("json", include_str!("../../tests/steps/json.rs")),
    ("datagrams", include_str!("../../tests/steps/datagrams.rs")),
    ("frames", include_str!("../../tests/steps/frames.rs")),
    ("bots", include_str!("../../tests/steps/bots.rs")),
    ("listed", include_str!("../../tests/steps/listed.rs")),
    ("reminder", include_str!("../../tests/steps/reminder.rs")),
    ("trivia", include_str!("../../tests/steps/trivia.rs")),
];

/// The number of unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// The program before that of a step, and the program of the step.
pub fn of(step: usize) -> Option<[String; 2]> {
    let at = PROGRAMS.iter().position(|(number, _)| *number == step)?;
    // A challenge does not build on wires.
    let before =
        if step > 33 { PROGRAMS.iter().position(|(number, _)| *number == 17) } else { at.checked_sub(1) };
    let before = before.map_or_else(String::new, |before| whole(PROGRAMS[before].1));
    Some([before, whole(PROGRAMS[at].1)])
}

/// A program, followed by its files.
fn whole(program: &str) -> String {
    let mut whole = program.to_owned();
    for (name, text) in FINISHED {
        if program.contains(&format!("\nmod {name};\n")) {
            whole.extend(["\n// ", name, ".rs\n", text]);
        }
    }
    whole
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
        let steps = PROGRAMS.map(|(step, text)| (format!("step {step}"), text)).into_iter();
        for (name, text) in steps.chain(FINISHED.map(|(name, text)| (name.to_owned(), text))) {
            assert!(text.lines().count() <= 150, "{name} has {} lines", text.lines().count());
        }
        let last = PROGRAMS.map(|(_, text)| whole(text)).concat();
        assert!(FINISHED.iter().all(|(name, _)| last.contains(&format!("\n// {name}.rs\n"))));
        for (step, _) in PROGRAMS {
            let [before, after] = of(step).expect("a program");
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
            assert!(added <= most, "step {step} adds {added} lines");
        }
    }

    #[test]
    fn every_step_that_has_a_solution_adds_something() {
        for (step, _) in PROGRAMS {
            assert!(shown(&of(step).expect("a program"), Style::Plain).contains("\n+ "), "step {step}");
        }
        assert!(of(0).is_none() && of(18).is_none() && of(35).is_none());
    }
}
