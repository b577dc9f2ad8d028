#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use clap::Parser as _;
use ndarray::Array2;
use songscape::project::{Progress, Silent};
use songscape_examples::exit_code;

use crate::{Arguments, run};

/// Three groups of vectors, a catalog with years, and a folder to write into.
struct Library {
    folder: tempfile::TempDir,
}

fn vectors(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, 6), |(i, j)| {
        let group = if i % 3 == j % 3 { 4.0 } else { 0.0 };
        group + ((i * (7 + j)) % 31) as f32 / 31.0
    })
}

impl Library {
    fn new(x: &Array2<f32>, year: impl Fn(usize) -> String) -> Self {
        let library = Self { folder: tempfile::tempdir().unwrap() };
        ndarray_npy::write_npy(library.path("x.npy"), x).unwrap();
        let songs = (0..x.nrows()).map(|i| format!("{i}.ogg,artist {},{}\n", i / 2, year(i)));
        let table = format!("path,artist,year\n{}", songs.collect::<String>());
        std::fs::write(library.path("songs.csv"), table).unwrap();
        library
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn out(&self, name: &str) -> PathBuf {
        self.path("out").join(name)
    }

    /// The summary, or the exit code and the message.
    fn analyze(&self, more: &str, progress: &dyn Progress) -> Result<String, (u8, String)> {
        let own = |name| self.path(name).display().to_string();
        let (x, songs, out) = (own("x.npy"), own("songs.csv"), own("out"));
        let line = ["analyze", "--vectors", &x, "--catalog", &songs, "--out", &out];
        let arguments = line.into_iter().chain(more.split_whitespace());
        let arguments = Arguments::try_parse_from(arguments).unwrap();
        run(&arguments, progress).map_err(|e| {
            let text = e.to_string();
            (exit_code(&e), text)
        })
    }

    fn refused(&self, more: &str) -> (u8, String) {
        self.analyze(more, &Silent).unwrap_err()
    }

    fn scores(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.out("scores.json")).unwrap()).unwrap()
    }
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

const CLUSTERS: &str = "row,label,probability,glosh,nearest,membership,group";

fn some_year(i: usize) -> String {
    (1990 + i % 3 * 4 + i % 2).to_string()
}

#[test]
fn every_table_is_written_and_the_same_again() {
    let library = Library::new(&vectors(120), some_year);
    let summary = library.analyze("--compare", &Silent).unwrap();
    assert!(summary.starts_with("120 songs, trustworthiness 0."), "{summary}");
    assert_eq!(lines(&library.out("clusters.csv"))[0], CLUSTERS);
    assert_eq!(lines(&library.out("outliers.csv"))[0], "row,outlier");
    let tree = lines(&library.out("condensed_tree.csv"));
    assert_eq!(tree[0], "parent,child,lambda,size,label");
    assert_eq!(tree.iter().filter(|line| line.ends_with(",1,")).count(), 120, "one leaf per song");
    let years = lines(&library.out("years.csv"));
    assert_eq!((years[0].as_str(), years.len()), ("row,fold,year,predicted,low,high", 121));
    let map: Array2<f32> = ndarray_npy::read_npy(library.out("umap.npy")).unwrap();
    assert_eq!(map.dim(), (120, 2));
    for name in ["neighbors", "representatives", "shares_per_year", "trends", "yearly_change"] {
        assert!(lines(&library.out(&format!("{name}.csv"))).len() > 1, "{name}");
    }
    let scores = library.scores();
    assert!(scores["clusters"]["count"].as_u64().unwrap() >= 3);
    assert!(scores["years"]["coverage"].as_f64().unwrap() > 0.6);
    let models = scores["years"]["models"].as_array().unwrap();
    let names: Vec<_> = models.iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x", "nearest neighbors", "constant"]);
    assert!(models[1]["mae"].as_f64().unwrap() < 4.0);
    let before = std::fs::read(library.out("umap.npy")).unwrap();
    library.analyze("--compare", &Silent).unwrap();
    assert_eq!(library.scores(), scores);
    assert_eq!(std::fs::read(library.out("umap.npy")).unwrap(), before);
}

