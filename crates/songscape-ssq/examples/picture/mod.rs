//! Transforms as pictures: panels side by side, with axes in Hz and seconds.

#![allow(dead_code)] // every program draws something else

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use ndarray::Array2;
use num_complex::Complex;
use songscape_ssq::Real;

/// An image with its axes.
pub struct Panel<'a> {
    /// Above the image; capitals and digits.
    pub title: &'a str,
    /// Brightness from 0 to 1, `[rows, columns]`.
    pub values: Array2<f32>,
    /// Frequencies of the rows, Hz, descending.
    pub frequencies: &'a [f64],
    /// Time from the first column to the end of the last, s.
    pub seconds: f64,
}

/// Moduli, the largest as 1, with a root so that weak ones are seen.
pub fn moduli<T: Real>(transform: &Array2<Complex<T>>) -> Array2<f32> {
    let modulus = transform.map(|z| z.norm().wide());
    let largest = modulus.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    modulus.map(|m| (m / largest).sqrt() as f32)
}

/// Levels of energies within `range` dB of the largest.
pub fn levels(energies: &Array2<f32>, range: f32) -> Array2<f32> {
    let largest = energies.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    energies.map(|e| (1.0 + 10.0 * (e / largest).max(1e-30).log10() / range).max(0.0))
}

const LEFT: usize = 84;
const RIGHT: usize = 26;
const TOP: usize = 28;
const BOTTOM: usize = 40;
/// Pixels of the picture for one of a glyph.
const ZOOM: usize = 2;
const INK: u8 = 255;
const PAPER: u8 = 254;

