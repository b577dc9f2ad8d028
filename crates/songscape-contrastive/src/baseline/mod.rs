//! What a song's image says without any learning: the baselines that an encoder is compared with.
//!
//! | baseline | numbers | what it measures |
//! |---|---|---|
//! | [`row_statistics`] | two per row | the average spectrum: instruments, room, production |
//! | [`Pitches::chroma`] | 24 | the pitch classes, and what the sound adds to them |
//! | [`Pitches::sharpened_chroma`] | 24 | only the pitch classes |
//! | [`patches::chroma_patches`] | 224 | patterns of pitch classes over ten seconds, in any key |
//! | [`changes::chroma_changes`] | 1,152 | which pitch classes follow each other after 0.1 to 4 seconds |
//! | [`changes::without_key`] | 672 | the same in any key |
//!
//! [`sequences`] matches whole sequences of chroma, in every key and at many speeds: slow, no vector, and
//! the line above which there is little left to find. `docs/learning.md` has the measurements.

pub mod changes;
pub mod patches;
mod pitches;
pub mod sequences;

pub use pitches::Pitches;
pub(crate) use pitches::classes_of;

/// Mean and deviation of each row of an image of time-major pixels, `[2 rows]`: what only a song's
/// average spectrum says about it. Empty for an empty image.
pub fn row_statistics(pixels: &[u8], rows: usize) -> Vec<f32> {
    if rows == 0 || pixels.len() < rows {
        return Vec::new();
    }
    let (mut sums, mut squares) = (vec![0_u64; rows], vec![0_u64; rows]);
    for column in pixels.chunks_exact(rows) {
        for (row, &pixel) in column.iter().enumerate() {
            sums[row] += u64::from(pixel);
            squares[row] += u64::from(pixel) * u64::from(pixel);
        }
    }
    let columns = (pixels.len() / rows) as f64;
    let mean = |sum: &u64| *sum as f64 / columns;
    let deviation = |(sum, square): (&u64, &u64)| {
        ((mean(square) - mean(sum) * mean(sum)).max(0.0).sqrt()) as f32
    };
    let deviations: Vec<f32> = sums.iter().zip(&squares).map(deviation).collect();
    sums.iter().map(|sum| mean(sum) as f32).chain(deviations).collect()
}

/// The first and second half of an image, `gap_columns` between them left out.
///
/// `None` when the image is too short for one column on each side.
pub fn halves(pixels: &[u8], rows: usize, gap_columns: usize) -> Option<(&[u8], &[u8])> {
    let columns = pixels.len().checked_div(rows)?;
    let side = columns.checked_sub(gap_columns)? / 2;
    let second = &pixels[(columns - side) * rows..columns * rows];
    (side > 0).then_some((&pixels[..side * rows], second))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_means_and_deviations_of_rows() {
        let pixels = [0, 10, 4, 30];
        assert_eq!(row_statistics(&pixels, 2), [2.0, 20.0, 2.0, 10.0]);
        assert_eq!(halves(&[1, 2, 3, 4, 5], 1, 1), Some((&[1, 2][..], &[4, 5][..])));
        assert!(halves(&[1, 2], 1, 1).is_none());
        assert!(row_statistics(&[], 2).is_empty());
    }
}
