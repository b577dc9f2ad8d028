//! The transform in WebAssembly finds a tone, where compiler and Node.js can run it.

use std::process::Command;

use anyhow::Result;

use crate::toolchains::{printed, targets};
use crate::{cargo, root, succeed};

const TARGET: &str = "wasm32-unknown-unknown";

pub fn check() -> Result<()> {
    let node = printed(Command::new("node").arg("--version"));
    if !targets().iter().any(|target| target == TARGET) || node.is_empty() {
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
