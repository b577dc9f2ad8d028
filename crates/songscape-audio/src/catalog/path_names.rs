//! What the names of a file and its folders say about a song, where its tags say nothing.

use std::path::Path;

use songscape_project::artist_key;
use songscape_project::year::{self, InTag};

/// Folders that say nothing about what is in them, in lower case.
const SAYS_NOTHING: [&str; 16] = [
    "music",
    "audio",
    "mp3",
    "mp3s",
    "flac",
    "songs",
    "tracks",
    "downloads",
    "misc",
    "various",
    "various artists",
    "va",
    "unknown",
    "unknown artist",
    "unknown album",
    "compilations",
];

/// What stands between the parts of a name.
const SEPARATORS: [char; 6] = [' ', '-', '–', '—', '_', '.'];

/// Fields by the names of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PathNames {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub year: Option<i32>,
}

impl PathNames {
    /// Reads a path relative to the library's folder: `Artist - Title.ext`, `01 - Title.ext`,
    /// `Artist/1999 - Album/01 - Title.ext`, `Artist - Album (1999)/01. Title.ext` and the like.
    /// `artist` is what the tags say, if they do: the part of a name that repeats it is no title.
    pub(super) fn of(path: &Path, artist: Option<&str>) -> Self {
        let mut names = Self::default();
        let mut folders: Vec<String> = path
            .parent()
            .into_iter()
            .flatten()
            .map(|folder| hyphens(&folder.to_string_lossy().replace('_', " ")))
            .collect();
        while folders.last().is_some_and(|folder| is_disc(folder)) {
            folders.pop();
        }
        let album = folders.pop().filter(|folder| says_something(folder));
        let above = folders.pop().filter(|folder| says_something(folder));

        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = if stem.contains(' ') { stem.into_owned() } else { stem.replace('_', " ") };
        let stem = hyphens(&stem);
        let (numbered, rest) = without_number(stem.trim());
        let parts: Vec<&str> = rest.split(" - ").map(str::trim).collect();
        let same = |a: &str, b: &str| artist_key(a) == artist_key(b);
        match parts[..] {
            // A year in front is no artist, unless tags name one so.
            [left, ref right @ ..]
                if !right.is_empty()
                    && is_year(left)
                    && !artist.is_some_and(|artist| same(artist, left)) =>
            {
                names.title = Some(right.join(" - "));
            }
            [left, ref right @ ..] if !right.is_empty() && !left.is_empty() => {
                // `Artist - 01 - Title`, and `Artist - Album - 01 - Title`.
                let title = match right.iter().position(|part| is_number(part)) {
                    Some(at) if at + 1 < right.len() => right[at + 1..].join(" - "),
                    _ => right.join(" - "),
                };
                let repeated = artist.is_none_or(|artist| same(artist, left));
                let in_artists_folder =
                    numbered && above.as_deref().is_some_and(|above| !same(above, left));
                if repeated && !in_artists_folder {
                    (names.artist, names.title) = (Some(left.into()), Some(title));
                } else {
                    names.title = Some(rest.into());
                }
            }
            _ => names.title = Some(rest.into()),
        }
        if let Some(album) = album {
            names.take_album(&album, above.as_deref());
        }
        if let Some(above) = above
            && names.album.is_some()
            && names.artist.is_none()
        {
            names.artist = Some(above);
        }
        names.title = names.title.filter(|title| !title.is_empty());
        names
    }

    /// Takes a folder apart: `1999 - Album`, `Album (1999)`, `Artist - Album`, `[1999] Album`. `above` is
    /// the folder around it.
    fn take_album(&mut self, folder: &str, above: Option<&str>) {
        let in_another = above.is_some();
        let (year, rest) = without_year(folder);
        let parts: Vec<&str> = rest.split(" - ").map(str::trim).filter(|p| !p.is_empty()).collect();
        match parts[..] {
            [artist, ref album @ ..] if !album.is_empty() && !in_another => {
                self.artist.get_or_insert(artist.into());
                self.album = Some(album.join(" - "));
            }
            // `Artist/Artist - 1999 - Album`
            [artist, ref album @ ..]
                if !album.is_empty()
                    && above.is_some_and(|above| artist_key(above) == artist_key(artist)) =>
            {
                self.album = Some(album.join(" - "));
            }
            // A folder alone may be an artist's, an album's or a genre's. Two of them, or a year,
            // tell that it is an album.
            [_, ..] if in_another || year.is_some() => self.album = Some(parts.join(" - ")),
            _ => {}
        }
        self.year = year;
    }
}

