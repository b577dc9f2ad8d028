//! Names for clusters, from what a table says of their songs.
//!
//! A value of a column (a genre, a decade, an artist) names a cluster when it is over-represented there. The
//! log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, "Fightin' Words", 2008,
//! equations 15 to 22), in its standard deviations, says by how much: the prior, each value's share among all
//! songs, draws rare values towards no difference. Fisher's exact test, adjusted for every value of every
//! cluster that was looked at (Bonferroni), says whether it is at all: with columns that have nothing to do
//! with the clusters, at most one collection in twenty has any name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::year::decade;
use songscape_project::{SongTable, write_csv};

use crate::error::{Error, Result};

/// The adjusted probability up to which a value names a cluster.
const LEVEL: f64 = 0.05;
/// Values of a cluster that its name is made of at most.
const PARTS: usize = 3;
/// So many witnesses, in the cluster and elsewhere, are the least that can say what sets it apart.
const WITNESSES: usize = 3;
/// How many witnesses the prior is worth in all, in multiples of the values.
const PRIOR: f64 = 1.0;

/// A value that is over-represented among the songs of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterName {
    /// The cluster.
    pub label: i32,
    /// 1 for the value that is most over-represented.
    pub rank: usize,
    /// The column: `genre`, `decade`, `artist` or another.
    pub column: String,
    /// The value.
    pub value: String,
    /// The witnesses of the cluster that have it: artists, or songs where the column is the artist.
    pub count: usize,
    /// Their share of the cluster's witnesses that have any value.
    pub share: f64,
    /// The share among the witnesses of all other songs, the unclustered ones among them.
    pub elsewhere: f64,
    /// The log-odds ratio with the prior, in standard deviations.
    pub z: f64,
    /// Fisher's exact probability of so many or more by chance, adjusted for all values looked at.
    pub p_adjusted: f64,
}

/// What may name clusters: a column with a value for each song, empty where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// `[n]`.
    pub values: Vec<String>,
}

/// The columns that say what songs are: of a table's own columns (names in any case) `genre`, `style`, `mood`,
/// `language`, `country` and `label`, then the decade of `years`, and `artists`.
pub fn columns<'a, Values: IntoIterator<Item = &'a str>>(
    table: impl IntoIterator<Item = (&'a str, Values)>,
    years: impl IntoIterator<Item = Option<i32>>,
    artists: impl IntoIterator<Item = &'a str>,
) -> Vec<Column> {
    const TELLING: [&str; 6] = ["genre", "style", "mood", "language", "country", "label"];
    let trimmed = |value: &str| value.trim().to_owned();
    let own = table.into_iter().filter_map(|(name, values)| {
        let name = TELLING.into_iter().find(|telling| telling.eq_ignore_ascii_case(name))?;
        Some(Column { name: name.into(), values: values.into_iter().map(trimmed).collect() })
    });
    let decade = |year: Option<i32>| year.map_or(String::new(), |y| format!("{}s", decade(y)));
    let decades = years.into_iter().map(decade).collect();
    let artists = artists.into_iter().map(trimmed).collect();
    own.chain([
        Column { name: "decade".into(), values: decades },
        Column { name: ARTIST.into(), values: artists },
    ])
    .collect()
}

/// The [`columns`] of a table of songs.
pub fn columns_of(songs: &SongTable) -> Vec<Column> {
    let values = |place: usize| songs.songs.iter().map(move |song| song.extra[place].as_str());
    columns(
        songs.columns.iter().enumerate().map(|(place, name)| (name.as_str(), values(place))),
        songs.years(),
        songs.songs.iter().map(|song| song.artist.as_str()),
    )
}

const ARTIST: &str = "artist";

/// The values that are over-represented in clusters, by cluster, the strongest first. `labels` `[n]` are −1
/// for unclustered songs.
///
/// `groups` `[n]` says which songs are one witness, such as those of an artist: ten songs of one artist in a
/// cluster say once what their genre is. A song without a group is a witness by itself. For the column
/// `artist` songs are counted.
///
/// # Errors
/// [`Error::LengthMismatch`].
pub fn names(labels: &[i32], groups: &[String], columns: &[Column]) -> Result<Vec<ClusterName>> {
    let lengths = columns.iter().map(|column| ("a column", column.values.len()));
    for (what, found) in lengths.chain([("groups", groups.len())]) {
        if found != labels.len() {
            return Err(Error::LengthMismatch { what, found, expected: labels.len() });
        }
    }
    let logarithms = Logarithms::new(labels.len());
    let mut found: Vec<ClusterName> = Vec::new();
    let mut tests = 0;
    for column in columns {
        let counts = Counts::new(labels, groups, column);
        tests += counts.clusters.len() * counts.values.len();
        found.extend(counts.over_represented(&column.name, &logarithms));
    }
    for name in &mut found {
        name.p_adjusted = (name.p_adjusted * tests as f64).min(1.0);
    }
    found.retain(|name| name.p_adjusted <= LEVEL);
    found.sort_by(|a, b| {
        (a.label.cmp(&b.label)).then(b.z.total_cmp(&a.z)).then_with(|| a.value.cmp(&b.value))
    });
    let mut before = (i32::MIN, 0);
    for name in &mut found {
        let rank = if name.label == before.0 { before.1 + 1 } else { 1 };
        (name.rank, before) = (rank, (name.label, rank));
    }
    Ok(found)
}

/// A name for each of so many clusters: its [`words`]; empty where nothing is over-represented.
pub fn titles(names: &[ClusterName], clusters: usize) -> Vec<String> {
    (0..clusters).map(|label| words(names, label as i32).join(", ")).collect()
}

/// The words that name a cluster: at most three values, the strongest first, and of a column the strongest only.
pub fn words(names: &[ClusterName], label: i32) -> Vec<&str> {
    let mut used = BTreeSet::new();
    let own = names.iter().filter(|name| name.label == label);
    let parts = own.filter(|name| used.insert(&name.column)).take(PARTS);
    parts.map(|name| name.value.as_str()).collect()
}

/// How many witnesses of each cluster, and of all, have each value.
struct Counts<'a> {
    values: BTreeMap<&'a str, usize>,
    clusters: BTreeMap<i32, BTreeMap<&'a str, usize>>,
}

