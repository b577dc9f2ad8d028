#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser as _;
use songscape::audio::Store;
use songscape::project::{Project, Silent};
use songscape_examples::{End, exit_code};

use crate::{Arguments, run};

/// The arguments of a process that is the program, one a line.
const ARGUMENTS: &str = "SONGSCAPE_TEST_ARGUMENTS";

/// Not a test of its own: the program, in a process with exit code and environment.
#[test]
fn program() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    let code = match run(&Arguments::parse_from(arguments.lines()), &Silent) {
        Ok(End::Done) => 0,
        Ok(End::LeftOut { .. }) => 3,
        Err(error) => {
            eprintln!("{error}");
            exit_code(&error)
        }
    };
    std::process::exit(code.into());
}

/// Six seconds of music in six files, of which two are one recording, and a file of words.
struct Library {
    folder: tempfile::TempDir,
}

impl Library {
    fn new() -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        let music = library.path("music");
        fs::create_dir(&music).unwrap();
        for song in 0..6 {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 22_050,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            let mut wav =
                hound::WavWriter::create(music.join(format!("{song}.wav")), spec).unwrap();
            // The last is the first again.
            let pitch = 0.03 * f64::from(song % 5 + 1);
            for i in 0..22_050 {
                wav.write_sample(((f64::from(i) * pitch).sin() * 9e3) as i16).unwrap();
            }
            wav.finalize().unwrap();
        }
        fs::write(music.join("words.mp3"), "These are words.").unwrap();
        library
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these arguments, of which `OUT` is the store.
    fn command(&self, arguments: &str) -> Command {
        let own = |name| self.path(name).display().to_string();
        let line = format!("images {arguments}").replace("OUT", &own("store"));
        let line = line.replace("LIBRARY", &own("music"));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tests::program", "--nocapture"]);
        command.env(ARGUMENTS, line.split(' ').collect::<Vec<_>>().join("\n"));
        command
    }

    fn images(&self, arguments: &str) -> (i32, String) {
        ended(&self.command(arguments).output().unwrap())
    }
}

/// Exit code and message.
fn ended(output: &Output) -> (i32, String) {
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    (output.status.code().unwrap(), message)
}

/// The tables, and the pixels of each song.
fn contents(store: &Path) -> Vec<Vec<u8>> {
    let tables = ["songs.csv", "failures.csv", "duplicates.csv"];
    let tables = tables.iter().map(|name| fs::read(store.join(name)).unwrap());
    let pixels = Store::new(store).pixels().unwrap();
    tables.chain((0..pixels.len()).map(|song| pixels.song(song).to_vec())).collect()
}

#[test]
fn exit_codes_tell_an_engine_what_to_do() {
    let library = Library::new();
    // The table is made before.
    let (code, message) = library.images("--out OUT --shard 0/3");
    assert_eq!(code, 2, "{message}");
    assert!(message.contains("songs.csv, expected a file, such as `images LIBRARY"), "{message}");
    assert_eq!(library.images("LIBRARY --out OUT --list").0, 0);
    for wrong in ["3/3", "x", "--merge"] {
        assert_eq!(library.images(&format!("--out OUT --shard {wrong}")).0, 2, "{wrong}");
    }
    assert_eq!(library.images("--out OUT").0, 2, "no library");
    let (code, message) = library.images("LIBRARY --out OUT/songs.csv");
    assert_eq!(code, 2, "{message}");
    assert!(
        message.contains("songs.csv' for '--out <STORE>': a file, expected a folder"),
        "{message}"
    );
    // A bad song is a row; that of the others is none of its business.
    assert_eq!(library.images("--out OUT --shard 2/3"), (0, String::new()));
    let (code, message) = library.images("--out OUT --merge");
    assert_eq!(code, 1);
    assert!(message.ends_with("missing: 0/3, 1/3"), "{message}");
    // Other parameters: not to be tried again. A folder that another process holds: to be tried again.
    let (code, message) = library.images("--out OUT --shard 2/3 --range 70");
    assert_eq!(code, 2);
    assert!(message.contains("range_db is 60.0, asked for 70.0"), "{message}");
    let held = Project::open(library.path("store/shards/1-of-3")).unwrap();
    assert_eq!(library.images("--out OUT --shard 1/3").0, 1);
    drop(held);
    // Whose number is in the environment.
    for (name, index) in [("SLURM_ARRAY_TASK_ID", "0"), ("JOB_COMPLETION_INDEX", "1")] {
        let mut command = library.command("--out OUT --shard 3");
        assert_eq!(ended(&command.env(name, index).output().unwrap()), (0, String::new()));
    }
    let (code, message) = library.images("--out OUT --merge");
    assert_eq!(code, 3, "{message}");
    assert_eq!(Store::new(library.path("store")).pixels().unwrap().len(), 5);
}

