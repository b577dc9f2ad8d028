//! The page's "Methods": how the results were made, and how far they can be trusted.

use songscape_analysis::music::stability::Stability;

use songscape_analysis::music::years::DecadeScore;

use super::escape::html;
use crate::figures::text::{counted, percent, signed, thousands};
use crate::input::ReportInput;
use crate::measures::chance::wilson;
use crate::methods::{MethodStage, Methods, leaves};

/// A cluster that shares less of its songs with any cluster found again is dissolved (Hennig 2007,
/// *Cluster-wise assessment of cluster stability*).
const ACCIDENT: f64 = 0.5;

/// The section; empty where nothing is known.
pub(super) fn methods(input: &ReportInput) -> String {
    let Methods { stages, .. } = &input.methods;
    let mut lines = provenance(&input.methods);
    lines.extend(quality(input));
    let decades = decades(input);
    if lines.is_empty() && decades.is_empty() && stages.is_empty() {
        return String::new();
    }
    let mut out = "<h2 id=\"methods\">Methods</h2>\n<dl class=\"methods\">\n".to_owned();
    for (term, text) in lines {
        out += &format!("<dt>{}</dt><dd>{}</dd>\n", html(term), html(&text));
    }
    out += &format!("<dt>How to cite</dt><dd>{}</dd>\n</dl>\n", html(&citation(&input.methods)));
    if let Some(warning) = warning(input) {
        out += &format!("<p class=\"warning\">{}</p>\n", html(&warning));
    }
    out += &decades;
    for stage in stages {
        out += &details(stage);
    }
    if !input.methods.is_empty() {
        out +=
            "<p class=\"soft\">All of it as data: <a href=\"methods.json\">methods.json</a></p>\n";
    }
    out
}

/// Songs, versions, dates, seeds.
fn provenance(methods: &Methods) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if let Some(flow) = &methods.songs {
        let mut text = format!(
            "{} shown of {} found",
            counted(flow.shown, "song", "songs"),
            thousands(flow.found)
        );
        for left_out in &flow.left_out {
            text += &format!("; {} {}", thousands(left_out.songs), left_out.reason);
        }
        out.push(("Songs", text));
    }
    if let Some(date) = &methods.data_date {
        out.push(("Date of the data", date.clone()));
    }
    if !methods.version.is_empty() {
        out.push(("Software", format!("Songscape {}", methods.version)));
    }
    if let Some(device) = &methods.device {
        out.push(("Device", device.clone()));
    }
    let seeds: Vec<String> = methods
        .seeds()
        .into_iter()
        .map(|(stage, path, value)| format!("{stage} {path} = {value}"))
        .collect();
    if !seeds.is_empty() {
        out.push(("Seeds", seeds.join("; ")));
    }
    out
}

/// What the analysis says about its own map, clusters and predictions.
fn quality(input: &ReportInput) -> Vec<(&'static str, String)> {
    let Some(scores) = &input.scores else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(map) = &scores.map {
        let trust = map.trustworthiness.map(|trust| {
            let songs = counted(map.trustworthiness_rows, "song", "songs");
            format!("trustworthiness {trust:.3} (1: neighbors on the map are neighbors in sound), {songs}")
        });
        let global = map.global_structure.map(|global| {
            let global = signed(global, 2);
            format!("distances between clusters on the map and in sound correlate with {global}")
        });
        let parts: Vec<String> = trust.into_iter().chain(global).collect();
        if !parts.is_empty() {
            out.push(("Map", parts.join("; ")));
        }
    }
    if let Some(clusters) = &scores.clusters {
        let share = percent(clusters.unclustered as f64 / scores.songs.max(1) as f64);
        let mut text = format!(
            "{}, {share} of the songs unclustered",
            counted(clusters.count, "cluster", "clusters")
        );
        if let Some(validity) = clusters.validity {
            text += &format!("; density-based validity {} (−1 to 1)", signed(validity, 2));
        }
        if let Some(stability) = &clusters.stability {
            text += &format!(
                "; found again on {} of {} of the songs with an adjusted Rand index of {} (noise is \
                 nearly always below {})",
                counted(stability.runs, "other map", "other maps"),
                percent(stability.kept),
                signed(stability.ari, 2),
                Stability::BOUND
            );
        }
        out.push(("Clusters", text));
    }
    if let Some(years) = &scores.years {
        let mut text = format!(
            "{} with a year, {} folds that never share an artist",
            counted(years.songs, "song", "songs"),
            years.params.folds
        );
        if let (Some(share), Some(width)) = (years.coverage, years.interval_width) {
            text += &format!(
                "; intervals of {width:.0} years on average contain {} of the years",
                percent(share)
            );
        }
        out.push(("Years", text));
    }
    out.extend(scores.years_left_out.iter().map(|why| ("Years", format!("not predicted: {why}"))));
    out
}