/// A name without the number in front of it (`01 - `, `1-03. `, `07 `), and whether there was one.
fn without_number(name: &str) -> (bool, &str) {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = &name[digits..];
    // A disc and a track.
    let mut has_disc = false;
    if let Some(track) = rest.strip_prefix(['-', '.']) {
        let more = track.bytes().take_while(u8::is_ascii_digit).count();
        if (2..=3).contains(&more) && (digits == 1 || digits == 2 && name.starts_with('0')) {
            (rest, has_disc) = (&track[more..], true);
        }
    }
    let parted = rest.trim_start_matches([' ', '.', '-', ')', '_']);
    let is_number = has_disc
        || (2..=3).contains(&digits)
        || digits == 1 && rest.starts_with([' ', '.', '-', ')']);
    // A single digit and a space may begin a title: `7 Seconds`.
    // `50-50 Chance`, `1-2-3`: numbers that belong to the title.
    let goes_on =
        rest.starts_with(['-', '.']) && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let sure = has_disc
        || digits > 1 && name.starts_with('0')
        || !rest.starts_with(' ') && !goes_on
        || rest.starts_with(" - ");
    if is_number && sure && !parted.is_empty() && parted.len() < rest.len() {
        (true, parted)
    } else {
        (false, name)
    }
}

fn is_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a part of a name is a year and nothing else.
fn is_year(text: &str) -> bool {
    text.trim().len() == 4 && matches!(year::in_tag(text), InTag::Year(_))
}

/// A folder's year, at its start, between dashes, or in brackets anywhere, and the name without it.
///
/// A folder that is nothing but a year may be the name of an album (*1984*) or the year in which it was
/// bought, and one of two years (`1999-2005 Best of`) says nothing about a song: neither gives a year.
fn without_year(folder: &str) -> (Option<i32>, String) {
    let folder = folder.trim();
    let unknown = (None, folder.to_owned());
    let year = |text: &str| match year::in_tag(text) {
        InTag::Year(year) if text.len() <= 10 => Some(year),
        _ => None,
    };
    for (start, open) in folder.match_indices(['(', '[']) {
        let close = if open == "(" { ')' } else { ']' };
        if let Some(length) = folder[start..].find(close)
            && let Some(year) = year(&folder[start + 1..start + length])
        {
            let before = folder[..start].trim_matches(SEPARATORS);
            let after = folder[start + length + 1..].trim_matches(SEPARATORS);
            let space = if before.is_empty() || after.is_empty() { "" } else { " " };
            return (Some(year), format!("{before}{space}{after}"));
        }
    }
    // `1999 - Album`, `1999-Album`, `1999-05-02 Album`, `1999.05.02 Album`
    let is_of_date = |c: char| c != ' ' && SEPARATORS.contains(&c) || c.is_ascii_digit();
    let end = folder.find(|c| !is_of_date(c)).unwrap_or(folder.len());
    let date = folder[..end].trim_end_matches(SEPARATORS);
    let rest = folder[date.len()..].trim_start_matches(SEPARATORS);
    // `1984 (Remastered)` is an album of that name.
    let is_name = rest.is_empty() || rest.starts_with(['(', '[']);
    let second = rest.split(SEPARATORS).next().filter(|text| is_year(text));
    let is_range = second > Some(date) && folder[date.len()..].trim_start().starts_with('-');
    if date.len() >= 4 && !is_name && !is_range {
        match year::in_tag(date) {
            InTag::Year(year) => return (Some(year), rest.to_owned()),
            InTag::Several(_) => return unknown,
            _ => {}
        }
    }
    // `Artist - 1999 - Album`
    let parts: Vec<&str> = folder.split(" - ").map(str::trim).collect();
    if !is_range
        && let Some(at) = parts.iter().position(|part| is_year(part))
        && parts.len() > 2
    {
        let others = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, part)| *part);
        return (year(parts[at]), others.collect::<Vec<_>>().join(" - "));
    }
    unknown
}

/// A name with the dashes that people write between its parts as hyphens.
fn hyphens(name: &str) -> String {
    name.replace(" – ", " - ").replace(" — ", " - ").replace(" ‒ ", " - ").replace(" − ", " - ")
}

fn is_disc(folder: &str) -> bool {
    let folder = folder.to_lowercase();
    let rest = ["cd", "disc", "disk", "dvd"].iter().find_map(|word| folder.strip_prefix(word));
    rest.is_some_and(|rest| {
        rest.trim().len() <= 2 && rest.trim().bytes().all(|b| b.is_ascii_digit())
    })
}

