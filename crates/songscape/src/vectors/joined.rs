//! Sources that are joined from others.

use ndarray::{Array2, Axis, concatenate};
use songscape_analysis::study::VectorSet;
use songscape_analysis::vectors::unit_rows;
use songscape_project::Source;

/// The sources that are computed, each once, for all of these: the parts of what is joined.
pub(super) fn computed(sources: &[Source]) -> Vec<Source> {
    let mut computed = Vec::new();
    for &source in sources {
        for part in source.parts().map_or(vec![source], Vec::from) {
            if !computed.contains(&part) {
                computed.push(part);
            }
        }
    }
    computed
}

/// The vectors of these sources from those that were [`computed`].
pub(super) fn with_joined(
    sources: &[Source],
    mut sets: Vec<(Source, VectorSet)>,
) -> Vec<VectorSet> {
    let place = |sets: &[(Source, VectorSet)], source: Source| {
        sets.iter().position(|(own, _)| *own == source).expect("every part was computed")
    };
    for &source in sources {
        if let Some(parts) = source.parts() {
            let set = joined(source, parts.map(|part| &sets[place(&sets, part)].1));
            sets.push((source, set));
        }
    }
    let take = |&source: &Source| {
        let place = place(&sets, source);
        sets.swap_remove(place).1
    };
    sources.iter().map(take).collect()
}

/// Two kinds of vectors of the same songs side by side, each of length 1. Nothing is fitted, so that a song's
/// vector does not depend on the others.
fn joined(source: Source, [one, other]: [&VectorSet; 2]) -> VectorSet {
    let side_by_side = |one: &Array2<f32>, other: &Array2<f32>| {
        concatenate![Axis(1), unit_rows(one.view()), unit_rows(other.view())]
    };
    let halves = one.halves.as_ref().zip(other.halves.as_ref());
    let halves = halves.map(|([a, b], [c, d])| [side_by_side(a, c), side_by_side(b, d)]);
    VectorSet { halves, ..VectorSet::new(source.name(), side_by_side(&one.whole, &other.whole)) }
}
