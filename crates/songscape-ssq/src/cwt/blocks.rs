//! Rows in blocks: short transforms over each wavelet's own band, and interpolation to the rate of
//! the signal.
//!
//! A wavelet has a compact spectrum, and dies away in time. So the signal is cut into blocks that
//! overlap by as much as the wavelet takes to die away (overlap-save); the block's spectrum times ψ̂
//! over its band, moved to bin 0, goes through an inverse FFT just long enough for the band; and a
//! short kernel interpolates (see [`kernel`](super::kernel)). What costs most is then to write the
//! result. Wavelets longer than that see the whole padded signal as one block, which is exact.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex;
use rayon::prelude::*;
use rustfft::{Fft, FftDirection};

use super::CwtParams;
use super::evaluate::{Carrier, Stretch};
use super::kernel::{KaiserBessel, Kernel};
use super::sample::{Forward, Sample};
use crate::filterbank::Norm;
use crate::real::Real;
use crate::wavelet;

/// Samples in the shortest block.
const SHORTEST: usize = 8192;
/// A block's samples over those of the guard on either side.
const BLOCK_PER_GUARD: usize = 8;
/// Columns that are computed before the next ones are begun: the useful parts of six blocks of the
/// shortest kind, or of one of 65,536 samples.
pub(crate) const SEGMENT: usize = 49_152;
/// Outputs in a cell, at most: what fits the tables of a kernel into the cache.
const MOST_PER_CELL: usize = 256;
/// Samples of a low-rate transform, at least.
const LEAST_CELLS: usize = 32;

/// The rows that are computed in blocks.
pub(super) struct Blocks<T: Real> {
    groups: Vec<Group<T>>,
    kernels: Vec<Kernel<T>>,
    /// Group and place in it of every row, or `None` for a row that is computed whole.
    places: Vec<Option<(usize, usize)>>,
}

/// Rows with blocks of one length.
struct Group<T: Real> {
    /// Samples of a block.
    block: usize,
    /// Samples on either side that are not used.
    guard: usize,
    /// Columns between the starts of blocks.
    useful: usize,
    forward: Forward<T>,
    rows: Vec<Row<T>>,
}

struct Row<T: Real> {
    /// First bin of the wavelet's band.
    first: usize,
    /// ψ̂ over its band, over the length of the block and the kernel's spectrum.
    filter: Vec<T>,
    /// The same with s·ψ̂' for ψ̂, s in seconds: the wavelet times time, but for −i. Empty where no
    /// second-order frequencies are asked for.
    moment: Vec<T>,
    carrier: Carrier<T>,
    /// Its place in the list of kernels.
    kernel: usize,
    inverse: Arc<dyn Fft<T>>,
}

/// The rows at their low rates, as far as a segment of the columns needs them.
pub(crate) struct Baseband<T> {
    groups: Vec<Held<T>>,
}

impl<T> Baseband<T> {
    /// Forgets what was computed of another signal.
    pub fn forget(&mut self) {
        self.groups.iter_mut().for_each(|held| held.blocks = 0..0);
    }
}

/// The blocks of a group that are held.
struct Held<T> {
    /// Which, none before there are any.
    blocks: Range<usize>,
    spectra: Vec<Vec<Complex<T>>>,
    /// For every row its cells, block after block.
    rows: Vec<RowCells<T>>,
}

/// The cells of a row, and those of the wavelet times time.
#[derive(Default)]
struct RowCells<T> {
    values: Vec<Complex<T>>,
    moments: Vec<Complex<T>>,
}

/// How a row is computed in blocks.
struct Layout {
    scale: f64,
    block: usize,
    per_cell: usize,
    /// First and last bin of its band.
    band: (usize, usize),
}

impl Layout {
    /// The layout for a wavelet between `low` and `high` radians that dies away within `reach`
    /// scales, or `None` where it reaches half the sampling rate or fills most of the spectrum.
    fn new<T: Real>(
        scale: f64,
        (low, high): (f64, f64),
        reach: f64,
        padded: usize,
    ) -> Option<Self> {
        let block = std::iter::successors(Some(SHORTEST), |block| block.checked_mul(2))
            .find(|block| (block / BLOCK_PER_GUARD) as f64 >= reach * scale || *block >= padded)
            .filter(|block| *block < padded)
            .unwrap_or(padded);
        let bin = std::f64::consts::TAU / block as f64;
        let band = ((low / (scale * bin)).floor(), (high / (scale * bin)).ceil());
        let cells = (T::OVERSAMPLING * (band.1 - band.0 + 1.0)).max(LEAST_CELLS as f64);
        let per_cell = std::iter::successors(Some(2), |n| Some(2 * n))
            .take_while(|n| *n <= MOST_PER_CELL && (block / n) as f64 >= cells)
            .take_while(|n| block.is_multiple_of(*n))
            .last()?;
        let below_nyquist = band.1 < (block / 2) as f64;
        let band = (band.0 as usize, band.1 as usize);
        below_nyquist.then_some(Self { scale, block, per_cell, band })
    }

