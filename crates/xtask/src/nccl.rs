//! Builds the library of the NCCL backend, which `songscape-c10d` opens where there are GPUs.
//!
//! It is compiled against NVIDIA's headers, which come out of Python wheels, and linked with nothing: its names
//! are found in the CUDA build of libtorch that is loaded before it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::wheels::{LINUX, Wheels};
use crate::{libtorch, root, succeed};

/// Headers of the versions that libtorch 2.11 was built with.
const HEADERS: Wheels = Wheels {
    platforms: LINUX,
    requirements: &[
        "nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        "nvidia-cuda-crt==13.0.88 --hash=sha256:2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4",
        "nvidia-cuda-cccl==13.0.85 --hash=sha256:e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649",
        "nvidia-nccl-cu13==2.28.9 --hash=sha256:e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    ],
    place: |name| {
        let header = ["nvidia/cu13/include/", "nvidia/nccl/include/"]
            .iter()
            .find_map(|folder| name.strip_prefix(folder))?;
        Some(PathBuf::from(header))
    },
};

/// Builds `target/nccl/libsongscape_nccl.so`.
pub fn build() -> Result<PathBuf> {
    let libtorch = libtorch::provide()?;
    let headers = root().join("target/nccl-headers");
    if !headers.exists() {
        eprintln!("headers of CUDA and NCCL: fetching the Python wheels (202 MB) ...");
        HEADERS.unpack(&headers, |_| Ok(()))?;
    }
    let source = root().join("crates/songscape-c10d");
    let shim = source.join("shim");
    let library = root().join("target/nccl/libsongscape_nccl.so");
    let folder = library.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let torch = libtorch.join("include");
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".into());
    let mut compiler = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    compiler.args(["-std=c++17", "-O2", "-w", "-fPIC", "-shared", "-fvisibility=hidden"]);
    compiler.arg(format!("-D_GLIBCXX_USE_CXX11_ABI={abi}"));
    for include in [
        torch.join("torch/csrc/api/include"),
        torch,
        headers.join("cccl"),
        headers,
        source.join("cuda_names"),
        shim.clone(),
    ] {
        compiler.arg("-I").arg(include);
    }
    compiler.arg(shim.join("nccl.cpp")).arg("-o").arg(&library);
    succeed(&mut compiler, "compiling the NCCL backend")?;
    Ok(library)
}
