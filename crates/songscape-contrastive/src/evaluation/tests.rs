use ndarray::{Array2, s};

use super::*;
use crate::rings::transposed;

/// Twenty songs in ten pairs, of which the third has no halves.
fn sets() -> [VectorSet; 2] {
    let whole = Array2::from_shape_fn((20, 12), |(i, j)| ((i / 2 * 13 + j * 5) as f32).sin());
    let mut first = &whole + &Array2::from_shape_fn((20, 12), |(i, j)| (i * 12 + j) as f32 * 1e-3);
    let mut second = first.mapv(|x| x + 1e-4);
    first.row_mut(2).fill(f32::NAN);
    second.row_mut(2).fill(f32::NAN);
    let halves = Some([first, second]);
    let trained = VectorSet { halves, ..VectorSet::new("trained encoder", whole) };
    let chroma = VectorSet { name: "sharpened chroma".into(), halves: None, ..trained.clone() };
    [trained, chroma]
}

fn evaluate(sets: &[VectorSet], known: &Known) -> Evaluation {
    let models: Vec<Contender> = sets.iter().map(Contender::new).collect();
    Evaluation::new(&models, known).unwrap()
}

fn pairs() -> Vec<usize> {
    (0..20).map(|song| song / 2).collect()
}

fn by(found: &Evaluation, comparison: Comparison) -> &RetrievalTable {
    found.retrieval.iter().find(|table| table.comparison == comparison).unwrap()
}

#[test]
fn songs_without_halves_take_no_part_in_their_retrieval_alone() {
    let groups = pairs();
    let found = evaluate(&sets(), &Known { groups: Some(&groups), ..Known::default() });
    let halves = by(&found, Comparison::Halves);
    assert_eq!((halves.rows.len(), halves.rows[0].recall_1), (1, 1.0));
    for comparison in [Comparison::Plain, Comparison::Standardized, Comparison::AnyKey] {
        assert!(by(&found, comparison).rows.iter().all(|row| row.recall_1 == 1.0));
    }
    // Without other songs there is nothing to fit whitening on.
    assert!(found.retrieval.iter().all(|table| table.comparison != Comparison::Whitened));
    assert_eq!((found.recordings, found.fitted_on), (20, 0));
    assert!(found.probes.is_empty());
}

#[test]
fn only_rings_are_compared_in_any_key_and_whitening_comes_from_elsewhere() {
    let [trained, mut chroma] = sets();
    for i in (1..20).step_by(2) {
        let other = transposed(chroma.whole.slice(s![i..=i, ..]), 3).unwrap();
        chroma.whole.row_mut(i).assign(&other.row(0));
    }
    let groups = pairs();
    let elsewhere = Array2::from_shape_fn((30, 12), |(i, j)| ((i * 7 + j * 3) as f32).cos());
    let sets = [trained, chroma];
    let models: Vec<Contender> = sets
        .iter()
        .map(|set| Contender { elsewhere: Some(&elsewhere), ..Contender::new(set) })
        .collect();
    let matches = Array2::from_shape_fn((20, 20), |(i, j)| f32::from(u8::from(i / 2 == j / 2)));
    let matches = Some(&matches);
    let known = Known { groups: Some(&groups), matches, ..Known::default() };
    let found = Evaluation::new(&models, &known).unwrap();
    assert_eq!(found.fitted_on, 30);
    let names = |comparison| -> Vec<&str> {
        by(&found, comparison).rows.iter().map(|row| row.name.as_str()).collect()
    };
    assert_eq!(names(Comparison::Whitened), ["trained encoder", "sharpened chroma"]);
    assert_eq!(names(Comparison::AnyKey), ["sharpened chroma", "chroma sequences"]);
    assert_eq!(names(Comparison::AnyKeyWhitened), ["sharpened chroma"]);
    let recall = |comparison| by(&found, comparison).rows.last().unwrap().recall_1;
    assert!(recall(Comparison::Plain) < 0.5);
    assert_eq!([Comparison::AnyKey, Comparison::AnyKeyWhitened].map(recall), [1.0, 1.0]);
    let text = found.to_string();
    assert!(text.contains("\nsharpened chroma is not told apart from chroma sequences"), "{text}");
}

