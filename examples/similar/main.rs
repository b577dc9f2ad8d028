//! Songs that sound alike, as a list and as a playlist: `similar -- PROJECT --song SONG`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::analysis::music::similar::{Similar, path, playlist};
use songscape::analysis::neighbors::{Index, Metric};
use songscape::analysis::vectors::read_npy;
use songscape::project::{SongTable, write_csv};
use songscape::report_input::source_of_project;
use songscape_examples::{print, start};

/// Find songs similar to one or more songs, or a gradual path between two.
///
/// A song is named by its id, its title, or a part of "artist - title" that only it has. No song is
/// listed twice, and the named songs are not repeated, except for the two ends of a path. The number
/// before a song is its cosine with what was sought: the named songs, or a step of the path.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The project folder of a song_map; or use --vectors and --catalog
    #[arg(required_unless_present = "vectors")]
    project: Option<PathBuf>,
    /// The songs to start from; may be repeated
    #[arg(short, long = "song", required = true, value_name = "SONG")]
    songs: Vec<String>,
    /// Walk from the song to this one instead; both ends count
    #[arg(long, value_name = "SONG", conflicts_with = "wander")]
    to: Option<String>,
    /// How many songs
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// From 0, songs near the named ones, to 1, each song near the one before it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    wander: f32,
    /// Also write the list to this file: .csv for a table, .m3u or .m3u8 for a playlist; may be repeated
    #[arg(long, value_name = "FILE", value_parser = writable)]
    out: Vec<PathBuf>,
    /// One vector per song (.npy, [songs, d]), instead of a project
    #[arg(long, requires = "catalog", conflicts_with = "project")]
    vectors: Option<PathBuf>,
    /// The songs of the vectors, row by row: a table with the columns path, title, artist, year
    #[arg(long, requires = "vectors")]
    catalog: Option<PathBuf>,
}

fn share(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

fn writable(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().and_then(|e| e.to_str()) {
        Some("csv" | "m3u" | "m3u8") => Ok(path),
        _ => Err("expected a name that ends with .csv, .m3u or .m3u8".into()),
    }
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let (file, catalog) = files(arguments)?;
    let (vectors, songs) = (read_npy(&file)?, SongTable::read(&catalog)?);
    if vectors.nrows() != songs.songs.len() {
        let found = format!("{} vectors", vectors.nrows());
        let reason = format!("{found}, but {} has {} songs", catalog.display(), songs.songs.len());
        return Err(Error::input(file, reason));
    }
    let find = |text: &String| songs.find(text).map_err(|why| Error::input(&catalog, why));
    let seeds = arguments.songs.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let (index, count) = (Index::of_all(vectors, Metric::Cosine)?, usize::from(arguments.count));
    let found = match &arguments.to {
        Some(to) => between(&index, &seeds, find(to)?, count)?,
        None => playlist(&index, &[], &seeds, count, arguments.wander)?,
    };
    for seed in &seeds {
        print(format_args!("like       {}", songs.songs[*seed]))?;
    }
    for &Similar { row, distance } in &found {
        print(format_args!("{:10.3} {}", 1.0 - distance, songs.songs[row]))?;
    }
    for path in &arguments.out {
        write(path, &songs, &found)?;
        print(format_args!("written    {}", path.display()))?;
    }
    Ok(())
}

/// The files of the vectors and of their songs.
fn files(arguments: &Arguments) -> Result<(PathBuf, PathBuf), Error> {
    match (&arguments.project, &arguments.vectors, &arguments.catalog) {
        (Some(project), ..) => {
            let catalog = project.join("analysis/songs.csv");
            if !catalog.is_file() {
                let why = "no analysis/songs.csv: pass the folder of a song_map run that has finished its \
                           `analysis` stage, or give --vectors and --catalog";
                return Err(Error::input(project, why));
            }
            Ok((source_of_project(project)?.file(project.join("vectors")), catalog))
        }
        (None, Some(vectors), Some(catalog)) => Ok((vectors.clone(), catalog.clone())),
        _ => unreachable!("the arguments require a project, or vectors with a catalog"),
    }
}

/// The path from the one named song to another.
fn between(index: &Index, seeds: &[usize], to: usize, count: usize) -> Result<Vec<Similar>, Error> {
    match *seeds {
        _ if count < 2 => Err(Error::parameter("count", count, "at least 2 with --to")),
        [from] if from == to => Err(Error::parameter("to", "the same song", "another than --song")),
        [from] => Ok(path(index, from, to, count)?),
        _ => Err(Error::parameter("song", format!("given {} times", seeds.len()), "one with --to")),
    }
}

/// The list as a table or as a playlist, by the ending of the file's name.
fn write(path: &Path, songs: &SongTable, found: &[Similar]) -> Result<(), Error> {
    if path.extension().is_none_or(|ending| ending != "csv") {
        return Ok(songs.write_playlist(path, found.iter().map(|song| song.row))?);
    }
    let row = |(rank, &Similar { row, distance }): (usize, &Similar)| {
        let song = &songs.songs[row];
        let file = songs.file(song).display().to_string();
        (rank + 1, 1.0 - distance, &song.id, &song.title, &song.artist, song.year, file)
    };
    let header = ["rank", "cosine", "id", "title", "artist", "year", "path"];
    Ok(write_csv(path, &header, found.iter().enumerate().map(row))?)
}
