//! The report, from the tables of the stages before.

use std::path::Path;

use ndarray::Array2;
use serde::de::DeserializeOwned;
use songscape_analysis::music::tables::ClusterRow;
use songscape_analysis::music::years::YearPrediction;
use songscape_analysis::vectors::read_npy;
use songscape_project::{Progress, Stage, State, hash_file};
use songscape_report::{ReportInput, SongRow, link};

use super::Pipeline;
use super::error::{Error, Result};

impl Pipeline {
    pub(super) fn report(&self, progress: &dyn Progress) -> Result<String> {
        let analysis = self.project.path("analysis");
        let hash = |name: &str| hash_file(&analysis.join(name));
        let stage = Stage::open(
            &self.project.path("report"),
            &serde_json::json!({}),
            &[
                ("songs", hash_file(&self.songs_table())?),
                ("map", hash("umap.npy")?),
                ("clusters", hash("clusters.csv")?),
                ("scores", hash("scores.json")?),
            ],
        )?;
        if stage.state() == State::Done && self.report_page().is_file() {
            return Ok("done before".into());
        }
        let written = songscape_report::write(stage.folder(), &self.report_input()?, progress)?;
        stage.finish()?;
        let mut summary = format!("{} files", written.files.len());
        for left_out in &written.left_out {
            summary += &format!("; no figure {}: {}", left_out.figure, left_out.why);
        }
        Ok(summary)
    }

    fn report_input(&self) -> Result<ReportInput> {
        let analysis = self.project.path("analysis");
        let store = self.store();
        let pixels = store.pixels()?;
        let catalog = self.songs_with_images(&pixels)?;
        let map: Array2<f32> = read_npy(&analysis.join("umap.npy"))?;
        let clusters: Vec<ClusterRow> = read_rows(&analysis.join("clusters.csv"))?;
        let representatives: Vec<(i32, usize, usize)> =
            read_rows(&analysis.join("representatives.csv"))?;
        let nearest: Vec<(usize, usize, u32, f64)> = read_rows(&analysis.join("neighbors.csv"))?;
        let history: Vec<songscape_contrastive::Step> =
            read_rows(&self.project.path("model/history.csv"))?;

        let page = std::path::absolute(self.project.path("report"))
            .map_err(|source| songscape_project::Error::Io { path: "report".into(), source })?;
        let mut songs: Vec<SongRow> = catalog
            .songs
            .iter()
            .zip(&clusters)
            .zip(map.rows())
            .map(|((song, cluster), place)| SongRow {
                id: song.id.clone(),
                title: song.title.clone(),
                artist: song.artist.clone(),
                year: song.year,
                audio: Some(link(&page, &catalog.file(song))),
                image: std::path::absolute(store.image(&song.id))
                    .ok()
                    .map(|image| link(&page, &image)),
                map: [place[0], place[1]],
                cluster: cluster.label,
                probability: cluster.probability,
                predicted: None,
                extra: song.extra.clone(),
            })
            .collect();
        let scores = self.scores()?;
        if scores.years_left_out.is_none() {
            let years: Vec<YearPrediction> = read_rows(&analysis.join("years.csv"))?;
            for row in years {
                songs[row.row].predicted = Some(row.predicted.into());
            }
        }
        let mut neighbours = vec![Vec::new(); songs.len()];
        for (row, _, neighbour, _) in nearest {
            neighbours[row].push(neighbour);
        }
        let mut typical: Vec<(i32, Vec<usize>)> = Vec::new();
        for (label, _, row) in representatives {
            match typical.last_mut() {
                Some((last, rows)) if *last == label => rows.push(row),
                _ => typical.push((label, vec![row])),
            }
        }
        Ok(ReportInput {
            title: "Songscape".into(),
            columns: catalog.columns,
            songs,
            representatives: typical,
            neighbours,
            scores: scores.into(),
            history: history.iter().map(|step| (step.step as u64, step.loss)).collect(),
            frequencies: Some((self.parameters.images.f_min, self.parameters.images.f_max)),
        })
    }
}

fn read_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let table = |source| Error::Table { path: path.into(), source };
    csv::Reader::from_path(path)
        .map_err(table)?
        .deserialize()
        .collect::<csv::Result<_>>()
        .map_err(table)
}
