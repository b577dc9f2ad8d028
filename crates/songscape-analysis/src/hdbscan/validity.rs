//! Density-based validity of a clustering (DBCV).

use std::collections::BTreeMap;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::points::Points;
use crate::error::{Error, Result};
use crate::neighbors::Metric;
use crate::vectors::check_finite;

/// How dense the clusters are inside against how sparse it is between them (Moulavi, Jaskowiak,
/// Campello, Zimek and Sander 2014): from −1 to 1, larger is better. Noise (labels below 0) counts in
/// the number of points only. `None` for fewer than two clusters of at least two points that are not
/// all equal.
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
    let members: Vec<Vec<usize>> = members.into_values().collect();
    let clusters: Vec<Inside> =
        members.par_iter().filter_map(|members| Inside::new(&points, members)).collect();
    if clusters.len() < 2 {
        return Ok(None);
    }
    let value = |a: &Inside| {
        let others = clusters.iter().filter(|b| !std::ptr::eq(a, *b));
        let separation = others.map(|b| separation(&points, a, b)).fold(f64::INFINITY, f64::min);
        let larger = separation.max(a.sparseness);
        let validity = if larger > 0.0 { (separation - a.sparseness) / larger } else { 0.0 };
        a.size as f64 * validity
    };
    let values: Vec<f64> = clusters.par_iter().map(value).collect();
    Ok(Some(values.iter().sum::<f64>() / labels.len() as f64))
}

/// A cluster's tree.
struct Inside {
    size: usize,
    /// The points with more than one edge, and their core distances.
    inner: Vec<(usize, f64)>,
    /// The longest edge between such points.
    sparseness: f64,
}

impl Inside {
    fn new(points: &Points, members: &[usize]) -> Option<Self> {
        let n = members.len();
        if n < 2 {
            return None;
        }
        let core: Vec<f64> = members.iter().map(|&p| core_distance(points, p, members)).collect();
        let edges = prim(points, members, &core);
        let mut degree = vec![0; n];
        for &(a, b, _) in &edges {
            degree[a] += 1;
            degree[b] += 1;
        }
        let mut inner: Vec<usize> = (0..n).filter(|&i| degree[i] > 1).collect();
        if inner.is_empty() {
            inner.push(0);
        }
        let longest = |edges: &mut dyn Iterator<Item = f64>| edges.reduce(f64::max);
        let between_inner =
            longest(&mut edges.iter().filter(|e| degree[e.0] > 1 && degree[e.1] > 1).map(|e| e.2));
        let sparseness = between_inner.or(longest(&mut edges.iter().map(|e| e.2)))?;
        let inner = inner.into_iter().map(|i| (members[i], core[i])).collect();
        Some(Self { size: n, inner, sparseness })
    }
}

/// The all-points core distance: the power mean of the distances to the other members, with minus
/// the number of dimensions as the exponent; 0 beside an equal point. By logarithms, as powers of
/// hundreds would overflow.
fn core_distance(points: &Points, point: usize, members: &[usize]) -> f64 {
    let dims = points.dims() as f64;
    let logs: Vec<f64> = members
        .iter()
        .filter(|&&other| other != point)
        .map(|&other| -dims * points.distance(point, other).ln())
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() {
        return 0.0;
    }
    let sum: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    (-(largest + (sum / logs.len() as f64).ln()) / dims).exp()
}

/// The minimum spanning tree of the members: pairs of their places, and lengths. Many edges have the
/// core distance of one of their ends as their length; of equal ones the one whose ends are nearer
/// is taken, so that the order of the rows does not decide which points are inner ones.
fn prim(points: &Points, members: &[usize], core: &[f64]) -> Vec<(usize, usize, f64)> {
    // Length and distance of the best edge, the member, and the one that it leads to.
    let mut outside: Vec<([f64; 2], usize, usize)> =
        (1..members.len()).map(|i| ([f64::INFINITY; 2], i, 0)).collect();
    let mut edges = Vec::with_capacity(outside.len());
    let mut latest = 0;
    loop {
        for (best, i, nearest) in &mut outside {
            let distance = points.distance(members[latest], members[*i]);
            let edge = [distance.max(core[latest]).max(core[*i]), distance];
            if edge < *best {
                (*best, *nearest) = (edge, latest);
            }
        }
        let order = |a: &usize, b: &usize| {
            let ([a_length, a_distance], [b_length, b_distance]) = (outside[*a].0, outside[*b].0);
            a_length.total_cmp(&b_length).then(a_distance.total_cmp(&b_distance))
        };
        let Some(next) = (0..outside.len()).min_by(order) else { return edges };
        let ([length, _], i, nearest) = outside.swap_remove(next);
        edges.push((nearest, i, length));
        latest = i;
    }
}

/// The smallest mutual reachability distance between two clusters' inner points.
fn separation(points: &Points, a: &Inside, b: &Inside) -> f64 {
    let mut least = f64::INFINITY;
    for &(p, core_p) in &a.inner {
        for &(q, core_q) in &b.inner {
            let floor = core_p.max(core_q);
            if floor < least {
                least = least.min(points.distance(p, q).max(floor));
            }
        }
    }
    least
}
