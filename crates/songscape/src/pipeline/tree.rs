//! The condensed tree of the clustering as a table.

use std::path::Path;

use songscape_analysis::hdbscan::Clusters;
use songscape_project::write_atomic;

use super::error::Result;

/// Writes `parent,child,lambda,size,label` in the form that the Python package hdbscan made common:
/// songs are `0..n`, clusters from `n` on, the root first; `label` is the number of the clusters that
/// were chosen.
pub(super) fn write(path: &Path, clusters: &Clusters) -> Result<()> {
    let (tree, songs) = (clusters.tree(), clusters.labels().len());
    Ok(write_atomic(path, |file| {
        let mut csv = csv::Writer::from_writer(file);
        csv.write_record(["parent", "child", "lambda", "size", "label"])?;
        for (node, cluster) in tree.clusters.iter().enumerate() {
            let Some(parent) = cluster.parent else { continue };
            let label = clusters.selected().iter().position(|&chosen| chosen == node);
            csv.serialize((songs + parent, songs + node, cluster.birth, cluster.size, label))?;
        }
        for (song, (node, lambda)) in tree.leaves_from.iter().zip(&tree.leaves_at).enumerate() {
            csv.serialize((songs + node, song, lambda, 1, None::<usize>))?;
        }
        csv.flush()
    })?)
}
