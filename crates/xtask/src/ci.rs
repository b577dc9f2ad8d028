//! What takes long, or needs further toolchains: each check that this machine cannot do is left out
//! with a line that says what it needs.

use std::process::Command;

use anyhow::Result;

use crate::metadata::{Package, published};
use crate::packages::Outside;
use crate::toolchains::{cargo_of, toolchain};
use crate::{arm, cargo, check, interface, libtorch, root, succeed, toolchains};

/// The facade, whose default features are all crates that need no libtorch; for systems whose C
/// compiler need not be here.
const TORCH_FREE: &[&str] = &["--package=songscape", "--features=blake3/pure"];

/// The same without the analysis: what reads its .npy files (ndarray-npy, by way of pest) wants a C compiler of
/// some systems, which only they have. They check it themselves (`.github/workflows`).
const C_FREE: &[&str] =
    &["--package=songscape", "--no-default-features", "--features=audio,ssq,synth,blake3/pure"];

/// What is checked for other systems, by the compiler alone: nothing is linked or run.
const TARGETS: [(&str, &[&str]); 6] = [
    ("aarch64-apple-darwin", C_FREE),
    ("aarch64-unknown-linux-gnu", TORCH_FREE),
    ("x86_64-pc-windows-gnu", TORCH_FREE),
    ("x86_64-pc-windows-msvc", C_FREE),
    ("wasm32-unknown-unknown", &["--package=songscape-ssq"]),
    ("wasm32-unknown-unknown", &["--package=songscape-analysis", "--no-default-features"]),
];

/// All checks of `cargo xtask test`, then the long ones.
pub fn run() -> Result<()> {
    check::run()?;
    long()
}

/// The long checks only.
pub fn long() -> Result<()> {
    let packages = published()?;
    features(&packages)?;
    default_features()?;
    oldest_compiler(&packages)?;
    targets()?;
    arm::check()?;
    if let Some(nightly) = toolchain("nightly") {
        docs_rs(&packages, &nightly)?;
        oldest_dependencies(&packages, &nightly)?;
    } else {
        eprintln!("skipped: docs.rs, oldest dependencies; rustup toolchain install nightly");
    }
    interface::check(&packages)?;
    eprintln!("all long checks passed");
    Ok(())
}

/// No feature of every package, each alone, and all of them together.
fn features(packages: &[Package]) -> Result<()> {
    for package in packages {
        let alone = package.features.iter().filter(|feature| *feature != "default");
        let alone = alone.map(|feature| vec!["--no-default-features", "--features", feature]);
        let choices = [vec!["--no-default-features"], vec![]].into_iter().chain(alone);
        for choice in choices.chain([vec!["--all-features"]]) {
            eprintln!("features: {} {}", package.name, choice.join(" "));
            succeed(without_libtorch(cargo(), package, "check").args(choice), &package.name)?;
        }
    }
    Ok(())
}

/// The examples on the front page and in the README of the facade need its default features only.
fn default_features() -> Result<()> {
    eprintln!("examples with default features: songscape");
    let mut test = cargo();
    test.args(["test", "--quiet", "--doc", "--package", "songscape"]);
    succeed(test.env("LIBTORCH", check::NO_LIBTORCH), "examples with default features")
}

/// The compiler that the manifests say is enough.
fn oldest_compiler(packages: &[Package]) -> Result<()> {
    let version = packages.first().map_or("", |package| &package.rust_version);
    let Some(toolchain) = toolchain(version) else {
        eprintln!("skipped: Rust {version}; rustup toolchain install {version} --profile minimal");
        return Ok(());
    };
    for package in packages {
        eprintln!("Rust {version}: {}", package.name);
        let mut check = without_libtorch(cargo_of(&toolchain), package, "check");
        check.args(["--all-features", "--target-dir", "target/oldest-compiler"]);
        succeed(&mut check, &package.name)?;
    }
    Ok(())
}

fn targets() -> Result<()> {
    let installed = toolchains::targets();
    for (target, arguments) in TARGETS {
        if !installed.iter().any(|name| name == target) {
            eprintln!("skipped: {target}; rustup target add {target}");
            continue;
        }
        eprintln!("system: {target}, {}", arguments.join(" "));
        let mut check = cargo();
        check.args(["check", "--quiet", "--target", target]).args(arguments);
        succeed(check.env("LIBTORCH", check::NO_LIBTORCH), target)?;
    }
    Ok(())
}

/// The documentation as docs.rs makes it: by a nightly compiler, with `--cfg docsrs`, without
/// libtorch.
fn docs_rs(packages: &[Package], nightly: &str) -> Result<()> {
    for package in packages {
        eprintln!("docs.rs: {} {}", package.name, package.docs.join(" "));
        let mut doc = package.docs_rs(nightly, "doc");
        doc.arg("--no-deps").env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
        succeed(&mut doc, &package.name)?;
    }
    Ok(())
}

/// The oldest versions of direct dependencies that the manifests allow.
fn oldest_dependencies(packages: &[Package], nightly: &str) -> Result<()> {
    let outside = Outside::new(libtorch::home());
    outside.prepare(packages)?;
    std::fs::remove_file(outside.folder.join("Cargo.lock"))?;
    for package in packages {
        eprintln!("oldest dependencies: {}", package.name);
        let mut check = without_libtorch(cargo_of(nightly), package, "check");
        check.args(["-Z", "direct-minimal-versions", "--target-dir"]);
        check.arg(root().join("target/oldest-dependencies"));
        check.current_dir(&outside.folder);
        succeed(&mut check, &package.name)?;
    }
    Ok(())
}

/// An action of cargo on a package, which must not ask for libtorch.
fn without_libtorch(mut cargo: Command, package: &Package, action: &str) -> Command {
    cargo.args([action, "--quiet", "--package", &package.name]);
    if package.libtorch {
        cargo.args(["--features", "tch/doc-only"]);
    }
    cargo.env("LIBTORCH", check::NO_LIBTORCH);
    cargo
}