impl<'a> Counts<'a> {
    fn new(labels: &[i32], groups: &[String], column: &'a Column) -> Self {
        // A witness is counted once for each value in each cluster: (value, cluster, group).
        let mut seen: BTreeSet<(&str, i32, &str)> = BTreeSet::new();
        let mut counts = Self { values: BTreeMap::new(), clusters: BTreeMap::new() };
        for ((&label, group), value) in labels.iter().zip(groups).zip(&column.values) {
            let witness = column.name != ARTIST && !group.is_empty();
            if value.is_empty() || (witness && !seen.insert((value, label, group))) {
                continue;
            }
            *counts.values.entry(value).or_default() += 1;
            *counts.clusters.entry(label).or_default().entry(value).or_default() += 1;
        }
        counts.clusters.remove(&-1);
        counts
    }

    /// All values that are more frequent in a cluster than elsewhere, with their probabilities by themselves.
    fn over_represented(&self, column: &str, logarithms: &Logarithms) -> Vec<ClusterName> {
        let total: usize = self.values.values().sum();
        let prior = PRIOR * self.values.len() as f64;
        let mut found = Vec::new();
        for (&label, own) in &self.clusters {
            let size: usize = own.values().sum();
            let others = total - size;
            for (&value, &count) in own {
                let all = self.values[value];
                let (inside, outside) = (count as f64, (all - count) as f64);
                let (share, elsewhere) = (inside / size as f64, outside / others.max(1) as f64);
                if share <= elsewhere || size.min(others) < WITNESSES {
                    continue;
                }
                let own_prior = prior * all as f64 / total as f64;
                let odds = |count: f64, of: f64| {
                    ((count + own_prior) / (of + prior - count - own_prior).max(f64::MIN_POSITIVE))
                        .ln()
                };
                let ratio = odds(inside, size as f64) - odds(outside, others as f64);
                let variance = 1.0 / (inside + own_prior) + 1.0 / (outside + own_prior);
                found.push(ClusterName {
                    label,
                    rank: 0,
                    column: column.into(),
                    value: value.into(),
                    count,
                    share,
                    elsewhere,
                    z: ratio / variance.sqrt(),
                    p_adjusted: logarithms.at_least(count, size, all, total),
                });
            }
        }
        found
    }
}

/// The logarithms of the factorials.
struct Logarithms(Vec<f64>);

impl Logarithms {
    fn new(most: usize) -> Self {
        let add = |sum: &mut f64, n: usize| {
            *sum += (n.max(1) as f64).ln();
            Some(*sum)
        };
        Self((0..=most).scan(0.0, add).collect())
    }

    fn choose(&self, n: usize, k: usize) -> f64 {
        self.0[n] - self.0[k] - self.0[n - k]
    }

    /// The probability that `size` of `total`, drawn at random, hold at least `count` of the `all` that
    /// have a value (the hypergeometric tail).
    fn at_least(&self, count: usize, size: usize, all: usize, total: usize) -> f64 {
        let whole = self.choose(total, size);
        let chance =
            |k: usize| (self.choose(all, k) + self.choose(total - all, size - k) - whole).exp();
        let most = all.min(size);
        let least = (size + all).saturating_sub(total);
        (count.max(least)..=most).map(chance).sum::<f64>().min(1.0)
    }
}

