//! The classes from the vectors, beside the baselines.

use songscape_project::Progress;

use super::outputs::Outputs;
use super::years::artists;
use super::{ClassScore, ClassScores, Scores, StudyInput, StudyParams, VectorSet};
use crate::bootstrap::Difference;
use crate::error::{Error, Result};
use crate::music::classes::{ClassParams, ClassPredictions, cross_validate, write_classes};
use crate::music::groups;
use crate::neighbors::Neighbors;
use crate::retrieval::numbered;

/// Predicts what the columns say that are asked for, writes it, and scores it beside what the other sets of vectors
/// say. The songs' nearest neighbours say which songs are nearly the same.
pub(super) fn describe(
    params: &StudyParams,
    out: &Outputs,
    input: &StudyInput,
    near: Option<&Neighbors>,
    scores: &mut Scores,
    progress: &dyn Progress,
) -> Result<()> {
    if params.classify.is_empty() {
        return Ok(());
    }
    let groups = groups::together(&artists(input.songs), near);
    let mut rows = Vec::new();
    for column in &params.classify {
        let classes = classes_of(input, column)?;
        let songs = classes.iter().filter(|class| !class.is_empty()).count();
        let own = ClassParams::for_songs(songs, params.seed);
        let own = ClassParams { folds: params.folds, ..own };
        let predict =
            |set: &VectorSet| cross_validate(set.whole.view(), &classes, &groups, &own, progress);
        let found = match predict(input.vectors) {
            Ok(found) => found,
            Err(why @ (Error::TooFewClasses { .. } | Error::TooFewGroups { .. })) => {
                let (column, left_out) = (column.clone(), Some(why.to_string()));
                scores.classes.push(ClassScores { column, left_out, ..ClassScores::default() });
                continue;
            }
            Err(error) => return Err(error),
        };
        let of_row = numbered(&groups);
        let of_song: Vec<usize> = found.rows.iter().map(|song| of_row[song.row]).collect();
        let mut models = vec![score(&input.vectors.name, &found, None)];
        for set in input.baselines {
            let other = predict(set)?;
            let behind = Difference::of_pairs(&found.hits(), &other.hits(), &of_song)?;
            models.push(score(&set.name, &other, behind));
        }
        models.push(ClassScore {
            name: "majority".into(),
            accuracy: found.majority,
            behind: found.ahead,
            ..ClassScore::default()
        });
        rows.extend(found.table(column));
        scores.classes.push(ClassScores {
            column: column.clone(),
            songs: found.rows.len(),
            rare: found.rare,
            classes: found.classes,
            models,
            left_out: None,
        });
    }
    if rows.is_empty() { Ok(()) } else { write_classes(out.path("classes.csv")?, rows) }
}

/// What a column says of each song, empty for nothing.
pub(super) fn classes_of<'a>(input: &StudyInput<'a>, column: &str) -> Result<Vec<&'a str>> {
    match input.songs.column(column) {
        Some(classes) => Ok(classes.into_iter().map(str::trim).collect()),
        None => Err(Error::parameter("classify", column, "a column of the table of songs")),
    }
}

fn score(name: &str, found: &ClassPredictions, behind: Option<Difference>) -> ClassScore {
    ClassScore {
        name: name.into(),
        accuracy: found.accuracy,
        balanced_accuracy: Some(found.balanced_accuracy),
        interval: found.interval,
        behind,
    }
}
