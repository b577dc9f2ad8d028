//! The fuzz target on a fixed stream of random bytes: `FUZZ_SECONDS` sets for how long.

use std::time::{Duration, Instant};

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

mod any_input;

#[test]
fn nothing_panics_on_any_input() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let end = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let mut case = 0u64;
    while end.map_or(case < 500, |end| Instant::now() < end) {
        let mut rng = ChaCha8Rng::seed_from_u64(case);
        let mut data = vec![0; rng.random_range(1..2048)];
        rng.fill_bytes(&mut data);
        let done = std::panic::catch_unwind(|| any_input::run(&data));
        assert!(done.is_ok(), "case {case} panicked");
        case += 1;
    }
    println!("{case} cases");
}

/// The corpus that the fuzz target has found: inputs that each reach something new.
#[test]
fn the_corpus_is_replayed() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/ssq");
    // A crate on its own comes without the corpus.
    let Ok(folder) = std::fs::read_dir(corpus) else { return };
    let mut replayed = 0;
    for entry in folder {
        let path = entry.expect("an entry of the corpus").path();
        let data = std::fs::read(&path).expect("an input of the corpus");
        let done = std::panic::catch_unwind(|| any_input::run(&data));
        assert!(done.is_ok(), "{} panicked", path.display());
        replayed += 1;
    }
    println!("{replayed} inputs");
    assert!(replayed > 0, "an empty corpus");
}
