//! Runs the tasks that only show text: the overview, pages, hints, explanations, solutions, faults.

use std::{io::Write, path::Path, process::ExitCode};

use super::{Done, columns, style};
use crate::course::{
    book,
    bug::{self, Bug},
    class::Class,
    language::Known,
    learner::Learner,
    pages::Page,
    solution::{self, Edition},
    start::{self, Language},
    steps::{Part, Role, STEPS, Step},
    wrap::{filled, hanging, wrapped},
};

pub(super) fn overview(learner: &Learner, out: &mut impl Write) -> Done {
    let passed = STEPS.iter().filter(|step| learner.passed.contains(&step.number)).count();
    writeln!(out, "{passed} of {} steps have passed.", STEPS.len())?;
    match learner.next() {
        None => writeln!(out, "The course is done. `chat_course bug` lists servers with faults to find.")?,
        Some(step) if learner.command(step.part.role()).is_none() && passed == 0 => {
            writeln!(out, "Start:  chat_course new FOLDER")?;
            writeln!(out, "Or, if you already have a program:  chat_course show 1")?;
        }
        Some(step) => writeln!(out, "Next:  chat_course show {}   ({})", step.number, step.title)?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn list(learner: &Learner, out: &mut impl Write) -> Done {
    let style = style();
    let mut part: Option<Part> = None;
    for step in &STEPS {
        if part.replace(step.part) != Some(step.part) {
            writeln!(out, "{}", style.strong(step.part.title()))?;
        }
        let mark = if learner.passed.contains(&step.number) { style.good("✓") } else { " ".to_owned() };
        writeln!(out, " {mark} {:>2}  {}", step.number, step.title)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show(step: &Step, learner: &Learner, out: &mut impl Write) -> Done {
    let page =
        Page::of(step.number).ok_or_else(|| format!("challenges.md has no page for step {}", step.number))?;
    let title = format!("Step {}: {}", step.number, page.title);
    writeln!(out, "{}\n\n{}", style().strong(&title), filled(&page.without_hints(), columns()))?;
    let command = match (learner.command(step.part.role()), step.part.role()) {
        (Some(_), _) => "",
        (None, Role::Server) => " -- YOUR SERVER",
        (None, Role::Client) => " -- YOUR CLIENT",
    };
    writeln!(out, "chat_course check {}{command} · chat_course hint {0}", step.number)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn hint(step: &Step, learner: &mut Learner, out: &mut impl Write) -> Done {
    let hints = Page::of(step.number).map(|page| page.hints()).unwrap_or_default();
    if hints.is_empty() {
        return Err(format!("there are no hints for step {}", step.number).into());
    }
    let shown = learner.next_hint(step.number, hints.len());
    learner.write()?;
    for (i, hint) in hints.iter().enumerate().take(shown) {
        let number = style().strong(&format!("Hint {} of {}:", i + 1, hints.len()));
        writeln!(out, "{}", filled(&format!("{number} {hint}"), columns()))?;
    }
    if shown == hints.len() {
        write!(out, "There are no more hints.")?;
        if Edition::Rust.of(step.number).is_some() {
            write!(out, " See a solution: chat_course solution {}", step.number)?;
        }
        writeln!(out)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn new(folder: &Path, language: Language, out: &mut impl Write) -> Done {
    start::make(folder, language)?;
    writeln!(out, "Created {}. Next:\n\n  cd {0}\n  chat_course show 1", folder.display())?;
    writeln!(out, "  chat_course check 1")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn book(folder: &Path, out: &mut impl Write) -> Done {
    book::write(folder)?;
    writeln!(out, "Wrote the book. Begin with {}.", folder.join("index.html").display())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn solution(
    step: usize,
    may_see: bool,
    lang: Option<Edition>,
    learner: &Learner,
    out: &mut impl Write,
) -> Done {
    let Some(in_rust) = Edition::Rust.of(step) else {
        let where_else = "its page names the file of the chat server that does this";
        return Err(format!("there is no solution for step {step}; {where_else}").into());
    };
    if !may_see {
        writeln!(out, "Step {step} has not passed yet. Try `chat_course hint {step}`, or use --force.")?;
        return Ok(ExitCode::FAILURE);
    }
    let language = learner.language();
    let edition = lang.or(language.map(|known| known.closest)).unwrap_or(Edition::Rust);
    if edition.of(step).is_none() {
        writeln!(
            out,
            "There is no program in {} for step {step}. This is the one in Rust.\n",
            edition.name()
        )?;
    } else if lang.is_none()
        && let Some(remark) = remark(step, edition, language)
    {
        writeln!(out, "{}\n", wrapped(&remark, columns()))?;
    }
    write!(out, "{}", solution::shown(&edition.of(step).unwrap_or(in_rust), style()))?;
    Ok(ExitCode::SUCCESS)
}

/// What to say about the language of a program to a learner whose own is another or is unknown.
fn remark(step: usize, edition: Edition, own: Option<&Known>) -> Option<String> {
    let other = edition.other();
    other.of(step)?;
    let option = format!("--lang {}", other.name().to_lowercase());
    match own {
        None => Some(format!(
            "This program is in {}. With {option}, you see it in {}.",
            edition.name(),
            other.name()
        )),
        Some(own) if own.name == edition.name() => None,
        Some(Known { name, shared, .. }) => Some(format!(
            "Of our programs, the one in {} reads closer to {name}: both languages {shared}. With {option}, you see \
             the other one.",
            edition.name(),
        )),
    }
}

pub(super) fn explain(name: Option<&str>, out: &mut impl Write) -> Done {
    let Some(name) = name else {
        for class in Class::all() {
            writeln!(out, "{}", hanging(&format!("{:15} {}", class.name, class.summary), columns(), 16))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let class =
        Class::find(name).ok_or_else(|| format!("there is no failure '{name}'; see chat_course explain"))?;
    let columns = columns();
    writeln!(out, "{}\n\n{}\n", style().strong(class.name), wrapped(class.summary, columns))?;
    write!(out, "{}", filled(&format!("{}\n", class.details), columns))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn bug(name: Option<&str>, show: bool, out: &mut impl Write) -> Done {
    let Some(name) = name else {
        for Bug { name, step, symptom } in bug::all() {
            let line = format!("{name:24} step {step:>2}  {symptom}");
            writeln!(out, "{}", hanging(&line, columns(), 34))?;
        }
        writeln!(out, "\nExamine one of them: chat_course bug NAME")?;
        return Ok(ExitCode::SUCCESS);
    };
    let bug = bug::all().find(|bug| bug.name == name);
    let bug = bug.ok_or_else(|| format!("there is no fault '{name}'; see chat_course bug"))?;
    write!(out, "{}", if show { bug.source() } else { bug.exercise() })?;
    Ok(ExitCode::SUCCESS)
}
