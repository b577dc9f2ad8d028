//! The tables under `tables/`: what the figures and the page show, as CSV.

use std::path::Path;

use crate::error::{Error, Result};
use crate::figures::cluster_years::years;
use crate::figures::predicted_years::predictions;
use crate::figures::shares::counts;
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

/// The training loss.
fn history(input: &ReportInput) -> Table {
    let mut table = Table::new("training", &["step", "loss"]);
    table.rows =
        input.history.iter().map(|(step, loss)| vec![step.to_string(), number(*loss)]).collect();
    table
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> String {
    value.to_string()
}
