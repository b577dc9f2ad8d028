//! Figure 3: predicted against actual year, a violin with a box for every year.

use super::distribution::{LEAST, range, violin};
use super::map_years::YearScale;
use super::panel::{Margins, Panel};
use super::text::{Axis, counted, ticks};
use super::{Drawn, Figure, YearGroups};
use crate::input::ReportInput;
use crate::palette::Rgb;
use crate::scores::Scores;

/// Told apart from every colour of the year scale.
const IDENTITY: Rgb = [0xd6, 0x28, 0x28];

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let (groups, predicted) = predictions(input);
    if groups.groups.is_empty() {
        return Err("no song has both a year and a prediction");
    }
    let count = groups.groups.values().map(Vec::len).sum::<usize>();
    // Without scores, the error of what is drawn.
    let mae = input.scores.trained_mae().unwrap_or_else(|| error(input));
    let title = format!("Predicted against actual year: mean absolute error {mae:.1} years");
    let mut notes = Vec::new();
    notes.extend(baselines(&input.scores));
    let worse = input.scores.not_beaten();
    let worse: Vec<String> = worse
        .iter()
        .filter(|n| n.measure == Scores::YEAR_ERROR)
        .map(|n| format!("“{}”", n.baseline))
        .collect();
    if !worse.is_empty() {
        notes.push(format!("The trained encoder is not better than {}", worse.join(", ")));
    }
    let mut about = counted(count, "song", "songs");
    if let Some(note) = groups.note() {
        about += &format!(", {note}");
    }
    if predicted.values().any(|values| values.len() < LEAST) {
        about += &format!("; dots: songs of groups of fewer than {LEAST}");
    }
    about += "; red dashes: prediction and year agree; rings: outliers";
    notes.push(about);

    let x = groups.span();
    let actual = groups.groups.keys().map(|&start| groups.middle(start));
    let values: Vec<f64> = predicted.values().flatten().copied().chain(actual).collect();
    let (low, high) = range(&values);
    let room = ((high - low) * 0.04).max(1.0);
    let y = (low - room, high + room);

    let width = (groups.places() as f64 * 17.0 + 120.0).clamp(900.0, 1500.0);
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let mut panel = Panel::new((width, 700.0), margins, &title, &notes, x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    panel.x_ticks(&ticks(x, 14, Axis::Years), true);
    let first = groups.groups.keys().next().map_or(0.0, |&start| groups.middle(start));
    let last = groups.groups.keys().next_back().map_or(0.0, |&start| groups.middle(start));
    let scale = YearScale { first, last };
    let half = ((panel.right - panel.left) / groups.places() as f64 * 0.46).min(40.0);
    for (&start, values) in &predicted {
        let middle = groups.middle(start);
        let at = panel.px(middle);
        violin(&mut panel, at, half, values, scale.colour(middle));
    }
    let (from, to) = (x.0.max(y.0), x.1.min(y.1));
    if to > from {
        let ends = [(panel.px(from), panel.py(from)), (panel.px(to), panel.py(to))];
        panel.dashed(ends[0], ends[1], IDENTITY, 2.0);
    }
    panel.frame();
    panel.labels("Release year", "Predicted year");
    let caption = format!("{title}. {}.", notes.join(". "));
    Ok(Figure::new(panel, caption))
}

/// The predicted years of each group of actual years.
pub(crate) fn predictions(
    input: &ReportInput,
) -> (YearGroups, std::collections::BTreeMap<i64, Vec<f64>>) {
    let both: Vec<(usize, i32)> = super::dated(input)
        .into_iter()
        .filter(|&(row, _)| input.songs[row].predicted.is_some())
        .collect();
    let groups = YearGroups::new(&both, LEAST);
    let values =
        |rows: &Vec<usize>| rows.iter().filter_map(|&row| input.songs[row].predicted).collect();
    let predicted = groups.groups.iter().map(|(&start, rows)| (start, values(rows))).collect();
    (groups, predicted)
}

/// Mean absolute error of the songs that have both; not a number without any.
fn error(input: &ReportInput) -> f64 {
    let songs = input.songs.iter();
    let errors: Vec<f64> =
        songs.filter_map(|song| Some((song.predicted? - f64::from(song.year?)).abs())).collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

/// `Baselines: constant 15.2, row statistics 8.1 years`, and whether one is not beaten.
fn baselines(scores: &Scores) -> Option<String> {
    let rows: Vec<String> = scores
        .year_mae
        .iter()
        .filter(|score| score.name != Scores::TRAINED)
        .map(|score| format!("{} {:.1}", score.name, score.mae))
        .collect();
    (!rows.is_empty()).then(|| format!("Baselines on the same folds: {} years", rows.join(", ")))
}
