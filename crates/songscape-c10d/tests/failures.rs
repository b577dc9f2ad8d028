//! Whatever happens to a process, the others hear which one it was, and in time.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use songscape_c10d::{Backend, Error, Place, ProcessGroup};
use songscape_project::ErrorKind;
use support::{Launch, MEET, Rank, timed};
use tch::{Device, Kind, Tensor};

/// Seconds within which a failure must be told, in the tests here.
const TIMEOUT: f64 = 8.0;
/// Seconds of patience with processes that do not come: longer, since others come late on a busy machine.
const PATIENCE: f64 = 12.0;
/// What a busy machine may take on top of it.
const SLACK: f64 = 15.0;

/// Joins, sums three times, and lets something happen to one rank before the third.
fn sums(rank: &Rank, victim: usize, happens: impl FnOnce()) {
    let group = rank.join(MEET).unwrap().with_timeout(Duration::from_secs_f64(TIMEOUT));
    let sum = || group.sum(&Tensor::ones([100_000], (Kind::Float, Device::Cpu)));
    sum().unwrap();
    sum().unwrap();
    if rank.place.rank == victim {
        happens();
    }
    let begin = Instant::now();
    let result = sum();
    rank.end(begin, result);
    let again = sum().unwrap_err();
    assert!(matches!(again, Error::Broken { operation: "sum" }), "{again}");
}

/// Sends a signal to this process.
fn signal(name: &str) {
    let own = std::process::id().to_string();
    assert!(Command::new("kill").args([name, &own]).status().unwrap().success());
}

/// What each rank but some said, all of which must be in time.
fn in_time<'a>(said: &'a [String], victims: &[usize]) -> Vec<&'a str> {
    let others = said.iter().enumerate().filter(|(rank, _)| !victims.contains(rank));
    others
        .map(|(rank, said)| {
            let (seconds, text) = timed(said);
            assert!(seconds < PATIENCE + SLACK, "rank {rank}: {seconds} s, {text}");
            text
        })
        .collect()
}

/// All but the victim name it.
fn all_name(said: &[String], victim: usize) {
    let expected = format!("sum: rank {victim} of {} answers no more (", said.len());
    for text in in_time(said, &[victim]) {
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn a_dead_peer_is_named() {
    const NAME: &str = "a_dead_peer_is_named";
    let victim = 2;
    match Rank::this() {
        Some(rank) => sums(&rank, victim, || signal("-KILL")),
        None => all_name(&Launch::all(NAME, 3), victim),
    }
}

#[test]
fn a_dead_host_of_the_store_is_named() {
    const NAME: &str = "a_dead_host_of_the_store_is_named";
    match Rank::this() {
        Some(rank) => sums(&rank, 0, || signal("-KILL")),
        None => all_name(&Launch::all(NAME, 3), 0),
    }
}

#[test]
fn a_stopped_peer_is_named() {
    const NAME: &str = "a_stopped_peer_is_named";
    let victim = 1;
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 3);
        (0..3).for_each(|rank| launch.start(rank));
        return all_name(&launch.finish_without(&[victim]), victim);
    };
    sums(&rank, victim, || signal("-STOP"));
}

#[test]
fn a_stopped_host_of_the_store_is_named() {
    const NAME: &str = "a_stopped_host_of_the_store_is_named";
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 3);
        (0..3).for_each(|rank| launch.start(rank));
        return all_name(&launch.finish_without(&[0]), 0);
    };
    sums(&rank, 0, || signal("-STOP"));
}

#[test]
fn a_peer_that_works_too_long_is_named() {
    const NAME: &str = "a_peer_that_works_too_long_is_named";
    let victim = 1;
    let Some(rank) = Rank::this() else {
        let said = Launch::all(NAME, 2);
        all_name(&said, victim);
        // It finds out, too, when it comes at last.
        let (_, late) = timed(&said[victim]);
        assert!(late.starts_with("sum: rank 0 of 2 answers no more"), "{late}");
        return;
    };
    // Longer than the other waits for it.
    let other = rank.folder().join("rank-0.txt");
    sums(&rank, victim, || {
        while !other.exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_peer_may_come_later() {
    const NAME: &str = "a_peer_may_come_later";
    let Some(rank) = Rank::this() else {
        for late in [0, 1] {
            let mut launch = Launch::new(NAME, 2);
            launch.start(1 - late);
            std::thread::sleep(Duration::from_secs(1));
            launch.start(late);
            assert!(launch.finish().iter().all(|said| timed(said).1 == "done"));
        }
        return;
    };
    rank.end(Instant::now(), rank.join(MEET));
}

#[test]
fn peers_that_do_not_come_are_named() {
    const NAME: &str = "peers_that_do_not_come_are_named";
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 4);
        launch.start(0);
        launch.start(2);
        let said = launch.finish();
        let texts = in_time(&said, &[1, 3]);
        for text in texts {
            assert!(text.starts_with("ranks 1 and 3 of 4 did not come within "), "{text}");
        }
        return;
    };
    rank.end(Instant::now(), rank.join(PATIENCE));
}

#[test]
fn a_store_that_nobody_hosts_is_named_with_its_host() {
    const NAME: &str = "a_store_that_nobody_hosts_is_named_with_its_host";
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 2);
        launch.start(1);
        let said = launch.finish();
        let text = in_time(&said, &[0])[0];
        let expected =
            format!("127.0.0.1:{}: no answer from the store that rank 0 hosts", launch.port);
        assert!(text.starts_with(&expected), "{text}");
        return;
    };
    rank.end(Instant::now(), rank.join(PATIENCE));
}

