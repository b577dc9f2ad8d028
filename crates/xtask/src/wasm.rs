//! The transform in WebAssembly finds a tone, where compiler and Node.js can run it.

use std::process::Command;

use anyhow::Result;

use crate::{cargo, root, succeed};

const TARGET: &str = "wasm32-unknown-unknown";

pub fn check() -> Result<()> {
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
