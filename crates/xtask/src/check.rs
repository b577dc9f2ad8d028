//! Formatting, lints, documentation and all tests.

use anyhow::Result;

use crate::{cargo, downstream, libtorch, policy, root, succeed};

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
    let all = CHECKS.len() + 2;
    for (i, (name, arguments, variables)) in CHECKS.iter().enumerate() {
        eprintln!("[{}/{all}] {name}: cargo {}", i + 1, arguments.join(" "));
        let mut command = cargo();
        command.args(*arguments).env("LIBTORCH", &folder);
        command.envs(variables.iter().copied());
        succeed(&mut command, name)?;
    }
    eprintln!("[{}/{all}] programs of users: examples/downstream", all - 1);
    downstream::check(&folder)?;
    eprintln!("[{all}/{all}] dependencies and public interface");
    policy::check()?;
    eprintln!("all {all} checks passed in {}", root().display());
    Ok(())
}
