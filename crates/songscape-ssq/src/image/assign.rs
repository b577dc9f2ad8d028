//! Energy and row of every coefficient, and their sums by column.

use multiversion::multiversion;
use num_complex::Complex32;

/// How a frequency ratio becomes a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub count: usize,
    /// Rows per octave.
    pub per_octave: f32,
}

/// What [`energies_and_rows`] gives for each coefficient.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// Row, whole part.
    pub row: Vec<u32>,
    /// Energy for that row.
    pub here: Vec<f32>,
    /// Energy for the next row.
    pub next: Vec<f32>,
}

impl Assigned {
    pub fn with_length(length: usize) -> Self {
        Self { row: vec![0; length], here: vec![0.0; length], next: vec![0.0; length] }
    }

    pub fn part(&self, range: std::ops::Range<usize>) -> AssignedPart<'_> {
        AssignedPart {
            row: &self.row[range.clone()],
            here: &self.here[range.clone()],
            next: &self.next[range],
        }
    }
}

/// Some consecutive coefficients of an [`Assigned`].
#[derive(Debug, Clone, Copy)]
pub(super) struct AssignedPart<'a> {
    row: &'a [u32],
    here: &'a [f32],
    next: &'a [f32],
}

/// Energy |W|² and the row of ω, from coefficients `w` and derivatives `d` in bins, both relative
/// to the centre bin: ω / f = |centre + Re(d·w*)/|w|² bins| with the row's own frequency f.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma",))]
pub(super) fn energies_and_rows(
    w: &[Complex32],
    d: &[Complex32],
    row: f32,
    centre_ratio: f32,
    bin_ratio: f32,
    rows: Rows,
    out: &mut Assigned,
) {
    let last = rows.count as f32 - 1.0;
    let outputs = out.row.iter_mut().zip(&mut out.here).zip(&mut out.next);
    for ((w, d), ((index, here), next)) in w.iter().zip(d).zip(outputs) {
        let energy = w.re * w.re + w.im * w.im;
        let beat = (d.re * w.re + d.im * w.im) / (energy + f32::MIN_POSITIVE);
        let ratio = (centre_ratio + bin_ratio * beat).abs();
        // A row further from the top for each step down in frequency.
        let position = (row - rows.per_octave * log2(ratio)).max(0.0).min(last);
        // The whole part is read off the last bits of the sum with 3·2^22, where floats are whole
        // numbers: a conversion that every compiler turns into vector code.
        let whole = (position - 0.5 + WHOLE).min(WHOLE + last - 1.0);
        let part = position - (whole - WHOLE);
        *index = whole.to_bits() & 0x003f_ffff;
        *next = energy * part;
        *here = energy - *next;
    }
}

/// 3·2^22: numbers near it are spaced by 1.
const WHOLE: f32 = 12_582_912.0;

/// log2 to 1e-5, for positive numbers; large and negative at 0.
#[inline(always)]
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    // ln((1+t)/(1-t)) = 2(t + t³/3 + …) with m = √2·(1+t)/(1-t), |t| < 0.172.
    let t = (m - std::f32::consts::SQRT_2) / (m + std::f32::consts::SQRT_2);
    let t2 = t * t;
    let series = t * (2.885_39 + t2 * (0.961_796_7 + t2 * 0.577_078));
    exponent as f32 + 0.5 + series
}

/// Adds the energies of the coefficients to the columns, `per_column` coefficients to each.
///
/// Several columns take turns, since sums into one column would wait for each other: neighbouring
/// coefficients mostly fall into the same row.
pub(super) fn accumulate(
    assigned: AssignedPart<'_>,
    per_column: usize,
    columns: &mut [f32],
    count: usize,
) {
    const TURNS: usize = 4;
    let AssignedPart { row, here, next } = assigned;
    for (block, target) in columns.chunks_mut(TURNS * count).enumerate() {
        let turns = target.len() / count;
        let from = block * TURNS * per_column;
        let to = from + turns * per_column;
        let (row, here, next) = (&row[from..to], &here[from..to], &next[from..to]);
        for i in 0..per_column {
            for turn in 0..turns {
                let at = turn * per_column + i;
                let cell = turn * count + row[at] as usize;
                if let Some([a, b]) = target.get_mut(cell..cell + 2) {
                    *a += here[at];
                    *b += next[at];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_close() {
        for i in 1..200_000 {
            let x = i as f32 * 1e-4;
            assert!((log2(x) - x.log2()).abs() < 1.5e-5, "{x}: {} {}", log2(x), x.log2());
        }
        assert!(log2(0.0) < -100.0);
    }
}
