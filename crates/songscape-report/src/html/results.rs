//! The second half of the page: results beside their baselines, figures, tables, methods. Plain HTML,
//! made here; it reads without a program.

use std::collections::BTreeMap;

use songscape_analysis::bootstrap::Interval;
use songscape_analysis::music::years::YearModel;
use songscape_analysis::study::{RetrievalScore, Scores};

use super::colour::dot;
use super::escape::html;
use super::methods::methods;
use super::page::{Content, Shown};
use crate::figures::NUMBERED;
use crate::figures::text::{encoder, percent};
use crate::input::ReportInput;
use crate::measures::baselines::{self, NotBeaten};
use crate::measures::chance::{self, Chance};
use crate::measures::colours::cluster_colours;
use crate::measures::map::{Centre, centres};

/// What the usual baselines are.
const BASELINES: [(&str, &str); 10] = [
    ("row statistics", "mean and deviation of each row of the image"),
    ("chroma", "mean and deviation of the twelve pitch classes"),
    ("sharpened chroma", "chroma of what stands out from the neighboring rows"),
    ("chroma patches", "Fourier magnitudes of ten seconds of chroma"),
    ("chroma changes", "which pitch classes follow each other, and how soon"),
    ("chroma changes any key", "chroma changes, the same in every key"),
    ("encoder with chroma changes", "the trained encoder and chroma changes any key, side by side"),
    ("rows with chroma changes", "row statistics and chroma changes any key, side by side"),
    ("untrained encoder", "the same network with random weights"),
    ("constant", "the same year for every song"),
];

/// The figure whose numbers stand for clusters.
const MAP: &str = "map-clusters";

/// The section's content.
pub(super) fn results(
    input: &ReportInput,
    names: &BTreeMap<i32, String>,
    shown: &[Shown],
    tables: &[String],
) -> String {
    let mut out = String::new();
    if let Some(scores) = &input.scores {
        beside_baselines(&mut out, input, scores);
    }
    out += "<h2>Figures</h2>\n";
    for figure in shown {
        let (file, name) = (html(figure.file), html(figure.name));
        match &figure.content {
            Ok(Content { alternative, caption, size: (width, height) }) => {
                let (alternative, caption) = (html(alternative), html(caption));
                let key = if figure.file == MAP { key(input, names) } else { String::new() };
                out += &format!(
                    "<figure>\n<a href=\"figures/{file}.png\"><img src=\"figures/{file}.png\" \
                     width=\"{width:.0}\" height=\"{height:.0}\" alt=\"{alternative}\" \
                     loading=\"lazy\"></a>\n<figcaption>{caption} \
                     <a href=\"figures/{file}.svg\" aria-label=\"{name} as SVG\">SVG</a>{key}</figcaption>\n\
                     </figure>\n"
                );
            }
            Err(why) => {
                out += &format!("<p class=\"left-out\">{name}: left out, {}.</p>\n", html(why))
            }
        }
    }
    out += &methods(input);
    if !tables.is_empty() {
        out += "<h2>Tables</h2>\n<ul>\n";
        for file in tables {
            let file = html(file);
            out += &format!("<li><a href=\"{file}\">{file}</a></li>\n");
        }
        out += "</ul>\n";
    }
    out
}

/// The tables, and in words whether a baseline is not beaten.
fn beside_baselines(out: &mut String, input: &ReportInput, scores: &Scores) {
    let years: Vec<_> = scores.years.iter().flat_map(|years| &years.models).collect();
    if years.is_empty() && scores.halves.is_empty() && scores.renditions.is_empty() {
        return;
    }
    let own = baselines::judged(scores);
    *out += "<h2>Results beside their baselines</h2>\n<div class=\"tables\">\n";
    if !years.is_empty() {
        *out += "<table>\n<caption>Release year from sound</caption>\n\
                 <tr><th scope=\"col\">Model</th><th scope=\"col\">Mean absolute error, years</th></tr>\n";
        for score in years {
            let by = score.by.filter(|by| *by != YearModel::Constant);
            let by = by.map_or(String::new(), |by| format!(", by {}", by.name()));
            let error = match score.interval {
                Some(interval) => format!("{:.2} ({interval:.1}){by}", score.mae),
                None => format!("{:.2}{by}", score.mae),
            };
            row(out, own == Some(score.name.as_str()), &score.name, &[error]);
        }
        *out += "</table>\n";
    }
    let halves = "Finding the other half of a song";
    retrieval(out, own, halves, &scores.halves, chance::halves(scores.songs));
    let renditions = "Finding another recording of the same song";
    retrieval(out, own, renditions, &scores.renditions, chance::renditions(input));
    *out += "</div>\n";
    let known = BASELINES.iter().filter(|(name, _)| baselines::models(scores).any(|m| m == *name));
    let known: Vec<String> = known.map(|(name, what)| format!("{name}: {what}")).collect();
    if !known.is_empty() {
        *out += &format!("<p class=\"soft\">Baselines. {}.</p>\n", html(&known.join("; ")));
    }
    for sentence in verdict(scores) {
        *out += &format!("<p class=\"verdict\">{}</p>\n", html(&sentence));
    }
}

