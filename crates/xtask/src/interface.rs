//! The public interface of each crate, one item per line, in its `doc/public-api.txt`. So every
//! change of it shows among the changed files, also before the first release.
//!
//! The lists have what docs.rs documents, without derived, automatic and blanket implementations.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::metadata::{Package, published};
use crate::toolchains::{cargo_of, printed, toolchain};
use crate::{root, succeed};

/// The version of cargo-public-api: others may write the same items differently.
const VERSION: &str = "0.52.0";

const OMITTED: &str = "blanket-impls,auto-trait-impls,auto-derived-impls";

/// Asks that each crate has the items of its list, and no others.
pub fn check(packages: &[Package]) -> Result<()> {
    let nightly = match nightly() {
        Ok(nightly) => nightly,
        Err(missing) => {
            eprintln!("skipped: public interface; {missing}");
            return Ok(());
        }
    };
    let mut changes = String::new();
    for package in packages {
        eprintln!("public interface: {}", package.name);
        let listed = fs::read_to_string(list(package)).unwrap_or_default();
        let change = difference(&listed, &items(package, &nightly)?);
        if !change.is_empty() {
            changes += &format!("\n{}:\n{change}", package.name);
        }
    }
    if !changes.is_empty() {
        bail!(
            "the public interface has changed:\n{changes}\n\
             if that is meant, type cargo xtask interface, and note it in CHANGELOG.md"
        );
    }
    Ok(())
}

/// Writes the lists.
pub fn write() -> Result<()> {
    let nightly = nightly().context("first type")?;
    for package in published()? {
        let file = list(&package);
        fs::write(&file, items(&package, &nightly)?).with_context(|| file.display().to_string())?;
        println!("{}", file.display());
    }
    Ok(())
}

/// The nightly toolchain; an error is the command that installs what is missing.
fn nightly() -> Result<String> {
    let nightly = toolchain("nightly").context("rustup toolchain install nightly")?;
    let version = printed(cargo_of(&nightly).args(["public-api", "--version"]));
    if version.trim() != format!("cargo-public-api {VERSION}") {
        bail!("cargo install --locked cargo-public-api@{VERSION}");
    }
    Ok(nightly)
}

fn list(package: &Package) -> PathBuf {
    root().join("crates").join(&package.name).join("doc/public-api.txt")
}

/// The public items that a package has, one per line.
fn items(package: &Package, nightly: &str) -> Result<String> {
    let name = &package.name;
    let mut rustdoc = package.docs_rs(nightly, "rustdoc");
    rustdoc.args(["--lib", "--", "-Z", "unstable-options", "--output-format", "json"]);
    succeed(&mut rustdoc, name)?;
    let mut public_api = cargo_of(nightly);
    public_api.args(["public-api", "--omit", OMITTED, "--rustdoc-json"]);
    public_api.arg(format!("target/docs-rs/doc/{}.json", name.replace('-', "_")));
    let output = public_api.output().context("cargo public-api")?;
    if !output.status.success() {
        bail!("cargo public-api: {name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).with_context(|| format!("cargo public-api: {name}"))
}

/// The lines that only one of two lists has: `-` for the old one, `+` for the new one.
fn difference(old: &str, new: &str) -> String {
    let old: BTreeSet<&str> = old.lines().collect();
    let new: BTreeSet<&str> = new.lines().collect();
    let removed = old.difference(&new).map(|line| format!("- {line}\n"));
    let added = new.difference(&old).map(|line| format!("+ {line}\n"));
    removed.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_the_lines_that_come_and_go() {
        let (old, new) = ("pub fn a()\npub fn b()\n", "pub fn c()\npub fn a()\n");
        assert_eq!(difference(old, new), "- pub fn b()\n+ pub fn c()\n");
        assert_eq!(difference(new, new), "");
    }
}
