//! Map, clusters, years, tables, and the scores beside their baselines. Songs that come later find their
//! places in what is there.

use std::path::Path;

use ndarray::Axis;
use songscape_analysis::metrics::quantile;
use songscape_analysis::study::{
    Applied, Before, Grown, Scores, Study, StudyInput, VectorSet, copy_tables, study_after,
};
use songscape_project::{
    Progress, Record, SongTable, Source, Stage, State, counted, hash_file, remove_folder_if_there,
};
use songscape_resnet::Model;

use super::{Pipeline, again};
use crate::error::{Error, Result};
use crate::report_input::SONGS;
use crate::similar::{rows_by_id, rows_in_study};
use crate::vectors::{Choice, Embedding, Images, read_ids, songs_of};

/// Raised when the same vectors and parameters come to mean another analysis.
const VERSION: u32 = 5;
/// New songs are strange if they are farther from their nearest songs than this share of the studied songs.
const USUAL: f64 = 0.95;
/// From this share of strange songs on, and so many, the encoder should learn from them.
const MANY: (f64, usize) = (0.25, 5);

/// The folder of the study in that of the analysis, and of one that is not yet whole.
const STUDIED: &str = "studied";
const NEXT: &str = "studied-next";

/// A study that is there, and where the songs are in it.
struct Known {
    study: Study,
    /// The vectors of the songs now that are like those of the study.
    vectors: VectorSet,
    /// The songs' rows in the study; `None` for new ones.
    rows: Vec<Option<usize>>,
}

impl Pipeline {
    pub(super) fn analysis(&self, progress: &dyn Progress) -> Result<String> {
        let folder = self.project.path("vectors");
        let (sources, wanted) = (self.sources()?, self.wanted()?);
        let model = hash_file(self.model_file()?)?;
        let mut inputs = vec![("songs", hash_file(self.songs_table())?), ("model", model.clone())];
        for source in &sources {
            inputs.push((source.name(), hash_file(source.file(&folder))?));
        }
        inputs.push(("vectors", wanted.map_or("measured", Source::name).into()));
        let params = &self.parameters.analysis;
        let mut stage = Stage::open(self.project.path("analysis"), VERSION, params, &inputs)?;
        let mut made = again(&stage);
        let studied = stage.path(STUDIED);
        if self.parameters.refit && !self.is_studied(&studied, &inputs)? {
            // Songs that were placed in the study before become part of it.
            stage = stage.reopen()?;
        }
        if stage.state() != State::Done {
            let ids = read_ids(&folder)?;
            let songs = songs_of(self.songs_table(), &ids)?;
            songs.write(stage.path(SONGS))?;
            recover(&studied)?;
            let grown = match self.is_studied(&studied, &inputs)? {
                true => None,
                false => Some(self.grown(&studied, &model, &songs)?),
            };
            match grown {
                None => copy_tables(&studied, stage.folder())?,
                Some(Some(Known { study, vectors, rows })) => {
                    let new: Vec<_> = (0..rows.len()).filter(|&i| rows[i].is_none()).collect();
                    let new = vectors.whole.select(Axis(0), &new);
                    let grown = Grown { songs: &songs, rows: &rows, new: new.view() };
                    let applied = study.write_grown(&studied, &grown, stage.folder(), progress)?;
                    made = said(&study, &rows, &applied);
                }
                Some(None) => {
                    let choice = self.choose(wanted, progress)?;
                    let read = |source: Source| VectorSet::read(source.file(&folder));
                    let vectors = read(choice.chosen)?;
                    let others = sources.into_iter().filter(|other| *other != choice.chosen);
                    let baselines = others.map(read).collect::<Result<Vec<_>, _>>()?;
                    let input =
                        StudyInput { vectors: &vectors, songs: &songs, baselines: &baselines };
                    self.study(&studied, &inputs, &choice, &input, progress)?;
                    copy_tables(&studied, stage.folder())?;
                }
            }
        }
        stage.finish()?;
        let of = Choice::read(&studied)?.map_or(String::new(), |choice| format!(", {choice}"));
        Ok(format!("{}{of}{made}", self.scores()?.clustering().unwrap_or_default()))
    }

    /// The vectors that are wanted, or those that find the songs of the library again.
    fn choose(&self, wanted: Option<Source>, progress: &dyn Progress) -> Result<Choice> {
        if let Some(source) = wanted {
            return Ok(Choice::given(source));
        }
        let model = Model::load(self.model_file()?, self.device)?;
        let images = Images::open(&self.store())?;
        // Random weights show what training gives; nobody wants a map of them. Nor of keys, which is how
        // vectors that turn with the key would find the halves of a song.
        let of_music = |own: &Source| *own != Source::UntrainedEncoder && !own.has_rings();
        let mut sources: Vec<_> = Source::ALL.into_iter().filter(of_music).collect();
        // What the encoder has a part in goes first.
        sources.sort_by_key(|source| !source.is_of_network());
        let seed = self.parameters.analysis.seed;
        Embedding::new(&model).choose(&images, &sources, seed, progress)
    }

