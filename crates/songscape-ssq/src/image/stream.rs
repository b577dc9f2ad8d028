//! Samples in, columns out.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Plan;
use super::band::Band;
use super::tile::{RUN, Work, add_columns};
use crate::Error;

/// A signal on its way through a [`LogSpectrogram`](super::LogSpectrogram).
///
/// Columns come out in the order of time, once all samples that they depend on are known:
/// [`LogSpectrogram::latency`](super::LogSpectrogram::latency) after they began. The result does
/// not depend on how the signal is cut into pushes.
#[derive(Debug)]
pub struct LogSpectrogramStream {
    plan: Arc<Plan>,
    first_sample: i64,
    received: u64,
    bands: Vec<Done>,
    emitted: i64,
    memory: Memory,
}

/// What a stream works in. It goes back to the plan when the stream ends, since new memory of the
/// operating system costs as much as a second of sound.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Samples from the stream's `first_sample` on (negative ones, before the signal, are silent).
    samples: Vec<f32>,
    work: Work,
    /// A few columns on their way out.
    columns: Vec<f32>,
    /// Tiles that can be used again.
    spare: Vec<Tile>,
}

impl Memory {
    fn new(plan: &Plan) -> Self {
        let columns = vec![0.0; RUN * plan.frequencies.len()];
        Self { samples: vec![], work: Work::new(plan), columns, spare: vec![] }
    }
}

/// What ended streams worked in, for the next ones: as much as there are threads.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Memory>>);

impl Spare {
    fn take(&self) -> Option<Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, memory: Memory) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < rayon::current_num_threads() {
            free.push(memory);
        }
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").finish_non_exhaustive()
    }
}

impl Drop for LogSpectrogramStream {
    fn drop(&mut self) {
        let mut memory = std::mem::take(&mut self.memory);
        memory.spare.extend(self.bands.iter_mut().flat_map(|done| done.tiles.drain(..)));
        self.plan.memory.put(memory);
    }
}

/// The cells of the useful columns of a block, row by row: what falls to a row, and to the next.
type Tile = Vec<[f32; 2]>;

/// What is done of a band.
#[derive(Debug, Default)]
struct Done {
    /// The first column that is not.
    end: i64,
    /// The first column of the first of these.
    start: i64,
    tiles: VecDeque<Tile>,
}

/// Samples above this have no energies in this precision.
const LARGEST: f32 = 1e18;

/// Refuses samples that no energies can be computed of; `received` came before them.
pub(super) fn check(samples: &[f32], received: u64) -> Result<(), Error> {
    // In parts that are compared side by side.
    if samples.chunks(256).all(|part| part.iter().fold(true, |fine, x| fine & (x.abs() <= LARGEST)))
    {
        return Ok(());
    }
    if let Some(index) = samples.iter().position(|x| !x.is_finite()) {
        let (index, value) = (received + index as u64, f64::from(samples[index]));
        return Err(Error::NotFinite { index, value });
    }
    if let Some(index) = samples.iter().position(|x| x.abs() > LARGEST) {
        let largest = f64::from(samples[index].abs());
        return Err(Error::Overflow { largest, limit: f64::from(LARGEST) });
    }
    Ok(())
}

impl LogSpectrogramStream {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let starts = plan.bands.iter().map(|band| plan.column.start(-band.guard));
        let first_sample = starts.min().unwrap_or(0);
        let mut memory = plan.memory.take().unwrap_or_else(|| Memory::new(&plan));
        memory.samples.clear();
        memory.samples.resize(first_sample.unsigned_abs() as usize, 0.0);
        Self {
            first_sample,
            received: 0,
            bands: plan.bands.iter().map(|_| Done::default()).collect(),
            emitted: 0,
            memory,
            plan,
        }
    }

    /// Takes the next samples, and calls `emit` with each column that is finished: one energy per
    /// row, row 0 the highest frequency.
    ///
    /// # Errors
    /// [`Error::NotFinite`] with the index of the first sample that is NaN or infinite,
    /// [`Error::Overflow`] for samples above 1e18, whose energies would not be numbers; nothing of
    /// `samples` is taken then.
    pub fn push(&mut self, samples: &[f32], emit: &mut dyn FnMut(&[f32])) -> Result<(), Error> {
        check(samples, self.received)?;
        // In pieces, so that a whole song at once needs no copy of the song.
        for piece in samples.chunks(1 << 16) {
            self.memory.samples.extend_from_slice(piece);
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
        // Always the block that can be done first, so that few tiles wait.
        loop {
            let next = plan
                .bands
                .iter()
                .enumerate()
                .filter(|(i, _)| self.bands[*i].end < columns)
                .min_by_key(|(i, band)| (end(band, self.bands[*i].end), *i));
            let Some((i, band)) =
                next.filter(|(i, band)| end(band, self.bands[*i].end) <= available)
            else {
                break;
            };
            self.block(i, band, columns);
            self.emit(columns, emit);
        }
        self.forget();
    }

    fn block(&mut self, i: usize, band: &Band, columns: i64) {
        let first = self.bands[i].end;
        let start = self.plan.column.start(first - band.guard) - self.first_sample;
        let known = &self.memory.samples[(start as usize).min(self.memory.samples.len())..];
        let mut tile = self.memory.spare.pop().unwrap_or_default();
        tile.clear();
        tile.resize(band.columns as usize * self.plan.frequencies.len(), [0.0; 2]);
        let wanted = (columns - first).min(band.columns) as usize;
        self.memory.work.tile(band, known, wanted, &mut tile);
        let done = &mut self.bands[i];
        done.tiles.push_back(tile);
        done.end += band.columns;
    }

    fn emit(&mut self, columns: i64, emit: &mut dyn FnMut(&[f32])) {
        let finished = self.bands.iter().map(|done| done.end).min().unwrap_or(0).min(columns);
        let rows = self.plan.frequencies.len();
        while self.emitted < finished {
            // A few at a time, as far as no block ends.
            let mut count = (finished - self.emitted).min(RUN as i64);
            for (done, band) in self.bands.iter().zip(&self.plan.bands) {
                count = count.min(done.start + band.columns - self.emitted);
            }
            let columns = &mut self.memory.columns[..count as usize * rows];
            columns.fill(0.0);
            for (done, band) in self.bands.iter_mut().zip(&self.plan.bands) {
                let place = self.emitted - done.start;
                if let Some(tile) = done.tiles.front() {
                    add_columns(tile, band.columns as usize, place as usize, columns);
                }
                if place + count == band.columns {
                    done.start += band.columns;
                    self.memory.spare.extend(done.tiles.pop_front());
                }
            }
            columns.chunks_exact(rows).for_each(&mut *emit);
            self.emitted += count;
        }
    }

    /// Drops samples that no block needs any more, once there are many.
    fn forget(&mut self) {
        let starts = self.plan.bands.iter().zip(&self.bands);
        let needed = starts.map(|(band, done)| self.plan.column.start(done.end - band.guard)).min();
        let unused = (needed.unwrap_or(0) - self.first_sample).max(0) as usize;
        if unused > self.memory.samples.len() / 2 {
            let unused = unused.min(self.memory.samples.len());
            self.memory.samples.drain(..unused);
            self.first_sample += unused as i64;
        }
    }
}
