//! The scores of vectors on a table of songs: how often recordings find each other, and what linear models
//! predict from the vectors, with whitening that was fitted on other songs.
//!
//! [`Scoring`] says what is known of the songs; the vectors may come from a project, from
//! [`Embedding`], or from anywhere.

use std::path::Path;

use ndarray::Array2;
use songscape_analysis::music::groups::together;
use songscape_analysis::retrieval::numbered;
use songscape_analysis::study::VectorSet;
use songscape_contrastive::Trained;
use songscape_contrastive::evaluation::{Contender, Evaluation, Known};
use songscape_contrastive::probe::Probe;
use songscape_project::{Progress, SongTable, Source};
use songscape_resnet::Pooling;

use crate::error::{Error, Result};
use crate::report_input::SONGS;
use crate::vectors::{Embedding, Images, Keep};

/// What vectors are scored by.
#[derive(Debug, Clone, Copy)]
pub struct Scoring<'a> {
    /// What is known of the songs.
    pub songs: &'a SongTable,
    /// The file that it was read from, for messages.
    pub table: &'a Path,
    /// The column that says which recordings belong together.
    pub group: Option<&'a str>,
    /// The columns that linear models are to predict. `artist` and `year` are those of the table. The folds
    /// keep the songs of an artist together, or, to predict the artist, the recordings of a group.
    pub probes: &'a [String],
    /// Decides the folds.
    pub seed: u64,
}

impl Scoring<'_> {
    /// Looks the columns up: what is missing is said before there is any work.
    ///
    /// # Errors
    /// [`Error::Input`] names the column.
    pub fn check(&self) -> Result<()> {
        let mut columns = self.group.into_iter().chain(self.probes.iter().map(String::as_str));
        columns.try_for_each(|name| self.column(name).map(drop))
    }

    /// The scores of a network that was trained on images, beside its baselines: of the songs that were held out, with
    /// whitening fitted on the others, or of all songs where none were. The songs here are those of the images.
    ///
    /// # Errors
    /// Those of [`Embedding::compute`] and of [`evaluate`](Self::evaluate).
    pub fn of_training(
        &self,
        trained: &Trained,
        images: &Images,
        pooling: Pooling,
        progress: &dyn Progress,
    ) -> Result<Evaluation> {
        let ids = images.pixels().ids();
        let embedding = Embedding { pooling, ..Embedding::new(&trained.model) };
        let vectors = embedding.compute(images, &Source::ALL, &Keep::Nothing, progress)?;
        let held_out: Vec<String> =
            trained.held_out.iter().map(|&song| ids[song].clone()).collect();
        let (scored, others) = match vectors.split(&held_out) {
            (scored, all) if scored.ids.is_empty() => (all, scored),
            parts => parts,
        };
        let row = |id: &String| ids.iter().position(|own| own == id);
        let songs = scored.ids.iter().filter_map(row).map(|row| self.songs.songs[row].clone());
        let songs = SongTable { songs: songs.collect(), ..self.songs.clone() };
        Scoring { songs: &songs, ..*self }.evaluate(&scored.sets, &others.sets, None)
    }

    /// The scores of some kinds of vectors, whose rows are the songs of the table. Vectors of the same names in
    /// `elsewhere` are what whitening is fitted on; `matches` are [those of whole
    /// sequences](crate::vectors::Images::matches).
    ///
    /// # Errors
    /// [`Error::Input`] names a column that is not there; [`Error::Contrastive`] when vectors and songs are not
    /// equally many, or cannot be scored.
    pub fn evaluate(
        &self,
        sets: &[VectorSet],
        elsewhere: &[VectorSet],
        matches: Option<&Array2<f32>>,
    ) -> Result<Evaluation> {
        let groups = self.groups()?;
        let contenders = sets.iter().map(|set| {
            let same = |other: &&VectorSet| other.name == set.name && other.whole.nrows() > 1;
            let other = elsewhere.iter().find(same);
            Contender { elsewhere: other.map(|other| &other.whole), ..Contender::new(set) }
        });
        let contenders: Vec<Contender> = contenders.collect();
        let probe = |name: &String| -> Result<Probe> {
            let values = self.column(name)?;
            let together = self.together(name, groups.as_deref());
            Ok(Probe::of_column(name, &values, &together))
        };
        let probes = self.probes.iter().map(probe).collect::<Result<Vec<Probe>>>()?;
        let groups = groups.as_deref();
        let known = Known { groups, matches, probes: &probes, seed: self.seed };
        Ok(Evaluation::new(&contenders, &known)?)
    }

    /// Which recordings belong together, as one number for each.
    ///
    /// # Errors
    /// [`Error::Input`] when the table does not have the column.
    pub fn groups(&self) -> Result<Option<Vec<usize>>> {
        self.group.map(|name| Ok(numbered(self.column(name)?))).transpose()
    }

    /// The values of a column.
    fn column(&self, name: &str) -> Result<Vec<String>> {
        match name.to_lowercase().as_str() {
            "artist" => return Ok(self.songs.artists()),
            "year" => {
                let text = |year: Option<i32>| year.map_or(String::new(), |year| year.to_string());
                return Ok(self.songs.years().into_iter().map(text).collect());
            }
            _ => {}
        }
        let found = self.songs.column(name);
        let found = found.ok_or_else(|| Error::input(self.table, format!("no column {name}")))?;
        Ok(found.into_iter().map(str::to_owned).collect())
    }

    /// Which songs must be on one side of a probe.
    fn together(&self, probe: &str, groups: Option<&[usize]>) -> Vec<usize> {
        let artists = self.songs.artists();
        // Spellings of one artist are one.
        let same = together(&artists, None);
        let of_row = |row: usize| match groups {
            _ if !artists[row].is_empty() && !probe.eq_ignore_ascii_case("artist") => {
                (same[row].as_str(), 0)
            }
            Some(groups) => ("", groups[row]),
            None => ("", row),
        };
        numbered((0..artists.len()).map(of_row))
    }
}

