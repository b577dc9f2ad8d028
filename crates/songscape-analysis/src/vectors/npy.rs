//! `.npy` files of matrices, whatever their numbers are.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use ndarray::{Array2, Axis, ShapeBuilder};

use crate::error::{Error, Result};

/// The first bytes of a `.npy` file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// A header is never longer than this.
const HEADER: usize = 1 << 16;
/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;
/// A column whose mean is so many times its deviation loses half of its digits in float32.
const OFFSET: f64 = 4096.0;

/// The numbers of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Numbers {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Numbers {
    /// From the description in a header: `<f4`, `>i8`, `|b1`.
    fn parse(text: &str) -> Option<Self> {
        let &[order, kind, ref size @ ..] = text.as_bytes() else { return None };
        let size = std::str::from_utf8(size).ok()?.parse().ok()?;
        let known = match kind {
            b'f' => [2, 4, 8].contains(&size),
            b'i' | b'u' => [1, 2, 4, 8].contains(&size),
            b'b' => size == 1,
            _ => false,
        };
        let big_endian = match order {
            b'<' | b'|' => false,
            b'>' => true,
            b'=' => cfg!(target_endian = "big"),
            _ => return None,
        };
        known.then_some(Self { kind, size, big_endian })
    }

    fn read(self, bytes: &[u8]) -> f64 {
        let mut own = [0; 8];
        let own = &mut own[..self.size];
        own.copy_from_slice(bytes);
        if self.big_endian {
            own.reverse();
        }
        let bits = own.iter().rev().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
        let unused = 64 - 8 * self.size as u32;
        match (self.kind, self.size) {
            (b'f', 2) => half(bits as u16),
            (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
            (b'f', _) => f64::from_bits(bits),
            // The sign comes along from the highest bit.
            (b'i', _) => (((bits << unused) as i64) >> unused) as f64,
            _ => bits as f64,
        }
    }
}

/// IEEE 754 half precision.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match (exponent, bits & 1023) {
        (0, _) => fraction * 2_f64.powi(-24),
        (31, 0) => f64::INFINITY,
        (31, _) => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

struct Header {
    numbers: Numbers,
    fortran: bool,
    rows: usize,
    columns: usize,
}

/// What follows a key in the header's dictionary.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let after = ['\'', '"']
        .iter()
        .find_map(|quote| text.split_once(&format!("{quote}{key}{quote}")).map(|split| split.1))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn header(text: &str) -> std::result::Result<Header, String> {
    let missing = |key: &str| format!("its header has no {key}");
    let kind = value(text, "descr").ok_or_else(|| missing("descr"))?;
    let kind = match kind.chars().next() {
        Some(quote @ ('\'' | '"')) => kind[1..].split(quote).next().unwrap_or_default(),
        _ => kind.split("'fortran_order'").next().unwrap_or(kind).trim_end_matches([',', ' ']),
    };
    let numbers = Numbers::parse(kind).ok_or_else(|| {
        format!("its values are {kind}; expected float16, float32, float64, integers or bool")
    })?;
    let fortran = value(text, "fortran_order").ok_or_else(|| missing("fortran_order"))?;
    let shape = value(text, "shape").ok_or_else(|| missing("shape"))?;
    let shape = shape.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let shape = shape.ok_or_else(|| missing("shape"))?.0;
    let sizes: Vec<Option<usize>> = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(|size| size.parse().ok())
        .collect();
    match sizes[..] {
        [Some(rows), Some(columns)] => {
            Ok(Header { numbers, fortran: fortran.starts_with("True"), rows, columns })
        }
        _ => Err(format!("its shape is ({shape}); expected a matrix (rows, columns)")),
    }
}

