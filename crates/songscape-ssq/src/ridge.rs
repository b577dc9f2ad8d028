//! Ridges: curves of frequency along which a transform is strong.

use std::ops::RangeInclusive;

use ndarray::{Array2, ArrayView2, s};
use num_complex::Complex;

use crate::Error;
use crate::real::Real;

/// How ridges are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RidgeParams {
    /// How many.
    pub count: usize,
    /// Price of a jump between neighbouring columns, times the squared difference of ln(Hz). The
    /// higher, the smoother the ridge.
    pub penalty: f64,
    /// How far around a ridge the next ridges may not come.
    pub half_width: HalfWidth,
}

/// A distance from a ridge to each side.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum HalfWidth {
    /// Rows.
    Rows(usize),
    /// Hz: half the bandwidth of a component.
    Hertz(f64),
}

impl HalfWidth {
    /// For each row those within the distance of it.
    fn around(self, frequencies: &[f64]) -> Vec<RangeInclusive<usize>> {
        let last = frequencies.len() - 1;
        let within = |(row, f): (usize, &f64)| match self {
            Self::Rows(rows) => row.saturating_sub(rows)..=row.saturating_add(rows).min(last),
            Self::Hertz(distance) => {
                let first = frequencies.partition_point(|g| *g > f + distance);
                let end = frequencies.partition_point(|g| *g >= f - distance);
                first..=end - 1
            }
        };
        frequencies.iter().enumerate().map(within).collect()
    }
}

impl Default for RidgeParams {
    /// One ridge, penalty 20, half width 25.
    fn default() -> Self {
        Self { count: 1, penalty: 20.0, half_width: HalfWidth::Rows(25) }
    }
}

/// A curve through a transform.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ridge {
    /// The row in each column.
    pub rows: Vec<usize>,
    /// The frequency of that row, Hz.
    pub frequencies: Vec<f64>,
    /// The squared modulus there, over that of the transform's largest value; 0 where the column is
    /// silent or belongs to ridges that were found before.
    pub energies: Vec<f64>,
}

impl Ridge {
    /// The mean of the energies along the ridge, over that of the transform's largest value; `None`
    /// where there is no ridge: nothing of the transform was left for it.
    #[must_use]
    pub fn energy(&self) -> Option<f64> {
        let sum: f64 = self.energies.iter().sum();
        (sum > 0.0).then(|| sum / self.energies.len() as f64)
    }

    /// The row in a column, or `None` where nothing is there and the ridge only keeps its course.
    #[must_use]
    pub fn row(&self, column: usize) -> Option<usize> {
        let energy = self.energies.get(column)?;
        (*energy > 0.0).then_some(self.rows[column])
    }
}