/// The vectors of a finished project, by the trained encoder and by all baselines, and its songs.
///
/// # Errors
/// [`Error::Input`] when the project has no analysis; [`Error::Analysis`] and [`Error::Project`] when a file
/// cannot be read.
pub fn of_project(project: impl AsRef<Path>) -> Result<(Vec<VectorSet>, SongTable)> {
    let project = project.as_ref();
    let songs = project.join("analysis").join(SONGS);
    if !songs.is_file() {
        let why = "no analysis/songs.csv: pass the folder of a song_map run that has finished its `analysis` stage";
        return Err(Error::input(project, why));
    }
    let read = |source: Source| VectorSet::read(source.file(project.join("vectors")));
    // A project without training has no encoder's vectors, and others in their place.
    let untrained = Source::RowStatisticsAndChroma;
    let sources = if untrained.file(project.join("vectors")).is_file() {
        let there = |source: &Source| source.file(project.join("vectors")).is_file();
        [untrained].into_iter().chain(Source::ALL).filter(there).collect()
    } else {
        Source::ALL.to_vec()
    };
    let sets = sources.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok((sets, SongTable::read(songs)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Song;

    use super::*;

    /// Ten songs in two recordings each, two songs per artist.
    fn table() -> SongTable {
        let song = |row: usize| Song {
            id: row.to_string(),
            artist: format!("artist {}", row / 4),
            year: Some(1900 + row as i32),
            extra: vec![(row / 2).to_string(), ["3/4", "4/4"][row / 2 % 2].into()],
            ..Song::default()
        };
        let columns = vec!["song".into(), "meter".into()];
        SongTable { songs: (0..20).map(song).collect(), columns, ..SongTable::default() }
    }

    #[test]
    fn columns_decide_what_is_scored_and_folds_keep_artists_together() {
        let songs = table();
        let probes = ["meter".to_owned(), "artist".into()];
        let scoring = Scoring {
            songs: &songs,
            table: Path::new("songs.csv"),
            group: Some("song"),
            probes: &probes,
            seed: 0,
        };
        scoring.check().unwrap();
        let vectors = Array2::from_shape_fn((20, 6), |(i, j)| ((i / 2 * 13 + j * 5) as f32).sin());
        let set = VectorSet::new("waves", vectors);
        let other = VectorSet::new("waves", set.whole.mapv(|x| x * x));
        let found = scoring.evaluate(std::slice::from_ref(&set), &[other], None).unwrap();
        assert_eq!(found.fitted_on, 20);
        assert_eq!(found.retrieval.last().unwrap().rows[0].recall_1, 1.0);
        assert_eq!(found.probes[0].rows, 20);
        assert_eq!(scoring.together("meter", None)[..5], [0, 0, 0, 0, 1]);
        assert_eq!(
            scoring.together("artist", Some(&numbered((0..20).map(|r| r / 2))))[..3],
            [0, 0, 1]
        );

        let missing = ["mood".to_owned()];
        let message = Scoring { probes: &missing, ..scoring }.check().unwrap_err().to_string();
        assert_eq!(message, "songs.csv: no column mood");
        let message = of_project("nowhere").unwrap_err().to_string();
        assert!(message.starts_with("nowhere: no analysis/songs.csv"), "{message}");
    }
}
