//! Years, as tables write them.

use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

/// The text of a cell that holds no year, and is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAYear;

/// What tools write where a number is missing, in lower case.
const MISSING: [&str; 9] = ["", "na", "n/a", "<na>", "nan", "nat", "null", "none", "0"];

/// The first year of a year's decade: 1970 for 1975.
pub fn decade(year: i32) -> i32 {
    year.saturating_sub(year.rem_euclid(10))
}

/// The years that are believed: from 1000 to next year.
pub fn range() -> RangeInclusive<i32> {
    const SECONDS: u64 = 31_556_952; // of a mean Gregorian year
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    1000..=1970 + (since / SECONDS) as i32 + 1
}

/// What a column of years may hold, for messages.
pub fn expected() -> String {
    let (first, last) = range().into_inner();
    format!("a year from {first} to {last} (1987), a date (1987-05-02), or nothing")
}

/// The year in a cell of a table: four digits within [`range`], by themselves (`1987`), as a date (`1987-05`,
/// `1987-05-02`), or as a whole number with a fraction of zeros (`1987.0`, as pandas writes a column
/// with gaps). `None` where the cell is empty or says that there is no year: `NA`, `N/A`, `<NA>`,
/// `nan`, `NaT`, `null`, `None`, `0`.
///
/// ```
/// use songscape_project::year;
///
/// assert_eq!(year::parse("1987-05-02"), Ok(Some(1987)));
/// assert_eq!(year::parse("1987.0"), Ok(Some(1987)));
/// assert_eq!(year::parse("nan"), Ok(None));
/// assert_eq!(year::parse("1987-soon"), Err(year::NotAYear));
/// ```
///
/// # Errors
/// [`NotAYear`] for all else.
pub fn parse(text: &str) -> Result<Option<i32>, NotAYear> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, "0" | "00")) if is_number(whole) => whole,
        _ => text,
    };
    if MISSING.contains(&whole.to_ascii_lowercase().as_str()) || whole == "0000" {
        return Ok(None);
    }
    let mut parts = whole.split('-');
    let year = parts.next().and_then(|part| number(part, 4)).ok_or(NotAYear)?;
    let month = parts.next().map(|part| number(part, 2).ok_or(NotAYear)).transpose()?;
    let day = parts.next().map(|part| number(part, 2).ok_or(NotAYear)).transpose()?;
    let is_date = month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day))
        && parts.next().is_none()
        && (month.is_none() || whole.len() == text.len());
    if is_date && range().contains(&year) { Ok(Some(year)) } else { Err(NotAYear) }
}

/// What a tag's text says about a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTag {
    /// Nothing, or that there is no year.
    Empty,
    /// One year.
    Year(i32),
    /// Several years; this is the first.
    Several(i32),
    /// Something, but no year within [`range`].
    Unclear,
}

/// The year in the text of a music file's tag. People and programs write dates in many ways there, so
/// this is looser than [`parse`]: what counts are numbers of four digits within [`range`], anywhere in
/// the text, and dates without separators (`20210503`, with a time or not, and `03052021`). Dates need
/// not exist: `1975-00-00` is 1975. What says that a year is about right (`c. 1975`, `circa 1975`) and the
/// signs of Chinese, Japanese and Korean dates (`1975年4月18日`) do not matter, and neither does the name in a
/// notice of rights (`© 1975 EMI`, `(P) 1975`). Any other text with words (`April 18, 1975`, `remastered
/// 2009`) is not read: what its numbers mean stands in the words.
///
/// ```
/// use songscape_project::year::{self, InTag};
///
/// assert_eq!(year::in_tag("18.04.1975"), InTag::Year(1975));
/// assert_eq!(year::in_tag("20210503"), InTag::Year(2021));
/// assert_eq!(year::in_tag("1975;2009"), InTag::Several(1975));
/// assert_eq!(year::in_tag("ca. 1975"), InTag::Year(1975));
/// assert_eq!(year::in_tag("the seventies"), InTag::Unclear);
/// ```
pub fn in_tag(text: &str) -> InTag {
    let text: String = text
        .trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .chars()
        .map(half_width)
        .collect();
    let nothing = |c: char| matches!(c, '0' | '-' | '.' | '/' | ' ' | ':' | 'T');
    if MISSING.contains(&text.to_ascii_lowercase().as_str()) || text.chars().all(nothing) {
        return InTag::Empty;
    }
    let (is_notice, text) = without_marker(&text);
    if !is_notice && !text.char_indices().all(|(i, c)| is_of_a_date(&text[..i], c)) {
        return InTag::Unclear;
    }
    let mut found: Vec<i32> = Vec::new();
    let mut before = "";
    for piece in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        // Neither a time nor the offset of a time zone is a year.
        let is_time = before.ends_with('T') || (before.ends_with('+') && text.contains(':'));
        if let Some(year) = year_of_digits(digits)
            && !is_time
            && !found.contains(&year)
        {
            found.push(year);
        }
        before = piece;
    }
    match found[..] {
        [] => InTag::Unclear,
        [year] => InTag::Year(year),
        [first, ..] => InTag::Several(first),
    }
}

