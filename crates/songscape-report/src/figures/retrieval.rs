//! How often each model finds what belongs together: bars beside the baselines.

use kuva::render::render::TextAnchor;

use super::panel::{FAINT, GREY, INK, LABEL, Margins, NOTE, Panel, TICK};
use super::text::text_width;
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::palette::Rgb;
use crate::scores::{RetrievalScore, Scores};

const FIRST: Rgb = [0x00, 0x4f, 0x86];
const TENTH: Rgb = [0x8d, 0xbb, 0xdb];
const BAR: f64 = 17.0;
const MODEL: f64 = 2.0 * BAR + 16.0;
/// Room over a group of bars for its name.
const NAME: f64 = 34.0;
const NAMES: f64 = 190.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let scores = &input.scores;
    let groups = [
        ("The other half of the same song", &scores.retrieval),
        ("Another recording of the same song", &scores.renditions),
    ];
    let groups: Vec<_> = groups.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    if groups.is_empty() {
        return Err("there are no scores of retrieval");
    }
    let title = "Retrieval against baselines";
    let mut notes = vec![
        "Dark: what belongs to a song is the nearest of all; light: it is among the ten nearest"
            .into(),
    ];
    let worse: Vec<String> = scores
        .not_beaten()
        .chunk_by(|one, next| one.measure == next.measure)
        .filter(|same| same[0].measure != Scores::YEAR_ERROR)
        .map(|same| {
            let names: Vec<String> = same.iter().map(|n| format!("“{}”", n.baseline)).collect();
            format!("{} in {}", names.join(", "), same[0].measure)
        })
        .collect();
    if !worse.is_empty() {
        notes.push(format!("The trained encoder is not better than {}", worse.join("; nor ")));
    }
    let margins = Margins { left: NAMES, right: 70.0, bottom: 62.0 };
    let (width, x, y) = (900.0, (0.0, 100.0), (0.0, 1.0));
    let body: f64 = groups.iter().map(|(_, rows)| NAME + rows.len() as f64 * MODEL).sum();
    // Titles begin at the page's edge, the axes behind the names of the models.
    let text = Margins { left: 24.0, ..margins };
    let head = Panel::new((width, body), text, title, &notes, x, y).top - 16.0;
    let size = (width, head + body + margins.bottom);
    let mut panel = Panel::new(size, text, title, &notes, x, y);
    panel.axes((margins.left, head), (width - margins.right, head + body), x, y);
    let percent: Vec<_> = (0..=5).map(|i| (f64::from(i) * 20.0, format!("{}", i * 20))).collect();
    panel.x_ticks(&percent, false);
    let mut top = head;
    for (name, rows) in groups {
        for (value, _) in &percent {
            let at = panel.px(*value);
            panel.line(
                &[(at, top + NAME - 6.0), (at, top + NAME + rows.len() as f64 * MODEL)],
                FAINT,
                1.0,
            );
        }
        panel.bold(24.0, top + NAME - 14.0, name, LABEL);
        for (i, score) in rows.iter().enumerate() {
            model(&mut panel, top + NAME + i as f64 * MODEL, score);
        }
        top += NAME + rows.len() as f64 * MODEL;
    }
    let ends = [(panel.left, panel.bottom), (panel.right, panel.bottom)];
    panel.line(&ends, [0x99; 3], 1.0);
    let middle = (panel.left + panel.right) / 2.0;
    let below = (middle, panel.bottom + 48.0);
    panel.text(below, "Share of songs in %", LABEL, TextAnchor::Middle, INK);
    Ok(Figure::new(panel, format!("{title}. {}.", notes.join(". "))))
}

fn model(panel: &mut Panel, top: f64, score: &RetrievalScore) {
    let zero = panel.px(0.0);
    let middle = top + BAR + 4.5;
    // A name that is too long for its room ends with an ellipsis.
    let mut name = score.name.clone();
    while text_width(&name, NOTE) > NAMES - 34.0 && name.pop().is_some() {}
    if name.len() < score.name.len() {
        name.push('…');
    }
    let ink = if score.name == Scores::TRAINED { INK } else { GREY };
    panel.text((panel.left - 10.0, middle), &name, NOTE, TextAnchor::End, ink);
    for (i, (value, fill)) in
        [(score.recall_at_1, FIRST), (score.recall_at_10, TENTH)].into_iter().enumerate()
    {
        let at = panel.px(100.0 * value.clamp(0.0, 1.0));
        let y = top + i as f64 * BAR;
        panel.rectangle((zero, y), (at, y + BAR - 1.0), fill);
        let label = format!("{:.1}%", 100.0 * value);
        panel.text((at + 6.0, y + BAR - 4.5), &label, TICK, TextAnchor::Start, INK);
    }
}
