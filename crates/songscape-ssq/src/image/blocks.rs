//! Into which blocks a signal is cut, and which rows share them.
//!
//! A block is as long as the wavelets of its rows ask for: its guard on either side is the time
//! that the longest of them takes to die away, and what is between the guards is useful. Rows of
//! high frequencies have short blocks, those of low frequencies long ones.

use std::ops::Range;

use super::params::{ColumnLength, Latency, LogSpectrogramParams};
use crate::Error;
use crate::wavelet;

/// Share of its largest value below which a wavelet counts as over, in time.
const TIME_CUT: f64 = 1e-5;
/// Largest share of a block that may be guard, where there is time.
const LARGEST_GUARD: f64 = 0.15;
/// How many times as long the blocks of the next rows are, where there is time.
const GROWTH: u64 = 8;
/// How many times as long their guards are, where there is not.
const LIVE_GROWTH: u64 = 4;
/// Samples of the shortest block, where there is time: shorter ones save nothing.
const SHORTEST: u64 = 8192;
/// Share of the latency that is the useful part of a block.
const LIVE_USEFUL: f64 = 1.0 / 6.0;
/// Samples of the longest block.
pub(super) const LONGEST: u64 = 1 << 24;

/// The blocks of some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocks {
    pub rows: Range<usize>,
    /// Columns of a block.
    pub columns: u64,
    /// Samples of a block.
    pub samples: u64,
    /// Columns before and after its useful ones.
    pub guard: u64,
}

impl Blocks {
    /// Useful columns of a block.
    pub fn useful(&self) -> u64 {
        self.columns - 2 * self.guard
    }
}

/// The blocks for rows of these frequencies, those of the highest ones first.
pub(super) fn plan(
    params: &LogSpectrogramParams,
    frequencies: &[f64],
    column: ColumnLength,
) -> Result<Vec<Blocks>, Error> {
    let wavelet = params.wavelet.as_ref();
    let support = wavelet::support(wavelet, 1e-9);
    let Some(reach) = wavelet::time_reach(wavelet, support, TIME_CUT) else {
        let (found, expected) = (f64::INFINITY, "a time in which it dies away");
        return Err(Error::Wavelet { property: "length", found, expected });
    };
    // The reach is in units of the scale in samples, which is peak·f_s/(2πf).
    let seconds = reach * wavelet.peak() / std::f64::consts::TAU;
    let guard = |f: &f64| (seconds / f * params.columns_per_second).ceil() + 1.0;
    let guards: Vec<f64> = frequencies.iter().map(guard).collect();
    let planner = Planner { guards: &guards, column };
    match params.latency {
        Latency::Unlimited => planner.fastest(),
        Latency::Seconds(seconds) => planner.live(seconds, params.columns_per_second),
    }
}

struct Planner<'a> {
    /// Columns until a row's wavelet has died away.
    guards: &'a [f64],
    column: ColumnLength,
}

impl Planner<'_> {
    fn blocks(&self, rows: Range<usize>, columns: u64, guard: u64) -> Result<Blocks, Error> {
        let samples = (columns / self.column.columns).saturating_mul(self.column.samples);
        if samples > LONGEST {
            return Err(too_long(samples as f64));
        }
        Ok(Blocks { rows, columns, samples, guard })
    }

    /// Blocks in which the guard is a small share.
    fn fastest(&self) -> Result<Vec<Blocks>, Error> {
        let unit = self.column.columns;
        let whole = |guard: f64| (guard as u64).next_multiple_of(unit);
        let longest = self.guards.iter().copied().fold(1.0, f64::max);
        let least = (2.0 * longest / LARGEST_GUARD).max(4.0 * (longest + unit as f64));
        if least * self.column.length() > LONGEST as f64 {
            return Err(too_long(least * self.column.length()));
        }
        let longest = smooth_multiple(least, unit);
        let lengths = std::iter::successors(Some(longest), |length| {
            let shorter = length / GROWTH;
            let samples = shorter as f64 * self.column.length();
            (shorter.is_multiple_of(unit) && shorter > 0 && samples >= SHORTEST as f64)
                .then_some(shorter)
        });
        let mut lengths: Vec<u64> = lengths.collect();
        lengths.reverse();
        let mut all = vec![];
        let mut row = 0;
        for columns in lengths {
            // Guards start and end at whole samples; where that makes them long, blocks are longer.
            let fits = |guard: f64| {
                2.0 * guard <= LARGEST_GUARD * columns as f64 && 4 * whole(guard) <= columns
            };
            let last = columns == longest;
            let count = self.guards[row..].iter().take_while(|g| last || fits(**g)).count();
            if count > 0 {
                let guard = whole(self.guards[row + count - 1]);
                all.push(self.blocks(row..row + count, columns, guard)?);
                row += count;
            }
        }
        Ok(all)
    }

    /// Blocks that are known within a time.
    fn live(&self, seconds: f64, columns_per_second: f64) -> Result<Vec<Blocks>, Error> {
        let unit = self.column.columns;
        let in_all = (seconds * columns_per_second + 1e-9).floor();
        if in_all < 2.0 * unit as f64 {
            return Err(Error::parameter("latency", seconds, "at least two columns"));
        }
        let in_all = in_all.min(LONGEST as f64) as u64 / unit * unit;
        let useful = ((in_all as f64 * LIVE_USEFUL) as u64).next_multiple_of(unit).max(unit);
        let most = (in_all - useful).max(unit);
        let whole = |guard: f64| (guard.min(most as f64) as u64).next_multiple_of(unit).min(most);
        let mut all = vec![];
        let mut end = self.guards.len();
        while end > 0 {
            let guard = whole(self.guards[end - 1]);
            let same = |g: &&f64| whole(**g) * LIVE_GROWTH > guard;
            let count = self.guards[..end].iter().rev().take_while(same).count();
            // The rest of a length that FFTs like is useful, too, if there is time for it.
            let columns = smooth_multiple((2 * guard + useful) as f64, unit);
            let longer = columns - 2 * guard;
            let columns = if longer + guard <= in_all { columns } else { 2 * guard + useful };
            all.push(self.blocks(end - count..end, columns, guard)?);
            end -= count;
        }
        all.reverse();
        Ok(all)
    }
}

