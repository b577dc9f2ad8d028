//! How far colours look apart, also to colour-blind readers.

use crate::palette::Rgb;

type Matrix = [[f64; 3]; 3];

/// As seen, and under protanopia, deuteranopia and tritanopia (Machado, Oliveira and Fernandes 2009,
/// severity 1), in linear RGB.
pub(crate) const VIEWS: [Matrix; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
];
const LMS: Matrix = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
];
const LAB: Matrix = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
];

fn times(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| (0..3).map(|j| m[i][j] * v[j]).sum())
}

fn linear(colour: Rgb) -> [f64; 3] {
    colour.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

/// Lightness, green–red and blue–yellow in Oklab (Ottosson 2020) under one of the [`VIEWS`].
pub(crate) fn oklab(colour: Rgb, view: &Matrix) -> [f64; 3] {
    let seen = times(view, linear(colour)).map(|c| c.clamp(0.0, 1.0));
    times(&LAB, times(&LMS, seen).map(f64::cbrt))
}

/// The Oklab distance of two colours to the reader who sees them closest together.
pub(crate) fn distance(one: Rgb, other: Rgb) -> f64 {
    let under = |view| {
        let (a, b) = (oklab(one, view), oklab(other, view));
        (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt()
    };
    VIEWS.iter().map(under).fold(f64::INFINITY, f64::min)
}

/// The contrast of two colours, 1 to 21 (WCAG 2).
#[cfg(test)]
pub(crate) fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |colour| {
        let [r, g, b] = linear(colour);
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let ratio = luminance(one) / luminance(other);
    ratio.max(1.0 / ratio)
}
