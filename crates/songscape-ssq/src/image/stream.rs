//! Samples in, columns out.

use std::sync::Arc;

use num_complex::Complex32;

use super::Plan;
use super::assign::{self, Assigned, Rows};
use super::band::{Band, Rate};
use crate::Error;

/// A signal on its way through a [`LogSpectrogram`](super::LogSpectrogram).
///
/// Columns come out in the order of time, once all samples that they depend on are known: about
/// 5 s late with the default parameters. The result does not depend on how the signal is cut into
/// pushes.
#[derive(Debug)]
pub struct LogSpectrogramStream {
    plan: Arc<Plan>,
    rows: Rows,
    /// Samples from `first_sample` on (negative ones, before the signal, are silent).
    samples: Vec<f32>,
    first_sample: i64,
    received: u64,
    /// For each band the first column that is not done.
    done: Vec<i64>,
    emitted: i64,
    ring: Vec<f32>,
    ring_mask: usize,
    work: Work,
}

#[derive(Debug)]
struct Work {
    block: Vec<f32>,
    spectrum: Vec<Complex32>,
    shifted: Vec<Complex32>,
    w: Vec<Complex32>,
    d: Vec<Complex32>,
    scratch: Vec<Complex32>,
    assigned: Assigned,
}

impl LogSpectrogramStream {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let longest = plan.bands.iter().map(|band| band.block).max().unwrap_or(0);
        let rates = || plan.bands.iter().flat_map(|band| &band.rates);
        let samples = rates().map(|rate| rate.inverse.len()).max().unwrap_or(0);
        let scratch = rates()
            .map(|rate| rate.inverse.get_inplace_scratch_len())
            .chain(plan.bands.iter().map(|band| band.forward.get_scratch_len()))
            .max()
            .unwrap_or(0);
        let shifted = rates().map(|rate| rate.shift.len()).max().unwrap_or(0);
        let zero = Complex32::new(0.0, 0.0);
        let work = Work {
            block: vec![0.0; longest],
            spectrum: vec![zero; longest / 2 + 1],
            shifted: vec![zero; shifted],
            w: vec![zero; samples],
            d: vec![zero; samples],
            scratch: vec![zero; scratch],
            assigned: Assigned::with_length(samples),
        };
        // Bands run ahead of each other by at most the useful part of the longest block.
        let ahead: i64 = plan.bands.iter().map(|band| 2 * (band.columns + band.guard)).sum();
        let ring_columns = (ahead as usize + 1).next_power_of_two();
        let count = plan.frequencies.len();
        let octaves = (plan.params.f_max / plan.params.f_min).log2();
        let rows = Rows { count, per_octave: ((count - 1) as f64 / octaves) as f32 };
        let first_sample =
            plan.bands.iter().map(|band| plan.column.start(-band.guard)).min().unwrap_or(0);
        Self {
            rows,
            samples: vec![0.0; first_sample.unsigned_abs() as usize],
            first_sample,
            received: 0,
            done: vec![0; plan.bands.len()],
            emitted: 0,
            ring: vec![0.0; ring_columns * count],
            ring_mask: ring_columns - 1,
            work,
            plan,
        }
    }

    /// Takes the next samples, and calls `emit` with each column that is finished: one energy per
    /// row, row 0 the highest frequency.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the index of the first sample that is NaN or infinite; nothing of
    /// `samples` is taken then.
    pub fn push(&mut self, samples: &[f32], emit: &mut dyn FnMut(&[f32])) -> Result<(), Error> {
        if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
            return Err(Error::NotFinite {
                index: self.received + index as u64,
                value: f64::from(samples[index]),
            });
        }
        // In pieces, so that a whole song at once needs no copy of the song.
        for piece in samples.chunks(1 << 16) {
            self.samples.extend_from_slice(piece);
            self.received += piece.len() as u64;
            self.advance(self.received as i64, i64::MAX, emit);
        }
        Ok(())
    }

    /// Ends the signal (what follows is silence) and emits the remaining columns, so that there
    /// are [`LogSpectrogram::columns`](super::LogSpectrogram::columns) in all.
    ///
    /// # Errors
    /// None at present.
    pub fn finish(mut self, emit: &mut dyn FnMut(&[f32])) -> Result<(), Error> {
        let columns = self.plan.column.count(self.received) as i64;
        self.advance(i64::MAX, columns, emit);
        Ok(())
    }

    /// Computes all blocks whose samples end before `available`, as far as `columns` need them.
    fn advance(&mut self, available: i64, columns: i64, emit: &mut dyn FnMut(&[f32])) {
        let plan = Arc::clone(&self.plan);
        let end = |band: &Band, done: i64| plan.column.start(done + band.columns + band.guard);
        // The order of the blocks must not depend on the pushes, since sums in floating point
        // depend on their order: always the block that can be done first.
        loop {
            let next = plan
                .bands
                .iter()
                .enumerate()
                .filter(|(i, _)| self.done[*i] < columns)
                .min_by_key(|(i, band)| (end(band, self.done[*i]), *i));
            let Some((i, band)) = next.filter(|(i, band)| end(band, self.done[*i]) <= available)
            else {
                break;
            };
            self.block(band, self.done[i]);
            self.done[i] += band.columns;
            self.emit(columns, emit);
        }
        self.forget();
    }

    fn emit(&mut self, columns: i64, emit: &mut dyn FnMut(&[f32])) {
        let finished = self.done.iter().copied().min().unwrap_or(0).min(columns);
        while self.emitted < finished {
            let start = (self.emitted as usize & self.ring_mask) * self.rows.count;
            let column = &mut self.ring[start..start + self.rows.count];
            emit(column);
            column.fill(0.0);
            self.emitted += 1;
        }
    }

    /// Drops samples that no block needs any more, once there are many.
    fn forget(&mut self) {
        let starts = self.plan.bands.iter().zip(&self.done);
        let needed = starts.map(|(band, done)| self.plan.column.start(done - band.guard)).min();
        let unused = (needed.unwrap_or(0) - self.first_sample).max(0) as usize;
        if unused > self.samples.len() / 2 {
            let unused = unused.min(self.samples.len());
            self.samples.drain(..unused);
            self.first_sample += unused as i64;
        }
    }

    fn block(&mut self, band: &Band, first_column: i64) {
        let start = self.plan.column.start(first_column - band.guard) - self.first_sample;
        let start = (start as usize).min(self.samples.len());
        let known = &self.samples[start..(start + band.block).min(self.samples.len())];
        let work = &mut self.work;
        let block = &mut work.block[..band.block];
        block[..known.len()].copy_from_slice(known);
        block[known.len()..].fill(0.0);
        let spectrum = &mut work.spectrum[..band.block / 2 + 1];
        // Its only errors are buffers of wrong lengths, and these come from the plan.
        let transformed = band.forward.process_with_scratch(
            block,
            spectrum,
            &mut work.scratch[..band.forward.get_scratch_len()],
        );
        debug_assert!(transformed.is_ok());
        for rate in &band.rates {
            work.shift(rate, band.block / 2 + 1);
            let useful = band.guard as usize * rate.per_column;
            let useful = useful..useful + band.columns as usize * rate.per_column;
            for row in &rate.rows {
                work.coefficients(rate, row);
                assign::energies_and_rows(
                    &work.w[useful.clone()],
                    &work.d[useful.clone()],
                    row.row as f32,
                    row.centre_ratio,
                    row.bin_ratio,
                    self.rows,
                    &mut work.assigned,
                );
                // The ring's columns of this block, in two parts where it wraps around.
                let (columns, count) = (band.columns as usize, self.rows.count);
                let from = first_column as usize & self.ring_mask;
                let before = (self.ring_mask + 1 - from).min(columns);
                let (start, end) = self.ring.split_at_mut(from * count);
                let cut = before * rate.per_column;
                let parts = [
                    (work.assigned.part(0..cut), &mut end[..before * count]),
                    (
                        work.assigned.part(cut..useful.len()),
                        &mut start[..(columns - before) * count],
                    ),
                ];
                for (part, cells) in parts {
                    assign::accumulate(part, rate.per_column, cells, count);
                }
            }
        }
    }
}

