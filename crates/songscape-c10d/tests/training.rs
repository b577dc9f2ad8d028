//! Training by several processes: what one process learns, bit for bit where it can be.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use songscape_contrastive::{
    Alone, Augment, Error, Group, Loss, Result, Sampling, Songs, TrainParams, Trained, train_in,
};
use songscape_project::{Progress, Silent};
use songscape_resnet::{EncoderConfig, Origin, Precision};
use support::{Launch, MEET, Rank};
use tch::{Device, Kind, Tensor};

const ROWS: usize = 64;

/// Each song has its own bright rows, on noise.
fn pixels(songs: u32, columns: usize) -> Vec<Vec<u8>> {
    let hash = |x: u32| x.wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(40_503) >> 24;
    let song = |song: u32| {
        let level = |row: usize| hash(1 + song * 1000 + row as u32) / 2;
        let noise = |i: usize| hash(song.wrapping_mul(77_777) + i as u32) / 2;
        (0..ROWS * columns).map(|i| (level(i % ROWS) + noise(i)) as u8).collect()
    };
    (0..songs).map(song).collect()
}

fn params() -> TrainParams {
    TrainParams {
        crop_columns: 64,
        pairs: 8,
        chunk_pairs: 4,
        steps: 6,
        loss: Loss::Dcl { temperature: 0.1 },
        precision: Precision::F32,
        checkpoint_every: 4,
        ..TrainParams::demo()
    }
}

fn run(
    group: &dyn Group,
    params: &TrainParams,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Trained> {
    tch::set_num_threads(1);
    let pixels = pixels(24, 460);
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect())?;
    let encoder = EncoderConfig { rows: ROWS, head_outputs: 16, ..EncoderConfig::narrow(4) };
    train_in(group, &songs, &encoder, params, Origin::default(), Device::Cpu, folder, progress)
}

/// Every loss, with what may come with it.
fn trainings() -> Vec<TrainParams> {
    let held_out = TrainParams { held_out: 0.25, validate_every: 3, ..params() };
    let augment = Augment { gain: 6.0, equalizer: 4.0, time_stretch: 0.1, ..Augment::none() };
    let augment = augment.for_images(ROWS, 50.0, 10_000.0, 80.0);
    let hard = Sampling::Hard { keep: 0.8, neighbors: 1, reach: 3 };
    let published =
        Loss::BinaryNce { temperature: 0.1, queue: 20, momentum: 0.9, norm_weight: 1.0 };
    vec![
        TrainParams { loss: Loss::NtXent { temperature: 0.1 }, ..held_out },
        TrainParams { augment, ..params() },
        TrainParams {
            loss: Loss::Sigmoid { temperature: 0.1, bias: -10.0 },
            precision: Precision::Bf16,
            sampling: hard,
            ..params()
        },
        TrainParams { loss: published, sampling: Sampling::published(), ..params() },
    ]
}

/// The files that say what was learned.
fn learned(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = ["model.safetensors", "best.safetensors", "validation.csv"];
    let read = |name: &str| Some((name.to_owned(), std::fs::read(folder.join(name)).ok()?));
    files.iter().filter_map(|name| read(name)).collect()
}

/// All figures of a history but the seconds.
fn figures(trained: &Trained) -> Vec<[f64; 4]> {
    let steps = trained.history.iter();
    steps.map(|s| [s.loss, s.accuracy, s.gradient_norm, s.learning_rate]).collect()
}

/// Tells the observer of a training to end it, in one way or another.
#[derive(Default)]
struct Watch {
    steps: AtomicUsize,
    abort_at: Option<usize>,
    stop_at: Option<usize>,
    messages: Mutex<Vec<String>>,
}

impl Progress for Watch {
    fn advance(&self, n: u64) {
        let steps = n as usize + self.steps.fetch_add(n as usize, Ordering::Relaxed);
        if self.abort_at.is_some_and(|at| steps >= at) {
            std::process::abort();
        }
    }
    fn message(&self, text: &str) {
        self.messages.lock().unwrap().push(text.into());
    }
    fn interrupted(&self) -> bool {
        self.stop_at.is_some_and(|at| self.steps.load(Ordering::Relaxed) >= at)
    }
}