/// Reads a matrix, each number made by `make` from its row, column and value.
fn read<T: Clone + Default>(
    path: &Path,
    make: impl Fn(usize, usize, f64) -> Result<T>,
) -> Result<Array2<T>> {
    let error = |reason: String| Error::File { path: path.into(), reason };
    let io = |e: std::io::Error| error(format!("{e}; expected a .npy file of a matrix"));
    let file = File::open(path).map_err(|e| error(e.to_string()))?;
    let there = file.metadata().map_err(io)?.len();
    let mut file = BufReader::with_capacity(CHUNK, file);
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(io)?;
    if start[..6] != *MAGIC {
        return Err(error("it does not begin as a .npy file; expected a matrix".into()));
    }
    let mut length = [0; 4];
    let width = if start[6] == 1 { 2 } else { 4 };
    file.read_exact(&mut length[..width]).map_err(io)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > HEADER {
        return Err(error(format!("its header has {length} bytes; expected at most {HEADER}")));
    }
    let mut text = vec![0; length];
    file.read_exact(&mut text).map_err(io)?;
    let header = header(&String::from_utf8_lossy(&text)).map_err(error)?;

    // What a header claims costs nothing until the file has it.
    let Header { numbers, fortran, rows, columns } = header;
    let held = there.saturating_sub((8 + width + length) as u64);
    let claimed = rows.checked_mul(columns).and_then(|n| n.checked_mul(numbers.size));
    if claimed.is_none_or(|claimed| claimed as u64 > held) {
        let reason = format!(
            "its header claims {rows} × {columns} values of {} bytes, the file holds {held} bytes",
            numbers.size
        );
        return Err(error(reason));
    }
    let mut values = Vec::with_capacity(rows * columns);
    let mut bytes = vec![0; CHUNK / numbers.size * numbers.size];
    while values.len() < rows * columns {
        let count = (rows * columns - values.len()).min(bytes.len() / numbers.size);
        let bytes = &mut bytes[..count * numbers.size];
        file.read_exact(bytes).map_err(io)?;
        for bytes in bytes.chunks_exact(numbers.size) {
            let place = values.len();
            let (row, column) = match fortran {
                true => (place % rows, place / rows),
                false => (place / columns, place % columns),
            };
            values.push(make(row, column, numbers.read(bytes))?);
        }
    }
    let read = match fortran {
        true => Array2::from_shape_vec((rows, columns).f(), values),
        false => Array2::from_shape_vec((rows, columns), values),
    };
    let read = read.map_err(|e| error(e.to_string()))?;
    Ok(if fortran { read.as_standard_layout().into_owned() } else { read })
}

/// Reads a two-dimensional `.npy` file as `[n, d]` float32: float16, float32, float64, integers of any
/// size and bool, of either byte order, by rows or by columns (Fortran order).
///
/// A column of larger numbers that lies so far from zero that float32 would lose what varies in it (its
/// mean is more than 4,096 times its deviation) is centred before it is rounded.
///
/// # Errors
/// [`Error::File`] when it cannot be read, has another shape or type, claims more than it holds, or has a
/// value beyond float32, with its row and column.
pub fn read_npy(path: impl AsRef<Path>) -> Result<Array2<f32>> {
    let path = path.as_ref();
    // Whether rounding changed anything.
    let rounded = std::cell::Cell::new(false);
    let x = read(path, |row, column, value| {
        let single = value as f32;
        if value.is_finite() && single.is_infinite() {
            let reason = format!("row {row}, column {column} is {value}, beyond float32");
            return Err(Error::File { path: path.into(), reason });
        }
        rounded.set(rounded.get() || (f64::from(single) != value && value.is_finite()));
        Ok(single)
    })?;
    if rounded.get()
        && x.columns().into_iter().any(|column| is_far(column.iter().map(|&v| v.into())))
    {
        let mut exact = read_npy_f64(path)?;
        for mut column in exact.axis_iter_mut(Axis(1)) {
            if is_far(column.iter().copied()) {
                let mean = column.sum() / column.len() as f64;
                column -= mean;
            }
        }
        return Ok(exact.mapv(|v| v as f32));
    }
    Ok(x)
}

