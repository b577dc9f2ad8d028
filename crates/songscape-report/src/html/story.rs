//! The page's "In words": what the figures show, from the same numbers, and never more certain than they
//! are.

use std::collections::BTreeMap;

use songscape_analysis::study::Scores;

use super::colour::filled;
use super::escape::html;
use crate::figures::text::{counted, encoder, percent, signed};
use crate::input::ReportInput;
use crate::measures::baselines;
use crate::measures::colours::cluster_colours;
use crate::measures::map::centres;
use crate::measures::shares::shares;
use crate::measures::trends::{Trend, course, trends};
use crate::palette::Rgb;

/// Clusters of which the page tells.
const TOLD: usize = 60;
/// Typical songs that are named for each.
const TYPICAL: usize = 3;

/// The section's content.
pub(super) fn story(input: &ReportInput, names: &BTreeMap<i32, String>) -> String {
    let mut out = "<h2>In words</h2>\n".to_owned();
    for sentence in sentences(input, names) {
        out += &format!("<p>{}</p>\n", html(&sentence));
    }
    out += &clusters(input, names);
    out
}

fn sentences(input: &ReportInput, names: &BTreeMap<i32, String>) -> Vec<String> {
    let mut out = Vec::new();
    let years: Vec<i32> = input.songs.iter().filter_map(|song| song.year).collect();
    let clustered = input.songs.iter().filter(|song| song.cluster >= 0).count();
    let found = centres(input).len();
    let mut first = format!("The map shows {}", counted(input.songs.len(), "song", "songs"));
    if let (Some(from), Some(to)) = (years.iter().min(), years.iter().max()) {
        first += &if from == to { format!(" of {from}") } else { format!(" from {from} to {to}") };
    }
    let (all, share) =
        (clustered == input.songs.len(), clustered as f64 / input.songs.len() as f64);
    first += &match found {
        0 => "; they form no clusters.".into(),
        _ => format!(
            "; {} fall into {}{}.",
            if all { "all".into() } else { format!("{} of them", percent(share)) },
            counted(found, "cluster", "clusters"),
            if all { "" } else { ", the others are unclustered" }
        ),
    };
    out.push(first);
    out.extend(rise_and_fall(input, names));
    if let Some(scores) = &input.scores {
        out.extend(change(scores));
        out.extend(year_error(scores));
    }
    out
}

/// The clusters whose share surely changes, the strongest first.
fn rise_and_fall(input: &ReportInput, names: &BTreeMap<i32, String>) -> Vec<String> {
    const NAMED: usize = 3;
    let Some(found) = trends(input) else { return Vec::new() };
    let mut certain: Vec<&Trend> = found.clusters.iter().filter(|t| t.is_certain()).collect();
    certain.sort_by(|a, b| b.rise().abs().total_cmp(&a.rise().abs()));
    let between = |(from, to): (i32, i32)| format!("{from}–{to}");
    let (early, late) = (between(found.early), between(found.late));
    if certain.is_empty() {
        return vec![format!(
            "No cluster’s share of the songs differs between {early} and {late} by more than chance."
        )];
    }
    let tell = |rising: bool| {
        let of = |trend: &&&Trend| (trend.rise() > 0.0) == rising;
        let told: Vec<String> = certain
            .iter()
            .filter(of)
            .take(NAMED)
            .map(|trend| {
                let name = names.get(&trend.cluster).map_or(String::new(), |n| format!(" ({n})"));
                let share = |(share, (low, high)): (f64, (f64, f64))| {
                    format!("{} [{:.0}–{:.0}]", percent(share), 100.0 * low, 100.0 * high)
                };
                format!(
                    "{}{name} from {} to {}",
                    trend.cluster,
                    share(trend.early),
                    share(trend.late)
                )
            })
            .collect();
        let verb = if rising { "rise most" } else { "fall most" };
        (!told.is_empty()).then(|| {
            format!(
                "From {early} to {late}, these clusters {verb} as a share of all songs: {}.",
                told.join("; ")
            )
        })
    };
    let brackets = "In brackets: 95% intervals, in %. Only clusters whose intervals do not overlap are \
                    named.";
    [tell(true), tell(false), Some(brackets.into())].into_iter().flatten().collect()
}

fn change(scores: &Scores) -> Option<String> {
    let change = scores.change.as_ref()?;
    let more = if change.within > change.elsewhere { "more" } else { "less" };
    let sure = if change.p < 0.05 {
        "which is more than other periods of the same length give by chance"
    } else {
        "which other periods of the same length give by chance as well"
    };
    Some(format!(
        "From {} to {} the music changes {more} from year to year than in other years ({} against {}), {sure} \
         (p = {:.2}).",
        change.first,
        change.last,
        signed(change.within, 3),
        signed(change.elsewhere, 3),
        change.p
    ))
}