#[test]
fn two_processes_end_with_the_bits_of_one() {
    const NAME: &str = "two_processes_end_with_the_bits_of_one";
    let folder = |folder: &Path, number: usize| folder.join(format!("training-{number}"));
    if let Some(rank) = Rank::this() {
        let group = rank.join(MEET).unwrap();
        for (number, params) in trainings().iter().enumerate() {
            let own = folder(rank.folder(), number);
            let trained = run(&group, params, &own, &Silent).unwrap();
            let figures = format!("{:?}", figures(&trained));
            std::fs::write(own.join(format!("rank-{}.txt", rank.place.rank)), figures).unwrap();
        }
        return rank.say("done");
    }
    let mut launch = Launch::new(NAME, 2);
    (0..2).for_each(|rank| launch.start(rank));
    assert_eq!(launch.finish(), ["done"; 2]);
    for (number, params) in trainings().iter().enumerate() {
        let alone = tempfile::tempdir().unwrap();
        let trained = run(&Alone, params, alone.path(), &Silent).unwrap();
        let both = folder(launch.folder(), number);
        for rank in 0..2 {
            let found = std::fs::read_to_string(both.join(format!("rank-{rank}.txt"))).unwrap();
            assert_eq!(found, format!("{:?}", figures(&trained)), "{:?}", params.loss);
        }
        let (found, expected) = (learned(&both), learned(alone.path()));
        assert_eq!(found.len(), if params.held_out > 0.0 { 3 } else { 1 });
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert!(found == expected, "{name} with {:?}", params.loss);
        }
    }
}

#[test]
fn four_processes_agree_and_round_otherwise() {
    const NAME: &str = "four_processes_agree_and_round_otherwise";
    // Shares of two and of three pairs.
    let params = TrainParams { pairs: 10, ..params() };
    if let Some(rank) = Rank::this() {
        let group = rank.join(MEET).unwrap();
        let trained = run(&group, &params, rank.folder(), &Silent).unwrap();
        let all = group.gather(&trained.model.parameters().flat().unsqueeze(0)).unwrap();
        assert!((1..4).all(|other| all.get(other) == all.get(0)));
        return rank.say(&format!("{:?}", figures(&trained)));
    }
    let mut launch = Launch::new(NAME, 4);
    (0..4).for_each(|rank| launch.start(rank));
    let said = launch.finish();
    assert!(said[0].starts_with("[[") && said.iter().all(|other| *other == said[0]), "{said:?}");
    let alone = tempfile::tempdir().unwrap();
    let one = run(&Alone, &params, alone.path(), &Silent).unwrap();
    let model = launch.folder().join("model.safetensors");
    let four = songscape_resnet::Model::load(model, Device::Cpu).unwrap();
    let begun = songscape_resnet::Model::new(four.config(), Device::Cpu, params.seed).unwrap();
    let flat = |model: &songscape_resnet::Model| model.parameters().flat().detach_copy();
    let norm = |x: Tensor| f64::try_from(x.norm()).unwrap();
    let way = norm(flat(&one.model) - flat(&begun));
    let apart = norm(flat(&one.model) - flat(&four));
    // Of the way that six steps went, less than a thousandth.
    assert!(way > 1e-3 && apart < 1e-3 * way, "{apart:e} of {way:e}");
}

#[test]
fn an_aborted_rank_costs_no_bit() {
    const NAME: &str = "an_aborted_rank_costs_no_bit";
    const VICTIM: &str = "SONGSCAPE_TEST_VICTIM";
    let params = TrainParams { steps: 9, ..params() };
    if let Some(rank) = Rank::this() {
        let victim = std::env::var(VICTIM).ok().map(|text| {
            let (rank, step) = text.split_once(' ').unwrap();
            (rank.parse::<usize>().unwrap(), step.parse::<usize>().unwrap())
        });
        let abort_at = victim.filter(|(own, _)| *own == rank.place.rank).map(|(_, step)| step);
        let watch = Watch { abort_at, ..Watch::default() };
        let result = rank
            .join(30.0)
            .map_err(Into::into)
            .and_then(|group| run(&group, &params, rank.folder(), &watch));
        match result {
            Ok(_) => rank.say("done"),
            Err(error) => rank.say(&error.to_string()),
        }
        return;
    }
    let alone = tempfile::tempdir().unwrap();
    run(&Alone, &params, alone.path(), &Silent).unwrap();
    // Before there is a checkpoint, right after one, and in between; either rank.
    for (victim, step) in [(1, 2), (0, 4), (1, 7)] {
        let mut launch = Launch::new(NAME, 2);
        for rank in 0..2 {
            launch.start_with(rank, |command| {
                command.env(VICTIM, format!("{victim} {step}"));
            });
        }
        let said = launch.finish();
        assert_eq!(said[victim], "");
        let expected = format!("rank {victim} of 2 answers no more");
        assert!(said[1 - victim].contains(&expected), "{}", said[1 - victim]);
        assert!(!launch.folder().join("model.safetensors").exists());
        // What a launcher does.
        (0..2).for_each(|rank| launch.start(rank));
        assert_eq!(launch.finish(), ["done"; 2]);
        assert!(learned(launch.folder()) == learned(alone.path()), "rank {victim}, step {step}");
    }
}

