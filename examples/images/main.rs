//! A music library to its catalog and images: `images -- LIBRARY --out STORE [--list]`.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{PathBufValueParser, TypedValueParser as _};
use songscape::Error;
use songscape::audio::{ImageParams, Library, LibraryParams, Limits, SameName, Store};
use songscape::project::{Field, Progress, Shard, SongTable};
use songscape_examples::{Bars, End, Remote, choice, print, start};

/// Make the catalog and the spectrogram images of a music library.
///
/// Writes into the folder of --out: songs.csv, duplicates.csv, failures.csv (what could not be used),
/// remarks.csv (oddities of songs that can be used); without --list also one image per song,
/// and their pixels for training. Run it with --list first, which takes seconds, to see
/// whether the tags are any good.
///
/// Many machines can share the songs of the table that --list made: each runs `images --out STORE --shard I/N`,
/// and at the end one runs `images --out STORE --merge`.
///
/// Exit codes: 0 done; 1 fatal; 2 usage or configuration; 3 done, but some inputs could not be used (see
/// failures.csv; a shard ends with 0 all the same, --merge with 3); 130 interrupted, run again to continue.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A folder of music, a manifest (CSV with the columns path,title,artist,year), or an M3U playlist; with
    /// --shard and --merge, the table that --list made [default: songs.csv in the folder of --out]
    #[arg(required_unless_present_any = ["shard", "merge"])]
    library: Option<PathBuf>,
    /// The folder for the tables and the images; finished work in it is kept
    #[arg(long, value_name = "STORE", value_parser = PathBufValueParser::new().try_map(folder))]
    out: PathBuf,
    /// Make only the tables and a summary, no images
    #[arg(long)]
    list: bool,
    /// Make only part I of N, from 0/N; with N only, I is SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX
    #[arg(long, value_name = "I/N", conflicts_with_all = ["list", "merge"])]
    shard: Option<Shard>,
    /// Join the parts that --shard made
    #[arg(long, conflicts_with_all = ["list", "threads"])]
    merge: bool,
    /// What to do with songs of the same artist and title: auto makes them one song, unless their lengths
    /// differ or the manifest tells recordings apart; merge always does, keep never does
    #[arg(long, value_name = "HOW", value_parser = choice::<SameName>, default_value = "auto")]
    same_name: SameName,
    /// Allow files outside the library's folder: absolute paths, `..`, links; addresses in a manifest
    #[arg(long)]
    outside: bool,
    /// Do not fill in missing tags from the names of files and folders
    #[arg(long)]
    tags_only: bool,
    /// Decibels from black to white
    #[arg(long, default_value_t = 60.0, allow_negative_numbers = true)]
    range: f32,
    /// Number of CPU threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    #[command(flatten)]
    remote: Remote,
}

/// A folder that is there or can be made.
fn folder(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path.exists() && !path.is_dir() { Err("a file, expected a folder") } else { Ok(path) }
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<End, Error> {
    let params = ImageParams { range_db: arguments.range, ..ImageParams::default() };
    params.validate()?;
    let out = &arguments.out;
    let failed = match (&arguments.library, arguments.shard) {
        (table, Some(shard)) => {
            let (catalog, limits) = (table_of(table.as_deref(), out)?, Limits::default());
            let threads = threads(arguments);
            let made =
                Store::make_shard(shard, &catalog, out, &params, &limits, threads, progress)?;
            print(format_args!("{made}"))?;
            arguments.remote.put(shard, out, progress)?;
            // An engine would take another exit code for a reason to run the shard again.
            0
        }
        (table, None) if arguments.merge => {
            arguments.remote.get(out, progress)?;
            let made = Store::merge(&table_of(table.as_deref(), out)?, out)?;
            made.record(out)?;
            print(format_args!("{made}"))?;
            made.failures.len()
        }
        (Some(library), None) => whole(arguments, library, &params, progress)?,
        (None, None) => unreachable!("the library is required"),
    };
    print(format_args!("written    {}", out.display()))?;
    Ok(match failed {
        0 => End::Done,
        count => End::LeftOut { count, list: out.join("failures.csv") },
    })
}

/// The catalog, and the images unless only the list is asked for. Returns the number of failures.
fn whole(
    arguments: &Arguments,
    library: &Path,
    params: &ImageParams,
    progress: &dyn Progress,
) -> Result<usize, Error> {
    let out = &arguments.out;
    let read = LibraryParams {
        same_name: arguments.same_name,
        outside: arguments.outside,
        path_names: !arguments.tags_only,
        known_tags: Some(out.join("tags.csv")),
        known_failures: Some(out.join("failures.csv")),
    };
    let read = Library::open(library, &read, progress)?;
    if read.catalog.songs.is_empty() && read.failures.is_empty() {
        return Err(Error::input(library, "no music was found"));
    }
    read.write(out)?;
    let summary = read.summary();
    print(format_args!("{}", summary.to_string().trim_end()))?;
    if arguments.list {
        return Ok(read.failures.len());
    }
    let (limits, threads) = (Limits::default(), threads(arguments));
    let made = Store::make(&read.catalog, out, params, &limits, threads, progress)?;
    made.record(out)?;
    print(format_args!("{made}"))?;
    Ok(read.failures.len() + made.failures.len())
}

fn threads(arguments: &Arguments) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, Into::into);
    arguments.threads.map_or_else(cores, usize::from)
}

/// The table that all shards share.
fn table_of(table: Option<&Path>, out: &Path) -> Result<SongTable, Error> {
    let path = table.map_or_else(|| out.join("songs.csv"), Path::to_owned);
    if !path.is_file() {
        let out = out.display();
        let expected = format!("a file, such as `images LIBRARY --out {out} --list` makes");
        return Err(Error::parameter("the table of songs", path.display(), expected));
    }
    let table = SongTable::read(&path)?;
    table.require(&[Field::Id, Field::Path], &path)?;
    Ok(table)
}