fn says_something(folder: &str) -> bool {
    !SAYS_NOTHING.contains(&folder.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> (Option<String>, Option<String>, Option<String>, Option<i32>) {
        let PathNames { title, artist, album, year } = PathNames::of(Path::new(path), None);
        (artist, title, album, year)
    }

    fn row(
        artist: &str,
        title: &str,
        album: &str,
        year: i32,
    ) -> (Option<String>, Option<String>, Option<String>, Option<i32>) {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (text(artist), text(title), text(album), (year > 0).then_some(year))
    }

    #[test]
    fn paths_as_people_have_them() {
        for (path, expected) in [
            ("Artist - Title.mp3", row("Artist", "Title", "", 0)),
            ("01 - Title.mp3", row("", "Title", "", 0)),
            ("Title.mp3", row("", "Title", "", 0)),
            ("99 Luftballons.mp3", row("", "99 Luftballons", "", 0)),
            ("7 Seconds.mp3", row("", "7 Seconds", "", 0)),
            ("1999.mp3", row("", "1999", "", 0)),
            ("Artist/1999 - Album/01 - Title.flac", row("Artist", "Title", "Album", 1999)),
            ("Artist/Album/01 Title.flac", row("Artist", "Title", "Album", 0)),
            ("Artist/Album (1999)/1-03. Title.flac", row("Artist", "Title", "Album", 1999)),
            (
                "Artist/[1999] Album/CD 2/03_Some_Title.flac",
                row("Artist", "Some Title", "Album", 1999),
            ),
            ("Artist - Album (1999)/01. Title.ogg", row("Artist", "Title", "Album", 1999)),
            ("Artist - 1999 - Album/01. Title.ogg", row("Artist", "Title", "Album", 1999)),
            (
                "Artist/1999 - Album/01 - Title - Live.mp3",
                row("Artist", "Title - Live", "Album", 1999),
            ),
            ("Artist - Album - 03 - Title.mp3", row("Artist", "Title", "", 0)),
            ("music/Artist - Title.mp3", row("Artist", "Title", "", 0)),
            ("Rock/Title.mp3", row("", "Title", "", 0)),
            ("Artist_-_Title.mp3", row("Artist", "Title", "", 0)),
            ("Artist – Title.mp3", row("Artist", "Title", "", 0)),
            ("Artist/1999 — Album/01 – Title.mp3", row("Artist", "Title", "Album", 1999)),
            ("Artist - 1999 - Album/01 Title.mp3", row("Artist", "Title", "Album", 1999)),
            ("Artist/Artist - 1999 - Album/01 Title.mp3", row("Artist", "Title", "Album", 1999)),
            ("[1999] Album/01 Title.mp3", row("", "Title", "Album", 1999)),
            ("Album (1999)/01 Title.mp3", row("", "Title", "Album", 1999)),
            ("Album (1999) [FLAC]/01 Title.mp3", row("", "Title", "Album [FLAC]", 1999)),
            ("Artist/1999.05.02 Live/01 Title.mp3", row("Artist", "Title", "Live", 1999)),
            ("Artist/1999-05-02 - Live/01 Title.mp3", row("Artist", "Title", "Live", 1999)),
            ("Artist/Album/CD1/1-05 Bar.mp3", row("Artist", "Bar", "Album", 0)),
            ("Artist/Album/2.11 Bar.mp3", row("Artist", "Bar", "Album", 0)),
            ("1-2-3.mp3", row("", "1-2-3", "", 0)),
            ("50-50 Chance.mp3", row("", "50-50 Chance", "", 0)),
            ("Artist/Album (Deluxe) (1999)/a.mp3", row("Artist", "a", "Album (Deluxe)", 1999)),
            ("Prince - 1999/01 Title.mp3", row("Prince", "Title", "1999", 0)),
            ("1984 - Title.mp3", row("", "Title", "", 0)),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn a_year_that_may_be_a_name_or_one_of_two_is_none() {
        for (path, expected) in [
            ("Van Halen/1984/Jump.mp3", row("Van Halen", "Jump", "1984", 0)),
            ("Van Halen/1984 (Remastered)/Jump.mp3", {
                row("Van Halen", "Jump", "1984 (Remastered)", 0)
            }),
            ("Van Halen/1984 - 1984/Jump.mp3", row("Van Halen", "Jump", "1984", 1984)),
            ("Van Halen/1984 (1984)/Jump.mp3", row("Van Halen", "Jump", "1984", 1984)),
            ("Artist/1999-2005 Best of/a.mp3", row("Artist", "a", "1999-2005 Best of", 0)),
            ("Artist/1999 - 2005 - Best of/a.mp3", {
                row("Artist", "a", "1999 - 2005 - Best of", 0)
            }),
            ("Artist/1999–2005 Best of/a.mp3", row("Artist", "a", "1999–2005 Best of", 0)),
            ("Artist/Best of (1999-2005)/a.mp3", row("Artist", "a", "Best of (1999-2005)", 0)),
            ("Artist/Album (2009 Remaster)/a.mp3", row("Artist", "a", "Album (2009 Remaster)", 0)),
            ("1999/Artist - Title.mp3", row("Artist", "Title", "", 0)),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn a_known_artist_is_no_part_of_the_title() {
        let title = |path, artist| PathNames::of(Path::new(path), Some(artist)).title;
        assert_eq!(title("Björk - Jóga.mp3", "BJORK").as_deref(), Some("Jóga"));
        assert_eq!(title("Jóga - Live.mp3", "Björk").as_deref(), Some("Jóga - Live"));
    }
}
