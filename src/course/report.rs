//! Checks a program up to a step and reports the results.

use std::fmt::Display;

use super::{
    class,
    grader::{CannotRun, Fault, Grader, Verdict},
    steps::Step,
    verdict::Style,
};

/// After this many failed steps, the others are not tried.
const ENOUGH: usize = 3;

/// The results of a program.
#[derive(Debug, Default)]
pub struct Report {
    /// The verdicts of the checks, in the order in which they ran.
    pub verdicts: Vec<Verdict>,
    /// The number of steps that were not tried.
    pub untried: usize,
}

/// Runs the checks of these steps and passes each verdict to `tell` at once.
///
/// A step ends with its first check that fails. If the program does not start, no other step is tried.
pub(crate) fn check(
    grader: &Grader,
    steps: impl IntoIterator<Item = &'static Step>,
    mut tell: impl FnMut(&Verdict),
) -> Result<Report, CannotRun> {
    let mut report = Report::default();
    let mut kept = None;
    for step in steps {
        if report.failed_steps().len() >= ENOUGH || report.has_not_started() {
            report.untried += 1;
            continue;
        }
        for check in step.checks {
            let verdict = grader.check_with(step, check, &mut kept)?;
            tell(&verdict);
            let has_failed = verdict.fault.is_some();
            report.verdicts.push(verdict);
            if has_failed {
                break;
            }
        }
    }
    Ok(report)
}

impl Report {
    /// Whether all checks have passed.
    pub fn is_good(&self) -> bool {
        self.first_fault().is_none()
    }

    /// The first check that failed.
    pub fn first_fault(&self) -> Option<(&Verdict, &Fault)> {
        self.verdicts.iter().find_map(|verdict| Some((verdict, verdict.fault.as_deref()?)))
    }

    /// The steps that have passed.
    pub fn passed_steps(&self) -> Vec<usize> {
        let failed = self.failed_steps();
        let mut steps: Vec<_> = self.verdicts.iter().map(|verdict| verdict.step.number).collect();
        steps.dedup();
        steps.retain(|step| !failed.contains(step));
        steps
    }

    /// Whether the program did not start to listen, which it will not do for another step either.
    fn has_not_started(&self) -> bool {
        let classes = [&class::EXITS_EARLY, &class::NOT_LISTENING, &class::IN_BACKGROUND];
        self.first_fault().is_some_and(|(_, fault)| classes.contains(&fault.failure.class))
    }

    fn failed_steps(&self) -> Vec<usize> {
        let failed = self.verdicts.iter().filter(|verdict| verdict.fault.is_some());
        failed.map(|verdict| verdict.step.number).collect()
    }

    /// The closing line: which steps fail and how many pass.
    pub fn summary(&self, style: Style) -> String {
        let passed = self.passed_steps().len();
        let failed = self.failed_steps();
        let steps = |n: usize| if n == 1 { "1 step".to_owned() } else { format!("{n} steps") };
        if failed.is_empty() {
            return format!("{}\n", style.good(&format!("All is well: {} passed.", steps(passed))));
        }
        let mut sentences = vec![style.bad(&format!("Step {} fails.", failed[0]))];
        sentences.extend(failed[1..].iter().map(|step| format!("Step {step} fails, too.")));
        sentences.push(format!("{} passed.", steps(passed)));
        if self.untried > 0 {
            sentences.push(format!("{} not tried.", steps(self.untried)));
        }
        sentences.join(" ") + "\n"
    }

    /// The results for tools, in the format of version 3 of exercism's test runner interface
    /// (<https://exercism.org/docs/building/tooling/test-runners/interface>).
    pub fn json(&self, seed: u64) -> String {
        let tests: Vec<_> = self.verdicts.iter().map(test).collect();
        let status = if self.is_good() { "pass" } else { "fail" };
        format!("{:#}\n", serde_json::json!({"version": 3, "status": status, "seed": seed, "tests": tests}))
    }
}

/// The results for tools if the program could not be built or started.
pub fn json_error(error: &impl Display) -> String {
    let message = error.to_string();
    format!("{:#}\n", serde_json::json!({"version": 3, "status": "error", "message": message, "tests": []}))
}

fn test(verdict: &Verdict) -> serde_json::Value {
    let mut test = serde_json::json!({
        "name": verdict.check.checking(),
        "status": if verdict.fault.is_some() { "fail" } else { "pass" },
        "task_id": verdict.step.number,
        "test_code": verdict.check.name,
    });
    if let Some(fault) = &verdict.fault {
        test["message"] = verdict.text(Style::Plain).into();
        test["output"] = fault.output.clone().into();
        test["class"] = fault.failure.class.name.into();
    }
    test
}
