//! The report of an analysis: figures, tables and the map: `report -- PROJECT --out DIR`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use songscape::project::{Progress, SongTable};
use songscape::report::{ReportInput, write};
use songscape::{Error, report_input};
use songscape_examples::{Bars, print, start};

/// Draw the figures and the interactive map of an analysis.
///
/// What the analysis has no data for is left out, with a line that says why.
///
/// Exit codes: 0 done; 1 fatal; 2 usage; 130 interrupted.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The project folder of a song_map run; or use --analysis and --catalog
    #[arg(required_unless_present = "analysis")]
    project: Option<PathBuf>,
    /// The folder of an analysis (umap.npy and tables), instead of a project
    #[arg(long, requires = "catalog", conflicts_with = "project")]
    analysis: Option<PathBuf>,
    /// The songs of the analysis, row by row: a table with the columns id, path, title, artist, year
    /// and any others
    #[arg(long, requires = "analysis")]
    catalog: Option<PathBuf>,
    /// The folder of the spectrogram images, for an analysis; a project has its own
    #[arg(long, value_name = "DIR", requires = "analysis")]
    images: Option<PathBuf>,
    /// Where the audio is when the page is opened: the URL or path of the folder that contains all songs
    #[arg(long, value_name = "URL|PATH")]
    audio_base: Option<String>,
    /// Copy the audio beside the page, so that both can be moved together
    #[arg(long, conflicts_with = "audio_base")]
    copy_audio: bool,
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

fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<(), Error> {
    let Arguments { project, analysis, catalog, images, out, .. } = arguments;
    let (input, songs) = match (project, analysis, catalog) {
        (Some(project), ..) if same(project, out) => {
            let expected = "another folder than that of the project";
            return Err(Error::parameter("out", out.display(), expected));
        }
        (Some(project), ..) => {
            (report_input::of_project(project, out)?, report_input::songs_of_project(project))
        }
        (None, Some(analysis), Some(catalog)) => {
            let input = report_input::of_analysis(analysis, catalog, images.as_deref(), out)?;
            (input, catalog.clone())
        }
        _ => unreachable!("the arguments require a project, or an analysis with a catalog"),
    };
    let mut input = ReportInput { title: arguments.title.clone(), ..input };
    if let Some(base) = &arguments.audio_base {
        input.link_audio_below(base, &SongTable::read(songs)?, out)?;
    } else if arguments.copy_audio {
        let missing = input.copy_audio(&SongTable::read(songs)?, out, progress)?;
        for file in &missing {
            print(format_args!("not copied {}: it is not there", file.display()))?;
        }
    }
    let written = write(out, &input, progress)?;
    for figure in &written.left_out {
        print(format_args!("left out   {}: {}", figure.figure, figure.why))?;
    }
    print(format_args!("songs      {}", input.songs.len()))?;
    print(format_args!("files      {}", written.files.len()))?;
    print(format_args!("written    {}", out.join("index.html").display()))
}

/// Whether two paths name one folder.
fn same(a: &PathBuf, b: &PathBuf) -> bool {
    matches!((std::path::absolute(a), std::path::absolute(b)), (Ok(a), Ok(b)) if a == b)
}
