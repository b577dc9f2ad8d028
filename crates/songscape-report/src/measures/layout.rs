//! Where songs are drawn: at their places, but wide empty stretches of the map are shortened.
//!
//! A few songs far away would leave all others in a corner, and how far away they are means nothing on such a map.
//! No song lies in a stretch that is shortened, across the whole map, so no group of songs is distorted.

use crate::input::ReportInput;

/// The share of the drawn map that a shortened stretch takes along its axis.
const SHARE: f64 = 0.2;
/// Stretches are shortened that are so many times as long as they would be then.
const LONG: f64 = 1.5;
/// The other stretches together are at least so many times as long as a shortened one.
const KEPT: f64 = 2.0;
/// Fewer songs leave gaps everywhere.
const FEWEST: usize = 30;

/// The map as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout([Axis; 2]);

#[derive(Debug, Clone, PartialEq)]
struct Axis {
    /// Of the songs; infinities the wrong way round without songs.
    range: (f64, f64),
    cuts: Vec<Cut>,
}

/// A shortened stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    /// Where it begins and ends on the map.
    from: f64,
    to: f64,
    /// How much is missing from its end on, this stretch and those before it.
    missing: f64,
}

impl Layout {
    pub fn of(input: &ReportInput) -> Self {
        Self([0, 1].map(|axis| {
            Axis::of(input.songs.iter().map(|song| f64::from(song.map[axis])).collect())
        }))
    }

    /// Where a song at this place is drawn.
    pub fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.place(0, x), self.place(1, y)]
    }

    /// The same along an axis, 0 or 1.
    pub fn place(&self, axis: usize, value: f64) -> f64 {
        self.0[axis].place(value)
    }

    /// From where to where songs are drawn; infinities the wrong way round without songs.
    pub fn range(&self, axis: usize) -> (f64, f64) {
        let (low, high) = self.0[axis].range;
        (low, self.place(axis, high))
    }

    /// The middle of each shortened stretch, where it is drawn.
    pub fn cuts(&self, axis: usize) -> impl Iterator<Item = f64> {
        let axis = &self.0[axis];
        axis.cuts.iter().map(|cut| (axis.place(cut.from) + axis.place(cut.to)) / 2.0)
    }

    pub fn is_shortened(&self) -> bool {
        self.0.iter().any(|axis| !axis.cuts.is_empty())
    }
}

impl Axis {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let (&[first, .., last] | &[first @ last]) = &values[..] else {
            return Self { range: (f64::INFINITY, f64::NEG_INFINITY), cuts: Vec::new() };
        };
        let gaps = || values.windows(2).map(|pair| pair[1] - pair[0]);
        // What is left of all stretches decides how long each may be.
        let mut longest = last - first;
        for _ in 0..20 {
            let drawn: f64 = gaps().map(|gap| gap.min(longest)).sum();
            longest = SHARE * drawn;
        }
        let long = |gap: &f64| *gap > LONG * longest;
        let kept: f64 = gaps().filter(|gap| !long(gap)).sum();
        // Songs that lie far from each other everywhere are left alone.
        let shortened = values.len() >= FEWEST && kept >= KEPT * longest;
        let mut missing = 0.0;
        let pairs = values.windows(2).filter(|pair| shortened && long(&(pair[1] - pair[0])));
        let cuts = pairs
            .map(|pair| {
                missing += pair[1] - pair[0] - longest;
                Cut { from: pair[0], to: pair[1], missing }
            })
            .collect();
        Self { range: (first, last), cuts }
    }

    fn place(&self, value: f64) -> f64 {
        let before = self.cuts.partition_point(|cut| cut.to <= value);
        value - before.checked_sub(1).map_or(0.0, |last| self.cuts[last].missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    fn at(places: impl Iterator<Item = (f32, f32)>) -> ReportInput {
        let song = |(x, y): (f32, f32)| SongRow { map: [x, y], ..SongRow::default() };
        ReportInput { songs: places.map(song).collect(), ..ReportInput::default() }
    }

    #[test]
    fn a_cluster_far_away_comes_nearer_as_it_is() {
        // 200 songs from 0 to 12.4, and 40 from 90 to 92.4.
        let near = (0..200).map(|i| (i as f32 * 0.0625, (i % 14) as f32));
        let far = (0..40).map(|i| (90.0 + i as f32 * 0.0625, (i % 14) as f32));
        let layout = Layout::of(&at(near.chain(far)));
        let ((low, high), end) = (layout.range(0), 199.0 * 0.0625);
        assert_eq!([low, layout.place(0, 3.0), layout.place(0, end)], [0.0, 3.0, end]);
        // A fifth of the axis is empty, and the far cluster is as wide as it was.
        let from = layout.place(0, 90.0);
        assert!(((from - end) / (high - low) - 0.2).abs() < 1e-3, "{from} of {high}");
        assert!((layout.place(0, 91.0) - from - 1.0).abs() < 1e-9);
        let middle: Vec<f64> = layout.cuts(0).collect();
        assert!(middle.len() == 1 && middle[0] > end && middle[0] < from);
        assert!(layout.is_shortened() && layout.cuts(1).count() == 0);
        assert_eq!(layout.range(1), (0.0, 13.0));
    }

    #[test]
    fn usual_maps_and_few_songs_stay_as_they_are() {
        // Four groups, with a quarter of the map between the second and the third.
        let usual = (0..200)
            .map(|i| ((i % 4 * 3) as f32 + (i % 4 / 2) as f32 * 0.5 + i as f32 * 0.005, 1.0));
        assert!(!Layout::of(&at(usual)).is_shortened());
        assert!(!Layout::of(&at([(0.0, 0.0), (1.0, 0.0), (50.0, 0.0)].into_iter())).is_shortened());
        assert_eq!(Layout::of(&at([(2.0, 3.0)].into_iter())).range(1), (3.0, 3.0));
        let none = Layout::of(&ReportInput::default()).range(0);
        assert_eq!(none, (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn songs_far_from_each_other_everywhere_stay_as_they_are() {
        let grid = Layout::of(&at((0..30).map(|i| ((i % 6) as f32, (i / 6) as f32))));
        assert!(!grid.is_shortened());
        let layout = Layout::of(&at((0..100).map(|i| (if i < 50 { 0.0 } else { f32::MAX }, 0.0))));
        assert!(layout.place(0, f32::MAX.into()) > 0.0 && layout.range(0).1.is_finite());
    }
}
