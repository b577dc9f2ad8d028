//! All stages from audio files to the report, over one project folder.
//!
//! A [`Pipeline`] only composes the stages: each reads the files of the stages before it and writes
//! files of its own, so each can be run by itself and repeated. See [`Step`] for the files.

mod analysis;
mod parameters;
mod report;
mod training;
mod untrained;

use std::fmt;
use std::path::{Path, PathBuf};

use songscape_audio::{Library, LibraryParams, Limits, Store};
use songscape_project::{
    Failure, Field, Progress, Project, SongTable, Source, Stage, State, counted, hash_file,
};
use songscape_resnet::{Model, Origin};
use tch::Device;

pub use parameters::Parameters;
pub use songscape_analysis::study::{Scores, StudyParams};

pub use crate::error::{Error, Result};
use crate::processes::Processes;
use crate::training::MODEL;
use crate::vectors::{Embedding, Images, Keep, Meant, read_ids};

/// The music to analyse.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The embedded demo music, made in the folder `music` of the project.
    Demo,
    /// A folder of music, a manifest (CSV) or a playlist (M3U).
    Library(PathBuf),
}

/// The stages, in the order in which each needs the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// `songs.csv`: one row per song; `duplicates.csv`: what is listed more than once; `remarks.csv`:
    /// oddities of songs.
    Catalog,
    /// `spectrograms/ID.png`: the images.
    Spectrograms,
    /// `model/model.safetensors`: the trained encoder.
    Training,
    /// `vectors/`: a vector per song, and one per 64 columns in `features/ID.npy`.
    Vectors,
    /// `analysis/`: map, clusters, years, scores.
    Analysis,
    /// `report/`: figures and the page.
    Report,
}

impl Step {
    /// All stages, in order.
    pub const ALL: [Self; 6] = [
        Self::Catalog,
        Self::Spectrograms,
        Self::Training,
        Self::Vectors,
        Self::Analysis,
        Self::Report,
    ];

    /// As in messages and `failures.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Spectrograms => "spectrograms",
            Self::Training => "training",
            Self::Vectors => "vectors",
            Self::Analysis => "analysis",
            Self::Report => "report",
        }
    }
}

/// One line on what a stage did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary(String);

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stages over one project folder.
#[derive(Debug)]
pub struct Pipeline {
    processes: Processes,
    project: Project,
    input: Input,
    parameters: Parameters,
    device: Device,
    threads: usize,
    /// For the analysis, which works on the pool that it is called from.
    pool: rayon::ThreadPool,
}

impl Pipeline {
    /// Opens (or makes) a project folder. `threads` bounds the CPU threads of all stages; libtorch
    /// counts them for the whole process.
    ///
    /// # Errors
    /// [`Error::Resnet`] for a given model that cannot be read, or that names the parameters of its images
    /// that differ, and for a network that cannot be built; [`Error::Contrastive`] for a training that cannot be
    /// done; [`Error::Parameter`] for vectors that the project does not have; [`Error::Project`] when another
    /// process works on the folder or it cannot be made;
    /// [`Error::Threads`] when the system does not give so many threads.
    pub fn new(
        folder: impl AsRef<Path>,
        input: Input,
        parameters: Parameters,
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        Self::new_in(Processes::Alone, folder, input, parameters, device, threads)
    }

