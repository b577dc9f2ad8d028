//! Vectors that are done, in a file that grows song by song and survives its writer.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use songscape_project::{Error, Result, write_atomic};

/// What a row was computed from: a hash of the song and of all that decides its vectors.
pub(super) type Key = blake3::Hash;

/// Rows of equally many numbers by their key.
///
/// A record in the file is the key, the numbers (float32, little-endian) and the beginning of a hash of
/// both. Reading stops at the first record that is not whole, and what follows it is cut off.
#[derive(Debug)]
pub(super) struct Done {
    width: usize,
    places: HashMap<Key, usize>,
    values: Vec<f32>,
    file: Option<(PathBuf, File)>,
}

const KEY: usize = blake3::OUT_LEN;
const CHECK: usize = 8;

impl Done {
    /// Nothing yet, in memory only.
    pub(super) fn in_memory(width: usize) -> Self {
        Self { width, places: HashMap::new(), values: Vec::new(), file: None }
    }

    /// What is in the file, which is made if it is not there. Nobody else may write to it.
    pub(super) fn open(path: PathBuf, width: usize) -> Result<Self> {
        let mut done = Self::in_memory(width);
        let attempt = |done: &mut Self| {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().append(true).create(true).open(&path)?;
            let bytes = std::fs::read(&path)?;
            let length = KEY + 4 * width + CHECK;
            let whole = bytes.chunks_exact(length).take_while(|record| done.take(record)).count();
            file.set_len((whole * length) as u64)?;
            Ok(file)
        };
        let file = attempt(&mut done).map_err(|source| Error::Io { path: path.clone(), source })?;
        done.file = Some((path, file));
        Ok(done)
    }

    /// Adds the rows of another file that are not here yet, in their order there.
    pub(super) fn absorb(&mut self, path: PathBuf) -> Result<()> {
        let bytes = std::fs::read(&path).map_err(|source| Error::Io { path, source })?;
        let mut other = Self::in_memory(self.width);
        for record in bytes.chunks_exact(KEY + 4 * self.width + CHECK) {
            if !other.take(record) {
                break;
            }
        }
        let mut rows: Vec<_> = other.places.into_iter().collect();
        rows.sort_unstable_by_key(|&(_, place)| place);
        for (key, place) in rows {
            if !self.places.contains_key(&key) {
                self.push(key, &other.values[place * self.width..(place + 1) * self.width])?;
            }
        }
        Ok(())
    }

    /// The row of a key.
    pub(super) fn get(&self, key: &Key) -> Option<&[f32]> {
        let place = self.places.get(key)?;
        Some(&self.values[place * self.width..(place + 1) * self.width])
    }

    /// Adds a row.
    pub(super) fn push(&mut self, key: Key, row: &[f32]) -> Result<()> {
        if let Some((path, file)) = &mut self.file {
            // One write, so that a kill seldom leaves half a record.
            let written = file.write_all(&record(&key, row));
            written.map_err(|source| Error::Io { path: path.clone(), source })?;
        }
        self.insert(key, row);
        Ok(())
    }

    /// Leaves only the rows of these keys in the file, so that it does not grow for ever.
    pub(super) fn close(self, keys: &[Key]) -> Result<()> {
        let Some((path, _)) = &self.file else { return Ok(()) };
        let mut seen = HashSet::new();
        let wanted: Vec<_> = keys.iter().filter(|key| seen.insert(**key)).collect();
        if self.values.len() == wanted.len() * self.width {
            return Ok(());
        }
        let rows = || wanted.iter().filter_map(|key| Some((*key, self.get(key)?)));
        write_atomic(path, |file| {
            rows().try_for_each(|(key, row)| file.write_all(&record(key, row)))
        })
    }

    fn insert(&mut self, key: Key, row: &[f32]) {
        self.places.insert(key, self.values.len() / self.width.max(1));
        self.values.extend_from_slice(row);
    }

    /// Takes up a record of the file, if it is whole.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let (key, row) = bytes[..bytes.len() - CHECK].split_at(KEY);
        let (row, _) = row.as_chunks::<4>();
        let row: Vec<f32> = row.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let Ok(key) = Key::from_slice(key) else { return false };
        let whole = record(&key, &row) == bytes;
        if whole {
            self.insert(key, &row);
        }
        whole
    }
}

/// The bytes of a row in the file.
fn record(key: &Key, row: &[f32]) -> Vec<u8> {
    let mut bytes = key.as_bytes().to_vec();
    bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
    let check = blake3::hash(&bytes);
    bytes.extend(&check.as_bytes()[..CHECK]);
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        blake3::hash(name.as_bytes())
    }

    #[test]
    fn a_damaged_end_is_cut_off_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chroma.rows");
        let open = || Done::open(path.clone(), 2).unwrap();
        let mut done = open();
        done.push(key("a"), &[1.0, f32::NAN]).unwrap();
        done.push(key("b"), &[3.0, 4.0]).unwrap();
        drop(done);
        let whole = std::fs::read(&path).unwrap();
        let record = whole.len() / 2;
        for damage in [whole[..whole.len() - 1].to_vec(), {
            let mut changed = whole.clone();
            changed[record + 40] ^= 1;
            changed
        }] {
            std::fs::write(&path, damage).unwrap();
            let mut done = open();
            assert_eq!(done.get(&key("a")).unwrap()[0], 1.0);
            assert!(done.get(&key("b")).is_none());
            done.push(key("b"), &[3.0, 4.0]).unwrap();
            drop(done);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        // Rows of another width are none of ours.
        assert!(Done::open(path.clone(), 3).unwrap().get(&key("a")).is_none());
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_longer_wanted_is_left_out_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chroma.rows");
        let mut done = Done::open(path.clone(), 1).unwrap();
        for (place, name) in ["a", "b", "c"].into_iter().enumerate() {
            done.push(key(name), &[place as f32]).unwrap();
        }
        done.close(&[key("c"), key("a"), key("a")]).unwrap();
        let done = Done::open(path, 1).unwrap();
        assert_eq!(done.get(&key("c")), Some(&[2.0][..]));
        assert!(done.get(&key("a")).is_some() && done.get(&key("b")).is_none());
    }
}