    /// Whether the study that is there is of these songs and of no others.
    fn is_studied(&self, folder: &Path, inputs: &[(&str, String)]) -> Result<bool> {
        let params = &self.parameters.analysis;
        let of_these = || -> Result<bool> {
            let found = Record::read(folder)?.inputs;
            let same = |(name, hash): &(&str, String)| found.get(*name) == Some(hash);
            Ok(found.len() == inputs.len() && inputs.iter().all(same))
        };
        Ok(Stage::is_finished(folder, VERSION, params)? && of_these()?)
    }

    /// Studies the songs, and keeps what later songs are placed by. An earlier study stays until the new one
    /// is whole.
    fn study(
        &self,
        folder: &Path,
        inputs: &[(&str, String)],
        choice: &Choice,
        input: &StudyInput,
        progress: &dyn Progress,
    ) -> Result<()> {
        let params = &self.parameters.analysis;
        let earlier = self.earlier(folder, input.songs)?;
        let before = earlier.as_ref().map(|(study, rows)| Before { study, rows });
        let next = folder.with_file_name(NEXT);
        let stage = Stage::open(&next, VERSION, params, inputs)?;
        let (_, study) = study_after(input, params, before.as_ref(), &next, progress)?;
        input.songs.write(stage.path(SONGS))?;
        choice.write(&next)?;
        study.save(&next)?;
        stage.finish()?;
        remove_folder_if_there(folder)?;
        recover(folder)
    }

    /// The study that was there, if there was one, and which of its songs are the songs now, whatever their
    /// vectors are: a new one begins with its places and cluster numbers.
    fn earlier(
        &self,
        folder: &Path,
        songs: &SongTable,
    ) -> Result<Option<(Study, Vec<Option<usize>>)>> {
        if !Stage::is_finished(folder, VERSION, &self.parameters.analysis)? {
            return Ok(None);
        }
        let studied = SongTable::read(folder.join(SONGS))?;
        let study = Study::load(folder)?;
        Ok(Some((study, rows_by_id(&studied, songs))))
    }

    /// The study that is there, if the songs now are to find their places in it.
    fn grown(&self, folder: &Path, model: &String, songs: &SongTable) -> Result<Option<Known>> {
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
        let study = Study::load(folder)?;
        let vectors = VectorSet::read(chosen.file(self.project.path("vectors")))?;
        let rows = rows_in_study(&studied, study.index(), songs, vectors.whole.view());
        // The same songs have the same map; what is known of them may be other than it was.
        let same = rows.iter().copied().eq((0..study.index().len()).map(Some));
        let none = rows.iter().all(Option::is_none);
        Ok((!same && !none).then_some(Known { study, vectors, rows }))
    }

    /// The results beside their baselines, once the analysis is done.
    ///
    /// # Errors
    /// [`Error::Analysis`] when they are not there.
    pub fn scores(&self) -> Result<Scores> {
        Ok(Scores::read(self.project.path("analysis"))?)
    }
}

/// Puts a study that is whole into its place, where an earlier one was removed for it.
fn recover(folder: &Path) -> Result<()> {
    let next = folder.with_file_name(NEXT);
    if folder.exists() || !Record::file(&next).exists() || !Record::read(&next)?.finished {
        return Ok(());
    }
    std::fs::rename(&next, folder).map_err(Error::io(&next))
}

/// What became of the songs that have come and gone.
fn said(study: &Study, rows: &[Option<usize>], applied: &Applied) -> String {
    let new = applied.labels.len();
    let gone = study.songs().len() - (rows.len() - new);
    let mut said = format!("; since the study {} came and {gone} went", counted(new, "song"));
    let usual: Vec<f32> = study.outliers().iter().map(|&score| score as f32).collect();
    let usual = f64::from(quantile(&usual, USUAL).unwrap_or(f32::INFINITY));
    let strange = applied.outliers.iter().filter(|score| **score > usual).count();
    if strange >= MANY.1 && strange as f64 >= MANY.0 * new as f64 {
        let percent = 100.0 * USUAL;
        said += &format!(
            "; {strange} of the new ones are farther from their nearest songs than {percent:.0} % of the \
             songs studied: --retrain trains on them, too, --refit makes a map that includes them"
        );
    }
    said
}