/// Writes `label,rank,column,value,count,share,elsewhere,z,p_adjusted`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_names(path: impl AsRef<Path>, names: &[ClusterName]) -> Result<()> {
    let header =
        ["label", "rank", "column", "value", "count", "share", "elsewhere", "z", "p_adjusted"];
    Ok(write_csv(path, &header, names)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn column(name: &str, values: impl Iterator<Item = String>) -> Column {
        Column { name: name.into(), values: values.collect() }
    }

    #[test]
    fn the_tail_is_that_of_all_draws() {
        // Of 10, of which 4 have a value, 3 are drawn: by counting, 120 ways.
        let logarithms = Logarithms::new(10);
        for (count, ways) in [(0, 120.0), (1, 100.0), (2, 40.0), (3, 4.0)] {
            let found = logarithms.at_least(count, 3, 4, 10);
            assert!((found - ways / 120.0).abs() < 1e-12, "{count}: {found}");
        }
    }

    #[test]
    fn planted_values_name_their_clusters() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let labels: Vec<i32> = (0..600).map(|i| i % 4 - 1).collect();
        let mut often = |label: i32, value: &str, rest: &[&str]| {
            let values: Vec<String> = labels
                .iter()
                .map(|&own| {
                    let planted = own == label && rng.random::<f64>() < 0.6;
                    let other = rest[rng.random_range(0..rest.len())];
                    if planted { value.to_owned() } else { other.to_owned() }
                })
                .collect();
            values
        };
        let genres = often(0, "fado", &["rock", "pop", "jazz"]);
        let decades = often(2, "1970s", &["1980s", "1990s", "1970s", ""]);
        let artists = (0..600).map(|i| format!("artist {}", i % 150)).collect::<Vec<_>>();
        let columns = [
            Column { name: "genre".into(), values: genres },
            Column { name: "decade".into(), values: decades },
        ];
        let found = names(&labels, &artists, &columns).unwrap();
        // Where there is much fado there is less of all else, so that others may be named for that.
        let titles = titles(&found, 3);
        assert_eq!((&*titles[0], &*titles[1]), ("fado", ""), "{found:?}");
        assert!(titles[2].starts_with("1970s"), "{found:?}");
        let fado = &found[0];
        assert!(fado.share > 0.5 && fado.elsewhere < 0.05 && fado.z > 4.0, "{fado:?}");
        assert!(found.iter().all(|name| name.label >= 0));
        assert!(names(&labels[1..], &artists, &columns).is_err());
    }

    #[test]
    fn one_artist_is_one_witness_of_a_genre_and_a_name_by_itself() {
        // One cluster of two: all forty songs by one artist, whose genre nobody else has.
        let labels: Vec<i32> = (0..200).map(|i| i32::from(i < 40)).collect();
        let artists: Vec<String> =
            (0..200).map(|i| if i < 40 { "A".into() } else { format!("artist {i}") }).collect();
        let genres = column("genre", (0..200).map(|i| if i < 40 { "fado" } else { "rock" }.into()));
        let found = names(&labels, &artists, std::slice::from_ref(&genres)).unwrap();
        assert!(found.is_empty(), "{found:?}");
        let own = column("artist", artists.iter().cloned());
        let found = names(&labels, &artists, &[genres.clone(), own]).unwrap();
        assert_eq!(titles(&found, 2), ["", "A"]);
        let nobody = vec![String::new(); 200];
        assert_eq!(titles(&names(&labels, &nobody, &[genres]).unwrap(), 2), ["rock", "fado"]);
    }

    #[test]
    fn random_columns_name_nothing_more_often_than_one_time_in_twenty() {
        const COLLECTIONS: u64 = 400;
        let any = (0..COLLECTIONS).filter(|&seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut random = |name: &str, values: usize| {
                // Some values are frequent, most are rare.
                let value = |_| {
                    let at: f64 = rng.random();
                    format!("{}", (at * at * values as f64) as usize)
                };
                Column { name: name.into(), values: (0..400).map(value).collect() }
            };
            let columns = [random("genre", 12), random("decade", 6), random("artist", 90)];
            let labels: Vec<i32> = (0..400).map(|_| rng.random_range(-1..7)).collect();
            let nobody = vec![String::new(); 400];
            !names(&labels, &nobody, &columns).unwrap().is_empty()
        });
        let share = any.count() as f64 / COLLECTIONS as f64;
        assert!(share <= 0.05, "{share}");
    }
}