#[test]
fn gnu_parallel_makes_what_one_run_makes() {
    let there = Command::new("parallel").arg("--version").output();
    if !there.is_ok_and(|output| output.stdout.starts_with(b"GNU parallel")) {
        eprintln!("skipped: GNU parallel is not installed");
        return;
    }
    let library = Library::new();
    assert_eq!(library.images("LIBRARY --out OUT --list").0, 0);
    let whole = library.path("whole");
    assert_eq!(library.images(&format!("LIBRARY --out {}", whole.display())).0, 3);

    let log = library.path("jobs.log");
    // images --out STORE --shard {}/4
    let (store, program) = (library.path("store"), std::env::current_exe().unwrap());
    let arguments = format!("$(printf 'images\\n--out\\n{}\\n--shard\\n{{}}/4')", store.display());
    let line = format!(
        "{ARGUMENTS}=\"{arguments}\" {} --exact tests::program --nocapture",
        program.display()
    );
    let mut parallel = Command::new("parallel");
    parallel.args(["--will-cite", "--jobs", "2", "--retries", "3", "--joblog"]).arg(&log).arg(line);
    let output =
        parallel.args([":::", "0", "1", "2", "3"]).env("SHELL", "/bin/sh").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 5);
    assert_eq!(library.images("--out OUT --merge").0, 3);
    let (found, expected) = (contents(&library.path("store")), contents(&whole));
    assert_eq!(found.len(), 3 + 5);
    assert!(found == expected);
}

#[cfg(all(unix, feature = "object-store"))]
#[test]
fn parts_that_are_elsewhere_are_joined_here() {
    let library = Library::new();
    assert_eq!(library.images("LIBRARY --out OUT --list").0, 0);
    let there = format!("file://{}", library.path("there").display());
    for shard in ["0/2", "1/2"] {
        let put = library.images(&format!("--out OUT --shard {shard} --put {there}"));
        assert_eq!(put, (0, String::new()));
    }
    fs::remove_dir_all(library.path("store/shards")).unwrap();
    assert_eq!(library.images("--out OUT --merge").0, 1);
    assert_eq!(library.images(&format!("--out OUT --merge --get {there}")).0, 3);
    assert_eq!(Store::new(library.path("store")).pixels().unwrap().len(), 5);
    let (code, message) = library.images("--out OUT --shard 0/2 --put https://h/x");
    assert_eq!(code, 2, "{message}");
    assert_eq!(library.images("LIBRARY --out OUT --put file:///x").0, 2, "no part");

    // Songs at a server that nobody has started.
    let manifest = library.path("manifest.csv");
    fs::write(&manifest, "path,title,artist\nhttp://127.0.0.1:1/a.wav,A,B\n").unwrap();
    let line = format!("{} --out {}", manifest.display(), library.path("other").display());
    let (code, message) = library.images(&line);
    assert_eq!(code, 3, "it may not leave the folder: {message}");
    let mut command = library.command(&format!("{line} --outside"));
    let (code, message) = ended(&command.env("SONGSCAPE_OBJECT_RETRIES", "0").output().unwrap());
    assert_eq!(code, 1);
    assert!(message.contains("http://127.0.0.1:1/a.wav: "), "{message}");
}
