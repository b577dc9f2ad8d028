//! The songs of a library: one table, made from a folder, a manifest or a playlist.
//!
//! [`Library::open`] reads any of these, leaves out what is listed twice, and says what it could not use.

mod duplicates;
mod id;
mod known;
mod library;
mod list;
mod manifest;
mod path_names;
mod place;
mod scan;
mod summary;
mod tagged;

use std::path::PathBuf;

use songscape_project::{Song, artist_key};

pub use crate::tags::YearFrom;
pub(crate) use duplicates::first;
pub use duplicates::{Decision, Duplicate};
pub use library::{Library, LibraryParams, SameName};
pub use summary::Summary;

/// The stage that failures and duplicates of this module name.
pub(crate) const STAGE: &str = "catalog";

/// Columns that are computed: the id, the artist's name reduced to what makes two spellings the same, and
/// where the year comes from.
const COMPUTED: [&str; 3] = ["id", "artist_key", "year_from"];

/// The name of a manifest's column that has the name of a computed one.
fn renamed(computed: &str) -> String {
    format!("manifest_{computed}")
}

/// A song on its way into the catalog, without an id.
struct Found {
    song: Song,
    year_from: Option<YearFrom>,
    /// The file, with all links followed where there may be any.
    real: PathBuf,
    /// The length in seconds, as far as it is known.
    seconds: Option<f64>,
}

impl Found {
    /// The song as the catalog has it.
    fn named(self, id: String) -> Song {
        let Self { mut song, year_from, .. } = self;
        song.id = id;
        let computed = [artist_key(&song.artist), year_from.map_or("", YearFrom::name).to_owned()];
        song.extra.splice(0..0, computed);
        // No table of text may hold it.
        let texts = [&mut song.title, &mut song.artist].into_iter().chain(&mut song.extra);
        for text in texts.filter(|text| text.contains('\0')) {
            *text = text.replace('\0', " ");
        }
        song
    }
}
