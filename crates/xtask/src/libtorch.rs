//! Provides libtorch 2.11, the C++ library that the crate tch 0.24 binds.
//!
//! Whatever the source, the library ends up in (or is linked from) `target/libtorch`, where
//! `.cargo/config.toml` points builds and programs to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{root, succeed, wheels};

/// The version that tch 0.24 binds.
pub const VERSION: &str = "2.11.0";

/// The folder of a libtorch 2.11: `LIBTORCH`, or a Python's torch when `LIBTORCH_USE_PYTORCH` is
/// set, or `target/libtorch`, filled from the wheels or by tch's own download if it is not there.
pub fn provide() -> Result<PathBuf> {
    let home = root().join("target/libtorch");
    // Cargo's configuration sets LIBTORCH to `home` when the user has not set it.
    if let Some(given) = std::env::var_os("LIBTORCH").map(PathBuf::from)
        && given != home
    {
        check(&given).context("LIBTORCH")?;
        return Ok(given);
    }
    if std::env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        let torch = python_torch()?;
        check(&torch).context("LIBTORCH_USE_PYTORCH")?;
        if fs::canonicalize(&home).ok() != fs::canonicalize(&torch).ok() {
            link(&torch, &home)?;
        }
        return Ok(home);
    }
    if home.exists() {
        check(&home).with_context(|| format!("remove {} and try again", home.display()))?;
        return Ok(home);
    }
    let from_wheels = match wheels::for_this_machine() {
        Some(wheels) => wheels.unpack(&home),
        None => Err(anyhow::anyhow!("no wheel is known for this kind of machine")),
    };
    if let Err(wheel_error) = from_wheels {
        eprintln!("libtorch from the Python wheels: {wheel_error:#}; trying the download of tch");
        tch_download(&home).with_context(|| {
            format!(
                "no libtorch {VERSION} could be provided (the wheels: {wheel_error:#}); \
                 install it by hand and type LIBTORCH=FOLDER cargo xtask ..."
            )
        })?;
    }
    check(&home)?;
    Ok(home)
}

/// Checks that a folder holds headers and libraries of the right version.
fn check(folder: &Path) -> Result<()> {
    let library =
        format!("lib/{}torch_cpu{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    for file in [library.as_str(), "include/torch/csrc/api/include/torch/torch.h"] {
        if !folder.join(file).exists() {
            bail!("{} is not a libtorch folder: it has no {file}", folder.display());
        }
    }
    let found = version(folder)
        .with_context(|| format!("{} does not say its version", folder.display()))?;
    if found != VERSION {
        bail!("{} holds libtorch {found}, but {VERSION} is needed", folder.display());
    }
    Ok(())
}

/// The version of a libtorch folder: `build-version` in the C++ archives, `version.py` in Python's.
fn version(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("build-version")).ok().or_else(|| {
        let python = fs::read_to_string(folder.join("version.py")).ok()?;
        Some(python.split_once("__version__ = '")?.1.split('\'').next()?.to_owned())
    })?;
    text.trim().split('+').next().map(str::to_owned)
}

/// The folder of the torch package of the Python on the path.
fn python_torch() -> Result<PathBuf> {
    let script = "import torch; print(torch.__path__[0])";
    let output = Command::new("python3")
        .args(["-c", script])
        .output()
        .context("LIBTORCH_USE_PYTORCH is set, but python3 cannot be started")?;
    if !output.status.success() {
        bail!(
            "LIBTORCH_USE_PYTORCH is set, but python3 cannot import torch; type: pip install torch=={VERSION}"
        );
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Result<()> {
    if to.is_symlink() {
        fs::remove_file(to)?;
    } else if to.exists() {
        bail!("{} is in the way of a link to {}; remove it", to.display(), from.display());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    std::os::unix::fs::symlink(from, to)
        .with_context(|| format!("cannot link {} to {}", to.display(), from.display()))
}

#[cfg(not(unix))]
fn link(from: &Path, _to: &Path) -> Result<()> {
    bail!("set LIBTORCH={} instead of LIBTORCH_USE_PYTORCH on this system", from.display())
}

/// Lets the build script of torch-sys download libtorch, in a throw-away package, and moves it.
fn tch_download(home: &Path) -> Result<()> {
    let package = std::env::temp_dir().join(format!("songscape-libtorch-{}", std::process::id()));
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"fetch-libtorch\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         torch-sys = { version = \"0.24\", features = [\"download-libtorch\"] }\n",
    )?;
    let built = succeed(
        Command::new("cargo")
            .args(["build", "--quiet"])
            .current_dir(&package)
            .env_remove("LIBTORCH")
            .env("CARGO_TARGET_DIR", package.join("target")),
        "the download of tch",
    );
    let moved = built.and_then(|()| {
        let builds = fs::read_dir(package.join("target/debug/build"))?;
        let tree = builds
            .filter_map(|entry| Some(entry.ok()?.path().join("out/libtorch/libtorch")))
            .find(|tree| tree.exists())
            .context("the download of tch left no libtorch folder")?;
        move_tree(&tree, home)
    });
    let _ = fs::remove_dir_all(&package);
    moved
}

/// Moves a folder, also from another file system, so that `to` appears whole or not at all.
fn move_tree(from: &Path, to: &Path) -> Result<()> {
    let aside = to.with_extension("new");
    let _ = fs::remove_dir_all(&aside);
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    succeed(Command::new("cp").arg("-R").arg(from).arg(&aside), "copying libtorch")?;
    fs::rename(&aside, to)?;
    Ok(())
}
