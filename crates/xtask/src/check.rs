//! What every change must pass: formatting, lints, documentation, all tests, packages, policy.

use std::path::Path;

use anyhow::Result;

use crate::{cargo, libtorch, packages, pictures, policy, root, succeed, wasm};

/// A folder that is not there: whatever asked for libtorch would fail.
pub const NO_LIBTORCH: &str = "target/no-libtorch";

/// One check: its name, the arguments of cargo, and whether it has libtorch.
type Check = (&'static str, &'static [&'static str], bool);

const CHECKS: &[Check] = &[
    ("formatting", &["fmt", "--all", "--", "--check"], false),
    ("build without libtorch", &["check"], false),
    (
        // With `tch/doc-only` the crates that use libtorch are checked without it.
        "types and lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--features",
            "tch/doc-only",
            "--",
            "-D",
            "warnings",
        ],
        false,
    ),
    (
        "documentation",
        &["doc", "--workspace", "--no-deps", "--all-features", "--features", "tch/doc-only"],
        false,
    ),
    // The examples in documents are run from the packages.
    (
        "tests",
        &[
            "test",
            "--workspace",
            // It has no tests, and packages of others to be compared with, which are slow to compile.
            "--exclude",
            "songscape-benches",
            "--all-features",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ],
        true,
    ),
];

pub fn run() -> Result<()> {
    let folder = libtorch::provide()?;
    let all = CHECKS.len() + 3;
    for (i, (name, arguments, has_libtorch)) in CHECKS.iter().enumerate() {
        eprintln!("[{}/{all}] {name}: cargo {}", i + 1, arguments.join(" "));
        let mut command = cargo();
        command.args(*arguments).env("RUSTDOCFLAGS", "-D warnings");
        let libtorch = if *has_libtorch { &folder } else { Path::new(NO_LIBTORCH) };
        libtorch::use_in(&mut command, libtorch);
        succeed(&mut command, name)?;
    }
    eprintln!("[{}/{all}] pictures in the documentation", all - 2);
    pictures::check()?;
    eprintln!("[{}/{all}] the packages, and programs that use them", all - 1);
    packages::check(&folder)?;
    wasm::check()?;
    eprintln!("[{all}/{all}] dependencies and public interface");
    policy::check()?;
    eprintln!("all {all} checks passed in {}", root().display());
    Ok(())
}
