//! What a catalog knows of a song, and the names it has in tags.

use std::collections::BTreeMap;

use super::text::without_ends;

/// What several values of one field are joined with.
const JOIN: &str = " / ";

/// A field of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Title,
    Artist,
    AlbumArtist,
    Album,
    Genre,
    /// The year of the original.
    Original,
    /// The year of a release.
    Release,
}

impl Field {
    /// The field of a name as Vorbis comments, APE, Matroska and users' own fields of ID3v2 and MP4
    /// have it, and its place among the names of the same field. Case, spaces, `_` and `-` do not
    /// matter.
    pub(super) fn of_key(key: &str) -> Option<(Self, u8)> {
        let letters = key.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
        let key: String = letters.flat_map(char::to_uppercase).collect();
        Some(match key.as_str() {
            "TITLE" => (Self::Title, 0),
            "ARTIST" => (Self::Artist, 0),
            "ALBUMARTIST" => (Self::AlbumArtist, 0),
            "ALBUM" => (Self::Album, 0),
            "GENRE" => (Self::Genre, 0),
            "ORIGINALDATE" => (Self::Original, 0),
            "ORIGINALYEAR" => (Self::Original, 1),
            "ORIGYEAR" => (Self::Original, 2),
            "ORIGINALRELEASEDATE" => (Self::Original, 3),
            "DATE" => (Self::Release, 0),
            "YEAR" => (Self::Release, 1),
            "RELEASEDATE" | "DATERELEASED" => (Self::Release, 2),
            "RECORDDATE" | "DATERECORDED" => (Self::Release, 3),
            _ => return None,
        })
    }

    /// Whether it is a year.
    pub(super) fn is_year(self) -> bool {
        matches!(self, Self::Original | Self::Release)
    }
}

/// One tag: the values of each field, by its names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tag(BTreeMap<(Field, u8), Vec<String>>);

impl Tag {
    /// Adds a value; an empty one is none.
    pub(super) fn add(&mut self, (field, name): (Field, u8), value: &str) {
        let value = without_ends(value);
        if !value.is_empty() {
            let values = self.0.entry((field, name)).or_default();
            if !values.iter().any(|there| there == value) {
                values.push(value.into());
            }
        }
    }

    fn values(&self, field: Field) -> impl Iterator<Item = &Vec<String>> {
        self.0.range((field, 0)..=(field, u8::MAX)).map(|(_, values)| values)
    }

    /// All values of the first name of a field.
    pub(super) fn text(&self, field: Field) -> Option<String> {
        self.values(field).next().map(|values| values.join(JOIN))
    }

    /// The texts that may hold a year, the more trusted name first.
    pub(super) fn dates(&self, field: Field) -> Vec<String> {
        self.values(field).map(|values| values.join("; ")).collect()
    }
}
