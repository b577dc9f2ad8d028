//! The public interface of each crate as text, under `docs/interface`: a change of it is seen in a
//! review. By cargo-public-api, from what a nightly rustdoc knows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::metadata::{Package, published};
use crate::{check, ci, root};

const INSTALL: &str = "rustup toolchain install nightly; cargo install cargo-public-api --locked";

/// Writes the files anew.
pub fn write() -> Result<()> {
    let Some(nightly) = ci::toolchain("nightly").filter(|nightly| is_installed(nightly)) else {
        bail!("needs a nightly compiler and cargo-public-api; type: {INSTALL}");
    };
    for package in published()? {
        let file = file(&package);
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        fs::write(&file, text(&package, &nightly)?).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Asks that the files are what they would be if they were written anew.
pub fn compare(packages: &[Package], nightly: &str) -> Result<()> {
    if !is_installed(nightly) {
        eprintln!("skipped: the public interface; {INSTALL}");
        return Ok(());
    }
    let mut changed = Vec::new();
    for package in packages {
        eprintln!("public interface: {}", package.name);
        let known = fs::read_to_string(file(package)).unwrap_or_default();
        let found = text(package, nightly)?;
        let only_in = |a: &str, b: &str, sign: char| {
            let other: std::collections::HashSet<&str> = b.lines().collect();
            a.lines()
                .filter(|line| !other.contains(line))
                .for_each(|line| eprintln!("{sign}{line}"));
        };
        if known != found {
            only_in(&known, &found, '-');
            only_in(&found, &known, '+');
            changed.push(package.name.as_str());
        }
    }
    if !changed.is_empty() {
        bail!(
            "the public interface of {} is not that of docs/interface; if that is meant, type \
             cargo xtask interface and commit what it changes",
            changed.join(", ")
        );
    }
    Ok(())
}

fn file(package: &Package) -> PathBuf {
    root().join(format!("docs/interface/{}.txt", package.name))
}

fn text(package: &Package, nightly: &str) -> Result<String> {
    let mut tool = public_api(nightly);
    tool.args(["-sss", "--color=never", "--package", &package.name, "--all-features"]);
    if package.libtorch {
        tool.args(["--features", "tch/doc-only"]);
    }
    tool.arg("--target-dir").arg(root().join("target/interface"));
    let output = tool.env("LIBTORCH", check::NO_LIBTORCH).output()?;
    if !output.status.success() {
        bail!("{}: {}", package.name, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn is_installed(nightly: &str) -> bool {
    public_api(nightly).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn public_api(nightly: &str) -> Command {
    let mut command = ci::cargo_of(nightly);
    command.arg("public-api");
    command
}
