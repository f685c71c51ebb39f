//! The progress of transfers.

use crate::file::{FileName, Label};

/// The progress of one file, in bytes.
pub(super) struct Meter {
    name: FileName,
    size: u64,
    done: u64,
}

/// One step of progress, in percent of this file and of all running transfers together.
pub(in crate::client) struct Step<'a> {
    pub(in crate::client) name: &'a str,
    pub(in crate::client) before: u8,
    pub(in crate::client) now: u8,
    pub(in crate::client) all: u8,
}

impl Meter {
    pub(super) fn new(label: &Label) -> Self {
        Self { name: label.name.clone(), size: label.size.0, done: 0 }
    }

    pub(super) fn name(&self) -> &FileName {
        &self.name
    }

    /// Sets how many bytes are done. Returns the percentage before and after, if they differ.
    pub(super) fn moves(&mut self, done: u64) -> Option<(u8, u8)> {
        let before = percent(self.done, self.size);
        self.done = done;
        let now = percent(self.done, self.size);
        (before != now).then_some((before, now))
    }
}

/// The progress of several files together, in percent.
pub(super) fn together<'a>(meters: impl Iterator<Item = &'a Meter>) -> u8 {
    let sum = |(done, size): (u64, u64), meter: &Meter| {
        (done.saturating_add(meter.done), size.saturating_add(meter.size))
    };
    let (done, size) = meters.fold((0, 0), sum);
    percent(done, size)
}

impl Step<'_> {
    /// The highest multiple of ten that this step has reached, if any.
    pub(in crate::client) fn tens(&self) -> Option<u8> {
        (self.now / 10 > self.before / 10).then_some(self.now / 10 * 10)
    }
}

/// `###.......  30 %`. The width is fixed, so that the prompt keeps its width.
pub(in crate::client) fn bar(percent: u8) -> String {
    let full = usize::from(percent.min(100) / 10);
    format!("{}{} {percent:>3} %", "#".repeat(full), ".".repeat(10 - full))
}

fn percent(done: u64, size: u64) -> u8 {
    if size == 0 {
        return 0;
    }
    u8::try_from(u128::from(done.min(size)) * 100 / u128::from(size)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{ByteCount, Digest};

    fn meter(size: u64) -> Meter {
        Meter::new(&Label { name: FileName::tamed("x"), size: ByteCount(size), digest: Digest([0; 32]) })
    }

    #[test]
    fn each_percentage_is_reported_once() {
        let mut meter = meter(1000);
        assert_eq!(meter.moves(9), None);
        assert_eq!(meter.moves(10), Some((0, 1)));
        assert_eq!(meter.moves(10), None);
        assert_eq!(meter.moves(1000), Some((1, 100)));
    }

    #[test]
    fn every_multiple_of_ten_is_reported_once() {
        let tens = |before, now| Step { name: "x", before, now, all: 0 }.tens();
        assert_eq!([tens(0, 9), tens(9, 10), tens(10, 19), tens(5, 37)], [None, Some(10), None, Some(30)]);
    }

    #[test]
    fn a_bar_has_a_fixed_width() {
        assert_eq!(bar(0), "..........   0 %");
        assert_eq!(bar(37), "###.......  37 %");
        assert_eq!(bar(100), "########## 100 %");
    }

    #[test]
    fn several_files_share_one_percentage() {
        let (mut small, mut large) = (meter(10), meter(90));
        small.moves(10);
        assert_eq!(together([&small, &large].into_iter()), 10);
        large.moves(90);
        assert_eq!(together([&small, &large].into_iter()), 100);
        assert_eq!(together([&meter(0)].into_iter()), 0);
    }
}
