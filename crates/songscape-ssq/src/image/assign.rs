//! Energy and row of every coefficient, and their sums by column.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

/// How a frequency ratio becomes a row, and a row a place in a tile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rows {
    pub count: usize,
    /// Rows per octave.
    pub per_octave: f32,
    /// Columns of the tile.
    pub columns: u32,
}

/// A wavelet's place among the rows, and what its derivatives mean there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its row.
    pub row: f32,
    /// Centre bin over the row's frequency.
    pub centre_ratio: f32,
    /// One bin over the row's frequency.
    pub bin_ratio: f32,
}

/// Samples of one row at its low rate, real and imaginary parts apart.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub re: Vec<f32>,
    pub im: Vec<f32>,
}

/// Of each coefficient the first cell of its row, whole part, and its energies for that row and the
/// next.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    pub row: Vec<u32>,
    pub pair: Vec<[f32; 2]>,
}

impl Assigned {
    pub fn resize(&mut self, length: usize) {
        self.row.resize(length, 0);
        self.pair.resize(length, [0.0; 2]);
    }
}

/// Samples before a coefficient at a sample that its derivative depends on, and after it.
pub(super) const AT: usize = 3;
/// Samples that a coefficient between two samples depends on, and how many of them are before it.
pub(super) const BETWEEN: usize = 8;
pub(super) const BEFORE: usize = 3;

/// The coefficients at some samples (real parts, imaginary parts), from the one at [`BEFORE`] on: as many as `out` has.
/// `slopes` are the weights of the differences of the samples 1, 2, 3 to either side.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn at_samples(
    samples: (&[f32], &[f32]),
    slopes: [f32; AT],
    place: Place,
    rows: Rows,
    out: &mut Assigned,
) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    let count = out.row.len();
    let (re, im) = (&samples.0[..count + 2 * AT], &samples.1[..count + 2 * AT]);
    let (r0, r1, r2) = (&re[..count], &re[1..][..count], &re[2..][..count]);
    let (r3, r4, r5, r6) =
        (&re[3..][..count], &re[4..][..count], &re[5..][..count], &re[6..][..count]);
    let (i0, i1, i2) = (&im[..count], &im[1..][..count], &im[2..][..count]);
    let (i3, i4, i5, i6) =
        (&im[3..][..count], &im[4..][..count], &im[5..][..count], &im[6..][..count]);
    let (row, pair) = (&mut out.row[..count], &mut out.pair[..count]);
    for n in 0..count {
        let dre = multiply_add::<FMA>(
            slopes[0],
            r4[n] - r2[n],
            multiply_add::<FMA>(slopes[1], r5[n] - r1[n], slopes[2] * (r6[n] - r0[n])),
        );
        let dim = multiply_add::<FMA>(
            slopes[0],
            i4[n] - i2[n],
            multiply_add::<FMA>(slopes[1], i5[n] - i1[n], slopes[2] * (i6[n] - i0[n])),
        );
        (row[n], pair[n]) = assign::<FMA>((r3[n], i3[n]), (dre, dim), place, rows);
    }
}

/// The coefficients at a place between two samples, from the one after [`BEFORE`] on.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(super) fn between_samples(
    samples: (&[f32], &[f32]),
    values: &[f32; BETWEEN],
    slopes: &[f32; BETWEEN],
    place: Place,
    rows: Rows,
    out: &mut Assigned,
) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    let count = out.row.len();
    let re: [&[f32]; BETWEEN] = std::array::from_fn(|k| &samples.0[k..k + count]);
    let im: [&[f32]; BETWEEN] = std::array::from_fn(|k| &samples.1[k..k + count]);
    let (row, pair) = (&mut out.row[..count], &mut out.pair[..count]);
    for n in 0..count {
        let (mut wre, mut wim, mut dre, mut dim) = (0.0, 0.0, 0.0, 0.0);
        for k in 0..BETWEEN {
            wre = multiply_add::<FMA>(values[k], re[k][n], wre);
            wim = multiply_add::<FMA>(values[k], im[k][n], wim);
            dre = multiply_add::<FMA>(slopes[k], re[k][n], dre);
            dim = multiply_add::<FMA>(slopes[k], im[k][n], dim);
        }
        (row[n], pair[n]) = assign::<FMA>((wre, wim), (dre, dim), place, rows);
    }
}

