//! The tables under `tables/`: what the figures and the page show, as CSV.

use std::path::Path;

use crate::error::{Error, Result};
use crate::figures::calibration::groups;
use crate::figures::cluster_years::years;
use crate::figures::predicted_years::predictions;
use crate::figures::shares::counts;
use crate::figures::spectrogram::{hertz, image};
use crate::figures::{LEAST, Tukey};
use crate::input::ReportInput;

/// A table: file name without ending, header and rows.
pub(crate) struct Table {
    pub file: &'static str,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(file: &'static str, header: &[&str]) -> Self {
        Self { file, header: header.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }

    /// The table as CSV (RFC 4180).
    ///
    /// # Errors
    /// [`Error::Encode`] when the writer refuses a row.
    pub fn csv(&self, path: &Path) -> Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let mut rows = || {
            csv.write_record(&self.header)?;
            self.rows.iter().try_for_each(|row| csv.write_record(row))
        };
        let fault = |reason: String| Error::Encode { path: path.into(), reason };
        rows().map_err(|e: csv::Error| fault(e.to_string()))?;
        csv.into_inner().map_err(|e| fault(e.to_string()))
    }
}

/// All tables that have rows.
pub(crate) fn tables(input: &ReportInput) -> Vec<Table> {
    let all = [
        songs(input),
        predicted_years(input),
        cluster_years(input),
        cluster_shares(input),
        calibration(input),
        cluster_spectra(input),
        condensed_tree(input),
        spectrogram(input),
        scores(input),
        representatives(input),
        history(input),
    ];
    all.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Every song with its place, cluster and prediction: figures 1, 2 and the map.
fn songs(input: &ReportInput) -> Table {
    let mut table = Table::new(
        "songs",
        &["id", "title", "artist", "year", "cluster", "probability", "predicted", "x", "y"],
    );
    table.header.extend(input.columns.iter().cloned());
    table.rows = input
        .songs
        .iter()
        .map(|song| {
            let mut row = vec![
                song.id.clone(),
                song.title.clone(),
                song.artist.clone(),
                song.year.map_or(String::new(), |year| year.to_string()),
                song.cluster.to_string(),
                number(song.probability),
                song.predicted.map_or(String::new(), number),
                song.map[0].to_string(),
                song.map[1].to_string(),
            ];
            row.extend(song.extra.iter().cloned());
            row
        })
        .collect();
    table
}

const SUMMARY: [&str; 6] = ["songs", "low", "first_quartile", "median", "third_quartile", "high"];

/// Count and Tukey's five numbers; the numbers are empty where points are drawn instead of a box.
fn summary(values: &[f64]) -> Vec<String> {
    let mut row = vec![values.len().to_string()];
    let tukey = Tukey::of(values).filter(|_| values.len() >= LEAST);
    match tukey {
        Some(t) => row.extend([t.low, t.first, t.median, t.third, t.high].map(number)),
        None => row.extend(std::iter::repeat_n(String::new(), 5)),
    }
    row
}

/// Figure 3: the predictions for each group of actual years.
fn predicted_years(input: &ReportInput) -> Table {
    let (groups, predicted) = predictions(input);
    let mut table = Table::new("predicted-years", &["from", "to"]);
    table.header.extend(SUMMARY.map(String::from));
    for (start, values) in predicted {
        let mut row = vec![start.to_string(), (start + groups.width - 1).to_string()];
        row.extend(summary(&values));
        table.rows.push(row);
    }
    table
}

/// Figure 4: the release years of each cluster.
fn cluster_years(input: &ReportInput) -> Table {
    let mut table = Table::new("cluster-years", &["cluster"]);
    table.header.extend(SUMMARY.map(String::from));
    for (cluster, values) in years(input) {
        let mut row = vec![cluster.to_string()];
        row.extend(summary(&values));
        table.rows.push(row);
    }
    table
}

/// Figure 5: the share of each cluster in each group of years; clusters without a song are left out.
fn cluster_shares(input: &ReportInput) -> Table {
    let (groups, counts) = counts(input);
    let mut table = Table::new("cluster-shares", &["from", "to", "cluster", "songs", "share"]);
    for (start, row) in counts {
        let all = row.values().sum::<usize>() as f64;
        for (cluster, songs) in row {
            table.rows.push(vec![
                start.to_string(),
                (start + groups.width - 1).to_string(),
                cluster.to_string(),
                songs.to_string(),
                number(songs as f64 / all),
            ]);
        }
    }
    table
}

/// Songs that are predicted alike: what was predicted, and what was so.
fn calibration(input: &ReportInput) -> Table {
    let mut table = Table::new(
        "calibration",
        &["songs", "predicted", "actual", "error_95", "first_quartile", "third_quartile"],
    );
    table.rows = groups(input)
        .iter()
        .map(|g| {
            let values = [g.predicted, g.actual, g.error, g.first_quartile, g.third_quartile];
            std::iter::once(g.songs.to_string()).chain(values.map(number)).collect()
        })
        .collect();
    table
}

/// The mean spectrum of each cluster: a row for each cluster and frequency.
fn cluster_spectra(input: &ReportInput) -> Table {
    let mut table = Table::new("cluster-spectra", &["cluster", "songs", "hz", "level_db"]);
    let Some(frequencies) = input.frequencies else { return table };
    for spectrum in &input.spectra {
        for (row, &level) in spectrum.level_db.iter().enumerate() {
            table.rows.push(vec![
                spectrum.cluster.to_string(),
                spectrum.songs.to_string(),
                number(hertz(frequencies, row, spectrum.level_db.len())),
                number(level),
            ]);
        }
    }
    table
}

/// The clusters of the condensed tree; `label` is the number of those that were chosen, `leave` how
/// many songs leave before it ends or splits.
fn condensed_tree(input: &ReportInput) -> Table {
    let header = ["node", "parent", "birth_lambda", "size", "leave", "label"];
    let mut table = Table::new("condensed-tree", &header);
    let Some(tree) = &input.tree else { return table };
    let mut leave = vec![0; tree.clusters.len()];
    tree.leaves.iter().for_each(|&(cluster, _)| leave[cluster] += 1_usize);
    for (node, cluster) in tree.clusters.iter().enumerate() {
        table.rows.push(vec![
            node.to_string(),
            cluster.parent.map_or(String::new(), |parent| parent.to_string()),
            number(cluster.birth),
            cluster.size.to_string(),
            leave[node].to_string(),
            cluster.label.map_or(String::new(), |label| label.to_string()),
        ]);
    }
    table
}

/// The spectrogram as it is drawn: a row for each frequency, a column for each moment in seconds,
/// levels in dB below white.
fn spectrogram(input: &ReportInput) -> Table {
    let mut table = Table::new("spectrogram", &["hz"]);
    let Some(image) = image(input) else { return table };
    table.header.extend((0..image.columns.len()).map(|i| format!("{:.3}", image.second(i))));
    let rows = image.columns.first().map_or(0, Vec::len);
    for row in 0..rows {
        let levels = image.columns.iter().map(|column| format!("{:.1}", column[row]));
        let hertz = format!("{:.2}", image.hertz(row, rows));
        table.rows.push(std::iter::once(hertz).chain(levels).collect());
    }
    table
}

/// The results beside their baselines.
fn scores(input: &ReportInput) -> Table {
    let mut table = Table::new("scores", &["measure", "model", "value"]);
    let mut push = |measure: &str, model: &str, value: f64| {
        table.rows.push(vec![measure.into(), model.into(), number(value)]);
    };
    for score in &input.scores.year_mae {
        push("year_mean_absolute_error", &score.name, score.mae);
    }
    for score in &input.scores.retrieval {
        push("recall_at_1", &score.name, score.recall_at_1);
        push("recall_at_10", &score.name, score.recall_at_10);
    }
    for score in &input.scores.renditions {
        push("recall_at_1_of_other_recordings", &score.name, score.recall_at_1);
        push("recall_at_10_of_other_recordings", &score.name, score.recall_at_10);
    }
    table
}

/// The songs that stand for each cluster, best first.
fn representatives(input: &ReportInput) -> Table {
    let mut table =
        Table::new("representatives", &["cluster", "rank", "id", "title", "artist", "year"]);
    for (cluster, rows) in &input.representatives {
        for (rank, &row) in rows.iter().enumerate() {
            let song = &input.songs[row];
            table.rows.push(vec![
                cluster.to_string(),
                (rank + 1).to_string(),
                song.id.clone(),
                song.title.clone(),
                song.artist.clone(),
                song.year.map_or(String::new(), |year| year.to_string()),
            ]);
        }
    }
    table
}

/// The training.
fn history(input: &ReportInput) -> Table {
    let mut table = Table::new("training", &["step", "loss", "accuracy", "learning_rate"]);
    let known = |value: Option<f64>| value.map_or(String::new(), number);
    table.rows = input
        .history
        .iter()
        .map(|s| {
            vec![s.step.to_string(), number(s.loss), known(s.accuracy), known(s.learning_rate)]
        })
        .collect();
    table
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> String {
    value.to_string()
}
