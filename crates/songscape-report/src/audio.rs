//! Audio for a report that moves: links below another place, or copies beside the page.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use songscape_project::{Job, Progress, SongTable, write_atomic};

use crate::error::{Error, Result};
use crate::input::ReportInput;
use crate::link::{encoded, link, parts};

/// The folder of the copies, beside the page.
const FOLDER: &str = "audio";

impl ReportInput {
    /// Links the audio of all songs below `base`, which stands for the folder that all of them are in: the
    /// URL (`http`, `https` or `file`) or the path of that folder on the machine where the page is opened.
    /// A path is absolute, or relative to the current folder. `songs` are those of the report, row by row.
    ///
    /// # Errors
    /// [`Error::Length`] when the table has other songs, [`Error::Base`] for any other URL.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # std::fs::write(folder.path().join("songs.csv"), "path\nLive/a #1.mp3\nb.mp3\n")?;
    /// use songscape_project::SongTable;
    /// use songscape_report::ReportInput;
    ///
    /// let songs = SongTable::read(folder.path().join("songs.csv"))?;
    /// let mut input = ReportInput::of_songs(&songs, "report");
    /// input.link_audio_below("https://example.org/music", &songs, "report")?;
    /// assert_eq!(input.songs[0].audio.as_deref(), Some("https://example.org/music/Live/a%20%231.mp3"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link_audio_below(
        &mut self,
        base: &str,
        songs: &SongTable,
        page: impl AsRef<Path>,
    ) -> Result<()> {
        let url = match base.split_once("://") {
            Some(("http" | "https" | "file", _)) => Some(base.trim_end_matches('/')),
            Some(_) => return Err(Error::Base { base: base.into() }),
            None => None,
        };
        let below = self.below(songs)?;
        for (song, parts) in self.songs.iter_mut().zip(below) {
            song.audio = parts.map(|parts| match url {
                Some(url) => format!("{url}/{}", encoded(&parts)),
                None => {
                    link(page.as_ref(), Path::new(base).join(parts.iter().collect::<PathBuf>()))
                }
            });
        }
        Ok(())
    }

    /// Copies the audio of all songs into the folder `audio` beside the page, with the folders that they are
    /// in, and links the copies: page and music can then be moved together. A copy that is as long as its
    /// file and no older is kept. Returns the files that are not there; their songs are not linked.
    /// `songs` are those of the report, row by row.
    ///
    /// # Errors
    /// [`Error::Length`] when the table has other songs, [`Error::Project`] when a file cannot be copied,
    /// [`Error::Interrupted`].
    pub fn copy_audio(
        &mut self,
        songs: &SongTable,
        page: impl AsRef<Path>,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>> {
        let folder = page.as_ref().join(FOLDER);
        let below = self.below(songs)?;
        let job = Job::begin(progress, "audio", self.songs.len() as u64, "songs");
        let mut missing = BTreeSet::new();
        for ((row, song), parts) in songs.songs.iter().zip(&mut self.songs).zip(below) {
            if job.interrupted() {
                return Err(Error::Interrupted);
            }
            job.advance(1);
            let Some(parts) = parts else { continue };
            let (file, target) = (songs.file(row), folder.join(parts.iter().collect::<PathBuf>()));
            song.audio = if copy(&file, &target)? {
                Some(link(page.as_ref(), &target))
            } else {
                missing.insert(file);
                None
            };
        }
        Ok(missing.into_iter().collect())
    }

    /// The parts of each song's path below the folder that all of them are in.
    fn below(&self, songs: &SongTable) -> Result<Vec<Option<Vec<String>>>> {
        if songs.songs.len() != self.songs.len() {
            return Err(Error::Length {
                what: "songs of the table".into(),
                found: songs.songs.len(),
                expected: self.songs.len(),
            });
        }
        let has_file = |song: &songscape_project::Song| !song.path.as_os_str().is_empty();
        let mut files: Vec<Option<Vec<String>>> =
            songs.songs.iter().map(|s| has_file(s).then(|| parts(&songs.file(s)))).collect();
        let depth = songs.shared_folder().map_or(0, |folder| parts(&folder).len());
        files.iter_mut().flatten().for_each(|file| drop(file.drain(..depth)));
        Ok(files)
    }
}

