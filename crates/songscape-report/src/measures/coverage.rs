//! How often the year lies in the interval that was predicted for it.

use std::collections::BTreeMap;

use super::chance::wilson;
use crate::input::ReportInput;

/// The songs of ten years that have a year and an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coverage {
    /// The decade's first year.
    pub decade: i64,
    /// Its songs.
    pub songs: usize,
    /// Those whose year lies in the interval, ends included.
    pub held: usize,
    /// Mean of predicted − true year, in years; the middle of the interval where nothing else is known.
    pub bias: f64,
}

impl Coverage {
    /// The share that lies in the interval, with its 95% interval.
    pub fn share(&self) -> (f64, (f64, f64)) {
        let share = self.held as f64 / self.songs as f64;
        (share, wilson(share, self.songs))
    }
}

/// The coverage of each decade that has songs with an interval.
pub(crate) fn by_decade(input: &ReportInput) -> Vec<Coverage> {
    let mut decades: BTreeMap<i64, (usize, usize, f64)> = BTreeMap::new();
    for song in &input.songs {
        if let (Some(year), Some((low, high))) = (song.year, song.interval) {
            let count = decades.entry(i64::from(year).div_euclid(10) * 10).or_default();
            count.0 += 1;
            count.1 += usize::from((low..=high).contains(&f64::from(year)));
            count.2 += song.predicted.unwrap_or((low + high) / 2.0) - f64::from(year);
        }
    }
    let decade =
        |(decade, (songs, held, sum))| Coverage { decade, songs, held, bias: sum / songs as f64 };
    decades.into_iter().map(decade).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn decades_count_the_years_within() {
        let song = |year, low, high| SongRow {
            year: Some(year),
            interval: Some((low, high)),
            ..SongRow::default()
        };
        let songs = vec![
            song(1969, 1960.0, 1969.0),
            song(1970, 1971.0, 1990.0),
            song(1979, 1971.0, 1990.0),
            SongRow { year: Some(1975), ..SongRow::default() },
        ];
        let found = by_decade(&ReportInput { songs, ..ReportInput::default() });
        let expected = [(1960, 1, 1, -4.5), (1970, 2, 1, 6.0)]
            .map(|(decade, songs, held, bias)| Coverage { decade, songs, held, bias });
        assert_eq!(found, expected);
        assert_eq!(found[1].share().0, 0.5);
    }
}
