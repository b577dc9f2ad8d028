//! Map, clusters, years, tables, and the scores beside their baselines. Songs that come later find their
//! places in what is there.

use std::collections::HashMap;
use std::path::Path;

use ndarray::Axis;
use songscape_analysis::metrics::quantile;
use songscape_analysis::study::{
    Applied, Grown, Scores, Study, StudyInput, VectorSet, copy_tables, study_and_keep,
};
use songscape_project::{Progress, Record, SongTable, Source, Stage, State, hash_file};
use songscape_resnet::Model;

use super::{Pipeline, again};
use crate::error::Result;
use crate::report_input::SONGS;
use crate::training::MODEL;
use crate::vectors::{Choice, Embedding, Images, read_ids, songs_of};

/// Raised when the same vectors and parameters come to mean another analysis.
const VERSION: u32 = 5;
/// New songs are strange that are farther from their like than this share of the songs that were studied.
const USUAL: f64 = 0.95;
/// From this share of strange songs on, and so many, the encoder had better learn from them.
const MANY: (f64, usize) = (0.25, 5);

impl Pipeline {
    pub(super) fn analysis(&self, progress: &dyn Progress) -> Result<String> {
        let folder = self.project.path("vectors");
        let model = hash_file(self.project.path("model").join(MODEL))?;
        let mut inputs = vec![("songs", hash_file(self.songs_table())?), ("model", model.clone())];
        for source in Source::ALL {
            inputs.push((source.name(), hash_file(source.file(&folder))?));
        }
        let wanted = self.parameters.vectors;
        inputs.push(("vectors", wanted.map_or("measured", Source::name).into()));
        let params = &self.parameters.analysis;
        let stage = Stage::open(self.project.path("analysis"), VERSION, params, &inputs)?;
        let mut made = again(&stage);
        if stage.state() != State::Done {
            let ids = read_ids(&folder)?;
            let songs = songs_of(self.songs_table(), &ids)?;
            songs.write(stage.path(SONGS))?;
            let studied = stage.path("studied");
            match self.grown(&studied, &model, &ids)? {
                Some((study, vectors, rows)) => {
                    let new: Vec<_> = (0..rows.len()).filter(|&i| rows[i].is_none()).collect();
                    let new = vectors.whole.select(Axis(0), &new);
                    let grown = Grown { songs: &songs, rows: &rows, new: new.view() };
                    let applied = study.write_grown(&studied, &grown, stage.folder(), progress)?;
                    made = said(&study, &rows, &applied);
                }
                None => {
                    let choice = self.choose(progress)?;
                    let others = Source::ALL.into_iter().filter(|other| *other != choice.chosen);
                    let read = |source: Source| VectorSet::read(source.file(&folder));
                    let vectors = read(choice.chosen)?;
                    let baselines = others.map(read).collect::<Result<Vec<_>, _>>()?;
                    let input =
                        StudyInput { vectors: &vectors, songs: &songs, baselines: &baselines };
                    self.study(&studied, model, &choice, &input, progress)?;
                    copy_tables(&studied, stage.folder())?;
                }
            }
        }
        stage.finish()?;
        let of =
            Choice::read(stage.path("studied"))?.map_or(String::new(), |own| format!(", {own}"));
        Ok(format!("{}{of}{made}", self.scores()?.clustering().unwrap_or_default()))
    }

    /// The vectors that were asked for, or those that find the songs of the library again.
    fn choose(&self, progress: &dyn Progress) -> Result<Choice> {
        if let Some(source) = self.parameters.vectors {
            return Ok(Choice::given(source));
        }
        let model = Model::load(self.project.path("model").join(MODEL), self.device)?;
        let images = Images::open(&self.store())?;
        // Random weights show what training gives; nobody wants a map of them.
        let sources = Source::ALL.into_iter().filter(|own| *own != Source::UntrainedEncoder);
        let seed = self.parameters.analysis.seed;
        Embedding::new(&model).choose(&images, &sources.collect::<Vec<_>>(), seed, progress)
    }

    /// Studies the songs, and keeps what later songs are placed by.
    fn study(
        &self,
        folder: &Path,
        model: String,
        choice: &Choice,
        input: &StudyInput,
        progress: &dyn Progress,
    ) -> Result<()> {
        let params = &self.parameters.analysis;
        let stage = Stage::open(folder, VERSION, params, &[("model", model)])?;
        input.songs.write(stage.path(SONGS))?;
        choice.write(folder)?;
        let (_, study) = study_and_keep(input, params, folder, progress)?;
        study.save(folder)?;
        Ok(stage.finish()?)
    }

    /// The study that is there, the vectors of the songs now that are like its own, and which of its songs they
    /// are, if they are to find their places in it.
    fn grown(
        &self,
        folder: &Path,
        model: &String,
        ids: &[String],
    ) -> Result<Option<(Study, VectorSet, Vec<Option<usize>>)>> {
        let finished = Stage::is_finished(folder, VERSION, &self.parameters.analysis)?;
        let Some(Choice { chosen, .. }) = Choice::read(folder)? else { return Ok(None) };
        if self.parameters.refit
            || !finished
            || self.parameters.vectors.is_some_and(|wanted| wanted != chosen)
            || Record::read(folder)?.inputs.get("model") != Some(model)
        {
            return Ok(None);
        }
        let studied = SongTable::read(folder.join(SONGS))?;
        let places: HashMap<&str, usize> =
            studied.songs.iter().enumerate().map(|(row, song)| (song.id.as_str(), row)).collect();
        let study = Study::load(folder)?;
        let vectors = VectorSet::read(chosen.file(self.project.path("vectors")))?;
        let known = study.index().vectors();
        // A song whose music has changed is a new one.
        let row = |(id, own): (&String, _)| {
            places.get(id.as_str()).copied().filter(|&row| known.row(row) == own)
        };
        let rows: Vec<Option<usize>> = ids.iter().zip(vectors.whole.rows()).map(row).collect();
        // The same songs have the same map; what is known of them may be other than it was.
        let same = rows.iter().copied().eq((0..known.nrows()).map(Some));
        let none = rows.iter().all(Option::is_none);
        Ok((!same && !none).then_some((study, vectors, rows)))
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
