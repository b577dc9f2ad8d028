//! Map, clusters, years, tables, and the scores beside their baselines.

use songscape_analysis::study::{Scores, StudyInput, VectorSet, study};
use songscape_project::{Progress, Source, Stage, State, hash_file};

use super::{Pipeline, again};
use crate::error::Result;
use crate::report_input::SONGS;
use crate::vectors::{read_ids, songs_of};

/// Raised when the same vectors and parameters come to mean another analysis.
const VERSION: u32 = 4;

impl Pipeline {
    pub(super) fn analysis(&self, progress: &dyn Progress) -> Result<String> {
        let folder = self.project.path("vectors");
        let files = Source::ALL.map(|source| source.file(&folder));
        let mut inputs = vec![("songs", hash_file(self.songs_table())?)];
        for (source, file) in Source::ALL.iter().zip(&files) {
            inputs.push((source.name(), hash_file(file)?));
        }
        let params = &self.parameters.analysis;
        let stage = Stage::open(self.project.path("analysis"), VERSION, params, &inputs)?;
        if stage.state() != State::Done {
            let songs = songs_of(self.songs_table(), &read_ids(&folder)?)?;
            songs.write(stage.path(SONGS))?;
            let [vectors, baselines @ ..] = files.map(VectorSet::read);
            let baselines = baselines.into_iter().collect::<Result<Vec<_>, _>>()?;
            let input = StudyInput { vectors: &vectors?, songs: &songs, baselines: &baselines };
            study(&input, params, stage.folder(), progress)?;
        }
        let made = again(&stage);
        stage.finish()?;
        Ok(format!("{}{made}", self.scores()?.clustering().unwrap_or_default()))
    }

    /// The results beside their baselines, once the analysis is done.
    ///
    /// # Errors
    /// [`Error::Analysis`](crate::Error::Analysis) when they are not there.
    pub fn scores(&self) -> Result<Scores> {
        Ok(Scores::read(self.project.path("analysis"))?)
    }
}
