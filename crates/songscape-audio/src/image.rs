//! Spectrogram images as PNG: 8-bit grey, one row per frequency, one column per instant, with text
//! chunks that say what the image shows.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};

use png::{BitDepth, ColorType, Compression, DecodingError, EncodingError};
use songscape_project::{counted, write_atomic};

use crate::error::{Error, Result};
use crate::grey::Grey;
use crate::levels::Levels;
use crate::params::ImageParams;

/// Pixels that are turned from columns into rows at a time.
const BAND: usize = 1 << 23;
/// Length of the pieces of compressed data in the file, in bytes.
const PIECE: usize = 1 << 16;

const SOFTWARE: &str = "Software";
const PARAMETERS: &str = "Songscape parameters";
const ID: &str = "Songscape song";
const SECONDS: &str = "Songscape seconds";
const START: &str = "Songscape start seconds";
const REFERENCE: &str = "Songscape reference dB";

/// What an image says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageInfo {
    /// The song's id in the catalog.
    pub id: String,
    /// Length of the audio in seconds.
    pub seconds: f64,
    /// Where in the audio the image begins, in seconds.
    pub start: f64,
    /// The grey scale.
    pub grey: Grey,
    /// How the image was made.
    pub params: ImageParams,
}

/// Writes levels as PNG, atomically.
pub(crate) fn write(path: &Path, info: &ImageInfo, levels: &mut Levels) -> Result<()> {
    let refuse = |reason: String| Error::Image { path: path.into(), reason };
    let columns = u32::try_from(levels.kept().len())
        .ok()
        .filter(|&columns| columns > 0 && columns <= i32::MAX as u32)
        .ok_or_else(|| {
            refuse(format!("{} columns, a PNG has 1 to {}", levels.kept().len(), i32::MAX))
        })?;
    let params = serde_json::to_string(&info.params).map_err(|e| refuse(e.to_string()))?;
    let text = [
        (SOFTWARE, format!("Songscape {}", env!("CARGO_PKG_VERSION"))),
        (PARAMETERS, params),
        (ID, info.id.clone()),
        (SECONDS, format!("{:.6}", info.seconds)),
        (START, format!("{:.6}", info.start)),
        (REFERENCE, format!("{:.2}", info.grey.reference_db)),
    ];
    let table = info.grey.table();
    let (rows, width) = (levels.rows(), columns as usize);
    let as_io = |e: EncodingError| match e {
        EncodingError::IoError(e) => e,
        e => io::Error::other(e),
    };
    write_atomic(path, |file| {
        let mut encoder = png::Encoder::new(file, columns, rows as u32);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        for (keyword, text) in text {
            encoder.add_text_chunk(keyword.into(), text).map_err(as_io)?;
        }
        let mut writer = encoder.write_header().map_err(as_io)?;
        let mut stream = writer.stream_writer_with_size(PIECE).map_err(as_io)?;

        let height = (BAND / width).clamp(1, rows);
        let mut band = vec![0; height * width];
        for top in (0..rows).step_by(height) {
            let height = height.min(rows - top);
            let mut start = 0;
            levels.for_each_run(|run| {
                for (column, levels) in run.chunks_exact(rows).enumerate() {
                    let pixels = band[start + column..].iter_mut().step_by(width);
                    for (pixel, &level) in pixels.zip(&levels[top..top + height]) {
                        *pixel = table.value(level);
                    }
                }
                start += run.len() / rows;
            })?;
            stream.write_all(&band[..height * width])?;
        }
        stream.finish().map_err(as_io)?;
        writer.finish().map_err(as_io)
    })?;
    Ok(())
}

/// A PNG written by this crate, opened for reading.
pub struct ImageReader {
    path: PathBuf,
    png: png::Reader<BufReader<File>>,
    info: ImageInfo,
}

impl std::fmt::Debug for ImageReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, info, .. } = self;
        f.debug_struct("ImageReader")
            .field("path", path)
            .field("info", info)
            .finish_non_exhaustive()
    }
}

