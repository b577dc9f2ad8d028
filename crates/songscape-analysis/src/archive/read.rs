use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::de::DeserializeOwned;

use super::{Head, KEY, VERSION};
use crate::error::{Error, Result};

/// The longest header that is read, in bytes: ours have a few kilobytes.
const LONGEST_HEADER: u64 = 16 << 20;
/// Bytes that are converted at a time.
const BLOCK: usize = 1 << 16;

/// A number as it stands in a file.
pub(crate) trait Stored: Copy {
    const DTYPE: Dtype;
    const SIZE: usize;
    fn read(bytes: &[u8]) -> Self;
}

macro_rules! stored {
    ($($number:ty => $dtype:ident),*) => {$(
        impl Stored for $number {
            const DTYPE: Dtype = Dtype::$dtype;
            const SIZE: usize = size_of::<Self>();

            fn read(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<Self>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
        }
    )*};
}

stored!(f64 => F64, f32 => F32, u32 => U32, i32 => I32, u8 => U8);

/// A file of arrays that was opened and whose header fits the file: it holds every array that it names,
/// as large as it says, and nothing else.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    metadata: Metadata,
    facts: serde_json::Map<String, serde_json::Value>,
    /// Where the arrays begin.
    start: u64,
}

impl Archive {
    /// Opens what was saved as a kind of model.
    pub fn open(path: &Path, kind: &str) -> Result<Self> {
        let refused = |reason: String| Error::File { path: path.into(), reason };
        let mut file = File::open(path).map_err(|e| refused(e.to_string()))?;
        let size = file.metadata().map_err(|e| refused(e.to_string()))?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length)
            .map_err(|_| refused(format!("{size} bytes cannot be a saved model")))?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER || length > size.saturating_sub(8) {
            let reason = format!("its header is to have {length} bytes, the file has {size}");
            return Err(refused(reason));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(|e| refused(e.to_string()))?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|e| refused(format!("not a whole safetensors file: {e}")))?;
        let end = 8 + length + metadata.data_len() as u64;
        if end != size {
            return Err(refused(format!("it has {size} bytes, its header speaks of {end}")));
        }
        let head = metadata.metadata().as_ref().and_then(|all| all.get(KEY));
        let head = head.ok_or_else(|| refused("not a model of songscape-analysis".into()))?;
        // The version first: other versions may have other fields.
        let head: serde_json::Value = serde_json::from_str(head)
            .map_err(|e| refused(format!("its metadata cannot be read: {e}")))?;
        let version = head.get("version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            let version =
                version.map_or("no version".into(), |version| format!("version {version}"));
            return Err(refused(format!("{version} of the format, expected version {VERSION}")));
        }
        let head: Head = serde_json::from_value(head)
            .map_err(|e| refused(format!("its metadata cannot be read: {e}")))?;
        if head.kind != kind {
            return Err(refused(format!("it holds a {}, not a {kind}", head.kind)));
        }
        Ok(Self { path: path.into(), metadata, facts: head.facts, start: 8 + length })
    }

    /// An error that names the file.
    pub fn refused(&self, reason: impl ToString) -> Error {
        Error::File { path: self.path.clone(), reason: reason.to_string() }
    }

    /// The error of something that does not hold.
    pub fn expect(&self, holds: bool, what: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(self.refused(format!("damaged: {what}"))) }
    }

    /// Errors of a check of what was taken out, as errors of this file.
    pub fn checked<T>(&self, found: Result<T>) -> Result<T> {
        found.map_err(|e| self.refused(format!("damaged: {e}")))
    }

    pub fn has(&self, name: &str) -> bool {
        self.metadata.info(name).is_some()
    }

    pub fn fact<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value =
            self.facts.get(name).ok_or_else(|| self.refused(format!("it has no {name}")))?;
        T::deserialize(value).map_err(|e| self.refused(format!("its {name} cannot be read: {e}")))
    }

    /// The numbers of a list, of a length if one is known.
    pub fn list<T: Stored>(&self, name: &str, length: Option<usize>) -> Result<Vec<T>> {
        let info = self.info::<T>(name)?;
        match info.shape[..] {
            [found] if length.is_none_or(|length| length == found) => self.values(info),
            _ => Err(self.other_shape(name, info, &format!("[{}]", shown(length)))),
        }
    }

    /// A matrix, of as many rows and columns as are known.
    pub fn matrix<T: Stored>(
        &self,
        name: &str,
        (rows, columns): (Option<usize>, Option<usize>),
    ) -> Result<Array2<T>> {
        let info = self.info::<T>(name)?;
        match info.shape[..] {
            [n, d] if rows.is_none_or(|r| r == n) && columns.is_none_or(|c| c == d) => {
                let values = self.values(info)?;
                Array2::from_shape_vec((n, d), values).map_err(|e| self.refused(e))
            }
            _ => {
                let expected = format!("[{}, {}]", shown(rows), shown(columns));
                Err(self.other_shape(name, info, &expected))
            }
        }
    }

    fn info<T: Stored>(&self, name: &str) -> Result<&TensorInfo> {
        let info = self.metadata.info(name);
        let info = info.ok_or_else(|| self.refused(format!("it has no array {name}")))?;
        if info.dtype == T::DTYPE {
            Ok(info)
        } else {
            let (found, expected) = (info.dtype, T::DTYPE);
            Err(self.refused(format!("{name} is of {found:?}, expected {expected:?}")))
        }
    }

    fn other_shape(&self, name: &str, info: &TensorInfo, expected: &str) -> Error {
        self.refused(format!("{name} has the shape {:?}, expected {expected}", info.shape))
    }

    /// The numbers of an array, which the file was found to be long enough for.
    fn values<T: Stored>(&self, info: &TensorInfo) -> Result<Vec<T>> {
        let (first, last) = info.data_offsets;
        let attempt = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(self.start + first as u64))?;
            let mut values = Vec::with_capacity((last - first) / T::SIZE);
            let mut block = vec![0; BLOCK.min(last - first)];
            let mut left = last - first;
            while left > 0 {
                let bytes = &mut block[..left.min(BLOCK)];
                file.read_exact(bytes)?;
                values.extend(bytes.chunks_exact(T::SIZE).map(T::read));
                left -= bytes.len();
            }
            Ok::<_, std::io::Error>(values)
        };
        attempt().map_err(|e| self.refused(e))
    }
}

fn shown(length: Option<usize>) -> String {
    length.map_or("any".into(), |length| length.to_string())
}
