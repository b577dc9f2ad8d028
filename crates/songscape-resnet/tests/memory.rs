//! Freed memory stays with the process, once that was asked for. A program of its own, since it
//! holds for the thread that a program begins with, and tests have others.

use songscape_resnet::keep_freed_memory;

/// Pages that the kernel has had to fill for this process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a process");
    // After the name, which is in brackets: the seventh is the number of minor faults.
    let text = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(7));
    text.and_then(|text| text.parse().ok()).expect("a number")
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn main() {
    let pages = 64 << 20 >> 12;
    let ten_blocks = || {
        let before = faults();
        for _ in 0..10 {
            drop(std::hint::black_box(vec![1_u8; pages << 12]));
        }
        faults() - before
    };
    let all = 10 * pages as u64;
    let given_back = ten_blocks();
    assert!(given_back >= all, "{given_back} faults before, expected {all}");
    keep_freed_memory();
    let kept = ten_blocks();
    assert!(kept < all / 5, "{kept} faults, expected those of one block, {pages}");
    println!("test a_large_block_that_was_freed_is_not_zeroed_again ... ok");
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() {
    keep_freed_memory();
}