/// The numbers of the clusters on the map with their words, for as many as are numbered there; empty where no
/// cluster has words.
fn key(input: &ReportInput, names: &BTreeMap<i32, String>) -> String {
    if names.is_empty() {
        return String::new();
    }
    let colours = cluster_colours(input);
    let mut shown = centres(input);
    shown.truncate(NUMBERED);
    shown.sort_by_key(|centre| centre.cluster);
    let row = |Centre { cluster, .. }: &Centre| {
        let words = names.get(cluster).map_or(String::new(), |words| format!(" {}", html(words)));
        format!("<li>{}<b>{cluster}</b>{words}</li>\n", dot(colours.of(*cluster)))
    };
    let rows: String = shown.iter().map(row).collect();
    format!("\n<ul class=\"key\" aria-label=\"Clusters\">\n{rows}</ul>\n")
}

fn retrieval(
    out: &mut String,
    own: Option<&str>,
    caption: &str,
    rows: &[RetrievalScore],
    chance: Option<Chance>,
) {
    if rows.is_empty() {
        return;
    }
    *out += &format!(
        "<table>\n<caption>{caption}</caption>\n\
         <tr><th scope=\"col\">Model</th><th scope=\"col\">First (recall@1)</th>\
         <th scope=\"col\">Among ten (recall@10)</th></tr>\n"
    );
    let measured = |share: f64, interval: Option<Interval>| match interval {
        Some(Interval { low, high }) => {
            format!("{} ({:.0}–{:.0})", percent(share), 100.0 * low, 100.0 * high)
        }
        None => percent(share),
    };
    for score in rows {
        let own = own == Some(score.name.as_str());
        let first = measured(score.recall_1, score.interval_1);
        let tenth = measured(score.recall_10, score.interval_10);
        row(out, own, &score.name, &[first, tenth]);
    }
    if let Some(found) = chance {
        row(out, false, "chance", &[percent(found.recall_1), percent(found.recall_10)]);
    }
    *out += "</table>\n";
}

fn row(out: &mut String, own: bool, name: &str, values: &[String]) {
    let class = if own { " class=\"trained\"" } else { "" };
    *out += &format!("<tr{class}><th scope=\"row\">{}</th>", html(name));
    for value in values {
        *out += &format!("<td>{value}</td>");
    }
    *out += "</tr>\n";
}

/// What the numbers say, a sentence for each measure in which a baseline is as good or better.
fn verdict(scores: &Scores) -> Vec<String> {
    let own = baselines::judged(scores);
    if baselines::models(scores).all(|name| own == Some(name)) {
        return Vec::new();
    }
    let worse = baselines::not_beaten(scores);
    if worse.is_empty() {
        return vec![format!(
            "{} is better than every baseline in every measure.",
            encoder(scores)
        )];
    }
    let value = |measure: &str, value: f64| match measure {
        baselines::YEAR_ERROR => format!("{value:.2} years"),
        _ => percent(value),
    };
    worse
        .chunk_by(|a, b| a.measure == b.measure)
        .map(|of_measure| {
            let &NotBeaten { measure, encoder: own, .. } = &of_measure[0];
            let which = |by_chance: bool, relation: &str| {
                let some = of_measure.iter().filter(|n| n.by_chance == by_chance);
                let names = some.map(|n| format!("“{}” ({})", n.baseline, value(measure, n.value)));
                let names: Vec<String> = names.collect();
                (!names.is_empty()).then(|| format!("is not {relation} {}", names.join(", ")))
            };
            let parts = [which(false, "better than"), which(true, "told apart from")];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!(
                "{}: {} ({}) {}.",
                capitalized(measure),
                encoder(scores),
                value(measure, own),
                parts.join(", and ")
            )
        })
        .collect()
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
