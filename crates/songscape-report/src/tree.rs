//! The tree of clusters, as HDBSCAN condenses it.

use crate::error::{Error, Result};

/// Clusters that appear, lose songs, and split as the density λ = 1 / distance rises (Campello,
/// Moulavi and Sander 2013).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CondensedTree {
    /// The clusters; the first is the root, and a parent comes before its children.
    pub clusters: Vec<TreeCluster>,
    /// For each song the last cluster of the tree that it belongs to, and the λ at which it leaves it
    /// (infinite where songs are equal).
    pub leaves: Vec<(usize, f64)>,
}

/// A cluster of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeCluster {
    /// The cluster that it split from; none for the root.
    pub parent: Option<usize>,
    /// The λ at which it appears; 0 for the root.
    pub birth: f64,
    /// The number of songs at its birth.
    pub size: usize,
    /// Its number on the map, where it was chosen.
    pub label: Option<i32>,
}

impl CondensedTree {
    pub(crate) fn check(&self) -> Result<()> {
        let clusters = self.clusters.len();
        for (i, cluster) in self.clusters.iter().enumerate() {
            match cluster.parent {
                None if i == 0 => {}
                Some(parent) => {
                    below(parent, i, || format!("parent of cluster {i} of the condensed tree"))?;
                }
                None => {
                    let what = format!("parents of cluster {i} of the condensed tree");
                    return Err(Error::Length { what, found: 0, expected: 1 });
                }
            }
            lambda(cluster.birth, || format!("birth of cluster {i} of the condensed tree"))?;
        }
        for (song, &(cluster, leaves)) in self.leaves.iter().enumerate() {
            below(cluster, clusters, || format!("cluster of song {song} in the condensed tree"))?;
            lambda(leaves, || format!("density at which song {song} leaves the condensed tree"))?;
        }
        Ok(())
    }
}

fn below(found: usize, end: usize, what: impl Fn() -> String) -> Result<()> {
    if found < end {
        return Ok(());
    }
    Err(Error::Range {
        what: what(),
        value: found as f64,
        expected: format!("a number below {end}"),
    })
}

/// A density is 0 or more, and may be infinite.
fn lambda(value: f64, what: impl Fn() -> String) -> Result<()> {
    if value >= 0.0 {
        return Ok(());
    }
    Err(Error::Range { what: what(), value, expected: "0 or more".into() })
}
