//! Predicted against actual year, a violin with a box for every year.

use songscape_analysis::music::years::YearModel;
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
        notes.extend(not_beaten(scores));
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

/// `Best simple baseline on the same folds: row statistics 8.1 years; constant 15.2`: the best of those that no
/// network has a part in, and what knowing nothing gives. All of them are in the table of scores.
fn beside_baselines(scores: &Scores) -> Option<String> {
    let (guess, mut simple): (Vec<_>, Vec<_>) = baselines::year_errors(scores)
        .into_iter()
        .filter(|(name, _)| baselines::judged(scores) != Some(name))
        .filter(|(name, _)| !baselines::is_of_network(name))
        .partition(|(name, _)| *name == YearModel::Constant.name());
    simple.sort_by(|a, b| a.1.total_cmp(&b.1));
    let shown = |(name, mae): &(&str, f64), unit: &str| format!("{name} {mae:.1}{unit}");
    let guess = guess.first();
    match (simple.first(), guess) {
        (Some(best), guess) => {
            let guess = guess.map_or(String::new(), |row| format!("; {}", shown(row, "")));
            Some(format!(
                "Best simple baseline on the same folds: {}{guess}",
                shown(best, " years")
            ))
        }
        (None, guess) => guess.map(|row| format!("On the same folds: {}", shown(row, " years"))),
    }
}

/// `The trained encoder is not better than “a”, and not told apart from “b”, “c” and 2 more`, the best first.
fn not_beaten(scores: &Scores) -> Option<String> {
    const NAMED: usize = 2;
    let mut found = baselines::not_beaten(scores);
    found.retain(|row| row.measure == baselines::YEAR_ERROR);
    found.sort_by(|a, b| a.value.total_cmp(&b.value));
    let part = |by_chance: bool, relation: &str| {
        let names = found.iter().filter(|row| row.by_chance == by_chance);
        let names: Vec<String> = names.map(|row| format!("“{}”", row.baseline)).collect();
        let more = match names.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = names.get(..NAMED).unwrap_or(&names).join(", ");
        (!names.is_empty()).then(|| format!("not {relation} {named}{more}"))
    };
    let parts = [part(false, "better than"), part(true, "told apart from")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("{} is {}", encoder(scores), parts.join(", and ")))
}

#[cfg(test)]
mod tests {
    use songscape_analysis::bootstrap::{Difference, Interval};
    use songscape_analysis::music::years::YearParams;
    use songscape_analysis::study::{YearScore, YearScores};

    use super::*;

    /// A model's name, its error, and the interval of the lead over it.
    type Model = (&'static str, f64, Option<(f64, f64)>);

    fn scores(models: &[Model]) -> Scores {
        let model = |&(name, mae, lead): &Model| YearScore {
            name: name.into(),
            mae,
            behind: lead.map(|(low, high)| Difference {
                value: (low + high) / 2.0,
                interval: Interval { low, high },
            }),
            ..YearScore::default()
        };
        let years = YearScores {
            params: YearParams::for_songs(200, 0),
            songs: 200,
            coverage: None,
            interval_width: None,
            bias: [].into(),
            decades: Vec::new(),
            models: models.iter().map(model).collect(),
        };
        Scores { years: Some(years), ..Scores::default() }
    }

    #[test]
    fn of_many_baselines_the_two_that_matter_are_named() {
        let scores = scores(&[
            ("encoder with chroma changes", 7.2, None),
            ("trained encoder", 7.1, Some((-0.9, 0.7))),
            ("row statistics", 9.0, Some((1.0, 2.6))),
            ("chroma", 12.8, Some((4.0, 7.0))),
            ("chroma patches", 7.0, Some((-0.9, 0.5))),
            ("rows with chroma changes", 7.3, Some((-0.5, 0.7))),
            ("untrained encoder", 7.4, Some((-0.2, 0.6))),
            ("constant", 15.4, Some((6.0, 10.0))),
        ]);
        assert_eq!(
            beside_baselines(&scores).as_deref(),
            Some("Best simple baseline on the same folds: chroma patches 7.0 years; constant 15.4")
        );
        assert_eq!(
            not_beaten(&scores).as_deref(),
            Some(
                "“encoder with chroma changes” is not told apart from “chroma patches”, \
                 “trained encoder” and 2 more"
            )
        );
    }

    #[test]
    fn worse_and_not_told_apart_are_two_things() {
        let of = scores(&[
            ("trained encoder", 6.0, None),
            ("row statistics", 5.0, None),
            ("mine", 6.1, Some((-0.5, 0.7))),
        ]);
        let expected = "The trained encoder is not better than “row statistics”, and not told apart from “mine”";
        assert_eq!(not_beaten(&of).as_deref(), Some(expected));
        let alone = scores(&[("trained encoder", 6.0, None)]);
        assert_eq!((beside_baselines(&alone), not_beaten(&alone)), (None, None));
        let guess = scores(&[("trained encoder", 6.0, None), ("constant", 15.0, None)]);
        assert_eq!(
            beside_baselines(&guess).as_deref(),
            Some("On the same folds: constant 15.0 years")
        );
    }
}
