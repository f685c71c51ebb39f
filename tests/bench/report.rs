//! The table of results.

use std::{collections::BTreeMap, fmt::Write};

use crate::{
    measure::{Measure, Sample},
    scenario::Goal,
};

/// One row of the table: all runs of one server under one load.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) samples: Vec<Sample>,
    pub(crate) failures: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// Ours on another wire than text.
    Wire,
    /// Ours with history and log.
    Keeping,
    /// Ours under attack.
    Attacked,
    Raw,
    Peer,
}

/// The median, the lowest and the highest value of several runs.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Entry {
    pub(crate) fn new(name: String, role: Role) -> Self {
        Self { name, role, samples: Vec::new(), failures: Vec::new() }
    }

    fn spreads(&self) -> BTreeMap<Measure, Spread> {
        let mut values: BTreeMap<Measure, Vec<f64>> = BTreeMap::new();
        for &(measure, value) in self.samples.iter().flatten() {
            values.entry(measure).or_default().push(value);
        }
        values.into_iter().map(|(measure, values)| (measure, Spread::of(values))).collect()
    }

    fn median(&self, measure: Measure) -> Option<f64> {
        self.spreads().get(&measure).map(|spread| spread.median)
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
        Self { low: values[0], median: middle, high: values[values.len() - 1] }
    }
}

/// The table, then a line for each failure and each goal.
pub(crate) fn table(entries: &[Entry], goals: &[Goal]) -> String {
    let mut measures: Vec<Measure> = entries.iter().flat_map(|entry| entry.spreads().into_keys()).collect();
    measures.sort_unstable();
    measures.dedup();
    let mut rows = vec![header(&measures)];
    rows.extend(entries.iter().map(|entry| row(entry, &measures)));
    let mut table = aligned(&rows);
    for entry in entries {
        for failure in &entry.failures {
            writeln!(table, "  FAILED: {}: {failure}", entry.name).expect("memory takes it");
        }
    }
    for verdict in goals.iter().filter_map(|goal| verdict(goal, entries)) {
        writeln!(table, "  goal: {verdict}").expect("memory takes it");
    }
    table
}

fn header(measures: &[Measure]) -> Vec<String> {
    let mut header = vec![String::new()];
    for (at, measure) in measures.iter().enumerate() {
        header.push(measure.title().into());
        if at == 0 {
            header.push("lowest–highest".into());
        }
    }
    header
}

fn row(entry: &Entry, measures: &[Measure]) -> Vec<String> {
    let spreads = entry.spreads();
    let mut row = vec![entry.name.clone()];
    for (at, measure) in measures.iter().enumerate() {
        let spread = spreads.get(measure);
        row.push(spread.map_or("–".into(), |spread| measure.show(spread.median)));
        if at == 0 {
            row.push(spread.map_or("–".into(), |spread| {
                format!("{}–{}", measure.show(spread.low), measure.show(spread.high))
            }));
        }
    }
    row
}

/// Aligns names to the left and figures to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        write!(text, "  {:<width$}", row[0], width = widths[0]).expect("memory takes it");
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            write!(text, "  {cell:>width$}").expect("memory takes it");
        }
        text.push('\n');
    }
    text
}

/// Whether a goal is met; `None` if there is nothing to compare with.
fn verdict(goal: &Goal, entries: &[Entry]) -> Option<String> {
    let ours = entries.iter().find(|entry| entry.role == Role::Ours)?;
    Some(match *goal {
        Goal::TimesPeer(measure, factor) => beside_peers(measure, ours.median(measure)?, factor, entries)?,
        Goal::TimesText(name, factor) => {
            let measure = Measure::Deliveries;
            let ratio = named(name, entries)?.median(measure)? / ours.median(measure)?;
            format!("{name}: {}", compared(measure, ratio, factor, "text"))
        }
        Goal::WireTimesPeer(name, factor) => {
            let value = named(name, entries)?.median(Measure::Deliveries)?;
            format!("{name}: {}", beside_peers(Measure::Deliveries, value, factor, entries)?)
        }
        Goal::LeftWhenKeeping(measure, factor) => {
            let keeping = entries.iter().find(|entry| entry.role == Role::Keeping)?;
            let ratio = keeping.median(measure)? / ours.median(measure)?;
            compared(measure, ratio, factor, "what it is without keeping anything")
        }
        Goal::TimesRaw(factor) => {
            let raw = entries.iter().find(|entry| entry.role == Role::Raw && entry.name.contains(" 64 "))?;
            let ratio = ours.median(Measure::Deliveries)? / raw.median(Measure::Deliveries)?;
            compared(Measure::Deliveries, ratio, factor, "the raw floor at 64 lines")
        }
        Goal::TimesOwn(measure, other, factor) => {
            let ratio = ours.median(measure)? / ours.median(other)?;
            compared(measure, ratio, factor, other.title())
        }
        Goal::AtLeast(measure, least) => {
            let value = ours.median(measure)?;
            absolute(measure, value, "least", least, value >= least)
        }
        Goal::UnderAttack(measure, most) => {
            let attacked = entries.iter().filter(|entry| entry.role == Role::Attacked);
            let figures = attacked.filter_map(|entry| Some((&entry.name, entry.median(measure)?)));
            let (name, value) = figures.max_by(|one, other| one.1.total_cmp(&other.1))?;
            absolute(measure, value, "most", most, value <= most) + &format!(" ({name})")
        }
        Goal::WireAtMost(name, measure, most) => {
            let value = named(name, entries)?.median(measure)?;
            format!("{name}: {}", absolute(measure, value, "most", most, value <= most))
        }
        Goal::AtMost(measure, most) => {
            let value = ours.median(measure)?;
            absolute(measure, value, "most", most, value <= most)
        }
    })
}

fn named<'a>(name: &str, entries: &'a [Entry]) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.name == name)
}

fn beside_peers(measure: Measure, value: f64, factor: f64, entries: &[Entry]) -> Option<String> {
    let (peer, best) = best_peer(measure, entries)?;
    Some(compared(measure, value / best, factor, &format!("the best peer, {peer}")))
}

fn best_peer(measure: Measure, entries: &[Entry]) -> Option<(&str, f64)> {
    let peers = entries.iter().filter(|entry| entry.role == Role::Peer);
    let figures = peers.filter_map(|entry| Some((entry.name.as_str(), entry.median(measure)?)));
    let sign = if measure.is_better_when_more() { 1.0 } else { -1.0 };
    figures.max_by(|one, other| (one.1 * sign).total_cmp(&(other.1 * sign)))
}

fn compared(measure: Measure, ratio: f64, factor: f64, other: &str) -> String {
    let is_met = if measure.is_better_when_more() { ratio >= factor } else { ratio <= factor };
    let bound = if measure.is_better_when_more() { "least" } else { "most" };
    format!("{} at {bound} {factor} × {other}: {ratio:.2} ×, {}", measure.title(), mark(is_met))
}

fn absolute(measure: Measure, value: f64, bound: &str, limit: f64, is_met: bool) -> String {
    let (value, limit) = (measure.show(value), measure.show(limit));
    format!("{} at {bound} {limit}: {value}, {}", measure.title(), mark(is_met))
}

fn mark(is_met: bool) -> &'static str {
    if is_met { "met" } else { "NOT MET" }
}
