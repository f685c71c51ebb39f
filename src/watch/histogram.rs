//! How often values of each size were seen.

use std::array;

use super::Gauge;

/// Counts values by size. Like a [`Gauge`], it can be read at any time, and only one thread may write at a time.
#[derive(Debug)]
pub struct Histogram<const BOUNDS: usize> {
    /// The largest value of each bucket, from small to large. Larger values have a bucket of their own.
    bounds: &'static [u64; BOUNDS],
    counts: [Gauge; BOUNDS],
    larger: Gauge,
    sum: Gauge,
}

/// What a [`Histogram`] has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// The largest value of each bucket but the last, which has none.
    pub bounds: &'static [u64],
    /// How many values are in each bucket.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: u64,
}

impl<const BOUNDS: usize> Histogram<BOUNDS> {
    pub(super) fn new(bounds: &'static [u64; BOUNDS]) -> Self {
        let counts = array::from_fn(|_| Gauge::default());
        Self { bounds, counts, larger: Gauge::default(), sum: Gauge::default() }
    }

    /// Counts a value. The usual ones are in the first buckets, so the search is short.
    pub fn note(&self, value: u64) {
        let bucket = self.bounds.iter().zip(&self.counts).find(|(bound, _)| value <= **bound);
        bucket.map_or(&self.larger, |(_, count)| count).add(1);
        self.sum.add(value);
    }

    /// What was counted so far. The sum may lack the newest values, or have them before their buckets.
    pub fn read(&self) -> Buckets {
        let counts = self.counts.iter().chain([&self.larger]).map(Gauge::get).collect();
        Buckets { bounds: self.bounds, counts, sum: self.sum.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_where_it_fits_first() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, u64::MAX / 2] {
            histogram.note(value);
        }
        let buckets = histogram.read();
        assert_eq!((buckets.bounds, buckets.counts), (&[1, 10][..], vec![2, 2, 2]));
        assert_eq!(buckets.sum, 24 + u64::MAX / 2);
    }
}