#[test]
fn bad_files_are_named_with_the_place() {
    let mut x = vectors(60);
    x[[7, 2]] = f32::NAN;
    let library = Library::new(&x, some_year);
    for more in ["", "--only hdbscan --cluster-on vectors", "--only years"] {
        let (code, message) = library.refused(more);
        assert_eq!(code, 1);
        assert!(message.contains("row 7, column 2 is NaN"), "{message}");
    }
    let library = Library::new(&vectors(60), |i| if i == 4 { "soon".into() } else { some_year(i) });
    let (code, message) = library.refused("");
    assert_eq!(code, 1);
    assert!(message.contains("songs.csv: line 6") && message.contains("soon"), "{message}");
    std::fs::write(library.path("songs.csv"), "path,year\na.ogg,1999\n").unwrap();
    let (code, message) = library.refused("");
    assert_eq!(
        (code, message.as_str()),
        (1, "the catalog has 1 entries, expected 60 (one for each row)")
    );
    std::fs::write(library.path("x.npy"), "no array").unwrap();
    let (code, message) = library.refused("");
    assert!(code == 1 && message.contains("x.npy"), "{message}");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let library = Library::new(&vectors(30), some_year);
    for (more, code, words) in [
        ("--neighbors 50", 1, "50 neighbors needs at least 50 rows, got 30"),
        ("--dims 40", 1, "40 dims"),
        ("--neighbors 1", 2, "neighbors is 1, expected at least 2"),
        ("--dims 0", 2, "dims is 0, expected 1 to 64"),
        ("--outliers-above 0", 2, "outliers_above is 0, expected more than 0"),
        ("--folds 1", 2, "folds is 1, expected at least 2"),
        ("--min-cluster-size 1", 2, "min_cluster_size is 1, expected at least 2"),
        ("--min-samples 0", 2, "min_samples is 0, expected at least 1"),
        ("--epsilon=-1", 2, "epsilon is -1, expected a finite number of at least 0"),
        ("--max-cluster-size 3", 2, "max_cluster_size is 3"),
    ] {
        let (found, message) = library.refused(more);
        assert!(found == code && message.contains(words), "{more}: {found} {message}");
    }
}

#[test]
fn years_that_say_nothing_are_left_out_with_the_reason() {
    for (year, why) in
        [("", "0 songs have a year"), ("1999", "all 60 songs that have a year are from 1999")]
    {
        let library = Library::new(&vectors(60), |_| year.into());
        let summary = library.analyze("", &Silent).unwrap();
        assert!(summary.contains(&format!("no years: {why}")), "{summary}");
        assert!(!library.out("years.csv").exists());
        assert!(library.scores()["years_left_out"].as_str().unwrap().contains(why));
    }
}

