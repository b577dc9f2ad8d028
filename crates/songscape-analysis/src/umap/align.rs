//! A map turned so that it lies like another one.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::eigen;
use crate::error::Result;

/// Directions in which the maps agree less than this share of the best are left as they are.
const LEAST: f64 = 1e-9;

/// Turns, mirrors and moves a map `[n, dims]` so that the points that have a place in `target` come as near to
/// it as they can (orthogonal Procrustes; Schönemann 1966). Distances on the map stay as they are.
pub(crate) fn aligned(
    map: ArrayView2<f32>,
    target: &[(usize, Array1<f32>)],
) -> Result<Array2<f32>> {
    let dims = map.ncols();
    if target.is_empty() {
        return Ok(map.to_owned());
    }
    let n = target.len() as f64;
    let wide = |x: ndarray::ArrayView1<f32>| x.mapv(f64::from);
    let (mut from, mut to) = (Array1::<f64>::zeros(dims), Array1::<f64>::zeros(dims));
    for (row, place) in target {
        from += &wide(map.row(*row));
        to += &wide(place.view());
    }
    (from, to) = (from / n, to / n);
    let mut cross = Array2::<f64>::zeros((dims, dims));
    for (row, place) in target {
        let own = (wide(map.row(*row)) - &from).insert_axis(Axis(1));
        let other = (wide(place.view()) - &to).insert_axis(Axis(0));
        cross += &own.dot(&other);
    }
    let turn = nearest_turn(&cross)?;
    let moved = (map.mapv(f64::from) - &from).dot(&turn) + &to;
    Ok(moved.mapv(|v| v as f32))
}

/// The orthogonal matrix nearest to another one: of its singular value decomposition the product of both
/// bases.
fn nearest_turn(matrix: &Array2<f64>) -> Result<Array2<f64>> {
    // MᵀM = V S² Vᵀ, and U = M V / S.
    let (squares, right) = eigen::symmetric(matrix.t().dot(matrix))?;
    let largest = squares.first().copied().unwrap_or(0.0);
    let mut left = Array2::<f64>::zeros(right.dim());
    for (i, &square) in squares.iter().enumerate() {
        let mut column = if square > LEAST * LEAST * largest && square > 0.0 {
            matrix.dot(&right.row(i)) / square.sqrt()
        } else {
            right.row(i).to_owned()
        };
        // What is left as it is, is made to stand upright on the others, and so is what rounding turned.
        for _ in 0..2 {
            for j in 0..i {
                let other = left.row(j).to_owned();
                let share = column.dot(&other);
                column.scaled_add(-share, &other);
            }
        }
        let length = column.dot(&column).sqrt();
        if length < 1e-6 {
            column = upright(&left, i);
        } else {
            column /= length;
        }
        left.row_mut(i).assign(&column);
    }
    Ok(left.t().dot(&right))
}

/// A unit vector that stands upright on the first rows of a matrix.
fn upright(rows: &Array2<f64>, count: usize) -> Array1<f64> {
    let candidates = (0..rows.ncols()).map(|axis| {
        let mut unit = Array1::<f64>::zeros(rows.ncols());
        unit[axis] = 1.0;
        for row in rows.rows().into_iter().take(count) {
            let share = unit.dot(&row);
            unit.scaled_add(-share, &row);
        }
        unit
    });
    let length = |x: &Array1<f64>| x.dot(x).sqrt();
    let longest = candidates.max_by(|a, b| length(a).total_cmp(&length(b)));
    let longest = longest.unwrap_or_else(|| Array1::zeros(rows.ncols()));
    let own = length(&longest);
    longest / own
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn places(n: usize, dims: usize) -> Array2<f32> {
        Array2::from_shape_fn((n, dims), |(i, j)| ((i * (7 + 4 * j) + j * j) % 23) as f32 - 5.0)
    }

    #[test]
    fn a_map_that_was_turned_mirrored_and_moved_comes_back() {
        for dims in [1, 2, 3, 5] {
            let map = places(40, dims);
            // Mirrored, two axes turned by 40 degrees, and moved.
            let mut other = map.clone();
            other.column_mut(0).mapv_inplace(|v| -v);
            if dims > 1 {
                let (sin, cos) = 40_f32.to_radians().sin_cos();
                for mut row in other.rows_mut() {
                    (row[0], row[1]) = (cos * row[0] - sin * row[1], sin * row[0] + cos * row[1]);
                }
            }
            other += 3.5;
            let known: Vec<_> = (0..40).step_by(2).map(|i| (i, map.row(i).to_owned())).collect();
            let back = aligned(other.view(), &known).unwrap();
            let far = (&back - &map).iter().fold(0.0_f32, |most, d| most.max(d.abs()));
            assert!(far < 1e-3, "{dims}: {far}");
        }
    }

    #[test]
    fn what_does_not_say_where_to_turn_is_only_moved() {
        let map = places(10, 2);
        let one = [(3, Array1::from(vec![7.0, 8.0]))];
        let back = aligned(map.view(), &one).unwrap();
        assert!((back[[3, 0]] - 7.0).abs() < 1e-5 && (back[[3, 1]] - 8.0).abs() < 1e-5);
        let apart = |map: &Array2<f32>| (&map.row(0) - &map.row(9)).mapv(|d| d * d).sum();
        assert!((apart(&back) - apart(&map)).abs() < 1e-2);
        assert_eq!(aligned(map.view(), &[]).unwrap(), map);
    }
}
