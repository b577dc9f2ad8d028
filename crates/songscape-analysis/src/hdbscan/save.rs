//! Clusters in files.

use std::path::Path;

use super::condense::TreeCluster;
use super::{Clusters, CondensedTree, membership};
use crate::archive::{Archive, Writer};
use crate::error::Result;

/// The parent of the root.
const NONE: u32 = u32::MAX;

impl Clusters {
    const KIND: &str = "clustering";

    /// Writes the clusters with their tree into a file of safetensors, atomically. The points are not part
    /// of it.
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
        let name = |name: &str| format!("{prefix}{name}");
        writer.fact(name("params"), &self.params)?;
        writer.list(name("labels"), &self.labels[..]);
        writer.list(name("probabilities"), &self.probabilities[..]);
        writer.list(name("persistence"), &self.persistence[..]);
        writer.list(name("core"), &self.core[..]);
        writer.list(name("weight"), vec![self.total_weight]);
        let whole = |&number: &usize| number as u32;
        writer.list(name("selected"), self.selected.iter().map(whole).collect::<Vec<u32>>());
        let tree = &self.tree;
        writer.list(name("tree.from"), tree.leaves_from.iter().map(whole).collect::<Vec<u32>>());
        writer.list(name("tree.at"), &tree.leaves_at[..]);
        let parents = tree.clusters.iter().map(|c| c.parent.map_or(NONE, |parent| parent as u32));
        writer.list(name("tree.parents"), parents.collect::<Vec<u32>>());
        writer.list(
            name("tree.sizes"),
            tree.clusters.iter().map(|c| c.size as u32).collect::<Vec<u32>>(),
        );
        let of = |value: fn(&TreeCluster) -> f64| -> Vec<f64> {
            tree.clusters.iter().map(value).collect()
        };
        writer.list(name("tree.births"), of(|c| c.birth));
        writer.list(name("tree.deaths"), of(|c| c.death));
        writer.list(name("tree.stabilities"), of(|c| c.stability));
        Ok(())
    }

    pub(crate) fn take(prefix: &str, archive: &Archive) -> Result<Self> {
        let name = |name: &str| format!("{prefix}{name}");
        let params: super::HdbscanParams = archive.fact(&name("params"))?;
        archive.checked(params.check())?;
        let labels: Vec<i32> = archive.list(&name("labels"), None)?;
        let points = Some(labels.len());
        let probabilities: Vec<f64> = archive.list(&name("probabilities"), points)?;
        let core: Vec<f64> = archive.list(&name("core"), points)?;
        let tree = tree(&name("tree."), labels.len(), archive)?;
        let selected: Vec<u32> = archive.list(&name("selected"), None)?;
        let selected: Vec<usize> = selected.into_iter().map(|c| c as usize).collect();
        let persistence: Vec<f64> = archive.list(&name("persistence"), Some(selected.len()))?;
        let weight: Vec<f64> = archive.list(&name("weight"), Some(1))?;

        archive.expect(
            selected.iter().all(|&c| c < tree.clusters.len()),
            "a cluster is not in its tree",
        )?;
        let mut sorted = selected.clone();
        sorted.sort_unstable();
        archive.expect(sorted.windows(2).all(|c| c[0] < c[1]), "a cluster is listed twice")?;
        let labelled = -1..selected.len() as i32;
        archive.expect(
            labels.iter().all(|label| labelled.contains(label)),
            "a label belongs to no cluster",
        )?;
        let share = |p: &f64| (0.0..=1.0).contains(p);
        archive.expect(probabilities.iter().all(share), "a probability is not from 0 to 1")?;
        let known = core.iter().chain(&persistence).chain(&weight).all(|v| *v >= 0.0);
        archive.expect(known, "a distance is not a number of at least 0")?;
        let glosh = membership::glosh(&tree);
        let total_weight = weight[0];
        Ok(Self {
            labels,
            probabilities,
            glosh,
            persistence,
            tree,
            selected,
            total_weight,
            core,
            params,
        })
    }
}

