//! Scores how well vectors find a song again, and what can be predicted from them:
//! `evaluate -- PROJECT --group song --probe key`.
//! `cargo run --release --features pipeline --example evaluate -- --help`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use songscape::analysis::study::VectorSet;
use songscape::audio::Store;
use songscape::evaluation::{Scoring, of_project};
use songscape::project::{Progress, SongTable};
use songscape::vectors::Images;
use songscape::{Error, Result};
use songscape_examples::{Bars, print, start};

/// Score vectors of several kinds on the same songs, each score with its 95 % interval.
///
/// Recordings of one --group look for each other, by the cosine of the vectors as they are, standardized,
/// whitened, and, for vectors that can be transposed, by the best of twelve keys. Whitening is
/// learned from other songs (--fitted-on), never from those that are scored. A --probe is a column that
/// linear models predict, in folds that keep the songs of an artist together. All others are compared with
/// the first vectors.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 130 interrupted.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The project folder of a song_map run; or use --vectors and --catalog
    #[arg(required_unless_present = "vectors")]
    project: Option<PathBuf>,
    /// Vectors, one per song (.npy, [songs, d]); may be repeated, the others are compared with the first
    #[arg(long, value_name = "FILE", requires = "catalog", num_args = 1.., conflicts_with = "project")]
    vectors: Vec<PathBuf>,
    /// The songs of the vectors, row by row
    #[arg(long, value_name = "CSV", requires = "vectors")]
    catalog: Option<PathBuf>,
    /// Another project, or a folder with vectors of the same names, to learn whitening from
    #[arg(long, value_name = "DIR")]
    fitted_on: Option<PathBuf>,
    /// Column of the table by which recordings belong together, such as song
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Column to predict, such as key, meter, tempo, artist, style or year; may be repeated
    #[arg(long = "probe", value_name = "COLUMN")]
    probes: Vec<String>,
    /// Also match whole sequences of chroma, from the images of this store: slow, but hard to beat
    #[arg(long, value_name = "STORE", requires = "group")]
    sequences: Option<PathBuf>,
    /// Folder for evaluation.json and evaluation.csv
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of the folds
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<()> {
    let Arguments { project, catalog, fitted_on, sequences, out, .. } = arguments;
    let (sets, songs) = match (project, catalog) {
        (Some(project), _) => of_project(project)?,
        (None, Some(catalog)) => {
            let sets = arguments.vectors.iter().map(VectorSet::read);
            (sets.collect::<Result<_, _>>()?, SongTable::read(catalog)?)
        }
        (None, None) => unreachable!("the arguments require a project, or vectors with a catalog"),
    };
    let table = catalog.as_deref().or(project.as_deref()).unwrap_or(Path::new(""));
    if let Some(set) = sets.iter().find(|set| set.whole.nrows() != songs.songs.len()) {
        let (found, expected) = (set.whole.nrows(), songs.songs.len());
        let reason = format!("{expected} songs, but {found} vectors of {}", set.name);
        return Err(Error::input(table, reason));
    }
    let (group, probes, seed) = (arguments.group.as_deref(), &arguments.probes, arguments.seed);
    let scoring = Scoring { songs: &songs, table, group, probes, seed };
    scoring.check()?;
    let elsewhere = fitted_on.as_deref().map(|folder| others(folder, &sets)).transpose()?;
    let ids: Vec<String> = songs.songs.iter().map(|song| song.id.clone()).collect();
    let matches =
        sequences.as_deref().map(|store| Images::open(&Store::new(store))?.matches(&ids, progress));
    let matches = matches.transpose()?;
    let found = scoring.evaluate(&sets, &elsewhere.unwrap_or_default(), matches.as_ref())?;
    print(format_args!("{found}"))?;
    if let Some(out) = out {
        found.write(out)?;
        print(format_args!("\nwritten {}", out.display()))?;
    }
    Ok(())
}

/// The vectors of the same names in another project or folder.
fn others(folder: &Path, sets: &[VectorSet]) -> Result<Vec<VectorSet>> {
    let folder = match folder.join("vectors") {
        vectors if vectors.is_dir() => vectors,
        _ => folder.into(),
    };
    let file = |set: &VectorSet| Some(folder.join(set.file.as_deref()?.file_name()?));
    let files: Vec<PathBuf> = sets.iter().filter_map(file).filter(|file| file.is_file()).collect();
    match files.is_empty() {
        true => Err(Error::input(folder, "no vectors of the same names")),
        false => Ok(files.iter().map(VectorSet::read).collect::<Result<_, _>>()?),
    }
}