/// Whether numbers vary little beside their distance from zero.
fn is_far(values: impl Iterator<Item = f64> + Clone) -> bool {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let deviation = (values.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    mean.abs() > OFFSET * deviation
}

/// Reads a two-dimensional `.npy` file as `[n, d]` float64, of the types that [`read_npy`] takes.
///
/// # Errors
/// [`Error::File`] when it cannot be read, has another shape or type, or claims more than it holds.
pub fn read_npy_f64(path: impl AsRef<Path>) -> Result<Array2<f64>> {
    read(path.as_ref(), |_, _, value| Ok(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::array;

    use super::*;

    fn file(kind: &str, fortran: bool, shape: &str, bytes: &[u8]) -> tempfile::NamedTempFile {
        let fortran = if fortran { "True" } else { "False" };
        let text = format!("{{'descr': {kind}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut all = b"\x93NUMPY\x01\x00".to_vec();
        all.extend((text.len() as u16).to_le_bytes());
        all.extend(text.as_bytes());
        all.extend(bytes);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), all).unwrap();
        file
    }

    #[test]
    fn numbers_of_every_kind_and_order_are_read() {
        let values = [1.0, -2.0, 3.0, 4.0, 5.0, 6.0];
        let expected = array![[1.0, -2.0, 3.0], [4.0, 5.0, 6.0]];
        let check = |kind: &str, bytes: Vec<u8>| {
            let file = file(&format!("'{kind}'"), false, "(2, 3)", &bytes);
            assert_eq!(read_npy_f64(file.path()).unwrap(), expected, "{kind}");
            assert_eq!(read_npy(file.path()).unwrap(), expected.mapv(|v| v as f32), "{kind}");
        };
        let all = |to: &dyn Fn(f64) -> Vec<u8>| values.iter().flat_map(|&v| to(v)).collect();
        check("<f4", all(&|v| (v as f32).to_le_bytes().to_vec()));
        check(">f4", all(&|v| (v as f32).to_be_bytes().to_vec()));
        check("<f8", all(&|v| v.to_le_bytes().to_vec()));
        check(">f8", all(&|v| v.to_be_bytes().to_vec()));
        check("|i1", all(&|v| (v as i8).to_le_bytes().to_vec()));
        check(">i2", all(&|v| (v as i16).to_be_bytes().to_vec()));
        check("<i4", all(&|v| (v as i32).to_le_bytes().to_vec()));
        check(">i8", all(&|v| (v as i64).to_be_bytes().to_vec()));
        let halves = [0x3c00_u16, 0xc000, 0x4200, 0x4400, 0x4500, 0x4600];
        check("<f2", halves.iter().flat_map(|v| v.to_le_bytes()).collect());
        check(">f2", halves.iter().flat_map(|v| v.to_be_bytes()).collect());
        let unsigned = file("'<u8'", false, "(1, 1)", &u64::MAX.to_le_bytes());
        assert_eq!(read_npy_f64(unsigned.path()).unwrap(), array![[u64::MAX as f64]]);
        let bools = file("'|b1'", true, "(2, 2)", &[1, 0, 0, 1]);
        assert_eq!(read_npy(bools.path()).unwrap(), array![[1.0, 0.0], [0.0, 1.0]]);
        let columns = file("'|u1'", true, "(2, 3)", &[1, 4, 2, 5, 3, 6]);
        let columns = read_npy(columns.path()).unwrap();
        assert_eq!(columns, array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert!(columns.is_standard_layout());
        assert_eq!([half(1), half(0x7bff), half(0x8000)], [2_f64.powi(-24), 65504.0, 0.0]);
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn what_cannot_be_used_is_named_and_costs_no_memory() {
        let refused = |kind: &str, shape: &str, bytes: &[u8]| {
            read_npy(file(kind, false, shape, bytes).path()).unwrap_err().to_string()
        };
        assert!(refused("'<c8'", "(1, 1)", &[0; 8]).contains("its values are <c8"));
        assert!(refused("'|S3'", "(1, 1)", &[0; 3]).contains("|S3"));
        assert!(refused("[('a', '<f4')]", "(1, 1)", &[0; 4]).contains("[('a', '<f4')]"));
        assert!(refused("'<f4'", "(4,)", &[0; 16]).contains("its shape is (4,)"));
        let huge = refused("'<f4'", "(40000000000, 512)", &[0; 16]);
        assert!(
            huge.contains("claims 40000000000 × 512") && huge.contains("holds 16 bytes"),
            "{huge}"
        );
        let overflow = refused("'<f8'", "(9000000000000000000, 9000000000000000000)", &[0; 16]);
        assert!(overflow.contains("claims"), "{overflow}");
        let large = refused("'<f8'", "(1, 2)", &[1.0_f64, 1e300].map(f64::to_le_bytes).concat());
        assert!(large.contains("row 0, column 1 is 1"), "{large}");
        let cut = tempfile::NamedTempFile::new().unwrap();
        for length in 0..12 {
            std::fs::write(cut.path(), &b"\x93NUMPY\x01\x00\x76\x00{'d"[..length]).unwrap();
            assert!(read_npy(cut.path()).is_err());
        }
    }

    #[test]
    fn what_varies_far_from_zero_is_kept() {
        let values = [[1e8 + 0.25, 1.0], [1e8 + 0.5, 2.0], [1e8 + 1.5, 6.0]];
        let bytes: Vec<u8> = values.iter().flatten().flat_map(|v: &f64| v.to_le_bytes()).collect();
        let found = read_npy(file("'<f8'", false, "(3, 2)", &bytes).path()).unwrap();
        assert_eq!(found, array![[-0.5, 1.0], [-0.25, 2.0], [0.75, 6.0]]);
    }
}