    /// [`new`](Self::new) for several processes with one folder, which all of them can read. They train
    /// together; everything else is done by the first one, while the others wait. Only the first one writes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_in(
        processes: Processes,
        folder: impl AsRef<Path>,
        input: Input,
        parameters: Parameters,
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        // Whatever can be refused is refused before hours of images.
        if let Some(model) = &parameters.model {
            let model = model.load(Device::Cpu)?;
            model.check_images(&parameters.images)?;
            let (found, expected) = (parameters.images.rows, model.config().rows);
            if found != expected {
                return Err(songscape_contrastive::Error::Rows { found, expected }.into());
            }
        } else if !parameters.no_training {
            parameters.encoder.check()?;
            parameters.training.check()?;
        }
        let project =
            if processes.is_first() { Project::open(folder)? } else { Project::beside(folder) };
        let threads = threads.max(1);
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| Error::Threads { threads, source })?;
        let made = Self { processes, project, input, parameters, device, threads, pool };
        if made.is_first() {
            made.wanted()?;
        }
        Ok(made)
    }

    /// Runs one stage, or finds it done.
    ///
    /// # Errors
    /// As the stage's crate says; [`Error::is_interrupted`] when `progress` asked to stop; [`Error::C10d`] when
    /// several processes lost each other, or the first one failed.
    pub fn run(&self, step: Step, progress: &dyn Progress) -> Result<Summary> {
        let all = &self.processes;
        let summary = match step {
            Step::Catalog => all.first(|| self.catalog(progress))?,
            Step::Spectrograms => all.first(|| self.spectrograms(progress))?,
            Step::Training => Some(self.training(progress)?),
            Step::Vectors => all.first(|| self.vectors(progress))?,
            Step::Analysis => all.first(|| self.pool.install(|| self.analysis(progress)))?,
            Step::Report => all.first(|| self.report(progress))?,
        };
        Ok(Summary(summary.unwrap_or_else(|| "done by the first process".into())))
    }

    /// Whether this process is the one that writes.
    pub fn is_first(&self) -> bool {
        self.processes.is_first()
    }

    /// The number of inputs that failed, all of them listed in `failures.csv`.
    ///
    /// # Errors
    /// [`Error::Project`] when the list cannot be read.
    pub fn failures(&self) -> Result<usize> {
        Ok(Failure::read_all(self.failure_list())?.len())
    }

    fn failure_list(&self) -> PathBuf {
        self.project.path("failures.csv")
    }

    fn songs_table(&self) -> PathBuf {
        self.project.path("songs.csv")
    }

    fn store(&self) -> Store {
        Store::new(self.project.path("spectrograms"))
    }

    fn catalog(&self, progress: &dyn Progress) -> Result<String> {
        let source = match &self.input {
            Input::Demo => songscape_synth::write_library(
                self.project.path("music"),
                &self.parameters.demo_music,
                self.threads,
                progress,
            )?,
            Input::Library(path) => path.clone(),
        };
        let params = LibraryParams {
            known_tags: Some(self.project.path("tags.csv")),
            known_failures: Some(self.failure_list()),
            ..self.parameters.library.clone()
        };
        let library = Library::open(&source, &params, progress)?;
        library.write(self.project.root())?;
        let Library { catalog, failures, remarks, duplicates, .. } = library;
        match failures.len() {
            _ if !catalog.songs.is_empty() => {}
            0 => return Err(Error::NoMusic { path: source }),
            listed => return Err(Error::NoSongs { listed, failures: self.failure_list() }),
        }
        let dated = catalog.songs.iter().filter(|song| song.year.is_some()).count();
        let remarks = match remarks.len() {
            0 => String::new(),
            count => format!(", {}", counted(count, "remark")),
        };
        Ok(format!(
            "{}, {dated} with a year, {} left out as duplicates, {} failed{remarks}",
            counted(catalog.songs.len(), "song"),
            duplicates.iter().filter(|duplicate| duplicate.is_left_out()).count(),
            failures.len()
        ))
    }

    fn spectrograms(&self, progress: &dyn Progress) -> Result<String> {
        let table = self.songs_table();
        let catalog = SongTable::read(&table)?;
        catalog.require(&[Field::Id, Field::Path], &table)?;
        let folder = self.project.path("spectrograms");
        let images = &self.parameters.images;
        let made =
            Store::make(&catalog, &folder, images, &Limits::default(), self.threads, progress)?;
        made.record(self.project.root())?;
        if made.images.is_empty() {
            let failures = self.failure_list();
            return Err(Error::NoSongs { listed: catalog.songs.len(), failures });
        }
        let seconds: f64 = made.images.iter().map(|image| image.seconds).sum();
        Ok(format!(
            "{} of {:.1} h of music, {} made before, {}, {} failed",
            counted(made.images.len(), "image"),
            seconds / 3600.0,
            made.skipped_existing,
            counted(made.duplicates.len(), "duplicate"),
            made.failures.len()
        ))
    }

    fn vectors(&self, progress: &dyn Progress) -> Result<String> {
        if self.is_untrained()? {
            return self.untrained_vectors(progress);
        }
        let weights = self.project.path("model").join(MODEL);
        let made = Meant::by(&Origin::read(&weights)?);
        let inputs = [("images", self.store().fingerprint()?), ("model", hash_file(&weights)?)];
        let stage = Stage::open(self.project.path("vectors"), VECTORS_VERSION, &made, &inputs)?;
        if stage.state() == State::Done {
            let songs = counted(read_ids(stage.folder())?.len(), "song");
            return Ok(format!("{songs}, done before"));
        }
        let model = Model::load(&weights, self.device)?;
        let images = Images::open(&self.store())?;
        let keep = Keep::Features(stage.folder().into());
        let vectors = Embedding::new(&model).compute(&images, &Source::ALL, &keep, progress)?;
        Failure::record(self.failure_list(), Step::Vectors.name(), &vectors.left_out)?;
        if vectors.ids.is_empty() {
            let failures = self.failure_list();
            return Err(Error::NoSongs { listed: vectors.left_out.len(), failures });
        }
        vectors.write(stage.folder())?;
        let made_again = again(&stage);
        stage.finish()?;
        let width = made.pooling.width(model.config().channels());
        Ok(format!("{}, {width} numbers each{made_again}", counted(vectors.ids.len(), "song")))
    }
}

/// Raised when the same images come to have other vectors, or vectors by other sources.
const VECTORS_VERSION: u32 = 4;

/// Why a stage was made again, for its summary; nothing where it was not.
fn again(stage: &Stage) -> String {
    let names = stage.changes().iter().map(|change| change.field.trim_start_matches("inputs."));
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", made again for its {}", names.join(", "))
    }
}
