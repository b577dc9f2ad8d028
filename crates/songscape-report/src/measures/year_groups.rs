//! Release years in groups that are large enough to say something.

use std::collections::BTreeMap;

/// More places than this side by side cannot be told apart.
const MOST: i64 = 100;
/// Fewer groups than this show nothing of the course of time.
const FEWEST: i64 = 4;

/// Songs of successive years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YearGroup {
    /// The group's first year.
    pub first: i64,
    /// Its last year.
    pub last: i64,
    /// The songs.
    pub rows: Vec<usize>,
}

impl YearGroup {
    /// The middle of its years; a single year is its own middle.
    pub fn middle(&self) -> f64 {
        (self.first as f64 + self.last as f64) / 2.0
    }

    /// From where to where it reaches on an axis of years: a year from half a year before its number
    /// to half a year after.
    pub fn reach(&self) -> (f64, f64) {
        (self.first as f64 - 0.5, self.last as f64 + 0.5)
    }

    fn years(&self) -> i64 {
        self.last - self.first + 1
    }
}

/// Songs in groups of 1, 2, 5, 10, … years. The first group begins with the first year that has a song,
/// the last one ends with the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct YearGroups {
    /// Years in a group, but for the first and the last, and those that were merged.
    pub width: i64,
    /// The groups that have songs, in the order of time.
    pub groups: Vec<YearGroup>,
    /// Songs of groups too small to be shown, left out by [`merged`](Self::merged).
    pub left_out: usize,
}

impl YearGroups {
    /// Groups rows by year. The groups are as small as can be so that at least three quarters of the
    /// rows are in a group of `enough` or more, and at most a hundred groups lie side by side; where
    /// that takes groups so large that almost none are left, years stay single.
    pub fn new(years: &[(usize, i32)], enough: usize) -> Self {
        let all = || years.iter().map(|(_, year)| i64::from(*year));
        let (Some(first), Some(last)) = (all().min(), all().max()) else {
            return Self { width: 1, ..Self::default() };
        };
        let mut fits: Option<Self> = None;
        for width in widths() {
            let places = last.div_euclid(width) - first.div_euclid(width) + 1;
            if places > MOST {
                continue;
            }
            if fits.is_some() && places < FEWEST {
                break;
            }
            let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
            for &(row, year) in years {
                groups.entry(i64::from(year).div_euclid(width) * width).or_default().push(row);
            }
            let grouped: usize = groups.values().map(Vec::len).filter(|&n| n >= enough).sum();
            let group = |(start, rows): (i64, Vec<usize>)| YearGroup {
                first: start.max(first),
                last: (start + width - 1).min(last),
                rows,
            };
            let this = Self { width, groups: groups.into_iter().map(group).collect(), left_out: 0 };
            if grouped * 4 >= years.len() * 3 {
                return this;
            }
            fits.get_or_insert(this);
        }
        fits.unwrap_or_default()
    }

    /// The same with no group of fewer than `enough` songs: the smallest is put together with the
    /// smaller of its neighbors, again and again. A group from which the next songs are farther away
    /// than both groups are long is left out instead: one value for both would hide the gap.
    pub fn merged(mut self, enough: usize) -> Self {
        while let Some(at) = (0..self.groups.len())
            .filter(|&i| self.groups[i].rows.len() < enough)
            .min_by_key(|&i| self.groups[i].rows.len())
        {
            let near = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter(|&other| {
                let Some(group) = self.groups.get(other) else { return false };
                let (before, after) =
                    if other < at { (group, &self.groups[at]) } else { (&self.groups[at], group) };
                after.first - before.last - 1 <= before.years() + after.years()
            });
            match near.min_by_key(|&other| self.groups[other].rows.len()) {
                Some(other) => {
                    let after = self.groups.remove(at.max(other));
                    let before = &mut self.groups[at.min(other)];
                    before.last = after.last;
                    before.rows.extend(after.rows);
                }
                None => self.left_out += self.groups.remove(at).rows.len(),
            }
        }
        self
    }