#[test]
fn all_stop_together_and_any_number_goes_on() {
    const NAME: &str = "all_stop_together_and_any_number_goes_on";
    let params = TrainParams { checkpoint_every: 0, ..params() };
    if let Some(rank) = Rank::this() {
        let group = rank.join(MEET).unwrap();
        // Only one of them hears the interrupt key.
        let stop_at = (rank.place.rank == 1).then_some(3);
        let watch = Watch { stop_at, ..Watch::default() };
        let error = run(&group, &params, rank.folder(), &watch).unwrap_err();
        return rank.say(&error.to_string());
    }
    let mut launch = Launch::new(NAME, 2);
    (0..2).for_each(|rank| launch.start(rank));
    for said in launch.finish() {
        assert_eq!(said, "training interrupted after step 4; start it again to continue");
    }
    let watch = Watch::default();
    let trained = run(&Alone, &params, launch.folder(), &watch).unwrap();
    assert_eq!((trained.history.len(), watch.steps.into_inner()), (6, 6));
    let messages = watch.messages.into_inner().unwrap();
    assert_eq!(
        messages[0],
        "the checkpoint was made by 2 processes, and 1 continue: sums are rounded differently"
    );
}

#[test]
fn processes_that_would_train_something_else_are_refused() {
    const NAME: &str = "processes_that_would_train_something_else_are_refused";
    if let Some(rank) = Rank::this() {
        let group = rank.join(MEET).unwrap();
        let learning_rate = if rank.place.rank == 1 { 0.5 } else { 0.25 };
        let other = TrainParams { learning_rate, ..params() };
        let few = TrainParams { pairs: 2, ..params() };
        let errors = [other, few].map(|params| {
            let error = run(&group, &params, &rank.folder().join("none"), &Silent).unwrap_err();
            error.to_string()
        });
        return rank.say(&errors.join("; "));
    }
    let mut launch = Launch::new(NAME, 3);
    (0..3).for_each(|rank| launch.start(rank));
    let said = launch.finish();
    let few = "pairs is 2, expected at least 3, the number of processes";
    for (said, field) in said.iter().zip(["training", "learning_rate", "training"]) {
        let expected = format!(
            "rank 1 has another {field} than rank 0; all processes must train the same; {few}"
        );
        assert_eq!(*said, expected);
    }
    assert!(!launch.folder().join("none").exists());
}

/// A group of two whose other process does the same, but for so much in the hash of its network.
struct Odd {
    hash: u8,
}

impl Group for Odd {
    fn rank(&self) -> usize {
        0
    }
    fn size(&self) -> usize {
        2
    }
    fn sum(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }
    fn gather(&self, own: &Tensor) -> Result<Tensor> {
        let hash = own.kind() == Kind::Uint8;
        let other = if hash { own + i64::from(self.hash) } else { own.shallow_clone() };
        Ok(Tensor::cat(&[own, &other], 0))
    }
    fn broadcast(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }
}

#[test]
fn networks_that_drift_apart_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let run = |hash| run(&Odd { hash }, &params(), &folder.path().join(hash.to_string()), &Silent);
    assert!(run(0).is_ok());
    let error = run(1).unwrap_err();
    assert!(matches!(error, Error::Apart { rank: 1, step: 4 }), "{error}");
    let written = std::fs::read_dir(folder.path().join("1/checkpoints")).unwrap();
    let mut names = written.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.ends_with(".safetensors")));
}
