//! Memory that libtorch frees stays with the process.
//!
//! libtorch asks the C library for a new block for every intermediate result. glibc takes blocks of more
//! than 32 MiB from the kernel and gives them back when they are freed, so that the kernel fills
//! gigabytes with zeros in every training step, page by page. That took half of the time of the
//! published network in float32 (`docs/learning.md`). It can be kept only for the thread that the
//! program began with: the others always take large blocks from the kernel.

use std::sync::Once;

/// Asks the allocator of the whole process to keep freed memory for the next blocks, once; for
/// programs that run a network on the CPU, at their start.
///
/// It is glibc on Linux that is asked; nothing happens elsewhere. The process then keeps the memory
/// of its peak to its end, which is why no other function of this crate does so. It holds for the
/// thread that the program began with: run the network there. Training the published network in
/// float32 takes half the time.
///
/// ```
/// use songscape_resnet::{DeviceChoice, keep_freed_memory};
///
/// let device = DeviceChoice::Auto.resolve()?;
/// if device == songscape_resnet::tch::Device::Cpu {
///     keep_freed_memory();
/// }
/// # Ok::<(), songscape_resnet::Error>(())
/// ```
pub fn keep_freed_memory() {
    static ASKED: Once = Once::new();
    ASKED.call_once(ask);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn ask() {
    // No blocks of their own for large requests, and none of the rest is given back.
    for (option, value) in [(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, -1)] {
        // SAFETY: sets a number of the allocator, under its lock; any thread may do so at any time. A
        // value that is refused leaves things as they were.
        unsafe { libc::mallopt(option, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn ask() {}