/// Writes the panels as a PNG, each `width` by `height` pixels without its axes.
pub fn draw(path: &Path, panels: &[Panel<'_>], (width, height): (usize, usize)) -> io::Result<()> {
    let stride = panels.len() * (LEFT + width + RIGHT);
    let mut canvas = Canvas { stride, pixels: vec![PAPER; stride * (TOP + height + BOTTOM)] };
    for (i, panel) in panels.iter().enumerate() {
        let left = i * (LEFT + width + RIGHT) + LEFT;
        canvas.image(&panel.values, left, width, height);
        canvas.frame(left, width, height);
        let middle = left + (width - Canvas::width(panel.title)) / 2;
        canvas.text(panel.title, middle, TOP - 9 * ZOOM);
        canvas.frequencies(panel.frequencies, left, height);
        canvas.times(panel.seconds, left, width, height);
    }
    canvas.write(path)
}

struct Canvas {
    stride: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// The largest of the values that fall on a pixel, so that thin lines stay.
    fn image(&mut self, values: &Array2<f32>, left: usize, width: usize, height: usize) {
        let (rows, columns) = values.dim();
        let part = |at: usize, size: usize, count: usize| {
            let from = at * count / size;
            from..((at + 1) * count).div_ceil(size).max(from + 1).min(count)
        };
        for y in 0..height {
            for x in 0..width {
                let cells = part(y, height, rows)
                    .flat_map(|row| part(x, width, columns).map(move |column| (row, column)));
                let value = cells.map(|cell| values[cell]).fold(0.0, f32::max);
                // 64 shades: the files stay small.
                let shade = (value.clamp(0.0, 1.0) * 63.0) as u8;
                self.pixels[(TOP + y) * self.stride + left + x] = 4 * shade.min(62);
            }
        }
    }

    fn frame(&mut self, left: usize, width: usize, height: usize) {
        for x in left - 1..=left + width {
            self.set(x, TOP - 1);
            self.set(x, TOP + height);
        }
        for y in TOP - 1..=TOP + height {
            self.set(left - 1, y);
            self.set(left + width, y);
        }
    }

    fn set(&mut self, x: usize, y: usize) {
        self.pixels[y * self.stride + x] = INK;
    }

    /// Ticks at 1, 2 and 5 times the powers of ten, where there is room.
    fn frequencies(&mut self, frequencies: &[f64], left: usize, height: usize) {
        let mut lowest_free = TOP + height + 9 * ZOOM;
        for f in (-12..54)
            .map(|i: i32| [1.0, 2.0, 5.0][i.rem_euclid(3) as usize] * 10f64.powi(i.div_euclid(3)))
        {
            let row = frequencies.partition_point(|g| *g > f);
            if row == 0 || row == frequencies.len() {
                continue;
            }
            let (above, below) = (frequencies[row - 1], frequencies[row]);
            let position = row as f64 - 0.5 + (above - f) / (above - below);
            let y = TOP + (position / frequencies.len() as f64 * height as f64) as usize;
            if y + 9 * ZOOM > lowest_free {
                continue;
            }
            lowest_free = y;
            for x in left - 7..left - 1 {
                self.set(x, y);
            }
            let label = if f < 1000.0 { format!("{f}") } else { format!("{}k", f / 1000.0) };
            let start = left - 11 - Self::width(&label);
            self.text(&label, start, (y - 7 * ZOOM / 2).max(TOP));
        }
        self.text("Hz", left - 11 - Self::width("Hz"), TOP - 9 * ZOOM);
    }

    fn times(&mut self, seconds: f64, left: usize, width: usize, height: usize) {
        let rough = seconds / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|s| *s <= rough);
        let step = step.unwrap_or(power);
        let mut count = 0;
        while step * f64::from(count) < seconds * 0.999 {
            let time = step * f64::from(count);
            let x = left + (time / seconds * width as f64) as usize;
            for y in TOP + height..TOP + height + 7 {
                self.set(x, y);
            }
            // Rounded to a hundredth of the step.
            let label = format!("{}", (time / step * 100.0).round() * step / 100.0);
            let label = if label.len() > 6 { format!("{time:.3}") } else { label };
            self.text(&label, x.saturating_sub(Self::width(&label) / 2), TOP + height + 11);
            count += 1;
        }
        self.text("s", left + width - 5 * ZOOM, TOP + height + 11);
    }

    fn width(text: &str) -> usize {
        text.len() * 6 * ZOOM
    }

    fn text(&mut self, text: &str, left: usize, top: usize) {
        for (i, character) in text.chars().enumerate() {
            for (y, bits) in glyph(character).into_iter().enumerate() {
                for x in (0..5).filter(|x| bits >> (4 - x) & 1 == 1) {
                    for (dx, dy) in (0..ZOOM * ZOOM).map(|d| (d % ZOOM, d / ZOOM)) {
                        self.set(left + (6 * i + x) * ZOOM + dx, top + y * ZOOM + dy);
                    }
                }
            }
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        // From black through violet and red to yellow, evenly brighter; then paper and ink.
        let stops = [
            [0.0, 0.0, 4.0],
            [60.0, 9.0, 112.0],
            [146.0, 37.0, 104.0],
            [221.0, 81.0, 58.0],
            [251.0, 155.0, 6.0],
            [252.0, 255.0, 164.0],
        ];
        let mut palette: Vec<u8> = (0..254)
            .flat_map(|i| {
                let position = i as f32 / 248.0 * 5.0;
                let stop = (position as usize).min(4);
                let between = (position - stop as f32).min(1.0);
                let colour =
                    |c: usize| stops[stop][c] * (1.0 - between) + stops[stop + 1][c] * between;
                [colour(0) as u8, colour(1) as u8, colour(2) as u8]
            })
            .collect();
        palette.extend([255, 255, 255, 40, 40, 40]);
        let height = self.pixels.len() / self.stride;
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = png::Encoder::new(file, self.stride as u32, height as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(palette);
        encoder.set_compression(png::Compression::High);
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(())
    }
}

/// Five bits for each of seven lines.
fn glyph(character: char) -> [u8; 7] {
    match character {
        '0' => [14, 17, 19, 21, 25, 17, 14],
        '1' => [4, 12, 4, 4, 4, 4, 14],
        '2' => [14, 17, 1, 2, 4, 8, 31],
        '3' => [31, 2, 4, 2, 1, 17, 14],
        '4' => [2, 6, 10, 18, 31, 2, 2],
        '5' => [31, 16, 30, 1, 1, 17, 14],
        '6' => [6, 8, 16, 30, 17, 17, 14],
        '7' => [31, 1, 2, 4, 8, 8, 8],
        '8' => [14, 17, 17, 14, 17, 17, 14],
        '9' => [14, 17, 17, 15, 1, 2, 12],
        '.' => [0, 0, 0, 0, 0, 12, 12],
        'k' => [16, 16, 18, 20, 24, 20, 18],
        's' => [0, 0, 14, 16, 14, 1, 30],
        'z' => [0, 0, 31, 2, 4, 8, 31],
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'C' => [14, 17, 16, 16, 16, 17, 14],
        'E' => [31, 16, 16, 30, 16, 16, 31],
        'F' => [31, 16, 16, 30, 16, 16, 16],
        'H' => [17, 17, 17, 31, 17, 17, 17],
        'L' => [16, 16, 16, 16, 16, 16, 31],
        'N' => [17, 25, 25, 21, 19, 19, 17],
        'O' => [14, 17, 17, 17, 17, 17, 14],
        'P' => [30, 17, 17, 30, 16, 16, 16],
        'Q' => [14, 17, 17, 17, 21, 18, 13],
        'R' => [30, 17, 17, 30, 20, 18, 17],
        'S' => [15, 16, 16, 14, 1, 1, 30],
        'T' => [31, 4, 4, 4, 4, 4, 4],
        'W' => [17, 17, 17, 21, 21, 21, 10],
        'Y' => [17, 17, 10, 4, 4, 4, 4],
        _ => [0; 7],
    }
}