/// The condensed tree of so many points.
fn tree(prefix: &str, points: usize, archive: &Archive) -> Result<CondensedTree> {
    let name = |name: &str| format!("{prefix}{name}");
    let parents: Vec<u32> = archive.list(&name("parents"), None)?;
    let count = Some(parents.len());
    let sizes: Vec<u32> = archive.list(&name("sizes"), count)?;
    let births: Vec<f64> = archive.list(&name("births"), count)?;
    let deaths: Vec<f64> = archive.list(&name("deaths"), count)?;
    let stabilities: Vec<f64> = archive.list(&name("stabilities"), count)?;
    let leaves_from: Vec<u32> = archive.list(&name("from"), Some(points))?;
    let leaves_at: Vec<f64> = archive.list(&name("at"), Some(points))?;

    archive.expect(parents.first() == Some(&NONE), "its tree has no root")?;
    let after = |(own, &parent): (usize, &u32)| (parent as usize) < own;
    archive.expect(
        parents.iter().enumerate().skip(1).all(after),
        "a cluster of its tree comes before the one that it splits from",
    )?;
    archive.expect(
        leaves_from.iter().all(|&cluster| (cluster as usize) < parents.len()),
        "a point is in no cluster of its tree",
    )?;
    let lambdas = births.iter().chain(&deaths).chain(&leaves_at).all(|lambda| *lambda >= 0.0);
    archive.expect(lambdas, "a λ is not a number of at least 0")?;
    archive.expect(stabilities.iter().all(|s| !s.is_nan()), "a stability is not a number")?;

    let mut clusters: Vec<TreeCluster> = (0..parents.len())
        .map(|c| TreeCluster {
            parent: (parents[c] != NONE).then_some(parents[c] as usize),
            children: Vec::new(),
            birth: births[c],
            death: deaths[c],
            size: sizes[c] as usize,
            stability: stabilities[c],
        })
        .collect();
    for (own, &parent) in parents.iter().enumerate().skip(1) {
        clusters[parent as usize].children.push(own);
    }
    let leaves_from = leaves_from.into_iter().map(|cluster| cluster as usize).collect();
    Ok(CondensedTree { clusters, leaves_from, leaves_at })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::super::{HdbscanParams, fit};
    use super::*;
    use crate::error::Error;

    fn clusters() -> Clusters {
        let x = Array2::from_shape_fn((200, 2), |(i, j)| {
            (i % 3 * 40) as f64 + ((i * (7 + 6 * j)) % 31) as f64 / 3.0
        });
        let found = fit(x.view(), &HdbscanParams { min_cluster_size: 10, ..Default::default() });
        found.unwrap()
    }

    #[test]
    fn clusters_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clusters.safetensors");
        let mut own = clusters();
        assert!(own.count() >= 3);
        own.save(&path).unwrap();
        assert_eq!(Clusters::load(&path).unwrap(), own);
        own.set_apart(&(0..200).map(|i| i % 50 == 0).collect::<Vec<_>>()).unwrap();
        own.save(&path).unwrap();
        assert_eq!(Clusters::load(&path).unwrap(), own);
        // Equal rows have infinite densities, and may be all there are.
        let equal = fit(Array2::ones((30, 2)).view(), &HdbscanParams::default()).unwrap();
        equal.save(&path).unwrap();
        assert_eq!(Clusters::load(&path).unwrap(), equal);
    }

    #[test]
    fn damaged_clusters_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clusters.safetensors");
        type Damage = fn(&mut Clusters);
        let damages: [(Damage, &str); 11] = [
            (|c| c.labels[3] = 99, "label"),
            (|c| c.labels[3] = -2, "label"),
            (|c| c.probabilities[3] = f64::NAN, "probability"),
            (|c| c.core[3] = f64::NAN, "distance"),
            (|c| c.core.truncate(9), "shape"),
            (|c| c.selected[0] = 1000, "not in its tree"),
            (|c| c.selected[0] = c.selected[1], "twice"),
            (|c| c.tree.leaves_from[0] = 1000, "no cluster of its tree"),
            (|c| c.tree.clusters[1].parent = Some(1), "comes before"),
            (|c| c.tree.clusters[1].birth = f64::NAN, "λ"),
            (|c| c.params.min_samples = 0, "min_samples"),
        ];
        for (damage, words) in damages {
            let mut own = clusters();
            damage(&mut own);
            own.save(&path).unwrap();
            match Clusters::load(&path) {
                Err(Error::File { reason, .. }) => assert!(reason.contains(words), "{reason}"),
                other => panic!("{words}: {other:?}"),
            }
        }
    }
}
