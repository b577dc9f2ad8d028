//! The CSV tables hold the numbers that the figures show.
#![allow(clippy::unwrap_used)]

use songscape_project::Silent;
use songscape_report::{
    CondensedTree, HistoryStep, MeanSpectrum, ReportInput, RetrievalScore, Scores, SongRow,
    Spectrogram, TreeCluster, YearScore, write,
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
        (0..5).map(|i| song(&format!("a{i}"), 1990, 0, 1990.0 + f64::from(i))).collect();
    songs.extend((0..5).map(|i| song(&format!("b{i}"), 1991, if i < 3 { 1 } else { -1 }, 1992.0)));
    ReportInput {
        title: "T".into(),
        columns: vec!["genre, broad".into()],
        songs,
        representatives: vec![(0, vec![2, 0]), (1, vec![5])],
        scores: Scores {
            year_mae: vec![YearScore { name: Scores::TRAINED.into(), mae: 1.5 }],
            retrieval: vec![RetrievalScore {
                name: "row statistics".into(),
                recall_at_1: 0.25,
                recall_at_10: 0.75,
            }],
            ..Scores::default()
        },
        history: vec![
            HistoryStep { step: 10, loss: 2.5, accuracy: Some(0.5), learning_rate: None },
            HistoryStep { step: 20, loss: 1.25, ..HistoryStep::default() },
        ],
        ..ReportInput::default()
    }
}

#[test]
fn shares_of_a_year_are_shares_of_its_songs() {
    assert_eq!(
        table(&input(), "cluster-shares"),
        "from,to,cluster,songs,share\n1990,1990,0,5,1\n1991,1991,-1,2,0.4\n1991,1991,1,3,0.6\n"
    );
}

#[test]
fn summaries_are_tukeys_and_empty_below_five_songs() {
    assert_eq!(
        table(&input(), "predicted-years"),
        "from,to,songs,low,first_quartile,median,third_quartile,high\n\
         1990,1990,5,1990,1991,1992,1993,1994\n1991,1991,5,1992,1992,1992,1992,1992\n"
    );
    assert_eq!(
        table(&input(), "cluster-years"),
        "cluster,songs,low,first_quartile,median,third_quartile,high\n\
         -1,2,,,,,\n0,5,1990,1990,1990,1990,1990\n1,3,,,,,\n"
    );
}

#[test]
fn scores_representatives_and_history() {
    assert_eq!(
        table(&input(), "scores"),
        "measure,model,value\nyear_mean_absolute_error,trained encoder,1.5\n\
         recall_at_1,row statistics,0.25\nrecall_at_10,row statistics,0.75\n"
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
    input.spectra = vec![MeanSpectrum { cluster: -1, songs: 2, level_db: vec![-3.5, -6.0] }];
    let node = |parent, birth, size, label| TreeCluster { parent, birth, size, label };
    input.tree = Some(CondensedTree {
        clusters: vec![node(None, 0.0, 10, None), node(Some(0), 0.5, 8, Some(0))],
        leaves: [vec![(0, 0.25); 2], vec![(1, 2.0); 8]].concat(),
    });
    assert_eq!(
        table(&input, "spectrogram"),
        "hz,0.250,0.750\n400.00,0.0,-50.0\n200.00,-50.0,0.0\n100.00,-40.0,-10.0\n"
    );
    assert_eq!(
        table(&input, "cluster-spectra"),
        "cluster,songs,hz,level_db\n-1,2,400,-3.5\n-1,2,100,-6\n"
    );
    assert_eq!(
        table(&input, "condensed-tree"),
        "node,parent,birth_lambda,size,leave,label\n0,,0,10,2,\n1,0,0.5,8,8,0\n"
    );
}

#[test]
fn fields_are_quoted_and_come_back() {
    let mut input = input();
    let title = "a \"quoted\", title\nof two lines";
    input.songs[0].title = title.into();
    input.songs[1].year = None;
    let text = table(&input, "songs");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<&str> = "id,title,artist,year,cluster,probability,predicted,x,y,genre, broad"
        .splitn(10, ',')
        .collect();
    assert_eq!(reader.headers().unwrap(), header);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 10);
    assert_eq!(&rows[0][1], title);
    assert_eq!(&rows[1][3], "");
    assert_eq!((&rows[2][7], &rows[2][8], &rows[2][9]), ("0.5", "1.25", "x"));
}
