//! What the program of a step has that the one before has not.

use super::verdict::Style;

/// Where to look when there is no program of a step.
pub const WHERE_ELSE: &str = "its page says which file of the chat server shows it at full size";

/// A program of the course, `tests/steps/step_NN.rs`.
macro_rules! programs {
    ($($number:literal)*) => {
        [$(include_str!(concat!("../../tests/steps/step_", $number, ".rs"))),*]
    };
}

/// The programs of the steps, from the first on.
const PROGRAMS: [&str; 17] =
    programs!["01" "02" "03" "04" "05" "06" "07" "08" "09" "10" "11" "12" "13" "14" "15" "16" "17"];

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// A step's program, and the one before it.
#[derive(Clone, Copy, Debug)]
pub struct Solution {
    before: &'static str,
    after: &'static str,
}

/// The solution of a step, if there is one.
pub fn of(step: usize) -> Option<Solution> {
    let after = PROGRAMS.get(step.checked_sub(1)?)?;
    let before = step.checked_sub(2).map_or("", |before| PROGRAMS[before]);
    Some(Solution { before, after })
}

/// A line, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change<'a> {
    Removed(&'a str),
    Added(&'a str),
    Kept(&'a str),
}

impl Solution {
    /// The difference: what is new, what is gone, and a little around it.
    pub fn told(&self, style: Style) -> String {
        let changes = difference(self.before, self.after);
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
}

/// The lines of both texts, those in common only once: by the longest common subsequence.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<Change<'a>> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    // `common[i][j]`: how many lines `before[i..]` and `after[j..]` have in common.
    let mut common = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i][j] = if before[i] == after[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            changes.push(Change::Kept(before[i]));
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
    fn what_is_the_same_is_left_out() {
        let solution = Solution { before: "a\nb\nc\nd\ne\nf\nold\nz\n", after: "a\nb\nc\nd\ne\nf\nnew\nz\n" };
        assert_eq!(solution.told(Style::Plain), "  …\n  d\n  e\n  f\n- old\n+ new\n  z\n");
    }

    #[test]
    fn every_step_of_the_base_has_a_solution_and_adds_something() {
        for step in 1..=PROGRAMS.len() {
            assert!(of(step).expect("a program").told(Style::Plain).contains("\n+ "), "step {step}");
        }
        assert!(of(0).is_none() && of(18).is_none());
    }
}
