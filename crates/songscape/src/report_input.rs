//! What a [report](songscape_report) shows, from the files of a project or of an analysis: the same
//! figures in either case.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use ndarray::{Array2, s};
use serde::Deserialize;
use serde_json::json;
use songscape_analysis::study::Scores;
use songscape_analysis::vectors::read_npy;
use songscape_audio::Store;
use songscape_project::{Failure, Record, SongTable, Source, level_db, read_json, read_rows};
use songscape_report::{
    LeftOutSongs, MeanSpectrum, MethodStage, Methods, ReportInput, SongFlow, Spectrogram, link,
    mean_levels_db,
};

use crate::error::{Error, Result};

/// The table of the analysed songs in the folder of a project's analysis, row by row.
pub(crate) const SONGS: &str = "songs.csv";

/// The stages of a project that have a record, in order.
const STAGES: [&str; 4] = ["spectrograms", "model", "vectors", "analysis"];

/// All that a project has to show. Links start from `page`, the folder of the report.
///
/// # Errors
/// [`Error::Project`] and [`Error::Analysis`] name the file of an earlier stage that is missing or not
/// as expected; [`Error::Input`] when files do not belong together.
pub fn of_project(project: impl AsRef<Path>, page: impl AsRef<Path>) -> Result<ReportInput> {
    let (project, page) = (project.as_ref(), &absolute(page.as_ref())?);
    let analysis = project.join("analysis");
    let mut input = of_tables(&SongTable::read(songs_of_project(project))?, &analysis, page)?;
    // A model that was trained elsewhere has none.
    let history = project.join("model/history.csv");
    if history.is_file() {
        input.read_history(history)?;
    }
    // The first half of the row statistics: the mean grey of each row.
    let statistics = read_npy(Source::RowStatistics.file(project.join("vectors")))?;
    let rows = statistics.ncols() / 2;
    let means = statistics.slice_move(s![.., ..rows]);
    show_images(&mut input, &Store::new(project.join("spectrograms")), Some(means), page)?;
    input.methods = methods(project, &input)?;
    Ok(input)
}

/// The table of the songs that a project's report shows, row by row.
pub fn songs_of_project(project: impl AsRef<Path>) -> PathBuf {
    project.as_ref().join("analysis").join(SONGS)
}

/// All that an analysis has to show, wherever its vectors came from. The songs of `catalog` are those of
/// the vectors, row by row. Sound is shown where there is a store of images.
///
/// # Errors
/// As [`of_project`].
pub fn of_analysis(
    analysis: impl AsRef<Path>,
    catalog: impl AsRef<Path>,
    images: Option<&Path>,
    page: impl AsRef<Path>,
) -> Result<ReportInput> {
    let page = &absolute(page.as_ref())?;
    let mut input = of_tables(&SongTable::read(catalog)?, analysis.as_ref(), page)?;
    if let Some(images) = images {
        show_images(&mut input, &Store::new(images), None, page)?;
    }
    input.methods.version = env!("CARGO_PKG_VERSION").into();
    input.methods.stages.extend(input.scores.as_ref().map(stage_of_scores));
    Ok(input)
}

/// The songs with their places on the map, and the tables of the analysis.
fn of_tables(songs: &SongTable, analysis: &Path, page: &Path) -> Result<ReportInput> {
    let mut input = ReportInput::of_songs(songs, page);
    let file = analysis.join("umap.npy");
    let map = read_npy(&file)?;
    if map.nrows() != input.songs.len() || map.ncols() < 2 {
        let reason = format!("shape {:?}, expected ({}, 2)", map.dim(), input.songs.len());
        return Err(Error::input(file, reason));
    }
    for (song, place) in input.songs.iter_mut().zip(map.rows()) {
        song.map = [place[0], place[1]];
    }
    input.read_analysis(analysis)?;
    Ok(input)
}

