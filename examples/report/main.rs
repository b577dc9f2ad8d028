//! The report of an analysis: figures, tables and the map: `report -- PROJECT --out DIR`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use songscape::analysis::vectors::read_npy;
use songscape::audio::Store;
use songscape::project::Progress;
use songscape::report::{MeanSpectrum, ReportInput, Spectrogram, link, write};
use songscape_examples::{Bars, start};

/// Draw the figures and the interactive map of an analysis.
///
/// What the analysis did not leave is left out, with a line that says why.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 130 interrupted.
#[derive(Parser)]
struct Arguments {
    /// The project folder of a song_map; or use --analysis and --catalog
    #[arg(required_unless_present = "analysis")]
    project: Option<PathBuf>,
    /// The folder of an analysis (umap.npy and tables), instead of a project
    #[arg(long, requires = "catalog", conflicts_with = "project")]
    analysis: Option<PathBuf>,
    /// The songs of the analysis, row by row: CSV with the columns id, path, title, artist, year and
    /// any others
    #[arg(long, requires = "analysis")]
    catalog: Option<PathBuf>,
    /// The folder of the spectrogram images [default: the project's]
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// The title of the page
    #[arg(long, default_value = "Songscape")]
    title: String,
    /// The folder of the report
    #[arg(long)]
    out: PathBuf,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse(), &*Bars::listening()))
}

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<()> {
    let page = std::path::absolute(&arguments.out)?;
    if let Some(project) = &arguments.project
        && std::path::absolute(project)? == page
    {
        bail!("{}: the project itself; choose a folder for the report", project.display());
    }
    let (mut input, analysis, images) =
        match (&arguments.project, &arguments.analysis, &arguments.catalog) {
            (Some(project), ..) => {
                let mut input = ReportInput::read_songs(&project.join("songs.csv"), &page)?;
                keep_analysed(&mut input, &project.join("vectors/songs.csv"))?;
                (input, project.join("analysis"), Some(project.join("spectrograms")))
            }
            (None, Some(analysis), Some(catalog)) => {
                (ReportInput::read_songs(catalog, &page)?, analysis.clone(), None)
            }
            _ => bail!("expected a project, or --analysis with --catalog"),
        };
    input.title.clone_from(&arguments.title);
    let map = read_npy(&analysis.join("umap.npy"))?;
    if map.nrows() != input.songs.len() || map.ncols() < 2 {
        let (songs, shape) = (input.songs.len(), map.dim());
        bail!("{}: shape {shape:?}, expected ({songs}, 2)", analysis.join("umap.npy").display());
    }
    for (song, place) in input.songs.iter_mut().zip(map.rows()) {
        song.map = [place[0], place[1]];
    }
    input.read_analysis(&analysis)?;
    if let Some(project) = &arguments.project {
        input.read_history(&project.join("model/history.csv"))?;
        input.read_scores(&analysis.join("scores.json"))?;
    }
    if let Some(images) = arguments.images.as_ref().or(images.as_ref()) {
        show_sound(&mut input, images, &page)?;
    }
    let written = write(&arguments.out, &input, progress)?;
    for figure in &written.left_out {
        println!("left out   {}: {}", figure.figure, figure.why);
    }
    println!("songs      {}", input.songs.len());
    println!("files      {}", written.files.len());
    println!("written    {}", arguments.out.join("index.html").display());
    Ok(())
}

/// Keeps the songs that have a vector: the rows of the analysis.
fn keep_analysed(input: &mut ReportInput, table: &Path) -> Result<()> {
    let rows = ReportInput::read_songs(table, Path::new("")).context("the songs with vectors")?;
    let ids: HashSet<&str> = rows.songs.iter().map(|song| song.id.as_str()).collect();
    input.songs.retain(|song| ids.contains(song.id.as_str()));
    Ok(())
}

/// Links the images, and takes from them one song's spectrogram and the clusters' mean spectra.
fn show_sound(input: &mut ReportInput, folder: &Path, page: &Path) -> Result<()> {
    // Columns of a song that its mean spectrum is taken from: more say nothing more.
    const COLUMNS: usize = 2_000;
    let store = Store::new(folder);
    let parameters = store.parameters()?;
    let range_db = f64::from(parameters.range_db);
    input.frequencies = Some((parameters.f_min, parameters.f_max));
    input.columns_per_second = Some(parameters.columns_per_second);
    let pixels = store.pixels()?;
    let rows = pixels.rows();
    let known: HashMap<&str, usize> =
        pixels.ids().iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let places: Vec<usize> = input
        .songs
        .iter()
        .map(|song| {
            let place = known.get(song.id.as_str()).copied();
            place.with_context(|| format!("{} has no image of {}", folder.display(), song.id))
        })
        .collect::<Result<_>>()?;
    for song in &mut input.songs {
        song.image = Some(link(page, &std::path::absolute(store.image(&song.id))?));
    }
    input.spectrogram = input.typical_song().map(|song| Spectrogram {
        song,
        pixels: pixels.song(places[song]).to_vec(),
        rows,
        range_db,
    });
    let level = |place: &usize| -> Vec<f64> {
        let step = pixels.columns(*place).div_ceil(COLUMNS).max(1);
        let columns = pixels.song(*place).chunks_exact(rows).step_by(step);
        let count = columns.len().max(1) as f64;
        let mut sums = vec![0_u64; rows];
        for column in columns {
            sums.iter_mut().zip(column).for_each(|(sum, &grey)| *sum += u64::from(grey));
        }
        sums.iter().map(|&sum| (sum as f64 / count / 255.0 - 1.0) * range_db).collect()
    };
    let clusters: Vec<i32> = input.songs.iter().map(|song| song.cluster).collect();
    input.spectra = MeanSpectrum::of_clusters(&clusters, places.iter().map(level))?;
    Ok(())
}
