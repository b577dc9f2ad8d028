//! The page's parts put together.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::data::data;
use super::escape;
use super::results::results;
use super::story::story;
use crate::error::{Error, Result};
use crate::input::ReportInput;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// The program: one idea a file, one scope for all.
const PROGRAM: &str = concat!(
    "(async () => {\n\"use strict\";\n",
    include_str!("app/songs.js"),
    include_str!("app/colours.js"),
    include_str!("app/state.js"),
    include_str!("app/raster.js"),
    include_str!("app/map.js"),
    include_str!("app/legend.js"),
    include_str!("app/saving.js"),
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

/// The whole page.
pub(crate) fn page(
    input: &ReportInput,
    shown: &[Shown],
    tables: &[String],
    path: &Path,
) -> Result<String> {
    let (data, texts) =
        data(input).map_err(|e| Error::Encode { path: path.into(), reason: e.to_string() })?;
    let title = if input.title.trim().is_empty() { "Songscape" } else { &input.title };
    // Filled in one pass: nothing that is put in is searched for slots again.
    let mut out = String::with_capacity(data.len() + texts.len() + 200_000);
    for (i, part) in FRAME.split("{{").enumerate() {
        let Some((slot, rest)) = part.split_once("}}").filter(|_| i > 0) else {
            out.push_str(part);
            continue;
        };
        match slot {
            "policy" => out.push_str(&policy()),
            "title" => out.push_str(&escape::html(title)),
            "style" => out.push_str(STYLE),
            "results" => out.push_str(&results(input, shown, tables)),
            "story" => out.push_str(&story(input)),
            "data" => out.push_str(&escape::json(&data)),
            "texts" => out.push_str(&escape::json(&texts)),
            "program" => out.push_str(PROGRAM),
            _ => {}
        }
        out.push_str(rest);
    }
    Ok(out)
}

/// Nothing is allowed but the page's own program and style, known by their hashes, and pictures and
/// sound from where the page lies.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'self' file:; \
         media-src 'self' file:; base-uri 'none'; form-action 'none'",
        hash(PROGRAM),
        hash(STYLE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ["policy", "title", "style", "title", "results", "story", "data", "texts", "program"]
        );
    }
}