/// Copies a file unless a copy is there; `false` where there is no such file.
fn copy(file: &Path, target: &Path) -> Result<bool> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| songscape_project::Error::Io { path, source }
    };
    let mut source = match File::open(file) {
        Ok(source) => source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(file)(error).into()),
    };
    let there = source.metadata().map_err(failed(file))?;
    let kept = target.metadata().is_ok_and(|copy| {
        let newer = copy.modified().ok().zip(there.modified().ok()).is_some_and(|(c, t)| c >= t);
        copy.len() == there.len() && newer
    });
    if !kept {
        write_atomic(target, |copy| std::io::copy(&mut source, copy).map(drop))?;
    }
    Ok(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_project::Silent;

    use super::*;

    fn library() -> (tempfile::TempDir, SongTable) {
        let folder = tempfile::tempdir().unwrap();
        let table =
            "path,title\nmusic/A/1 é.mp3,One\nmusic/B/2.mp3,Two\n,Three\nmusic/B/gone.mp3,Four\n";
        std::fs::write(folder.path().join("songs.csv"), table).unwrap();
        for (name, bytes) in [("A/1 é.mp3", "one"), ("B/2.mp3", "two")] {
            let file = folder.path().join("music").join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
        let songs = SongTable::read(folder.path().join("songs.csv")).unwrap();
        (folder, songs)
    }

    fn links(input: &ReportInput) -> Vec<Option<&str>> {
        input.songs.iter().map(|song| song.audio.as_deref()).collect()
    }

    #[test]
    fn links_start_from_another_place() {
        let (folder, songs) = library();
        let page = folder.path().join("report");
        let mut input = ReportInput::of_songs(&songs, &page);
        input.link_audio_below("http://nas:8080/m/", &songs, &page).unwrap();
        let (one, two) = ("http://nas:8080/m/A/1%20%C3%A9.mp3", "http://nas:8080/m/B/2.mp3");
        assert_eq!(links(&input)[..3], [Some(one), Some(two), None]);
        let elsewhere = folder.path().join("elsewhere");
        input.link_audio_below(elsewhere.to_str().unwrap(), &songs, &page).unwrap();
        assert_eq!(links(&input)[1], Some("../elsewhere/B/2.mp3"));
        let refused = input.link_audio_below("javascript://x", &songs, &page).unwrap_err();
        assert!(refused.to_string().contains("javascript://x"), "{refused}");
        input.songs.pop();
        let refused = input.link_audio_below("x", &songs, &page).unwrap_err();
        assert!(matches!(refused, Error::Length { found: 4, expected: 3, .. }), "{refused}");
    }

    #[test]
    fn copies_lie_beside_the_page() {
        let (folder, songs) = library();
        let page = folder.path().join("report");
        let mut input = ReportInput::of_songs(&songs, &page);
        let missing = input.copy_audio(&songs, &page, &Silent).unwrap();
        assert_eq!(missing, [folder.path().join("music/B/gone.mp3")]);
        assert_eq!(
            links(&input),
            [Some("audio/A/1%20%C3%A9.mp3"), Some("audio/B/2.mp3"), None, None]
        );
        let copy = page.join("audio/B/2.mp3");
        assert_eq!(std::fs::read(&copy).unwrap(), b"two");
        // What is there is kept; what changed is copied again.
        let written = copy.metadata().unwrap().modified().unwrap();
        input.copy_audio(&songs, &page, &Silent).unwrap();
        assert_eq!(copy.metadata().unwrap().modified().unwrap(), written);
        std::fs::write(folder.path().join("music/B/2.mp3"), "longer").unwrap();
        input.copy_audio(&songs, &page, &Silent).unwrap();
        assert_eq!(std::fs::read(&copy).unwrap(), b"longer");
    }
}
