//! Release years in groups that are large enough to be drawn.

use std::collections::BTreeMap;

/// More places than this side by side cannot be told apart.
const MOST: i64 = 100;
/// Fewer groups than this show nothing of the course of time.
const FEWEST: i64 = 4;

/// Songs in groups of 1, 2, 5, 10, … years.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YearGroups {
    /// Years in a group.
    pub width: i64,
    /// First year of the group → rows.
    pub groups: BTreeMap<i64, Vec<usize>>,
    /// The first and the last year that has a song.
    ends: (i64, i64),
}

impl YearGroups {
    /// Groups rows by year. The groups are as small as can be so that at least three quarters of the
    /// rows are in a group of `enough` or more, and at most a hundred groups lie side by side; where
    /// that takes groups so large that almost none are left, years stay single.
    pub fn new(years: &[(usize, i32)], enough: usize) -> Self {
        let all = || years.iter().map(|(_, year)| i64::from(*year));
        let ends = (all().min().unwrap_or(0), all().max().unwrap_or(0));
        let mut fits: Option<Self> = None;
        for width in widths() {
            let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
            for &(row, year) in years {
                let start = i64::from(year).div_euclid(width) * width;
                groups.entry(start).or_default().push(row);
            }
            let this = Self { width, groups, ends };
            if this.places() > MOST {
                continue;
            }
            if fits.is_some() && this.places() < FEWEST {
                break;
            }
            let grouped: usize = this.groups.values().map(Vec::len).filter(|&n| n >= enough).sum();
            if grouped * 4 >= years.len() * 3 {
                return this;
            }
            fits.get_or_insert(this);
        }
        fits.unwrap_or(Self { width: 1, groups: BTreeMap::new(), ends })
    }

    /// From the first to the last group, empty ones included.
    pub fn places(&self) -> i64 {
        match (self.groups.keys().next(), self.groups.keys().next_back()) {
            (Some(first), Some(last)) => (last - first) / self.width + 1,
            _ => 0,
        }
    }

    /// The middle of the group that starts with a year; a single year is its own middle.
    pub fn middle(&self, start: i64) -> f64 {
        start as f64 + (self.width - 1) as f64 / 2.0
    }

    /// The range from the first to the last group, with half a year of room.
    pub fn span(&self) -> (f64, f64) {
        let first = self.groups.keys().next().copied().unwrap_or(0);
        let last = self.groups.keys().next_back().copied().unwrap_or(0);
        (first as f64 - 0.5, (last + self.width) as f64 - 0.5)
    }

    /// From where to where a group reaches, half a year of room included; the first and the last
    /// group end with the first and the last year that has a song.
    pub fn reach(&self, start: i64) -> (f64, f64) {
        let (first, last) = (start.max(self.ends.0), (start + self.width - 1).min(self.ends.1));
        (first as f64 - 0.5, last as f64 + 0.5)
    }

    /// `in groups of 5 years`, where groups hold more than one year.
    pub fn note(&self) -> Option<String> {
        (self.width > 1).then(|| format!("years in groups of {}", self.width))
    }
}

fn widths() -> impl Iterator<Item = i64> {
    (0..10u32).flat_map(|power| [1, 2, 5].map(|m| m * 10i64.pow(power)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(years: impl IntoIterator<Item = i32>) -> YearGroups {
        YearGroups::new(&years.into_iter().enumerate().collect::<Vec<_>>(), 5)
    }

    #[test]
    fn many_songs_a_year_stay_single_years() {
        let found = groups((1960..=2020).flat_map(|year| [year; 6]));
        assert_eq!((found.width, found.groups.len()), (1, 61));
        assert_eq!(found.middle(1960), 1960.0);
        assert_eq!(found.span(), (1959.5, 2020.5));
    }

    #[test]
    fn thin_years_are_pooled() {
        let found = groups((1700..=1899).flat_map(|year| [year; 2]));
        assert_eq!(found.width, 5);
        assert_eq!(found.groups[&1700].len(), 10);
        assert_eq!(found.middle(1700), 1702.0);
        assert_eq!(found.places(), 40);
        assert_eq!(found.reach(1895), (1894.5, 1899.5));
        assert_eq!(groups((1700..=1896).flat_map(|year| [year; 2])).reach(1895), (1894.5, 1896.5));
    }

    #[test]
    fn few_songs_and_wide_ranges_are_drawable() {
        assert_eq!(groups([1990, 1991, 1999]).width, 1);
        assert_eq!(groups((1990..2006).step_by(2)).width, 1);
        assert_eq!(groups([]).places(), 0);
        let wide = groups([i32::MIN, 0, i32::MAX]);
        assert!(wide.places() <= MOST, "{wide:?}");
    }
}
