//! The booster on data whose answer is known, and against an exact booster.
#![allow(clippy::unwrap_used)]

mod songs;

use ndarray::{Array2, Axis, s};
use songs::{songs, with_threads};
use songscape_analysis::boosting::{Booster, BoosterParams, Loss, Node};
use songscape_analysis::metrics::{mean_absolute_error, r_squared};

fn steps(n: usize) -> (Array2<f32>, Vec<f32>) {
    let x = Array2::from_shape_fn((n, 3), |(i, j)| ((i * (37 + 11 * j)) % 101) as f32);
    let y = x.rows().into_iter().map(|r| if r[1] > 50.0 { 10.0 } else { -4.0 }).collect();
    (x, y)
}

fn one_tree() -> BoosterParams {
    BoosterParams { trees: 1, learning_rate: 1.0, ..BoosterParams::default() }
}

#[test]
fn one_step_is_found_at_its_place() {
    let (x, y) = steps(300);
    let booster = Booster::fit(x.view(), &y, None, &one_tree()).unwrap();
    let Node::Split { column, limit, .. } = &booster.trees()[0].nodes[0] else { panic!() };
    assert_eq!((*column, *limit), (1, 50.5));
    let predicted = booster.predict(x.view()).unwrap();
    assert!(mean_absolute_error(&y, &predicted).unwrap() < 1e-5);
    let importance = booster.gain_importance();
    assert!(importance[1] > 0.0 && importance[0] == 0.0 && importance[2] == 0.0);
}

#[test]
fn missing_values_go_where_they_help() {
    let (mut x, mut y) = steps(300);
    for i in (0..300).step_by(3) {
        x[[i, 1]] = f32::NAN;
        y[i] = 10.0;
    }
    let params = BoosterParams { trees: 50, learning_rate: 0.5, ..BoosterParams::default() };
    let booster = Booster::fit(x.view(), &y, None, &params).unwrap();
    assert!(mean_absolute_error(&y, &booster.predict(x.view()).unwrap()).unwrap() < 1e-3);
    // A column that is only known or missing.
    let known = Array2::from_shape_fn((80, 1), |(i, _)| if i % 2 == 0 { 1.0 } else { f32::NAN });
    let y: Vec<f32> = (0..80).map(|i| (i % 2) as f32).collect();
    let booster = Booster::fit(known.view(), &y, None, &one_tree()).unwrap();
    assert!(mean_absolute_error(&y, &booster.predict(known.view()).unwrap()).unwrap() < 1e-6);
}

#[test]
fn weights_count_as_repeated_rows() {
    let (x, y) = steps(120);
    let y: Vec<f32> = y.iter().enumerate().map(|(i, v)| v + (i % 7) as f32).collect();
    let weights: Vec<f32> = (0..120).map(|i| (i % 3) as f32 + 1.0).collect();
    let repeated: Vec<usize> = (0..120).flat_map(|i| vec![i; i % 3 + 1]).collect();
    let (x2, y2) =
        (x.select(Axis(0), &repeated), repeated.iter().map(|&i| y[i]).collect::<Vec<_>>());
    for loss in [Loss::Squared, Loss::Absolute, Loss::Quantile(0.8)] {
        let params = BoosterParams {
            trees: 5,
            min_child_rows: 1,
            leaves: 4,
            bins: 256, // a bin for every value, so that both see the same limits
            loss,
            ..BoosterParams::default()
        };
        let weighted = Booster::fit(x.view(), &y, Some(&weights), &params).unwrap();
        let plain = Booster::fit(x2.view(), &y2, None, &params).unwrap();
        let (a, b) = (weighted.predict(x.view()).unwrap(), plain.predict(x.view()).unwrap());
        assert!(mean_absolute_error(&a, &b).unwrap() < 1e-4, "{loss:?}");
    }
}

#[test]
fn quantiles_cover_their_share() {
    let n = 3000;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| ((i * (71 + j)) % 997) as f32);
    let noise = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0;
    let y: Vec<f32> = (0..n).map(|i| x[[i, 0]] / 100.0 + 5.0 * noise(i)).collect();
    for q in [0.1, 0.5, 0.9] {
        let params = BoosterParams {
            trees: 80,
            leaves: 8,
            min_child_rows: 150,
            loss: Loss::Quantile(q),
            ..BoosterParams::default()
        };
        let booster = Booster::fit(x.slice(s![..2000, ..]), &y[..2000], None, &params).unwrap();
        let predicted = booster.predict(x.slice(s![2000.., ..])).unwrap();
        let below = y[2000..].iter().zip(&predicted).filter(|(y, p)| y < p).count();
        let share = below as f64 / 1000.0;
        assert!((share - q).abs() < 0.06, "{q}: {share}");
    }
}