/// Takes away what stands in front of a year and does not change it: that it is about right, or that it is
/// the year of a notice of rights, which is told apart.
fn without_marker(text: &str) -> (bool, &str) {
    const RIGHTS: [&str; 5] = ["©", "℗", "(c)", "(p)", "copyright"];
    const ABOUT: [&str; 8] =
        ["circa", "about", "approximately", "approx.", "approx", "ca.", "ca", "c"];
    let after = |marker: &&str| {
        let start = text.get(..marker.len())?;
        start.to_lowercase().eq(*marker).then(|| text[marker.len()..].trim_start())
    };
    if let Some(rest) = RIGHTS.iter().find_map(after) {
        return (true, rest);
    }
    let rest = ABOUT.iter().filter_map(after).map(|rest| rest.trim_start_matches(['.', ' ']));
    let mut rest = rest.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (false, rest.next().unwrap_or(text))
}

/// Whether a character may stand behind these in a date: it is no letter, or one of a time, as in
/// 1987-05-02T10:00:00Z, or the sign of a year, month or day.
fn is_of_a_date(before: &str, c: char) -> bool {
    const SIGNS: [char; 8] = ['T', 'Z', '年', '月', '日', '년', '월', '일'];
    !c.is_alphabetic() || SIGNS.contains(&c) && before.ends_with(|c: char| c.is_ascii_digit())
}

/// Full-width digits are digits, too.
fn half_width(c: char) -> char {
    let digit =
        u32::from(c).checked_sub(u32::from('０')).and_then(|digit| char::from_digit(digit, 10));
    digit.unwrap_or(c)
}

/// The year of a run of digits: alone, or with month, day and time.
fn year_of_digits(digits: &str) -> Option<i32> {
    let part = |places: std::ops::Range<usize>| digits.get(places)?.parse::<i32>().ok();
    let year = |places| part(places).filter(|year| range().contains(year));
    let date = |month, day| {
        part(month).is_some_and(|month| month <= 12) && part(day).is_some_and(|day| day <= 31)
    };
    match digits.len() {
        4 => year(0..4),
        6 => year(0..4).filter(|_| part(4..6).is_some_and(|month| month <= 12)),
        8 => year(0..4)
            .filter(|_| date(4..6, 6..8))
            .or_else(|| year(4..8).filter(|_| date(2..4, 0..2) || date(0..2, 2..4))),
        12 | 14 => year(0..4).filter(|_| date(4..6, 6..8)),
        _ => None,
    }
}

