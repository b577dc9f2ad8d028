//! Names of artists and songs, reduced to what makes two spellings the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The key of a song: artist and title, reduced; `None` where either is unknown.
///
/// `The` in front of an artist, case, accents, punctuation and spaces do not matter, `&` is `and`; guests (`feat.`, `ft.`,
/// `featuring`) and remarks on remastering are left out. Everything else counts: a live recording
/// or a remix is another song.
///
/// ```
/// use songscape_project::song_key;
///
/// let key = song_key("Rihanna feat. Jay-Z", "Umbrella");
/// assert_eq!(key, song_key("RIHANNA", "Umbrella (ft. Jay-Z)"));
/// assert_ne!(key, song_key("Rihanna", "Umbrella (Live)"));
/// ```
pub fn song_key(artist: &str, title: &str) -> Option<(String, String)> {
    let artist = artist_key(artist);
    let title = reduced(without_guests(&without_remastering(title)));
    (!artist.is_empty() && !title.is_empty()).then_some((artist, title))
}

/// An artist's name, reduced to what makes two spellings the same: letters and digits in lower case,
/// without accents, guests, and `The` in front or behind a comma; `&` is `and`. Empty where there is no
/// artist.
///
/// ```
/// use songscape_project::artist_key;
///
/// assert_eq!(artist_key("Beatles, The"), artist_key("the BEATLES feat. Billy Preston"));
/// ```
pub fn artist_key(artist: &str) -> String {
    let name = without_guests(artist).trim();
    let words = |text: &str| text.split_whitespace().count();
    let is_the = |text: &str| text.trim().eq_ignore_ascii_case("the");
    let name = match (name.split_once(char::is_whitespace), name.rsplit_once(',')) {
        (_, Some((before, last))) if is_the(last) && words(before) > 0 => before,
        (Some((first, after)), _) if is_the(first) => after,
        _ => name,
    };
    reduced(name)
}

/// The words of a text, [reduced](artist_key) one by one, so that neither accents nor case nor the punctuation
/// in and around them matter.
pub(crate) fn words(text: &str) -> Vec<String> {
    let has_letters = |word: &&str| word.chars().any(char::is_alphanumeric);
    text.split_whitespace().filter(has_letters).map(reduced).collect()
}

/// Letters and digits in lower case, without accents. What has none stays as it is.
pub(crate) fn reduced(text: &str) -> String {
    let mut out = String::new();
    for c in text.nfkd().filter(|c| !('\u{300}'..='\u{36F}').contains(c)) {
        // Letters that Unicode does not take apart.
        match c {
            '&' => out.push_str("and"),
            'ß' | 'ẞ' => out.push_str("ss"),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ø' | 'Ø' => out.push('o'),
            'ł' | 'Ł' => out.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
            'þ' | 'Þ' => out.push_str("th"),
            'ı' => out.push('i'),
            // Marks of other scripts (the dots of が, the vowels of कि) are no accents.
            c if c.is_alphanumeric() || is_combining_mark(c) => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    if out.is_empty() { text.trim().to_lowercase() } else { out }
}

/// A name up to `feat. …`, in brackets or not; what comes after the brackets stays away too.
fn without_guests(name: &str) -> &str {
    let mut word_start = 0;
    for (i, c) in name.char_indices().chain([(name.len(), ' ')]) {
        if c.is_alphanumeric() {
            continue;
        }
        let word = name[word_start..i].to_ascii_lowercase();
        let before = name[..word_start].trim_end_matches(|c: char| !c.is_alphanumeric());
        if ["feat", "ft", "featuring"].contains(&word.as_str()) && !before.is_empty() {
            return before;
        }
        word_start = i + c.len_utf8();
    }
    name
}

/// A title without `(… remastered …)`, `[…]` and `- … Remaster …` at the end.
fn without_remastering(title: &str) -> String {
    let is_remark = |text: &str| text.to_lowercase().contains("remaster");
    let mut out = String::new();
    let mut rest = title;
    while let Some(open) = rest.find(['(', '[']) {
        let close = if rest[open..].starts_with('(') { ')' } else { ']' };
        let Some(length) = rest[open..].find(close) else { break };
        let end = open + length + 1;
        out.push_str(if is_remark(&rest[open..end]) { &rest[..open] } else { &rest[..end] });
        rest = &rest[end..];
    }
    out.push_str(rest);
    let dash = [" - ", " – ", " / "].iter().filter_map(|dash| out.rfind(dash)).max();
    if let Some(dash) = dash.filter(|&dash| dash > 0 && is_remark(&out[dash..])) {
        out.truncate(dash);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_song_are_the_same() {
        for (a, b) in [
            (("Beyoncé", "Déjà Vu"), ("BEYONCE", "Deja vu")),
            (("AC/DC", "T.N.T."), ("AC-DC", "TNT")),
            (("Guns N’ Roses", "Don't Cry"), ("Guns N' Roses", "Don’t cry!")),
            (("Simon & Garfunkel", "The Boxer"), ("Simon and Garfunkel", "The boxer")),
            (("Rihanna feat. Jay-Z", "Umbrella"), ("Rihanna", "Umbrella (ft. Jay-Z)")),
            (("Rihanna", "Umbrella [feat. Jay-Z]"), ("Rihanna Featuring JAY-Z", "Umbrella")),
            (("Queen", "Innuendo (Remastered 2011)"), ("Queen", "Innuendo")),
            (("Queen", "Innuendo - 2011 Remaster"), ("Queen", "Innuendo")),
            (("Queen", "Innuendo [Remastered] (Live)"), ("Queen", "Innuendo (Live)")),
            (("Sigur Rós", "Sæglópur"), ("SIGUR ROS", "Saeglopur")),
            (("Die Ärzte", "Männer"), ("Die A\u{308}rzte", "Ma\u{308}nner")),
            (("Ｂ'z", "ultra soul"), ("B'z", "Ultra Soul")),
        ] {
            let (first, second) = (song_key(a.0, a.1), song_key(b.0, b.1));
            assert!(first.is_some());
            assert_eq!(first, second, "{a:?}, {b:?}");
        }
    }

    #[test]
    fn other_songs_are_not() {
        for (a, b) in [
            ("Hurt", "Hurt (Live)"),
            ("One More Time", "One More Time (Remix)"),
            ("Featherweight", "Feather"),
            ("Remaster", "Remastering"),
            ("かき", "がき"),
            ("कि", "की"),
            ("???", "!!!"),
            ("Master (of Puppets)", "Master"),
        ] {
            let (a, b) = (song_key("Band", a), song_key("Band", b));
            assert!(a.is_some() && b.is_some());
            assert_ne!(a, b);
        }
        assert_ne!(song_key("A", "Song"), song_key("B", "Song"));
        assert_eq!((song_key("", "Intro"), song_key("Band", " ")), (None, None));
        // A name that is nothing but a guest stays.
        assert_eq!(song_key("Feat.", "Ft."), Some(("feat".into(), "ft".into())));
    }

    #[test]
    fn artists_are_the_same_with_and_without_the() {
        for name in ["The Beatles", "BEATLES", "Beatles, The", "the  beatles feat. Billy Preston"] {
            assert_eq!(artist_key(name), "beatles", "{name}");
        }
        assert_eq!(artist_key("The The"), "the");
        assert_eq!(artist_key("Thé"), "the");
        assert_eq!(artist_key("Theatre of Tragedy"), "theatreoftragedy");
        assert_eq!(
            (artist_key(""), artist_key("夜に駆ける")),
            (String::new(), "夜に駆ける".into())
        );
    }
}