impl ImageReader {
    /// Opens an image and reads what it says about itself.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read, [`Error::Image`] when it is no image of this
    /// kind.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(Error::io(path))?;
        let mut decoder = png::Decoder::new(BufReader::new(file));
        decoder.set_transformations(png::Transformations::IDENTITY);
        let png = decoder.read_info().map_err(failed(path))?;
        let refuse = |reason: String| Error::Image { path: path.into(), reason };
        let header = png.info();
        if (header.color_type, header.bit_depth) != (ColorType::Grayscale, BitDepth::Eight)
            || header.interlaced
        {
            return Err(refuse(format!(
                "{:?} with {:?} bits, expected grey with 8 bits, not interlaced",
                header.color_type, header.bit_depth
            )));
        }
        let text = |keyword: &str| {
            let chunk = header.uncompressed_latin1_text.iter().find(|c| c.keyword == keyword);
            chunk.map(|c| c.text.as_str()).ok_or_else(|| refuse(format!("no text {keyword:?}")))
        };
        let params: ImageParams = serde_json::from_str(text(PARAMETERS)?)
            .map_err(|e| refuse(format!("{PARAMETERS:?}: {e}")))?;
        params.validate().map_err(|e| refuse(format!("{PARAMETERS:?}: {e}")))?;
        let number = |keyword: &str| {
            text(keyword)?.parse().map_err(|_| refuse(format!("{keyword:?} is not a number")))
        };
        if params.rows != header.height as usize {
            return Err(refuse(format!(
                "{}, expected {}",
                counted(header.height, "row"),
                params.rows
            )));
        }
        let reference_db = number(REFERENCE)? as f32;
        let info = ImageInfo {
            id: text(ID)?.into(),
            seconds: number(SECONDS)?,
            start: number(START)?,
            grey: Grey { reference_db, range_db: params.range_db },
            params,
        };
        Ok(Self { path: path.into(), png, info })
    }

    /// What the image says about itself.
    pub fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Columns of the image.
    pub fn columns(&self) -> usize {
        self.png.info().width as usize
    }

    /// Reads the pixels of some columns, time-major: `[columns, rows]`.
    ///
    /// # Errors
    /// [`Error::Image`] when the file is damaged or has fewer columns.
    pub fn pixels(mut self, columns: std::ops::Range<usize>) -> Result<Vec<u8>> {
        let (path, width, rows) = (&self.path.clone(), self.columns(), self.info.params.rows);
        if columns.end > width {
            let reason = format!("{}, expected at least {}", counted(width, "column"), columns.end);
            return Err(Error::Image { path: path.into(), reason });
        }
        // Rows come one by one; turned sixteen at a time, a line of the cache is filled at once.
        const TURNED: usize = 16;
        let mut pixels = vec![0; columns.len() * rows];
        let mut lines = vec![0; columns.len() * TURNED];
        for top in (0..rows).step_by(TURNED) {
            let height = TURNED.min(rows - top);
            for line in lines.chunks_exact_mut(columns.len().max(1)).take(height) {
                let row = self.png.next_row().map_err(failed(path))?;
                let row = row.ok_or_else(|| Error::Image {
                    path: path.into(),
                    reason: format!("fewer than {}", counted(rows, "row")),
                })?;
                line.copy_from_slice(&row.data()[columns.clone()]);
            }
            for (column, pixels) in pixels.chunks_exact_mut(rows).enumerate() {
                for (row, pixel) in pixels[top..top + height].iter_mut().enumerate() {
                    *pixel = lines[row * columns.len() + column];
                }
            }
        }
        Ok(pixels)
    }
}

fn failed(path: &Path) -> impl FnOnce(DecodingError) -> Error {
    let path = path.to_owned();
    move |e| match e {
        DecodingError::IoError(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Error::Io { path, source }
        }
        e => Error::Image { path, reason: format!("no whole PNG ({e})") },
    }
}