#[test]
fn a_port_that_is_taken_is_named() {
    const NAME: &str = "a_port_that_is_taken_is_named";
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 2);
        // By something that answers to nobody.
        let _taken = TcpListener::bind(("0.0.0.0", launch.port)).unwrap();
        (0..2).for_each(|rank| launch.start(rank));
        let said = launch.finish();
        let texts = in_time(&said, &[]);
        let expected = format!("rank 0 cannot listen on port {}: ", launch.port);
        assert!(texts[0].starts_with(&expected), "{}", texts[0]);
        assert!(texts[1].contains("no answer from the store that rank 0 hosts"), "{}", texts[1]);
        return;
    };
    rank.end(Instant::now(), rank.join(PATIENCE));
}

/// Starts ranks of which the last is another one, and returns what they say.
fn with_another(test: &'static str, size: usize, change: impl FnOnce(&mut Command)) -> Vec<String> {
    let mut launch = Launch::new(test, size);
    (0..size - 1).for_each(|rank| launch.start(rank));
    launch.start_with(size - 1, change);
    launch.finish()
}

#[test]
fn sizes_that_differ_are_named() {
    const NAME: &str = "sizes_that_differ_are_named";
    let Some(rank) = Rank::this() else {
        for sizes in [["2", "3"], ["3", "2"]] {
            let mut launch = Launch::new(NAME, 2);
            for (rank, size) in sizes.into_iter().enumerate() {
                launch.start_with(rank, |command| {
                    command.env("WORLD_SIZE", size);
                });
            }
            let [own, other] = sizes;
            let expected =
                format!("rank 1 does not fit to rank 0: size is {other}, {own} in rank 0");
            assert_eq!(in_time(&launch.finish(), &[]), [&expected, &expected]);
        }
        return;
    };
    rank.end(Instant::now(), rank.join(MEET));
}

#[test]
fn other_parameters_are_named_in_all() {
    const NAME: &str = "other_parameters_are_named_in_all";
    const RATE: &str = "SONGSCAPE_TEST_RATE";
    let Some(rank) = Rank::this() else {
        let said = with_another(NAME, 3, |command| {
            command.env(RATE, "0.02");
        });
        for text in in_time(&said, &[]) {
            assert_eq!(
                text,
                "rank 2 does not fit to rank 0: training.learning_rate is 0.02, 0.01 in rank 0"
            );
        }
        return;
    };
    let rate: f64 = std::env::var(RATE).map_or(0.01, |rate| rate.parse().unwrap());
    let identity = json!({ "training": { "learning_rate": rate, "steps": 5 }, "songs": "ab" });
    let begin = Instant::now();
    let result = rank.join_as(&identity, MEET);
    if let Err(error) = &result {
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    rank.end(begin, result);
}

#[test]
fn a_libtorch_that_rounds_otherwise_is_named() {
    const NAME: &str = "a_libtorch_that_rounds_otherwise_is_named";
    let Some(rank) = Rank::this() else {
        let said = with_another(NAME, 2, |command| {
            command.env("ATEN_CPU_CAPABILITY", "default");
        });
        for text in in_time(&said, &[]) {
            assert!(text.contains("vector_instructions is \"DEFAULT\""), "{text}");
        }
        return;
    };
    rank.end(Instant::now(), rank.join(MEET));
}

#[test]
fn other_numbers_of_threads_are_named() {
    const NAME: &str = "other_numbers_of_threads_are_named";
    let Some(rank) = Rank::this() else {
        for text in in_time(&Launch::all(NAME, 2), &[]) {
            assert_eq!(text, "rank 1 does not fit to rank 0: threads is 2, 1 in rank 0");
        }
        return;
    };
    tch::set_num_threads(1 + i32::try_from(rank.place.rank).unwrap());
    rank.end(Instant::now(), rank.join(MEET));
}

#[test]
fn a_rank_that_is_there_twice_is_named() {
    const NAME: &str = "a_rank_that_is_there_twice_is_named";
    let Some(rank) = Rank::this() else {
        let mut launch = Launch::new(NAME, 3);
        launch.start(0);
        launch.start(1);
        launch.start_with(2, |command| {
            command.env("RANK", "1");
        });
        let said = launch.finish();
        let told = said.iter().map(|said| timed(said).1);
        let twice = told.clone().filter(|text| text.starts_with("rank 1 is there twice: "));
        let waited = told.clone().filter(|text| text.starts_with("rank 2 of 3 did not come"));
        assert_eq!((twice.count(), waited.count()), (1, 2), "{said:?}");
        assert!(timed(&said[0]).1.starts_with("rank 2 of 3 did not come"), "{said:?}");
        return;
    };
    rank.end(Instant::now(), rank.join(PATIENCE));
}

#[test]
fn nccl_without_a_gpu_is_an_error() {
    const NAME: &str = "nccl_without_a_gpu_is_an_error";
    let Some(rank) = Rank::this() else {
        if !tch::Cuda::is_available() {
            let said = Launch::all(NAME, 1);
            assert!(timed(&said[0]).1.starts_with("NCCL needs a GPU"), "{said:?}");
        }
        return;
    };
    let backend = Backend::Nccl { plugin: "libsongscape_nccl.so".into() };
    let begin = Instant::now();
    let timeout = Duration::from_secs_f64(TIMEOUT);
    rank.end(begin, ProcessGroup::join(&rank.place, backend, &json!({}), timeout));
}

#[test]
fn half_of_an_environment_is_an_error() {
    const NAME: &str = "half_of_an_environment_is_an_error";
    const HALF: &str = "SONGSCAPE_TEST_HALF";
    if std::env::var_os(HALF).is_some() {
        let error = Place::from_env().unwrap_err();
        assert_eq!(error.to_string(), "WORLD_SIZE is not set, expected a whole number");
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME]).env(HALF, "").env("RANK", "0").env_remove("WORLD_SIZE");
    assert!(command.status().unwrap().success());
}

