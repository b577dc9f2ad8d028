//! What of AAC is not decoded: HE-AAC, whose upper half would be missing, and the rarer kinds.
//!
//! ISO/IEC 14496-3: AudioSpecificConfig (1.6.2.1), raw_data_block and its elements (4.4.2).

/// Why an AudioSpecificConfig is not decoded; `None` where it is AAC-LC.
pub(crate) fn undecoded(config: &[u8]) -> Option<String> {
    let mut bits = Bits::new(config);
    let kind = object_type(&mut bits)?;
    let kinds = [
        (1, "AAC Main"),
        (3, "AAC-SSR"),
        (4, "AAC-LTP"),
        (5, "HE-AAC (SBR)"),
        (23, "AAC-LD"),
        (29, "HE-AAC v2 (SBR and PS)"),
        (36, "MPEG-4 ALS"),
        (39, "AAC-ELD"),
        (42, "xHE-AAC (USAC)"),
    ];
    if kind != 2 {
        let name = kinds.iter().find(|(number, _)| *number == kind);
        return Some(
            name.map_or_else(|| format!("MPEG-4 audio of type {kind}"), |(_, name)| (*name).into()),
        );
    }
    // An extension behind the configuration, so that old decoders take it for AAC-LC.
    while bits.left() >= 17 {
        let mut rest = bits;
        if rest.take(11)? == 0x2B7 && rest.take(5)? == 5 && rest.take(1)? == 1 {
            let mut after = rest;
            let rate = after.take(4)?;
            if rate == 15 {
                after.take(24)?;
            }
            let ps = after.take(11) == Some(0x548) && after.take(1) == Some(1);
            return Some(if ps { "HE-AAC v2 (SBR and PS)" } else { "HE-AAC (SBR)" }.into());
        }
        bits.take(1)?;
    }
    None
}

fn object_type(bits: &mut Bits) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        kind => Some(kind),
    }
}

/// Finds SBR where no header tells of it: by what the packets hold.
#[derive(Debug, Default)]
pub(crate) struct HiddenSbr {
    packets: u32,
    with: u32,
}

impl HiddenSbr {
    /// Packets that are looked at.
    const ENOUGH: u32 = 48;

    /// Looks at the next packet. Returns true once it is sure that there is SBR.
    pub(crate) fn found(&mut self, packet: &[u8]) -> bool {
        if self.packets < Self::ENOUGH {
            self.packets += 1;
            self.with += u32::from(ends_with_sbr(packet));
        }
        // By chance every tenth packet looks so.
        self.packets >= 16 && self.with * 4 >= self.packets * 3
    }
}

/// Whether a packet ends like one with SBR: somewhere a fill element with SBR data, perhaps more
/// fill elements, and the end element in the last byte.
fn ends_with_sbr(packet: &[u8]) -> bool {
    // The longest fill element is 269 bytes; one more may follow.
    let start = packet.len().saturating_sub(600) * 8;
    (start..packet.len() * 8).any(|at| {
        let mut bits = Bits { bytes: packet, at };
        let Some(true) = fill_element(&mut bits) else { return false };
        loop {
            let mut end = bits;
            if end.take(3) == Some(7) {
                return end.left() < 8;
            }
            if fill_element(&mut bits).is_none() {
                return false;
            }
        }
    })
}

/// Reads a fill element. Returns whether it holds SBR; `None` where there is no such element.
fn fill_element(bits: &mut Bits) -> Option<bool> {
    if bits.take(3)? != 6 {
        return None;
    }
    let mut bytes = bits.take(4)?;
    if bytes == 15 {
        bytes += bits.take(8)?.checked_sub(1)?;
    }
    let mut inside = *bits;
    let sbr = bytes > 0 && matches!(inside.take(4)?, 13 | 14);
    bits.skip(bytes as usize * 8)?;
    Some(sbr)
}

/// Bits of bytes, the highest first.
#[derive(Debug, Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|&at| at <= self.bytes.len() * 8)?;
        Some(())
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let start = self.at;
        self.skip(count)?;
        let bit = |at: usize| u32::from(self.bytes[at / 8] >> (7 - at % 8) & 1);
        Some((start..self.at).fold(0, |number, at| number << 1 | bit(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_told_apart() {
        // AAC-LC 44.1 kHz stereo; the same with an extension that says that there is no SBR.
        assert_eq!(undecoded(&[0x12, 0x10]), None);
        assert_eq!(undecoded(&[0x12, 0x10, 0x56, 0xE5, 0x00]), None);
        assert_eq!(undecoded(&[0x13, 0x90, 0x56, 0xE5, 0xA0]).as_deref(), Some("HE-AAC (SBR)"));
        assert_eq!(undecoded(&[0x2B, 0x92, 0x08, 0x00]).as_deref(), Some("HE-AAC (SBR)"));
        assert_eq!(undecoded(&[0xEB, 0x09, 0x88, 0x00]).as_deref(), Some("HE-AAC v2 (SBR and PS)"));
        assert_eq!(undecoded(&[0x0A, 0x10]).as_deref(), Some("AAC Main"));
        assert_eq!(undecoded(&[]), None);
    }

    #[test]
    fn sbr_at_the_end_of_a_packet_is_seen() {
        // Some sound; a fill element of 2 bytes that begins with 1101 (SBR); end; padding.
        let sbr = [0x55, 0x55, 0b1100_0101, 0b1010_1010, 0b1010_1011, 0b1100_0000];
        assert!(ends_with_sbr(&sbr));
        // The same of another kind (0001, fill data).
        let fill = [0x55, 0x55, 0b1100_0100, 0b0010_1010, 0b1010_1011, 0b1100_0000];
        assert!(!ends_with_sbr(&fill));
        assert!(!ends_with_sbr(&[]));
    }
}
