//! The CSV tables hold the numbers that the figures show.
#![allow(clippy::unwrap_used)]

use songscape_analysis::bootstrap::Interval;
use songscape_analysis::music::tables::{ClusterTree, TreeRow};
use songscape_analysis::music::years::{DecadeScore, YearParams};
use songscape_analysis::study::{RetrievalScore, Scores, YearScore, YearScores};
use songscape_project::Silent;
use songscape_report::{
    HistoryStep, MeanSpectrum, MethodStage, Methods, ReportInput, SongRow, Spectrogram, write,
};

fn song(id: &str, year: i32, cluster: i32, predicted: f64) -> SongRow {
    SongRow {
        id: id.into(),
        title: format!("Title {id}"),
        artist: "Anon.".into(),
        year: Some(year),
        map: [0.5, 1.25],
        cluster,
        probability: 0.5,
        predicted: Some(predicted),
        extra: vec!["x".into()],
        ..SongRow::default()
    }
}

fn table(input: &ReportInput, name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), input, &Silent).unwrap();
    std::fs::read_to_string(folder.path().join(format!("tables/{name}.csv"))).unwrap()
}

fn input() -> ReportInput {
    let mut songs: Vec<SongRow> =
        (0..12).map(|i| song(&format!("a{i}"), 1990, 0, 1990.0 + f64::from(i))).collect();
    songs.extend((0..12).map(|i| song(&format!("b{i}"), 1991, if i < 9 { 1 } else { -1 }, 1992.0)));
    ReportInput {
        title: "T".into(),
        columns: vec!["genre, broad".into()],
        songs,
        representatives: vec![(0, vec![2, 0]), (1, vec![12])],
        scores: Some(Scores {
            songs: 20,
            years: Some(YearScores {
                params: YearParams::for_songs(20, 7),
                songs: 20,
                coverage: None,
                interval_width: None,
                bias: [].into(),
                decades: vec![DecadeScore {
                    decade: 1990,
                    songs: 20,
                    bias: -0.5,
                    mae: 1.5,
                    coverage: Some(0.75),
                }],
                models: vec![YearScore {
                    name: "trained encoder".into(),
                    mae: 1.5,
                    interval: Some(Interval { low: 1.25, high: 2.0 }),
                    ..YearScore::default()
                }],
            }),
            halves: vec![RetrievalScore {
                name: "row statistics".into(),
                recall_1: 0.25,
                recall_10: 0.75,
                interval_1: Some(Interval { low: 0.125, high: 0.5 }),
                ..RetrievalScore::default()
            }],
            ..Scores::default()
        }),
        history: vec![
            HistoryStep { step: 10, loss: 2.5, accuracy: Some(0.5), learning_rate: None },
            HistoryStep { step: 20, loss: 1.25, ..HistoryStep::default() },
        ],
        ..ReportInput::default()
    }
}

/// A table whose long fractions are cut after five digits.
fn shortened(table: &str) -> String {
    let cell = |cell: &str| match cell.split_once('.') {
        Some((whole, rest)) if rest.len() > 5 => format!("{whole}.{}", &rest[..5]),
        _ => cell.to_owned(),
    };
    let line = |line: &str| line.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n";
    table.lines().map(line).collect()
}

#[test]
fn shares_of_a_year_are_shares_of_its_songs() {
    assert_eq!(
        table(&input(), "cluster-shares"),
        "from,to,cluster,songs,share\n1990,1990,0,12,1\n1991,1991,-1,3,0.25\n1991,1991,1,9,0.75\n"
    );
}

#[test]
fn summaries_are_tukeys_and_empty_below_ten_songs() {
    assert_eq!(
        table(&input(), "predicted-years"),
        "from,to,songs,low,first_quartile,median,third_quartile,high\n\
         1990,1990,12,1990,1992.75,1995.5,1998.25,2001\n1991,1991,12,1992,1992,1992,1992,1992\n"
    );
    assert_eq!(
        table(&input(), "cluster-years"),
        "cluster,songs,low,first_quartile,median,third_quartile,high\n\
         -1,3,,,,,\n0,12,1990,1990,1990,1990,1990\n1,9,,,,,\n"
    );
}

