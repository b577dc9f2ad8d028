//! The checksum of Ogg pages.

/// The sum of a page whose own four bytes for it are zero.
pub fn sum(page: &[u8]) -> u32 {
    page.iter().fold(0, |mut sum: u32, &byte| {
        sum ^= u32::from(byte) << 24;
        for _ in 0..8 {
            sum = sum << 1 ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
        }
        sum
    })
}
