//! Whether a predicted year can be taken at its word: the actual years of songs that are predicted
//! alike.

use super::panel::{BLUE, INK, Margins, PALE_BLUE, Panel};
use super::text::{Axis, counted, signed, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::calibration::calibration;
use crate::measures::distribution::range;
use crate::palette::Rgb;

const IDENTITY: Rgb = [0xd6, 0x28, 0x28];

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let found = calibration(input)?;
    let groups = &found.groups;
    let title = "Calibration of the predicted year";
    let notes = [format!(
        "{} in {} of similar predictions. Dots: mean actual year with its 95% interval; \
         light bars: the middle half of the songs; red dashes: prediction and year agree",
        counted(found.songs, "song", "songs"),
        counted(groups.len(), "group", "groups"),
    )];
    let xs: Vec<f64> = groups.iter().map(|group| group.predicted).collect();
    let ys: Vec<f64> = groups
        .iter()
        .flat_map(|g| [g.actual - g.error, g.actual + g.error, g.first_quartile, g.third_quartile])
        .collect();
    let room = |(low, high): (f64, f64)| {
        let room = ((high - low) * 0.06).max(1.0);
        (low - room, high + room)
    };
    let (x, y) = (room(range(&xs)), room(range(&ys)));
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let mut panel = Panel::new((820.0, 680.0), margins, title, &notes, x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    panel.x_ticks(&ticks(x, 10, Axis::Years), true);
    for group in groups {
        let at = panel.px(group.predicted);
        let (low, high) = (panel.py(group.first_quartile), panel.py(group.third_quartile));
        panel.rectangle((at - 7.0, low), (at + 7.0, high), PALE_BLUE);
    }
    panel.identity(IDENTITY);
    let means: Vec<_> =
        groups.iter().map(|g| (panel.px(g.predicted), panel.py(g.actual))).collect();
    panel.line(&means, BLUE, 1.4);
    for (group, &at) in groups.iter().zip(&means) {
        let ends = [group.actual - group.error, group.actual + group.error];
        let ends = ends.map(|year| (at.0, panel.py(year)));
        panel.line(&ends, INK, 1.4);
        panel.ring(at, 4.5, Some(BLUE), INK, 1.0);
    }
    panel.frame();
    panel.labels("Predicted year", "Actual year");
    let mut caption =
        "Songs are sorted by their predicted year and split into groups of equal size. \
                       If predictions can be taken at their word, each group’s mean lies on the \
                       dashed line."
            .to_owned();
    if let Some(slope) = found.slope {
        caption += &format!(
            " Each predicted year of difference corresponds to {} actual years: 1 is well \
             calibrated, more means that predictions shrink to the middle, less that they go too far.",
            signed(slope, 2)
        );
    }
    Ok(Figure::new(panel, title, &notes, caption))
}
