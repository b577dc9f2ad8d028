//! The tables of an analysis, read back.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::read_rows;

use super::super::Representatives;
use super::super::years::YearPrediction;
use super::{ClusterRow, ClusterTree, OutlierRow, TreeRow};
use crate::error::{Error, Result};

/// Reads the table of [`super::write_clusters`]. What follows `probability` may be missing; other columns are
/// ignored. A missing file has no rows.
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, with the line of the row that is wrong.
pub fn read_clusters(path: impl AsRef<Path>) -> Result<Vec<ClusterRow>> {
    Ok(read_rows(path)?)
}

/// Reads the table of [`super::write_outliers`]. A missing file has no rows.
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, with the line of the row that is wrong.
pub fn read_outliers(path: impl AsRef<Path>) -> Result<Vec<OutlierRow>> {
    Ok(read_rows(path)?)
}

/// Reads the table of [`super::write_condensed_tree`] for `songs` songs; `None` where there is no such file.
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, [`Error::File`] when it is no tree
/// ([`ClusterTree::from_rows`]).
pub fn read_condensed_tree(path: impl AsRef<Path>, songs: usize) -> Result<Option<ClusterTree>> {
    let path = path.as_ref();
    let rows: Vec<TreeRow> = read_rows(path)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let tree = ClusterTree::from_rows(&rows, songs);
    tree.map(Some).map_err(|reason| Error::File { path: path.into(), reason })
}

/// Reads the table of [`super::write_years`].
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, with the line of the row that is wrong.
pub fn read_years(path: impl AsRef<Path>) -> Result<Vec<YearPrediction>> {
    Ok(read_rows(path)?)
}

/// Reads the table of [`super::write_representatives`], by cluster, each by rank.
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, with the line of the row that is wrong.
pub fn read_representatives(path: impl AsRef<Path>) -> Result<Vec<Representatives>> {
    let mut ranked: BTreeMap<i32, Vec<(usize, usize)>> = BTreeMap::new();
    for RepresentativeRow { label, rank, row } in read_rows(path)? {
        ranked.entry(label).or_default().push((rank, row));
    }
    let by_rank = |(label, mut rows): (i32, Vec<(usize, usize)>)| {
        rows.sort_unstable();
        Representatives { label, rows: rows.into_iter().map(|(_, row)| row).collect() }
    };
    Ok(ranked.into_iter().map(by_rank).collect())
}

#[derive(Deserialize)]
struct RepresentativeRow {
    label: i32,
    rank: usize,
    row: usize,
}

/// A row of `neighbors.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NeighborRow {
    /// The song's row.
    pub row: usize,
    /// 1 for its nearest neighbor.
    pub rank: usize,
    /// The neighbor's row.
    pub neighbor: u32,
    /// How far it is away.
    pub distance: f32,
}

/// Reads the table of [`super::write_neighbors`]: for each of `songs` songs its neighbors' rows, the nearest
/// first. Songs may have different numbers of them.
///
/// # Errors
/// [`Error::Project`] when the file cannot be read, [`Error::File`] when it names a song beyond `songs`.
pub fn read_neighbors(path: impl AsRef<Path>, songs: usize) -> Result<Vec<Vec<u32>>> {
    let path = path.as_ref();
    let mut ranked: Vec<Vec<(usize, u32)>> = vec![Vec::new(); songs];
    for NeighborRow { row, rank, neighbor, .. } in read_rows(path)? {
        if row >= songs || neighbor as usize >= songs {
            let reason = format!("row {row}, neighbor {neighbor}: expected rows below {songs}");
            return Err(Error::File { path: path.into(), reason });
        }
        ranked[row].push((rank, neighbor));
    }
    let by_rank = |mut near: Vec<(usize, u32)>| {
        near.sort_unstable();
        near.into_iter().map(|(_, row)| row).collect()
    };
    Ok(ranked.into_iter().map(by_rank).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn neighbors_come_by_rank_and_rows_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("neighbors.csv");
        std::fs::write(&path, "row,rank,neighbor,distance\n1,2,0,0.5\n1,1,2,0.1\n").unwrap();
        assert_eq!(read_neighbors(&path, 3).unwrap(), [vec![], vec![2, 0], vec![]]);
        let error = read_neighbors(&path, 2).unwrap_err().to_string();
        assert!(error.contains("neighbors.csv") && error.contains("neighbor 2"), "{error}");
    }
}