    /// A function of w over the band, over the length of the block and the kernel's spectrum.
    fn filter<T: Real>(&self, norm: Norm, shape: KaiserBessel, f: impl Fn(f64) -> f64) -> Vec<T> {
        let (first, last) = self.band;
        let centre = first.midpoint(last) as f64;
        let cells = self.cells() as f64;
        let bin = std::f64::consts::TAU / self.block as f64;
        let norm = if norm == Norm::L2 { self.scale.sqrt() } else { 1.0 } / self.block as f64;
        let value = |k: usize| {
            let offset = (k as f64 - centre) / cells;
            T::of(norm * f(self.scale * (k as f64 * bin)) / shape.spectrum(offset))
        };
        (first..=last).map(value).collect()
    }

    /// Points of the row's inverse FFT.
    fn cells(&self) -> usize {
        self.block / self.per_cell
    }
}

impl<T: Real> Blocks<T> {
    /// Plans the rows of `scales` for signals of `columns` samples, padded to `padded`.
    pub fn new(
        params: &CwtParams,
        scales: &[f64],
        columns: usize,
        padded: usize,
        second_order: bool,
    ) -> Self {
        let wavelet = params.wavelet.as_ref();
        let support = wavelet::support(wavelet, T::BAND_CUT);
        let reach = wavelet::time_reach(wavelet, support, T::TIME_CUT).unwrap_or(f64::INFINITY);
        let layout = |scale: &f64| Layout::new::<T>(*scale, support, reach, padded);
        let layouts: Vec<Option<Layout>> = scales.iter().map(layout).collect();

        let distinct = |value: fn(&Layout) -> usize| -> Vec<usize> {
            let values: BTreeSet<usize> = layouts.iter().flatten().map(value).collect();
            values.into_iter().collect()
        };
        let shape = KaiserBessel::new::<T>();
        let rates = distinct(|layout| layout.per_cell);
        let kernel =
            |per_cell: &usize| Kernel::new(shape, *per_cell, params.sampling_rate, second_order);
        let kernels: Vec<Kernel<T>> = rates.iter().map(kernel).collect();
        let plan = |cells| (cells, T::plan_fft(cells, FftDirection::Inverse));
        let inverses = distinct(Layout::cells).into_iter().map(plan).collect();

        let mut places = vec![None; layouts.len()];
        let mut groups = vec![];
        for block in distinct(|layout| layout.block) {
            let mut of_group = vec![];
            for (place, layout) in places.iter_mut().zip(&layouts) {
                if let Some(layout) = layout.as_ref().filter(|layout| layout.block == block) {
                    *place = Some((groups.len(), of_group.len()));
                    of_group.push(layout);
                }
            }
            let row = |layout: &&Layout| {
                let mut row = Row::new(layout, params, shape, &rates, &inverses);
                if second_order {
                    row.moment = Row::moment(layout, params, shape);
                }
                row
            };
            let whole = block == padded;
            let guard = if whole { 0 } else { block / BLOCK_PER_GUARD };
            groups.push(Group {
                block,
                guard,
                useful: if whole { columns } else { block - 2 * guard },
                forward: Forward::new(block),
                rows: of_group.par_iter().map(row).collect(),
            });
        }
        Self { groups, kernels, places }
    }

    /// Whether a row is computed in blocks.
    pub fn has(&self, row: usize) -> bool {
        self.places[row].is_some()
    }

    /// Room for the low rates of a segment.
    pub fn baseband(&self) -> Baseband<T> {
        let held = |group: &Group<T>| Held {
            blocks: 0..0,
            spectra: vec![],
            rows: group.rows.iter().map(|_| RowCells::default()).collect(),
        };
        Baseband { groups: self.groups.iter().map(held).collect() }
    }

    /// Computes the low rates for some columns, one of the segments of [`SEGMENT`] columns, from
    /// the padded signal, in which column 0 is at `before`.
    pub fn fill<S: Sample<T>>(
        &self,
        padded: &[S],
        before: usize,
        columns: &Range<usize>,
        baseband: &mut Baseband<T>,
    ) {
        self.groups.par_iter().zip(&mut baseband.groups).for_each(|(group, held)| {
            let blocks = columns.start / group.useful..columns.end.div_ceil(group.useful);
            // Blocks longer than a segment serve several.
            if held.blocks == blocks {
                return;
            }
            held.blocks = blocks.clone();
            held.spectra.resize_with(blocks.len(), Vec::new);
            held.spectra.par_iter_mut().zip(blocks).for_each_init(
                || vec![S::zero(); group.block],
                |buffer, (spectrum, block)| {
                    let start = before + block * group.useful + padded.len() - group.guard;
                    copy_around(padded, start % padded.len(), buffer);
                    S::spectrum(&group.forward, buffer, spectrum);
                },
            );
            group.rows.par_iter().zip(&mut held.rows).for_each_init(Vec::new, |scratch, task| {
                let (row, RowCells { values, moments }) = task;
                let kernel = &self.kernels[row.kernel];
                values.clear();
                moments.clear();
                for spectrum in &held.spectra {
                    row.cells(&row.filter, group, kernel, spectrum, values, scratch);
                    if !row.moment.is_empty() {
                        row.cells(&row.moment, group, kernel, spectrum, moments, scratch);
                    }
                }
            });
        });
    }