#[test]
fn tables_are_those_of_what_is_known() {
    let text = evaluate(&sets(), &Known::default()).to_string();
    let line =
        "trained encoder                             1.000   1.00–1.00      1.000   1.00–1.00";
    assert_eq!(text.lines().nth(1), Some(line), "{text}");
    assert_eq!(text.lines().count(), 2, "chroma has no halves here");
    let style: Vec<String> = (0..20).map(|song| format!("style {}", song / 2 % 2)).collect();
    let tempo: Vec<String> = (0..20).map(|song| (60 + song * song).to_string()).collect();
    let key: Vec<String> = (0..20).map(|song| (song / 2 % 3 - 1).to_string()).collect();
    let groups = pairs();
    let probes = [("style", style), ("tempo", tempo), ("key", key)]
        .map(|(name, column)| Probe::of_column(name, &column, &groups));
    let found = evaluate(&sets(), &Known { probes: &probes, ..Known::default() });
    let text = found.to_string();
    assert!(!text.contains("same group"));
    assert!(text.contains("\nstyle of 20 recordings, linear           accuracy"), "{text}");
    assert!(text.contains("\ntempo of 20 recordings, linear              error"), "{text}");
    assert_eq!(found.probes[0].constant, 0.5);
    assert!(found.probes[1].is_error && found.probes[1].models[0].nearest.is_none());
    let fifths = found.probes[2].models[0].fifths.unwrap();
    assert!((0.0..=2.0).contains(&fifths));
    // Both models have the same vectors.
    assert_eq!(found.probes[0].models[1].behind.unwrap().value, 0.0);
}

#[test]
fn a_column_that_cannot_be_told_leaves_the_others_their_scores() {
    let sets = sets();
    let rows = sets[0].whole.nrows();
    let groups: Vec<usize> = (0..rows).collect();
    let own: Vec<String> = groups.iter().map(|row| format!("name {row}")).collect();
    let two: Vec<usize> = groups.iter().map(|row| row % 2).collect();
    let parity: Vec<&str> = two.iter().map(|half| ["even", "odd"][*half]).collect();
    let probes = [
        Probe::of_column("name", &own, &groups),
        Probe::of_column("few", &parity, &groups.iter().map(|row| row / 2 % 4).collect::<Vec<_>>()),
        Probe::of_column("parity", &parity, &groups),
    ];
    let found = evaluate(&sets, &Known { probes: &probes, ..Known::default() });
    let left_out: Vec<&str> = found.left_out.iter().map(|out| out.column.as_str()).collect();
    assert_eq!(left_out, ["name", "few"]);
    assert_eq!(found.probes.len(), 1);
    assert!(found.to_string().contains("few: not told, of its"), "{found}");
}

#[test]
fn files_hold_every_score() {
    let groups = pairs();
    let known = Known { groups: Some(&groups), ..Known::default() };
    let found = evaluate(&sets(), &known);
    let folder = tempfile::tempdir().unwrap();
    found.write(folder.path()).unwrap();
    let read: Evaluation =
        songscape_project::read_json(folder.path().join("evaluation.json")).unwrap();
    assert_eq!(read, found);
    let csv = std::fs::read_to_string(folder.path().join("evaluation.csv")).unwrap();
    // One half table of one model, two tables of two, one of rings; two measures each; and the header.
    assert_eq!(csv.lines().count(), 1 + 2 * (1 + 2 + 2 + 1));
    assert!(csv.contains("\nhalves of a song,trained encoder,recall@1,1.0,1.0,1.0,,,\n"), "{csv}");
}

#[test]
fn unusable_vectors_are_named() {
    let [mut trained, _] = sets();
    let message = |set: &VectorSet, known: &Known| {
        Evaluation::new(&[Contender::new(set)], known).unwrap_err().to_string()
    };
    let groups = [1, 2, 3];
    let known = Known { groups: Some(&groups), ..Known::default() };
    assert!(message(&trained, &known).contains("expected [3, 12]"));
    trained.whole[[4, 1]] = f32::NAN;
    assert!(message(&trained, &Known::default()).contains("row 4"));
}