fn too_long(samples: f64) -> Error {
    Error::TooLong {
        what: "a block for the lowest frequency",
        length: samples as u64,
        unit: "samples",
        limit: LONGEST,
    }
}

/// The smallest number from `least` on that has only the factors 2, 3, 5 and 7.
pub(super) fn smooth(least: u64) -> u64 {
    let is_smooth = |mut n: u64| {
        for p in [2u64, 3, 5, 7] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    (least.max(1)..).find(|n| is_smooth(*n)).unwrap_or(least)
}

/// The smallest multiple of `unit` by 2^a or 3·2^a that is at least `least`.
fn smooth_multiple(least: f64, unit: u64) -> u64 {
    let mut candidate = unit;
    while (candidate as f64) < least {
        // 2, 3, 4, 6, 8, 12 … times the unit.
        candidate = if (candidate / unit).is_power_of_two() && candidate / unit > 1 {
            candidate / 2 * 3
        } else if candidate == unit {
            2 * unit
        } else {
            candidate / 3 * 4
        };
    }
    candidate
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn block_lengths_grow_by_halves_and_thirds() {
        assert_eq!(smooth_multiple(128.0, 2), 128);
        assert_eq!(smooth_multiple(129.0, 2), 192);
        assert_eq!(smooth_multiple(129.0, 1), 192);
        assert_eq!(smooth_multiple(10.0, 200), 200);
        assert_eq!(smooth(47), 48);
        assert_eq!(smooth(11), 12);
    }

    fn blocks(params: &LogSpectrogramParams) -> Vec<Blocks> {
        let column = ColumnLength::new(params.sampling_rate, params.columns_per_second).unwrap();
        plan(params, &params.frequencies(), column).unwrap()
    }

    #[test]
    fn blocks_follow_from_the_wavelets() {
        let default = blocks(&LogSpectrogramParams::default());
        assert_eq!(default.len(), 2);
        assert_eq!((default[0].columns, default[1].columns), (128, 1024));
        // A thousand times faster, the same blocks.
        let fast = LogSpectrogramParams {
            sampling_rate: 44_100_000.0,
            f_min: 30_000.0,
            f_max: 12_000_000.0,
            columns_per_second: 200_000.0,
            ..Default::default()
        };
        assert_eq!(blocks(&fast), default);
    }

    #[test]
    fn live_blocks_are_known_in_time() {
        for seconds in [0.02, 0.05, 0.25, 0.5, 1.0, 3.0] {
            let latency = Latency::Seconds(seconds);
            let blocks = blocks(&LogSpectrogramParams { latency, ..Default::default() });
            let mut row = 0;
            for blocks in &blocks {
                assert_eq!(blocks.rows.start, row);
                row = blocks.rows.end;
                let columns = (blocks.useful() + blocks.guard) as f64;
                assert!(columns <= seconds * 200.0 + 1e-9, "{seconds}: {blocks:?}");
            }
            assert_eq!(row, 256);
        }
    }
}
