//! The report, from the files of the stages before.

use std::path::PathBuf;

use songscape_project::{Progress, Stage, State, counted, hash_file};
use songscape_report::LeftOut;

use super::{Pipeline, again};
use crate::error::Result;
use crate::report_input;

/// Raised when the same files come to mean another report.
const VERSION: u32 = 3;

impl Pipeline {
    pub(super) fn report(&self, progress: &dyn Progress) -> Result<String> {
        let analysis = self.project.path("analysis");
        let hash = |name: &str| hash_file(analysis.join(name));
        let history = self.project.path("model/history.csv");
        let trained = history.is_file().then(|| hash_file(&history)).transpose()?;
        let stage = Stage::open(
            self.project.path("report"),
            VERSION,
            &serde_json::json!({}),
            &[
                ("songs", hash_file(self.songs_table())?),
                ("map", hash("umap.npy")?),
                ("clusters", hash("clusters.csv")?),
                ("scores", hash("scores.json")?),
                ("history", trained.unwrap_or_default()),
            ],
        )?;
        if stage.state() == State::Done && self.report_page().is_file() {
            return Ok("done before".into());
        }
        let input = report_input::of_project(self.project.root(), stage.folder())?;
        let written = songscape_report::write(stage.folder(), &input, progress)?;
        let made = again(&stage);
        stage.finish()?;
        let mut summary = format!("{}{made}", counted(written.files.len(), "file"));
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for LeftOut { figure, why } in &written.left_out {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, figures)) => figures.push(figure),
                None => reasons.push((why, vec![figure])),
            }
        }
        for (why, figures) in reasons {
            summary += &format!("; without {} ({why})", figures.join(", "));
        }
        Ok(summary)
    }

    /// Where the report is.
    pub fn report_page(&self) -> PathBuf {
        self.project.path("report/index.html")
    }
}
