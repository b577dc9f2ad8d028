//! The report, from the tables of the stages before.

use ndarray::Array2;
use songscape_analysis::vectors::read_npy;
use songscape_project::{Progress, Stage, State, hash_file};
use songscape_report::{LeftOut, MeanSpectrum, ReportInput, SongRow, Spectrogram, link};

use super::Pipeline;
use super::error::Result;
use super::vectors::Source;

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
                ("history", hash_file(&self.project.path("model/history.csv"))?),
            ],
        )?;
        if stage.state() == State::Done && self.report_page().is_file() {
            return Ok("done before".into());
        }
        let written = songscape_report::write(stage.folder(), &self.report_input()?, progress)?;
        stage.finish()?;
        let mut summary = format!("{} files", written.files.len());
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

    fn report_input(&self) -> Result<ReportInput> {
        let analysis = self.project.path("analysis");
        let store = self.store();
        let pixels = store.pixels()?;
        let catalog = self.songs_with_images(&pixels)?;
        let map: Array2<f32> = read_npy(&analysis.join("umap.npy"))?;
        let page = std::path::absolute(self.project.path("report"))
            .map_err(|source| songscape_project::Error::Io { path: "report".into(), source })?;
        let songs = catalog.songs.iter().zip(map.rows()).map(|(song, place)| SongRow {
            id: song.id.clone(),
            title: song.title.clone(),
            artist: song.artist.clone(),
            year: song.year,
            audio: Some(link(&page, &catalog.file(song))),
            image: std::path::absolute(store.image(&song.id)).ok().map(|image| link(&page, &image)),
            map: [place[0], place[1]],
            extra: song.extra.clone(),
            ..SongRow::default()
        });
        let images = &self.parameters.images;
        let mut input = ReportInput {
            title: "Songscape".into(),
            songs: songs.collect(),
            frequencies: Some((images.f_min, images.f_max)),
            columns_per_second: Some(images.columns_per_second),
            columns: catalog.columns,
            ..ReportInput::default()
        };
        input.read_analysis(&analysis)?;
        input.read_history(&self.project.path("model/history.csv"))?;
        input.read_scores(&analysis.join("scores.json"))?;
        let range_db = f64::from(images.range_db);
        input.spectrogram = input.typical_song().map(|song| Spectrogram {
            song,
            pixels: pixels.song(song).to_vec(),
            rows: pixels.rows(),
            range_db,
        });
        // The first half of the row statistics: the mean grey of each row.
        let file = Source::RowStatistics.file(&self.project.path("vectors"), "");
        let means: Array2<f32> = read_npy(&file)?;
        let level = |grey: &f32| (f64::from(*grey) / 255.0 - 1.0) * range_db;
        let levels =
            means.rows().into_iter().map(|row| row.iter().take(pixels.rows()).map(level).collect());
        let clusters: Vec<i32> = input.songs.iter().map(|song| song.cluster).collect();
        input.spectra = MeanSpectrum::of_clusters(&clusters, levels)?;
        Ok(input)
    }
}