impl Work {
    /// The part of the block's spectrum that the rows of a rate need, moved by half a sample.
    fn shift(&mut self, rate: &Rate, bins: usize) {
        let spectrum = &self.spectrum[rate.first..bins];
        for ((to, x), shift) in self.shifted.iter_mut().zip(spectrum).zip(&rate.shift) {
            *to = x * shift;
        }
    }

    /// W and its derivative (in bins from the centre) at the samples of a row.
    fn coefficients(&mut self, rate: &Rate, row: &super::band::Row) {
        let length = rate.inverse.len();
        let (w, d) = (&mut self.w[..length], &mut self.d[..length]);
        let offset = row.first - rate.first;
        let (below, above) = row.filter.split_at(row.centre);
        let spectrum = &self.shifted[offset..offset + row.filter.len()];
        let (spectrum_below, spectrum_above) = spectrum.split_at(row.centre);
        let empty = length - below.len();
        w[above.len()..empty].fill(Complex32::new(0.0, 0.0));
        d[above.len()..empty].fill(Complex32::new(0.0, 0.0));
        filter(&mut w[..above.len()], &mut d[..above.len()], spectrum_above, above, 0.0);
        let first = -(below.len() as f32);
        filter(&mut w[empty..], &mut d[empty..], spectrum_below, below, first);
        let scratch = &mut self.scratch[..rate.inverse.get_inplace_scratch_len()];
        rate.inverse.process_with_scratch(w, scratch);
        rate.inverse.process_with_scratch(d, scratch);
    }
}

fn filter(w: &mut [Complex32], d: &mut [Complex32], x: &[Complex32], psi: &[f32], first: f32) {
    for (i, (((w, d), x), psi)) in w.iter_mut().zip(d).zip(x).zip(psi).enumerate() {
        let bin = first + i as f32;
        *w = x * psi;
        *d = *w * bin;
    }
}
