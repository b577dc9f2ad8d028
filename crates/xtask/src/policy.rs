//! Checks by tools that not every machine has: each is skipped with a line where it is not there.

use std::process::Stdio;

use anyhow::Result;

use crate::{cargo, succeed};

/// Licences, sources, bans and advisories of the dependencies (`deny.toml`), and the public interface
/// against the last release.
pub fn check() -> Result<()> {
    if !answers(&["deny", "--version"]) {
        eprintln!("skipped: cargo deny is not installed (cargo install --locked cargo-deny)");
    } else {
        succeed(cargo().args(["deny", "check", "licenses", "sources", "bans"]), "cargo deny")?;
        if answers(&["deny", "fetch", "db"]) {
            succeed(cargo().args(["deny", "check", "advisories"]), "cargo deny")?;
        } else {
            eprintln!("skipped: the advisories cannot be fetched here");
        }
    }
    match last_release() {
        None => eprintln!("skipped: there is no release to compare the public interface with"),
        Some(_) if !answers(&["semver-checks", "--version"]) => {
            eprintln!("skipped: cargo semver-checks is not installed");
        }
        Some(tag) => {
            let mut semver = cargo();
            semver.args(["semver-checks", "--workspace", "--default-features"]);
            semver.args(["--baseline-rev", &tag]);
            succeed(&mut semver, "cargo semver-checks")?;
        }
    }
    Ok(())
}

/// Whether cargo succeeds with these arguments, in silence.
fn answers(arguments: &[&str]) -> bool {
    let mut command = cargo();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The newest tag of a version that this commit descends from.
fn last_release() -> Option<String> {
    let mut git = std::process::Command::new("git");
    git.current_dir(crate::root()).args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
