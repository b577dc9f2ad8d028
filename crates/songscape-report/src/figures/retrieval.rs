//! How often each model finds what belongs together: bars beside the baselines and beside chance.

use kuva::render::render::TextAnchor;
use songscape_analysis::bootstrap::Interval;
use songscape_analysis::study::RetrievalScore;

use super::panel::{BLUE, FAINT, GREY, INK, LABEL, LIGHT_BLUE, LINE, Margins, NOTE, Panel, TICK};
use super::text::{counted, encoder, percent, text_width};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::baselines;
use crate::measures::chance::{self, Chance};
use crate::palette::Rgb;

const BAR: f64 = 17.0;
const MODEL: f64 = 2.0 * BAR + 16.0;
/// Room over a group of bars for its name.
const NAME: f64 = 34.0;
/// Room for the names of the models: at least, and at most.
const NAMES: (f64, f64) = (190.0, 300.0);
/// Room beside them.
const BESIDE_NAME: f64 = 34.0;

/// One kind of search.
struct Group<'a> {
    name: String,
    rows: &'a [RetrievalScore],
    chance: Option<Chance>,
}

impl Group<'_> {
    fn bars(&self) -> usize {
        self.rows.len() + usize::from(self.chance.is_some())
    }
}

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let none = "there are no scores of retrieval";
    let scores = input.scores.as_ref().ok_or(none)?;
    let group = |name: &str, rows, chance: Option<Chance>| {
        let searches = chance.map(|chance| counted(chance.searches, "song", "songs"));
        let name = searches.map_or(name.into(), |songs| format!("{name} ({songs})"));
        Group { name, rows, chance }
    };
    let groups = [
        group("The other half of the same song", &scores.halves[..], chance::halves(scores.songs)),
        group(
            "Another recording of the same song",
            &scores.renditions[..],
            chance::renditions(input),
        ),
    ];
    let groups: Vec<_> = groups.into_iter().filter(|group| !group.rows.is_empty()).collect();
    if groups.is_empty() {
        return Err(none);
    }
    let title = "Retrieval against baselines";
    let mut notes = vec![
        "Dark: the match is the nearest of all songs; light: it is among the ten nearest; lines: 95% \
         intervals; chance: a blind guess"
            .into(),
    ];
    let worse: Vec<String> = baselines::not_beaten(scores)
        .chunk_by(|one, next| one.measure == next.measure)
        .filter(|same| same[0].measure != baselines::YEAR_ERROR)
        .map(|same| {
            let names: Vec<String> = same.iter().map(|n| format!("“{}”", n.baseline)).collect();
            format!("{} in {}", names.join(", "), same[0].measure)
        })
        .collect();
    if !worse.is_empty() {
        notes.push(format!("{} is not better than {}", encoder(scores), worse.join("; nor ")));
    }
    let names = groups.iter().flat_map(|group| group.rows).map(|row| text_width(&row.name, NOTE));
    let names = (names.fold(0.0, f64::max) + BESIDE_NAME).clamp(NAMES.0, NAMES.1);
    let margins = Margins { left: names, right: 150.0, bottom: 62.0 };
    let (width, x, y) = (770.0 + names, (0.0, 100.0), (0.0, 1.0));
    let body: f64 = groups.iter().map(|group| NAME + group.bars() as f64 * MODEL).sum();
    // Titles begin at the page's edge, the axes behind the names of the models.
    let text = Margins { left: 24.0, right: 24.0, ..margins };
    let head = Panel::new((width, body), text, title, &notes, x, y).top - 16.0;
    let size = (width, head + body + margins.bottom);
    let mut panel = Panel::new(size, text, title, &notes, x, y);
    panel.axes((margins.left, head), (width - margins.right, head + body), x, y);
    let marks: Vec<_> = (0..=5).map(|i| (f64::from(i) * 20.0, format!("{}", i * 20))).collect();
    panel.x_ticks(&marks, false);
    let own = baselines::judged(scores);
    let mut top = head;
    for group in &groups {
        let bottom = top + NAME + group.bars() as f64 * MODEL;
        for (value, _) in &marks {
            let at = panel.px(*value);
            panel.line(&[(at, top + NAME - 6.0), (at, bottom)], FAINT, 1.0);
        }
        panel.bold(24.0, top + NAME - 14.0, &group.name, LABEL);
        let models = group.rows.iter().map(|score| {
            let ink = if own == Some(score.name.as_str()) { INK } else { GREY };
            let bars = [(score.recall_1, score.interval_1), (score.recall_10, score.interval_10)];
            (score.name.as_str(), bars, ink)
        });
        // Chance is computed, not measured: it has no interval.
        let chance = group
            .chance
            .map(|found| ("chance", [(found.recall_1, None), (found.recall_10, None)], GREY));
        for (i, row) in models.chain(chance).enumerate() {
            bars(&mut panel, top + NAME + i as f64 * MODEL, row);
        }
        top = bottom;
    }
    let ends = [(panel.left, panel.bottom), (panel.right, panel.bottom)];
    panel.line(&ends, LINE, 1.0);
    let middle = (panel.left + panel.right) / 2.0;
    let below = (middle, panel.bottom + 48.0);
    panel.text(below, "Share of songs in %", LABEL, TextAnchor::Middle, INK);
    let caption = "Each song (or half of one) looks for its match among all others. An encoder that \
                   has learned something about music finds it more often than simple statistics of \
                   the image, the same network untrained, and chance.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}

/// The two bars of a model: its name, its shares with their intervals, and its ink.
fn bars(panel: &mut Panel, top: f64, row: (&str, [(f64, Option<Interval>); 2], Rgb)) {
    let (name, shares, ink) = row;
    let zero = panel.px(0.0);
    // A name that is too long for its room ends with an ellipsis.
    let mut label = name.to_owned();
    while text_width(&label, NOTE) > panel.left - BESIDE_NAME && label.pop().is_some() {}
    if label.len() < name.len() {
        label.push('…');
    }
    panel.text((panel.left - 10.0, top + BAR + 4.5), &label, NOTE, TextAnchor::End, ink);
    for (i, ((share, interval), fill)) in shares.into_iter().zip([BLUE, LIGHT_BLUE]).enumerate() {
        let mut at = panel.px(100.0 * share.clamp(0.0, 1.0));
        let y = top + i as f64 * BAR;
        panel.rectangle((zero, y), (at, y + BAR - 1.0), fill);
        let mut label = percent(share);
        if let Some(Interval { low, high }) = interval {
            let middle = y + (BAR - 1.0) / 2.0;
            let (from, to) = (panel.px(100.0 * low), panel.px(100.0 * high));
            panel.line(&[(from, middle), (to, middle)], INK, 1.4);
            for end in [from, to] {
                panel.line(&[(end, middle - 3.5), (end, middle + 3.5)], INK, 1.4);
            }
            label += &format!(" ({:.0}–{:.0})", 100.0 * low, 100.0 * high);
            at = at.max(to);
        }
        panel.text((at + 6.0, y + BAR - 4.5), &label, TICK, TextAnchor::Start, INK);
    }
}
