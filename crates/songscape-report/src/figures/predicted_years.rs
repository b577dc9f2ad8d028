//! Predicted against actual year, a violin with a box for every year.

use songscape_analysis::study::Scores;

use super::map_years::YearScale;
use super::panel::{Counts, Margins, Panel};
use super::text::{Axis, counted, encoder, ticks};
use super::violin::violin;
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::baselines;
use crate::measures::distribution::LEAST;
use crate::measures::predictions::predictions;
use crate::measures::year_groups::YearGroup;
use crate::palette::Rgb;

/// Told apart from every colour of the year scale.
const IDENTITY: Rgb = [0xd6, 0x28, 0x28];
/// The page's units that all predicted years take, and how many all actual years may take. Both axes have
/// one scale, so that the line on which both agree lies at 45°.
const HIGH: f64 = 620.0;
const WIDE: (f64, f64) = (520.0, 1400.0);

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let found = predictions(input);
    let Some(of_songs) = found.mean_absolute_error else {
        return Err("no song has both a year and a prediction");
    };
    let scores = input.scores.as_ref();
    // Without scores, the error of what is drawn.
    let mae = scores.and_then(Scores::year_error).unwrap_or(of_songs);
    let title = format!("Predicted against actual year: mean absolute error {mae:.1} years");
    let mut notes: Vec<String> = Vec::new();
    if let Some(scores) = scores {
        notes.extend(beside_baselines(scores));
        let worse: Vec<String> = baselines::not_beaten(scores)
            .iter()
            .filter(|n| n.measure == baselines::YEAR_ERROR)
            .map(|n| format!("“{}”", n.baseline))
            .collect();
        if !worse.is_empty() {
            notes.push(format!("{} is not better than {}", encoder(scores), worse.join(", ")));
        }
    }
    let mut about = counted(found.years.songs(), "song", "songs");
    if let Some(note) = found.years.note() {
        about += &format!(", {note}");
    }
    if found.predicted.iter().any(|values| values.count() < LEAST) {
        about += &format!("; dots: groups of fewer than {LEAST} songs");
    }
    about += "; red dashes: prediction and year agree; rings: outliers";
    notes.push(about);

    let x = found.years.span();
    let (low, high) = found.groups().fold(x, |(low, high), (_, values)| {
        let (least, most) = values.range();
        (low.min(least), high.max(most))
    });
    let room = ((high - low) * 0.03).max(1.0);
    let y = (low - room, high + room);
    let unit = (HIGH / (y.1 - y.0)).min(WIDE.1 / (x.1 - x.0));
    let width = ((x.1 - x.0) * unit).max(WIDE.0);
    // A short time stands in the middle of the axes.
    let around = (width / unit - (x.1 - x.0)) / 2.0;
    let x = (x.0 - around, x.1 + around);

    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 + Counts::HEIGHT };
    let width = width + margins.left + margins.right;
    let head = Panel::new((width, HIGH), margins, &title, &notes, x, y).top;
    let height = head + (y.1 - y.0) * unit + margins.bottom;
    let mut panel = Panel::new((width, height), margins, &title, &notes, x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    panel.x_ticks(&ticks(x, (width / 80.0) as usize, Axis::Years), true);
    let middle = |group: Option<&YearGroup>| group.map_or(0.0, YearGroup::middle);
    let (first, last) = (found.years.groups.first(), found.years.groups.last());
    let scale = YearScale { first: middle(first), last: middle(last) };
    for (group, values) in found.groups() {
        let (from, to) = group.reach();
        let half = ((to - from) * unit * 0.46).clamp(1.5, 40.0);
        let at = panel.px(group.middle());
        violin(&mut panel, at, half, values, scale.colour(group.middle()));
    }
    panel.identity(IDENTITY);
    panel.frame();
    Counts::new(found.groups().map(|(group, values)| (group.reach(), values.count())))
        .draw(&mut panel);
    panel.labels("Release year", "Predicted year");
    let caption = "Each song’s year was predicted from its sound by a model that never heard its \
                   artist. The closer the violins follow the dashed line, the better. Both axes have \
                   the same scale.";
    Ok(Figure::new(panel, &title, &notes, caption.into()))
}

/// `Baselines on the same folds: constant 15.2, row statistics 8.1 years`.
fn beside_baselines(scores: &Scores) -> Option<String> {
    let rows: Vec<String> = baselines::year_errors(scores)
        .into_iter()
        .filter(|(name, _)| baselines::judged(scores) != Some(name))
        .map(|(name, mae)| format!("{name} {mae:.1}"))
        .collect();
    (!rows.is_empty()).then(|| format!("Baselines on the same folds: {} years", rows.join(", ")))
}
