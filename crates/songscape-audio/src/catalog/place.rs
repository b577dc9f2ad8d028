//! Where the files are that a manifest or a playlist names.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

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

    /// The file of a path: within the folder, if it is there, and with all links followed.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn place(&self, path: &Path) -> Result<(PathBuf, PathBuf), String> {
        if path.as_os_str().is_empty() {
            return Err("the path is empty, expected a file relative to the list's folder".into());
        }
        if let Some(text) = path.to_str() {
            if let Some(local) = text.strip_prefix("file://") {
                let local = percent_decoded(local.strip_prefix("localhost").unwrap_or(local));
                return self.place(Path::new(&local));
            }
            if let Some((scheme, _)) = text.split_once("://") {
                return Err(format!("an address ({scheme}), expected a file"));
            }
        }
        match self.place_of_native(path) {
            // Backslashes are letters of a name on Unix, and part folders on Windows.
            Err(reason) => {
                match path.to_str().filter(|text| text.contains('\\')) {
                    Some(text) => {
                        let drive = text.as_bytes().get(1) == Some(&b':');
                        let slashed = self.place_of_native(Path::new(&text.replace('\\', "/")));
                        slashed.map_err(|_| match drive {
                        true => "a path of another system, expected one relative to the list's folder".into(),
                        false => reason,
                    })
                    }
                    None => Err(reason),
                }
            }
            found => found,
        }
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
        let left = || Err("leads out of the list's folder, and `outside` is not set".to_owned());
        let real = self.real.join(&plain).canonicalize();
        if leads_out && !self.outside {
            // It may lie inside all the same: an absolute path, `sub/../a.flac`.
            let inside = real.as_ref().ok().and_then(|real| real.strip_prefix(&self.real).ok());
            let inside = inside.or_else(|| plain.strip_prefix(&self.real).ok());
            match inside {
                Some(inside) => plain = inside.to_owned(),
                None => return left(),
            }
        }
        let real = real.map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => "the file is missing".to_owned(),
            _ => e.to_string(),
        })?;
        if !self.outside && !real.starts_with(&self.real) {
            return Err("a link leads out of the library's folder".into());
        }
        if !real.is_file() {
            return Err("a folder, expected a music file".into());
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
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            if let Ok(found) = self.place(Path::new(std::ffi::OsStr::from_bytes(bytes))) {
                return Ok(found);
            }
        }
        let latin1: String = bytes.iter().copied().map(char::from).collect();
        self.place(Path::new(&latin1)).map_err(|reason| (shown, reason))
    }
}

/// `%20` and the like as the bytes that they stand for.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::with_capacity(bytes.len()), 0);
    while i < bytes.len() {
        let coded = bytes.get(i + 1..i + 3).filter(|_| bytes[i] == b'%');
        let code =
            coded.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(code.unwrap_or(bytes[i]));
        i += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