/// The strongest ridges of a transform `[rows, columns]`, plain or squeezed, whose rows have these
/// frequencies (Hz, descending).
///
/// Each ridge minimises Σ −ln(E/E_max + ε) + penalty·(Δ ln f)² over the columns, E the squared
/// modulus and E_max its maximum in the column, by dynamic programming with back-pointers; then
/// the rows around it are cleared and the next one is looked for. In silent columns a ridge keeps
/// its course, and where nothing is left at all it says so ([`Ridge::energy`], [`Ridge::row`]). The minimum over all jumps is taken in linear time, as the lower envelope of
/// parabolas (Felzenszwalb, Huttenlocher 2012).
///
/// # Errors
/// [`Error::Length`] unless there are as many frequencies as rows, [`Error::TooShort`] for an empty
/// transform, [`Error::Order`] unless the frequencies are positive and fall, [`Error::Parameter`]
/// for a negative penalty or half width.
pub fn ridges<T: Real>(
    transform: ArrayView2<'_, Complex<T>>,
    frequencies: &[f64],
    params: &RidgeParams,
) -> Result<Vec<Ridge>, Error> {
    let (rows, columns) = transform.dim();
    if frequencies.len() != rows {
        let (given, expected) = (frequencies.len(), rows);
        return Err(Error::Length { what: "the list of frequencies", given, expected });
    }
    if rows == 0 || columns == 0 {
        return Err(Error::TooShort { what: "the transform", given: 0, least: 1 });
    }
    let falls = |i: usize| i == 0 || frequencies[i] < frequencies[i - 1];
    let valid = |i: usize| frequencies[i].is_finite() && frequencies[i] > 0.0 && falls(i);
    if let Some(index) = (0..rows).find(|i| !valid(*i)) {
        let (what, value, order) = ("frequency", frequencies[index], "descending");
        return Err(Error::Order { what, index, value, order });
    }
    if !(params.penalty >= 0.0 && params.penalty.is_finite()) {
        let (name, value, expected) = ("penalty", params.penalty, "0 or more");
        return Err(Error::parameter(name, value, expected));
    }
    if let HalfWidth::Hertz(value) = params.half_width
        && !(value >= 0.0 && value.is_finite())
    {
        return Err(Error::parameter("half_width", value, "0 Hz or more"));
    }
    let around = params.half_width.around(frequencies);
    let logs: Vec<f64> = frequencies.iter().map(|f| -f.ln()).collect();
    // Time-major, since columns are gone through one by one.
    let modulus = |z: &Complex<T>| z.re.wide().hypot(z.im.wide());
    let finite = |value: f64| if value.is_finite() { value } else { 0.0 };
    let largest = transform.iter().map(|z| finite(modulus(z))).fold(f64::MIN_POSITIVE, f64::max);
    let mut energy = Array2::from_shape_fn((columns, rows), |(column, row)| {
        (finite(modulus(&transform[[row, column]])) / largest).powi(2)
    });
    let mut found = Vec::new();
    for _ in 0..params.count {
        let path = strongest_path(&energy, &logs, params.penalty);
        let at = |(column, row): (usize, &usize)| energy[[column, *row]];
        let energies = path.iter().enumerate().map(at).collect();
        for (column, row) in path.iter().enumerate() {
            let around = around[*row].clone();
            energy.row_mut(column).slice_mut(s![around]).fill(0.0);
        }
        let frequencies = path.iter().map(|row| frequencies[*row]).collect();
        found.push(Ridge { rows: path, frequencies, energies });
    }
    Ok(found)
}

fn strongest_path(energy: &Array2<f64>, logs: &[f64], penalty: f64) -> Vec<usize> {
    let (columns, rows) = energy.dim();
    let mut cost = vec![0.0; rows];
    let mut from = Array2::from_elem((columns, rows), 0u32);
    let mut envelope = Envelope::default();
    for (column, energies) in energy.outer_iter().enumerate() {
        if column > 0 {
            envelope.minimise(&mut cost, logs, penalty, column, &mut from);
        }
        let largest = energies.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            for (cost, e) in cost.iter_mut().zip(energies) {
                *cost -= (e / largest + f64::EPSILON).ln();
            }
        }
    }
    let cheapest = |best: usize, row: usize| if cost[row] < cost[best] { row } else { best };
    let mut row = (0..rows).fold(0, cheapest);
    let mut path = vec![0; columns];
    for column in (0..columns).rev() {
        path[column] = row;
        row = from[[column, row]] as usize;
    }
    path
}

/// The lower envelope of the parabolas cost[j] + penalty·(x − x_j)².
#[derive(Default)]
struct Envelope {
    /// Rows whose parabolas form the envelope, and from where on each does.
    parts: Vec<(usize, f64)>,
    heights: Vec<f64>,
}

