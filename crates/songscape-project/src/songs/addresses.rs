//! Songs that are not on a disk.

use std::path::Path;

/// The address of a file that is not on a disk, such as `s3://bucket/a.mp3`; `None` for a path.
///
/// An address begins with the name of a scheme and `://`: a letter, then at least one more letter, digit, `+`,
/// `-` or `.`, so that a drive (`C://a.mp3`) is none. `file://` begins the path of a file.
///
/// ```
/// use std::path::Path;
/// use songscape_project::address;
///
/// assert_eq!(address(Path::new("s3://bucket/a.mp3")), Some("s3://bucket/a.mp3"));
/// assert_eq!(address(Path::new("music/a.mp3")), None);
/// ```
pub fn address(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    let (first, others) = scheme.as_bytes().split_first()?;
    let is_scheme = first.is_ascii_alphabetic()
        && !others.is_empty()
        && others.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    (is_scheme && !scheme.eq_ignore_ascii_case("file")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for text in ["s3://b/k.mp3", "https://h/a", "GS://b/k", "x-y+z.1://", "az://c/ä b.ogg"] {
            assert_eq!(address(Path::new(text)), Some(text));
        }
        let paths = ["", "a.mp3", "/s3://b/k", "./s3://b/k", "C://a.mp3", "file:///a", "FILE://a"];
        for text in paths.into_iter().chain(["://a", "s3:/b/k", "3s://b", "a b://c", "s3:\\\\b"]) {
            assert_eq!(address(Path::new(text)), None, "{text}");
        }
    }
}
