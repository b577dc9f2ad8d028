//! The report's page, with the music and the pictures where the service has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use songscape::project::Silent;
use songscape::report::{link, write};
use songscape::{Error, report_input};
use songscape_examples::complain;
use tempfile::TempDir;

use crate::service::Service;

/// Makes the page beside the work of the service.
pub fn make(service: &Arc<Service>, project: PathBuf) {
    let service = service.clone();
    std::thread::spawn(move || {
        let made = made(&project).map_err(|error| {
            complain(format_args!("the page could not be made: {error}"));
            "the page could not be made".to_owned()
        });
        // There is no other who makes it.
        let _ = service.page.set(made);
    });
}

fn made(project: &Path) -> Result<TempDir, Error> {
    let folder = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
    let mut input = report_input::of_project(project, folder.path())?;
    for song in &mut input.songs {
        // As seen from `page/`.
        let at = |name: &str| link(Path::new("page"), Path::new(name).join(&song.id));
        (song.audio, song.image) = (song.audio.is_some().then(|| at("audio")), Some(at("image")));
    }
    write(folder.path(), &input, &Silent)?;
    Ok(folder)
}
