//! Density-based validity of a clustering (DBCV).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::points::Points;
use crate::error::{Error, Result};
use crate::neighbors::Metric;
use crate::random::SplitMix;
use crate::vectors::check_finite;

/// Choices among equal edges that the index is the mean of, one bit of a number each.
const CHOICES: usize = ORDERS * EACH;
/// Orders in which points of equal distance join a tree, and choices of the edge by which they do.
const ORDERS: usize = 8;
const EACH: usize = 4;
/// Lengths that differ by less than this share are equal: they are made from the same core distance.
const EQUAL: f64 = 1e-9;

/// How dense the clusters are inside against how sparse it is between them (Moulavi, Jaskowiak,
/// Campello, Zimek and Sander 2014): from −1 to 1, larger is better. Noise (labels below 0) counts in
/// the number of points only. `None` for fewer than two clusters of at least two points that are not
/// all equal.
///
/// Many edges of a cluster's tree are equally long, as its definition of core distances makes them, and
/// which points are inner ones depends on the choice among them. Where an implementation takes the first
/// by the order of the rows, this is the mean over 32 drawn choices that do not depend on that order.
/// Points at distance 0 are left out of core distances, as in the Python package hdbscan.
///
/// Takes n² distances.
///
/// # Errors
/// [`Error::LengthMismatch`], those of [`check_finite`].
pub fn validity(x: ArrayView2<f64>, labels: &[i32], metric: Metric) -> Result<Option<f64>> {
    check_finite(x)?;
    if labels.len() != x.nrows() {
        let (found, expected) = (labels.len(), x.nrows());
        return Err(Error::LengthMismatch { what: "labels", found, expected });
    }
    let points = Points::new(x, metric);
    let mut members: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (point, &label) in labels.iter().enumerate().filter(|l| *l.1 >= 0) {
        members.entry(label).or_default().push(point);
    }
    let clusters: Vec<Inside> = members
        .into_values()
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|members| Inside::new(&points, members))
        .collect();
    let count = clusters.len();
    if count < 2 {
        return Ok(None);
    }
    let pairs: Vec<(usize, usize)> = (0..count).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let between: Vec<[f64; CHOICES]> =
        pairs.par_iter().map(|&(i, j)| separation(&points, &clusters[i], &clusters[j])).collect();
    let mut nearest = vec![[f64::INFINITY; CHOICES]; count];
    for (&(i, j), found) in pairs.iter().zip(&between) {
        for (choice, &separation) in found.iter().enumerate() {
            nearest[i][choice] = nearest[i][choice].min(separation);
            nearest[j][choice] = nearest[j][choice].min(separation);
        }
    }
    let mut sum = 0.0;
    for (cluster, nearest) in clusters.iter().zip(&nearest) {
        for (&separation, &sparseness) in nearest.iter().zip(&cluster.sparseness) {
            let larger = separation.max(sparseness);
            let validity = if larger > 0.0 { (separation - sparseness) / larger } else { 0.0 };
            sum += cluster.members.len() as f64 * validity;
        }
    }
    Ok(Some(sum / (CHOICES * labels.len()) as f64))
}

/// A cluster's tree, for every choice among equal edges.
struct Inside {
    /// By their coordinates, so that the order of the rows means nothing.
    members: Vec<usize>,
    core: Vec<f64>,
    /// For each member a bit for every choice by which it has more than one edge.
    inner: Vec<u32>,
    /// The longest edge between such points.
    sparseness: [f64; CHOICES],
}

/// A member with the length of the edge that it joins the tree by, and for each choice the member at the
/// other end.
struct Joined {
    member: usize,
    length: f64,
    to: [usize; EACH],
}

