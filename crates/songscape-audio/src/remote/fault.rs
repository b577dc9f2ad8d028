//! What a store's error means: for one object, or for all of them.

use std::path::Path;

use super::objects::Kind;
use crate::error::{Error, Problem, Result};

/// Characters of an answer that a message keeps.
const LONGEST: usize = 300;

/// Why an object could not be fetched or put.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is none.
    Missing,
    /// It is larger than allowed.
    TooLarge { bytes: u64, limit: u64 },
    /// It cannot be had, which says nothing about others.
    Object(String),
    /// It broke off while it was read.
    Body(String),
    /// The store: out of reach, throttling, or not for these credentials.
    Store(String),
    /// The disk on this side.
    Disk(std::io::Error),
}

impl Fault {
    pub(super) fn of(kind: Kind, error: &object_store::Error) -> Self {
        use object_store::Error as Store;
        let text = error.to_string();
        // Then it is not this object alone that is missing.
        let whole = ["NoSuchBucket", "ContainerNotFound"].iter().any(|code| text.contains(code));
        match (error, kind, status(&text)) {
            (Store::NotFound { .. }, ..) if !whole => Self::Missing,
            // A site may refuse one page and serve the next. What it says of the moment is another thing.
            (_, Kind::Http, Some(400..=407 | 409..=428 | 430..=499)) => Self::Object(told(error)),
            (_, Kind::Http, None) if text.contains("Header missing") => Self::Object(told(error)),
            _ => Self::Store(told(error)),
        }
    }

    /// What is wrong with the one song.
    ///
    /// # Errors
    /// When it is not the song: [`Error::Object`], [`Error::Io`] with the folder that it was written to.
    pub(super) fn problem(self, address: &str, folder: &Path) -> Result<Problem> {
        match self {
            Self::Missing => Ok(Problem::Missing),
            Self::TooLarge { bytes, limit } => Ok(Problem::TooLarge { bytes, limit }),
            Self::Object(reason) => Ok(Problem::Unreadable(std::io::Error::other(reason))),
            other => Err(other.error(address, folder)),
        }
    }

    /// The same, where nothing can go on without the object.
    pub(super) fn error(self, address: &str, folder: &Path) -> Error {
        let reason = match self {
            Self::Missing => "there is no such object".to_owned(),
            Self::TooLarge { bytes, limit } => Problem::TooLarge { bytes, limit }.to_string(),
            Self::Object(reason) | Self::Body(reason) | Self::Store(reason) => reason,
            Self::Disk(source) => return Error::Io { path: folder.into(), source },
        };
        Error::Object { address: address.into(), reason }
    }
}

/// The status of an answer.
fn status(text: &str) -> Option<u16> {
    text.split_once("status code: ")?.1.get(..3)?.parse().ok()
}

/// What an error says, in one line: status, code and message of the answer, or what is behind it all, and how
/// often it was tried.
pub(super) fn told(error: &object_store::Error) -> String {
    let whole = error.to_string();
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let text = deepest.to_string();
    let said =
        text.split_once("status code: ").map_or_else(|| text.clone(), |(_, said)| answer(said));
    let words: Vec<&str> = said.split_whitespace().collect();
    let mut said: String = words.join(" ").chars().take(LONGEST).collect();
    let again = whole.split_once(", after ").and_then(|(_, rest)| rest.split_once(" retries"));
    if let Some(count) = again.and_then(|(count, _)| count.parse::<u32>().ok()) {
        said += &format!(", after {count} retries");
    }
    said
}

/// `503 Service Unavailable, SlowDown: Please reduce your request rate.` The rest of the body may repeat what was
/// asked, with the name of a key.
fn answer(said: &str) -> String {
    let (status, body) = said.split_once(": ").unwrap_or((said, ""));
    match (element(body, "Code"), element(body, "Message")) {
        (Some(code), Some(message)) => format!("{status}, {code}: {message}"),
        (Some(code), None) => format!("{status}, {code}"),
        _ => status.trim_end_matches([':', ' ']).to_owned(),
    }
}

/// The text of the first element of a name.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once("</")?.0)
}

#[cfg(test)]
mod tests {
    use object_store::Error as Store;

    use super::*;

    fn failed(text: &str) -> Store {
        Store::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn answers_are_told_without_what_was_asked() {
        let text = "Error performing GET http://h/b/k in 1.2s, after 2 retries, max_retries: 2, retry_timeout: \
                    180s  - Server returned non-2xx status code: 503 Service Unavailable: <?xml version=\"1.0\"?>\
                    <Error><Code>SlowDown</Code><Message>Please reduce\n your rate.</Message>\
                    <AWSAccessKeyId>5ec3e7</AWSAccessKeyId></Error>";
        let slow = "503 Service Unavailable, SlowDown: Please reduce your rate., after 2 retries";
        assert_eq!(told(&failed(text)), slow);
        assert!(
            matches!(Fault::of(Kind::Amazon, &failed(text)), Fault::Store(said) if said == slow)
        );
        let page = "status code: 403 Forbidden: <html>5ec3e7</html>";
        assert_eq!(told(&failed(page)), "403 Forbidden");
        assert_eq!(told(&failed("status code: 403 Forbidden: ")), "403 Forbidden");
        assert_eq!(told(&failed("nobody\n answers")), "nobody answers");
        assert_eq!(told(&failed(&"x".repeat(1000))).len(), LONGEST);
    }

    #[test]
    fn one_page_of_a_site_or_the_whole_store() {
        let of = |kind, status: &str| Fault::of(kind, &failed(&format!("status code: {status}: ")));
        for status in ["401 Unauthorized", "403 Forbidden", "410 Gone", "451 Unavailable"] {
            assert!(matches!(of(Kind::Http, status), Fault::Object(said) if said == status));
            assert!(matches!(of(Kind::Amazon, status), Fault::Store(_)), "{status}");
        }
        for status in ["408 Request Timeout", "429 Too Many Requests", "500 Internal Server Error"]
        {
            assert!(matches!(of(Kind::Http, status), Fault::Store(_)), "{status}");
        }
        let missing = |code: &str| {
            let source = format!("status code: 404 Not Found: <Code>{code}</Code>").into();
            Fault::of(Kind::Amazon, &Store::NotFound { path: "k".into(), source })
        };
        assert!(matches!(missing("NoSuchKey"), Fault::Missing));
        assert!(
            matches!(missing("NoSuchBucket"), Fault::Store(said) if said == "404 Not Found, NoSuchBucket")
        );
    }
}
