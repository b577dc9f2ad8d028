//! Years, as tables write them.

use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

/// The text of a cell that holds no year, and is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAYear;

/// What tools write where a number is missing, in lower case.
const MISSING: [&str; 9] = ["", "na", "n/a", "<na>", "nan", "nat", "null", "none", "0"];

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

/// The year in a cell of a table: four digits within [`range`], alone (`1987`), as a date (`1987-05`,
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
