//! Provides libtorch 2.11, the C++ library that the crate tch 0.24 binds.
//!
//! Whatever the source, the library ends up in (or is linked from) `target/libtorch`, where
//! `.cargo/config.toml` points builds and programs to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::wheels::Wheels;
use crate::{root, succeed};

/// The version that tch 0.24 binds.
const VERSION: &str = "2.11.0";

const WHEELS: Wheels = Wheels {
    requirements: &[
        "torch==2.11.0 --hash=sha256:0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        "nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        "nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    ],
    place: |name| match name.strip_prefix("torch/include/") {
        Some(header) => Some(Path::new("include").join(header)),
        None => {
            let library = Path::new(name).file_name().filter(|_| LIBRARIES.contains(&name))?;
            Some(Path::new("lib").join(library))
        }
    },
};

/// The libraries that a program on the CPU needs, of all that the wheels hold.
const LIBRARIES: [&str; 6] = [
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    "torch/lib/libshm.so",
    "torch/lib/libtorch_cpu.so",
    "nvidia/cu13/lib/libcudart.so.13",
    "nvidia/cu13/lib/libcupti.so.13",
];

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
    eprintln!("libtorch {VERSION}: fetching the Python wheels (545 MB) ...");
    if let Err(wheel_error) = WHEELS.unpack(&home, complete) {
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

/// Adds what makes the wheels' files a libtorch folder.
fn complete(folder: &Path) -> Result<()> {
    // The linker asks for a `torch` library; on the CPU it has nothing of its own.
    #[cfg(unix)]
    std::os::unix::fs::symlink("libtorch_cpu.so", folder.join("lib/libtorch.so"))?;
    fs::write(folder.join("build-version"), VERSION)?;
    Ok(())
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
