use ndarray::Axis;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use songscape_project::Silent;

use super::*;

const ROWS: usize = 6_000;

/// Rows on a curved surface of four dimensions among 24, the last ones equal.
fn surface() -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut uniform =
        |rows, columns| Array2::from_shape_simple_fn((rows, columns), || rng.random::<f32>());
    let mut x = uniform(ROWS, 4).dot(&(uniform(4, 24) * 4.0 - 2.0)).mapv(f32::sin);
    x += &(uniform(ROWS, 24) * 0.1);
    let last = x.row(ROWS - 1).to_owned();
    x.slice_mut(s![ROWS - 60.., ..]).assign(&last.broadcast((60, 24)).unwrap());
    x
}

#[test]
fn nearly_all_neighbours_of_new_rows_are_found_by_every_metric() {
    let x = surface();
    let (old, new) = (x.slice(s![500.., ..]), x.slice(s![..500, ..]));
    for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
        let index = Index::new(old.to_owned(), metric, 1, &Silent).unwrap();
        assert!(index.graph.is_some());
        let found = index.nearest(new, 10).unwrap();
        let truth = nearest_of(old, new, 10, metric).unwrap();
        let recall = found.recall(&truth);
        assert!(recall > 0.99, "{metric:?}: {recall}");
        // A question has the same answer whatever is asked beside it.
        let alone = index.nearest(new.slice(s![7..8, ..]), 10).unwrap();
        assert_eq!(alone.indices.row(0), found.indices.row(7));
        assert_eq!(alone.distances.row(0), found.distances.row(7));
    }
}

#[test]
fn rows_find_themselves_and_many_equal_rows_do_no_harm() {
    let x = surface();
    let index = Index::new(x.clone(), Metric::Cosine, 1, &Silent).unwrap();
    let found = index.nearest(x.view(), 5).unwrap();
    let own = (0..ROWS - 60).filter(|&row| found.indices[[row, 0]] as usize == row).count();
    assert!(own > ROWS - 70, "{own}");
    for row in ROWS - 60..ROWS {
        assert!(found.distances.row(row).iter().all(|d| *d == 0.0));
    }
}

#[test]
fn an_index_grows_by_rows_and_loses_others() {
    let x = surface();
    // 500 are gone, 300 have come, and the others stand in another order.
    let made = Index::new(x.slice(s![300.., ..]).to_owned(), Metric::Cosine, 1, &Silent).unwrap();
    let now: Vec<usize> = (0..ROWS - 500).rev().collect();
    let rows: Vec<Option<usize>> = now.iter().map(|&row| row.checked_sub(300)).collect();
    let vectors = x.select(Axis(0), &now);
    let grown = made.clone().grown(&rows, vectors.clone()).unwrap();
    assert!(grown.grown.is_some() && grown.len() == ROWS - 500);
    let sought = x.slice(s![..400;2, ..]);
    let found = grown.nearest(sought, 10).unwrap();
    let truth = nearest_of(vectors.view(), sought, 10, Metric::Cosine).unwrap();
    assert!(found.recall(&truth) > 0.99, "{}", found.recall(&truth));
    let own = found.indices.column(0).to_vec();
    let expected: Vec<u32> = (0..400).step_by(2).map(|row| (ROWS - 501 - row) as u32).collect();
    assert_eq!(own, expected);

    // The same rows leave the index as it is; rows that are not those of the vectors are refused.
    let whole: Vec<_> = (0..made.len()).map(Some).collect();
    let same = made.clone().grown(&whole, made.vectors().to_owned()).unwrap();
    assert_eq!(same, made);
    let wrong = |rows: &[Option<usize>]| made.clone().grown(rows, vectors.clone()).is_err();
    let mut other = rows.clone();
    other.swap(0, 1);
    assert!(wrong(&other) && wrong(&rows[1..]) && wrong(&vec![Some(ROWS); rows.len()]));
    let mut twice = rows;
    twice[1] = twice[0];
    assert!(wrong(&twice));
}

#[test]
fn an_index_that_was_saved_gives_the_same_answers() {
    let x = surface();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.safetensors");
    for rows in [100, ROWS] {
        let own = x.slice(s![..rows, ..]).to_owned();
        let index = Index::new(own, Metric::Euclidean, 1, &Silent).unwrap();
        index.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let loaded = Index::load(&path).unwrap();
        assert_eq!(loaded, index);
        loaded.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn a_graph_that_leads_nowhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.safetensors");
    let whole = Index::new(surface(), Metric::Euclidean, 1, &Silent).unwrap();
    type Damage = fn(&mut Index);
    let damages: [(Damage, &str); 5] = [
        (|index| index.graph.as_mut().unwrap().rows[5] = ROWS as u32, "leads nowhere"),
        (|index| index.graph.as_mut().unwrap().counts[5] += 1, "other ways than it counts"),
        (|index| index.graph.as_mut().unwrap().trees[1].rows[9] = u32::MAX, "leads nowhere"),
        (|index| index.graph.as_mut().unwrap().trees[0].splits[3].limit = f32::NAN, "not finite"),
        (|index| index.vectors[[17, 3]] = f32::NAN, "row 17, column 3 is NaN"),
    ];
    for (damage, words) in damages {
        let mut index = whole.clone();
        damage(&mut index);
        index.save(&path).unwrap();
        let refused = Index::load(&path).unwrap_err().to_string();
        assert!(refused.contains(words) && refused.contains("index.safetensors"), "{refused}");
    }
    let near = Neighbors { indices: Array2::ones((5, 2)), distances: Array2::zeros((5, 2)) };
    near.save(&path).unwrap();
    assert_eq!(Neighbors::load(&path).unwrap(), near);
    assert!(Index::load(&path).is_err());
    for (row, distance) in [(5, 0.0), (1, f32::NAN), (1, -1.0)] {
        let mut bad = near.clone();
        (bad.indices[[2, 1]], bad.distances[[2, 0]]) = (row, distance);
        bad.save(&path).unwrap();
        assert!(matches!(Neighbors::load(&path), Err(Error::File { .. })));
    }
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let x = surface();
    let index = Index::new(x.clone(), Metric::Cosine, 1, &Silent).unwrap();
    assert!(index.nearest(x.slice(s![..2, ..5]), 3).is_err());
    assert!(index.nearest(x.slice(s![..2, ..]), 0).is_err());
    assert!(index.nearest(x.slice(s![..2, ..]), ROWS + 1).is_err());
    assert_eq!(index.nearest(x.slice(s![..1, ..]), ROWS).unwrap().indices.ncols(), ROWS);
    assert_eq!(index.nearest(x.slice(s![..0, ..]), 3).unwrap().indices.dim(), (0, 3));
    assert!(Index::of_all(Array2::zeros((0, 3)), Metric::Cosine).is_err());
}
