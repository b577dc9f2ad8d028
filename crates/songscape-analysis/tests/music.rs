//! From vectors to the tables, on songs made up.
#![allow(clippy::unwrap_used)]

mod songs;

use songs::{songs, with_threads};
use songscape_analysis::Error;
use songscape_analysis::metrics::{adjusted_rand_index, quantile, trustworthiness};
use songscape_analysis::music::clusters::{ClusterOn, ClusterParams, cluster};
#[cfg(feature = "comparisons")]
use songscape_analysis::music::comparisons;
use songscape_analysis::music::representatives;
use songscape_analysis::music::stability::{StabilityParams, stability};
use songscape_analysis::music::years::{YearModels, YearParams, constant, cross_validate};
use songscape_analysis::neighbors::Metric;
use songscape_analysis::umap::{self, Start, UmapParams};
use songscape_project::Silent;

#[test]
fn a_map_keeps_neighbours_and_does_not_depend_on_the_threads() {
    let songs = songs(600, 32, 6, 1);
    for start in [Start::Spectral, Start::Pca] {
        let params = UmapParams { start, epochs: Some(200), ..UmapParams::default() };
        let map = with_threads(1, || umap::fit(songs.x.view(), &params, &Silent).unwrap());
        let trust = trustworthiness(songs.x.view(), map.view(), 15, Metric::Cosine).unwrap();
        println!("{start:?}: trustworthiness {trust}");
        assert!(trust > 0.95, "{start:?}: {trust}");
        let again = with_threads(3, || umap::fit(songs.x.view(), &params, &Silent).unwrap());
        assert_eq!(map, again);
    }
}

#[test]
fn styles_are_found_wherever_they_are_sought() {
    let songs = songs(600, 32, 6, 2);
    let map = umap::fit(songs.x.view(), &UmapParams::default(), &Silent).unwrap();
    for on in [ClusterOn::Umap, ClusterOn::Map] {
        let params = ClusterParams { on, ..ClusterParams::for_songs(600, 0) };
        let found = cluster(songs.x.view(), Some(map.view()), &params, &Silent).unwrap();
        let ari = adjusted_rand_index(&songs.styles, found.clusters.labels()).unwrap();
        println!("{on:?}: {} clusters, ARI {ari}", found.clusters.count());
        assert!(ari > 0.7, "{on:?}: {ari}");
        #[cfg(feature = "comparisons")]
        {
            let labels = found.clusters.labels();
            let comparison = comparisons::clusters(found.points.view(), labels).unwrap();
            assert!(comparison.k_means.unwrap().ari > 0.5, "{comparison:?}");
        }
    }
}

#[test]
fn few_songs_are_enough_for_everything() {
    for n in [12, 40, 240] {
        let songs = songs(n, 64, 3, 3);
        let params = UmapParams::default().reduced_for(n);
        let map = umap::fit(songs.x.view(), &params, &Silent).unwrap();
        assert!(map.iter().all(|v| v.is_finite()));
        let params = ClusterParams::for_songs(n, 0);
        let found = cluster(songs.x.view(), None, &params, &Silent).unwrap();
        let chosen = representatives(
            songs.x.view(),
            found.clusters.labels(),
            found.clusters.probabilities(),
            &songs.artists,
            10,
        )
        .unwrap();
        assert_eq!(chosen.len(), found.clusters.count());
        let years = YearParams::for_songs(n, 0);
        let by = |models| {
            let years = YearParams { models, ..years.clone() };
            cross_validate(songs.x.view(), &songs.years, &songs.artists, &years, &Silent).unwrap()
        };
        let [boosted, ridge, better] =
            [YearModels::Boosting, YearModels::Ridge, YearModels::Better].map(by);
        let plain = constant(&songs.years, &songs.artists, years.folds, years.seed).unwrap();
        println!(
            "{n} songs, mean absolute error: boosting {:.2}, constant {:.2}, ridge {:.2}",
            boosted.mae, plain.mae, ridge.mae
        );
        let rows = |p: &songscape_analysis::music::years::YearPredictions| -> Vec<(usize, usize)> {
            p.rows.iter().map(|r| (r.row, r.fold)).collect()
        };
        assert_eq!(rows(&boosted), rows(&plain));
        assert_eq!(rows(&boosted), rows(&ridge));
        assert_eq!(better, if ridge.mae < boosted.mae { ridge.clone() } else { boosted.clone() });
        if n == 240 {
            assert!(boosted.mae < 0.7 * plain.mae);
            assert!(boosted.mae < 1.1 * ridge.mae);
        }
    }
}

