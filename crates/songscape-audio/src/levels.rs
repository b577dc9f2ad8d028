//! The levels of one song while its reference is not known yet.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::grey::{self, Histogram};

/// Levels of this many pixels stay in memory (64 MiB); those of longer songs go to a file without
/// a name, which the system removes with the process.
const IN_MEMORY: usize = 1 << 25;

/// The levels of a song in time-major order, `[columns, rows]`, in hundredths of a decibel.
pub(crate) struct Levels {
    rows: usize,
    columns: u64,
    recent: Vec<i16>,
    spilled: Option<File>,
    histogram: Histogram,
}

impl Levels {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            rows,
            columns: 0,
            recent: Vec::new(),
            spilled: None,
            histogram: Histogram::default(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn columns(&self) -> u64 {
        self.columns
    }

    pub(crate) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// Adds one column of energies, row 0 first.
    pub(crate) fn push(&mut self, energies: &[f32]) {
        self.columns += 1;
        for &energy in energies {
            let level = grey::level(energy);
            self.histogram.add(level);
            self.recent.push(level);
        }
    }

    /// Moves the levels out of memory when there are many; `folder` is where the file lies.
    pub(crate) fn spill(&mut self, folder: &Path) -> io::Result<()> {
        if self.recent.len() < IN_MEMORY {
            return Ok(());
        }
        let file = match &mut self.spilled {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(folder)?),
        };
        let bytes: Vec<u8> = self.recent.iter().flat_map(|level| level.to_le_bytes()).collect();
        file.write_all(&bytes)?;
        self.recent.clear();
        Ok(())
    }

    /// Calls `each` with runs of whole columns, in order. Can be called again.
    pub(crate) fn for_each_run(&mut self, mut each: impl FnMut(&[i16])) -> io::Result<()> {
        if let Some(file) = &mut self.spilled {
            let mut bytes = vec![0; self.rows * 2 * 4096];
            let mut run = Vec::with_capacity(bytes.len() / 2);
            let mut left = 2 * (self.columns as usize * self.rows - self.recent.len());
            file.seek(SeekFrom::Start(0))?;
            while left > 0 {
                let now = left.min(bytes.len());
                file.read_exact(&mut bytes[..now])?;
                run.clear();
                run.extend(bytes[..now].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])));
                each(&run);
                left -= now;
            }
        }
        if !self.recent.is_empty() {
            each(&self.recent);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spilled_levels_come_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let rows = 1 << 13;
        let mut levels = Levels::new(rows);
        let energy = |column: usize| 0.5 * 10_f32.powf(column as f32 / 1000.0);
        let columns = 2 * IN_MEMORY / rows + 10;
        for column in 0..columns {
            levels.push(&vec![energy(column); rows]);
            levels.spill(folder.path()).unwrap();
        }
        assert!(levels.spilled.is_some());
        assert_eq!(levels.recent.len(), 10 * rows);
        for _ in 0..2 {
            let mut column = 0;
            levels
                .for_each_run(|run| {
                    for levels in run.chunks_exact(rows) {
                        assert!(levels.iter().all(|&level| level == column as i16));
                        column += 1;
                    }
                })
                .unwrap();
            assert_eq!(column, columns);
        }
    }
}
