//! Transforms as pictures.

use std::path::Path;

use ndarray::Array2;
use num_complex::Complex;
use songscape::Error;
use songscape::project::write_atomic;
use songscape::ssq::Real;

/// Moduli as brightness, the panels side by side, each column of pixels the largest of its samples.
pub fn draw<T: Real>(path: &Path, panels: &[&Array2<Complex<T>>]) -> Result<(), Error> {
    const WIDTH: usize = 640;
    const GAP: usize = 8;
    let height = panels.iter().map(|panel| panel.nrows()).max().unwrap_or(0);
    let stride = panels.len() * (WIDTH + GAP) - GAP;
    let mut pixels = vec![255; stride * height];
    for (i, panel) in panels.iter().enumerate() {
        let modulus = |row: usize, x: usize| {
            let from = x * panel.ncols() / WIDTH;
            let to = ((x + 1) * panel.ncols()).div_ceil(WIDTH);
            panel.row(row).iter().take(to).skip(from).map(|z| z.norm().wide()).fold(0.0, f64::max)
        };
        let image =
            Array2::from_shape_fn((height, WIDTH), |(y, x)| modulus(y * panel.nrows() / height, x));
        let largest = image.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        for ((y, x), value) in image.indexed_iter() {
            pixels[y * stride + i * (WIDTH + GAP) + x] = (255.0 * (value / largest).sqrt()) as u8;
        }
    }
    write_atomic(path, |file| {
        let mut encoder = png::Encoder::new(file, stride as u32, height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(())
    })?;
    Ok(())
}
