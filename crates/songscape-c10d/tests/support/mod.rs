//! Tests start themselves again, once for each rank.
#![allow(dead_code)] // each test program uses some of it

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use songscape_c10d::{Backend, Place, ProcessGroup, Result};

/// Where a rank writes what came of it; set in processes that are ranks.
const OUT: &str = "SONGSCAPE_TEST_OUT";

/// How long a launch may take before all of it counts as hanging.
const LIMIT: Duration = Duration::from_secs(120);

/// Seconds within which processes that come have met, on a machine that is busy.
pub const MEET: f64 = 60.0;

/// In a process that was started as a rank: that rank.
pub struct Rank {
    pub place: Place,
    out: PathBuf,
}

impl Rank {
    /// `None` in the process that starts the others.
    pub fn this() -> Option<Self> {
        let out = PathBuf::from(std::env::var_os(OUT)?);
        // The work is small: threads would mostly wait for each other.
        tch::set_num_threads(1);
        Some(Self { place: Place::from_env().unwrap().unwrap(), out })
    }

    /// The folder of the launch.
    pub fn folder(&self) -> &Path {
        self.out.parent().unwrap()
    }

    /// Tells what came of this rank.
    pub fn say(&self, text: &str) {
        std::fs::write(&self.out, text).unwrap();
    }

    /// Joins with an empty identity.
    pub fn join(&self, seconds: f64) -> Result<ProcessGroup> {
        self.join_as(&json!({}), seconds)
    }

    /// As [`join`](Self::join), with an identity.
    pub fn join_as(&self, identity: &Value, seconds: f64) -> Result<ProcessGroup> {
        let timeout = Duration::from_secs_f64(seconds);
        ProcessGroup::join(&self.place, Backend::Gloo, identity, timeout)
    }

    /// Tells how an attempt ended, and after how many seconds.
    pub fn end<T>(&self, begin: Instant, result: Result<T>) {
        let text = result.map_or_else(|error| error.to_string(), |_| "done".into());
        self.say(&format!("{:.1} {text}", begin.elapsed().as_secs_f64()));
    }
}

/// Processes of one test.
pub struct Launch {
    test: &'static str,
    pub size: usize,
    pub port: u16,
    folder: tempfile::TempDir,
    children: Vec<Option<Child>>,
}

impl Launch {
    /// For the test of that name; nothing is started yet.
    pub fn new(test: &'static str, size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { test, size, port: free_port(), folder, children: (0..size).map(|_| None).collect() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command that is one rank, to be added to.
    pub fn command(&self, rank: usize) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", self.test]).stdout(Stdio::null());
        for (name, value) in [
            ("RANK", rank.to_string()),
            ("WORLD_SIZE", self.size.to_string()),
            ("LOCAL_RANK", rank.to_string()),
            ("MASTER_ADDR", "127.0.0.1".into()),
            ("MASTER_PORT", self.port.to_string()),
            ("OMP_WAIT_POLICY", "passive".into()),
        ] {
            command.env(name, value);
        }
        command.env(OUT, self.file(rank));
        command
    }

    /// Starts a rank as [`command`](Self::command) gives it.
    pub fn start(&mut self, rank: usize) {
        self.start_with(rank, |_| ());
    }

    pub fn start_with(&mut self, rank: usize, change: impl FnOnce(&mut Command)) {
        let mut command = self.command(rank);
        change(&mut command);
        self.children[rank] = Some(command.spawn().unwrap());
    }

    /// Waits for the ranks that were started, but for some, and returns what they say. Those that are left,
    /// which may be stopped, are killed.
    pub fn finish_without(&mut self, left: &[usize]) -> Vec<String> {
        let end = Instant::now() + LIMIT;
        for rank in (0..self.size).filter(|rank| !left.contains(rank)) {
            let Some(child) = &mut self.children[rank] else { continue };
            while child.try_wait().unwrap().is_none() {
                assert!(Instant::now() < end, "{}: rank {rank} hangs", self.test);
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.kill();
        (0..self.size)
            .map(|rank| std::fs::read_to_string(self.file(rank)).unwrap_or_default())
            .collect()
    }

    /// Waits for all ranks and returns what they say.
    pub fn finish(&mut self) -> Vec<String> {
        self.finish_without(&[])
    }

    /// Starts all ranks, and returns what they say.
    pub fn all(test: &'static str, size: usize) -> Vec<String> {
        let mut launch = Self::new(test, size);
        (0..size).for_each(|rank| launch.start(rank));
        launch.finish()
    }

    /// What a rank has said so far.
    pub fn said(&self, rank: usize) -> bool {
        self.file(rank).exists()
    }

    fn file(&self, rank: usize) -> PathBuf {
        self.folder.path().join(format!("rank-{rank}.txt"))
    }

    fn kill(&mut self) {
        for child in self.children.iter_mut().flatten() {
            // What is over already cannot be killed.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Seconds and text of what [`Rank::end`] said.
pub fn timed(said: &str) -> (f64, &str) {
    let (seconds, text) = said.split_once(' ').unwrap_or_else(|| panic!("said {said:?}"));
    (seconds.parse().unwrap(), text)
}

/// A port that the system gives away, and that nobody has in the next moment.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
