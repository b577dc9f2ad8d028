//! Loading libtorch's CUDA half at run time.
//!
//! Programs link only the CPU half, so that one binary runs with and without a GPU. The CUDA half
//! registers itself when it is loaded, which must happen before libtorch first asks for it, that is
//! before the first tensor is made.

use std::sync::OnceLock;

/// Loads `libtorch_cuda` once per process, from the library path or from beside the CPU half in use.
///
/// # Errors
/// Says what the loader said and what to do.
pub(crate) fn load() -> Result<(), String> {
    static LOADED: OnceLock<Result<(), String>> = OnceLock::new();
    LOADED.get_or_init(attempt).clone()
}

#[cfg(target_os = "linux")]
fn attempt() -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

    const NAME: &str = "libtorch_cuda.so";
    let mut reasons = Vec::new();
    let beside = folder_of_cpu_half().map(|folder| folder.join(NAME));
    for candidate in beside.into_iter().filter(|path| path.exists()).chain([NAME.into()]) {
        // SAFETY: loading runs the library's initialisers. They are libtorch's own and are designed to
        // be loaded dynamically, as PyTorch does; they register kernels under locks. The library is
        // never unloaded, so nothing can point into a library that is gone.
        match unsafe { Library::open(Some(&candidate), RTLD_NOW | RTLD_GLOBAL) } {
            Ok(library) => {
                std::mem::forget(library);
                return Ok(());
            }
            Err(error) => reasons.push(reason(&error)),
        }
    }
    Err(format!(
        "{}; put the lib folder of a CUDA build of libtorch 2.11 first on LD_LIBRARY_PATH",
        reasons.join("; ")
    ))
}

/// The folder from which the running process has libtorch's CPU half.
#[cfg(target_os = "linux")]
fn folder_of_cpu_half() -> Option<std::path::PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let path = std::path::Path::new(&line[line.find('/')?..]);
    path.parent().map(Into::into)
}

#[cfg(target_os = "linux")]
fn reason(error: &libloading::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Elsewhere the CUDA half, if there is one, is linked.
#[cfg(not(target_os = "linux"))]
fn attempt() -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_half_is_found_in_this_process() {
        // Loaded because this test program links it.
        let _ = tch::Tensor::from_slice(&[1.0_f32]);
        assert!(folder_of_cpu_half().unwrap().join("libtorch_cpu.so").exists());
    }

    #[test]
    fn the_answer_is_given_once_and_says_what_to_do() {
        let first = load();
        assert_eq!(first, load());
        if let Err(reason) = first {
            assert!(reason.contains("LD_LIBRARY_PATH"), "{reason}");
        }
    }
}
