//! The text format of Prometheus, version 0.0.4: what is counted, as its servers read it.
//!
//! A page is a list of families. Each has a name, a type, a sentence of help, and values. The names of families and
//! the words of labels are `'static`, so what users type cannot become a label. With a label for each room, each user
//! who invents a room would add to what a Prometheus server must remember for ever. So a page has a bounded size.
//!
//! No crate does this here. `prometheus-client` writes another format, `OpenMetrics`, and its histogram takes a mutex
//! for each value. `prometheus` keeps the figures in collectors of its own, and most are kept already, for `/stats`.

use std::fmt::{self, Write};

use crate::watch::Buckets;

/// The media type of the format.
pub const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of the format.
#[derive(Debug, Default)]
pub struct Page(String);

/// The value of a figure, in its base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number of things or bytes.
    Count(u64),
    /// A time, which is written in seconds.
    Nanoseconds(u64),
}

impl Page {
    /// Adds a figure that only grows. Its name ends with `_total`.
    pub fn counter(&mut self, name: &'static str, help: &str, value: Value) {
        debug_assert!(name.ends_with("_total"), "{name}");
        self.begin(name, "counter", help);
        self.sample(name, "", &[], value);
    }

    /// Adds figures that only grow, one for each word of a label.
    pub fn counters(
        &mut self,
        name: &'static str,
        help: &str,
        label: &'static str,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        debug_assert!(name.ends_with("_total"), "{name}");
        self.begin(name, "counter", help);
        self.samples(name, label, counts);
    }

    /// Adds a figure that can grow and shrink.
    pub fn gauge(&mut self, name: &'static str, help: &str, value: Value) {
        self.begin(name, "gauge", help);
        self.sample(name, "", &[], value);
    }

    /// Adds figures that can grow and shrink, one for each word of a label.
    pub fn gauges(
        &mut self,
        name: &'static str,
        help: &str,
        label: &'static str,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        self.begin(name, "gauge", help);
        self.samples(name, label, counts);
    }

    /// Adds a histogram of values in this unit. In this format, each bucket includes the smaller ones.
    pub fn histogram(&mut self, name: &'static str, help: &str, unit: fn(u64) -> Value, buckets: &Buckets) {
        self.begin(name, "histogram", help);
        let bounds = buckets.bounds.iter().map(|bound| unit(*bound).to_string());
        let mut count = 0;
        for (bound, in_bucket) in bounds.chain(["+Inf".to_owned()]).zip(&buckets.counts) {
            count += in_bucket;
            self.sample(name, "_bucket", &[("le", &bound)], Value::Count(count));
        }
        self.sample(name, "_sum", &[], unit(buckets.sum));
        self.sample(name, "_count", &[], Value::Count(count));
    }

    /// The page in bytes of the format.
    pub fn finish(self) -> String {
        self.0
    }

    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn samples(
        &mut self,
        name: &str,
        label: &'static str,
        counts: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        for (word, count) in counts {
            self.sample(name, "", &[(label, word)], Value::Count(count));
        }
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &[(&'static str, &str)], value: Value) {
        self.write(format_args!("{name}{suffix}"));
        for (label, word) in labels {
            self.write(format_args!("{{{label}=\"{}\"}}", Escaped(word)));
        }
        self.write(format_args!(" {value}\n"));
    }

    fn write(&mut self, text: fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a String takes everything");
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Nanoseconds(nanoseconds) => {
                let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
                let rest = format!(".{rest:09}");
                write!(f, "{seconds}{}", rest.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

/// The value of a label as it stands between quotes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str(r"\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str(r"\n"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(write: impl FnOnce(&mut Page), expected: &[&str]) {
        let mut page = Page::default();
        write(&mut page);
        assert_eq!(page.finish(), expected.join("\n") + "\n");
    }

    #[test]
    fn a_family_has_its_help_and_its_type_before_its_values() {
        check(
            |page| {
                page.counter("lines_total", "Lines.", Value::Count(7));
                page.gauge("age_seconds", "Age.", Value::Nanoseconds(1_500_000_000));
            },
            &[
                "# HELP lines_total Lines.",
                "# TYPE lines_total counter",
                "lines_total 7",
                "# HELP age_seconds Age.",
                "# TYPE age_seconds gauge",
                "age_seconds 1.5",
            ],
        );
    }

    #[test]
    fn the_value_of_a_label_is_escaped() {
        let words = [("plain", 1), ("a\"b\\c\nd", 2), ("übel", 3)];
        check(
            |page| page.gauges("things", "Things.", "kind", words),
            &[
                "# HELP things Things.",
                "# TYPE things gauge",
                "things{kind=\"plain\"} 1",
                "things{kind=\"a\\\"b\\\\c\\nd\"} 2",
                "things{kind=\"übel\"} 3",
            ],
        );
    }

    #[test]
    fn the_buckets_of_a_histogram_are_cumulative_and_the_last_one_is_the_count() {
        let buckets = Buckets { bounds: &[1_000, 2_500_000], counts: vec![3, 0, 2], sum: 5_000_000_001 };
        check(
            |page| page.histogram("hold_seconds", "Holds.", Value::Nanoseconds, &buckets),
            &[
                "# HELP hold_seconds Holds.",
                "# TYPE hold_seconds histogram",
                "hold_seconds_bucket{le=\"0.000001\"} 3",
                "hold_seconds_bucket{le=\"0.0025\"} 3",
                "hold_seconds_bucket{le=\"+Inf\"} 5",
                "hold_seconds_sum 5.000000001",
                "hold_seconds_count 5",
            ],
        );
    }

    #[test]
    fn seconds_are_written_exactly() {
        let seconds = |nanoseconds| Value::Nanoseconds(nanoseconds).to_string();
        assert_eq!([seconds(0), seconds(1), seconds(1_000_000_000)], ["0", "0.000000001", "1"]);
        assert_eq!(seconds(1_795_328_000_120_000_000), "1795328000.12");
        assert_eq!(seconds(10_000_000_000), "10");
    }
}