impl Envelope {
    /// Replaces each cost by the least over all jumps, and notes where from.
    fn minimise(
        &mut self,
        cost: &mut [f64],
        x: &[f64],
        penalty: f64,
        column: usize,
        from: &mut Array2<u32>,
    ) {
        self.heights.clear();
        self.heights.extend_from_slice(cost);
        if penalty == 0.0 {
            let cheapest = |best, row| if cost[row] < cost[best] { row } else { best };
            let best = (0..cost.len()).fold(0, cheapest);
            cost.fill(self.heights[best]);
            from.row_mut(column).fill(best as u32);
            return;
        }
        self.parts.clear();
        for row in 0..cost.len() {
            let crossing = |other: usize| {
                let rise = (self.heights[row] - self.heights[other]) / penalty;
                0.5 * (x[row] + x[other] + rise / (x[row] - x[other]))
            };
            let mut start = f64::NEG_INFINITY;
            while let Some((last, last_start)) = self.parts.last() {
                start = crossing(*last);
                if start > *last_start {
                    break;
                }
                self.parts.pop();
                start = f64::NEG_INFINITY;
            }
            self.parts.push((row, start));
        }
        let mut part = 0;
        for row in 0..cost.len() {
            while self.parts.get(part + 1).is_some_and(|(_, start)| *start <= x[row]) {
                part += 1;
            }
            let (best, _) = self.parts[part];
            cost[row] = self.heights[best] + penalty * (x[row] - x[best]).powi(2);
            from[[column, row]] = best as u32;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frequencies(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| 1000.0 * 0.98f64.powi(row as i32)).collect()
    }

    fn image(rows: usize, columns: usize, at: impl Fn(usize) -> usize) -> Array2<Complex<f64>> {
        Array2::from_shape_fn((rows, columns), |(row, column)| {
            Complex::new(if row == at(column) { 1.0 } else { 0.01 }, 0.0)
        })
    }

    #[test]
    fn the_envelope_finds_the_same_as_trying_all_jumps() {
        let x: Vec<f64> = (0..40).map(|i| (i as f64 * 0.1).sin() + i as f64 * 0.3).collect();
        let noise = crate::signal::white_noise(40, 3);
        let mut cost = noise.clone();
        let mut from = Array2::from_elem((1, 40), 0);
        Envelope::default().minimise(&mut cost, &x, 0.7, 0, &mut from);
        for row in 0..40 {
            let price = |j: usize| noise[j] + 0.7 * (x[row] - x[j]).powi(2);
            let best = (0..40).map(price).fold(f64::INFINITY, f64::min);
            assert!((cost[row] - best).abs() < 1e-12);
            assert!((price(from[[0, row]] as usize) - best).abs() < 1e-12);
        }
    }

    #[test]
    fn ridges_at_the_first_row_and_the_last() {
        let mut t = image(60, 100, |_| 0);
        t.row_mut(59).fill(Complex::new(0.5, 0.0));
        let params = RidgeParams { count: 2, half_width: HalfWidth::Rows(5), ..Default::default() };
        let found = ridges(t.view(), &frequencies(60), &params).unwrap();
        assert!(found[0].rows.iter().all(|row| *row == 0));
        assert!(found[1].rows.iter().all(|row| *row == 59));
        assert_eq!(found[0].frequencies[7], 1000.0);
    }

    #[test]
    fn a_bandwidth_in_hertz_keeps_ridges_apart() {
        // 1000 Hz · 0.98^row: row 20 is 667.6 Hz, row 22 641.2 Hz, row 25 603.5 Hz.
        let mut t = image(60, 50, |_| 20);
        t.row_mut(22).fill(Complex::new(0.8, 0.0));
        t.row_mut(25).fill(Complex::new(0.5, 0.0));
        let second = |half_width| {
            let params = RidgeParams { count: 2, half_width, ..Default::default() };
            ridges(t.view(), &frequencies(60), &params).unwrap()[1].rows[30]
        };
        assert_eq!(second(HalfWidth::Hertz(20.0)), 22);
        assert_eq!(second(HalfWidth::Hertz(50.0)), 25);
        let bad = RidgeParams { half_width: HalfWidth::Hertz(-1.0), ..Default::default() };
        assert!(ridges(t.view(), &frequencies(60), &bad).is_err());
    }

    #[test]
    fn silent_columns_keep_the_course() {
        let mut t = image(60, 100, |_| 30);
        for column in 40..60 {
            t.column_mut(column).fill(Complex::new(0.0, 0.0));
        }
        let found = ridges(t.view(), &frequencies(60), &RidgeParams::default()).unwrap();
        assert!(found[0].rows.iter().all(|row| *row == 30));
        assert_eq!((found[0].row(20), found[0].row(50)), (Some(30), None));
        let silent = Array2::from_elem((5, 4), Complex::new(0.0, 0.0));
        let found = ridges(silent.view(), &frequencies(5), &RidgeParams::default()).unwrap();
        assert_eq!(found[0].rows.len(), 4);
        assert_eq!((found[0].energy(), found[0].row(2)), (None, None));
    }

    #[test]
    fn a_moving_ridge_is_followed() {
        let t = image(60, 200, |column| 10 + column / 5);
        let found = ridges(t.view(), &frequencies(60), &RidgeParams::default()).unwrap();
        let expected: Vec<usize> = (0..200).map(|column| 10 + column / 5).collect();
        assert_eq!(found[0].rows, expected);
    }
}
