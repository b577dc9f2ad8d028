//! The tests of the transform, golden values included, on an ARM processor, which QEMU plays.

use std::process::Command;

use anyhow::Result;

use crate::toolchains::{printed, targets};
use crate::{cargo, succeed};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const QEMU: &str = "qemu-aarch64";

pub fn check() -> Result<()> {
    if cfg!(target_arch = "aarch64") {
        return Ok(()); // The ordinary tests have done it.
    }
    let missing = |program: &&str| printed(Command::new(program).arg("--version")).is_empty();
    let missing: Vec<&str> = [LINKER, QEMU].into_iter().filter(missing).collect();
    if !targets().iter().any(|target| target == TARGET) || !missing.is_empty() {
        eprintln!(
            "skipped: songscape-ssq on {TARGET}; rustup target add {TARGET}, and on Debian: \
             apt-get install qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        );
        return Ok(());
    }
    eprintln!("tests of songscape-ssq on {TARGET}");
    let mut test = cargo();
    test.args(["test", "--quiet", "--target", TARGET, "--package", "songscape-ssq"]);
    test.args(["--all-features", "--lib", "--tests"]);
    test.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
    let runner = format!("{QEMU} -L /usr/aarch64-linux-gnu");
    test.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
    succeed(&mut test, TARGET)
}
