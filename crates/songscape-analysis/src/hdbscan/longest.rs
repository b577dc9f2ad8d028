//! The longest edge between any two points on a spanning tree.

use super::disjoint_sets::DisjointSets;
use super::spanning_tree::KeyEdge;

/// Points in an order in which all that are joined up to some length are neighbours, so that the
/// longest edge between two points is the largest of the steps between their places.
pub(super) struct Longest {
    order: Vec<u32>,
    places: Vec<u32>,
    /// The key of the step from each place to the next.
    steps: Vec<f64>,
}

impl Longest {
    /// `edges` are those of a spanning tree, the shortest first.
    pub fn new(n: usize, edges: &[KeyEdge]) -> Self {
        const END: u32 = u32::MAX;
        let mut sets = DisjointSets::new(n);
        let mut next = vec![END; n];
        let mut step = vec![f64::INFINITY; n];
        // The first and the last point of the set that each point stands for.
        let mut first: Vec<u32> = (0..n as u32).collect();
        let mut last = first.clone();
        for edge in edges {
            let (a, b) = (sets.find(edge.from as usize), sets.find(edge.to as usize));
            next[last[a] as usize] = first[b];
            step[last[a] as usize] = edge.key;
            let ends = (first[a], last[b]);
            sets.join(a, b);
            let joined = sets.find(a);
            (first[joined], last[joined]) = ends;
        }
        let mut order = Vec::with_capacity(n);
        let mut at = first[sets.find(0)];
        while at != END {
            order.push(at);
            at = next[at as usize];
        }
        let mut places = vec![0; n];
        for (place, &point) in order.iter().enumerate() {
            places[point as usize] = place as u32;
        }
        let steps = order.iter().map(|&point| step[point as usize]).collect();
        Self { order, places, steps }
    }

    /// `[n]`: the key of the longest edge between a point and every other.
    pub fn from(&self, point: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.order.len()];
        let place = self.places[point] as usize;
        let mut longest = 0.0_f64;
        for (step, &other) in self.steps[place..].iter().zip(&self.order[place + 1..]) {
            longest = longest.max(*step);
            out[other as usize] = longest;
        }
        longest = 0.0;
        for (step, &other) in self.steps[..place].iter().zip(&self.order[..place]).rev() {
            longest = longest.max(*step);
            out[other as usize] = longest;
        }
        out
    }
}
