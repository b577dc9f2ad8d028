//! What a pixel of a song's image stands for: its grey value a level, its row a frequency.

/// The level in dB that a grey value from 0 to 255, or the mean of several, stands for: 0 dB is white
/// (255), and black (0) lies `range_db` below it. White is the reference level of the song, which
/// nearly all of it is below; black is that level or less.
///
/// ```
/// use songscape_project::level_db;
///
/// assert_eq!(level_db(255.0, 60.0), 0.0);
/// assert_eq!(level_db(0.0, 60.0), -60.0);
/// ```
pub fn level_db(grey: f64, range_db: f64) -> f64 {
    (grey / 255.0 - 1.0) * range_db
}

/// The frequency in Hz of a row of an image with that many `rows`: they are evenly spaced in the
/// logarithm from `high` Hz (row 0) down to `low`.
///
/// ```
/// use songscape_project::row_hz;
///
/// let rows = [0, 1, 2].map(|row| row_hz((100.0, 400.0), row, 3));
/// assert_eq!(rows, [400.0, 200.0, 100.0]);
/// ```
pub fn row_hz((low, high): (f64, f64), row: usize, rows: usize) -> f64 {
    let share = row as f64 / rows.saturating_sub(1).max(1) as f64;
    high * (low / high).powf(share)
}
