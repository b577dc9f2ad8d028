//! A catalog from a playlist (M3U, M3U8), and the names of lists that are not read.

use std::path::Path;

use songscape_project::{Failure, Progress, SongTable};

use super::place::Root;
use super::tagged::Listed;
use super::{Found, Library, LibraryParams, STAGE};
use crate::container::named_by_extension;
use crate::error::{Error, Result};
use crate::tags::utf16;

/// Kinds of lists that are recognised and not read: what their text holds, their name, and what
/// to do.
const NOT_READ: [(&[&str], &str, &str); 6] = [
    (
        &["<plist", "<key>Tracks</key>"],
        "an iTunes library",
        "give the folder of the music files, whose tags are read, or export a playlist as M3U8",
    ),
    (&["xspf.org"], "an XSPF playlist", "save it as M3U8, or give the folder of the music files"),
    (&["<?wpl"], "a WPL playlist", "save it as M3U8, or give the folder of the music files"),
    (&["<asx"], "an ASX playlist", "save it as M3U8, or give the folder of the music files"),
    (&["[playlist]"], "a PLS playlist", "save it as M3U8, or give the folder of the music files"),
    (
        &["Track URI,"],
        "a list of Spotify tracks (Exportify), which names no files",
        "give a table with a column path that names the music files, or their folder",
    ),
];

/// A list as UTF-8, if it is UTF-16.
pub(super) fn plain(bytes: Vec<u8>) -> Vec<u8> {
    let is_utf16 = match bytes[..] {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        // Without a byte order mark: the other byte of letters of ASCII is zero.
        [a, b, c, d, ..] => (a == 0) == (c == 0) && (b == 0) == (d == 0) && (a == 0) != (b == 0),
        _ => false,
    };
    if is_utf16 { utf16(&bytes).into_bytes() } else { bytes }
}

/// The error of a list that is recognised and not read.
pub(super) fn not_read(path: &Path, start: &[u8]) -> Option<Error> {
    let text = String::from_utf8_lossy(&start[..start.len().min(4096)]).to_lowercase();
    let has = |word: &&str| text.contains(&word.to_lowercase());
    let (_, format, advice) = NOT_READ.iter().find(|(words, ..)| words.iter().all(&has))?;
    Some(Error::List { path: path.into(), format, advice })
}

/// Whether a file is an M3U playlist: by its ending, or by its first line.
pub(super) fn is_m3u(path: &Path, bytes: &[u8]) -> bool {
    let ending = path.extension().unwrap_or_default();
    let named = ending.eq_ignore_ascii_case("m3u") || ending.eq_ignore_ascii_case("m3u8");
    named || without_mark(bytes).starts_with(b"#EXTM3U")
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

impl Library {
    /// The songs of a playlist, in its order, without ids: the files' tags, and where there are
    /// none, what the list says.
    pub(super) fn from_m3u(
        path: &Path,
        bytes: &[u8],
        params: &LibraryParams,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<Found>)> {
        let root = Root::of(path, params.outside)?;
        let catalog = SongTable { folder: root.folder.clone(), ..SongTable::default() };
        let mut library = Self { catalog, ..Self::default() };
        let (mut files, mut places) = (Vec::new(), Vec::new());
        let mut listed = Listed::default();
        for (number, line) in
            without_mark(bytes).split(|&byte| byte == b'\n' || byte == b'\r').enumerate()
        {
            let line = line.trim_ascii();
            if let Some(information) = line.strip_prefix(b"#EXTINF:") {
                listed = extended(&String::from_utf8_lossy(information));
            }
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let listed = std::mem::take(&mut listed);
            match root.place_of_bytes(line) {
                Ok((relative, real)) => {
                    let named = named_by_extension(&relative);
                    files.push((
                        relative,
                        named.unwrap_or(crate::container::Format::Unknown),
                        listed,
                    ));
                    places.push((real, line_number(bytes, number)));
                }
                Err((item, reason)) => {
                    let line = line_number(bytes, number);
                    let reason = format!("line {line}: {reason}");
                    library.failures.push(Failure::new(STAGE, root.item(Path::new(&item)), reason));
                }
            }
        }
        let paths: Vec<_> = files.iter().map(|(path, ..)| path.clone()).collect();
        let mut found = library.read_tags(files, params, progress)?;
        let mut places = paths.into_iter().zip(places);
        for found in &mut found {
            // Files that are not decoded are no longer there.
            if let Some((_, (real, line))) =
                places.by_ref().find(|(path, _)| *path == found.song.path)
            {
                found.real = real;
                found.song.line = Some(line);
            }
        }
        Ok((library, found))
    }
}

/// The line of the n-th piece between line ends: where they are CR and LF, every second is empty.
fn line_number(bytes: &[u8], piece: usize) -> u64 {
    let both = bytes.windows(2).any(|pair| pair == b"\r\n");
    (if both { piece / 2 } else { piece }) as u64 + 1
}

/// `seconds[ key="value"…],Artist - Title`.
fn extended(text: &str) -> Listed {
    let Some((_, name)) = text.split_once(',') else { return Listed::default() };
    let field = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match [" - ", " – ", " — "].iter().find_map(|dash| name.split_once(dash)) {
        Some((artist, title)) => Listed { artist: field(artist), title: field(title) },
        None => Listed { artist: None, title: field(name) },
    }
}
