//! WAV in all its forms: RIFF, RF64, BW64, Wave64; and the chunks of AIFF.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::read;

/// Chunks looked at; more make it no file of music.
const MOST_CHUNKS: usize = 10_000;
/// Pieces of sound in one file.
const MOST_PIECES: usize = 1000;

/// What programs write that do not know the size, because they write to a pipe; some take the header
/// off, or add it.
const UNKNOWN: [u64; 3] = [0x7FFF_F000, 0x7FFF_FFFF, 0xFFFF_FFFF];
const HEADER: u64 = 64;

/// One chunk of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub name: [u8; 4],
    /// Its body, as far as it is in the file.
    pub body: Range<u64>,
    /// The size that its header claims.
    pub claimed: u64,
}

impl Chunk {
    /// Its first bytes, so many at most.
    fn bytes(&self, file: &mut File, most: u64) -> Result<Vec<u8>> {
        read(file, self.body.start, (self.body.end - self.body.start).min(most) as usize)
    }
}

/// How sizes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Four bytes, little-endian; an odd size is followed by a byte.
    Riff,
    /// Four bytes, big-endian; an odd size is followed by a byte.
    Aiff,
    /// Names of 16 bytes, sizes of 8 bytes that count the header, on multiples of 8.
    Wave64,
}

/// The chunks of a WAV or AIFF file that begins and ends at these places, in order; where another such
/// file follows, its chunks, too, behind one with the name of a whole file. Sizes are held against the
/// file's length, not against what the file says about itself as a whole.
pub(crate) fn chunks(file: &mut File, within: &Range<u64>) -> Result<Vec<Chunk>> {
    let length = within.end;
    let head = read(file, within.start, 12)?;
    let (form, start) = match head.get(..4) {
        Some(b"FORM") => (Form::Aiff, 12),
        Some(b"riff") => (Form::Wave64, 40),
        Some(_) => (Form::Riff, 12),
        None => return Ok(Vec::new()),
    };
    let start = within.start + start;
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut long = None;
    let mut at: u64 = start;
    while at < length && chunks.len() < MOST_CHUNKS {
        let header = read(file, at, if form == Form::Wave64 { 24 } else { 8 })?;
        let Some(&[a, b, c, d]) = header.get(..4) else { break };
        let size = match (form, header.get(4..8), header.get(16..24)) {
            (Form::Riff, Some(size), _) => number(size.iter().rev()),
            (Form::Aiff, Some(size), _) => number(size.iter()),
            (Form::Wave64, _, Some(size)) => number(size.iter().rev()).saturating_sub(24),
            _ => break,
        };
        let name = [a, b, c, d];
        let body = at + header.len() as u64;
        if &name == b"ds64" {
            // Sizes of 64 bits: of the file, of the data.
            long = read(file, body + 8, 8)?.get(..8).map(|size| number(size.iter().rev()));
        }
        let claimed = match long {
            Some(long) if &name == b"data" && size == 0xFFFF_FFFF => long,
            _ => size,
        };
        let mut end = body.saturating_add(claimed);
        // A size of 0 is meant only if sensible chunks follow.
        if &name == b"data" && claimed == 0 && !follows(file, form, body, length)? {
            end = length;
        }
        chunks.push(Chunk { name, body: body..end.min(length), claimed });
        let whole = match form {
            Form::Riff => matches!(&name, b"RIFF" | b"RF64" | b"BW64").then_some(4),
            Form::Aiff => (&name == b"FORM").then_some(4),
            Form::Wave64 => (&name == b"riff").then_some(16),
        };
        if let Some(kind) = whole {
            (at, long) = (body + kind, None);
            continue;
        }
        at = if form == Form::Wave64 {
            end.saturating_add(7) & !7
        } else {
            end.saturating_add(end & 1)
        };
    }
    Ok(chunks)
}

