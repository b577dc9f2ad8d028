//! The years from the vectors, beside the baselines, and the change from year to year.

use songscape_project::{Progress, SongTable};

use super::outputs::Outputs;
use super::{Scores, StudyInput, StudyParams, VectorSet, YearScore, YearScores};
use crate::bootstrap::{Difference, mean_interval};
use crate::error::Result;
use crate::music::change::{self, ChangeParams};
#[cfg(feature = "comparisons")]
use crate::music::comparisons;
use crate::music::years::{YearParams, YearPredictions, constant, cross_validate};
use crate::music::{groups, tables};
use crate::neighbors::Neighbors;
use crate::retrieval::numbered;

/// The years predicted from the study's own vectors, and what the folds kept together.
pub(super) struct OwnYears {
    pub params: YearParams,
    /// For each song its group.
    pub groups: Vec<String>,
    /// The predictions, or why there are none.
    pub found: std::result::Result<YearPredictions, String>,
}

impl OwnYears {
    /// Predicts them. The songs' nearest neighbours say which songs are nearly the same.
    pub fn new(
        params: &StudyParams,
        input: &StudyInput,
        near: Option<&Neighbors>,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let (x, years) = (input.vectors.whole.view(), input.songs.years());
        let groups = groups::together(&artists(input.songs), near);
        let params = params.years(years.iter().flatten().count());
        let found = match cross_validate(x, &years, &groups, &params, progress) {
            Ok(found) => Ok(found),
            Err(why) if why.is_of_songs() => Err(why.to_string()),
            Err(error) => return Err(error),
        };
        Ok(Self { params, groups, found })
    }
}

/// Writes the years, and scores them beside those predicted on the same folds from every other set of
/// vectors and from none.
pub(super) fn describe(
    params: &StudyParams,
    out: &Outputs,
    input: &StudyInput,
    OwnYears { params: own, groups: artists, found }: &OwnYears,
    scores: &mut Scores,
    progress: &dyn Progress,
) -> Result<()> {
    let (x, years) = (input.vectors.whole.view(), input.songs.years());
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            scores.years_left_out = Some(why.clone());
            return Ok(());
        }
    };
    tables::write_years(out.path("years.csv")?, found)?;

    // The same songs, in the same order, for every model.
    let of_row = numbered(artists);
    let of_error: Vec<usize> = found.rows.iter().map(|row| of_row[row.row]).collect();
    let own_errors = found.errors();
    let score = |name: &str, other: &YearPredictions| -> Result<YearScore> {
        let errors = other.errors();
        Ok(YearScore {
            name: name.into(),
            mae: other.mae,
            r2: other.r2,
            by: Some(other.model),
            interval: mean_interval(&errors, &of_error)?,
            behind: Difference::of_pairs(&errors, &own_errors, &of_error)?,
        })
    };
    let mut models = vec![YearScore { behind: None, ..score(&input.vectors.name, found)? }];
    // Only the study's own vectors need intervals.
    let plain = YearParams { interval: None, ..own.clone() };
    for VectorSet { name, whole, .. } in input.baselines {
        match cross_validate(whole.view(), &years, artists, &plain, progress) {
            Ok(found) => models.push(score(name, &found)?),
            Err(why) if why.is_of_songs() => {}
            Err(error) => return Err(error),
        }
    }
    #[cfg(feature = "comparisons")]
    if params.compare {
        let (folds, seed) = (own.folds, own.seed);
        let nearest = comparisons::years(x, &years, artists, folds, seed, progress)?;
        models.push(score("nearest neighbors", &nearest)?);
    }
    models.push(score("constant", &constant(&years, artists, own.folds, own.seed)?)?);

    let change_params = ChangeParams { seed: params.seed, ..ChangeParams::default() };
    let groups = together(input.songs);
    let changed = change::yearly_change(x, &years, &groups, &change_params, progress)?;
    change::write_yearly_change(out.path("yearly_change.csv")?, &changed)?;
    scores.change = changed.test;
    scores.years = Some(YearScores {
        params: own.clone(),
        songs: found.rows.len(),
        coverage: found.coverage,
        interval_width: found.width,
        bias: found.bias.clone(),
        decades: found.decades.clone(),
        models,
    });
    Ok(())
}

/// The artists, in the spelling of the table's `artist_key` where it has that.
pub(super) fn artists(songs: &SongTable) -> Vec<String> {
    let keys = songs.column("artist_key");
    let artist = |(row, artist): (usize, String)| match &keys {
        Some(keys) if !keys[row].is_empty() => keys[row].to_owned(),
        _ => artist,
    };
    songs.artists().into_iter().enumerate().map(artist).collect()
}

/// What makes songs depend on each other: the artist, or, where none is named, the album.
fn together(songs: &SongTable) -> Vec<String> {
    let albums = songs.column("album");
    let group = |(row, artist): (usize, String)| match &albums {
        Some(albums) if artist.is_empty() && !albums[row].is_empty() => {
            format!("album {}", albums[row])
        }
        _ => artist,
    };
    artists(songs).into_iter().enumerate().map(group).collect()
}