    /// What is needed to evaluate a row from a column on (a multiple of [`LANES`] columns into its
    /// block), and the columns that its block still has; `None` for a row that is computed whole.
    ///
    /// [`LANES`]: super::kernel::LANES
    pub fn stretch<'a>(
        &'a self,
        baseband: &'a Baseband<T>,
        row: usize,
        column: usize,
    ) -> Option<(Stretch<'a, T>, usize)> {
        let (group, place) = self.places[row]?;
        let held = &baseband.groups[group];
        let group = &self.groups[group];
        let row = &group.rows[place];
        let kernel = &self.kernels[row.kernel];
        let cells = &held.rows[place];
        let length = cells_of_block(group, kernel);
        let from = (column / group.useful - held.blocks.start) * length;
        let start = column % group.useful;
        let moments = cells.moments.get(from..from + length).unwrap_or_default();
        let cells = &cells.values[from..from + length];
        let (carrier, guard) = (&row.carrier, group.guard);
        let stretch = Stretch { cells, moments, kernel, carrier, start, guard };
        Some((stretch, group.useful - start))
    }
}

/// Cells of a block's useful part, with those that the kernel needs around them.
fn cells_of_block<T: Real>(group: &Group<T>, kernel: &Kernel<T>) -> usize {
    group.useful.div_ceil(kernel.per_cell) + kernel.taps
}

/// Copies as much as `to` takes from a circular signal.
fn copy_around<S: Copy>(signal: &[S], start: usize, to: &mut [S]) {
    let (first, rest) = to.split_at_mut(to.len().min(signal.len() - start));
    first.copy_from_slice(&signal[start..start + first.len()]);
    rest.copy_from_slice(&signal[..rest.len()]);
}

impl<T: Real> Row<T> {
    fn new(
        layout: &Layout,
        params: &CwtParams,
        shape: KaiserBessel,
        rates: &[usize],
        inverses: &BTreeMap<usize, Arc<dyn Fft<T>>>,
    ) -> Self {
        let &Layout { block, per_cell, band: (first, last), .. } = layout;
        let centre = first.midpoint(last);
        let cells = layout.cells();
        Self {
            first,
            filter: layout.filter(params.norm, shape, |w| params.wavelet.spectrum(w)),
            moment: vec![],
            carrier: Carrier::new(centre, block, params.sampling_rate),
            kernel: rates.iter().position(|rate| *rate == per_cell).unwrap_or(0),
            inverse: Arc::clone(&inverses[&cells]),
        }
    }

    /// The filter of the wavelet times time.
    fn moment(layout: &Layout, params: &CwtParams, shape: KaiserBessel) -> Vec<T> {
        let seconds = layout.scale / params.sampling_rate;
        layout.filter(params.norm, shape, |w| seconds * params.wavelet.slope(w))
    }

    /// Appends the cells of one block.
    fn cells(
        &self,
        filter: &[T],
        group: &Group<T>,
        kernel: &Kernel<T>,
        spectrum: &[Complex<T>],
        cells: &mut Vec<Complex<T>>,
        scratch: &mut Vec<Complex<T>>,
    ) {
        let zero = Complex::new(T::zero(), T::zero());
        let length = self.inverse.len();
        scratch.resize(length + self.inverse.get_inplace_scratch_len(), zero);
        let (buffer, fft) = scratch.split_at_mut(length);
        let below = self.carrier.bin - self.first;
        let above = filter.len() - below;
        let (filter_below, filter_above) = filter.split_at(below);
        let band = &spectrum[self.first..self.first + filter.len()];
        let (band_below, band_above) = band.split_at(below);
        let multiply = |out: &mut [Complex<T>], x: &[Complex<T>], psi: &[T]| {
            for ((out, x), psi) in out.iter_mut().zip(x).zip(psi) {
                *out = x * psi;
            }
        };
        multiply(&mut buffer[..above], band_above, filter_above);
        buffer[above..length - below].fill(zero);
        multiply(&mut buffer[length - below..], band_below, filter_below);
        self.inverse.process_with_scratch(buffer, fft);
        let start = length + group.guard / kernel.per_cell - kernel.before;
        let from = cells.len();
        cells.resize(from + cells_of_block(group, kernel), zero);
        // At most once and a bit around.
        let mut rest = &mut cells[from..];
        let mut start = start % length;
        while !rest.is_empty() {
            let (part, later) = rest.split_at_mut(rest.len().min(length - start));
            part.copy_from_slice(&buffer[start..start + part.len()]);
            (rest, start) = (later, 0);
        }
    }
}
