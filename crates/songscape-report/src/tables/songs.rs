//! Tables of songs.

use super::{Table, known, number, text};
use crate::input::ReportInput;

/// Every song with its place, cluster and prediction.
pub(super) fn songs(input: &ReportInput) -> Table {
    let mut table = Table::new(
        "songs",
        &[
            "id",
            "title",
            "artist",
            "year",
            "cluster",
            "probability",
            "outlier",
            "predicted",
            "x",
            "y",
        ],
    );
    table.header.extend(input.columns.iter().map(|name| text(name)));
    table.rows = input
        .songs
        .iter()
        .map(|song| {
            let mut row = vec![
                text(&song.id),
                text(&song.title),
                text(&song.artist),
                known(song.year),
                song.cluster.to_string(),
                number(song.probability),
                song.outlier.map(number).unwrap_or_default(),
                known(song.predicted),
                song.map[0].to_string(),
                song.map[1].to_string(),
            ];
            row.extend(song.extra.iter().map(|value| text(value)));
            row
        })
        .collect();
    table
}

/// The songs that stand for each cluster, best first.
pub(super) fn representatives(input: &ReportInput) -> Table {
    let mut table =
        Table::new("representatives", &["cluster", "rank", "id", "title", "artist", "year"]);
    for (cluster, rows) in &input.representatives {
        for (rank, &row) in rows.iter().enumerate() {
            let song = &input.songs[row];
            table.rows.push(vec![
                cluster.to_string(),
                (rank + 1).to_string(),
                text(&song.id),
                text(&song.title),
                text(&song.artist),
                known(song.year),
            ]);
        }
    }
    table
}
