//! The second half of the page: results beside their baselines, figures, tables. Plain HTML, made
//! here; it reads without a program.

use super::escape::html;
use super::page::{Content, Shown};
use crate::input::ReportInput;
use crate::scores::{NotBeaten, Scores};

/// What the usual baselines are.
const BASELINES: [(&str, &str); 4] = [
    ("row statistics", "mean and deviation of each row of the image"),
    ("chroma", "mean and deviation of the twelve pitch classes"),
    ("untrained encoder", "the same network with random weights"),
    ("constant", "the same year for every song"),
];

/// The section's content.
pub(super) fn results(input: &ReportInput, shown: &[Shown], tables: &[String]) -> String {
    let mut out = String::new();
    scores(&mut out, &input.scores);
    out += "<h2>Figures</h2>\n";
    for figure in shown {
        let (file, name) = (html(figure.file), html(figure.name));
        match &figure.content {
            Ok(Content { caption, size: (width, height) }) => {
                let caption = html(caption);
                out += &format!(
                    "<figure>\n<a href=\"figures/{file}.png\"><img src=\"figures/{file}.png\" \
                     width=\"{width:.0}\" height=\"{height:.0}\" alt=\"{caption}\" \
                     loading=\"lazy\"></a>\n<figcaption>{caption} \
                     <a href=\"figures/{file}.svg\">SVG</a></figcaption>\n</figure>\n"
                );
            }
            Err(why) => {
                out += &format!("<p class=\"left-out\">{name}: left out, {}.</p>\n", html(why))
            }
        }
    }
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
fn scores(out: &mut String, scores: &Scores) {
    if [scores.year_mae.len(), scores.retrieval.len(), scores.renditions.len()] == [0; 3] {
        return;
    }
    *out += "<h2>Results beside their baselines</h2>\n<div class=\"tables\">\n";
    if !scores.year_mae.is_empty() {
        *out += "<table>\n<caption>Release year from sound</caption>\n\
                 <tr><th scope=\"col\">Model</th><th scope=\"col\">Mean absolute error, years</th></tr>\n";
        for score in &scores.year_mae {
            row(out, &score.name, &[format!("{:.2}", score.mae)]);
        }
        *out += "</table>\n";
    }
    for (caption, rows) in [
        ("Finding the other half of a song", &scores.retrieval),
        ("Finding another recording of the same song", &scores.renditions),
    ] {
        if rows.is_empty() {
            continue;
        }
        *out += &format!(
            "<table>\n<caption>{caption}</caption>\n\
             <tr><th scope=\"col\">Model</th><th scope=\"col\">First (recall@1)</th>\
             <th scope=\"col\">Among ten (recall@10)</th></tr>\n"
        );
        for score in rows {
            row(out, &score.name, &[percent(score.recall_at_1), percent(score.recall_at_10)]);
        }
        *out += "</table>\n";
    }
    *out += "</div>\n";
    let known = BASELINES.iter().filter(|(name, _)| models(scores).any(|model| model == name));
    let known: Vec<String> = known.map(|(name, what)| format!("{name}: {what}")).collect();
    if !known.is_empty() {
        *out += &format!("<p class=\"soft\">Baselines. {}.</p>\n", html(&known.join("; ")));
    }
    for sentence in verdict(scores) {
        *out += &format!("<p class=\"verdict\">{}</p>\n", html(&sentence));
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn row(out: &mut String, name: &str, values: &[String]) {
    let class = if name == Scores::TRAINED { " class=\"trained\"" } else { "" };
    *out += &format!("<tr{class}><th scope=\"row\">{}</th>", html(name));
    for value in values {
        *out += &format!("<td>{value}</td>");
    }
    *out += "</tr>\n";
}

/// The names of all rows.
fn models(scores: &Scores) -> impl Iterator<Item = &String> {
    let found = scores.retrieval.iter().chain(&scores.renditions).map(|score| &score.name);
    scores.year_mae.iter().map(|score| &score.name).chain(found)
}

/// What the numbers say, a sentence for each measure in which a baseline is as good or better.
fn verdict(scores: &Scores) -> Vec<String> {
    let trained = |name: &String| name == Scores::TRAINED;
    if !models(scores).any(trained) || models(scores).all(trained) {
        return Vec::new();
    }
    let worse = scores.not_beaten();
    if worse.is_empty() {
        return vec!["The trained encoder is better than every baseline in every measure.".into()];
    }
    let value = |measure: &str, value: f64| match measure {
        Scores::YEAR_ERROR => format!("{value:.2} years"),
        _ => percent(value),
    };
    worse
        .chunk_by(|a, b| a.measure == b.measure)
        .map(|of_measure| {
            let &NotBeaten { measure, trained, .. } = &of_measure[0];
            let baselines: Vec<String> = of_measure
                .iter()
                .map(|n| format!("“{}” ({})", n.baseline, value(measure, n.value)))
                .collect();
            format!(
                "In {measure} the trained encoder ({}) is not better than {}.",
                value(measure, trained),
                baselines.join(", ")
            )
        })
        .collect()
}
