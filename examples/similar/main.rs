//! Finds songs that sound alike, as a list or playlist: `similar -- PROJECT --song SONG`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::ndarray::Array2;
use songscape::project::PlaylistPaths;
use songscape::similar::Collection;
use songscape_examples::{print, start};

/// Find songs similar to one or more songs, or a gradual path between two.
///
/// Name a song by its id, its title, a part of "artist - title", some words of it in any order, or its
/// file; accents and case do not matter. No song is listed twice, and the named songs are not repeated,
/// except for the two ends of a path. The number before a song is its cosine similarity to the named songs, or
/// to a step of the path.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The project folder of a song_map run; or use --vectors and --catalog
    #[arg(required_unless_present = "vectors")]
    project: Option<PathBuf>,
    /// The songs to start from; may be repeated
    #[arg(short, long = "song", required_unless_present = "files", value_name = "SONG")]
    songs: Vec<String>,
    /// A music file to start from that is not in the project; may be repeated, needs libtorch
    #[arg(short, long = "file", value_name = "FILE", requires = "project")]
    files: Vec<PathBuf>,
    /// Find a path from the song to this one instead
    #[arg(long, value_name = "SONG", conflicts_with_all = ["wander", "files"])]
    to: Option<String>,
    /// Number of songs; for a path, including both ends
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// How far to wander off: with 0 songs are near the named ones, with 1 each is near the one before it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    wander: f32,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
    /// Also write the list to this file: .csv or .json for a table, .m3u or .m3u8 for a playlist; may be
    /// repeated
    #[arg(long, value_name = "FILE", value_parser = writable)]
    out: Vec<PathBuf>,
    /// Make the paths in playlists relative to the playlist
    #[arg(long)]
    relative: bool,
    /// In playlists, replace the folder that contains all songs by this path
    #[arg(long, value_name = "PATH", conflicts_with = "relative")]
    base: Option<String>,
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
        Some("csv" | "json" | "m3u" | "m3u8") => Ok(path),
        _ => Err("expected a name that ends with .csv, .json, .m3u or .m3u8".into()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Only an encoder can listen to a file.
    #[cfg(not(feature = "pipeline"))]
    if !arguments.files.is_empty() {
        return songscape_examples::launch("similar");
    }
    start(|| run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let songs = match (&arguments.project, &arguments.vectors, &arguments.catalog) {
        (Some(project), ..) => Collection::of_project(project)?,
        (None, Some(vectors), Some(catalog)) => Collection::of_vectors(vectors, catalog)?,
        _ => unreachable!("the arguments require a project, or vectors with a catalog"),
    };
    let seeds =
        arguments.songs.iter().map(|text| songs.find(text)).collect::<Result<Vec<_>, _>>()?;
    let count = usize::from(arguments.count);
    let found = match (&arguments.to, &seeds[..]) {
        (Some(to), &[from]) => songs.between(from, songs.find(to)?, count)?,
        (Some(_), _) => {
            let found = format!("given {} times", seeds.len());
            return Err(Error::parameter("song", found, "one with --to"));
        }
        (None, _) => {
            let others = heard(arguments)?;
            songs.like(&seeds, others.as_ref().map(|x| x.view()), count, arguments.wander)?
        }
    };
    let listed = songs.listed(&found);
    if arguments.json {
        print(format_args!("{}", serde_json::to_string_pretty(&listed).unwrap_or_default()))?;
    } else {
        for &seed in &seeds {
            print(format_args!("like       {}", songs.songs().songs[seed]))?;
        }
        for file in &arguments.files {
            print(format_args!("like       {}", file.display()))?;
        }
        for (song, found) in listed.iter().zip(&found) {
            print(format_args!("{:10.3} {}", song.cosine, songs.songs().songs[found.row]))?;
        }
    }
    let paths = match &arguments.base {
        Some(base) => PlaylistPaths::Below(base.clone()),
        None if arguments.relative => PlaylistPaths::Relative,
        None => PlaylistPaths::Absolute,
    };
    for path in &arguments.out {
        songs.write(path, &found, &paths)?;
        if !arguments.json {
            print(format_args!("written    {}", path.display()))?;
        }
    }
    Ok(())
}

/// The vectors of the files that were named, if any.
#[cfg(feature = "pipeline")]
fn heard(arguments: &Arguments) -> Result<Option<Array2<f32>>, Error> {
    use songscape::{audio::Limits, project::Silent, resnet::tch::Device, similar::Listener};
    let Some(project) = arguments.project.as_ref().filter(|_| !arguments.files.is_empty()) else {
        return Ok(None);
    };
    let listener = Listener::of_project(project, Limits::default(), Device::Cpu)?;
    listener.vectors(&arguments.files, &Silent).map(Some)
}

#[cfg(not(feature = "pipeline"))]
fn heard(_: &Arguments) -> Result<Option<Array2<f32>>, Error> {
    Ok(None)
}
