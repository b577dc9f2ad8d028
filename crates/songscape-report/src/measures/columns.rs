//! What the other columns of a catalog can be shown as.

use serde::Serialize;

/// How a column colours the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Songs share its values: a colour for each.
    Category,
    /// Numbers on a scale.
    Number,
    /// Names of the songs or of nothing: ids, even if they are numbers, and columns of one value.
    Name,
    /// What the catalog computed for programs: in the tables alone.
    Computed,
}

/// The columns of a catalog that say nothing of the music.
const COMPUTED: [&str; 2] = ["artist_key", "year_from"];

/// Fewer different numbers than this are categories.
const NUMBERS: usize = 12;

/// The kind of a column with these different values among `songs` songs.
pub(crate) fn kind(name: &str, values: &[&str], songs: usize) -> Kind {
    // A catalog that is read again by another has its columns under a longer name.
    if COMPUTED.contains(&name.strip_prefix("manifest_").unwrap_or(name)) {
        return Kind::Computed;
    }
    let named_id = name
        .to_lowercase()
        .rsplit([' ', '_', '-'])
        .next()
        .is_some_and(|last| ["id", "uuid", "isrc", "mbid"].contains(&last));
    if values.len() < 2 || named_id {
        return Kind::Name;
    }
    let numbers: Option<Vec<f64>> = values
        .iter()
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
        .map(|value| value.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect();
    let each_its_own = songs > 2 && values.len() == songs;
    match numbers {
        Some(numbers) if each_its_own => {
            let (low, high) = super::distribution::range(&numbers);
            // A number for each song, with few gaps: they were counted.
            let counted =
                numbers.iter().all(|n| n.fract() == 0.0) && high - low < 1.5 * songs as f64;
            if counted { Kind::Name } else { Kind::Number }
        }
        Some(_) if values.len() > NUMBERS => Kind::Number,
        _ if each_its_own => Kind::Name,
        _ => Kind::Category,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_no_scales() {
        let texts = |n: usize, of: fn(usize) -> String| -> Vec<String> { (0..n).map(of).collect() };
        let kind = |name, values: &[String], songs| {
            kind(name, &values.iter().map(String::as_str).collect::<Vec<_>>(), songs)
        };
        let counted = texts(100, |i| (5000 + i).to_string());
        assert_eq!(kind("number", &counted, 100), Kind::Name);
        assert_eq!(kind("plays", &texts(100, |i| (i * i).to_string()), 100), Kind::Number);
        assert_eq!(kind("track_id", &texts(50, |i| (i * i).to_string()), 100), Kind::Name);
        assert_eq!(kind("tempo", &texts(50, |i| format!("{i}.5")), 100), Kind::Number);
        assert_eq!(kind("file", &texts(100, |i| format!("{i}.wav")), 100), Kind::Name);
        assert_eq!(kind("genre", &texts(5, |i| format!("genre {i}")), 100), Kind::Category);
        assert_eq!(kind("stars", &texts(5, |i| i.to_string()), 100), Kind::Category);
        assert_eq!(kind("same", &texts(1, |i| i.to_string()), 100), Kind::Name);
    }

    #[test]
    fn what_the_catalog_computed_is_not_shown() {
        for name in ["artist_key", "year_from", "manifest_artist_key"] {
            assert_eq!(kind(name, &["release", "original"], 100), Kind::Computed, "{name}");
        }
        assert_eq!(kind("artist", &["release", "original"], 100), Kind::Category);
    }
}
