//! Map, clusters, years, tables, and the scores beside their baselines. Songs that come later find their
//! places in what is there.

use std::path::Path;

use ndarray::Axis;
use songscape_analysis::metrics::quantile;
use songscape_analysis::study::{
    Applied, Grown, Scores, Study, StudyInput, VectorSet, copy_tables, study_and_keep,
};
use songscape_project::{Progress, Record, SongTable, Source, Stage, State, hash_file};

use super::{Pipeline, again};
use crate::error::Result;
use crate::report_input::SONGS;
use crate::similar::rows_in_study;
use crate::training::MODEL;
use crate::vectors::{read_ids, songs_of};

/// Raised when the same vectors and parameters come to mean another analysis.
const VERSION: u32 = 4;
/// New songs are strange that are farther from their like than this share of the songs that were studied.
const USUAL: f64 = 0.95;
/// From this share of strange songs on, and so many, the encoder had better learn from them.
const MANY: (f64, usize) = (0.25, 5);

impl Pipeline {
    pub(super) fn analysis(&self, progress: &dyn Progress) -> Result<String> {
        let folder = self.project.path("vectors");
        let files = Source::ALL.map(|source| source.file(&folder));
        let model = hash_file(self.project.path("model").join(MODEL))?;
        let mut inputs = vec![("songs", hash_file(self.songs_table())?), ("model", model.clone())];
        for (source, file) in Source::ALL.iter().zip(&files) {
            inputs.push((source.name(), hash_file(file)?));
        }
        let params = &self.parameters.analysis;
        let stage = Stage::open(self.project.path("analysis"), VERSION, params, &inputs)?;
        let mut made = again(&stage);
        if stage.state() != State::Done {
            let ids = read_ids(&folder)?;
            let songs = songs_of(self.songs_table(), &ids)?;
            songs.write(stage.path(SONGS))?;
            let studied = stage.path("studied");
            let [vectors, baselines @ ..] = files.map(VectorSet::read);
            let vectors = vectors?;
            match self.grown(&studied, &model, &songs, &vectors)? {
                Some((study, rows)) => {
                    let new: Vec<_> = (0..rows.len()).filter(|&i| rows[i].is_none()).collect();
                    let new = vectors.whole.select(Axis(0), &new);
                    let grown = Grown { songs: &songs, rows: &rows, new: new.view() };
                    let applied = study.write_grown(&studied, &grown, stage.folder(), progress)?;
                    made = said(&study, &rows, &applied);
                }
                None => {
                    let baselines = baselines.into_iter().collect::<Result<Vec<_>, _>>()?;
                    let input =
                        StudyInput { vectors: &vectors, songs: &songs, baselines: &baselines };
                    self.study(&studied, model, &input, progress)?;
                    copy_tables(&studied, stage.folder())?;
                }
            }
        }
        stage.finish()?;
        Ok(format!("{}{made}", self.scores()?.clustering().unwrap_or_default()))
    }

    /// Studies the songs, and keeps what later songs are placed by.
    fn study(
        &self,
        folder: &Path,
        model: String,
        input: &StudyInput,
        progress: &dyn Progress,
    ) -> Result<()> {
        let params = &self.parameters.analysis;
        let stage = Stage::open(folder, VERSION, params, &[("model", model)])?;
        input.songs.write(stage.path(SONGS))?;
        let (_, study) = study_and_keep(input, params, folder, progress)?;
        study.save(folder)?;
        Ok(stage.finish()?)
    }

    /// The study that is there, and which of its songs are the songs now, if they are to find their places
    /// in it.
    fn grown(
        &self,
        folder: &Path,
        model: &String,
        songs: &SongTable,
        vectors: &VectorSet,
    ) -> Result<Option<(Study, Vec<Option<usize>>)>> {
        let finished = Stage::is_finished(folder, VERSION, &self.parameters.analysis)?;
        if self.parameters.refit
            || !finished
            || Record::read(folder)?.inputs.get("model") != Some(model)
        {
            return Ok(None);
        }
        let studied = SongTable::read(folder.join(SONGS))?;
        let study = Study::load(folder)?;
        let rows = rows_in_study(&studied, study.index(), songs, vectors.whole.view());
        // The same songs have the same map; what is known of them may be other than it was.
        let same = rows.iter().copied().eq((0..study.index().len()).map(Some));
        let none = rows.iter().all(Option::is_none);
        Ok((!same && !none).then_some((study, rows)))
    }

    /// The results beside their baselines, once the analysis is done.
    ///
    /// # Errors
    /// [`Error::Analysis`](crate::Error::Analysis) when they are not there.
    pub fn scores(&self) -> Result<Scores> {
        Ok(Scores::read(self.project.path("analysis"))?)
    }
}

/// What became of the songs that have come and gone.
fn said(study: &Study, rows: &[Option<usize>], applied: &Applied) -> String {
    let new = applied.labels.len();
    let gone = study.songs().len() - (rows.len() - new);
    let mut said = format!("; since the study {new} songs came and {gone} went");
    let usual: Vec<f32> = study.outliers().iter().map(|&score| score as f32).collect();
    let usual = f64::from(quantile(&usual, USUAL).unwrap_or(f32::INFINITY));
    let strange = applied.outliers.iter().filter(|score| **score > usual).count();
    if strange >= MANY.1 && strange as f64 >= MANY.0 * new as f64 {
        let percent = 100.0 * USUAL;
        said += &format!(
            "; {strange} of the new ones are farther from their like than {percent:.0} % of the songs \
             studied: --retrain learns from them, --refit gives them a place of their own"
        );
    }
    said
}
