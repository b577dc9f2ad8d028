//! Songs that sound alike, as a list and as a playlist: `similar -- PROJECT --song SONG`.

mod library;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use ndarray::ArrayView2;
use songscape::analysis::music::similar::{Similar, path, playlist};
use songscape::analysis::neighbors::Metric;
use songscape::analysis::vectors::read_npy;
use songscape::project::write_atomic;
use songscape_examples::start;

use library::{Song, find};

/// Find songs that sound like a song, like several songs, or on the way from one to another.
///
/// A song is named by its id, its title, or a part of "artist - title" that only it has. No song comes
/// twice, and the songs that were named are not repeated, but for the two ends of a way. Before a song
/// stands its cosine with what was sought: the songs that were named, or a step on the way.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
struct Arguments {
    /// The project folder of a song_map; or use --vectors and --catalog
    #[arg(required_unless_present = "vectors")]
    project: Option<PathBuf>,
    /// The songs to start from
    #[arg(short, long = "song", required = true, value_name = "SONG")]
    songs: Vec<String>,
    /// Walk from the song to this one instead; both ends count
    #[arg(long, value_name = "SONG", conflicts_with = "wander")]
    to: Option<String>,
    /// How many songs
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// From 0, songs near to those that were named, to 1, each song near to the one before it
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    wander: f32,
    /// Where to write the list as well: .csv is a table, .m3u or .m3u8 a playlist; may come again
    #[arg(long, value_name = "FILE", value_parser = writable)]
    out: Vec<PathBuf>,
    /// A vector for each song (.npy, [songs, d]), instead of a project
    #[arg(long, requires = "catalog", conflicts_with = "project")]
    vectors: Option<PathBuf>,
    /// The songs of the vectors, row by row: CSV with the columns path, title, artist, year
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

fn run(arguments: &Arguments) -> Result<()> {
    let (vectors, songs) = match (&arguments.project, &arguments.vectors, &arguments.catalog) {
        (Some(project), ..) => {
            (project.join("vectors/trained-encoder.npy"), library::of_project(project)?)
        }
        (None, Some(vectors), Some(catalog)) => (vectors.clone(), library::read(catalog)?),
        _ => bail!("expected a project, or --vectors with --catalog"),
    };
    let (file, vectors) = (vectors.display().to_string(), read_npy(&vectors)?);
    if vectors.nrows() != songs.len() {
        bail!("{file}: {} vectors, but the catalog has {} songs", vectors.nrows(), songs.len());
    }
    let seeds: Vec<usize> =
        arguments.songs.iter().map(|s| find(&songs, s)).collect::<Result<_>>()?;
    let (vectors, count) = (vectors.view(), usize::from(arguments.count));
    let found = match &arguments.to {
        Some(to) => way(vectors, &seeds, find(&songs, to)?, count)?,
        None => playlist(vectors, &[], &seeds, count, arguments.wander, Metric::Cosine)?,
    };
    for seed in &seeds {
        println!("like       {}", songs[*seed]);
    }
    for &Similar { row, distance } in &found {
        println!("{:10.3} {}", 1.0 - distance, songs[row]);
    }
    for path in &arguments.out {
        write(path, &songs, &found)?;
        println!("written    {}", path.display());
    }
    Ok(())
}

/// The way from the one song that was named to another.
fn way(x: ArrayView2<f32>, seeds: &[usize], to: usize, count: usize) -> Result<Vec<Similar>> {
    match *seeds {
        _ if count < 2 => {
            bail!("a way with --to has two ends; --count is {count}, expected at least 2")
        }
        [from] if from == to => bail!("a way with --to leads to another song than --song"),
        [from] => Ok(path(x, from, to, count, Metric::Cosine)?),
        _ => bail!("a way with --to begins at one song; --song is there {} times", seeds.len()),
    }
}

/// The list as a table or as a playlist, by the ending of the file's name.
fn write(path: &Path, songs: &[Song], found: &[Similar]) -> Result<()> {
    let is_table = path.extension().is_some_and(|e| e == "csv");
    write_atomic(path, |file| {
        if is_table {
            let mut csv = csv::Writer::from_writer(file);
            csv.write_record(["rank", "cosine", "id", "title", "artist", "year", "path"])?;
            for (rank, &Similar { row, distance }) in found.iter().enumerate() {
                let Song { id, title, artist, year, path } = &songs[row];
                csv.serialize((rank + 1, 1.0 - distance, id, title, artist, year, path))?;
            }
            return csv.flush();
        }
        // A title of two lines would end the comment that it stands in.
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        writeln!(file, "#EXTM3U")?;
        for &Similar { row, .. } in found {
            let song = &songs[row];
            writeln!(file, "#EXTINF:-1,{}\n{}", line(&song.name()), line(&song.path))?;
        }
        Ok(())
    })?;
    Ok(())
}