#[test]
fn scores_representatives_and_history() {
    assert_eq!(
        shortened(&table(&input(), "scores")),
        "measure,model,value,low_95,high_95\nyear_mean_absolute_error,trained encoder,1.5,1.25,2\n\
         recall_at_1,row statistics,0.25,0.125,0.5\n\
         recall_at_10,row statistics,0.75,,\n\
         recall_at_1,chance,0.05,,\nrecall_at_10,chance,0.5,,\n"
    );
    assert_eq!(
        shortened(&table(&input(), "predicted-decades")),
        "from,to,songs,mae,bias,within,within_low_95,within_high_95\n\
         1990,1999,20,1.5,-0.5,0.75,0.53129,0.88813\n"
    );
    assert_eq!(
        table(&input(), "representatives"),
        "cluster,rank,id,title,artist,year\n0,1,a2,Title a2,Anon.,1990\n\
         0,2,a0,Title a0,Anon.,1990\n1,1,b0,Title b0,Anon.,1991\n"
    );
    assert_eq!(
        table(&input(), "training"),
        "step,loss,accuracy,learning_rate\n10,2.5,0.5,\n20,1.25,,\n"
    );
}

#[test]
fn sound_and_tree() {
    let mut input = input();
    input.frequencies = Some((100.0, 400.0));
    input.columns_per_second = Some(2.0);
    // Two columns of three rows: white on top, then black, then the middle.
    let pixels = vec![255, 0, 51, 0, 255, 204];
    input.spectrogram = Some(Spectrogram { song: 0, pixels, rows: 3, range_db: 50.0 });
    input.spectra = vec![MeanSpectrum {
        cluster: -1,
        songs: 2,
        level_db: vec![-3.5, -6.0],
        deviation_db: vec![1.5, 0.0],
    }];
    let row = |parent, child, lambda, size, label| TreeRow { parent, child, lambda, size, label };
    let mut rows = vec![row(24, 25, 0.5, 20, Some(0))];
    rows.extend((0..24).map(|song| match song {
        0..4 => row(24, song, 0.25, 1, None),
        _ => row(25, song, 2.0, 1, None),
    }));
    input.tree = Some(ClusterTree::from_rows(&rows, 24).unwrap());
    assert_eq!(
        table(&input, "spectrogram"),
        "hz,0.250,0.750\n400.00,0.0,-50.0\n200.00,-50.0,0.0\n100.00,-40.0,-10.0\n"
    );
    assert_eq!(
        table(&input, "cluster-spectra"),
        "cluster,songs,hz,level_db,deviation_db\n-1,2,400,-3.5,1.5\n-1,2,100,-6,0\n"
    );
    assert_eq!(
        table(&input, "condensed-tree"),
        "node,parent,birth_lambda,size,leave,label\n0,,0,24,4,\n1,0,0.5,20,20,0\n"
    );
}

#[test]
fn fields_are_quoted_and_come_back() {
    let mut input = input();
    let title = "a \"quoted\", title\nof two lines";
    input.songs[0].title = title.into();
    input.songs[1].year = None;
    input.songs[2].title = "=HYPERLINK(\"http://x\")".into();
    input.songs[3].extra = vec!["-1.5".into()];
    let text = table(&input, "songs");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<&str> =
        "id,title,artist,year,cluster,probability,outlier,predicted,x,y,genre, broad"
            .splitn(11, ',')
            .collect();
    assert_eq!(reader.headers().unwrap(), header);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 24);
    assert_eq!(&rows[0][1], title);
    assert_eq!(&rows[1][3], "");
    assert_eq!((&rows[2][1], &rows[3][10]), ("'=HYPERLINK(\"http://x\")", "-1.5"));
    assert_eq!((&rows[2][8], &rows[2][9], &rows[2][10]), ("0.5", "1.25", "x"));
}

#[test]
fn methods_are_written_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let stage = MethodStage {
        name: "analysis <b>".into(),
        version: Some(3),
        parameters: serde_json::json!({ "map": { "seed": 11 }, "neighbors": 15 }),
        inputs: [("songs".to_owned(), "abc123".to_owned())].into(),
        ..MethodStage::default()
    };
    let methods = Methods { version: "9.8.7".into(), stages: vec![stage], ..Methods::default() };
    let with = ReportInput { methods: methods.clone(), ..input() };
    write(folder.path(), &with, &Silent).unwrap();
    let path = folder.path().join("methods.json");
    assert_eq!(songscape_project::read_json::<Methods>(&path).unwrap(), methods);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    for text in ["map.seed = 11", "Songscape 9.8.7", "analysis &lt;b&gt;", "abc123", "15"] {
        assert!(page.contains(text), "{text} is missing");
    }
    // A report that knows nothing of it leaves no old file.
    write(folder.path(), &input(), &Silent).unwrap();
    assert!(!path.exists());
}
