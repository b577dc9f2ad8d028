//! The tables under `tables/`: what the figures and the page show, as CSV.

mod models;
mod songs;
mod sound;
mod years;

use crate::input::ReportInput;

/// A table: file name without ending, header and rows.
pub(crate) struct Table {
    pub file: &'static str,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    fn new(file: &'static str, header: &[&str]) -> Self {
        Self { file, header: header.iter().map(ToString::to_string).collect(), rows: Vec::new() }
    }
}

/// All tables; those without rows are not written.
pub(crate) fn tables(input: &ReportInput) -> Vec<Table> {
    vec![
        songs::songs(input),
        years::predicted_years(input),
        years::decades(input),
        years::calibration(input),
        years::cluster_years(input),
        years::cluster_shares(input),
        sound::cluster_spectra(input),
        sound::spectrogram(input),
        models::condensed_tree(input),
        models::scores(input),
        songs::representatives(input),
        models::training(input),
    ]
}

/// The shortest text that reads back as the same number.
fn number(value: f64) -> String {
    value.to_string()
}

/// Text of the catalog: what a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV
/// injection"); numbers stay numbers.
fn text(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula && value.trim().parse::<f64>().is_err() { format!("'{value}") } else { value.into() }
}

fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}
