//! Core distances and the minimum spanning tree of points of many dimensions, by matrix products.
//!
//! Products in float32 give each distance up to a bound on their rounding; only pairs that this
//! leaves open are measured in float64, so that the results are exact. A spanning tree is made from
//! each point's nearest points first. An edge can be in the minimum spanning tree only when it is
//! shorter than the longest edge between its ends on any other spanning tree: one pass over all
//! pairs finds the few edges that are, and Kruskal's method does the rest.

use rayon::prelude::*;

use super::disjoint_sets::DisjointSets;
use super::kd_tree::Near;
use super::longest::Longest;
use super::points::Points;
use super::products::Products;
use super::spanning_tree::KeyEdge;

/// Rows of a tile of the products, and columns.
const TILE: (usize, usize) = (128, 1024);
/// Near points that are kept beyond `min_samples`.
const SPARE: usize = 8;
/// Points of all pieces together that are compared to join the pieces.
const JOINING: usize = 1024;
/// Edges that are collected before they are put into the tree.
const COLLECTED: usize = 1 << 22;

/// Blocks of rows whose edges are sought before they are counted.
const BLOCKS: usize = 16;

/// The keys of the core distances, and the edges of the minimum spanning tree; anything, once
/// `interrupted` says so.
pub(super) fn spanning_tree(
    points: &Points,
    min_samples: usize,
    interrupted: &(impl Fn() -> bool + Sync),
) -> (Vec<f64>, Vec<KeyEdge>) {
    let products = Products::new(points);
    let (core, near) = nearest(points, &products, min_samples, interrupted);
    if interrupted() {
        return (core, Vec::new());
    }
    let reach = |a: u32, b: u32| {
        points.key(a as usize, b as usize).max(core[a as usize]).max(core[b as usize])
    };
    let mut edges: Vec<KeyEdge> = Vec::new();
    for (from, near) in near.iter().enumerate() {
        let from = from as u32;
        edges.extend(near.iter().map(|&(key, to)| {
            let key = key.max(core[from as usize]).max(core[to as usize]);
            KeyEdge { key, from, to }
        }));
    }
    let mut forest = kruskal(points.len(), edges);
    join_pieces(points.len(), &mut forest, &reach);
    let forest = kruskal(points.len(), forest);
    let forest = improve(points, &products, &core, forest, interrupted);
    (core, forest)
}

/// The keys of the core distances, and the nearest other points of every point, with their keys.
fn nearest(
    points: &Points,
    products: &Products,
    min_samples: usize,
    interrupted: &(impl Fn() -> bool + Sync),
) -> (Vec<f64>, Vec<Near>) {
    let n = points.len();
    let rank = min_samples.min(n - 1);
    let kept = (rank + SPARE).min(n - 1);
    let blocks: Vec<Vec<(f64, Near)>> = (0..n.div_ceil(TILE.0))
        .into_par_iter()
        .map(|block| {
            if interrupted() {
                return Vec::new();
            }
            let rows = block * TILE.0..((block + 1) * TILE.0).min(n);
            let mut best: Vec<Vec<(f32, u32)>> = vec![Vec::with_capacity(kept + 1); rows.len()];
            let mut scores = Vec::new();
            for start in (0..n).step_by(TILE.1) {
                let columns = start..(start + TILE.1).min(n);
                products.scores(rows.clone(), columns.clone(), &mut scores);
                for (i, best) in best.iter_mut().enumerate() {
                    let scores = &scores[i * columns.len()..(i + 1) * columns.len()];
                    let mut worst =
                        if best.len() < kept { f32::INFINITY } else { best[kept - 1].0 };
                    for (j, &score) in columns.clone().zip(scores) {
                        if score < worst && j != rows.start + i {
                            let at = best.partition_point(|e| e.0 <= score);
                            best.insert(at, (score, j as u32));
                            best.truncate(kept);
                            if best.len() == kept {
                                worst = best[kept - 1].0;
                            }
                        }
                    }
                }
            }
            let measure = |i: usize, others: &mut dyn Iterator<Item = u32>| {
                let mut near: Near = others.map(|j| (points.key(i, j as usize), j)).collect();
                near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                near
            };
            rows.zip(best)
                .map(|(i, best)| {
                    let mut near = measure(i, &mut best.iter().map(|e| e.1));
                    // What was left out is at least so far, but for the rounding.
                    let left_out = best.last().map_or(f32::INFINITY, |e| e.0);
                    let sure = f64::from(left_out) - products.error_with_any(i);
                    if kept < n - 1 && products.score(near[rank - 1].0) > sure {
                        near = measure(i, &mut (0..n as u32).filter(|&j| j as usize != i));
                        near.truncate(kept);
                    }
                    (near[rank - 1].0, near)
                })
                .collect()
        })
        .collect();
    blocks.into_iter().flatten().unzip()
}

/// The minimum spanning forest of some edges.
fn kruskal(n: usize, mut edges: Vec<KeyEdge>) -> Vec<KeyEdge> {
    edges.par_sort_unstable_by(|a, b| {
        a.key.total_cmp(&b.key).then((a.from, a.to).cmp(&(b.from, b.to)))
    });
    let mut sets = DisjointSets::new(n);
    edges.retain(|e| sets.join(e.from as usize, e.to as usize));
    edges
}

