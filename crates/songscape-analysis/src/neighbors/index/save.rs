//! Indices in files.

use std::path::Path;

use ndarray::{ArcArray2, Array2};

use super::Index;
use crate::archive::{Archive, Writer};
use crate::error::Result;
use crate::neighbors::Metric;
use crate::neighbors::graph::Graph;

impl Index {
    const KIND: &str = "index";

    /// Writes the index, with its vectors, into a file of safetensors, atomically.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut writer = Writer::new(Self::KIND);
        self.put("", &mut writer)?;
        writer.save(path.as_ref())
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) when it cannot be read, or is not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::take("", &Archive::open(path.as_ref(), Self::KIND)?)
    }

    pub(crate) fn put<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) -> Result<()> {
        writer.matrix(format!("{prefix}vectors"), &self.vectors);
        self.put_search(prefix, writer)
    }

    /// Puts all but the vectors into a file.
    pub(crate) fn put_search<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) -> Result<()> {
        if let Some(graph) = &self.graph {
            graph.put(prefix, writer);
        }
        writer.fact(format!("{prefix}metric"), &self.metric)
    }

    pub(crate) fn take(prefix: &str, archive: &Archive) -> Result<Self> {
        let vectors: Array2<f32> = archive.matrix(&format!("{prefix}vectors"), (None, None))?;
        let vectors = archive.checked(Self::of_all(vectors, Metric::Cosine))?.vectors;
        Self::take_search(prefix, vectors, archive)
    }

    /// Takes all but the vectors, which were checked, out of a file.
    pub(crate) fn take_search(
        prefix: &str,
        vectors: ArcArray2<f32>,
        archive: &Archive,
    ) -> Result<Self> {
        let mut index = Self::sharing(vectors, archive.fact(&format!("{prefix}metric"))?);
        if archive.has(&format!("{prefix}graph.rows")) {
            index.graph = Some(Graph::take(prefix, index.len(), archive)?);
        }
        Ok(index)
    }
}
