//! Formatting, lints, documentation and all tests.

use anyhow::Result;

use crate::{cargo, libtorch, root, succeed};

/// One check: its name, the arguments of cargo, and environment variables.
type Check = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const CHECKS: &[Check] = &[
    ("formatting", &["fmt", "--all", "--", "--check"], &[]),
    (
        "build without libtorch",
        &["check", "--all-targets"],
        // A folder that does not exist: whatever asked for libtorch here would fail.
        &[("LIBTORCH", "target/no-libtorch")],
    ),
    (
        "lints",
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
        &[],
    ),
    (
        "documentation",
        &["doc", "--workspace", "--no-deps", "--all-features"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    ),
    ("tests", &["test", "--workspace", "--all-features"], &[]),
];

pub fn run() -> Result<()> {
    let folder = libtorch::provide()?;
    for (i, (name, arguments, variables)) in CHECKS.iter().enumerate() {
        eprintln!("[{}/{}] {name}: cargo {}", i + 1, CHECKS.len(), arguments.join(" "));
        let mut command = cargo();
        command.args(*arguments).env("LIBTORCH", &folder);
        command.envs(variables.iter().copied());
        succeed(&mut command, name)?;
    }
    eprintln!("all {} checks passed in {}", CHECKS.len(), root().display());
    Ok(())
}
