//! What a whole study, its model and its index cost: `--ignored --nocapture`, on collections of `SONGS`
//! songs (50,000) of 512 columns. `ONLY` names one part: `umap`, `hdbscan`, `years`, `all`, `keep` or `index`.

use std::time::Instant;

use ndarray::{Array2, s};
use songscape_analysis::neighbors::{Index, Metric, nearest_of};
use songscape_analysis::study::{Study, StudyInput, StudyParams, StudyPart, VectorSet, study};
use songscape_analysis::vectors::{read_npy, write_npy};
use songscape_project::{Silent, Song, SongTable};

use crate::songs::songs_and_strays;

/// Seconds of all threads so far, and the largest memory so far in MiB.
fn spent() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    let peak: f64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
    (ticks / 100.0, peak / 1024.0)
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (wall, (cpu, _)) = (Instant::now(), spent());
    let done = work();
    let (after, peak) = spent();
    let wall = wall.elapsed().as_secs_f64();
    println!("{what}: {wall:.2} s of wall clock, {:.2} s of processor, {peak:.0} MiB", after - cpu);
    done
}

#[test]
#[ignore = "takes minutes"]
fn measure_study() {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or(default.into());
    let songs: usize = variable("SONGS", "50000").parse().unwrap();
    let only = variable("ONLY", "all");
    let folder = std::path::PathBuf::from(variable("FOLDER", "/tmp/songscape-size"));
    let file = folder.join(format!("x{songs}.npy"));
    let years = folder.join(format!("years{songs}.npy"));
    if !file.exists() {
        let made = songs_and_strays(songs + 10_000, 512, 3);
        std::fs::create_dir_all(&folder).unwrap();
        write_npy(&file, made.x.view()).unwrap();
        let made: Vec<f32> = made.years.iter().map(|year| year.unwrap() as f32).collect();
        write_npy(&years, Array2::from_shape_vec((made.len(), 1), made).unwrap().view()).unwrap();
    }
    let x = read_npy(&file).unwrap();
    let years = read_npy(&years).unwrap();
    let song = |i: usize| Song {
        artist: format!("artist {}", i % (songs / 8)),
        year: Some(years[[i, 0]] as i32),
        ..Song::default()
    };
    let table = SongTable { songs: (0..songs).map(song).collect(), ..SongTable::default() };
    let new = x.slice(s![songs.., ..]).to_owned();
    let mut x = x;
    x.slice_collapse(s![..songs, ..]);
    let vectors = VectorSet::new("x", x);
    let input = StudyInput { vectors: &vectors, songs: &table, baselines: &[] };
    let whole = StudyParams::default();
    println!("{songs} songs; {:.0} MiB before", spent().1);
    match only.as_str() {
        "keep" => {
            let kept = timed("fit", || Study::fit(&input, &whole, &Silent).unwrap());
            timed("save", || kept.save(folder.join("kept")).unwrap());
            let kept = timed("load", || Study::load(folder.join("kept")).unwrap());
            timed("apply", || kept.apply(new.view(), &Silent).unwrap());
        }
        "index" => {
            let x = vectors.whole.clone();
            let index = timed("index", || Index::new(x, Metric::Cosine, 1, &Silent).unwrap());
            let some = new.slice(s![..2_000, ..]);
            let found = timed("2,000 questions", || index.nearest(some, 10).unwrap());
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            one.install(|| timed("on one thread", || index.nearest(some, 10).unwrap()));
            let truth = nearest_of(vectors.whole.view(), some, 10, Metric::Cosine).unwrap();
            println!("recall@10 {:.4}", found.recall(&truth));
        }
        only => {
            let part = match only {
                "umap" => Some(StudyPart::Umap),
                "hdbscan" => Some(StudyPart::Hdbscan),
                "years" => Some(StudyPart::Years),
                _ => None,
            };
            let params = StudyParams { only: part, ..whole };
            let out = tempfile::tempdir().unwrap();
            let scores = timed(only, || study(&input, &params, out.path(), &Silent).unwrap());
            println!("{}", scores.summary());
        }
    }
}
