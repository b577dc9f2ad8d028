//! What a Matroska file says about itself and its reader passes over: title, length, and what is to be
//! left out at the end.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::read;

/// Elements looked at before the sound.
const MOST_ELEMENTS: usize = 1000;
/// Bytes at the end of the file in which the last block is looked for.
const TAIL: u64 = 1 << 16;
/// The longest packet of Opus in nanoseconds.
const LONGEST: u64 = 120_000_000;
const FILE: u64 = 0x1A45_DFA3;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const SCALE: u64 = 0x2A_D7B1;
const DURATION: u64 = 0x4489;
const TITLE: u64 = 0x7BA9;
const CLUSTER: u64 = 0x1F43_B675;
/// The element DiscardPadding of a block.
const DISCARD: [u8; 2] = [0x75, 0xA2];

/// What stands in a file's segment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Segment {
    pub title: Option<String>,
    /// The length of the file.
    pub seconds: Option<f64>,
    /// Sound at the end of the last block that is padding, in nanoseconds.
    pub discard: u64,
}

/// Where another file begins behind the first.
pub(super) fn next(file: &mut File, audio: &Range<u64>) -> Result<Option<u64>> {
    let mut at = audio.start;
    for _ in 0..MOST_ELEMENTS {
        let header = read(file, at, 12)?;
        let Some((name, name_length)) = number(&header, true) else { break };
        if name == FILE && at > audio.start {
            return Ok(Some(at));
        }
        let Some((size, size_length)) = number(&header[name_length..], false) else { break };
        let end = (at + (name_length + size_length) as u64).checked_add(size);
        // A size that is not known is too large.
        let Some(end) = end.filter(|&end| end < audio.end) else { break };
        at = end;
    }
    Ok(None)
}

impl Segment {
    /// Of the file that lies within these bytes; the title is read up to so many.
    pub(crate) fn of(file: &mut File, audio: &Range<u64>, most: usize) -> Result<Self> {
        let (mut segment, mut ticks, mut scale) = (Self::default(), None, 1_000_000);
        let mut at = audio.start;
        for _ in 0..MOST_ELEMENTS {
            let header = read(file, at, 12)?;
            let Some((name, name_length)) = number(&header, true) else { break };
            let Some((size, size_length)) = number(&header[name_length..], false) else { break };
            let body = at + (name_length + size_length) as u64;
            let mut bytes = || read(file, body, usize::try_from(size).unwrap_or(most).min(most));
            match name {
                // Into it, rather than past it.
                SEGMENT | INFO => {
                    at = body;
                    continue;
                }
                TITLE => segment.title = Some(String::from_utf8_lossy(&bytes()?).into_owned()),
                SCALE => scale = big(&bytes()?),
                DURATION => ticks = float(&bytes()?),
                CLUSTER => break,
                _ => {}
            }
            let Some(next) = body.checked_add(size) else { break };
            at = next;
        }
        let seconds = ticks.map(|ticks| ticks * scale as f64 / 1e9);
        segment.seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0);
        let tail = audio.end.saturating_sub(TAIL).max(audio.start);
        let tail = read(file, tail, (audio.end - tail) as usize)?;
        segment.discard = discard(&tail).unwrap_or_default();
        Ok(segment)
    }
}

/// The padding that the last block names.
fn discard(tail: &[u8]) -> Option<u64> {
    let at = tail.windows(2).rposition(|name| name == DISCARD)?;
    let (size, length) = number(&tail[at + 2..], false)?;
    let value = tail.get(at + 2 + length..)?.get(..usize::try_from(size).ok()?)?;
    Some(big(value)).filter(|nanoseconds| size <= 8 && *nanoseconds <= LONGEST)
}

fn big(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f32::from_bits(big(bytes) as u32).into()),
        8 => Some(f64::from_bits(big(bytes))),
        _ => None,
    }
}

/// A number of one to eight bytes, of which the first tells how many, and its length. Names keep the
/// bits that tell it.
fn number(bytes: &[u8], is_name: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let rest = bytes.get(1..length).filter(|_| length <= 8)?;
    let start = if is_name { first } else { first & (0xFF_u16 >> length) as u8 };
    Some((rest.iter().fold(u64::from(start), |n, &byte| n << 8 | u64::from(byte)), length))
}
