//! A music library to its catalog and images: `images -- LIBRARY --out STORE [--list]`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::Error;
use songscape::audio::{ImageParams, Library, LibraryParams, Limits, SameName, Store};
use songscape::project::Progress;
use songscape_examples::{Bars, End, choice, print, start};

/// Make the catalog and the spectrogram images of a music library.
///
/// In the folder of --out: songs.csv, duplicates.csv, failures.csv (what could not be used),
/// remarks.csv (what is to be said about songs that can); without --list also one image per song,
/// and their pixels for training. With --list nothing is decoded: run it first, to see
/// whether the tags are any good.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 3 done, but some inputs could not be used (see failures.csv);
/// 130 interrupted, run again to continue.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A folder of music, a manifest (CSV with the columns path,title,artist,year), or an M3U playlist
    library: PathBuf,
    /// The folder for the tables and the images; what is done there already is kept
    #[arg(long, value_name = "STORE")]
    out: PathBuf,
    /// Only the tables and a summary, no images
    #[arg(long)]
    list: bool,
    /// Songs with the same artist and title: one song, unless their lengths differ or the manifest
    /// tells recordings apart (auto); always one (merge); always their own (keep)
    #[arg(long, value_name = "HOW", value_parser = choice::<SameName>, default_value = "auto")]
    same_name: SameName,
    /// Allow files outside the library's folder: absolute paths, `..`, links
    #[arg(long)]
    outside: bool,
    /// Take nothing from the names of files and folders where tags are missing
    #[arg(long)]
    tags_only: bool,
    /// Decibels from black to white
    #[arg(long, default_value_t = 60.0, allow_negative_numbers = true)]
    range: f32,
    /// Number of CPU threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End, Error> {
    let params = ImageParams { range_db: arguments.range, ..ImageParams::default() };
    let limits = Limits::default();
    params.validate()?;
    let library = LibraryParams {
        same_name: arguments.same_name,
        outside: arguments.outside,
        path_names: !arguments.tags_only,
        known_tags: Some(arguments.out.join("tags.csv")),
    };
    let library = Library::open(&arguments.library, &library, progress)?;
    if library.catalog.songs.is_empty() && library.failures.is_empty() {
        return Err(Error::input(&arguments.library, "no music was found"));
    }
    library.write(&arguments.out)?;
    let list = arguments.out.join("failures.csv");
    let summary = library.summary();
    print(format_args!("{}", summary.to_string().trim_end()))?;
    let mut failed = library.failures.len();
    if !arguments.list {
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        let threads = arguments.threads.map_or_else(cores, usize::from);
        let made =
            Store::make(&library.catalog, &arguments.out, &params, &limits, threads, progress)?;
        made.record(&arguments.out)?;
        failed += made.failures.len();
        let seconds = made.images.iter().fold(0.0, |sum, image| sum + image.seconds);
        print(format_args!(
            "images     {} of {:.1} h, {} of them there before",
            made.images.len(),
            seconds / 3600.0,
            made.skipped_existing
        ))?;
        if !made.duplicates.is_empty() {
            print(format_args!("           {} left out, the same audio", made.duplicates.len()))?;
        }
        let noted = made.images.iter().filter(|image| !image.note.is_empty()).count();
        if noted > 0 {
            print(format_args!("           {noted} with a note in index.csv"))?;
        }
        if !made.failures.is_empty() {
            print(format_args!("failed     {}", made.failures.len()))?;
        }
    }
    print(format_args!("written    {}", arguments.out.display()))?;
    Ok(match failed {
        0 => End::Done,
        count => End::LeftOut { count, list },
    })
}
