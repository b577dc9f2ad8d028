//! Provides libtorch 2.11, the C++ library that the crate tch 0.24 binds.
//!
//! Whatever the source, the library ends up in (or is linked from) `target/libtorch`, where
//! `.cargo/config.toml` points builds and programs to.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::wheels::{LINUX, PYTHON, Wheels};
use crate::{root, succeed};

/// The version that tch 0.24 binds.
const VERSION: &str = "2.11.0";

/// The wheels of the systems for which they are known; elsewhere tch downloads an archive.
const WHEELS: [(&str, &str, Wheels); 3] = [
    (
        "linux",
        "x86_64",
        Wheels {
            platforms: LINUX,
            requirements: &[
                "torch==2.11.0 --hash=sha256:0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
                "nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
                "nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            ],
            place,
        },
    ),
    (
        "macos",
        "aarch64",
        Wheels {
            platforms: &["--platform=macosx_11_0_arm64"],
            requirements: &[
                "torch==2.11.0 --hash=sha256:4b5866312ee6e52ea625cd211dcb97d6a2cdc1131a5f15cc0d87eec948f6dd34",
            ],
            place,
        },
    ),
    (
        "windows",
        "x86_64",
        Wheels {
            platforms: &["--platform=win_amd64"],
            requirements: &[
                "torch==2.11.0 --hash=sha256:fbf39280699d1b869f55eac536deceaa1b60bd6788ba74f399cc67e60a5fab10",
            ],
            place,
        },
    ),
];

/// What a program on the CPU needs of all that the wheels hold: Linux, macOS, Windows.
const LIBRARIES: [&str; 18] = [
    "torch/lib/libc10.so",
    "torch/lib/libgomp.so.1",
    "torch/lib/libshm.so",
    "torch/lib/libtorch_cpu.so",
    "nvidia/cu13/lib/libcudart.so.13",
    "nvidia/cu13/lib/libcupti.so.13",
    "torch/lib/libc10.dylib",
    "torch/lib/libomp.dylib",
    "torch/lib/libtorch.dylib",
    "torch/lib/libtorch_cpu.dylib",
    "torch/lib/c10.dll",
    "torch/lib/c10.lib",
    "torch/lib/libiomp5md.dll",
    "torch/lib/torch.dll",
    "torch/lib/torch.lib",
    "torch/lib/torch_cpu.dll",
    "torch/lib/torch_cpu.lib",
    "torch/lib/uv.dll",
];

fn place(name: &str) -> Option<PathBuf> {
    if let Some(header) = name.strip_prefix("torch/include/") {
        return Some(Path::new("include").join(header));
    }
    let library = Path::new(name).file_name().filter(|_| LIBRARIES.contains(&name))?;
    Some(Path::new("lib").join(library))
}

/// Where libtorch is when the user has none.
pub fn home() -> PathBuf {
    root().join("target/libtorch")
}

/// The folder of a libtorch 2.11: `LIBTORCH`, or a Python's torch when `LIBTORCH_USE_PYTORCH` is
/// set, or `target/libtorch`, filled from the wheels or by tch's own download if it is not there.
pub fn provide() -> Result<PathBuf> {
    let home = home();
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
    if let Err(wheel_error) = from_wheels(&home) {
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

/// Lets cargo build against a libtorch, and the programs that it starts find the library.
pub fn use_in(command: &mut Command, folder: &Path) {
    command.env("LIBTORCH", folder);
    // Elsewhere `.cargo/with-libtorch.sh` does it: Windows looks for libraries on the path.
    if cfg!(windows) {
        command.env("PATH", first_on_path(folder.join("lib")));
    }
}

/// The search path for programs, with a folder before all others.
fn first_on_path(folder: PathBuf) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}

fn from_wheels(home: &Path) -> Result<()> {
    let here = (std::env::consts::OS, std::env::consts::ARCH);
    let known = WHEELS.iter().find(|(system, processor, _)| (*system, *processor) == here);
    let known = known.filter(|_| !cfg!(target_env = "musl"));
    let Some((_, _, wheels)) = known else {
        bail!("none is known for {} on {}", here.0, here.1);
    };
    eprintln!("libtorch {VERSION}: fetching the Python wheels (545 MB for Linux) ...");
    wheels.unpack(home, complete)
}

/// Adds what makes the wheels' files a libtorch folder.
fn complete(folder: &Path) -> Result<()> {
    // The linker asks for a `torch` library; on the CPU it has nothing of its own.
    #[cfg(target_os = "linux")]
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
    let output = Command::new(PYTHON)
        .args(["-c", script])
        .output()
        .with_context(|| format!("LIBTORCH_USE_PYTORCH is set, but {PYTHON} cannot be started"))?;
    if !output.status.success() {
        bail!(
            "LIBTORCH_USE_PYTORCH is set, but {PYTHON} cannot import torch; type: pip install torch=={VERSION}"
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

/// Lets the build script of torch-sys download libtorch, in a throw-away package beside `home`, and
/// moves it there.
fn tch_download(home: &Path) -> Result<()> {
    let package = home.with_extension("tch");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"fetch-libtorch\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         torch-sys = { version = \"0.24\", features = [\"download-libtorch\"] }\n",
    )?;
    // Cargo started elsewhere, so that the workspace's configuration does not set LIBTORCH.
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--manifest-path"]).arg(package.join("Cargo.toml"));
    build.current_dir(std::env::temp_dir()).env_remove("LIBTORCH");
    build.env("CARGO_TARGET_DIR", package.join("target"));
    let moved = succeed(&mut build, "the download of tch").and_then(|()| {
        let builds = fs::read_dir(package.join("target/debug/build"))?;
        let tree = builds
            .filter_map(|entry| Some(entry.ok()?.path().join("out/libtorch/libtorch")))
            .find(|tree| tree.exists())
            .context("the download of tch left no libtorch folder")?;
        Ok(fs::rename(&tree, home)?)
    });
    let _ = fs::remove_dir_all(&package);
    moved
}