/// Where clusters may be accidents, a warning that says which.
fn warning(input: &ReportInput) -> Option<String> {
    let scores = input.scores.as_ref()?;
    let clusters = scores.clusters.as_ref()?;
    let mut reasons = Vec::new();
    if scores.clusters_may_be_accidents() {
        reasons.push("other maps of these songs show other clusters, as in pure noise".to_owned());
    }
    if let Some(validity) = clusters.validity.filter(|&validity| validity < 0.0) {
        reasons.push(format!(
            "their density-based validity is {}: songs are as dense between them as inside",
            signed(validity, 2)
        ));
    }
    if let Some(stability) = &clusters.stability {
        let loose: Vec<String> = (0..)
            .zip(&stability.jaccard)
            .filter(|(_, jaccard)| **jaccard < ACCIDENT)
            .map(|(cluster, jaccard)| format!("{cluster} ({jaccard:.2})"))
            .collect();
        if !loose.is_empty() {
            reasons.push(format!(
                "on other maps of a part of the songs, less than half of these clusters comes together \
                 again (mean Jaccard index): {}",
                loose.join(", ")
            ));
        }
    }
    (!reasons.is_empty()).then(|| {
        let which = if scores.clusters_may_be_accidents() { "These" } else { "Some" };
        format!("{which} clusters may be accidents: {}.", reasons.join("; "))
    })
}

/// How the years of each decade are predicted, closed until it is asked for.
fn decades(input: &ReportInput) -> String {
    let years = input.scores.as_ref().and_then(|scores| scores.years.as_ref());
    let decades = years.map_or(&[][..], |years| &years.decades);
    if decades.is_empty() {
        return String::new();
    }
    let mut out = "<details>\n<summary>Predicted years by decade</summary>\n<table>\n<tr>\
                   <th scope=\"col\">Decade</th><th scope=\"col\">Songs</th>\
                   <th scope=\"col\">Mean absolute error, years</th>\
                   <th scope=\"col\">Predicted − actual year, mean</th>\
                   <th scope=\"col\">Within the interval (95% interval)</th></tr>\n"
        .to_owned();
    for &DecadeScore { decade, songs, bias, mae, coverage } in decades {
        let within = coverage.map_or("–".to_owned(), |share| {
            let (low, high) = wilson(share, songs);
            format!("{} ({:.0}–{:.0})", percent(share), 100.0 * low, 100.0 * high)
        });
        out += &format!(
            "<tr><th scope=\"row\">{decade}s</th><td>{}</td><td>{mae:.1}</td><td>{}</td>\
             <td>{within}</td></tr>\n",
            thousands(songs),
            signed(bias, 1)
        );
    }
    out + "</table>\n</details>\n"
}

/// One stage, closed until it is asked for.
fn details(stage: &MethodStage) -> String {
    let mut about = Vec::new();
    if let Some(version) = stage.version {
        about.push(format!("stage version {version}"));
    }
    if !stage.software.is_empty() {
        about.push(format!("Songscape {}", stage.software));
    }
    about.extend(stage.finished.iter().map(|time| format!("finished {time}")));
    let counts = stage.counts.iter().map(|(name, &n)| format!("{} {name}", thousands(n as usize)));
    about.extend(counts);
    let mut out = format!("<details>\n<summary>{}", html(&stage.name));
    if !about.is_empty() {
        out += &format!(" <span class=\"soft\">{}</span>", html(&about.join(" · ")));
    }
    out += "</summary>\n<table>\n<tr><th scope=\"col\">Parameter</th><th scope=\"col\">Value</th></tr>\n";
    for (path, value) in leaves(&stage.parameters) {
        let (path, value) = (html(&path), html(&value));
        out += &format!("<tr><th scope=\"row\">{path}</th><td>{value}</td></tr>\n");
    }
    for (name, print) in &stage.inputs {
        let (name, print) = (html(name), html(print));
        out += &format!(
            "<tr><th scope=\"row\">made from {name}</th><td><code>{print}</code></td></tr>\n"
        );
    }
    out + "</table>\n</details>\n"
}

/// How to name the software and the methods in a paper.
fn citation(methods: &Methods) -> String {
    let version = match methods.version.as_str() {
        "" => env!("CARGO_PKG_VERSION"),
        version => version,
    };
    format!(
        "Songscape {version}, {}. The methods: synchrosqueezed wavelets (Daubechies, Lu and Wu 2011), \
         contrastive learning (Chen et al. 2020), UMAP (McInnes, Healy and Melville 2018), HDBSCAN \
         (Campello, Moulavi and Sander 2013), gradient boosting (Friedman 2001).",
        env!("CARGO_PKG_REPOSITORY")
    )
}
