//! A part of a file, with other bytes in front of it.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::ops::Range;

use symphonia::core::io::MediaSource;

/// Reads some bytes of its own, and then a range of a file, as if they were one file.
///
/// So a decoder sees neither the tags around the audio nor a header that lies about sizes.
#[derive(Debug)]
pub(crate) struct Window {
    front: Vec<u8>,
    file: File,
    range: Range<u64>,
    at: u64,
    /// Where the file itself stands, if that is known.
    file_at: Option<u64>,
}

impl Window {
    /// `front`, then the bytes `range` of `file`.
    pub(crate) fn new(front: Vec<u8>, file: File, range: Range<u64>) -> Self {
        Self { front, file, range, at: 0, file_at: None }
    }

    fn len(&self) -> u64 {
        self.front.len() as u64 + (self.range.end - self.range.start)
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let own = usize::try_from(self.at).ok().and_then(|at| self.front.get(at..));
        let count = match own {
            Some(own) if !own.is_empty() => {
                let count = own.len().min(buffer.len());
                buffer[..count].copy_from_slice(&own[..count]);
                count
            }
            _ => {
                let left = usize::try_from(self.len().saturating_sub(self.at));
                let most = left.unwrap_or(usize::MAX).min(buffer.len());
                let place = self.range.start + (self.at - self.front.len() as u64);
                if self.file_at != Some(place) {
                    self.file_at = None;
                    self.file.seek(SeekFrom::Start(place))?;
                }
                let count = self.file.read(&mut buffer[..most])?;
                self.file_at = Some(place + count as u64);
                count
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
        };
        // A place behind the end would be read as bytes of the file that do not belong here.
        self.at = at.ok_or_else(|| Error::from(ErrorKind::InvalidInput))?.min(self.len());
        Ok(self.at)
    }
}

impl MediaSource for Window {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_like_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"0123456789").unwrap();
        let mut window = Window::new(b"ab".to_vec(), File::open(&path).unwrap(), 3..7);
        let mut text = String::new();
        window.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), window.byte_len()), ("ab3456", Some(6)));
        for (to, rest) in [
            (SeekFrom::Start(1), "b3456"),
            (SeekFrom::End(-2), "56"),
            (SeekFrom::Start(9), ""),
            (SeekFrom::Current(-4), "3456"),
        ] {
            window.seek(to).unwrap();
            let mut text = String::new();
            window.read_to_string(&mut text).unwrap();
            assert_eq!(text, rest, "{to:?}");
        }
        assert!(window.seek(SeekFrom::Current(-7)).is_err());
    }
}