/// Whether a file goes on with a chunk at a place, or ends there.
fn follows(file: &mut File, form: Form, at: u64, length: u64) -> Result<bool> {
    if at == length || form == Form::Wave64 {
        return Ok(true);
    }
    let header = read(file, at, 8)?;
    let Some((name, size)) = header.split_at_checked(4) else { return Ok(false) };
    let named = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
    let size = if form == Form::Riff { number(size.iter().rev()) } else { number(size.iter()) };
    Ok(header.len() == 8 && named && at + 8 + size <= length)
}

fn number<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// What of a WAV file the decoder needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wave {
    format: Vec<u8>,
    fact: Vec<u8>,
    /// The samples, as far as they are in the file.
    pub data: Range<u64>,
    /// Bytes of samples that the file claims to have; `None` where it does not know.
    pub claimed: Option<u64>,
}

impl Wave {
    /// The pieces of sound of a file: most have one, some several, or another file behind them.
    pub(crate) fn all(file: &mut File) -> Result<Vec<Self>> {
        let length = file.metadata()?.len();
        let chunks = chunks(file, &(0..length))?;
        // The format may stand behind the data.
        let mut format = chunks.iter().find(|chunk| &chunk.name == b"fmt ");
        let mut fact = chunks.iter().find(|chunk| &chunk.name == b"fact");
        let mut waves = Vec::new();
        for chunk in &chunks {
            match &chunk.name {
                b"fmt " => format = Some(chunk),
                b"fact" => fact = Some(chunk),
                b"data" if waves.len() < MOST_PIECES => {
                    let Some(format) = format else { continue };
                    let whole = chunk.body.start.saturating_add(chunk.claimed) <= length;
                    let unknown = |size: &u64| size.abs_diff(chunk.claimed) <= HEADER;
                    let known = chunk.claimed > 0 && (whole || !UNKNOWN.iter().any(unknown));
                    let is_empty = chunk.body.is_empty();
                    waves.push(Self {
                        format: format.bytes(file, 1024)?,
                        fact: fact.map_or(Ok(Vec::new()), |fact| fact.bytes(file, 64))?,
                        data: chunk.body.clone(),
                        claimed: (known || is_empty).then_some(chunk.claimed),
                    });
                }
                _ => {}
            }
        }
        // An empty piece counts only where there is no other.
        let has_sound = waves.iter().any(|wave| !wave.data.is_empty());
        waves.retain(|wave| !has_sound || !wave.data.is_empty());
        Ok(waves)
    }

    /// The codec's number; that of the subformat in WAVE_FORMAT_EXTENSIBLE.
    pub(crate) fn codec(&self) -> Option<u16> {
        let two = |at: usize| {
            Some(u16::from_le_bytes([*self.format.get(at)?, *self.format.get(at + 1)?]))
        };
        match two(0)? {
            0xFFFE => two(24),
            codec => Some(codec),
        }
    }

    /// Bytes of one sample of all channels.
    pub(crate) fn block(&self) -> u64 {
        self.format.get(12..14).map_or(1, |size| number(size.iter().rev()).max(1))
    }

    /// A header of a plain WAV file for these samples.
    pub(crate) fn header(&self) -> Vec<u8> {
        let present = self.data.end - self.data.start;
        let size = u32::try_from(self.claimed.unwrap_or(present)).unwrap_or(u32::MAX);
        let mut body = b"WAVE".to_vec();
        for (name, bytes) in [(b"fmt ", &self.format), (b"fact", &self.fact)] {
            if !bytes.is_empty() {
                body.extend(name);
                body.extend((bytes.len() as u32).to_le_bytes());
                body.extend(bytes);
                body.resize(body.len().next_multiple_of(2), 0);
            }
        }
        body.extend(b"data");
        body.extend(size.to_le_bytes());
        let mut header = b"RIFF".to_vec();
        header.extend((body.len() as u32).saturating_add(size).to_le_bytes());
        header.extend(body);
        header
    }
}