/// Joins the pieces of a forest by short edges, not always the shortest: between some points of each
/// piece, and from their ends to the nearest points of the other piece.
fn join_pieces(n: usize, forest: &mut Vec<KeyEdge>, reach: &(impl Fn(u32, u32) -> f64 + Sync)) {
    let mut sets = DisjointSets::new(n);
    for edge in forest.iter() {
        sets.join(edge.from as usize, edge.to as usize);
    }
    let mut pieces: Vec<Vec<u32>> = vec![Vec::new(); n];
    for i in 0..n {
        pieces[sets.find(i)].push(i as u32);
    }
    pieces.retain(|piece| !piece.is_empty());
    if pieces.len() < 2 {
        return;
    }
    let each = (JOINING / pieces.len()).max(1);
    let some: Vec<(usize, u32)> = pieces
        .iter()
        .enumerate()
        .flat_map(|(p, piece)| {
            let step = piece.len().div_ceil(each);
            piece.iter().step_by(step).map(move |&i| (p, i))
        })
        .collect();
    // Prim's method over the pieces.
    let mut joined = vec![false; pieces.len()];
    joined[0] = true;
    let mut latest = 0;
    let mut shortest: Vec<KeyEdge> =
        some.iter().map(|&(_, to)| KeyEdge { key: f64::INFINITY, from: 0, to }).collect();
    for _ in 1..pieces.len() {
        let new: Vec<u32> = some.iter().filter(|e| e.0 == latest).map(|e| e.1).collect();
        shortest.par_iter_mut().zip(&some).filter(|(_, s)| !joined[s.0]).for_each(|(edge, s)| {
            for &from in &new {
                let key = reach(from, s.1);
                if key < edge.key {
                    *edge = KeyEdge { key, from, to: s.1 };
                }
            }
        });
        let open = (0..some.len()).filter(|&i| !joined[some[i].0]);
        let Some(best) = open.min_by(|&a, &b| shortest[a].key.total_cmp(&shortest[b].key)) else {
            return;
        };
        let mut edge = shortest[best];
        let (own, other) = (sets.find(edge.from as usize), sets.find(edge.to as usize));
        latest = some[best].0;
        joined[latest] = true;
        if pieces.len() <= each {
            for _ in 0..2 {
                edge = nearer(edge, |i| sets.find(i) == other, n, reach);
                let back = KeyEdge { from: edge.to, to: edge.from, ..edge };
                edge = nearer(back, |i| sets.find(i) == own, n, reach);
                edge = KeyEdge { from: edge.to, to: edge.from, ..edge };
            }
        }
        forest.push(edge);
    }
}

/// The same edge, or one from the same point to a nearer one among those that `may`.
fn nearer(
    edge: KeyEdge,
    mut may: impl FnMut(usize) -> bool,
    n: usize,
    reach: &(impl Fn(u32, u32) -> f64 + Sync),
) -> KeyEdge {
    let others: Vec<u32> = (0..n as u32).filter(|&i| may(i as usize)).collect();
    let shorter = |a: KeyEdge, b: KeyEdge| {
        if (b.key, b.to) < (a.key, a.to) { b } else { a }
    };
    others
        .par_iter()
        .map(|&to| KeyEdge { key: reach(edge.from, to), from: edge.from, to })
        .reduce(|| edge, shorter)
}

/// The minimum spanning tree of all points, from a spanning tree of them.
fn improve(
    points: &Points,
    products: &Products,
    core: &[f64],
    mut forest: Vec<KeyEdge>,
    interrupted: &(impl Fn() -> bool + Sync),
) -> Vec<KeyEdge> {
    let n = points.len();
    let mut block = 0;
    let blocks = n.div_ceil(TILE.0);
    while block < blocks && !interrupted() {
        let longest = Longest::new(n, &forest);
        let mut found = Vec::new();
        // Some blocks at a time, so that what is found can shorten the tree before it grows too much.
        while block < blocks && found.len() < COLLECTED && !interrupted() {
            let some = block..(block + BLOCKS).min(blocks);
            block = some.end;
            let parts: Vec<Vec<KeyEdge>> = some
                .into_par_iter()
                .map(|b| {
                    let rows = b * TILE.0..((b + 1) * TILE.0).min(n);
                    shorter_edges(rows, points, products, core, &longest)
                })
                .collect();
            found.extend(parts.into_iter().flatten());
        }
        found.append(&mut forest);
        forest = kruskal(n, found);
    }
    forest
}

/// The edges from some rows to later ones that are shorter than the longest edge between their ends
/// on the tree.
fn shorter_edges(
    rows: std::ops::Range<usize>,
    points: &Points,
    products: &Products,
    core: &[f64],
    longest: &Longest,
) -> Vec<KeyEdge> {
    let n = points.len();
    let mut out = Vec::new();
    let limits: Vec<Vec<f64>> = rows.clone().map(|i| longest.from(i)).collect();
    let one = products.score(1.0);
    let mut scores = Vec::new();
    for start in (rows.start..n).step_by(TILE.1) {
        let columns = start..(start + TILE.1).min(n);
        products.scores(rows.clone(), columns.clone(), &mut scores);
        for (i, limits) in rows.clone().zip(&limits) {
            let scores = &scores[(i - rows.start) * columns.len()..][..columns.len()];
            let error = products.error_with_any(i);
            for ((j, &limit), &score) in columns.clone().zip(&limits[columns.clone()]).zip(scores) {
                let open = f64::from(score) - error < limit * one;
                if !open || j <= i || core[i].max(core[j]) >= limit {
                    continue;
                }
                let key = points.key(i, j).max(core[i]).max(core[j]);
                if key < limit {
                    out.push(KeyEdge { key, from: i as u32, to: j as u32 });
                }
            }
        }
    }
    out
}
