//! Programs that use libtorch find it when they are started directly, not through cargo.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB")
        && cfg!(unix)
    {
        println!("cargo::rustc-link-arg-examples=-Wl,-rpath,{folder}");
    }
}