/// A number of exactly so many ASCII digits.
fn number(text: &str, digits: usize) -> Option<i32> {
    (text.len() == digits && is_number(text)).then(|| text.parse().ok()).flatten()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_dates_are_read() {
        for text in ["1987", " 1987 ", "1987-05", "1987-05-02", "1987.0", "1987.00"] {
            assert_eq!(parse(text), Ok(Some(1987)), "{text:?}");
        }
        assert_eq!(parse("1000"), Ok(Some(1000)));
        let next = *range().end();
        assert_eq!(parse(&next.to_string()), Ok(Some(next)));
    }

    #[test]
    fn what_tools_write_for_no_year_is_none() {
        for text in
            ["", "  ", "NA", "N/A", "<NA>", "nan", "NaN", "NaT", "NULL", "None", "0", "0.0", "0000"]
        {
            assert_eq!(parse(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn the_year_of_a_tag_is_found() {
        let next = *range().end();
        for (text, found) in [
            ("1975", InTag::Year(1975)),
            ("1975-00-00", InTag::Year(1975)),
            ("1975-04-00", InTag::Year(1975)),
            ("18.04.1975", InTag::Year(1975)),
            ("4/18/1975", InTag::Year(1975)),
            ("20210503", InTag::Year(2021)),
            ("03052021", InTag::Year(2021)),
            ("197504", InTag::Year(1975)),
            ("1987-05-02T10:00:00Z", InTag::Year(1987)),
            ("1987-05-02T10:00:00+1000", InTag::Year(1987)),
            ("20210503T101500", InTag::Year(2021)),
            ("20210503101500", InTag::Year(2021)),
            ("~ 1975", InTag::Year(1975)),
            ("[1975?]", InTag::Year(1975)),
            ("１９７５", InTag::Year(1975)),
            ("c. 1975", InTag::Year(1975)),
            ("C1975", InTag::Year(1975)),
            ("ca. 1975", InTag::Year(1975)),
            ("Circa 1975-04", InTag::Year(1975)),
            ("approx. 1975", InTag::Year(1975)),
            ("1975年", InTag::Year(1975)),
            ("１９７５年４月１８日", InTag::Year(1975)),
            ("1975년 4월", InTag::Year(1975)),
            ("© 1975 EMI", InTag::Year(1975)),
            ("(P)1975 EMI Records", InTag::Year(1975)),
            ("℗ 1975", InTag::Year(1975)),
            ("Copyright (C) 1975", InTag::Year(1975)),
            ("© 1975, 2009 EMI", InTag::Several(1975)),
            ("1975;1975", InTag::Year(1975)),
            ("1975;2009", InTag::Several(1975)),
            ("1975/2009", InTag::Several(1975)),
            ("", InTag::Empty),
            ("0", InTag::Empty),
            ("0000", InTag::Empty),
            ("0000-00-00", InTag::Empty),
            (" \0", InTag::Empty),
            ("unknown", InTag::Unclear),
            ("April 18, 1975", InTag::Unclear),
            ("remastered 2009", InTag::Unclear),
            ("1975 (remastered 2009)", InTag::Unclear),
            ("1970s", InTag::Unclear),
            ("class of 1975", InTag::Unclear),
            ("© EMI", InTag::Unclear),
            ("c. '75", InTag::Unclear),
            ("年1975", InTag::Unclear),
            ("75", InTag::Unclear),
            ("0101", InTag::Unclear),
            ("19750", InTag::Unclear),
            ("1234567890123", InTag::Unclear),
        ] {
            assert_eq!(in_tag(text), found, "{text:?}");
        }
        assert_eq!(in_tag(&next.to_string()), InTag::Year(next));
        assert_eq!(in_tag(&(next + 1).to_string()), InTag::Unclear);
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "1987-soon",
            "87-x-y",
            "87",
            "1987-13-45",
            "1987-00-00",
            "1987-01-32",
            "1987-5-2",
            "19870502",
            "19871",
            "-1",
            "-1987",
            "+987",
            "1987-05-02-01",
            "1987-05-02.0",
            "soon",
            "1987.5",
            "1987.",
            ".0",
            "1987,0",
            "1987 05",
            "1987-",
            "١٩٨٧",
            "0999",
            "9999",
            "198430",
            "1987-05-02T10:00:00",
            "00",
            "0-0",
            "0.5",
        ] {
            assert_eq!(parse(text), Err(NotAYear), "{text:?}");
        }
    }
}
