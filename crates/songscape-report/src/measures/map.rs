//! Where clusters lie on the map.

use std::collections::BTreeMap;

use crate::input::ReportInput;

/// A cluster's place on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Centre {
    pub cluster: i32,
    pub songs: usize,
    /// The place of the member nearest to the members' median: the middle of a bent cluster may lie
    /// outside it.
    pub place: [f64; 2],
}

/// Of each cluster, the largest first; −1 is not among them.
pub(crate) fn centres(input: &ReportInput) -> Vec<Centre> {
    centres_of(input, input.songs.iter().map(|song| song.cluster))
}

/// The same of other groups of songs, a number for each song.
pub(crate) fn centres_of(
    input: &ReportInput,
    groups: impl IntoIterator<Item = i32>,
) -> Vec<Centre> {
    let mut members: BTreeMap<i32, Vec<[f64; 2]>> = BTreeMap::new();
    for (group, song) in groups.into_iter().zip(&input.songs).filter(|(group, _)| *group >= 0) {
        members.entry(group).or_default().push(song.map.map(f64::from));
    }
    let centre = |(cluster, places): (i32, Vec<[f64; 2]>)| {
        let middle = [0, 1].map(|axis| median(places.iter().map(|place| place[axis])));
        let far = |place: &[f64; 2]| (place[0] - middle[0]).hypot(place[1] - middle[1]);
        let nearest = places.iter().copied().min_by(|a, b| far(a).total_cmp(&far(b)));
        Centre { cluster, songs: places.len(), place: nearest.unwrap_or(middle) }
    };
    let mut centres: Vec<Centre> = members.into_iter().map(centre).collect();
    centres.sort_by_key(|centre| (std::cmp::Reverse(centre.songs), centre.cluster));
    centres
}

/// The upper one of two middle values.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn a_centre_is_a_member() {
        // Two arms of a bent cluster, and a song that belongs to none.
        let places = [[0.0, 0.0], [1.0, 0.2], [2.0, 2.0], [9.0, 9.0]];
        let song = |(i, &map): (usize, &[f32; 2])| SongRow {
            map,
            cluster: if i == 3 { -1 } else { 4 },
            ..SongRow::default()
        };
        let songs = places.iter().enumerate().map(song).collect();
        let input = ReportInput { songs, ..ReportInput::default() };
        let found = centres(&input);
        assert_eq!(found, [Centre { cluster: 4, songs: 3, place: [1.0, f64::from(0.2_f32)] }]);
    }
}
