//! The toolchains of rustup.

use std::process::Command;

use crate::root;

/// The name of an installed toolchain: `nightly`, or the newest of a version.
pub fn toolchain(version: &str) -> Option<String> {
    let installed = printed(Command::new("rustup").args(["toolchain", "list", "--quiet"]));
    installed.lines().rfind(|name| name.starts_with(version)).map(str::to_owned)
}

/// The cargo of a toolchain, in the root of the workspace.
pub fn cargo_of(toolchain: &str) -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root()).args(["run", toolchain, "cargo"]);
    command
}

/// The targets whose standard library is installed.
pub fn targets() -> Vec<String> {
    let installed = printed(Command::new("rustup").args(["target", "list", "--installed"]));
    installed.lines().map(str::to_owned).collect()
}

/// What a command prints; nothing where it cannot be started.
pub fn printed(command: &mut Command) -> String {
    let output = command.output().ok();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}
