//! Songs by what people call them.

use std::path::{MAIN_SEPARATOR, PathBuf};

use super::{Song, SongTable};
use crate::names::{reduced, words};

impl SongTable {
    /// The one song that a text means. It may be the song's id; its file, by any number of the path's last
    /// parts; its title, a part of `artist - title`, or some words of it in any order. Neither accents nor
    /// case nor punctuation matter. The first of these ways that leads to one song counts.
    ///
    /// ```
    /// use songscape_project::SongTable;
    ///
    /// let table = b"id,path,title,artist\n1,A/b.mp3,D\xC3\xA9j\xC3\xA0 Vu,Beyonc\xC3\xA9\n2,A/c.mp3,Halo,Beyonc\xC3\xA9\n";
    /// let (songs, _) = SongTable::parse(table).unwrap();
    /// assert_eq!(songs.find("vu beyonce"), Ok(0));
    /// assert_eq!(songs.find("A/c.mp3"), Ok(1));
    /// assert!(songs.find("beyonce").unwrap_err().starts_with("2 songs have \"beyonce\""));
    /// ```
    ///
    /// # Errors
    /// Which songs have the text in their names, unless it is exactly one.
    pub fn find(&self, text: &str) -> Result<usize, String> {
        let text = text.trim();
        let is_id = |song: &Song| song.id == text && !text.is_empty();
        if let Some(row) = self.songs.iter().position(is_id) {
            return Ok(row);
        }
        let (lower, short, wanted) = (text.to_lowercase(), reduced(text), words(text));
        let named = !wanted.is_empty();
        let looks_like_a_path = text.contains(['/', MAIN_SEPARATOR, '.']);
        let file = looks_like_a_path.then(|| std::path::absolute(text).unwrap_or_default());
        let ways: [&dyn Fn(&Song) -> bool; 6] = [
            &|song| {
                let is_file = |file: &PathBuf| {
                    song.path.ends_with(text) || self.absolute(&song.path) == *file
                };
                !song.path.as_os_str().is_empty() && file.as_ref().is_some_and(is_file)
            },
            &|song| !text.is_empty() && song.title.to_lowercase() == lower,
            &|song| !text.is_empty() && reduced(&song.title) == short,
            &|song| named && song.name().to_lowercase().contains(&lower),
            &|song| {
                let own = words(&song.name());
                named && wanted.iter().all(|word| own.contains(word))
            },
            &|song| {
                let own = reduced(&song.name());
                named && wanted.iter().all(|word| own.contains(word.as_str()))
            },
        ];
        let mut several = Vec::new();
        for is_meant in ways {
            let found: Vec<usize> =
                (0..self.songs.len()).filter(|&row| is_meant(&self.songs[row])).collect();
            match found[..] {
                [row] => return Ok(row),
                [_, _, ..] if several.is_empty() => several = found,
                _ => {}
            }
        }
        if several.is_empty() {
            return Err(format!("no song has {text:?} in its name"));
        }
        let named =
            |&row: &usize| format!("{:?} (id {})", self.songs[row].name(), self.songs[row].id);
        let names: Vec<String> = several.iter().take(5).map(named).collect();
        let more = if several.len() > names.len() { ", …" } else { "" };
        Err(format!(
            "{} songs have {text:?} in their names: {}{more}; name one by its id",
            several.len(),
            names.join(", ")
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(songs: &[(&str, &str, &str)]) -> SongTable {
        let song = |&(id, artist, title): &(&str, &str, &str)| Song {
            id: id.into(),
            artist: artist.into(),
            title: title.into(),
            path: format!("/music/{artist}/{id}.ogg").into(),
            ..Song::default()
        };
        SongTable { songs: songs.iter().map(song).collect(), ..SongTable::default() }
    }

    #[test]
    fn ids_come_before_titles_and_titles_before_parts_of_names() {
        let songs = table(&[
            ("a", "Ann", "Song 1"),
            ("b", "Ann", "Song 10"),
            ("c", "Ben", "Song 1"),
            ("song 10", "Ben", "Another"),
        ]);
        assert_eq!(songs.find("song 10"), Ok(3));
        assert_eq!(songs.find("Song 10"), Ok(1));
        assert_eq!(songs.find("ben - song"), Ok(2));
        let error = songs.find("song 1").unwrap_err();
        assert!(error.contains("2 songs") && error.contains("(id a)"), "{error}");
        assert!(songs.find("none").unwrap_err().contains("\"none\""));
        for nothing in ["", " ", "-", "?"] {
            assert!(songs.find(nothing).is_err(), "{nothing:?}");
        }
    }

    #[test]
    fn accents_case_punctuation_and_the_order_of_words_do_not_matter() {
        let songs = table(&[
            ("a", "Sigur Rós", "Sæglópur"),
            ("b", "Guns N’ Roses", "Don't Cry"),
            ("c", "AC/DC", "T.N.T."),
            ("d", "The Art of Noise", "Moments in Love"),
            ("e", "Heart", "Alone"),
            ("f", "夜", "かき"),
            ("g", "夜", "がき"),
        ]);
        for (text, row) in [
            ("saeglopur", 0),
            ("ROS sigur", 0),
            ("don’t cry", 1),
            ("cry guns", 1),
            ("tnt", 2),
            ("acdc", 2),
            ("art", 3),
            ("love noise", 3),
            ("hear alon", 4),
            ("かき", 5),
        ] {
            assert_eq!(songs.find(text), Ok(row), "{text}");
        }
        assert!(songs.find("夜").unwrap_err().contains("2 songs"));
    }

    #[test]
    fn a_file_is_named_by_the_last_parts_of_its_path() {
        let mut songs = table(&[("a", "Ann", "One"), ("b", "Ben", "a.ogg"), ("c", "Cy", "Two")]);
        assert_eq!(songs.find("/music/Ann/a.ogg"), Ok(0));
        assert_eq!(songs.find("Ann/a.ogg"), Ok(0));
        assert_eq!(songs.find("b.ogg"), Ok(1));
        songs.songs[2].path = "/music/Cy/a.ogg".into();
        // Two files have that name, and one song that title.
        assert_eq!(songs.find("a.ogg"), Ok(1));
        songs.folder = std::path::absolute("x").unwrap();
        songs.songs[2].path = "y/c.ogg".into();
        assert_eq!(songs.find("x/y/c.ogg"), Ok(2));
    }
}