/// Links the images, and takes from them one song's spectrogram and the clusters' mean spectra. `means`
/// are the songs' mean grey levels `[songs, rows]`, where they are known.
fn show_images(
    input: &mut ReportInput,
    store: &Store,
    means: Option<Array2<f32>>,
    page: &Path,
) -> Result<()> {
    let (params, pixels) = (store.parameters()?, store.pixels()?);
    let range_db = f64::from(params.range_db);
    input.frequencies = Some((params.f_min, params.f_max));
    input.columns_per_second = Some(params.columns_per_second);
    let known: HashMap<&str, usize> =
        pixels.ids().iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let place = |id: &str| {
        let found = known.get(id).copied();
        found.ok_or_else(|| Error::input(store.folder(), format!("no image of {id}")))
    };
    let places: Vec<usize> =
        input.songs.iter().map(|song| place(&song.id)).collect::<Result<_>>()?;
    for song in &mut input.songs {
        song.image = Some(link(page, absolute(&store.image(&song.id))?));
    }
    input.spectrogram = input.typical_song().map(|song| Spectrogram {
        song,
        pixels: pixels.song(places[song]).to_vec(),
        rows: pixels.rows(),
        range_db,
    });
    let levels: Vec<Vec<f64>> = match means {
        Some(means) => {
            let level = |&grey: &f32| level_db(grey.into(), range_db);
            means.rows().into_iter().map(|row| row.iter().map(level).collect()).collect()
        }
        None => {
            let rows = pixels.rows();
            places.iter().map(|&place| mean_levels_db(pixels.song(place), rows, range_db)).collect()
        }
    };
    let clusters: Vec<i32> = input.songs.iter().map(|song| song.cluster).collect();
    input.spectra = MeanSpectrum::of_clusters(&clusters, levels)?;
    Ok(())
}

/// What made the stages of a project, and where its songs went.
fn methods(project: &Path, input: &ReportInput) -> Result<Methods> {
    let stages: Vec<MethodStage> = STAGES
        .into_iter()
        .filter_map(|name| Some((name, Record::read(project.join(name)).ok()?)))
        .map(|(name, record)| MethodStage {
            name: name.into(),
            version: Some(record.version),
            software: record.songscape,
            parameters: record.parameters,
            inputs: record.inputs,
            finished: written(&Record::file(project.join(name))),
            counts: match name {
                "model" => BTreeMap::from([("steps".into(), input.history.len() as u64)]),
                _ => BTreeMap::new(),
            },
        })
        .chain(input.scores.as_ref().map(stage_of_scores))
        .chain(stage_of_choice(project)?)
        .collect();
    Ok(Methods {
        version: env!("CARGO_PKG_VERSION").into(),
        data_date: written(&project.join("songs.csv")),
        songs: Some(song_flow(project, input.songs.len())?),
        stages,
        ..Methods::default()
    })
}

/// The sizes and seeds that a study chose by the number of songs.
fn stage_of_scores(scores: &Scores) -> MethodStage {
    MethodStage {
        name: "map, clusters and years".into(),
        software: env!("CARGO_PKG_VERSION").into(),
        parameters: json!({
            "seed": scores.seed,
            "map": scores.map.as_ref().map(|map| &map.params),
            "clusters": scores.clusters.as_ref().map(|found| json!({ "on": found.on, "hdbscan": found.params })),
            "years": scores.years.as_ref().map(|years| &years.params),
        }),
        counts: BTreeMap::from([("songs".into(), scores.songs as u64)]),
        ..MethodStage::default()
    }
}

/// Which vectors the map is of, and what they were chosen by.
fn stage_of_choice(project: &Path) -> Result<Option<MethodStage>> {
    let file = project.join("analysis/studied").join(Source::CHOICE);
    let choice = file.is_file().then(|| read_json(file)).transpose()?;
    Ok(choice.map(|parameters| MethodStage {
        name: "choice of vectors".into(),
        software: env!("CARGO_PKG_VERSION").into(),
        parameters,
        ..MethodStage::default()
    }))
}

/// Where the songs of a catalog went.
fn song_flow(project: &Path, shown: usize) -> Result<SongFlow> {
    #[derive(Deserialize)]
    struct Decision {
        decision: String,
    }
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for failure in Failure::read_all(project.join("failures.csv"))? {
        *left_out.entry(format!("failed in the stage {}", failure.stage)).or_default() += 1;
    }
    let duplicates: Vec<Decision> = read_rows(project.join("duplicates.csv"))?;
    let duplicates = duplicates.iter().filter(|found| found.decision == "left-out").count();
    if duplicates > 0 {
        left_out.insert("left out as duplicates".into(), duplicates);
    }
    let lost: usize = left_out.values().sum();
    let left_out =
        left_out.into_iter().map(|(reason, songs)| LeftOutSongs { reason, songs }).collect();
    Ok(SongFlow { found: shown + lost, shown, left_out })
}

/// When a file was written, in UTC.
fn written(file: &Path) -> Option<String> {
    let time = std::fs::metadata(file).and_then(|file| file.modified()).ok()?;
    Some(humantime::format_rfc3339_seconds(time).to_string())
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(Error::io(path))
}
