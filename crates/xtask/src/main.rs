//! Set-up and checks of the workspace: `cargo xtask help` lists them.

mod arm;
mod check;
mod ci;
mod demo;
mod interface;
mod libtorch;
mod metadata;
mod nccl;
mod packages;
mod pictures;
mod policy;
mod toolchains;
mod wasm;
mod wheels;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
Usage: cargo xtask <COMMAND>

  demo      provide libtorch, build in release mode, analyze the embedded demo music;
            further arguments go to the song_map example
  test      provide libtorch, then check formatting, lints, documentation, all tests,
            the packages with programs that use them, and the policy
  ci        test, then the long checks: every feature alone, the oldest compiler and
            dependencies, other systems, ARM under QEMU, docs.rs, the public interface;
            `ci --long` runs only these
  packages  make the packages, run the examples of their documentation, and build
            programs from nothing else
  interface list the public items of each crate in its doc/public-api.txt, with which
            `ci` compares; needs a nightly toolchain and cargo-public-api
  pictures  write the copies of the pictures on the crates' front pages
  policy    check licenses, sources, duplicates and advisories of the dependencies with
            cargo-deny, which is fetched if it is not installed, and the public interface
            against the last release
  libtorch  provide libtorch 2.11 under target/libtorch and print its folder
  nccl      build the library with which several GPUs train together, and print its path";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["demo", rest @ ..] => demo::run(rest),
        ["test"] => check::run().map(|()| ExitCode::SUCCESS),
        ["ci"] => ci::run().map(|()| ExitCode::SUCCESS),
        ["ci", "--long"] => ci::long().map(|()| ExitCode::SUCCESS),
        ["packages"] => libtorch::provide()
            .and_then(|folder| packages::check(&folder))
            .map(|()| ExitCode::SUCCESS),
        ["interface"] => interface::write().map(|()| ExitCode::SUCCESS),
        ["pictures"] => pictures::write().map(|()| ExitCode::SUCCESS),
        ["policy"] => policy::check().map(|()| ExitCode::SUCCESS),
        ["libtorch"] => libtorch::provide().map(|folder| {
            println!("{}", folder.display());
            ExitCode::SUCCESS
        }),
        ["nccl"] => nccl::build().map(|library| {
            println!("{}", library.display());
            ExitCode::SUCCESS
        }),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            if let [unknown, ..] = words.as_slice() {
                eprintln!("xtask: no command {unknown:?}\n");
            }
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Into::into)
}

/// `cargo` in the root of the workspace.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command and asks for success; `what` begins the error message.
fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let program = command.get_program().to_owned();
    let status =
        command.status().with_context(|| format!("{what}: cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}
