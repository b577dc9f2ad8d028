//! How sure a share is, and what guessing would give.

use std::collections::HashMap;

use crate::input::ReportInput;

/// The catalog's column that tells recordings of the same song.
const SONG: &str = "song";

/// The 95% interval of a share that was found among `n` (Wilson 1927): it stays within 0 and 1 and
/// holds for few and for extreme shares.
pub(crate) fn wilson(share: f64, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (n as f64, share.clamp(0.0, 1.0));
    let weight = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / weight;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / weight;
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// What a search is made over, and what it finds without knowing anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chance {
    /// Songs that look for something.
    pub searches: usize,
    /// The share whose match a guess puts first, and among ten.
    pub recall_1: f64,
    pub recall_10: f64,
}

/// One half of each of `songs` songs looks for its other half among all other halves.
pub(crate) fn halves(songs: usize) -> Option<Chance> {
    let of = |ten: f64| (ten / songs as f64).min(1.0);
    (songs > 0).then(|| Chance { searches: songs, recall_1: of(1.0), recall_10: of(10.0) })
}

/// Each recording looks for another of the same song among all other recordings: by the catalog's
/// column `song`. `None` where there is no such column or no song has two recordings.
pub(crate) fn renditions(input: &ReportInput) -> Option<Chance> {
    let column = input.columns.iter().position(|name| name.eq_ignore_ascii_case(SONG))?;
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for song in &input.songs {
        *sizes.entry(song.extra[column].as_str()).or_default() += 1;
    }
    let others = input.songs.len().saturating_sub(1) as f64;
    let (mut searches, mut one, mut ten) = (0, 0.0, 0.0);
    for &size in sizes.values().filter(|&&size| size > 1) {
        let right = (size - 1) as f64;
        // Ten drawn without putting back: the chance that none is right.
        let missed: f64 = (0..10)
            .map(|drawn| f64::from(drawn))
            .take_while(|&drawn| drawn < others)
            .map(|drawn| ((others - drawn - right) / (others - drawn)).max(0.0))
            .product();
        searches += size;
        one += size as f64 * right / others;
        ten += size as f64 * (1.0 - missed);
    }
    let n = searches as f64;
    (searches > 0).then(|| Chance { searches, recall_1: one / n, recall_10: ten / n })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::input::SongRow;

    #[test]
    fn intervals_are_wilsons() {
        // Values of R's binom::binom.wilson(x, n).
        for (found, n, low, high) in
            [(0, 10, 0.0, 0.277_533), (5, 10, 0.236_593, 0.763_407), (200, 200, 0.981_155, 1.0)]
        {
            let (l, h) = wilson(f64::from(found) / f64::from(n), n as usize);
            assert!((l - low).abs() < 1e-5 && (h - high).abs() < 1e-5, "{found} of {n}: {l} {h}");
        }
        assert_eq!(wilson(0.5, 0), (0.0, 1.0));
    }

    #[test]
    fn a_guess_finds_as_many_as_there_are() {
        let found = halves(200).unwrap();
        assert_eq!((found.recall_1, found.recall_10), (0.005, 0.05));
        assert_eq!(halves(4).unwrap().recall_10, 1.0);
        let song = |name: &str| SongRow { extra: vec![name.into()], ..SongRow::default() };
        let mut songs: Vec<SongRow> = (0..18).map(|i| song(&format!("alone {i}"))).collect();
        songs.extend([song("two"), song("two")]);
        let input = ReportInput { songs, columns: vec!["song".into()], ..ReportInput::default() };
        let found = renditions(&input).unwrap();
        // One of nineteen others is right.
        assert_eq!(found.searches, 2);
        assert!((found.recall_1 - 1.0 / 19.0).abs() < 1e-12);
        assert!((found.recall_10 - 10.0 / 19.0).abs() < 1e-12);
        assert_eq!(renditions(&ReportInput::default()), None);
    }
}