#[test]
fn files_of_an_earlier_run_go_but_those_that_are_read_stay() {
    let library = Library::new(&vectors(60), some_year);
    let files = || {
        let names = std::fs::read_dir(library.path("out")).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    library.analyze("", &Silent).unwrap();
    std::fs::write(library.out("notes.txt"), "mine").unwrap();
    assert_eq!(files().len(), 13);
    // What cannot run leaves everything as it was.
    library.refused("--neighbors 100");
    assert_eq!(files().len(), 13);
    std::fs::write(library.path("songs.csv"), format!("path\n{}", "a.ogg\n".repeat(60))).unwrap();
    library.analyze("", &Silent).unwrap();
    let without_years = [
        "clusters.csv",
        "condensed_tree.csv",
        "neighbors.csv",
        "notes.txt",
        "outliers.csv",
        "representatives.csv",
        "scores.json",
        "umap.npy",
    ];
    assert_eq!(files(), without_years);
    // The map of the first run, clustered in its place.
    let (map, out) = (library.out("umap.npy"), library.path("out"));
    let (map, out) = (map.to_str().unwrap(), out.to_str().unwrap());
    let line = ["analyze", "--vectors", map, "--out", out, "--only", "hdbscan"];
    let line = line.into_iter().chain(["--cluster-on", "vectors"]);
    run(&Arguments::try_parse_from(line).unwrap(), &Silent).unwrap();
    let clustered = ["clusters.csv", "condensed_tree.csv", "notes.txt", "scores.json", "umap.npy"];
    assert_eq!(files(), clustered);
}

#[test]
fn rows_that_are_all_equal_have_a_map_and_no_clusters() {
    let library = Library::new(&Array2::ones((60, 6)), some_year);
    let summary = library.analyze("", &Silent).unwrap();
    let expected = "0 clusters, 60 of 60 songs unclustered, no years: all 6 columns are constant";
    assert!(summary.contains(expected), "{summary}");
    assert_eq!(lines(&library.out("representatives.csv")), ["label,rank,row"]);
}

#[test]
fn constant_columns_and_noise_alone_are_no_fault() {
    let mut x = vectors(60);
    x.column_mut(1).fill(3.0);
    let library = Library::new(&x, some_year);
    let summary = library.analyze("--min-cluster-size 100", &Silent).unwrap();
    assert!(summary.contains("0 clusters, 60 of 60 songs unclustered, years off by"), "{summary}");
    assert!(lines(&library.out("clusters.csv"))[1..].iter().all(|l| l.contains(",-1,")));
}

#[test]
fn a_few_songs_are_enough_or_refused() {
    for n in 0..8 {
        let library = Library::new(&vectors(n), some_year);
        match library.analyze("", &Silent) {
            Ok(summary) => {
                assert!(n >= 3 && summary.starts_with(&format!("{n} songs")), "{summary}")
            }
            Err((code, message)) => {
                assert!(code == 1 && message.contains("rows"), "{n}: {message}")
            }
        }
    }
}

#[test]
fn a_study_that_was_kept_places_songs_and_refuses_what_does_not_fit() {
    let library = Library::new(&vectors(90), some_year);
    let kept = library.path("kept");
    library.analyze(&format!("--save {}", kept.display()), &Silent).unwrap();
    let apply = |x: &Array2<f32>, more: &str| {
        let (new, out) = (library.path("new.npy"), library.path("placed"));
        ndarray_npy::write_npy(&new, x).unwrap();
        let line =
            ["analyze", "--model", kept.to_str().unwrap(), "--vectors", new.to_str().unwrap()];
        let line = line.into_iter().chain(["--out", out.to_str().unwrap()]);
        Arguments::try_parse_from(line.chain(more.split_whitespace()))
            .map_err(|e| (2, e.to_string()))
            .and_then(|arguments| {
                run(&arguments, &Silent).map_err(|e| (exit_code(&e), e.to_string()))
            })
    };
    // The songs of the study themselves, no two of them equal: each where it is.
    let summary = apply(&vectors(90), "").unwrap();
    assert!(summary.starts_with("90 new songs, "), "{summary}");
    let placed = |name: &str| library.path("placed").join(name);
    assert_eq!(
        std::fs::read(placed("umap.npy")).unwrap(),
        std::fs::read(library.out("umap.npy")).unwrap()
    );
    let songs = lines(&placed("new_songs.csv"));
    assert_eq!(songs[0], "row,label,name,probability,outlier,predicted,low,high");
    let clusters = lines(&library.out("clusters.csv"));
    for (song, cluster) in songs.iter().zip(&clusters).skip(1) {
        let (song, cluster): (Vec<&str>, Vec<&str>) =
            (song.split(',').collect(), cluster.split(',').collect());
        assert_eq!((song[1], song[3]), (cluster[1], cluster[2]));
        assert!(song.len() == 8 && song[4..].iter().all(|field| !field.is_empty()), "{song:?}");
    }
    let near = lines(&placed("neighbors.csv"));
    assert_eq!((near[0].as_str(), near.len()), ("row,rank,neighbor,distance,song", 901));
    assert!(near[1].starts_with("0,1,0,0.0,"), "{}", near[1]);

    let (code, message) = apply(&Array2::zeros((3, 4)), "").unwrap_err();
    assert!(code == 1 && message.contains("4 columns"), "{message}");
    for more in ["--dims 3", "--save elsewhere", "--metric cosine"] {
        let (code, message) = apply(&vectors(5), more).unwrap_err();
        assert!(code == 2 && message.contains("--model"), "{message}");
    }
    let file = kept.join("study.safetensors");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let (code, message) = apply(&vectors(5), "").unwrap_err();
    assert!(code == 1 && message.contains("study.safetensors"), "{message}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(apply(&vectors(5), "").unwrap_err().0, 1);
}

#[test]
fn classes_are_predicted_for_a_column_and_a_column_that_is_none_is_named() {
    let library = Library::new(&vectors(120), some_year);
    let song =
        |i: usize| format!("{i}.ogg,artist {},{}\n", i / 2, ["fado", "rock", "waltz"][i % 3]);
    let table = format!("path,artist,Genre\n{}", (0..120).map(song).collect::<String>());
    std::fs::write(library.path("songs.csv"), table).unwrap();
    library.analyze("--classify genre", &Silent).unwrap();
    let rows = lines(&library.out("classes.csv"));
    assert_eq!(rows[0], "column,row,fold,class,predicted,probability");
    assert_eq!(rows.len(), 121);
    let scores = &library.scores()["classes"][0];
    assert_eq!(scores["column"], "genre");
    let accuracy = |i: usize| scores["models"][i]["accuracy"].as_f64().unwrap();
    assert!(accuracy(0) > 0.9 && accuracy(1) < 0.5, "{scores}");
    assert_eq!(scores["models"][1]["name"], "majority");

    let (code, message) = library.refused("--classify mood");
    assert!(code == 2 && message.contains("classify is mood"), "{message}");
    library.analyze("--classify artist", &Silent).unwrap_err();
}

struct Impatient;
impl Progress for Impatient {
    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn an_interruption_has_its_own_exit_code() {
    let library = Library::new(&vectors(60), some_year);
    for more in ["", "--only years", "--only hdbscan --cluster-on vectors"] {
        let (code, message) = library.analyze(more, &Impatient).unwrap_err();
        assert!(code == 130 && message.ends_with("was interrupted"), "{more}: {code} {message}");
    }
    assert!(!library.out("scores.json").exists());
}

/// The vectors of a project, by `song_map`'s door and by this one.
#[cfg(feature = "pipeline")]
#[test]
fn a_project_has_the_same_analysis_by_either_door() {
    use songscape::pipeline::{Input, Parameters, Pipeline, Step};
    use songscape::project::Source;
    use songscape::resnet::{DeviceChoice, EncoderConfig};

    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    let mut parameters = Parameters::demo(1);
    parameters.demo_music.songs = 24;
    parameters.demo_music.artists = 8;
    parameters.demo_music.seconds = 8.0;
    parameters.encoder = EncoderConfig::narrow(4);
    parameters.training.steps = 2;
    parameters.training.pairs = 8;
    parameters.training.crop_columns = 128;
    parameters.vectors = Some(Source::TrainedEncoder);
    let cpu = "cpu".parse::<DeviceChoice>().unwrap().resolve().unwrap();
    let pipeline = Pipeline::new(&project, Input::Demo, parameters, cpu, 2).unwrap();
    for step in Step::ALL.into_iter().take(5) {
        pipeline.run(step, &Silent).unwrap();
    }

    let file = |source: Source| source.file(project.join("vectors")).display().to_string();
    let out = folder.path().join("again");
    let mut line = vec!["analyze".into(), "--vectors".into(), file(Source::TrainedEncoder)];
    line.extend(["--catalog".into(), project.join("analysis/songs.csv").display().to_string()]);
    line.extend(["--out".into(), out.display().to_string()]);
    line.extend(Source::BASELINES.iter().flat_map(|&source| ["--baseline".into(), file(source)]));
    run(&Arguments::try_parse_from(line).unwrap(), &Silent).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(&out).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert_eq!(read(&out), read(&project.join("analysis")), "{name:?}");
        files += 1;
    }
    assert!(files >= 8, "{files} files");
}
