//! A report's input from files: the table of songs, and the tables that an analysis leaves.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use songscape_project::{line_of_record, year};

use crate::error::{Error, Result};
use crate::input::{ReportInput, SongRow, within};
use crate::link::link;
use crate::tree::{CondensedTree, TreeCluster};

/// The columns of the table of songs that have a meaning; all others are kept as they are.
const KNOWN: [&str; 5] = ["id", "path", "title", "artist", "year"];

impl ReportInput {
    /// Reads a table of songs (CSV with a header). The columns `id`, `path`, `title`, `artist` and
    /// `year` are used where there are any; the others become [`ReportInput::columns`]. Paths are
    /// relative to the table's folder and become links from `page`, the report's folder. The map and
    /// the clusters are not in it: every song is at the origin, in none.
    ///
    /// # Errors
    /// [`Error::Table`] when the file cannot be read, or a year is none (with its line).
    pub fn read_songs(table: &Path, page: &Path) -> Result<Self> {
        let fault = |reason: String| Error::Table { path: table.into(), reason };
        let bytes = std::fs::read(table).map_err(|e| fault(e.to_string()))?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let header = reader.headers().map_err(|e| fault(e.to_string()))?.clone();
        let place = |name: &str| header.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
        let [id, path, title, artist, year] = KNOWN.map(place);
        let others: Vec<usize> = (0..header.len())
            .filter(|i| ![id, path, title, artist, year].contains(&Some(*i)))
            .collect();
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut songs = Vec::new();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|e| fault(e.to_string()))?;
            let cell = |at: Option<usize>| at.and_then(|i| record.get(i)).unwrap_or("").trim();
            let path = cell(path);
            let name = match (cell(id), path) {
                ("", "") => row.to_string(),
                ("", path) => path.to_owned(),
                (id, _) => id.to_owned(),
            };
            let written = cell(year);
            let year = year::parse(written).map_err(|year::NotAYear| {
                let line = line_of_record(&bytes, record.position());
                let expected = year::expected();
                fault(format!("line {line} ({name}): year {written:?}, expected {expected}"))
            })?;
            songs.push(SongRow {
                title: if cell(title).is_empty() { name.clone() } else { cell(title).to_owned() },
                artist: cell(artist).to_owned(),
                year,
                audio: (!path.is_empty()).then(|| link(page, &folder.join(path))),
                cluster: -1,
                extra: others.iter().map(|&i| cell(Some(i)).to_owned()).collect(),
                id: name,
                ..SongRow::default()
            });
        }
        let columns = others.iter().map(|&i| header[i].trim().to_owned()).collect();
        Ok(Self { columns, songs, ..Self::default() })
    }

    /// Reads what an analysis found about the songs from the tables in its folder, as far as they are
    /// there: `clusters.csv` (row, label, probability), `representatives.csv` (label, rank, row),
    /// `neighbors.csv` (row, rank, neighbor), `years.csv` (row, predicted) and `condensed_tree.csv`
    /// (parent, child, lambda, size, label). Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::Table`] when a table cannot be read, [`Error::Row`] when it names a song that is not
    /// there.
    pub fn read_analysis(&mut self, folder: &Path) -> Result<()> {
        let songs = self.songs.len();
        let named =
            |row: usize, file: &str| within(row, songs, || folder.join(file).display().to_string());
        for found in rows::<Membership>(&folder.join("clusters.csv"))? {
            named(found.row, "clusters.csv")?;
            let song = &mut self.songs[found.row];
            (song.cluster, song.probability) = (found.label, found.probability);
        }
        let mut representatives = std::collections::BTreeMap::<i32, Vec<(usize, usize)>>::new();
        for found in rows::<Representative>(&folder.join("representatives.csv"))? {
            named(found.row, "representatives.csv")?;
            representatives.entry(found.label).or_default().push((found.rank, found.row));
        }
        self.representatives = representatives
            .into_iter()
            .map(|(cluster, mut ranked)| {
                ranked.sort_unstable();
                (cluster, ranked.into_iter().map(|(_, row)| row).collect())
            })
            .collect();
        let near = rows::<Near>(&folder.join("neighbors.csv"))?;
        if !near.is_empty() {
            let mut ranked = vec![Vec::new(); songs];
            for found in near {
                named(found.row, "neighbors.csv")?;
                ranked[found.row].push((found.rank, found.neighbor));
            }
            self.neighbours = ranked
                .into_iter()
                .map(|mut list| {
                    list.sort_unstable();
                    list.into_iter().map(|(_, row)| row).collect()
                })
                .collect();
        }
        for found in rows::<Prediction>(&folder.join("years.csv"))? {
            named(found.row, "years.csv")?;
            self.songs[found.row].predicted = Some(found.predicted);
        }
        let path = folder.join("condensed_tree.csv");
        let tree = rows::<Edge>(&path)?;
        if !tree.is_empty() {
            let fault = |reason: &str| Error::Table { path, reason: reason.into() };
            self.tree = Some(condensed(&tree, songs).map_err(fault)?);
        }
        Ok(())
    }

    /// Reads how a training went from its `history.csv` (step, loss, accuracy, learning_rate), if it is
    /// there. Other columns are ignored.
    ///
    /// # Errors
    /// [`Error::Table`] when it cannot be read.
    pub fn read_history(&mut self, table: &Path) -> Result<()> {
        self.history = rows(table)?;
        Ok(())
    }

    /// Reads the scores of models and baselines from JSON, if it is there: `years` (name, mae), `halves`
    /// and `renditions` (name, recall_1, recall_10). Other fields are ignored. Where they have no `years`,
    /// the songs' predictions are dropped: they are of an earlier analysis.
    ///
    /// # Errors
    /// [`Error::Table`] when it cannot be read.
    pub fn read_scores(&mut self, path: &Path) -> Result<()> {
        if path.exists() {
            self.scores = songscape_project::read_json(path)
                .map_err(|e| Error::Table { path: path.into(), reason: e.to_string() })?;
            if self.scores.year_mae.is_empty() {
                self.songs.iter_mut().for_each(|song| song.predicted = None);
            }
        }
        Ok(())
    }

    /// The song to show by its spectrogram: the most typical one of the largest cluster, or the first.
    /// `None` without songs.
    pub fn typical_song(&self) -> Option<usize> {
        let size = |cluster: i32| self.songs.iter().filter(|song| song.cluster == cluster).count();
        let largest = self
            .representatives
            .iter()
            .filter(|(cluster, rows)| *cluster >= 0 && !rows.is_empty())
            .max_by_key(|(cluster, _)| (size(*cluster), std::cmp::Reverse(*cluster)));
        largest.map(|(_, rows)| rows[0]).or((!self.songs.is_empty()).then_some(0))
    }
}

