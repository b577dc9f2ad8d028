//! The page's parts put together.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::data::{MANY, data};
use super::escape;
use super::results::results;
use super::story::story;
use crate::error::{Error, Result};
use crate::input::ReportInput;
use crate::measures::names::names;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// The program: one idea a file, one scope for all.
const PROGRAM: &str = concat!(
    "(async () => {\n\"use strict\";\n",
    include_str!("app/songs.js"),
    include_str!("app/colours.js"),
    include_str!("app/state.js"),
    include_str!("app/points.js"),
    include_str!("app/card.js"),
    include_str!("app/raster.js"),
    include_str!("app/map.js"),
    include_str!("app/labels.js"),
    include_str!("app/glow.js"),
    include_str!("app/legend.js"),
    include_str!("app/saving.js"),
    include_str!("app/player.js"),
    include_str!("app/panels.js"),
    include_str!("app/main.js"),
    "})();\n"
);

/// A figure as the page shows it, or why it is left out.
pub(crate) struct Shown {
    pub file: &'static str,
    pub name: &'static str,
    pub content: std::result::Result<Content, &'static str>,
}

/// A figure's texts, and its width and height in page units: at that size, the text of all figures
/// is equally large.
pub(crate) struct Content {
    /// What is written in the picture.
    pub alternative: String,
    /// How to read it.
    pub caption: String,
    pub size: (f64, f64),
}

/// The parts of the data that are files beside the page of very many songs.
pub(crate) const PARTS: [&str; 2] = ["data/map.js", "data/texts.js"];

/// The page, and what [`PARTS`] hold, if anything.
pub(crate) struct Page {
    pub html: String,
    pub parts: Option<[String; 2]>,
}

/// The whole page. A browser reads no data from the disk for a page from the disk, but scripts: so parts that
/// lie beside it are scripts, each with one call that hands over a text.
pub(crate) fn page(
    input: &ReportInput,
    shown: &[Shown],
    tables: &[String],
    path: &Path,
) -> Result<Page> {
    let failed = |e: serde_json::Error| Error::Encode { path: path.into(), reason: e.to_string() };
    let names = names(input);
    let (map, texts) = data(input, &names).map_err(failed)?;
    let beside = input.songs.len() > MANY;
    let script = |text: &str| -> Result<String> {
        let text = serde_json::to_string(text).map_err(failed)?;
        Ok(format!("songscapePart({});\n", escape::json(&text)))
    };
    let parts = if beside { Some([script(&map)?, script(&texts)?]) } else { None };
    let inside = |id: &str, json: &str| {
        format!("<script type=\"application/json\" id=\"{id}\">{}</script>\n", escape::json(json))
    };
    let title = if input.title.trim().is_empty() { "Songscape" } else { &input.title };
    // Filled in one pass: nothing that is put in is searched for slots again.
    let within = if beside { 0 } else { map.len() + texts.len() };
    let mut out = String::with_capacity(within + 200_000);
    for (i, part) in FRAME.split("{{").enumerate() {
        let Some((slot, rest)) = part.split_once("}}").filter(|_| i > 0) else {
            out.push_str(part);
            continue;
        };
        match slot {
            "policy" => out.push_str(&policy(beside, &hosts(input))),
            "title" => out.push_str(&escape::html(title)),
            "style" => out.push_str(STYLE),
            "results" => out.push_str(&results(input, &names, shown, tables)),
            "story" => out.push_str(&story(input, &names)),
            "data" if !beside => out.extend([inside("map", &map), inside("texts", &texts)]),
            "program" => out.push_str(PROGRAM),
            _ => {}
        }
        out.push_str(rest);
    }
    Ok(Page { html: out, parts })
}

/// Nothing is allowed but the page's own program and style, known by their hashes, and pictures, sound and,
/// if there are any, parts of the data from where the page lies.
fn policy(beside: bool, hosts: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}{}; style-src {}; img-src 'self' file:; \
         media-src 'self' file:{hosts}; base-uri 'none'; form-action 'none'",
        hash(PROGRAM),
        if beside { " 'self' file:" } else { "" },
        hash(STYLE)
    )
}

/// The hosts that songs are linked to, each after a space.
fn hosts(input: &ReportInput) -> String {
    let host = |link: &str| {
        let (scheme, rest) = link.split_once("://")?;
        let host = rest.split('/').next()?;
        // Nothing that could end the policy or its attribute.
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        let web = matches!(scheme, "http" | "https") && host.chars().all(plain);
        web.then(|| format!(" {scheme}://{host}"))
    };
    let found: BTreeSet<String> =
        input.songs.iter().filter_map(|song| host(song.audio.as_deref()?)).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn hosts_of_the_audio_cannot_end_the_policy() {
        let song = |link: &str| SongRow { audio: Some(link.into()), ..SongRow::default() };
        let links = [
            "https://a.example:8000/x.mp3",
            "https://a.example:8000/y.mp3",
            "http://b/x",
            "../c.mp3",
            "file:///d.mp3",
            "https://e; script-src *\"/x",
        ];
        let input = ReportInput { songs: links.map(song).into(), ..ReportInput::default() };
        assert_eq!(hosts(&input), " http://b https://a.example:8000");
        assert!(
            policy(false, &hosts(&input)).contains("file: http://b https://a.example:8000; base")
        );
    }

    #[test]
    fn the_program_can_stand_in_a_page() {
        for text in [PROGRAM, STYLE] {
            // A parser would end the element early, or change line ends and so the hash.
            for end in ["</script", "</style", "<!--", "\r", "\0"] {
                assert!(!text.contains(end), "{end:?}");
            }
        }
        assert!(!PROGRAM.contains("innerHTML") && !PROGRAM.contains("eval("));
    }

    #[test]
    fn every_slot_of_the_frame_is_known() {
        let slots: Vec<&str> = FRAME
            .split("{{")
            .skip(1)
            .filter_map(|part| part.split_once("}}").map(|(slot, _)| slot))
            .collect();
        assert_eq!(
            slots,
            ["policy", "title", "style", "title", "results", "story", "data", "program"]
        );
    }
}
