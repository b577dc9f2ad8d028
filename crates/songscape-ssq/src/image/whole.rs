//! Images of whole signals, on all cores.

use ndarray::Array2;
use rayon::prelude::*;

use super::band::Band;
use super::stream::check;
use super::tile::{RUN, Work, add_columns};
use super::{LogSpectrogram, Plan};
use crate::Error;

/// Columns that are computed at a time, at least: what bounds the memory for tiles.
const AT_A_TIME: i64 = 1 << 14;

impl LogSpectrogram {
    /// The image of a whole signal, `[rows, columns]`, row 0 the highest frequency: the same bits as
    /// a stream's columns. Its blocks are shared out over the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for NaN and infinities, [`Error::Overflow`] for samples above 1e18,
    /// [`Error::Memory`] where there is none for the result.
    pub fn image(&self, signal: &[f32]) -> Result<Array2<f32>, Error> {
        check(signal, 0)?;
        let plan = &*self.plan;
        let (rows, columns) = (self.rows(), self.columns(signal.len() as u64) as usize);
        let missing = || Error::Memory { what: "an image", rows, columns };
        let length = rows.checked_mul(columns).ok_or_else(missing)?;
        // Column after column, as they are computed; turned around by the strides.
        let mut values = bytemuck::try_zeroed_vec(length).map_err(|()| missing())?;
        let mut from = 0;
        while from < columns as i64 {
            let to = (from + AT_A_TIME).min(columns as i64);
            let part = &mut values[from as usize * rows..to as usize * rows];
            fill(plan, signal, from..to, part);
            from = to;
        }
        let image = Array2::from_shape_vec((columns, rows), values).map_err(|_| missing())?;
        Ok(image.reversed_axes())
    }

    /// Images of several signals of any length, on all cores: `done` gets the place of a signal in
    /// the sequence and its image, in any order, from any thread. The same bits as one by one.
    pub fn images<'a>(
        &self,
        signals: impl IntoIterator<Item = &'a [f32]>,
        done: impl Fn(usize, Result<Array2<f32>, Error>) + Sync,
    ) {
        let signals: Vec<&[f32]> = signals.into_iter().collect();
        signals.par_iter().enumerate().for_each(|(i, signal)| done(i, self.image(signal)));
    }
}

/// Some columns of a signal's image, `[columns, rows]`.
fn fill(plan: &Plan, signal: &[f32], columns: std::ops::Range<i64>, out: &mut [f32]) {
    let rows = plan.frequencies.len();
    // Long blocks first, so that no thread is left with one at the end.
    let mut blocks: Vec<(usize, &Band, i64)> = vec![];
    for (i, band) in plan.bands.iter().enumerate().rev() {
        let first = columns.start.div_euclid(band.columns) * band.columns;
        let starts = (first..columns.end).step_by(band.columns as usize);
        blocks.extend(starts.map(|start| (i, band, start)));
    }
    let tiles: Vec<(usize, i64, Vec<[f32; 2]>)> = blocks
        .into_par_iter()
        .with_max_len(1)
        .map_init(
            || (Work::new(plan), vec![]),
            |(work, padded), (i, band, start)| {
                let mut cells = vec![[0.0; 2]; band.columns as usize * rows];
                let first = plan.column.start(start - band.guard);
                let known = if first < 0 {
                    let before = first.unsigned_abs() as usize;
                    padded.clear();
                    padded.resize(before, 0.0);
                    padded.extend(signal.iter().take(band.block.saturating_sub(before)));
                    &padded[..]
                } else {
                    &signal[(first as usize).min(signal.len())..]
                };
                let wanted = (columns.end - start).min(band.columns) as usize;
                work.tile(band, known, wanted, &mut cells);
                (i, start, cells)
            },
        )
        .collect();
    let find = |band: usize, column: i64| {
        tiles.iter().find(|(i, start, _)| {
            *i == band && (*start..*start + plan.bands[band].columns).contains(&column)
        })
    };
    out.par_chunks_mut(rows * RUN).enumerate().for_each(|(run, out)| {
        let (mut first, end) = (run * RUN, run * RUN + out.len() / rows);
        // Up to where a block of any band ends.
        while first < end {
            let column = columns.start + first as i64;
            let mut count = end - first;
            for band in &plan.bands {
                let left = band.columns - column.rem_euclid(band.columns);
                count = count.min(left as usize);
            }
            let from = (first - run * RUN) * rows;
            let part = &mut out[from..from + count * rows];
            for (i, band) in plan.bands.iter().enumerate() {
                if let Some((_, start, cells)) = find(i, column) {
                    add_columns(cells, band.columns as usize, (column - start) as usize, part);
                }
            }
            first += count;
        }
    });
}
