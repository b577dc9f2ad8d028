//! A process of its own that makes images: stores and credentials are in its environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use songscape_audio::{
    Error, ImageParams, Library, LibraryParams, Limits, Made, Objects, SongTable, Store,
};
use songscape_project::{Progress, Shard, Silent};

/// Names the folder that the process works in, and what it does there.
const FOLDER: &str = "SONGSCAPE_TEST_FOLDER";
const JOB: &str = "SONGSCAPE_TEST_JOB";

/// The credentials.
pub const KEY: &str = "name-of-the-key";
pub const SECRET: &str = "secret-of-the-key";

/// The environment for a store that speaks as Amazon's does, on this machine.
pub fn amazon(port: u16) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT", format!("http://127.0.0.1:{port}")),
        ("AWS_ALLOW_HTTP", "true".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", KEY.into()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.into()),
        ("SONGSCAPE_OBJECT_RETRIES", "2".into()),
    ]
}

/// What the process does, if this is one: to be called by a test named `program`.
pub fn run_if_asked() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let job = std::env::var(JOB).unwrap();
    let told = match run(&folder, &job) {
        Ok(told) => told,
        Err(error) => format!("{:?}: {error}\n", error.kind()),
    };
    fs::write(folder.join("told.txt"), told).unwrap();
}

/// Runs such a process in a folder and returns what it told. The jobs:
///
/// - `make`: the images of `manifest.csv`, in `store`; `list` makes its table only;
/// - `interrupt`: the same, interrupted after 0.3 s;
/// - `shard I/N URL`: a part of `songs.csv`, which is put to a store;
/// - `merge URL`: all parts, got from there.
pub fn program(folder: &Path, job: &str, variables: &[(&str, String)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        let own = ["AWS_", "AZURE_", "GOOGLE_", "SONGSCAPE_OBJECT_"];
        if own.iter().any(|start| text.starts_with(start)) || text.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.args(["--exact", "program", "--nocapture"]).env(FOLDER, folder).env(JOB, job);
    let output = command.envs(variables.iter().cloned()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{job}: {said}");
    let told = fs::read_to_string(folder.join("told.txt")).unwrap();
    for text in [&*said, &told] {
        assert!(!text.contains(SECRET) && !text.contains(KEY), "{text}");
    }
    told
}

fn run(folder: &Path, job: &str) -> Result<String, Error> {
    let store = folder.join("store");
    let (params, limits) = (ImageParams::default(), Limits::default());
    let words: Vec<&str> = job.split(' ').collect();
    let table = || SongTable::read(folder.join("songs.csv")).unwrap();
    let made = match words[..] {
        ["list"] => {
            library(folder)?.write(folder)?;
            return Ok(String::new());
        }
        ["make" | "interrupt"] => {
            let impatient = Impatient(Instant::now());
            let progress: &dyn Progress = match job {
                "make" => &Silent,
                _ => &impatient,
            };
            let library = library(folder)?;
            library.write(folder)?;
            let made = Store::make(&library.catalog, &store, &params, &limits, 2, progress)?;
            made.record(&store)?;
            made
        }
        ["shard", shard, address] => {
            let shard: Shard = shard.parse()?;
            let made = Store::make_shard(shard, &table(), &store, &params, &limits, 2, &Silent)?;
            Objects::from_env()?.put_shard(shard, &store, address, true, &Silent)?;
            made
        }
        ["merge", address] => {
            Objects::from_env()?.get_shards(address, &store, &Silent)?;
            let made = Store::merge(&table(), &store)?;
            made.record(&store)?;
            made
        }
        _ => panic!("{job}"),
    };
    Ok(told(&made))
}

fn library(folder: &Path) -> Result<Library, Error> {
    let params = LibraryParams { outside: true, ..LibraryParams::default() };
    Library::open(folder.join("manifest.csv"), &params, &Silent)
}

/// `2 images, 1 there before`, and a line for each failure.
fn told(made: &Made) -> String {
    let mut told =
        format!("{} images, {} there before\n", made.images.len(), made.skipped_existing);
    for failure in &made.failures {
        told += &format!("{}: {}\n", failure.item, failure.reason);
    }
    told
}

/// Interrupts after a while.
struct Impatient(Instant);

impl Progress for Impatient {
    fn interrupted(&self) -> bool {
        self.0.elapsed() > Duration::from_millis(300)
    }
}
