//! Pictures inside figures: the plotting crate draws shapes and text only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::panel::{FINER, PNG_SCALE};
use crate::palette::Rgb;

/// An image that fills a rectangle of the page.
pub(crate) struct Picture {
    /// Left, top, right and bottom in page units.
    pub place: (f64, f64, f64, f64),
    pub columns: usize,
    /// Row by row, the top row first.
    pub pixels: Vec<Rgb>,
}

impl Picture {
    fn rows(&self) -> usize {
        self.pixels.len().checked_div(self.columns).unwrap_or(0)
    }

    fn png(&self) -> Result<Vec<u8>, String> {
        let size = (self.columns as u32, self.rows() as u32);
        encode(size, png::ColorType::Rgb, self.pixels.as_flattened())
    }
}

/// Puts pictures into a drawn SVG, as PNG of their own pixels.
pub(super) fn in_svg(mut svg: String, pictures: &[Picture]) -> Result<String, String> {
    for picture in pictures {
        let (left, top, right, bottom) = picture.place;
        let image = format!(
            "<image x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\" \
             preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
            right - left,
            bottom - top,
            STANDARD.encode(picture.png()?)
        );
        let end = svg.rfind("</svg>").ok_or("the drawing has no end")?;
        svg.insert_str(end, &image);
    }
    Ok(svg)
}

/// The PNG of a page that was drawn [`FINER`] times as fine, with pictures put into it, each pixel of it
/// the nearest of the picture.
pub(super) fn in_png(drawn: &[u8], pictures: &[Picture]) -> Result<Vec<u8>, String> {
    let mut reader =
        png::Decoder::new(std::io::Cursor::new(drawn)).read_info().map_err(|e| e.to_string())?;
    let mut fine = vec![0; reader.output_buffer_size().ok_or("the drawing is too large")?];
    let info = reader.next_frame(&mut fine).map_err(|e| e.to_string())?;
    let (colours, channels) = match (info.color_type, info.bit_depth) {
        (png::ColorType::Rgb, png::BitDepth::Eight) => (png::ColorType::Rgb, 3),
        (png::ColorType::Rgba, png::BitDepth::Eight) => (png::ColorType::Rgba, 4),
        other => return Err(format!("the drawing has pixels of the form {other:?}")),
    };
    let (width, height) = (info.width as usize / FINER, info.height as usize / FINER);
    let mut page = means(&fine, info.width as usize * channels, channels, (width, height));
    let scale =
        |v: f64, end: usize| ((v * f64::from(PNG_SCALE)).round().max(0.0) as usize).min(end);
    for picture in pictures {
        let (left, top, right, bottom) = picture.place;
        let (left, right) = (scale(left, width), scale(right, width));
        let (top, bottom) = (scale(top, height), scale(bottom, height));
        for y in top..bottom {
            let row = (y - top) * picture.rows() / (bottom - top);
            for x in left..right {
                let column = (x - left) * picture.columns / (right - left);
                let at = (y * width + x) * channels;
                page[at..at + 3].copy_from_slice(&picture.pixels[row * picture.columns + column]);
            }
        }
    }
    encode((width as u32, height as u32), colours, &page)
}

/// The mean of each square of [`FINER`] by [`FINER`] pixels; `stride` are the bytes of a row of them.
fn means(fine: &[u8], stride: usize, channels: usize, (width, height): (usize, usize)) -> Vec<u8> {
    let mut page = Vec::with_capacity(width * height * channels);
    for rows in fine.chunks_exact(stride * FINER).take(height) {
        for x in 0..width {
            for channel in 0..channels {
                let square = (0..FINER * FINER).map(|i| {
                    rows[i / FINER * stride + (x * FINER + i % FINER) * channels + channel]
                });
                let sum: usize = square.map(usize::from).sum();
                page.push(((sum + FINER * FINER / 2) / (FINER * FINER)) as u8);
            }
        }
    }
    page
}

fn encode(size: (u32, u32), colours: png::ColorType, pixels: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
    encoder.set_color(colours);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|e| e.to_string())?;
    writer.write_image_data(pixels).map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(out)
}
