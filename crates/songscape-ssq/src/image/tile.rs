//! The useful columns of one block: from samples to sums of energies.

use multiversion::multiversion;
use num_complex::Complex32;

use super::Plan;
use super::assign::{self, Assigned, BEFORE, BETWEEN, Rows, Samples};
use super::band::{Band, Rate, Row};

/// Coefficients that are computed before they are summed: few enough to stay in the nearest cache.
const AT_A_TIME: usize = 1024;

/// Memory to compute tiles in, for one thread.
#[derive(Debug, Default)]
pub(super) struct Work {
    rows: Rows,
    block: Vec<f32>,
    spectrum: Vec<Complex32>,
    shifted: Vec<Complex32>,
    w: Vec<Complex32>,
    samples: Samples,
    scratch: Vec<Complex32>,
    assigned: Assigned,
}

impl Work {
    pub fn new(plan: &Plan) -> Self {
        let longest = plan.bands.iter().map(|band| band.block).max().unwrap_or(0);
        let rates = || plan.bands.iter().flat_map(|band| &band.rates);
        let most = |length: &dyn Fn(&Rate) -> usize| rates().map(length).max().unwrap_or(0);
        let scratch = plan.bands.iter().map(|band| band.forward.get_scratch_len());
        let scratch = scratch.max().unwrap_or(0);
        let scratch = most(&|rate| rate.inverse.get_inplace_scratch_len()).max(scratch);
        let zero = Complex32::new(0.0, 0.0);
        let count = plan.frequencies.len();
        let per_octave = (std::f64::consts::LN_2 / plan.params.log_step()) as f32;
        Self {
            rows: Rows { count, per_octave, columns: 0 },
            block: vec![0.0; longest],
            spectrum: vec![zero; longest / 2 + 1],
            shifted: vec![zero; most(&|rate| rate.shift.len())],
            w: vec![zero; most(&|rate| rate.inverse.len())],
            samples: Samples::default(),
            scratch: vec![zero; scratch],
            assigned: Assigned::default(),
        }
    }

    /// Adds the energies of a block, from `known` samples and silence after them, to the cells of
    /// its useful columns, `[rows, columns]`; of those only the first `wanted`.
    pub fn tile(&mut self, band: &Band, known: &[f32], wanted: usize, cells: &mut [[f32; 2]]) {
        self.rows.columns = band.columns as u32;
        let known = &known[..known.len().min(band.block)];
        let block = &mut self.block[..band.block];
        block[..known.len()].copy_from_slice(known);
        block[known.len()..].fill(0.0);
        let bins = band.block / 2 + 1;
        // Its only errors are buffers of wrong lengths, and these come from the plan.
        let transformed = band.forward.process_with_scratch(
            block,
            &mut self.spectrum[..bins],
            &mut self.scratch[..band.forward.get_scratch_len()],
        );
        debug_assert!(transformed.is_ok());
        for rate in &band.rates {
            let spectrum = &self.spectrum[rate.first..bins];
            turn(&mut self.shifted[..rate.shift.len()], spectrum, &rate.shift);
            for row in &rate.rows {
                self.samples(band, rate, row);
                self.sums(wanted, rate, row, cells);
            }
        }
    }

    /// W at the samples of the useful columns, and the few around them that others depend on.
    fn samples(&mut self, band: &Band, rate: &Rate, row: &Row) {
        let length = rate.inverse.len();
        let w = &mut self.w[..length];
        let offset = row.first - rate.first;
        let (below, above) = row.filter.split_at(row.centre);
        let spectrum = &self.shifted[offset..offset + row.filter.len()];
        let (spectrum_below, spectrum_above) = spectrum.split_at(row.centre);
        let empty = length - below.len();
        multiply(&mut w[..above.len()], spectrum_above, above);
        w[above.len()..empty].fill(Complex32::new(0.0, 0.0));
        multiply(&mut w[empty..], spectrum_below, below);
        let scratch = &mut self.scratch[..rate.inverse.get_inplace_scratch_len()];
        rate.inverse.process_with_scratch(w, scratch);

        let useful = band.columns as usize * rate.per_column;
        let count = useful + BETWEEN;
        let start = (band.guard as usize * rate.per_column + length - BEFORE) % length;
        self.samples.re.resize(count, 0.0);
        self.samples.im.resize(count, 0.0);
        // Where guards are short, around the block's ends.
        let (mut place, mut from) = (0, start);
        while place < count {
            let part = (count - place).min(length - from);
            let (re, im) = (&mut self.samples.re[place..], &mut self.samples.im[place..]);
            split(&w[from..from + part], &mut re[..part], &mut im[..part]);
            (place, from) = (place + part, 0);
        }
    }

    /// Frequencies of the coefficients, and the sums by column, a few columns at a time.
    fn sums(&mut self, wanted: usize, rate: &Rate, row: &Row, cells: &mut [[f32; 2]]) {
        let per_column = rate.per_column;
        // Four columns take turns.
        let columns = (AT_A_TIME / per_column / 4 * 4).max(4);
        let rows = self.rows;
        let Samples { re, im } = &self.samples;
        for first in (0..wanted).step_by(columns) {
            let from = first * per_column;
            self.assigned.resize(columns.min(wanted - first) * per_column);
            let samples = (&re[from..], &im[from..]);
            let out = &mut self.assigned;
            assign::at_samples(samples, row.slopes, row.place, rows, out);
            assign::accumulate(out, per_column, cells, first);
            for (values, slopes) in &row.between {
                assign::between_samples(samples, values, slopes, row.place, rows, out);
                assign::accumulate(out, per_column, cells, first);
            }
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn multiply(w: &mut [Complex32], x: &[Complex32], psi: &[f32]) {
    for ((w, x), psi) in w.iter_mut().zip(x).zip(psi) {
        *w = x * psi;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn turn(to: &mut [Complex32], x: &[Complex32], by: &[Complex32]) {
    for ((to, x), by) in to.iter_mut().zip(x).zip(by) {
        *to = x * by;
    }
}

/// Real and imaginary parts apart.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
fn split(w: &[Complex32], re: &mut [f32], im: &mut [f32]) {
    for ((re, im), w) in re.iter_mut().zip(im).zip(w) {
        (*re, *im) = (w.re, w.im);
    }
}

/// Columns whose cells share a cache line.
pub(super) const RUN: usize = 8;

/// Adds the energies of the cells of up to [`RUN`] columns of a tile, each with its share of the next
/// row, to `out`, `[columns, rows]`.
pub(super) fn add_columns(tile: &[[f32; 2]], columns: usize, first: usize, out: &mut [f32]) {
    let rows = tile.len() / columns;
    let count = out.len() / rows;
    let mut carried = [0.0; RUN];
    for (row, cells) in tile.chunks_exact(columns).enumerate() {
        for (i, [here, next]) in cells[first..first + count].iter().enumerate() {
            out[i * rows + row] += here + carried[i];
            carried[i] = *next;
        }
    }
}
