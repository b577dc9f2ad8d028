use std::path::{Component, Path};

/// A link from a page's folder to a file: relative where both paths have a part in common, else a
/// `file:` URL; every byte that has a meaning in URLs is percent-encoded.
///
/// Give both paths relative to the same folder, or both absolute and without `..`.
///
/// ```
/// use std::path::Path;
/// use songscape_report::link;
///
/// let page = Path::new("out/report");
/// assert_eq!(link(page, Path::new("out/spectrograms/7.png")), "../spectrograms/7.png");
/// assert_eq!(link(page, Path::new("music/50% é #1?.flac")), "../../music/50%25%20%C3%A9%20%231%3F.flac");
/// assert_eq!(link(page, Path::new("/music/a.wav")), "file:///music/a.wav");
/// ```
pub fn link(folder: &Path, file: &Path) -> String {
    let names = |path: &Path| -> Vec<String> {
        let parts = path.components().filter(|part| *part != Component::CurDir);
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    };
    let (from, to) = (names(folder), names(file));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let absolute = file.is_absolute();
    if absolute != folder.is_absolute() || (absolute && shared == 0) {
        let path = to.iter().map(|name| encode(&name.replace('\\', "/"))).collect::<Vec<_>>();
        let joined = path.join("/").trim_start_matches('/').to_owned();
        return if absolute { format!("file:///{joined}") } else { joined };
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let link: Vec<String> = up.chain(to[shared..].iter().map(|name| encode(name))).collect();
    let link = link.join("/");
    // A first part with a colon would be read as a scheme.
    if link.split('/').next().is_some_and(|first| first.contains(':')) {
        format!("./{link}")
    } else {
        link
    }
}

fn encode(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' => {
                out.push(char::from(byte));
            }
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
        assert_eq!(check("/a/b", "/c/x.wav"), "../../c/x.wav");
        assert_eq!(check("a", "a/c:d.wav"), "./c:d.wav");
        assert_eq!(check("./a", "a/x.wav"), "x.wav");
        assert_eq!(check("a/b", "a/javascript:alert(1)"), "../javascript:alert%281%29");
    }
}
