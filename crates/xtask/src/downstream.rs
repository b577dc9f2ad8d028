//! Programs outside of the workspace, as a user writes them: built against the crates by path.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{cargo, root, succeed};

/// A folder under `examples/downstream/`, and what cargo does with it.
const PROGRAMS: [(&str, &str); 2] = [("ssq-alone", "run"), ("whole-pipeline", "build")];

pub fn check(libtorch: &Path) -> Result<()> {
    for (name, action) in PROGRAMS {
        let folder = root().join("examples/downstream").join(name);
        // The versions that the workspace was tested with.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
            .with_context(|| folder.display().to_string())?;
        let mut command = cargo();
        command.args([action, "--quiet", "--manifest-path"]).arg(folder.join("Cargo.toml"));
        // The workspace's profile and target folder, so that what is built there is used here.
        command.args(["--config", "profile.dev.opt-level=1"]);
        command.args(["--config", "profile.dev.package.'*'.opt-level=2"]);
        command.arg("--target-dir").arg(root().join("target"));
        command.env("LIBTORCH", libtorch);
        succeed(&mut command, &format!("examples/downstream/{name}"))?;
    }
    wasm()
}

/// The transform in WebAssembly finds a tone, where compiler and Node.js can run it.
fn wasm() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let prints = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let targets = prints("rustup", &["target", "list", "--installed"]);
    if !targets.contains(TARGET) || prints("node", &["--version"]).is_empty() {
        eprintln!("skipped: ssq-wasm needs the target {TARGET} and Node.js");
        return Ok(());
    }
    let folder = root().join("examples/downstream/ssq-wasm");
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "--target", TARGET]).current_dir(&folder);
    build.env("RUSTFLAGS", "-C target-feature=+simd128");
    succeed(&mut build, "examples/downstream/ssq-wasm")?;
    succeed(Command::new("node").arg("test.mjs").current_dir(&folder), "ssq-wasm in Node.js")
}
