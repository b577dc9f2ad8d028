//! Builds and starts an example again with the feature `pipeline`, which needs libtorch.
//!
//! Plain `cargo build` and `cargo test` must work where there is no libtorch, so the feature is off by
//! default. Cargo has no simpler way to have both: `required-features` refuses to run an example instead
//! of switching its feature on, and an alias would be another command than the one that everybody types.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Runs an example of this package with the feature `pipeline` and the arguments of this process, and passes
/// its exit code on.
pub fn launch(example: &str) -> ExitCode {
    let library = PathBuf::from(std::env::var_os("LIBTORCH").unwrap_or_default()).join("lib");
    if !library.exists() && std::env::var_os("LIBTORCH_USE_PYTORCH").is_none() {
        eprintln!("error: libtorch is not installed yet; run: cargo xtask libtorch");
        return ExitCode::from(2);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let status = Command::new(cargo)
        .args(["run", "--profile", profile, "--features", "pipeline"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .args(["--example", example, "--"])
        .args(std::env::args_os().skip(1))
        .status();
    match status {
        Ok(status) => {
            ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("error: cannot start cargo: {error}");
            ExitCode::FAILURE
        }
    }
}
