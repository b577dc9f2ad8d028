//! The levels of one song while its reference is not known yet.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crate::grey::{self, Histogram};

/// Levels of this many pixels stay in memory (64 MiB); those of longer songs go to a file without
/// a name, which the system removes with the process.
const IN_MEMORY: usize = 1 << 25;

/// The levels of a song in time-major order, `[columns, rows]`, in hundredths of a decibel.
#[derive(Debug)]
pub(crate) struct Levels {
    rows: usize,
    /// The highest level of each column.
    highest: Vec<i16>,
    /// The columns that count.
    kept: Range<usize>,
    recent: Vec<i16>,
    spilled: Option<File>,
    histogram: Histogram,
}

impl Levels {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            rows,
            highest: Vec::new(),
            kept: 0..0,
            recent: Vec::new(),
            spilled: None,
            histogram: Histogram::default(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The columns that count, of all that were pushed.
    pub(crate) fn kept(&self) -> Range<usize> {
        self.kept.clone()
    }

    pub(crate) fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// Adds one column of energies, row 0 first.
    pub(crate) fn push(&mut self, energies: &[f32]) {
        let mut highest = i16::MIN;
        for &energy in energies {
            let level = grey::level(energy);
            highest = highest.max(level);
            self.histogram.add(level);
            self.recent.push(level);
        }
        self.highest.push(highest);
        self.kept.end += 1;
    }

    /// From here on leaves out the columns at both ends in which every level is `dark`.
    pub(crate) fn trim(&mut self, dark: impl Fn(i16) -> bool) {
        let bright = |level: &i16| !dark(*level);
        let start = self.highest.iter().position(bright).unwrap_or(self.highest.len());
        let end = self.highest.iter().rposition(bright).map_or(start, |last| last + 1);
        self.kept = start..end;
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
        let (kept, rows) = (self.kept(), self.rows);
        let mut column = 0;
        self.for_each_stored(|run| {
            let columns = column..column + run.len() / rows;
            let inside = kept.start.max(columns.start)..kept.end.min(columns.end);
            if !inside.is_empty() {
                each(&run[(inside.start - column) * rows..(inside.end - column) * rows]);
            }
            column = columns.end;
        })
    }

    fn for_each_stored(&mut self, mut each: impl FnMut(&[i16])) -> io::Result<()> {
        if let Some(file) = &mut self.spilled {
            let mut bytes = vec![0; self.rows * 2 * 4096];
            let mut run = Vec::with_capacity(bytes.len() / 2);
            let mut left = 2 * (self.highest.len() * self.rows - self.recent.len());
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

        // The ends are cut off wherever the levels lie.
        let (first, last) = (5, columns - 3);
        levels.trim(|level| !(first as i16..=last as i16).contains(&level));
        assert_eq!(levels.kept(), first..last + 1);
        let mut kept = Vec::new();
        levels.for_each_run(|run| kept.extend(run.chunks_exact(rows).map(|run| run[0]))).unwrap();
        assert_eq!(kept, (first as i16..=last as i16).collect::<Vec<_>>());
        levels.trim(|_| true);
        assert!(levels.kept().is_empty());
        levels.for_each_run(|_| panic!("nothing is left")).unwrap();
    }
}
