//! Years as people write them.

/// The year of `1987`, `1987-05` or `1987-05-02`; `None` inside for an empty text.
///
/// # Errors
/// `()` for anything else.
pub(super) fn parse(text: &str) -> Result<Option<i32>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut parts = text.split('-');
    let mut number = |digits: usize| match parts.next() {
        None => Ok(None),
        Some(part) if part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) => {
            part.parse::<i32>().map(Some).map_err(drop)
        }
        Some(_) => Err(()),
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let fits = month.is_none_or(|m| (1..=12).contains(&m))
        && day.is_none_or(|d| (1..=31).contains(&d))
        && parts.next().is_none();
    if fits { Ok(year.filter(|&year| year > 0)) } else { Err(()) }
}

/// The year of a date in a tag, which may go on with a time; `None` when there is no year in it.
pub(super) fn of_tag(text: &str) -> Option<i32> {
    let text = text.trim();
    let end = text.find(['T', ' ', '/']).unwrap_or(text.len());
    parse(&text[..end]).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_dates_are_read_and_nothing_else() {
        assert_eq!(parse("1987"), Ok(Some(1987)));
        assert_eq!(parse(" 1987-05-02 "), Ok(Some(1987)));
        assert_eq!(parse("1987-05"), Ok(Some(1987)));
        assert_eq!(parse(""), Ok(None));
        for wrong in [
            "87",
            "19871",
            "1987-5-2",
            "1987-13-01",
            "1987-01-32",
            "-1987",
            "+987",
            "1987-05-02-01",
            "soon",
            "1987.0",
            "١٩٨٧",
        ] {
            assert_eq!(parse(wrong), Err(()), "{wrong}");
        }
    }

    #[test]
    fn a_tag_may_hold_a_time() {
        assert_eq!(of_tag("1987-05-02T10:00:00Z"), Some(1987));
        assert_eq!(of_tag("1987/05/02"), Some(1987));
        assert_eq!(of_tag("0000"), None);
        assert_eq!(of_tag("unknown"), None);
    }
}
