//! The files of a run.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde::Serialize;
use songscape::analysis::{Error, Result};
use songscape::project::write_json;

const SCORES: &str = "scores.json";
/// All that a run may write beside its scores.
const FILES: [&str; 10] = [
    "umap.npy",
    "clusters.csv",
    "condensed_tree.csv",
    "neighbors.csv",
    "representatives.csv",
    "years.csv",
    "shares_per_year.csv",
    "years_per_cluster.csv",
    "trends.csv",
    "yearly_change.csv",
];

/// A folder that holds the files of one run: those of an earlier run go when this one is finished, so
/// that none is taken for this run's.
pub struct Outputs<'a> {
    folder: &'a Path,
    /// What the run reads, which stays even if it lies in the folder.
    inputs: Vec<PathBuf>,
    written: RefCell<Vec<&'static str>>,
}

impl<'a> Outputs<'a> {
    pub fn create(folder: &'a Path, inputs: &[&Path]) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
        let inputs = inputs.iter().filter_map(|path| path.canonicalize().ok()).collect();
        Ok(Self { folder, inputs, written: RefCell::default() })
    }

    /// Where to write a file. With the first of a run an earlier run's scores go: they would say that
    /// the folder is whole.
    pub fn path(&self, name: &'static str) -> Result<PathBuf> {
        debug_assert!(FILES.contains(&name));
        let mut written = self.written.borrow_mut();
        if written.is_empty() {
            self.remove(SCORES)?;
        }
        written.push(name);
        Ok(self.folder.join(name))
    }

    /// Removes what an earlier run wrote and this one did not, and writes the scores.
    pub fn finish(&self, scores: &impl Serialize) -> Result<()> {
        for name in FILES {
            if !self.written.borrow().contains(&name) {
                self.remove(name)?;
            }
        }
        Ok(write_json(&self.folder.join(SCORES), scores)?)
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        if path.canonicalize().is_ok_and(|path| self.inputs.contains(&path)) {
            return Ok(());
        }
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(&path)(e)),
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::File { path: path.to_owned(), reason: e.to_string() }
}