impl Inside {
    fn new(points: &Points, mut members: Vec<usize>) -> Option<Self> {
        let n = members.len();
        if n < 2 {
            return None;
        }
        members.sort_by(|&a, &b| {
            let unequal = points.row(a).iter().zip(points.row(b)).map(|(a, b)| a.total_cmp(b));
            unequal.fold(Ordering::Equal, Ordering::then)
        });
        let core: Vec<f64> = members.iter().map(|&p| core_distance(points, p, &members)).collect();
        let mut inner = vec![0_u32; n];
        let mut sparseness = [0.0_f64; CHOICES];
        for (order, sparseness) in sparseness.chunks_exact_mut(EACH).enumerate() {
            let tree = tree(points, &members, &core, order);
            let longest = |edges: &mut dyn Iterator<Item = &Joined>| {
                edges.map(|edge| edge.length).reduce(f64::max)
            };
            for (choice, sparseness) in sparseness.iter_mut().enumerate() {
                let mut degree = vec![0_u32; n];
                for edge in &tree {
                    degree[edge.to[choice]] += 1;
                    degree[edge.member] += 1;
                }
                for (bits, _) in inner.iter_mut().zip(&degree).filter(|e| *e.1 > 1) {
                    *bits |= 1 << (order * EACH + choice);
                }
                let is_inner = |e: &&Joined| degree[e.member] > 1 && degree[e.to[choice]] > 1;
                let between = longest(&mut tree.iter().filter(is_inner));
                *sparseness = between.or(longest(&mut tree.iter()))?;
            }
        }
        let any = inner.iter().fold(0, |any, bits| any | bits);
        inner[0] |= !any;
        Some(Self { members, core, inner, sparseness })
    }
}

/// The all-points core distance: the power mean of the distances to the other members, with minus
/// the number of dimensions as the exponent; those of equal points are left out. By logarithms, as powers
/// of hundreds would overflow.
fn core_distance(points: &Points, point: usize, members: &[usize]) -> f64 {
    let dims = points.dims() as f64;
    let logs: Vec<f64> = members
        .iter()
        .map(|&other| points.distance(point, other))
        .filter(|&distance| distance > 0.0)
        .map(|distance| -dims * distance.ln())
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return 0.0;
    }
    let sum: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    (-(largest + (sum / (members.len() - 1) as f64).ln()) / dims).exp()
}

/// The minimum spanning tree of the members by Prim's method. Of members that are equally near, the first
/// in a drawn order joins, at the nearest member of the tree; of several that are equally near, every
/// choice takes the one that is first in an order of its own.
fn tree(points: &Points, members: &[usize], core: &[f64], order: usize) -> Vec<Joined> {
    let reach =
        |a: usize, b: usize| points.distance(members[a], members[b]).max(core[a]).max(core[b]);
    let place = |member: usize, choice: usize| {
        SplitMix((member * (CHOICES + ORDERS) + order * (EACH + 1) + choice) as u64).next()
    };
    let mut outside: Vec<(f64, u64, usize)> =
        (0..members.len()).map(|i| (f64::INFINITY, place(i, EACH), i)).collect();
    outside.sort_unstable_by_key(|entry| entry.1);
    let mut latest = outside.swap_remove(0).2;
    let mut inside = vec![latest];
    let mut joined = Vec::with_capacity(outside.len());
    loop {
        for (best, _, i) in &mut outside {
            *best = best.min(reach(latest, *i));
        }
        let order = |a: &usize, b: &usize| {
            let (a, b) = (&outside[*a], &outside[*b]);
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
        };
        let Some(next) = (0..outside.len()).min_by(order) else { return joined };
        let (length, _, member) = outside.swap_remove(next);
        let mut to = [(u64::MAX, 0); EACH];
        let limit = length * (1.0 + EQUAL);
        for &other in inside.iter().filter(|&&other| reach(other, member) <= limit) {
            for (choice, first) in to.iter_mut().enumerate() {
                *first = (*first).min((place(other, choice), other));
            }
        }
        joined.push(Joined { member, length, to: to.map(|first| first.1) });
        inside.push(member);
        latest = member;
    }
}

/// For each choice the smallest mutual reachability distance between two clusters' inner points.
fn separation(points: &Points, a: &Inside, b: &Inside) -> [f64; CHOICES] {
    let mut least = [f64::INFINITY; CHOICES];
    let mut largest = f64::INFINITY;
    for (i, &p) in a.members.iter().enumerate() {
        for (j, &q) in b.members.iter().enumerate() {
            let (both, floor) = (a.inner[i] & b.inner[j], a.core[i].max(b.core[j]));
            if both == 0 || floor >= largest {
                continue;
            }
            let reach = points.distance(p, q).max(floor);
            if reach < largest {
                for (choice, least) in least.iter_mut().enumerate() {
                    if both >> choice & 1 == 1 {
                        *least = least.min(reach);
                    }
                }
                largest = least.iter().copied().fold(0.0, f64::max);
            }
        }
    }
    least
}
