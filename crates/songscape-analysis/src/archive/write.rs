use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use ndarray::{Array2, ArrayBase, Data, Ix2};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Serialize;
use songscape_project::write_atomic;

use super::{Head, KEY, VERSION};
use crate::error::{Error, Result};

/// The numbers of an array.
#[derive(Debug, Clone)]
pub(crate) enum Values<'a> {
    F64(Cow<'a, [f64]>),
    F32(Cow<'a, [f32]>),
    U32(Cow<'a, [u32]>),
    I32(Cow<'a, [i32]>),
    U8(Cow<'a, [u8]>),
}

macro_rules! values {
    ($($number:ty => $variant:ident),*) => {
        $(
            impl<'a> From<&'a [$number]> for Values<'a> {
                fn from(values: &'a [$number]) -> Self {
                    Self::$variant(Cow::Borrowed(values))
                }
            }

            impl From<Vec<$number>> for Values<'_> {
                fn from(values: Vec<$number>) -> Self {
                    Self::$variant(Cow::Owned(values))
                }
            }
        )*

        impl Values<'_> {
            fn len(&self) -> usize {
                match self {
                    $(Self::$variant(values) => values.len()),*
                }
            }

            fn dtype(&self) -> Dtype {
                match self {
                    $(Self::$variant(_) => Dtype::$variant),*
                }
            }

            fn write(&self, out: &mut impl Write) -> io::Result<()> {
                match self {
                    $(Self::$variant(values) => {
                        values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
                    })*
                }
            }
        }
    };
}

values!(f64 => F64, f32 => F32, u32 => U32, i32 => I32, u8 => U8);

/// A file that is being put together. Arrays are borrowed until it is written.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    head: Head,
    arrays: Vec<(String, Vec<usize>, Values<'a>)>,
}

impl<'a> Writer<'a> {
    pub fn new(kind: &str) -> Self {
        let head = Head { kind: kind.into(), version: VERSION, facts: serde_json::Map::new() };
        Self { head, arrays: Vec::new() }
    }

    /// Something to be known of the arrays.
    pub fn fact(&mut self, name: impl Into<String>, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value)
            .map_err(|e| Error::parameter("a fact of a model", e, "something that JSON can say"))?;
        self.head.facts.insert(name.into(), value);
        Ok(())
    }

    pub fn list(&mut self, name: impl Into<String>, values: impl Into<Values<'a>>) {
        let values = values.into();
        self.arrays.push((name.into(), vec![values.len()], values));
    }

    /// A matrix in standard layout.
    pub fn matrix<T, S: Data<Elem = T>>(
        &mut self,
        name: impl Into<String>,
        x: &'a ArrayBase<S, Ix2>,
    ) where
        Values<'a>: From<&'a [T]>,
        T: 'a,
    {
        // Of a matrix in another layout nothing would be saved, which does not fit its shape.
        let values: &'a [T] = x.as_slice().unwrap_or_default();
        self.rows(name, x.dim(), values);
    }

    /// A matrix of so many rows and columns, row after row.
    pub fn rows(
        &mut self,
        name: impl Into<String>,
        (rows, columns): (usize, usize),
        values: impl Into<Values<'a>>,
    ) {
        self.arrays.push((name.into(), vec![rows, columns], values.into()));
    }

    /// Writes the file, atomically. The same content gives the same bytes.
    pub fn save(mut self, path: &Path) -> Result<()> {
        // As the format asks for: the widest numbers first, then by name.
        self.arrays.sort_by(|a, b| {
            (b.2.dtype().bitsize().cmp(&a.2.dtype().bitsize())).then_with(|| a.0.cmp(&b.0))
        });
        let refused = |reason: String| Error::File { path: path.into(), reason };
        let mut end = 0;
        let mut infos = Vec::with_capacity(self.arrays.len());
        for (name, shape, values) in &self.arrays {
            let start = end;
            end += values.len() * (values.dtype().bitsize() / 8);
            let (dtype, shape) = (values.dtype(), shape.clone());
            infos.push((name.clone(), TensorInfo { dtype, shape, data_offsets: (start, end) }));
        }
        let head = serde_json::to_string(&self.head).map_err(|e| refused(e.to_string()))?;
        let head = HashMap::from([(KEY.to_owned(), head)]);
        let metadata = Metadata::new(Some(head), infos).map_err(|e| refused(e.to_string()))?;
        let mut header = serde_json::to_vec(&metadata).map_err(|e| refused(e.to_string()))?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok(write_atomic(path, |file| {
            file.write_all(&(header.len() as u64).to_le_bytes())?;
            file.write_all(&header)?;
            self.arrays.iter().try_for_each(|(.., values)| values.write(file))
        })?)
    }
}

/// The values of a matrix in standard layout.
pub(crate) fn standard<T: Clone>(x: Array2<T>) -> Array2<T> {
    if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned() }
}