#[test]
fn subsampling_still_learns_and_the_model_survives_its_file() {
    let songs = songs(500, 40, 5, 8);
    let years: Vec<f32> = songs.years.iter().map(|y| y.unwrap_or(1990) as f32).collect();
    let params = BoosterParams {
        row_share: 0.6,
        column_share: 0.4,
        seed: 5,
        trees: 100,
        ..BoosterParams::default()
    };
    let fit = || Booster::fit(songs.x.slice(s![..400, ..]), &years[..400], None, &params).unwrap();
    let booster = with_threads(1, fit);
    assert_eq!(booster, with_threads(4, fit));
    let test = songs.x.slice(s![400.., ..]);
    let predicted = booster.predict(test).unwrap();
    assert!(r_squared(&years[400..], &predicted).unwrap() > 0.5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("booster.json");
    booster.save(&path).unwrap();
    assert_eq!(Booster::load(&path).unwrap().predict(test).unwrap(), predicted);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"left\": 1,", "\"left\": 0,", 1)).unwrap();
    assert!(Booster::load(&path).is_err());
}

#[test]
fn a_model_that_parts_missing_values_from_all_others_survives_its_file() {
    let x = Array2::from_shape_fn((60, 1), |(i, _)| if i < 30 { f32::NAN } else { i as f32 });
    let y: Vec<f32> = (0..60).map(|i| if i < 30 { 1.0 } else { 5.0 }).collect();
    let booster = Booster::fit(x.view(), &y, None, &one_tree()).unwrap();
    let infinite =
        |node: &Node| matches!(node, Node::Split { limit, .. } if *limit == f32::INFINITY);
    assert!(booster.trees().iter().flat_map(|tree| &tree.nodes).any(infinite));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("booster.json");
    booster.save(&path).unwrap();
    assert_eq!(Booster::load(&path).unwrap(), booster);
}

#[test]
fn a_constant_target_or_constant_columns_give_the_mean() {
    let (x, _) = steps(50);
    let flat = Booster::fit(x.view(), &[3.5; 50], None, &BoosterParams::default()).unwrap();
    assert!(flat.predict(x.view()).unwrap().iter().all(|p| (p - 3.5).abs() < 1e-6));
    let ones = Array2::<f32>::ones((50, 3));
    let y: Vec<f32> = (0..50).map(|i| i as f32).collect();
    let mean = Booster::fit(ones.view(), &y, None, &BoosterParams::default()).unwrap();
    assert!(mean.predict(ones.view()).unwrap().iter().all(|p| (p - 24.5).abs() < 1e-4));
}

#[test]
fn a_fit_stops_where_other_rows_gain_no_more() {
    let songs = songs(400, 10, 4, 2);
    let years: Vec<f32> = songs.years.iter().map(|y| y.unwrap_or(1990) as f32).collect();
    let (train, test) = (songs.x.slice(s![..300, ..]), songs.x.slice(s![300.., ..]));
    let params = BoosterParams { trees: 400, learning_rate: 0.3, ..BoosterParams::default() };
    for loss in [Loss::Squared, Loss::Absolute, Loss::Quantile(0.9)] {
        let params = BoosterParams { loss, ..params.clone() };
        let other = (test, &years[300..]);
        let stopped = Booster::fit_until(train, &years[..300], None, &params, other, 10).unwrap();
        let count = stopped.trees().len();
        assert!(count < 400, "{loss:?}: {count}");
        // The trees are those of a fit of as many.
        if count > 0 {
            let params = BoosterParams { trees: count, ..params };
            let plain = Booster::fit(train, &years[..300], None, &params).unwrap();
            assert_eq!(plain.trees(), stopped.trees());
        }
    }
    let narrow = (test.slice_move(s![.., ..3]), &years[300..]);
    assert!(Booster::fit_until(train, &years[..300], None, &params, narrow, 10).is_err());
}

#[test]
fn shuffling_the_column_that_counts_hurts() {
    let (x, y) = steps(300);
    let booster = Booster::fit(x.view(), &y, None, &one_tree()).unwrap();
    let importance = booster.permutation_importance(x.view(), &y, 3, 1).unwrap();
    assert!(importance[1] > 4.0 && importance[0] == 0.0 && importance[2] == 0.0, "{importance:?}");
    assert_eq!(importance, booster.permutation_importance(x.view(), &y, 3, 1).unwrap());
    assert!(booster.permutation_importance(x.view(), &y[1..], 3, 1).is_err());
    assert!(booster.permutation_importance(x.view(), &y, 0, 1).is_err());
}