#[derive(Deserialize)]
struct Membership {
    row: usize,
    label: i32,
    probability: f64,
}

#[derive(Deserialize)]
struct Representative {
    label: i32,
    rank: usize,
    row: usize,
}

#[derive(Deserialize)]
struct Near {
    row: usize,
    rank: usize,
    neighbor: u32,
}

#[derive(Deserialize)]
struct Prediction {
    row: usize,
    predicted: f64,
}

/// A row of the condensed tree in the form that the Python package hdbscan made common: songs are
/// `0..n`, clusters from `n` on, the root first.
#[derive(Deserialize)]
struct Edge {
    parent: usize,
    child: usize,
    lambda: f64,
    size: usize,
    label: Option<i32>,
}

fn condensed(edges: &[Edge], songs: usize) -> std::result::Result<CondensedTree, &'static str> {
    let below = edges.iter().filter(|edge| edge.child >= songs).count();
    let root = TreeCluster { parent: None, birth: 0.0, size: songs, label: None };
    let mut clusters = vec![Some(root)];
    clusters.resize(below + 1, None);
    let mut leaves = vec![None; songs];
    for edge in edges {
        let parent = edge.parent.checked_sub(songs).ok_or("a song is named as a parent")?;
        match edge.child.checked_sub(songs) {
            None => leaves[edge.child] = Some((parent, edge.lambda)),
            Some(0) => return Err("the root is named as a child"),
            Some(child) => {
                let (birth, size, label) = (edge.lambda, edge.size, edge.label);
                let slot = clusters.get_mut(child).ok_or("a cluster is missing")?;
                *slot = Some(TreeCluster { parent: Some(parent), birth, size, label });
            }
        }
    }
    Ok(CondensedTree {
        clusters: clusters.into_iter().collect::<Option<_>>().ok_or("a cluster is missing")?,
        leaves: leaves.into_iter().collect::<Option<_>>().ok_or("a song is missing")?,
    })
}

