//! Tables of spectra.

use songscape_project::row_hz;

use super::{Table, number};
use crate::input::ReportInput;
use crate::measures::spectrogram::image;

/// The mean spectrum of each cluster: a row for each cluster and frequency.
pub(super) fn cluster_spectra(input: &ReportInput) -> Table {
    let mut table =
        Table::new("cluster-spectra", &["cluster", "songs", "hz", "level_db", "deviation_db"]);
    let Some(frequencies) = input.frequencies else { return table };
    for spectrum in &input.spectra {
        for (row, &level) in spectrum.level_db.iter().enumerate() {
            table.rows.push(vec![
                spectrum.cluster.to_string(),
                spectrum.songs.to_string(),
                number(row_hz(frequencies, row, spectrum.level_db.len())),
                number(level),
                super::known(spectrum.deviation_db.get(row)),
            ]);
        }
    }
    table
}

/// The spectrogram as it is drawn: a row for each frequency, a column for each moment in seconds,
/// levels in dB below white.
pub(super) fn spectrogram(input: &ReportInput) -> Table {
    let mut table = Table::new("spectrogram", &["hz"]);
    let Some(image) = image(input) else { return table };
    table.header.extend((0..image.columns.len()).map(|i| format!("{:.3}", image.second(i))));
    let rows = image.rows();
    for row in 0..rows {
        let levels = image.columns.iter().map(|column| format!("{:.1}", column[row]));
        let hertz = format!("{:.2}", row_hz(image.frequencies, row, rows));
        table.rows.push(std::iter::once(hertz).chain(levels).collect());
    }
    table
}
