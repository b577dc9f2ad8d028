//! Compiles the C++ shim against the headers of the libtorch that torch-sys links.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-changed=gloo_names");
    for variable in ["LIBTORCH_INCLUDE", "LIBTORCH_CXX11_ABI"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return; // `ProcessGroup::join` says so.
    }
    let Some(lib) = std::env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else {
        return; // Documentation is built without libtorch.
    };
    // The headers lie beside the libraries, or where the variable says that torch-sys reads, too.
    let home = std::env::var_os("LIBTORCH_INCLUDE").map(PathBuf::from);
    let home = home.or_else(|| lib.parent().map(Path::to_path_buf)).unwrap_or_default();
    let include = home.join("include");
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".into());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false) // of libtorch's headers
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .include("gloo_names")
        .include("shim")
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .files(["shim/shim.cpp", "shim/gloo.cpp"])
        .compile("songscape_c10d");
    // Tests and examples of this package find libtorch when they are started without cargo.
    println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
}
