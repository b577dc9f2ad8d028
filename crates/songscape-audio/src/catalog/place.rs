//! Where the files are that a manifest or a playlist names.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};
use crate::remote::check;

/// Why a path is not followed, and what to do: a program has the parameter as an option.
const LEADS_OUT: &str = "leads out of the list's folder: set `outside` (`--outside`) to allow that";

/// The folder that the paths of a list start from.
pub(super) struct Root {
    pub folder: PathBuf,
    real: PathBuf,
    /// Whether paths may lead out of it.
    outside: bool,
}

impl Root {
    /// The folder of a list.
    pub(super) fn of(list: &Path, outside: bool) -> Result<Self> {
        let folder = match list.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let real = folder.canonicalize().map_err(Error::io(&folder))?;
        Ok(Self { folder, real, outside })
    }

    /// How failures name a path of the list: absolute, unless it is an address.
    pub(super) fn item(&self, path: &Path) -> String {
        let is_address = path.to_str().is_some_and(|text| text.contains("://"));
        let shown = match is_address {
            true => path.to_owned(),
            false => std::path::absolute(self.folder.join(path)).unwrap_or(path.to_owned()),
        };
        shown.display().to_string()
    }

    /// The address of a song that is not on a disk, in place of its path and its file. Nobody looks whether it is
    /// there.
    ///
    /// # Errors
    /// Why it is not read.
    pub(super) fn address(&self, address: &str) -> Result<(PathBuf, PathBuf), String> {
        check(address)?;
        if !self.outside {
            let scheme = address.split("://").next().unwrap_or_default();
            return Err(format!("an address ({scheme}) {LEADS_OUT}"));
        }
        Ok((address.into(), address.into()))
    }

    /// The file of a path: within the folder, if it is there, and with all links followed.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn place(&self, path: &Path) -> Result<(PathBuf, PathBuf), String> {
        if path.as_os_str().is_empty() {
            return Err("the path is empty, expected a file relative to the list's folder".into());
        }
        let Some(text) = path.to_str() else { return self.place_of_native(path) };
        let mut others = Vec::new();
        if let Some(local) = file_of_address(text) {
            others.extend([percent_decoded(local), local.into()]);
        } else if let Some((scheme, _)) = text.split_once("://") {
            return Err(format!("an address ({scheme}), expected a file"));
        } else {
            // A name is taken as it stands, if there is such a file. Programs code letters as in an
            // address; backslashes are letters on Unix, and part folders on Windows.
            let slashed = text.replace('\\', "/");
            others.extend([text.into(), percent_decoded(text), slashed.as_bytes().into()]);
            others.push(percent_decoded(&slashed));
        }
        others.dedup();
        let mut tried = others.iter().map(|bytes| self.place_of_native(&path_of_bytes(bytes)));
        let first = tried.next().unwrap_or_else(|| self.place_of_native(path));
        let has_drive = |at: usize| text.as_bytes().get(at) == Some(&b':');
        let reason = match first {
            Err(_) if has_drive(1) && text.contains('\\') => {
                "a path of another system, expected one relative to the list's folder".into()
            }
            Err(reason) => reason,
            found => return found,
        };
        tried.find_map(Result::ok).ok_or(reason)
    }

    fn place_of_native(&self, path: &Path) -> Result<(PathBuf, PathBuf), String> {
        let mut plain = PathBuf::new();
        let mut leads_out = false;
        for component in path.components() {
            match component {
                Component::Normal(name) => plain.push(name),
                Component::CurDir => {}
                other => {
                    leads_out = true;
                    plain.push(other);
                }
            }
        }
        let real = self.real.join(&plain).canonicalize();
        if leads_out && !self.outside {
            // It may lie inside all the same: an absolute path, `sub/../a.flac`.
            let inside = real.as_ref().ok().and_then(|real| real.strip_prefix(&self.real).ok());
            let inside = inside.or_else(|| plain.strip_prefix(&self.real).ok());
            match inside {
                Some(inside) => plain = inside.to_owned(),
                None => return Err(format!("the path {LEADS_OUT}")),
            }
        }
        let real = real.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "the file is missing".to_owned(),
            _ => e.to_string(),
        })?;
        if !self.outside && !real.starts_with(&self.real) {
            return Err(format!("a link {LEADS_OUT}"));
        }
        if !real.is_file() {
            let found = if real.is_dir() { "a folder" } else { "a pipe or a device" };
            return Err(format!("{found}, expected a music file"));
        }
        Ok((plain, real))
    }

    /// The file of a path as a playlist has it: in UTF-8, in the bytes of the file's name, or in
    /// Latin-1.
    ///
    /// # Errors
    /// The path, for people, and why there is none.
    pub(super) fn place_of_bytes(
        &self,
        bytes: &[u8],
    ) -> Result<(PathBuf, PathBuf), (String, String)> {
        let shown = String::from_utf8_lossy(bytes).into_owned();
        if std::str::from_utf8(bytes).is_ok() {
            return self.place(Path::new(&shown)).map_err(|reason| (shown, reason));
        }
        if let Ok(found) = self.place(&path_of_bytes(bytes)) {
            return Ok(found);
        }
        let latin1: String = bytes.iter().copied().map(char::from).collect();
        self.place(Path::new(&latin1)).map_err(|reason| (shown, reason))
    }
}

/// The path of an address `file:///…`, `file://localhost/…` or `file:/…`, as it is coded there.
fn file_of_address(text: &str) -> Option<&str> {
    let local = text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:"))?;
    let local = &text[local.len()..];
    match local.strip_prefix("//") {
        Some(rest) => Some(rest.strip_prefix("localhost").unwrap_or(rest)),
        None => Some(local).filter(|local| local.starts_with('/')),
    }
}

/// `%20` and the like as the bytes that they stand for.
fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        let coded = bytes.get(i + 1..i + 3).filter(|_| bytes[i] == b'%');
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let code = coded.and_then(|hex| Some(digit(hex[0])? << 4 | digit(hex[1])?));
        out.push(code.map_or(bytes[i], |code| code as u8));
        i += if code.is_some() { 3 } else { 1 };
    }
    out
}

/// A path from its bytes: any on Unix, UTF-8 elsewhere.
fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Path::new(std::ffi::OsStr::from_bytes(bytes)).to_owned()
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}