/// How far the year is heard, beside the best baseline.
fn year_error(scores: &Scores) -> Option<String> {
    let rows = baselines::year_errors(scores);
    let own = baselines::judged(scores)?;
    let &(_, error) = rows.iter().find(|(name, _)| *name == own)?;
    let best = rows.iter().filter(|(name, _)| *name != own);
    let best = best.copied().reduce(|best, next| if next.1 < best.1 { next } else { best });
    let not_beaten = baselines::not_beaten(scores);
    let by_chance = |name: &str| {
        let mut same = not_beaten.iter().filter(|n| n.measure == baselines::YEAR_ERROR);
        same.any(|n| n.baseline == name && n.by_chance)
    };
    let beside = match best {
        Some((name, value)) if by_chance(name) => {
            format!(
                "; the baseline “{name}” is off by {value:.1} years, which is not told apart from it"
            )
        }
        Some((name, value)) if value > error => {
            format!("; the best baseline ({name}) is off by {value:.1} years, which is worse")
        }
        Some((name, value)) => {
            format!(
                "; the baseline “{name}” is off by {value:.1} years, which is as good or better"
            )
        }
        None => String::new(),
    };
    Some(format!(
        "{} predicts the release year from the sound with an average error of {error:.1} years{beside}.",
        encoder(scores)
    ))
}

/// Each cluster in a row: number, words, songs, its share over time, and typical songs.
fn clusters(input: &ReportInput, names: &BTreeMap<i32, String>) -> String {
    let (centres, colours) = (centres(input), cluster_colours(input));
    if centres.is_empty() {
        return String::new();
    }
    let shares = shares(input);
    let courses: Vec<_> =
        centres.iter().take(TOLD).map(|c| (c, course(&shares, c.cluster))).collect();
    let most = courses.iter().flat_map(|(_, course)| course).map(|p| p.1).fold(0.0, f64::max);
    let mut out = "<h2>The clusters</h2>\n<table class=\"clusters\">\n<tr><th scope=\"col\">Cluster</th>\
                   <th scope=\"col\">More than elsewhere</th><th scope=\"col\">Songs</th>\
                   <th scope=\"col\">Share over time</th><th scope=\"col\">Typical songs</th></tr>\n"
        .to_owned();
    for (centre, course) in &courses {
        let name = names.get(&centre.cluster).map_or("", String::as_str);
        let typical = input.representatives.iter().find(|(cluster, _)| *cluster == centre.cluster);
        let typical = typical.map_or(&[][..], |(_, rows)| &rows[..rows.len().min(TYPICAL)]);
        let typical: Vec<String> = typical
            .iter()
            .map(|&row| {
                let song = &input.songs[row];
                let by = if song.artist.is_empty() { "" } else { " · " };
                let name = crate::figures::text::shortened(&song.title);
                let artist = crate::figures::text::shortened(&song.artist);
                format!("<bdi>{}</bdi>{by}<bdi>{}</bdi>", html(&name), html(&artist))
            })
            .collect();
        out += &format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            centre.cluster,
            html(name),
            crate::figures::text::thousands(centre.songs),
            sparkline(course, most, colours.of(centre.cluster)),
            typical.join("<br>")
        );
    }
    out += "</table>\n";
    if centres.len() > TOLD {
        out +=
            &format!("<p class=\"soft\">The {TOLD} largest of {} clusters.</p>\n", centres.len());
    }
    if most > 0.0 {
        out += &format!(
            "<p class=\"soft\">Small charts: the share over time, all from 0 to {}.</p>\n",
            percent(most)
        );
    }
    out
}

/// A share over time as a small area, up to the highest share of all clusters.
fn sparkline(course: &[(f64, f64)], most: f64, colour: Rgb) -> String {
    const SIZE: (f64, f64) = (140.0, 26.0);
    let (Some(&(first, early)), Some(&(last, late))) = (course.first(), course.last()) else {
        return String::new();
    };
    if last <= first || most <= 0.0 {
        return String::new();
    }
    let place = |&(year, share): &(f64, f64)| {
        let x = (year - first) / (last - first) * SIZE.0;
        format!("{x:.1} {:.1}", SIZE.1 * (1.0 - share / most))
    };
    let line: Vec<String> = course.iter().map(place).collect();
    format!(
        "<svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"from {2} to \
         {3}\"><path d=\"M0 {1}L{4}L{0} {1}Z\" {5}/></svg>",
        SIZE.0,
        SIZE.1,
        percent(early),
        percent(late),
        line.join("L"),
        filled(colour)
    )
}
