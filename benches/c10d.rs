//! What several processes cost: the CPU seconds of a training by 1, 2 and 4 of them, and of its exchanges.
//! `cargo bench --bench c10d --features torch`. It starts itself, once for each process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use songscape_c10d::{Backend, Place, ProcessGroup};
use songscape_contrastive::{Alone, Group, Loss, Songs, TrainParams, train_in};
use songscape_project::Silent;
use songscape_resnet::{DeviceChoice, EncoderConfig, Origin};
use tch::{Device, Kind, Tensor};

/// The folder of a run, in a process that is a rank.
const FOLDER: &str = "SONGSCAPE_BENCH_FOLDER";
const ROWS: usize = 256;
/// Parameters of the published network.
const PARAMETERS: i64 = 5_160_000;

/// What a rank measured.
#[derive(Debug, Default)]
struct Measured {
    /// Of the training, seconds of all threads, and of the clock.
    training: [f64; 2],
    /// Milliseconds each, of all threads and of the clock: a sum, and a gathering of outputs.
    sum: [f64; 2],
    gather: [f64; 2],
}

fn main() {
    if let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) {
        return rank(&folder);
    }
    println!(
        "processes  training: CPU s (all)  s  | sum of {PARAMETERS} f32: CPU ms  ms | gather [256, 64]: CPU ms  ms"
    );
    for size in [1, 2, 4] {
        let all = launch(size);
        let total: f64 = all.iter().map(|measured| measured.training[0]).sum();
        let most = |of: fn(&Measured) -> f64| all.iter().map(of).fold(0.0, f64::max);
        println!(
            "{size:9}  {total:20.2}  {:.2} | {:24.2}  {:.2} | {:22.3}  {:.3}",
            most(|m| m.training[1]),
            most(|m| m.sum[0]),
            most(|m| m.sum[1]),
            most(|m| m.gather[0]),
            most(|m| m.gather[1]),
        );
    }
}

/// Starts that many processes, and reads what they measured.
fn launch(size: usize) -> Vec<Measured> {
    let folder = tempfile::tempdir().expect("a folder");
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
    let port = port.expect("a port").port().to_string();
    let children: Vec<_> = (0..size)
        .map(|rank| {
            Command::new(std::env::current_exe().expect("this program"))
                .env(FOLDER, folder.path())
                .envs([("RANK", rank.to_string()), ("WORLD_SIZE", size.to_string())])
                .envs([("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", &port)])
                .env("OMP_WAIT_POLICY", "passive")
                .spawn()
                .expect("a process")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("its end").success());
    }
    (0..size).map(|rank| read(&file(folder.path(), rank))).collect()
}

fn file(folder: &Path, rank: usize) -> PathBuf {
    folder.join(format!("rank-{rank}"))
}

fn read(path: &Path) -> Measured {
    let text = std::fs::read_to_string(path).expect("what a rank measured");
    let numbers: Vec<f64> = text.split(' ').map(|n| n.parse().expect("a number")).collect();
    let [a, b, c, d, e, f] = numbers[..] else { panic!("{text}") };
    Measured { training: [a, b], sum: [c, d], gather: [e, f] }
}

fn rank(folder: &Path) {
    DeviceChoice::Cpu.resolve().expect("a processor");
    tch::set_num_threads(1);
    let place = Place::from_env().expect("a place").expect("a launcher");
    let timeout = Duration::from_secs(300);
    let group = (place.size > 1).then(|| {
        let identity = serde_json::Value::Null;
        ProcessGroup::join(&place, Backend::Gloo, &identity, timeout).expect("a group")
    });
    let group: &dyn Group = match &group {
        Some(group) => group,
        None => &Alone,
    };
    let mut measured = Measured { training: training(group, folder), ..Measured::default() };
    let gradient = Tensor::ones([PARAMETERS], (Kind::Float, Device::Cpu));
    measured.sum = each(20, || group.sum(&gradient).expect("a sum"));
    let outputs = Tensor::ones([256, 64], (Kind::Float, Device::Cpu));
    measured.gather = each(200, || drop(group.gather(&outputs).expect("all outputs")));
    let Measured { training: [a, b], sum: [c, d], gather: [e, f] } = measured;
    std::fs::write(file(folder, place.rank), format!("{a} {b} {c} {d} {e} {f}")).expect("a file");
}

/// CPU and clock seconds of ten steps of the demo network.
fn training(group: &dyn Group, folder: &Path) -> [f64; 2] {
    let noise = |song: u64| -> Vec<u8> {
        let mix = |i: u64| (i + song * 1_000_003).wrapping_mul(6_364_136_223_846_793_005) >> 56;
        (0..(ROWS * 400) as u64).map(|i| mix(i) as u8).collect()
    };
    let pixels: Vec<Vec<u8>> = (0..80).map(noise).collect();
    let songs = Songs::new(ROWS, pixels.iter().map(Vec::as_slice).collect()).expect("songs");
    let params = TrainParams {
        pairs: 64,
        loss: Loss::Dcl { temperature: 0.1 },
        checkpoint_every: 0,
        ..TrainParams::demo()
    };
    let run = |steps, name: &str| {
        let params = TrainParams { steps, ..params.clone() };
        let (encoder, origin) = (EncoderConfig::demo(), Origin::default());
        let folder = folder.join(name);
        train_in(group, &songs, &encoder, &params, origin, Device::Cpu, folder, &Silent)
            .expect("a training")
    };
    // Memory that is kept and kernels that are chosen once.
    run(2, "first");
    let (cpu, clock) = (ProcessTime::now(), Instant::now());
    run(10, "second");
    [cpu.elapsed().as_secs_f64(), clock.elapsed().as_secs_f64()]
}

/// CPU and clock milliseconds of one of many.
fn each(count: u32, mut run: impl FnMut()) -> [f64; 2] {
    run();
    let (cpu, clock) = (ProcessTime::now(), Instant::now());
    (0..count).for_each(|_| run());
    let times = [cpu.elapsed(), clock.elapsed()];
    times.map(|time| time.as_secs_f64() * 1e3 / f64::from(count))
}