/// The rows of a table; none where there is no such file.
fn rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let fault = |e: csv::Error| Error::Table { path: path.into(), reason: e.to_string() };
    csv::Reader::from_path(path)
        .map_err(fault)?
        .deserialize()
        .collect::<csv::Result<_>>()
        .map_err(fault)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::input::HistoryStep;

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn songs_and_tables_come_together() {
        let folder = written(&[
            ("songs.csv", "Title,path,year,genre\nOne,a/1.wav,1999,waltz\n,b.wav,,\n"),
            ("clusters.csv", "row,label,probability,outlier\n0,0,0.75,0\n1,-1,0,1\n"),
            ("history.csv", "step,loss,accuracy,learning_rate,seconds\n1,2.5,0.5,,3\n"),
            ("scores.json", r#"{"songs":2,"years":[{"name":"constant","mae":9.5,"r2":0}]}"#),
            ("representatives.csv", "label,rank,row\n0,1,0\n"),
            ("neighbors.csv", "row,rank,neighbor,distance\n1,1,0,0.5\n0,1,1,0.5\n"),
            ("years.csv", "row,fold,year,predicted,low,high\n0,0,1999,1990.5,,\n"),
            (
                "condensed_tree.csv",
                "parent,child,lambda,size,label\n2,3,0.5,1,0\n2,1,0.5,1,\n3,0,inf,1,\n",
            ),
        ]);
        let page = folder.path().join("report");
        let mut input = ReportInput::read_songs(&folder.path().join("songs.csv"), &page).unwrap();
        input.read_analysis(folder.path()).unwrap();
        input.read_history(&folder.path().join("history.csv")).unwrap();
        input.read_scores(&folder.path().join("scores.json")).unwrap();
        input.check().unwrap();
        let step = HistoryStep { step: 1, loss: 2.5, accuracy: Some(0.5), learning_rate: None };
        assert_eq!(input.history, [step]);
        assert_eq!((input.scores.year_mae[0].mae, input.scores.retrieval.len()), (9.5, 0));
        let [one, two] = &input.songs[..] else { panic!("two songs") };
        assert_eq!((one.title.as_str(), one.year, one.cluster), ("One", Some(1999), 0));
        assert_eq!((one.audio.as_deref(), one.predicted), (Some("../a/1.wav"), Some(1990.5)));
        assert_eq!((two.title.as_str(), two.id.as_str(), two.year), ("b.wav", "b.wav", None));
        assert_eq!((&input.columns[0], &one.extra[0]), (&"genre".into(), &"waltz".into()));
        assert_eq!(input.neighbours, [[1], [0]]);
        assert_eq!((input.typical_song(), &input.representatives[0]), (Some(0), &(0, vec![0])));
        // Scores without years: the table of years is of an earlier analysis.
        std::fs::write(folder.path().join("scores.json"), "{}").unwrap();
        input.read_scores(&folder.path().join("scores.json")).unwrap();
        assert_eq!(input.songs[0].predicted, None);
        let tree = input.tree.unwrap();
        assert_eq!((tree.clusters.len(), tree.clusters[1].label), (2, Some(0)));
        assert_eq!(tree.leaves, [(1, f64::INFINITY), (0, 0.5)]);
    }

    #[test]
    fn faults_name_file_and_row() {
        let folder = written(&[
            ("songs.csv", "id,year\nx,MCMXC\n"),
            ("one.csv", "id\nx\n"),
            ("clusters.csv", "row,label,probability\n1,0,1\n"),
        ]);
        let read = |name: &str| ReportInput::read_songs(&folder.path().join(name), folder.path());
        let error = read("songs.csv").unwrap_err().to_string();
        assert!(error.contains("songs.csv") && error.contains("line 2 (x)"), "{error}");
        assert!(read("gone.csv").unwrap_err().to_string().contains("gone.csv"));
        let error = read("one.csv").unwrap().read_analysis(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Row { row: 1, songs: 1, .. }), "{error}");
        let edge = |parent, child| Edge { parent, child, lambda: 1.0, size: 1, label: None };
        assert!(condensed(&[edge(1, 3)], 1).is_err(), "a cluster is missing");
        assert!(condensed(&[edge(1, 1)], 1).is_err(), "the root is a child");
        assert!(condensed(&[edge(0, 0)], 1).is_err(), "a song is a parent");
    }
}
