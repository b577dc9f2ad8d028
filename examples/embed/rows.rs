//! Vectors on their way into a matrix: a file that grows row by row and survives its writer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use ndarray::Array2;

/// Rows of float32, little-endian, in a file without a header.
pub struct Rows {
    path: PathBuf,
    file: File,
    width: usize,
    count: usize,
}

impl Rows {
    /// An empty file.
    pub fn create(path: PathBuf, width: usize) -> Result<Self> {
        let file = File::create(&path).map_err(|e| anyhow!("{}: {e}", path.display()))?;
        Ok(Self { path, file, width, count: 0 })
    }

    /// The file with the whole rows that are there; half a row of a writer that was killed is cut off.
    pub fn reopen(path: PathBuf, width: usize) -> Result<Self> {
        let attempt = || {
            let file = OpenOptions::new().append(true).create(true).open(&path)?;
            let row = 4 * width as u64;
            let count = file.metadata()?.len() / row;
            file.set_len(count * row)?;
            Ok::<_, std::io::Error>((file, count as usize))
        };
        let (file, count) = attempt().map_err(|e| anyhow!("{}: {e}", path.display()))?;
        Ok(Self { path, file, width, count })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a row.
    pub fn push(&mut self, row: &[f32]) -> Result<()> {
        assert_eq!(row.len(), self.width, "a row of another length");
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|e| self.failed(&e))?;
        self.count += 1;
        Ok(())
    }

    /// All rows.
    pub fn read(&self) -> Result<Array2<f32>> {
        let bytes = std::fs::read(&self.path).map_err(|e| self.failed(&e))?;
        let (values, _) = bytes.as_chunks::<4>();
        let values = values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Ok(Array2::from_shape_vec((self.count, self.width), values)?)
    }

    /// Removes the file.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &std::io::Error) -> anyhow::Error {
        anyhow!("{}: {error}", self.path.display())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn half_a_row_is_cut_off_and_the_rest_goes_on() {
        let path = std::env::temp_dir().join(format!("songscape-rows-{}", std::process::id()));
        let mut rows = Rows::create(path.clone(), 3).unwrap();
        rows.push(&[1.0, 2.0, 3.0]).unwrap();
        rows.file.write_all(&[7; 11]).unwrap();
        drop(rows);
        let mut rows = Rows::reopen(path.clone(), 3).unwrap();
        assert_eq!(rows.count(), 1);
        rows.push(&[4.0, 5.0, 6.0]).unwrap();
        assert_eq!(rows.read().unwrap(), ndarray::array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        rows.remove().unwrap();
        assert!(!path.exists());
    }
}
