//! Headers of MPEG audio frames.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::format::Format;
use super::layout::read;

/// Kilobits per second, by the bits of the header: of layers 2 and 3 in version 1, and of both in version 2.
const LAYER_2: [usize; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const LAYER_3: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const VERSION_2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// The name of a kind of MPEG stream that the decoder refuses for what the header of its first frame says:
/// a free bit rate, or one that layer 2 should not have for so many channels.
pub(crate) fn refused(
    file: &mut File,
    format: Format,
    audio: &Range<u64>,
) -> Result<Option<String>> {
    let header = match format {
        Format::Mpeg => read(file, audio.start, 4)?,
        _ => Vec::new(),
    };
    let &[0xFF, b, c, d] = &header[..] else { return Ok(None) };
    let (layer, bits, mono) = (4 - (b >> 1 & 3), usize::from(c >> 4), d >> 6 == 3);
    if bits == 0 {
        return Ok(Some(format!("MPEG audio (layer {layer}) of a free bit rate")));
    }
    let kilobits = if b >> 3 & 3 == 3 { LAYER_2 } else { VERSION_2 }.get(bits).copied();
    let (odd, channels) = if mono {
        ([224, 256, 320, 384], "one channel")
    } else {
        ([32, 48, 56, 80], "two channels")
    };
    let odd = kilobits.filter(|kilobits| layer == 2 && odd.contains(kilobits));
    Ok(odd.map(|kilobits| format!("MP2 with {kilobits} kbit/s for {channels}")))
}

/// The length in bytes of a frame of layer 3 that these bytes begin with.
pub(super) fn frame_length(bytes: &[u8]) -> Option<usize> {
    const RATES: [usize; 3] = [44_100, 48_000, 32_000];
    let &[0xFF, b, c, _, ..] = bytes else { return None };
    if b & 0xE6 != 0xE2 {
        return None;
    }
    // The rate is halved in version 2 and quartered in 2.5, which have half as many samples.
    let (bits, halved, samples) = match b >> 3 & 3 {
        3 => (LAYER_3, 1, 1152),
        2 => (VERSION_2, 2, 576),
        0 => (VERSION_2, 4, 576),
        _ => return None,
    };
    let kilobits = *bits.get(usize::from(c >> 4)).filter(|&&kilobits| kilobits > 0)?;
    let rate = RATES.get(usize::from(c >> 2 & 3))? / halved;
    Some(samples / 8 * 1000 * kilobits / rate + usize::from(c >> 1 & 1))
}
