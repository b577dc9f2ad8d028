//! The pictures of the documentation. docs.rs serves no files beside the pages, so each crate's front
//! page has its picture inside, from a copy in base64 that lies beside it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::root;

/// Asks that every copy is that of its picture.
pub fn check() -> Result<()> {
    for (picture, copy) in pairs()? {
        let found = fs::read_to_string(&copy).unwrap_or_default();
        if found.trim_end() != encoded(&picture)? {
            bail!("{} is not {}; type cargo xtask pictures", copy.display(), picture.display());
        }
    }
    Ok(())
}

/// Makes the copies.
pub fn write() -> Result<()> {
    for (picture, copy) in pairs()? {
        fs::write(&copy, encoded(&picture)?).with_context(|| copy.display().to_string())?;
    }
    Ok(())
}

fn encoded(picture: &PathBuf) -> Result<String> {
    let bytes = fs::read(picture).with_context(|| picture.display().to_string())?;
    Ok(STANDARD.encode(bytes))
}

/// The pictures under `crates/*/doc`, and their copies.
fn pairs() -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut pairs = Vec::new();
    for package in fs::read_dir(root().join("crates"))? {
        let Ok(files) = fs::read_dir(package?.path().join("doc")) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|end| end == "png" || end == "svg") {
                let mut copy = path.clone().into_os_string();
                copy.push(".base64");
                pairs.push((path, copy.into()));
            }
        }
    }
    if pairs.is_empty() {
        bail!("no crate has a picture under doc/");
    }
    Ok(pairs)
}
