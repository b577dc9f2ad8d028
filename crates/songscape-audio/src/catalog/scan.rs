//! A catalog from a folder of music files with tags.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use songscape_project::{Failure, Job, Progress, SongTable};
use walkdir::{DirEntry, WalkDir};

use super::known::KnownTags;
use super::tagged::{self, COLUMNS, Listed};
use super::{Found, Library, LibraryParams, STAGE};
use crate::container::{Format, is_text, named_by_extension};
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;

/// Why a link within a folder is passed over, and what to do.
const NOT_FOLLOWED: &str = "which is not followed: set `outside` (`--outside`) to follow links";

impl Library {
    /// The music files below a folder, in the order of their paths, without ids.
    pub(super) fn from_folder(
        folder: &Path,
        params: &LibraryParams,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<Found>)> {
        std::fs::read_dir(folder).map_err(Error::io(folder))?;
        let catalog = SongTable { folder: folder.to_owned(), ..SongTable::default() };
        let (files, failures) = music_files(&catalog, params.outside);
        let files = files.into_iter().map(|(path, named)| (path, named, Listed::default()));
        let mut library = Self { catalog, failures, ..Self::default() };
        let found = library.read_tags(files.collect(), params, progress)?;
        Ok((library, found))
    }

    /// Reads the tags of files within the library, and leaves out those that are not decoded.
    pub(super) fn read_tags(
        &mut self,
        files: Vec<(PathBuf, Format, Listed)>,
        params: &LibraryParams,
        progress: &dyn Progress,
    ) -> Result<Vec<Found>> {
        let mut known =
            params.known_tags.as_deref().map_or_else(KnownTags::default, KnownTags::read);
        let limits = Limits::default();
        let (mut found, mut done, total) = (Vec::with_capacity(files.len()), 0, files.len());
        let job = Job::begin(progress, STAGE, total as u64, "files");
        for (relative, named, listed) in files {
            if job.interrupted() {
                break;
            }
            let file = self.catalog.folder.join(&relative);
            let tags = known.tags(&file, &relative, &limits);
            let undecoded = tags.undecoded.clone().or_else(|| match named {
                // Its first bytes say nothing: its ending is believed, unless it is a text.
                Format::Undecoded(name) if tags.is_empty() => Some(name.to_owned()),
                _ => None,
            });
            match undecoded {
                Some(name) => {
                    let problem = Problem::NotDecoded(name.clone());
                    let item = self.catalog.absolute(&relative).display().to_string();
                    self.failures.push(Failure::new(STAGE, item, problem));
                    *self.undecoded.entry(name).or_default() += 1;
                }
                None => {
                    let real = match params.outside {
                        true => file.canonicalize().unwrap_or(file),
                        false => file,
                    };
                    if let Some(note) = &tags.note {
                        let item = self.catalog.absolute(&relative).display().to_string();
                        self.remarks.push(Failure::new(STAGE, item, note));
                    }
                    let (song, year_from) =
                        tagged::song(relative, &tags, listed, params.path_names);
                    found.push(Found { song, year_from, real, seconds: tags.duration });
                }
            }
            job.advance(1);
            done += 1;
        }
        drop(job);
        if let Some(path) = &params.known_tags {
            known.write(path)?;
        }
        if done < total {
            return Err(Error::Interrupted { done, total });
        }
        self.catalog.columns = COLUMNS.map(str::to_owned).to_vec();
        Ok(found)
    }
}

/// Paths of the music files below a folder, with what their endings say, and what cannot be used.
fn music_files(catalog: &SongTable, follow_links: bool) -> (Vec<(PathBuf, Format)>, Vec<Failure>) {
    let folder = &catalog.folder;
    let item = |path: &Path| catalog.absolute(path).display().to_string();
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    let visible = |entry: &DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let walk = WalkDir::new(folder).sort_by_file_name().follow_links(follow_links);
    for entry in walk.into_iter().filter_entry(visible) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let path = e.path().unwrap_or(folder);
                let relative = path.strip_prefix(folder).unwrap_or(path);
                failures.push(Failure::new(STAGE, item(relative), e));
                continue;
            }
        };
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        if entry.path_is_symlink() && !follow_links && entry.path().is_dir() {
            let reason = format!("a link to a folder, {NOT_FOLLOWED}");
            failures.push(Failure::new(STAGE, item(relative), reason));
            continue;
        }
        let Some(named) = named_by_extension(relative) else { continue };
        if entry.file_type().is_dir() {
            continue;
        }
        if entry.path_is_symlink() && !follow_links {
            failures.push(Failure::new(STAGE, item(relative), format!("a link, {NOT_FOLLOWED}")));
        } else if entry.file_type().is_file()
            && !(is_undecoded(named) && is_text_file(entry.path()))
        {
            files.push((relative.to_owned(), named));
        }
    }
    (files, failures)
}

fn is_undecoded(format: Format) -> bool {
    matches!(format, Format::Undecoded(_))
}

/// Whether a file whose ending may mean many things (`.mod`, `.la`, `.it`) is a text.
fn is_text_file(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(512).read_to_end(&mut start));
    read.is_ok() && is_text(&start)
}
