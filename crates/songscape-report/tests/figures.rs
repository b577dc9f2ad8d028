//! The figures for all kinds of libraries, and what must not be drawn.
#![allow(clippy::unwrap_used)]

mod sample;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sample::sample;
use songscape_analysis::bootstrap::{Difference, Interval};
use songscape_project::{Progress, Silent};
use songscape_report::{Error, ReportInput, Written, write};

const ALL: [&str; 11] = [
    "map-clusters",
    "map-years",
    "predicted-years",
    "calibration",
    "cluster-years",
    "cluster-shares",
    "cluster-spectra",
    "condensed-tree",
    "spectrogram",
    "retrieval",
    "training",
];
const FEW_DATED: &str = "fewer than 12 songs near each other in time have a year";
const FEW: &str = "fewer than 20 songs have both a year and a prediction";

fn written(input: &ReportInput) -> (tempfile::TempDir, Written) {
    let folder = tempfile::tempdir().unwrap();
    let written = write(folder.path(), input, &Silent).unwrap();
    (folder, written)
}

/// Writes a report and checks that figures are there or left out, files and list alike.
fn check(input: &ReportInput, left_out: &[(&str, &str)]) -> tempfile::TempDir {
    let (folder, written) = written(input);
    let found: Vec<_> =
        written.left_out.iter().map(|l| (l.figure.as_str(), l.why.as_str())).collect();
    assert_eq!(found, left_out);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    for figure in ALL {
        let gone = left_out.iter().any(|(name, _)| *name == figure);
        for ending in ["png", "svg"] {
            let file = folder.path().join(format!("figures/{figure}.{ending}"));
            assert_eq!(file.exists(), !gone, "{}", file.display());
            assert_eq!(written.files.contains(&file), !gone);
        }
        assert_eq!(page.contains(&format!("figures/{figure}.png")), !gone);
    }
    for (_, why) in left_out {
        let why = why.replace('\'', "&#39;");
        assert!(page.contains(&format!("left out, {why}.")), "the page must say why: {why}");
    }
    for file in &written.files {
        assert!(file.metadata().unwrap().len() > 0, "{}", file.display());
    }
    let svg = std::fs::read_to_string(folder.path().join("figures/map-clusters.svg"));
    if let Ok(svg) = svg {
        assert!(svg.starts_with("<svg viewBox=\"0 0 ") && svg.contains("@font-face"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
    folder
}

#[test]
fn a_usual_library_has_all_figures() {
    let input = sample(240, 10, (1960, 2020));
    let folder = check(&input, &[]);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    for text in [
        "mean absolute error 6.2 years",
        "Best simple baseline on the same folds: row statistics 7.9 years; constant 15.2",
        "trustworthiness 0.934",
        "density-based validity −0.02",
        "may be accidents",
        "1 (0.32)",
        "<th scope=\"row\">1990s</th>",
        "240 songs shown of 243 found",
        "row statistics: mean and deviation",
        "chance",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    let spectrogram =
        std::fs::read_to_string(folder.path().join("figures/spectrogram.svg")).unwrap();
    assert!(spectrogram.contains("data:image/png;base64,"), "the picture is inside");
    for label in ["50", "10,000", "Frequency in Hz", "Time in s", "30.0 s in 1,000 columns"] {
        assert!(spectrogram.contains(label), "{label} is missing");
    }
    let map = std::fs::read_to_string(folder.path().join("figures/map-clusters.svg")).unwrap();
    // Dark where the reader prefers it, the clusters' colours lifted: #0f5ac3 is the first.
    assert!(map.contains("@media (prefers-color-scheme:dark)"));
    assert!(map.contains("[fill=\"#0f5ac3\"]{fill:#3373cc}"));
    // So are the colours of years: #440154 is the first.
    let years = std::fs::read_to_string(folder.path().join("figures/map-years.svg")).unwrap();
    assert!(years.contains("[fill=\"#440154\"]{fill:#60276e}"));
    for number in 0..10 {
        assert!(map.contains(&format!(">{number}</text>")), "cluster {number} has no number");
    }
}

#[test]
fn words_are_no_more_certain_than_the_numbers() {
    let mut input = sample(240, 10, (1960, 2020));
    for song in &mut input.songs {
        song.cluster = song.cluster.max(0);
    }
    let long = "Long ".repeat(60);
    for song in input.songs.iter_mut().filter(|song| song.cluster == 1) {
        song.extra[0] = long.clone();
    }
    let interval = Interval { low: -0.4, high: 3.8 };
    let years = input.scores.as_mut().unwrap().years.as_mut().unwrap();
    years.models[2].behind = Some(Difference { value: 1.7, interval });
    let (folder, _) = written(&input);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    for text in [
        "240 songs from 1960 to 2020; all fall into 10 clusters.",
        "“row statistics” is off by 7.9 years, which is not told apart from it.",
        "Long Long Long Long Long Long Lo…",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
}

#[test]
fn a_title_is_text_in_figures_too() {
    let mut input = sample(30, 2, (1960, 2020));
    input.songs[0].title = "<img src=x onerror=alert(1)> & $\\alpha$".into();
    input.songs[0].artist = "</svg><script>alert(2)</script>".into();
    let scores = input.scores.as_mut().unwrap();
    scores.halves[1].name = "$x_1$ and 5$".into();
    let (folder, _) = written(&input);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("figures/retrieval.svg").contains(">$x_1$ and 5$</text>"));
    // A title may be of any script: a browser sets it, in the caption.
    let svg = read("figures/spectrogram.svg");
    assert!(!svg.contains("onerror") && !svg.contains("<img") && !svg.contains("<script"));
    assert_eq!(svg.matches("</svg>").count(), 1);
    let page = read("index.html");
    assert!(page.contains("“&lt;img src=x onerror=alert(1)&gt; &amp; $\\alpha$” by &lt;/svg&gt;"));
    input.songs[0].title = "x".repeat(300);
    let (folder, _) = written(&input);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(page.contains(&format!("“{}…”", "x".repeat(80))));
}

#[test]
fn one_song() {
    let mut input = sample(1, 1, (1999, 1999));
    input.history.truncate(1);
    assert_eq!(input.songs[0].cluster, 0);
    check(&input, &[("calibration", FEW), ("cluster-shares", FEW_DATED)]);
}

#[test]
fn no_song_at_all() {
    let undated = "no song has a year";
    check(
        &ReportInput::default(),
        &[
            ("map-clusters", "there are no songs"),
            ("map-years", undated),
            ("predicted-years", "no song has both a year and a prediction"),
            ("calibration", FEW),
            ("cluster-years", undated),
            ("cluster-shares", undated),
            ("cluster-spectra", "the frequencies of the spectra are not known"),
            ("condensed-tree", "the analysis left no condensed tree"),
            ("spectrogram", "no song's spectrogram is given"),
            ("retrieval", "there are no scores of retrieval"),
            ("training", "there is no training history"),
        ],
    );
}

#[test]
fn one_year_and_one_cluster() {
    let one = "all songs with a prediction are of one year";
    check(&sample(60, 4, (1987, 1987)), &[("calibration", one)]);
    check(&sample(60, 1, (1960, 2020)), &[]);
}

#[test]
fn groups_of_years_end_where_the_songs_end() {
    // The years of a published catalog: 1960 to 2020, few songs a year; two songs of 2020.
    for songs in [60, 200, 600] {
        let mut input = sample(songs, 4, (1960, 2019));
        for song in &mut input.songs[..2] {
            song.year = Some(2020);
        }
        let (folder, _) = written(&input);
        for table in ["predicted-years", "cluster-shares"] {
            let path = folder.path().join(format!("tables/{table}.csv"));
            let mut last = 0;
            for row in csv::Reader::from_path(path).unwrap().records() {
                let row = row.unwrap();
                let (from, to): (i32, i32) = (row[0].parse().unwrap(), row[1].parse().unwrap());
                assert!(1960 <= from && from <= to && to <= 2020, "{table}: {row:?}");
                last = last.max(to);
            }
            assert_eq!(last, 2020, "{table} of {songs} songs");
        }
        let path = folder.path().join("tables/cluster-shares.csv");
        let mut groups: std::collections::BTreeMap<String, usize> = Default::default();
        for row in csv::Reader::from_path(path).unwrap().records() {
            let row = row.unwrap();
            *groups.entry(row[0].into()).or_default() += row[3].parse::<usize>().unwrap();
        }
        assert!(groups.values().all(|&n| n >= 12), "{groups:?}");
    }
}

#[test]
fn no_years() {
    let mut input = sample(60, 4, (1960, 2020));
    input.songs.iter_mut().for_each(|song| song.year = None);
    let undated = "no song has a year";
    check(
        &input,
        &[
            ("map-years", undated),
            ("predicted-years", "no song has both a year and a prediction"),
            ("calibration", FEW),
            ("cluster-years", undated),
            ("cluster-shares", undated),
        ],
    );
}

#[test]
fn no_clusters() {
    let none = "there is no cluster";
    let left_out = ["cluster-years", "cluster-shares", "cluster-spectra"].map(|name| (name, none));
    let folder = check(&sample(60, 0, (1960, 2020)), &left_out);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("figures/map-clusters.svg").contains("60 songs, all unclustered"));
    assert!(read("figures/condensed-tree.svg").contains("no cluster was chosen"));
}

#[test]
fn three_hundred_clusters() {
    let folder = check(&sample(3000, 300, (1960, 2020)), &[]);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    assert!(page.contains("small clusters are left out"));
}

#[test]
fn all_songs_in_one_place_and_extreme_values() {
    let mut input = sample(30, 2, (1960, 2020));
    input.songs.iter_mut().for_each(|song| song.map = [3.0, -2.0]);
    check(&input, &[]);
    input.songs[0].map = [f32::MAX, f32::MIN];
    input.songs[1].year = Some(i32::MAX);
    input.songs[2].year = Some(i32::MIN);
    input.songs[3].predicted = Some(1e12);
    check(&input, &[]);
}

#[test]
fn the_map_says_where_it_is_shortened_and_names_its_clusters() {
    let mut input = sample(240, 6, (1960, 2020));
    let whole = check(&input, &[]);
    for song in input.songs.iter_mut().filter(|song| song.cluster == 3) {
        (song.map[0], song.extra[0]) = (song.map[0] + 100.0, "<polka>".into());
    }
    let cut = check(&input, &[]);
    let said = |folder: &tempfile::TempDir, figure: &str| {
        let path = folder.path().join(format!("figures/{figure}.svg"));
        std::fs::read_to_string(path).unwrap().contains("shortened")
    };
    for figure in ["map-clusters", "map-years"] {
        assert!(!said(&whole, figure) && said(&cut, figure), "{figure}");
    }
    let page = std::fs::read_to_string(cut.path().join("index.html")).unwrap();
    let (_, key) = page.split_once("<ul class=\"key\"").unwrap();
    let (key, _) = key.split_once("</ul>").unwrap();
    assert_eq!(key.matches("<li>").count(), 6);
    assert!(key.contains("<b>3</b> ") && key.contains("&lt;polka&gt;, "), "{key}");
    assert_eq!(page.matches("<ul class=\"key\"").count(), 1, "at the map alone");
}

#[test]
fn a_figure_that_is_no_longer_drawn_is_removed() {
    let (folder, _) = written(&sample(30, 2, (1960, 2020)));
    let figure = folder.path().join("figures/training.png");
    assert!(figure.exists());
    let without = ReportInput { history: vec![], ..sample(30, 2, (1960, 2020)) };
    write(folder.path(), &without, &Silent).unwrap();
    assert!(!figure.exists());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let input = sample(300, 5, (1960, 2020));
    let (one, first) = written(&input);
    let (two, second) = written(&input);
    let names = |root: &Path, written: &Written| -> BTreeSet<PathBuf> {
        written.files.iter().map(|f| f.strip_prefix(root).unwrap().to_owned()).collect()
    };
    let files = names(one.path(), &first);
    assert_eq!(files, names(two.path(), &second));
    assert_eq!(files.len(), 1 + 22 + 12 + 1);
    for file in files {
        let read = |root: &Path| std::fs::read(root.join(&file)).unwrap();
        assert!(read(one.path()) == read(two.path()), "{} differs", file.display());
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let fault = |change: fn(&mut ReportInput)| {
        let mut input = sample(5, 2, (1960, 2020));
        change(&mut input);
        write(folder.path(), &input, &Silent).unwrap_err()
    };
    let error = fault(|input| input.songs[3].map[1] = f32::NAN);
    assert!(matches!(error, Error::Coordinates { row: 3, .. }), "{error}");
    assert!(error.to_string().contains("song 3 (song-00003)"));
    let error = fault(|input| input.songs[1].cluster = -2);
    assert!(matches!(error, Error::Cluster { row: 1, cluster: -2, .. }), "{error}");
    let error = fault(|input| input.songs[0].predicted = Some(f64::INFINITY));
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = fault(|input| input.scores.as_mut().unwrap().halves[0].recall_1 = f64::NAN);
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = fault(|input| input.songs[4].extra.clear());
    assert!(matches!(error, Error::Length { found: 0, expected: 1, .. }), "{error}");
    let error = fault(|input| input.neighbors.truncate(2));
    assert!(matches!(error, Error::Length { found: 2, expected: 5, .. }), "{error}");
    let error = fault(|input| input.neighbors[2] = vec![5]);
    assert!(matches!(error, Error::Row { row: 5, songs: 5, .. }), "{error}");
    let error = fault(|input| input.representatives[1].1 = vec![9]);
    assert!(matches!(error, Error::Row { row: 9, songs: 5, .. }), "{error}");
    let error = fault(|input| input.tree.as_mut().unwrap().tree.clusters[1].parent = Some(2));
    assert!(error.to_string().contains("a parent comes before its children"), "{error}");
    let error = fault(|input| input.tree.as_mut().unwrap().tree.leaves_at[2] = f64::NAN);
    assert!(matches!(error, Error::Tree { .. }), "{error}");
    let error = fault(|input| input.spectrogram.as_mut().unwrap().song = 5);
    assert!(matches!(error, Error::Row { row: 5, songs: 5, .. }), "{error}");
    let error = fault(|input| input.spectrogram.as_mut().unwrap().pixels.truncate(1_535_999));
    assert!(matches!(error, Error::Length { found: 1_535_999, .. }), "{error}");
    let error = fault(|input| input.spectra[0].level_db[3] = f64::NEG_INFINITY);
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let error = fault(|input| input.frequencies = Some((0.0, 100.0)));
    assert!(matches!(error, Error::Range { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn an_interrupt_stops_between_figures() {
    struct Stop;
    impl Progress for Stop {
        fn interrupted(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let found = write(folder.path(), &sample(5, 2, (1960, 2020)), &Stop);
    assert!(matches!(found, Err(Error::Interrupted)));
    assert!(!folder.path().join("index.html").exists());
}

#[test]
fn very_many_songs_are_drawn_as_a_raster() {
    let mut input = sample(100_000, 6, (1960, 2020));
    input.neighbors.clear();
    let (folder, _) = written(&input);
    let size = folder.path().join("figures/map-clusters.svg").metadata().unwrap().len();
    assert!(size < 3_000_000, "{size} bytes");
    let map = std::fs::read_to_string(folder.path().join("figures/map-clusters.svg")).unwrap();
    assert!(map.contains("density"), "the picture says what it is");
    // On dark paper every colour is lifted, mixed ones too, and none was mixed with white.
    let path = |part: &&str| part.starts_with("<path ") && part.contains("fill-opacity");
    let colours: BTreeSet<&str> = map
        .split_inclusive('>')
        .map(str::trim_start)
        .filter(path)
        .filter_map(|path| path.split("fill=\"").nth(1)?.get(..7))
        .collect();
    assert!(colours.len() > 30, "{} colours", colours.len());
    for colour in colours {
        assert!(map.contains(&format!("[fill=\"{colour}\"]{{fill:")), "{colour} has no rule");
    }
}

#[test]
#[ignore = "writes reports to look at under the target folder's tmp"]
fn reports_to_look_at() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("look");
    let reports = [
        ("small", sample(240, 10, (1960, 2020))),
        ("published", sample(5737, 17, (1960, 2020))),
        ("sparse", sample(200, 6, (1758, 1894))),
        ("one-year", sample(60, 4, (1987, 1987))),
        ("many-clusters", sample(3000, 300, (1960, 2020))),
        ("few", sample(12, 2, (1990, 2005))),
        ("one-cluster", sample(200, 1, (1960, 2020))),
        ("no-cluster", sample(200, 0, (1960, 2020))),
        ("no-years", sample(200, 5, (1960, 2020))),
        ("large", sample(50_000, 30, (1960, 2020))),
        ("raster", sample(120_000, 8, (1960, 2020))),
    ];
    // `LOOK=small` makes that one alone.
    let wanted = std::env::var("LOOK").ok();
    for (name, mut input) in reports {
        if wanted.as_deref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        if name == "sparse" {
            // 51 years that have songs, as in a collection of art songs.
            for song in &mut input.songs {
                song.year = song.year.map(|year| 1758 + (year - 1758) * 50 / 136 * 136 / 50);
            }
        }
        if name == "no-years" {
            for song in &mut input.songs {
                (song.year, song.predicted) = (None, None);
            }
            if let Some(scores) = &mut input.scores {
                scores.years = None;
            }
        }
        let written = write(root.join(name), &input, &Silent).unwrap();
        println!("{}", written.files[0].display());
    }
}
