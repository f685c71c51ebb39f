//! Decides which checks of a program run and in which order, and reports the results.

use super::{
    checks::How,
    class,
    conversation::Conversation,
    grader::{CannotRun, Fault, Grader, Verdict},
    steps::{Part, Role, STEPS, Step},
    subject::Subject,
    verdict::Style,
    wire::Wire,
};

/// The results of a learner's programs.
#[derive(Debug, Default)]
pub struct Report {
    /// The verdicts of the checks, in the order in which they ran.
    pub verdicts: Vec<Verdict>,
    /// The steps that were not tried.
    pub left_out: Vec<LeftOut>,
    /// Why programs could not be started.
    pub errors: Vec<String>,
}

/// A step that was not tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The number of the step.
    pub step: usize,
    /// The reason, without a full stop.
    pub reason: String,
}

/// What happens while programs are graded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Progress<'a> {
    /// The checks of this step begin.
    Begins(&'static Step),
    /// This is the last verdict of its step.
    Ends(&'a Verdict),
}

/// Checks a step and all steps that it builds on: the step itself, and then from the lowest up until one fails.
///
/// So news about the step comes soon, and no failure is blamed on a step if a lower one explains it. Lower steps that
/// take long are left out.
pub(crate) fn up_to(
    grader: &Grader,
    last: &'static Step,
    mut tell: impl FnMut(Progress<'_>),
) -> Result<Report, CannotRun> {
    let mut report = Report::default();
    let mut kept = None;
    let mut lower: Vec<_> = last.up_to().skip(1).collect();
    lower.reverse();
    let mut failed = None;
    if !report.tries(grader, last, &mut kept, &mut tell)? && !lower.is_empty() && report.has_not_started() {
        // The lowest step need not be tried: the program would not start for it either.
        let lowest = lower.remove(0);
        report.blame(lowest);
        failed = Some(lowest.number);
        lower.push(last);
    }
    for step in lower {
        if let Some(failed) = failed {
            report.leave_out(step, format!("step {failed} fails"));
        } else if step.is_heavy() && step.number != last.number {
            report.leave_out(step, "it takes long; 'check --all' tries it".to_owned());
        } else if !report.tries(grader, step, &mut kept, &mut tell)? {
            failed = Some(step.number);
        }
    }
    Ok(report)
}

/// Grades a learner's server and client, each up to its first step that fails; challenges do not build on each other.
///
/// Instead of a program there may be the reason why it cannot be graded.
pub(crate) fn all(programs: [Result<Grader, String>; 2], mut tell: impl FnMut(Progress<'_>)) -> Report {
    let mut report = Report::default();
    let mut kept = None;
    let [mut server, mut client] = programs;
    // Further challenges do not build on wires.
    let mut failed_wire = None;
    for step in &STEPS {
        if let Some(reason) = failed_wire.clone().filter(|_| step.part == Part::Wires) {
            report.leave_out(step, reason);
            continue;
        }
        let program = if step.part.role() == Role::Client { &mut client } else { &mut server };
        let is_passed = match &*program {
            Err(reason) => Err(reason.clone()),
            Ok(grader) if step.needs_client() && grader.client.is_none() => {
                report.leave_out(step, "it also needs the client".to_owned());
                continue;
            }
            Ok(grader) => report.tries(grader, step, &mut kept, &mut tell).map_err(|error| error.to_string()),
        };
        match is_passed {
            Err(reason) => {
                if program.is_ok() {
                    report.errors.push(reason.clone());
                }
                report.leave_out(step, reason.clone());
                *program = Err(reason);
            }
            Ok(false) if step.part == Part::Wires => {
                failed_wire = Some(format!("step {} fails", step.number));
            }
            Ok(false) if !step.part.is_of_choice(Part::Base) => {
                *program = Err(format!("step {} fails", step.number));
            }
            Ok(_) => {}
        }
    }
    report
}

impl Report {
    /// Runs the checks of a step up to the first that fails, with the server that an earlier step has left. Returns
    /// whether the step has passed.
    fn tries(
        &mut self,
        grader: &Grader,
        step: &'static Step,
        kept: &mut Option<Subject>,
        tell: &mut impl FnMut(Progress<'_>),
    ) -> Result<bool, CannotRun> {
        tell(Progress::Begins(step));
        for check in step.checks {
            self.verdicts.push(grader.check_with(step, check, kept)?);
            if self.verdicts.last().is_some_and(|verdict| verdict.fault.is_some()) {
                break;
            }
        }
        let last = self.verdicts.last().expect("a step has checks");
        tell(Progress::Ends(last));
        Ok(last.fault.is_none())
    }

    /// Whether the program has just failed to listen, as it would for any other step.
    fn has_not_started(&self) -> bool {
        let Some(Verdict { check, fault: Some(fault), .. }) = self.verdicts.last() else { return false };
        // A server that is told to speak otherwise, or has other settings, may fail to start because of that.
        let is_plain = match check.how {
            How::Server(_) | How::Both(_) => true,
            How::Conversation(text) => {
                let conversation = Conversation::of(text);
                conversation.wire == Wire::Text && conversation.environment.is_empty()
            }
            _ => false,
        };
        is_plain
            && [&class::EXITS_EARLY, &class::NOT_LISTENING, &class::IN_BACKGROUND]
                .contains(&fault.failure.class)
    }

    /// Counts the last failure for this step.
    fn blame(&mut self, step: &'static Step) {
        let verdict = self.verdicts.last_mut().expect("a check has failed");
        (verdict.step, verdict.check) = (step, &step.checks[0]);
    }

    fn leave_out(&mut self, step: &Step, reason: String) {
        self.left_out.push(LeftOut { step: step.number, reason });
    }

    /// Whether all checks that ran have passed.
    pub fn is_good(&self) -> bool {
        self.faults().is_empty()
    }

    /// The failures, the one of the lowest step first.
    pub fn faults(&self) -> Vec<(&Verdict, &Fault)> {
        let faults = self.verdicts.iter().filter_map(|verdict| Some((verdict, verdict.fault.as_deref()?)));
        let mut faults: Vec<_> = faults.collect();
        faults.sort_by_key(|(verdict, _)| verdict.step.number);
        faults
    }

    /// The steps that have passed.
    pub fn passed_steps(&self) -> Vec<usize> {
        let mut steps: Vec<_> = self.verdicts.iter().map(|verdict| verdict.step.number).collect();
        steps.sort_unstable();
        steps.dedup();
        steps.retain(|step| self.mark(*step) == Some(true));
        steps
    }

    /// Whether a step has passed; `None` if it was not tried.
    pub fn mark(&self, step: usize) -> Option<bool> {
        let mut verdicts = self.verdicts.iter().filter(|verdict| verdict.step.number == step).peekable();
        verdicts.peek()?;
        Some(verdicts.all(|verdict| verdict.fault.is_none()))
    }

    /// The closing lines: which steps fail, where to begin, how many steps pass, and which were not tried.
    pub fn summary(&self, style: Style) -> String {
        let passed = self.passed_steps().len();
        let passed =
            if passed == 1 { "1 step passed.".to_owned() } else { format!("{passed} steps passed.") };
        let failed: Vec<_> = self.faults().iter().map(|(verdict, _)| verdict.step.number).collect();
        let mut sentences = Vec::new();
        match failed.split_first() {
            None => sentences.push(style.good(&format!("All is well: {passed}"))),
            Some((first, others)) => {
                let begin = if others.is_empty() { "." } else { ": begin there." };
                sentences.push(style.bad(&format!("Step {first} fails{begin}")));
                let fail = if others.len() == 1 { "fails" } else { "fail" };
                sentences.extend(
                    (!others.is_empty()).then(|| format!("{} {fail}, too.", capital(&spans(others)))),
                );
                sentences.push(passed);
            }
        }
        let mut summary = sentences.join(" ") + "\n";
        for (steps, reason) in self.not_tried() {
            summary.extend(["Not tried: ", &steps, " (", reason, ").\n"]);
        }
        summary
    }

    /// The steps that were not tried, for each reason, as in "steps 2–5, 7".
    pub fn not_tried(&self) -> Vec<(String, &str)> {
        let mut reasons: Vec<(&str, Vec<usize>)> = Vec::new();
        for LeftOut { step, reason } in &self.left_out {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, steps)) => steps.push(*step),
                None => reasons.push((reason, vec![*step])),
            }
        }
        reasons.into_iter().map(|(reason, steps)| (spans(&steps), reason)).collect()
    }

    /// The results for tools, in the format of version 3 of exercism's test runner interface
    /// (<https://exercism.org/docs/building/tooling/test-runners/interface>), the lowest step first.
    pub fn json(&self, seed: u64) -> String {
        let mut verdicts: Vec<_> = self.verdicts.iter().collect();
        verdicts.sort_by_key(|verdict| verdict.step.number);
        let tests: Vec<_> = verdicts.into_iter().map(test).collect();
        let left_out = self.left_out.iter();
        let left_out =
            left_out.map(|LeftOut { step, reason }| serde_json::json!({"task_id": step, "reason": reason}));
        let report = serde_json::json!({
            "version": 3,
            "status": if self.is_good() { "pass" } else { "fail" },
            "summary": self.summary(Style::Plain),
            "seed": seed,
            "tests": tests,
            "left_out": left_out.collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }
}

/// Numbers in ascending order, those that follow each other as a span: "step 4" or "steps 2–5, 7".
fn spans(numbers: &[usize]) -> String {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match spans.last_mut() {
            Some((_, end)) if *end + 1 == *number => *end = *number,
            _ => spans.push((*number, *number)),
        }
    }
    let shown = spans.iter().map(
        |(start, end)| {
            if start == end { start.to_string() } else { format!("{start}–{end}") }
        },
    );
    let word = if numbers.len() == 1 { "step " } else { "steps " };
    word.to_owned() + &shown.collect::<Vec<_>>().join(", ")
}

fn capital(words: &str) -> String {
    words.replacen('s', "S", 1)
}

/// The results for tools if the program could not be started.
pub fn json_error(error: &str) -> String {
    format!("{:#}\n", serde_json::json!({"version": 3, "status": "error", "message": error, "tests": []}))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_follow_each_other_are_one_span() {
        assert_eq!(spans(&[4]), "step 4");
        assert_eq!(spans(&[2, 3, 4, 7]), "steps 2–4, 7");
    }

    #[test]
    fn what_was_left_out_is_told_once_for_each_reason() {
        let left_out = [(2, "a"), (3, "a"), (4, "b"), (5, "a")];
        let left_out = left_out.map(|(step, reason)| LeftOut { step, reason: reason.to_owned() });
        let report = Report { left_out: left_out.into(), ..Report::default() };
        assert_eq!(report.not_tried(), [("steps 2–3, 5".to_owned(), "a"), ("step 4".to_owned(), "b")]);
    }
}