/// a·b + c, in one step where the machine has one.
#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Energy |W|² and the row of ω from a coefficient and its derivative, in bins, both relative to
/// the centre bin: ω / f = |centre + Im(d·w*)/|w|² bins| with the row's own frequency f.
#[inline(always)]
fn assign<const FMA: bool>(
    w: (f32, f32),
    d: (f32, f32),
    place: Place,
    rows: Rows,
) -> (u32, [f32; 2]) {
    let last = rows.count as f32 - 1.0;
    let energy = w.0 * w.0 + w.1 * w.1;
    let beat = (d.1 * w.0 - d.0 * w.1) / (energy + f32::MIN_POSITIVE);
    let ratio = (place.centre_ratio + place.bin_ratio * beat).abs();
    // A row further from the top for each step down in frequency.
    let position = (place.row - rows.per_octave * log2::<FMA>(ratio)).max(0.0).min(last);
    // The whole part is read off the last bits of the sum with 3·2^22, where floats are whole
    // numbers: a conversion that every compiler turns into vector code.
    let whole = (position - 0.5 + WHOLE).min(WHOLE + last - 1.0);
    let next = energy * (position - (whole - WHOLE));
    ((whole.to_bits() & 0x003f_ffff).wrapping_mul(rows.columns), [energy - next, next])
}

/// The binary logarithm to 3e-6, of positive numbers; -127 for 0.
#[inline(always)]
fn log2<const FMA: bool>(x: f32) -> f32 {
    // x = m·2^e with m from √½ to √2, and log2(m) = (m − 1)·P(m − 1).
    const ROOT_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits();
    let exponent = (bits.wrapping_sub(ROOT_HALF) as i32) >> 23;
    let r = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    let mut series = -0.204_848_3;
    for term in [0.321_522_2, -0.367_658_5, 0.479_397_8, -0.721_128_9, 1.442_713_4] {
        series = multiply_add::<FMA>(series, r, term);
    }
    multiply_add::<FMA>(series, r, exponent as f32)
}

/// 3·2^22: numbers near it are spaced by 1.
const WHOLE: f32 = 12_582_912.0;

/// Adds the energies of coefficients to a tile, `per_column` of them to each column from `first` on.
/// A cell holds what falls to its row and what falls to the next, side by side: one addition for
/// both. Cells lie row by row, since neighbouring columns mostly fall into the same rows: then they
/// share a cache line.
///
/// Four columns take turns, since sums into one cell wait for each other.
pub(super) fn accumulate(
    assigned: &Assigned,
    per_column: usize,
    cells: &mut [[f32; 2]],
    first: usize,
) {
    let Assigned { row, pair } = assigned;
    if per_column == 1 {
        for (n, (row, pair)) in row.iter().zip(pair).enumerate() {
            add(cells, *row as usize + first + n, *pair);
        }
        return;
    }
    let parts = row.chunks(4 * per_column).zip(pair.chunks(4 * per_column));
    for (turn, (row, pair)) in parts.enumerate() {
        let cells = &mut cells[first + 4 * turn..];
        if row.len() == 4 * per_column {
            for i in 0..per_column {
                for column in 0..4 {
                    let n = i + column * per_column;
                    add(cells, row[n] as usize + column, pair[n]);
                }
            }
        } else {
            let columns = row.chunks(per_column).zip(pair.chunks(per_column)).enumerate();
            for (column, (row, pair)) in columns {
                for (row, pair) in row.iter().zip(pair) {
                    add(cells, *row as usize + column, *pair);
                }
            }
        }
    }
}

#[inline(always)]
fn add(cells: &mut [[f32; 2]], place: usize, [here, next]: [f32; 2]) {
    if let Some(cell) = cells.get_mut(place) {
        *cell = [cell[0] + here, cell[1] + next];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms() {
        for i in 1..100_000 {
            let x = (i as f32 * 1e-3).exp2() * 1e-15;
            let error = log2::<false>(x) - x.log2();
            assert!(error.abs() < 1e-5 * (1.0 + x.log2().abs()), "{x}: {error}");
        }
        assert_eq!(log2::<false>(1.0), 0.0);
        assert_eq!(log2::<false>(0.0), -127.0);
    }

    #[test]
    fn sums_do_not_depend_on_turns() {
        for per_column in [1, 5, 16] {
            let columns = 7;
            let count = per_column * columns;
            let row = (0..count).map(|n| (n * 5 % 3 * columns) as u32).collect();
            let pair = (0..count).map(|n| [n as f32, 1.0]).collect();
            let mut cells = vec![[0.0; 2]; 3 * columns];
            accumulate(&Assigned { row, pair }, per_column, &mut cells, 0);
            let mut expected = vec![[0.0; 2]; 3 * columns];
            for n in 0..count {
                let cell = &mut expected[n * 5 % 3 * columns + n / per_column];
                *cell = [cell[0] + n as f32, cell[1] + 1.0];
            }
            assert_eq!(cells, expected);
        }
    }
}
