use std::path::{Component, Path, Prefix};

/// A link from a page's folder to a file: relative where the two have a folder in common, else a
/// `file:` URL; every byte that has a meaning in URLs is percent-encoded.
///
/// Relative paths are taken from the current folder. `..` is resolved by name, as browsers do, not
/// through symbolic links.
///
/// ```
/// use songscape_report::link;
///
/// assert_eq!(link("out/report", "out/spectrograms/7.png"), "../spectrograms/7.png");
/// assert_eq!(link("out", "music/50% é #1?.flac"), "../music/50%25%20%C3%A9%20%231%3F.flac");
/// assert_eq!(link("/srv/out", "/music/a.wav"), "file:///music/a.wav");
/// ```
pub fn link(folder: impl AsRef<Path>, file: impl AsRef<Path>) -> String {
    let (from, to) = (names(folder.as_ref()), names(file.as_ref()));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let encoded = |names: &[String]| names.iter().map(|name| encode(name)).collect::<Vec<_>>();
    if shared == 0 {
        return url(&to);
    }
    let mut link = vec!["..".to_owned(); from.len() - shared];
    link.extend(encoded(&to[shared..]));
    link.join("/")
}

/// The URL of a file whose parts are given. A share's server is the URL's host.
fn url(names: &[String]) -> String {
    let (host, names) = match names.split_first() {
        Some((root, rest)) if root.starts_with(SHARE) => (&root[SHARE.len()..], rest),
        _ => ("", names),
    };
    let encoded = |name: &str| name.split('/').map(encode).collect::<Vec<_>>().join("/");
    let names: Vec<String> =
        [host].into_iter().chain(names.iter().map(String::as_str)).map(encoded).collect();
    format!("file://{}", names.join("/"))
}

/// The parts of a path from the root on, without `.` and `..`. On Windows the first is [`root`].
fn names(path: &Path) -> Vec<String> {
    // Without a current folder the path is taken as it stands.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut names = Vec::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(names.pop()),
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(prefix) => names.push(root(prefix.kind())),
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
        }
    }
    names
}

/// What the name of a share begins with, and no other part of a path.
const SHARE: &str = "//";

/// A drive (`C:`) or a share (`//server/share`), however Windows spells it.
fn root(prefix: Prefix) -> String {
    match prefix {
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
            format!("{}:", char::from(letter.to_ascii_uppercase()))
        }
        Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share) => {
            format!("{SHARE}{}/{}", server.to_string_lossy(), share.to_string_lossy())
        }
        Prefix::Verbatim(name) | Prefix::DeviceNS(name) => name.to_string_lossy().into_owned(),
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986). A colon is encoded too: at the front of
/// a link it would end a scheme; a drive's letter keeps it.
fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    let is_drive = name.len() == 2 && name.ends_with(':');
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b':' if is_drive => out.push(':'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_climb_and_descend() {
        let check = |from: &str, to: &str| link(Path::new(from), Path::new(to));
        assert_eq!(check("/a/b/report", "/a/b/audio/x.wav"), "../audio/x.wav");
        assert_eq!(check("/a/b", "/c/x.wav"), "file:///c/x.wav");
        assert_eq!(check("/a/b/../out/report", "/a/./b/../music/x.wav"), "../../music/x.wav");
        assert_eq!(check("a", "a/c:d.wav"), "c%3Ad.wav");
        assert_eq!(check("./a", "a/x.wav"), "x.wav");
        assert_eq!(check("a/b", "a/javascript:alert(1)"), "../javascript%3Aalert%281%29");
    }

    #[test]
    fn drives_and_shares_of_windows_become_urls() {
        let path = |prefix: Prefix| url(&[root(prefix), "my music".into(), "a:b.wav".into()]);
        let drive = "file:///C:/my%20music/a%3Ab.wav";
        assert_eq!(path(Prefix::Disk(b'c')), drive);
        assert_eq!(path(Prefix::VerbatimDisk(b'C')), drive);
        let share = "file://nas/my%20share/my%20music/a%3Ab.wav";
        assert_eq!(path(Prefix::UNC("nas".as_ref(), "my share".as_ref())), share);
        assert_eq!(path(Prefix::VerbatimUNC("nas".as_ref(), "my share".as_ref())), share);
    }

    #[cfg(windows)]
    #[test]
    fn paths_of_one_share_are_relative_to_each_other() {
        let check = |from: &str, to: &str| link(Path::new(from), Path::new(to));
        assert_eq!(check(r"\\nas\music\report", r"\\nas\music\a.wav"), "../a.wav");
        assert_eq!(check(r"C:\report", r"\\nas\music\a.wav"), "file://nas/music/a.wav");
        assert_eq!(check(r"\\?\C:\report", r"c:\a.wav"), "../a.wav");
    }

    #[test]
    fn a_relative_and_an_absolute_path_meet() {
        let here = std::env::current_dir().map(|here| here.join("music/x.wav"));
        assert_eq!(link(Path::new("out"), here.unwrap_or_default()), "../music/x.wav");
    }
}
