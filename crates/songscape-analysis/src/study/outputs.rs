//! The files of a study.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use songscape_project::remove_if_there;

use super::Scores;
use crate::error::{Error, Result};

/// The table of the condensed tree, whose leaves are the rows of the songs.
pub(super) const TREE: &str = "condensed_tree.csv";

/// The table of the maps of decades.
pub(super) const DECADE_MAPS: &str = "decade_maps.csv";

/// All that a study may write beside its scores.
pub(super) const FILES: [&str; 15] = [
    "umap.npy",
    "clusters.csv",
    "cluster_names.csv",
    TREE,
    "outliers.csv",
    "neighbors.csv",
    "representatives.csv",
    "classes.csv",
    "years.csv",
    "shares_per_year.csv",
    "years_per_cluster.csv",
    "trends.csv",
    "yearly_change.csv",
    DECADE_MAPS,
    "added.csv",
];

/// A folder that holds the files of one study: those of an earlier one are removed when this one is
/// finished, so that none is taken for this one's.
pub(super) struct Outputs<'a> {
    folder: &'a Path,
    /// What the study reads, which stays even if it lies in the folder.
    inputs: Vec<PathBuf>,
    written: RefCell<Vec<&'static str>>,
}

impl<'a> Outputs<'a> {
    pub fn create(folder: &'a Path, inputs: &[&Path]) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|e| Error::File { path: folder.into(), reason: e.to_string() })?;
        let inputs = inputs.iter().filter_map(|path| path.canonicalize().ok()).collect();
        Ok(Self { folder, inputs, written: RefCell::default() })
    }

    /// Where to write a file. Before the first of a study is written, an earlier study's scores are
    /// removed: they would say that the folder is whole.
    pub fn path(&self, name: &'static str) -> Result<PathBuf> {
        debug_assert!(FILES.contains(&name));
        let mut written = self.written.borrow_mut();
        if written.is_empty() {
            self.remove(Scores::FILE)?;
        }
        written.push(name);
        Ok(self.folder.join(name))
    }

    /// Removes what an earlier study wrote and this one did not, and writes the scores.
    pub fn finish(&self, scores: &Scores) -> Result<()> {
        for name in FILES {
            if !self.written.borrow().contains(&name) {
                self.remove(name)?;
            }
        }
        scores.write(self.folder)
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        if path.canonicalize().is_ok_and(|path| self.inputs.contains(&path)) {
            return Ok(());
        }
        Ok(remove_if_there(path)?)
    }
}
