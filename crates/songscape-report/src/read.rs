//! A report's input from files: the table of songs, and the tables that an analysis leaves.

use std::path::Path;

use serde::Deserialize;
use songscape_analysis::music::tables::{
    read_clusters, read_condensed_tree, read_neighbors, read_outliers, read_representatives,
    read_years,
};
use songscape_analysis::study::Scores;
use songscape_project::{SongTable, address, read_rows};

use crate::error::Result;
use crate::input::{ReportInput, SongRow, within};
use crate::link::link;

/// A row of `added.csv`.
#[derive(Deserialize)]
struct AddedRow {
    row: usize,
}

impl ReportInput {
    /// Reads a table of songs, as [`SongTable::read`] does, for a report in the folder `page`. See
    /// [`of_songs`](Self::of_songs).
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) with the line when the file is no table of songs.
    pub fn read_songs(table: impl AsRef<Path>, page: impl AsRef<Path>) -> Result<Self> {
        Ok(Self::of_songs(&SongTable::read(table)?, page))
    }

    /// The songs of a table for a report in the folder `page`, to which their files are linked, if they are on a
    /// disk. A song without an id has its path as one, or its row; one without a title, its id. Neither the map
    /// nor the clusters are in the table: every song is at the origin, unclustered.
    pub fn of_songs(table: &SongTable, page: impl AsRef<Path>) -> Self {
        let page = page.as_ref();
        let row = |(row, song): (usize, &songscape_project::Song)| {
            let path = song.path.to_string_lossy();
            let has_file = !path.is_empty() && address(&song.path).is_none();
            let id = match (song.id.as_str(), &*path) {
                ("", "") => row.to_string(),
                ("", path) => path.to_owned(),
                (id, _) => id.to_owned(),
            };
            SongRow {
                title: if song.title.is_empty() { id.clone() } else { song.title.clone() },
                artist: song.artist.clone(),
                year: song.year,
                audio: has_file.then(|| link(page, table.file(song))),
                extra: song.extra.clone(),
                id,
                ..SongRow::default()
            }
        };
        let songs = table.songs.iter().enumerate().map(row).collect();
        Self { columns: table.columns.clone(), songs, ..Self::default() }
    }

    /// Reads what an analysis left in its folder, as far as it is there: `clusters.csv`,
    /// `outliers.csv`, `representatives.csv`, `neighbors.csv`, `years.csv`, `condensed_tree.csv` and `scores.json`.
    /// Where songs came after the study (`added.csv`), a column `added` tells them from the others. Scores without years drop the songs' predictions: those are of an earlier analysis.
    ///
    /// # Errors
    /// [`Error::Analysis`](crate::Error::Analysis) or [`Error::Project`](crate::Error::Project) when a
    /// file cannot be read, [`Error::Row`](crate::Error::Row) when it names a song that is not there.
    pub fn read_analysis(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let songs = self.songs.len();
        let known =
            |row: usize, file: &str| within(row, songs, || folder.join(file).display().to_string());
        for found in read_clusters(folder.join("clusters.csv"))? {
            known(found.row, "clusters.csv")?;
            let song = &mut self.songs[found.row];
            (song.cluster, song.group) = (found.label, found.group);
            song.probability = found.probability;
        }
        for found in read_outliers(folder.join("outliers.csv"))? {
            known(found.row, "outliers.csv")?;
            self.songs[found.row].outlier = Some(found.outlier);
        }
        self.representatives.clear();
        for found in read_representatives(folder.join("representatives.csv"))? {
            found.rows.iter().try_for_each(|&row| known(row, "representatives.csv"))?;
            self.representatives.push((found.label, found.rows));
        }
        self.neighbors = read_neighbors(folder.join("neighbors.csv"), songs)?;
        if self.neighbors.iter().all(Vec::is_empty) {
            self.neighbors.clear();
        }
        for found in read_years(folder.join("years.csv"))? {
            known(found.row, "years.csv")?;
            let song = &mut self.songs[found.row];
            song.predicted = Some(f64::from(found.predicted));
            song.interval = found.low.zip(found.high).map(|(l, h)| (f64::from(l), f64::from(h)));
        }
        self.tree = read_condensed_tree(folder.join("condensed_tree.csv"), songs)?;
        let there = folder.join(Scores::FILE).exists();
        self.scores = if there { Some(Scores::read(folder)?) } else { None };
        if self.scores.as_ref().is_some_and(|scores| scores.years.is_none()) {
            for song in &mut self.songs {
                (song.predicted, song.interval) = (None, None);
            }
        }
        self.read_added(folder)
    }

    /// Tells the songs that came after the study from the others, in a column `added`, where some did.
    fn read_added(&mut self, folder: &Path) -> Result<()> {
        let file = folder.join("added.csv");
        let added: Vec<AddedRow> = read_rows(&file)?;
        if added.is_empty() {
            return Ok(());
        }
        self.columns.push("added".into());
        self.songs.iter_mut().for_each(|song| song.extra.push("with the study".into()));
        for AddedRow { row } in added {
            within(row, self.songs.len(), || file.display().to_string())?;
            if let Some(value) = self.songs[row].extra.last_mut() {
                *value = "later".into();
            }
        }
        Ok(())
    }

    /// Reads how a training went from its `history.csv` (step, loss, accuracy, learning_rate). Other
    /// columns are ignored.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when it cannot be read.
    pub fn read_history(&mut self, table: impl AsRef<Path>) -> Result<()> {
        self.history = read_rows(table)?;
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::input::HistoryStep;

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn only_files_on_a_disk_are_linked() {
        let folder = written(&[("songs.csv", "path\na.wav\ns3://b/a.wav\n")]);
        let (table, page) = (folder.path().join("songs.csv"), folder.path().join("report"));
        let input = ReportInput::read_songs(table, page).unwrap();
        let links: Vec<_> = input.songs.iter().map(|song| song.audio.as_deref()).collect();
        assert_eq!(links, [Some("../a.wav"), None]);
        assert_eq!(input.songs[1].id, "s3://b/a.wav");
    }

    #[test]
    fn songs_that_came_later_are_told_apart() {
        let folder = written(&[
            ("songs.csv", "path,genre\na.wav,waltz\nb.wav,polka\n"),
            ("added.csv", "row,label,probability\n1,0,0.5\n"),
        ]);
        let read = || {
            let mut input = ReportInput::read_songs(folder.path().join("songs.csv"), "report")?;
            input.read_analysis(folder.path()).map(|()| input)
        };
        let input = read().unwrap();
        assert_eq!(input.columns, ["genre", "added"]);
        let extra: Vec<_> = input.songs.iter().map(|song| &song.extra[..]).collect();
        assert_eq!(extra, [["waltz", "with the study"], ["polka", "later"]]);
        input.check().unwrap();
        std::fs::write(folder.path().join("added.csv"), "row\n2\n").unwrap();
        let error = read().unwrap_err().to_string();
        assert!(error.contains("added.csv"), "{error}");
    }

    #[test]
    fn songs_and_tables_come_together() {
        let folder = written(&[
            ("songs.csv", "Title,path,year,genre\nOne,a/1.wav,1999,waltz\n,b.wav,,\n"),
            ("clusters.csv", "row,label,probability,glosh\n0,0,0.75,0\n1,-1,0,1\n"),
            ("outliers.csv", "row,outlier\n0,0.5\n1,9.5\n"),
            ("history.csv", "step,loss,accuracy,learning_rate,seconds\n1,2.5,0.5,,3\n"),
            ("representatives.csv", "label,rank,row\n0,1,0\n"),
            ("neighbors.csv", "row,rank,neighbor,distance\n1,1,0,0.5\n0,1,1,0.5\n"),
            ("years.csv", "row,fold,year,predicted,low,high\n0,0,1999,1990.5,1985,1998\n"),
            (
                "condensed_tree.csv",
                "parent,child,lambda,size,label\n2,3,0.5,1,0\n2,1,0.5,1,\n3,0,inf,1,\n",
            ),
        ]);
        let scores = serde_json::json!({
            "songs": 2,
            "years": {
                "params": songscape_analysis::music::years::YearParams::for_songs(2, 0),
                "songs": 2, "coverage": null, "interval_width": null, "bias": {},
                "models": [{ "name": "constant", "mae": 9.5, "r2": 0.0 }],
            },
        });
        std::fs::write(folder.path().join("scores.json"), scores.to_string()).unwrap();
        let page = folder.path().join("report");
        let mut input = ReportInput::read_songs(folder.path().join("songs.csv"), &page).unwrap();
        input.read_analysis(folder.path()).unwrap();
        input.read_history(folder.path().join("history.csv")).unwrap();
        input.check().unwrap();
        let step = HistoryStep { step: 1, loss: 2.5, accuracy: Some(0.5), learning_rate: None };
        assert_eq!(input.history, [step]);
        let scores = input.scores.as_ref().unwrap();
        assert_eq!(crate::measures::baselines::year_errors(scores), [("constant", 9.5)]);
        let [one, two] = &input.songs[..] else { panic!("two songs") };
        assert_eq!((one.title.as_str(), one.year, one.cluster), ("One", Some(1999), 0));
        assert_eq!((one.audio.as_deref(), one.predicted), (Some("../a/1.wav"), Some(1990.5)));
        assert_eq!(one.interval, Some((1985.0, 1998.0)));
        assert_eq!((one.outlier, two.outlier), (Some(0.5), Some(9.5)));
        assert_eq!((two.title.as_str(), two.id.as_str(), two.year), ("b.wav", "b.wav", None));
        assert_eq!((&input.columns[0], &one.extra[0]), (&"genre".into(), &"waltz".into()));
        assert_eq!(input.neighbors, [[1], [0]]);
        assert_eq!((input.typical_song(), &input.representatives[0]), (Some(0), &(0, vec![0])));
        let tree = input.tree.clone().unwrap();
        assert_eq!((tree.labels, tree.tree.leaves_from), (vec![None, Some(0)], vec![1, 0]));
        assert_eq!(tree.tree.leaves_at, [f64::INFINITY, 0.5]);
        // Scores without years: the table of years is of an earlier analysis.
        std::fs::write(folder.path().join("scores.json"), r#"{"songs":2}"#).unwrap();
        input.read_analysis(folder.path()).unwrap();
        assert_eq!((input.songs[0].predicted, input.songs[0].interval), (None, None));
    }

    #[test]
    fn faults_name_file_and_row() {
        let folder = written(&[
            ("songs.csv", "id,year\nx,MCMXC\n"),
            ("one.csv", "id\nx\n"),
            ("clusters.csv", "row,label,probability\n1,0,1\n"),
        ]);
        let read = |name: &str| ReportInput::read_songs(folder.path().join(name), folder.path());
        let error = read("songs.csv").unwrap_err().to_string();
        assert!(error.contains("songs.csv") && error.contains("line 2"), "{error}");
        assert!(read("gone.csv").unwrap_err().to_string().contains("gone.csv"));
        let error = read("one.csv").unwrap().read_analysis(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Row { row: 1, songs: 1, .. }), "{error}");
        assert_eq!(error.kind(), songscape_project::ErrorKind::Input);
    }
}