#[test]
#[cfg(feature = "comparisons")]
fn years_of_near_songs_are_better_than_none() {
    for n in [12, 240] {
        let songs = songs(n, 64, 3, 3);
        let (x, years, artists) = (songs.x.view(), &songs.years, &songs.artists);
        let nearest = comparisons::years(x, years, artists, 4, 0, &Silent).unwrap();
        let plain = constant(years, artists, 4, 0).unwrap();
        println!("{n} songs: nearest {:.2}, constant {:.2}", nearest.mae, plain.mae);
        assert_eq!(nearest.rows.len(), plain.rows.len());
        if n == 240 {
            assert!(nearest.mae < 0.9 * plain.mae);
        }
    }
}

#[test]
fn predictions_do_not_depend_on_the_threads() {
    let songs = songs(200, 80, 4, 4);
    let params = YearParams { components: None, ..YearParams::for_songs(200, 9) };
    let run = || cross_validate(songs.x.view(), &songs.years, &songs.artists, &params, &Silent);
    assert_eq!(with_threads(1, || run().unwrap()), with_threads(4, || run().unwrap()));
}

#[test]
fn years_that_cannot_be_learned_are_refused() {
    let songs = songs(30, 8, 2, 5);
    let params = YearParams::for_songs(30, 0);
    let fit = |years: &[Option<i32>], groups: &[String]| {
        cross_validate(songs.x.view(), years, groups, &params, &Silent).unwrap_err()
    };
    assert!(matches!(fit(&[None; 30], &songs.artists), Error::TooFewYears { known: 0, needed: 5 }));
    assert!(matches!(
        fit(&[Some(1999); 30], &songs.artists),
        Error::OneYear { known: 30, year: 1999 }
    ));
    assert!(matches!(fit(&songs.years[1..], &songs.artists), Error::LengthMismatch { .. }));
    assert!(matches!(fit(&songs.years, &songs.artists[1..]), Error::LengthMismatch { .. }));
    let one = vec!["only".to_owned(); 30];
    assert!(matches!(fit(&songs.years, &one), Error::TooFewGroups { groups: 1, folds: 5 }));
    // Songs without an artist are each on their own.
    let nobody = vec![String::new(); 30];
    assert!(cross_validate(songs.x.view(), &songs.years, &nobody, &params, &Silent).is_ok());
    let flat = ndarray::Array2::<f32>::ones((30, 8));
    let error = cross_validate(flat.view(), &songs.years, &nobody, &params, &Silent).unwrap_err();
    assert!(matches!(error, Error::AllConstant { columns: 8 }));
}

#[test]
fn intervals_hold_about_the_share_that_is_asked_for() {
    let songs = songs(700, 24, 5, 6);
    for share in [0.5, 0.8] {
        let params = YearParams { interval: Some(share), ..YearParams::for_songs(686, 1) };
        let found =
            cross_validate(songs.x.view(), &songs.years, &songs.artists, &params, &Silent).unwrap();
        let coverage = found.coverage.unwrap();
        assert!((coverage - share).abs() < 0.06, "{share}: {coverage}");
        assert!(found.width.unwrap() < 30.0);
        // As wide as the plain interval of all errors.
        let errors = found.rows.iter().map(|row| (row.predicted - row.year as f32).abs());
        let reach = quantile(&errors.collect::<Vec<f32>>(), share).unwrap();
        let width = found.width.unwrap();
        assert!((width / f64::from(2.0 * reach) - 1.0).abs() < 0.05, "{width} {reach}");
        for row in &found.rows {
            assert!(row.low.unwrap() <= row.predicted && row.predicted <= row.high.unwrap());
        }
    }
    let params = YearParams { interval: None, ..YearParams::for_songs(686, 1) };
    let found =
        cross_validate(songs.x.view(), &songs.years, &songs.artists, &params, &Silent).unwrap();
    assert!(found.coverage.is_none() && found.rows[0].low.is_none());
    let params = YearParams { interval: Some(1.0), ..params };
    assert!(
        cross_validate(songs.x.view(), &songs.years, &songs.artists, &params, &Silent).is_err()
    );
}

#[test]
fn firm_clusters_are_found_again_in_parts_of_the_songs() {
    let songs = songs(600, 32, 6, 2);
    let params = ClusterParams::for_songs(600, 0);
    let found = cluster(songs.x.view(), None, &params, &Silent).unwrap();
    let run = |runs, kept| {
        let again = StabilityParams { runs, kept, ..StabilityParams::default() };
        stability(songs.x.view(), &found, &params, &again, &Silent)
    };
    let again = run(3, 0.8).unwrap();
    assert_eq!(again.jaccard.len(), found.clusters.count());
    assert!(again.ari > 0.6 && again.ari <= 1.0 && !again.may_be_accidents(), "{again:?}");
    assert_eq!(again, run(3, 0.8).unwrap());
    assert!(run(0, 0.8).is_err() && run(3, 1.0).is_err());
}
