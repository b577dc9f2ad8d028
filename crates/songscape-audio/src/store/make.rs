//! Making the images that are missing.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use songscape_project::{
    Failure, Job, Progress, Project, SongTable, Stage, address, remove_if_there,
};

use super::cache::Cache;
use super::index::{self, Row};
use super::{ImageEntry, Made, STAGE, Store, identical, shards};
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;
use crate::params::ImageParams;
use crate::remote::{Fetched, Remote};
use crate::render::Renderer;
use crate::stamp::Stamp;

/// The version of the stage: raised when the same songs and parameters come to mean other images.
pub(super) const VERSION: u32 = 3;
/// The index is written at least this far apart, and so that writing it takes no more than 5% of
/// the time; what is lost when the process is killed is done again.
const INDEX_EVERY: Duration = Duration::from_secs(2);

impl Store {
    /// Makes the images of all songs of a catalog that have none yet, and the cache of their
    /// pixels, in `folder`. `threads` songs are worked on at a time; the result does not depend on
    /// their number.
    ///
    /// A song that cannot be used is a failure of this song alone. A song that fails by its
    /// content is not opened again until its file or the limits change; one that is missing or may
    /// not be read is tried every time. Images of songs that have left the catalog stay in the
    /// folder but leave the index and the cache. Of songs that sound the same, the one with the first
    /// year has an image, or the first in the catalog; the others are only in the index.
    ///
    /// With the feature `object-store` songs may have addresses. Each is fetched to a file in `folder` for as long as
    /// it is decoded, as the environment says (`ObjectParams::from_env`); a second run asks for the versions of objects
    /// and fetches those that are new or changed. A store that does not answer, throttles to the end or does not take
    /// the credentials is no failure of a song but [`Error::Object`].
    ///
    /// # Errors
    /// [`Error::Interrupted`] when `progress` says so; [`Error::Project`] when another process
    /// works on the folder, when its images were made with other parameters (the fields are
    /// named), or when it cannot be written; [`Error::Sharded`] when they were made by shards; [`Error::DiskSpace`] when the cache would not fit onto
    /// the disk, before it is begun; [`Error::Parameter`] and [`Error::Transform`] for a
    /// parameter outside its range. In all cases what is done is kept.
    pub fn make(
        catalog: &SongTable,
        folder: impl AsRef<Path>,
        params: &ImageParams,
        limits: &Limits,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Made> {
        let folder = folder.as_ref();
        let renderer = Renderer::new(params, limits)?.scratch(folder);
        let _lock = Project::open(folder)?;
        shards::refuse_sharded(folder)?;
        let stage = Stage::open(folder, VERSION, params, &[("songs", fingerprint(catalog))])?;
        let cache = Cache::new(folder, params.rows);
        let remote = Remote::of(catalog)?;
        let mut songs = plan(catalog, folder, limits, params, &remote, progress)?;
        let images = |songs: &[Planned]| -> Vec<ImageEntry> {
            songs.iter().filter_map(|song| song.state.row().and_then(Row::entry)).collect()
        };
        let before: HashSet<String> = images(&songs).into_iter().map(|image| image.id).collect();

        let job = Job::begin(progress, STAGE, songs.len() as u64, "songs");
        let (renderer, remote, cache) = (&renderer, &remote, &cache);
        let work = Work { folder, renderer, remote, limits, cache, job: &job };
        let ended = work.run(&mut songs, threads.max(1));
        drop(job);
        index::write(folder, songs.iter().filter_map(|song| song.state.row()))?;
        ended?;

        let identical::Parted { images, left_out, duplicates } =
            identical::leave_one(catalog, images(&songs));
        cache.make(&images, params, threads.max(1), progress)?;
        for id in left_out {
            remove_if_there(folder.join(format!("{id}.png")))?;
        }
        stage.finish()?;
        let failures = songs.iter().filter_map(Planned::failure).collect();
        let skipped_existing = images.iter().filter(|image| before.contains(&image.id)).count();
        Ok(Made { images, failures, duplicates, skipped_existing })
    }
}

/// What the songs are, whatever their order in time.
pub(super) fn fingerprint(catalog: &SongTable) -> String {
    let mut hasher = blake3::Hasher::new();
    for song in &catalog.songs {
        hasher.update(song.id.as_bytes());
        hasher.update(b"\n");
        hasher.update(song.path.as_os_str().as_encoded_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

/// One song on its way.
struct Planned {
    id: String,
    /// The path as the catalog has it.
    path: String,
    /// The path as tables have it.
    item: String,
    file: PathBuf,
    state: State,
}

enum State {
    /// To be rendered.
    Open(Stamp),
    /// Rendered or refused, in this run or an earlier one.
    Done(Box<Row>),
    /// Refused for a reason that the next run may not find.
    Passing(Problem),
}

impl State {
    fn row(&self) -> Option<&Row> {
        if let Self::Done(row) = self { Some(row) } else { None }
    }
}

impl Planned {
    fn failure(&self) -> Option<Failure> {
        match &self.state {
            State::Done(row) if row.entry().is_none() => {
                Some(Failure::new(STAGE, &self.item, row.reason()))
            }
            State::Passing(problem) => Some(Failure::new(STAGE, &self.item, problem)),
            _ => None,
        }
    }
}

/// Compares the catalog with the index and the images that are there.
fn plan(
    catalog: &SongTable,
    folder: &Path,
    limits: &Limits,
    params: &ImageParams,
    remote: &Remote,
    progress: &dyn Progress,
) -> Result<Vec<Planned>> {
    let mut index = index::read(folder)?;
    // What was never fetched is looked at when it is.
    let known = catalog.songs.iter().filter(|song| index.contains_key(&song.id));
    let known = known.filter_map(|song| Some((song.id.as_str(), address(&song.path)?)));
    let (ids, addresses): (Vec<&str>, Vec<&str>) = known.unzip();
    let stamps = remote.stamps(&addresses, progress)?;
    let mut stamps: HashMap<&str, Result<Stamp, Problem>> = ids.into_iter().zip(stamps).collect();
    let mut present = HashSet::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        present.insert(entry.map_err(Error::io(folder))?.file_name());
    }
    let planned = catalog.songs.iter().map(|song| {
        let file = catalog.file(song);
        let path = song.path.display().to_string();
        let stamp = match address(&file) {
            None => Stamp::of(&file),
            Some(_) => stamps.remove(song.id.as_str()).unwrap_or(Ok(Stamp::UNKNOWN)),
        };
        let state = match stamp {
            Err(problem) => State::Passing(problem),
            Ok(stamp) => match index.remove(&song.id) {
                Some(row) if row.holds(&path, stamp, limits, params) => State::Done(Box::new(row)),
                _ => State::Open(stamp),
            },
        };
        let item = catalog.absolute(&song.path).display().to_string();
        Planned { id: song.id.clone(), path, item, file, state }
    });
    let mut planned: Vec<Planned> = planned.collect();
    // Songs that sound like another one need no image.
    let entries = planned.iter().filter_map(|song| song.state.row().and_then(Row::entry));
    let needed = identical::leave_one(catalog, entries.collect()).images;
    let there = |id: &str| present.contains(OsStr::new(&format!("{id}.png")));
    let missing: HashSet<String> =
        needed.into_iter().map(|image| image.id).filter(|id| !there(id)).collect();
    for song in planned.iter_mut().filter(|song| missing.contains(&song.id)) {
        if let State::Done(row) = &song.state {
            song.state = State::Open(row.stamp());
        }
    }
    Ok(planned)
}

/// What became of one song.
enum Outcome {
    /// The work was to stop before the song was done.
    Stopped,
    /// It has an image, made of the file that looked so.
    Image(ImageEntry, Stamp),
    /// It cannot be used.
    Refused(Problem, Stamp),
}

/// What the workers share.
struct Work<'a> {
    folder: &'a Path,
    renderer: &'a Renderer,
    remote: &'a Remote,
    limits: &'a Limits,
    cache: &'a Cache<'a>,
    job: &'a Job<'a>,
}

impl Work<'_> {
    /// Renders the open songs, one per thread at a time.
    fn run(&self, songs: &mut [Planned], threads: usize) -> Result<()> {
        let planned = songs.iter().enumerate();
        let open = planned.filter_map(|(place, song)| match song.state {
            State::Open(stamp) => {
                Some(Open { place, id: song.id.clone(), file: song.file.clone(), stamp })
            }
            _ => None,
        });
        let open: Vec<Open> = open.collect();
        let done = songs.len() - open.len();
        self.job.advance(done as u64);

        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let (sender, results) = mpsc::channel();
            for _ in 0..threads.min(open.len()) {
                let sender = sender.clone();
                let (open, next, stop) = (&open, &next, &stop);
                scope.spawn(move || self.work(open, next, stop, &sender));
            }
            drop(sender);
            self.collect(songs, done, results, &stop)
        })
    }

    /// What one thread does: one open song after the other.
    fn work(
        &self,
        open: &[Open],
        next: &AtomicUsize,
        stop: &AtomicBool,
        sender: &mpsc::Sender<(usize, Result<Outcome>)>,
    ) {
        let stopped = || stop.load(Ordering::Relaxed) || self.job.interrupted();
        while !stopped() {
            let Some(song) = open.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let outcome = self.song(song, &stopped);
            if matches!(outcome, Ok(Outcome::Image(..) | Outcome::Refused(..))) {
                self.job.advance(1);
            }
            if sender.send((song.place, outcome)).is_err() {
                break;
            }
        }
    }

    /// Takes the outcomes as they come, and writes the index now and then.
    fn collect(
        &self,
        songs: &mut [Planned],
        mut done: usize,
        results: mpsc::Receiver<(usize, Result<Outcome>)>,
        stop: &AtomicBool,
    ) -> Result<()> {
        let mut failed = songs.iter().filter(|song| song.failure().is_some()).count();
        let mut written = Written::now();
        let mut fatal = Ok(());
        for (place, outcome) in results {
            let song = &mut songs[place];
            let settled = outcome.map(|outcome| self.settle(song, outcome));
            if let Ok(true) = settled {
                done += 1;
                if song.failure().is_some() {
                    failed += 1;
                    self.job.message(&format!("{failed} failed"));
                }
            }
            let rows = songs.iter().filter_map(|song| song.state.row());
            let kept = match written.is_due() {
                true => written.time(|| index::write(self.folder, rows)),
                false => Ok(()),
            };
            if let Err(e) = settled.map(drop).and(kept) {
                stop.store(true, Ordering::Relaxed);
                // The first fault counts; others may follow from it.
                fatal = fatal.and(Err(e));
            }
        }
        match fatal {
            Ok(()) if done < songs.len() => Err(Error::Interrupted { done, total: songs.len() }),
            ended => ended,
        }
    }

    /// Renders one song and writes its image.
    fn song(&self, song: &Open, stopped: &dyn Fn() -> bool) -> Result<Outcome> {
        let Some(address) = address(&song.file) else {
            return self.render(&song.id, &song.file, song.stamp, stopped);
        };
        match self.remote.fetch(address, self.folder, stopped)? {
            Fetched::Here(file, stamp) => self.render(&song.id, &file, stamp, stopped),
            Fetched::Refused(problem) => self.refuse(&song.id, problem, song.stamp),
            Fetched::Stopped => Ok(Outcome::Stopped),
        }
    }

    fn render(
        &self,
        id: &str,
        file: &Path,
        stamp: Stamp,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Outcome> {
        match self.renderer.render_unless(file, stopped) {
            Ok(None) => Ok(Outcome::Stopped),
            Ok(Some(mut song)) => {
                self.cache.invalidate()?;
                song.write_png(self.image(id), id)?;
                let entry = ImageEntry {
                    id: id.into(),
                    columns: song.columns(),
                    start: song.start(),
                    seconds: song.seconds(),
                    reference_db: song.grey().reference_db,
                    peak_db: song.peak_db(),
                    rate: song.rate(),
                    channels: song.channels(),
                    skipped_packets: song.skipped_packets(),
                    audio: song.audio_hash().into(),
                    note: song.notes().join("; "),
                };
                Ok(Outcome::Image(entry, stamp))
            }
            Err(Error::Audio { problem, .. }) => self.refuse(id, problem, stamp),
            Err(fatal) => Err(fatal),
        }
    }

    fn refuse(&self, id: &str, problem: Problem, stamp: Stamp) -> Result<Outcome> {
        // The image of what the file was before.
        let image = self.image(id);
        if image.exists() {
            remove_if_there(&image)?;
            self.cache.invalidate()?;
        }
        Ok(Outcome::Refused(problem, stamp))
    }

    fn image(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.png"))
    }

    /// Notes what became of a song. Returns whether it is done.
    fn settle(&self, song: &mut Planned, outcome: Outcome) -> bool {
        song.state = match outcome {
            Outcome::Stopped => return false,
            Outcome::Image(entry, stamp) => {
                State::Done(Box::new(Row::image(&song.path, stamp, &entry)))
            }
            Outcome::Refused(problem, stamp) if problem.is_permanent() => State::Done(Box::new(
                Row::failed(&song.id, &song.path, stamp, self.limits, &problem),
            )),
            Outcome::Refused(problem, _) => State::Passing(problem),
        };
        true
    }
}

/// A song that is to be rendered.
struct Open {
    /// Its place among all songs.
    place: usize,
    id: String,
    file: PathBuf,
    /// How the file looked, if it is on a disk.
    stamp: Stamp,
}

/// When the index was written last, and how long that took.
struct Written {
    at: Instant,
    took: Duration,
}

impl Written {
    fn now() -> Self {
        Self { at: Instant::now(), took: Duration::ZERO }
    }

    fn is_due(&self) -> bool {
        self.at.elapsed() >= INDEX_EVERY.max(self.took * 20)
    }

    fn time<T>(&mut self, write: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let written = write();
        *self = Self { at: Instant::now(), took: start.elapsed() };
        written
    }
}
