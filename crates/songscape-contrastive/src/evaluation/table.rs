//! The tables of an evaluation, for the eye and for other programs.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use songscape_analysis::bootstrap::{Difference, Interval};
use songscape_project::{write_csv, write_json};

use super::{Evaluation, ProbeTable, RetrievalTable};
use crate::error::Result;

/// A score of an evaluation: a line of `evaluation.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The title of the table.
    pub table: String,
    /// The model.
    pub model: String,
    /// What was measured, such as `recall@1`.
    pub measure: &'static str,
    /// The score.
    pub value: f64,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The score of the first model of the table less this one.
    pub behind: Option<f64>,
    /// The lower end of the 95 % interval of that difference.
    pub behind_low: Option<f64>,
    /// The upper end.
    pub behind_high: Option<f64>,
}

impl Line {
    /// The columns of `evaluation.csv`, in the order of the fields.
    const COLUMNS: [&str; 9] = [
        "table",
        "model",
        "measure",
        "value",
        "low",
        "high",
        "behind",
        "behind_low",
        "behind_high",
    ];

    fn new(
        table: &str,
        model: &str,
        measure: &'static str,
        value: f64,
        interval: Option<Interval>,
        behind: Option<Difference>,
    ) -> Self {
        Self {
            table: table.into(),
            model: model.into(),
            measure,
            value,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            behind: behind.map(|behind| behind.value),
            behind_low: behind.map(|behind| behind.interval.low),
            behind_high: behind.map(|behind| behind.interval.high),
        }
    }
}

impl Evaluation {
    /// Every score in a line of its own.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for table in &self.retrieval {
            for row in &table.rows {
                let line = |measure, value, interval, behind| {
                    Line::new(table.comparison.title(), &row.name, measure, value, interval, behind)
                };
                lines.push(line("recall@1", row.recall_1, row.interval_1, row.behind_1));
                lines.push(line("recall@10", row.recall_10, row.interval_10, row.behind_10));
            }
        }
        for table in &self.probes {
            let title = table.column.as_str();
            for row in &table.models {
                let measure = table.measure();
                lines.push(Line::new(
                    title,
                    &row.name,
                    measure,
                    row.value,
                    row.interval,
                    row.behind,
                ));
                for (measure, value) in [("5-NN", row.nearest), ("fifths", row.fifths)] {
                    lines
                        .extend(value.map(|v| Line::new(title, &row.name, measure, v, None, None)));
                }
            }
            lines.push(Line::new(title, "constant", table.measure(), table.constant, None, None));
        }
        lines
    }

    /// Writes `evaluation.json`, all of it, and `evaluation.csv`, the [lines](Self::lines).
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) when a file cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        write_json(folder.join("evaluation.json"), self)?;
        Ok(write_csv(folder.join("evaluation.csv"), &Line::COLUMNS, self.lines())?)
    }
}

/// Width of a column of names.
const NAMES: usize = 40;

fn interval(found: Option<Interval>) -> String {
    found.map_or(String::new(), |interval| interval.to_string())
}

impl fmt::Display for RetrievalTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.comparison.title();
        write!(
            f,
            "{title:<NAMES$}{:>9}{:>12}{:>11}{:>12}",
            "recall@1", "95 %", "recall@10", "95 %"
        )?;
        for row in &self.rows {
            let [one, ten] = [row.interval_1, row.interval_10].map(interval);
            write!(f, "\n{:<NAMES$}{:>9.3}{one:>12}", row.name, row.recall_1)?;
            write!(f, "{:>11.3}{ten:>12}", row.recall_10)?;
        }
        not_told_apart(f, self.rows.iter().map(|row| (row.name.as_str(), row.behind_1)))
    }
}

impl ProbeTable {
    fn measure(&self) -> &'static str {
        if self.is_error { "error" } else { "accuracy" }
    }
}

impl fmt::Display for ProbeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!("{} of {} recordings, linear", self.column, self.rows);
        write!(f, "{title:<NAMES$}{:>9}{:>14}", self.measure(), "95 %")?;
        let models = &self.models;
        let other = |name: &str, has: bool| if has { format!("{name:>9}") } else { String::new() };
        let nearest = models.iter().any(|row| row.nearest.is_some());
        let fifths = models.iter().any(|row| row.fifths.is_some());
        write!(f, "{}{}", other("5-NN", nearest), other("fifths", fifths))?;
        for row in models {
            write!(f, "\n{:<NAMES$}{:>9.3}{:>14}", row.name, row.value, interval(row.interval))?;
            for value in [row.nearest, row.fifths].into_iter().flatten() {
                write!(f, "{value:>9.3}")?;
            }
        }
        write!(f, "\n{:<NAMES$}{:>9.3}", "constant", self.constant)?;
        not_told_apart(f, models.iter().map(|row| (row.name.as_str(), row.behind)))
    }
}

/// A line that names the models whose difference from the first one chance could give.
fn not_told_apart<'a>(
    f: &mut fmt::Formatter<'_>,
    mut rows: impl Iterator<Item = (&'a str, Option<Difference>)>,
) -> fmt::Result {
    let Some((own, _)) = rows.next() else { return Ok(()) };
    let same = rows.filter(|(_, behind)| behind.is_some_and(|d| !d.is_told_apart()));
    let same: Vec<&str> = same.map(|(name, _)| name).collect();
    match same.is_empty() {
        true => Ok(()),
        false => write!(f, "\n{own} is not told apart from {}", same.join(", ")),
    }
}