/// Two machines with a cable between them, as network namespaces, where the system lets us make them.
struct Cable {
    names: [String; 2],
}

impl Cable {
    fn new() -> Option<Self> {
        let id = std::process::id();
        let cable = Self { names: ["a", "b"].map(|side| format!("songscape-{id}-{side}")) };
        let [a, b] = &cable.names;
        let ends = ["a", "b"].map(|side| format!("ss{id}{side}"));
        let mut commands = vec![
            vec!["netns", "add", a],
            vec!["netns", "add", b],
            vec![
                "link", "add", &ends[0], "netns", a, "type", "veth", "peer", "name", &ends[1],
                "netns", b,
            ],
        ];
        for (name, end, address) in [(a, &ends[0], "10.77.0.1/24"), (b, &ends[1], "10.77.0.2/24")] {
            commands.push(vec!["-n", name, "addr", "add", address, "dev", end]);
            commands.push(vec!["-n", name, "link", "set", end, "up"]);
            commands.push(vec!["-n", name, "link", "set", "lo", "up"]);
        }
        commands.iter().all(|arguments| ip(arguments)).then_some(cable)
    }

    /// The command inside of one machine.
    fn inside(&self, side: usize, command: &mut Command) {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.names[side]]).arg(command.get_program());
        inside.args(command.get_args()).envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
        inside.env("MASTER_ADDR", "10.77.0.1");
        *command = inside;
    }

    fn cut(&self) {
        let end = format!("ss{}b", std::process::id());
        assert!(ip(&["-n", &self.names[1], "link", "set", &end, "down"]));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> bool {
    let output = Command::new("ip").args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn a_cut_cable_is_noticed_on_both_sides() {
    const NAME: &str = "a_cut_cable_is_noticed_on_both_sides";
    let Some(rank) = Rank::this() else {
        let Some(cable) = Cable::new() else {
            eprintln!("skipped: no network namespaces can be made here");
            return;
        };
        let mut launch = Launch::new(NAME, 2);
        for rank in 0..2 {
            launch.start_with(rank, |command| cable.inside(rank, command));
        }
        let ready = launch.folder().join("ready");
        let begin = Instant::now();
        while !ready.exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the ranks do not meet");
            std::thread::sleep(Duration::from_millis(10));
        }
        cable.cut();
        let said = launch.finish();
        for (rank, text) in in_time(&said, &[]).iter().enumerate() {
            let expected = format!("sum: rank {} of 2 answers no more (", 1 - rank);
            assert!(text.starts_with(&expected), "{text}");
        }
        return;
    };
    let group = rank.join(MEET).unwrap().with_timeout(Duration::from_secs_f64(TIMEOUT));
    let sum = || group.sum(&Tensor::ones([10], (Kind::Float, Device::Cpu)));
    sum().unwrap();
    if group.rank() == 0 {
        std::fs::write(rank.folder().join("ready"), "").unwrap();
    }
    // Until the cable is cut.
    loop {
        let begin = Instant::now();
        let result = sum();
        if result.is_err() {
            return rank.end(begin, result);
        }
    }
}