    /// The songs in all groups.
    pub fn songs(&self) -> usize {
        self.groups.iter().map(|group| group.rows.len()).sum()
    }

    /// From the beginning of the first group to the end of the last, on an axis of years; 0 to 1
    /// without groups.
    pub fn span(&self) -> (f64, f64) {
        match (self.groups.first(), self.groups.last()) {
            (Some(first), Some(last)) => (first.reach().0, last.reach().1),
            _ => (0.0, 1.0),
        }
    }

    /// Groups that follow each other without a gap: what lies between is not known.
    pub fn runs(&self) -> impl Iterator<Item = &[YearGroup]> {
        self.groups.chunk_by(|one, next| one.last + 1 == next.first)
    }

    /// `years in groups of 5`, where groups hold more than one year.
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

    fn ends(groups: &YearGroups) -> Vec<(i64, i64, usize)> {
        groups.groups.iter().map(|group| (group.first, group.last, group.rows.len())).collect()
    }

    #[test]
    fn many_songs_a_year_stay_single_years() {
        let found = groups((1960..=2020).flat_map(|year| [year; 6]));
        assert_eq!((found.width, found.groups.len()), (1, 61));
        assert_eq!(found.groups[0].middle(), 1960.0);
        assert_eq!(found.span(), (1959.5, 2020.5));
    }

    #[test]
    fn thin_years_are_pooled() {
        let found = groups((1700..=1899).flat_map(|year| [year; 2]));
        assert_eq!((found.width, found.groups.len()), (5, 40));
        assert_eq!(ends(&found)[0], (1700, 1704, 10));
        assert_eq!(found.groups[0].middle(), 1702.0);
        assert_eq!(found.groups[39].reach(), (1894.5, 1899.5));
    }

    #[test]
    fn the_first_and_the_last_group_end_where_the_songs_end() {
        let found = groups((1703..=1896).flat_map(|year| [year; 2]));
        assert_eq!(found.width, 5);
        assert_eq!(ends(&found)[0], (1703, 1704, 4));
        assert_eq!(ends(&found)[39 - 1], (1890, 1894, 10));
        assert_eq!(ends(&found)[39], (1895, 1896, 4));
        assert_eq!(found.span(), (1702.5, 1896.5));
        // Songs of one year stand at that year, whatever the groups are wide.
        let last = groups((1900..=1999).flat_map(|y| [y; 2]).chain([2000])).groups.pop();
        assert_eq!(
            last.map(|group| (group.middle(), group.reach())),
            Some((2000.0, (1999.5, 2000.5)))
        );
    }

    #[test]
    fn small_groups_join_the_smaller_neighbor_and_lonely_ones_are_left_out() {
        let years = (1960..2020).flat_map(|y| [y; 2]).chain([2020]);
        let found = groups(years).merged(5);
        assert_eq!(*ends(&found).last().unwrap_or(&(0, 0, 0)), (2015, 2020, 11));
        assert_eq!((found.left_out, found.songs()), (0, 121));
        // Two songs two hundred years before all others are no group.
        let years = (1960..2020).flat_map(|y| [y; 6]).chain([1700, 1701]);
        let found = groups(years).merged(5);
        assert_eq!((found.left_out, found.songs(), found.span().1), (2, 360, 2019.5));
        assert_eq!(groups([1990, 1991]).merged(5).groups, []);
    }

    #[test]
    fn few_songs_and_wide_ranges_are_drawable() {
        assert_eq!(groups([1990, 1991, 1999]).width, 1);
        assert_eq!(groups((1990..2006).step_by(2)).width, 1);
        assert_eq!(groups([]).groups, []);
        let wide = groups([i32::MIN, 0, i32::MAX]);
        assert!(wide.groups.len() <= MOST as usize, "{wide:?}");
    }
}
