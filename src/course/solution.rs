//! Shows what the program of a step changes in the one before.

use super::verdict::Style;

macro_rules! programs {
    ($($number:literal)*) => {
        [$(include_str!(concat!("../../tests/steps/step_", $number, ".rs"))),*]
    };
}

/// The programs `tests/steps/step_NN.rs`, from step 1 on.
const PROGRAMS: [&str; 17] =
    programs!["01" "02" "03" "04" "05" "06" "07" "08" "09" "10" "11" "12" "13" "14" "15" "16" "17"];

/// The finished files that the programs of later steps share. Each file was once the end of a program, the oldest
/// one nearest to the end. In this order, code that has moved into a file is not a change.
const FINISHED: [(&str, &str); 5] = [
    ("outbox", include_str!("../../tests/steps/outbox.rs")),
    ("signal", include_str!("../../tests/steps/signal.rs")),
    ("commands", include_str!("../../tests/steps/commands.rs")),
    ("chat", include_str!("../../tests/steps/chat.rs")),
    ("net", include_str!("../../tests/steps/net.rs")),
];

/// The number of unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// The program before that of a step, and the program of the step.
pub fn of(step: usize) -> Option<[String; 2]> {
    let after = whole(PROGRAMS.get(step.checked_sub(1)?)?);
    let before = step.checked_sub(2).map_or_else(String::new, |before| whole(PROGRAMS[before]));
    Some([before, after])
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
        let steps = (1..).map(|step: usize| format!("step {step}")).zip(PROGRAMS);
        for (name, text) in steps.chain(FINISHED.map(|(name, text)| (name.to_owned(), text))) {
            assert!(text.lines().count() <= 150, "{name} has {} lines", text.lines().count());
        }
        let last = whole(PROGRAMS[16]);
        assert!(FINISHED.iter().all(|(name, _)| last.contains(&format!("\n// {name}.rs\n"))));
        for step in 1..=PROGRAMS.len() {
            let [before, after] = of(step).expect("a program");
            let changes = difference(&before, &after);
            let added = changes.iter().filter(|change| matches!(change, Change::Added(_))).count();
            // At step 9, finished code moves to other files.
            let most = if step == 9 { 120 } else { 60 };
            assert!(added <= most, "step {step} adds {added} lines");
        }
    }

    #[test]
    fn every_step_up_to_the_clients_has_a_solution_and_adds_something() {
        for step in 1..=PROGRAMS.len() {
            assert!(shown(&of(step).expect("a program"), Style::Plain).contains("\n+ "), "step {step}");
        }
        assert!(of(0).is_none() && of(18).is_none());
    }
}
