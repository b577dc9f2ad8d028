//! Windows by name, and their slopes.

use std::f64::consts::{PI, TAU};
use std::str::FromStr;

use super::dpss;
use crate::Error;

/// A window: how the samples around a time are weighted.
///
/// All are periodic, as transforms want them: over `length` samples the largest value lies at
/// sample `length / 2`, and sample `length` would be sample 0 again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Window {
    /// 1 everywhere. Its slope is 0, so that squeezing leaves every coefficient in its bin.
    Boxcar,
    /// ½ − ½·cos: the usual choice.
    #[default]
    Hann,
    /// 0.54 − 0.46·cos: lower side lobes nearby, but steps at the ends.
    Hamming,
    /// 0.42 − 0.5·cos + 0.08·cos 2.
    Blackman,
    /// Four terms, side lobes below −92 dB (Harris 1978).
    BlackmanHarris,
    /// exp(−½(t/σ)²): the narrowest in time and frequency together.
    Gaussian {
        /// σ as a share of the window's length; from 1/8 on the ends have steps.
        deviation: f64,
    },
    /// I₀(β√(1 − (2t)²))/I₀(β): side lobes by the choice of β.
    Kaiser {
        /// β: 0 is the boxcar, 8.6 about the Blackman window.
        beta: f64,
    },
    /// The sequence with the most energy within ± `half_bandwidth` bins (Slepian 1978).
    Dpss {
        /// Half the bandwidth, in multiples of 1 / length.
        half_bandwidth: f64,
    },
}

impl FromStr for Window {
    type Err = Error;

    /// `boxcar`, `hann`, `hamming`, `blackman`, `blackmanharris`, `gaussian[:DEVIATION]` (1/8 by
    /// default), `kaiser[:BETA]` (8.6) or `dpss[:HALF_BANDWIDTH]` (4).
    fn from_str(name: &str) -> Result<Self, Error> {
        let unknown = || Error::Name {
            what: "window",
            given: name.to_owned(),
            expected: "boxcar, hann, hamming, blackman, blackmanharris, gaussian[:deviation], \
                       kaiser[:beta] or dpss[:half_bandwidth]",
        };
        let (kind, value) =
            name.split_once(':').map_or((name, None), |(kind, rest)| (kind, Some(rest)));
        let value = value.map(|v| v.trim().parse::<f64>().map_err(|_| unknown())).transpose()?;
        let window = match (kind, value) {
            ("boxcar", None) => Self::Boxcar,
            ("hann", None) => Self::Hann,
            ("hamming", None) => Self::Hamming,
            ("blackman", None) => Self::Blackman,
            ("blackmanharris", None) => Self::BlackmanHarris,
            ("gaussian", value) => Self::Gaussian { deviation: value.unwrap_or(0.125) },
            ("kaiser", value) => Self::Kaiser { beta: value.unwrap_or(8.6) },
            ("dpss", value) => Self::Dpss { half_bandwidth: value.unwrap_or(4.0) },
            _ => return Err(unknown()),
        };
        window.check()?;
        Ok(window)
    }
}

/// A window's samples and its slopes (per sample) there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sampled {
    pub values: Vec<f64>,
    pub slopes: Vec<f64>,
}

impl Window {
    fn check(self) -> Result<(), Error> {
        let within = |name, value: f64, good: bool, expected| {
            if good { Ok(()) } else { Err(Error::parameter(name, value, expected)) }
        };
        match self {
            Self::Gaussian { deviation } => {
                // Narrower ones would have no samples but the middle one.
                let good = deviation >= 1e-3 && deviation.is_finite();
                within("deviation", deviation, good, "0.001 or more of the window's length")
            }
            // Where I₀ overflows.
            Self::Kaiser { beta } => {
                within("beta", beta, (0.0..=600.0).contains(&beta), "0 to 600")
            }
            Self::Dpss { half_bandwidth } => {
                let good = half_bandwidth > 0.0 && half_bandwidth <= 64.0;
                within("half_bandwidth", half_bandwidth, good, "above 0, at most 64")
            }
            _ => Ok(()),
        }
    }

    /// The window over `length` samples.
    ///
    /// # Errors
    /// [`Error::Parameter`] where a parameter is out of its range, [`Error::TooShort`] for a
    /// length of 0.
    pub fn samples(self, length: usize) -> Result<Vec<f64>, Error> {
        Ok(self.sample(length)?.values)
    }

    pub(super) fn sample(self, length: usize) -> Result<Sampled, Error> {
        self.check()?;
        if length == 0 {
            return Err(Error::TooShort { what: "the window", given: 0, least: 1 });
        }
        if length == 1 {
            return Ok(Sampled { values: vec![1.0], slopes: vec![0.0] });
        }
        if let Self::Dpss { half_bandwidth } = self {
            return Ok(dpss::sample(length, half_bandwidth));
        }
        let (values, slopes) = (0..length)
            .map(|n| {
                let (value, slope) = self.at(n as f64 / length as f64 - 0.5);
                (value, slope / length as f64)
            })
            .unzip();
        Ok(Sampled { values, slopes })
    }

    /// Value and slope at a time in −½ .. ½ of the window's length.
    fn at(self, t: f64) -> (f64, f64) {
        match self {
            Self::Boxcar | Self::Dpss { .. } => (1.0, 0.0),
            Self::Hann => cosines(&[0.5, 0.5], t),
            Self::Hamming => cosines(&[0.54, 0.46], t),
            Self::Blackman => cosines(&[0.42, 0.5, 0.08], t),
            Self::BlackmanHarris => cosines(&[0.35875, 0.48829, 0.14128, 0.01168], t),
            Self::Gaussian { deviation } => {
                let value = (-0.5 * (t / deviation).powi(2)).exp();
                (value, -value * t / (deviation * deviation))
            }
            Self::Kaiser { beta } => {
                let z = beta * (1.0 - 4.0 * t * t).max(0.0).sqrt();
                let (i0, i1_over_z) = bessel(z);
                let (most, _) = bessel(beta);
                (i0 / most, -4.0 * beta * beta * t * i1_over_z / most)
            }
        }
    }
}

/// Σ a_j·cos(2πjt), and its slope.
fn cosines(terms: &[f64], t: f64) -> (f64, f64) {
    terms.iter().enumerate().fold((0.0, 0.0), |(value, slope), (j, a)| {
        let turn = TAU * j as f64;
        (value + a * (turn * t).cos(), slope - a * turn * (turn * t).sin())
    })
}

/// The modified Bessel functions I₀(z) and I₁(z)/z, by their power series, all terms of which are
/// positive.
fn bessel(z: f64) -> (f64, f64) {
    let q = 0.25 * z * z;
    let (mut term, mut i0, mut i1_over_z) = (1.0, 0.0, 0.0);
    let mut k = 0.0;
    while term > 1e-17 * i0 {
        i0 += term;
        i1_over_z += 0.5 * term / (k + 1.0);
        k += 1.0;
        term *= q / (k * k);
    }
    (i0, i1_over_z)
}

/// The bound of a bandwidth at which a sinc kernel is sampled: sin(2πWd)/(πd).
pub(super) fn sinc(bandwidth: f64, distance: f64) -> (f64, f64) {
    if distance == 0.0 {
        return (2.0 * bandwidth, 0.0);
    }
    let turn = TAU * bandwidth;
    let (sin, cos) = (turn * distance).sin_cos();
    let value = sin / (PI * distance);
    (value, (turn * cos / PI - value) / distance)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ALL: [&str; 8] =
        ["boxcar", "hann", "hamming", "blackman", "blackmanharris", "gaussian", "kaiser", "dpss"];

    #[test]
    fn slopes_are_differences() {
        for name in ALL {
            // As the values become denser their differences become the slopes.
            let window: Window = name.parse().unwrap();
            let Sampled { values, slopes } = window.sample(512).unwrap();
            let steepest = slopes.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            for n in 2..510 {
                let near = (values[n + 1] - values[n - 1]) / 2.0;
                let far = (values[n + 2] - values[n - 2]) / 4.0;
                let difference = (4.0 * near - far) / 3.0;
                assert!((difference - slopes[n]).abs() <= 1e-5 * steepest, "{name} {n}");
            }
        }
    }

    #[test]
    fn names_and_refusals() {
        assert_eq!("kaiser:5".parse(), Ok(Window::Kaiser { beta: 5.0 }));
        for bad in ["", "haan", "hann:3", "kaiser:-1", "kaiser:x", "gaussian:0", "dpss:nan"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
        assert!(Window::Hann.samples(0).is_err());
        assert!(Window::Kaiser { beta: f64::NAN }.samples(8).is_err());
        for name in ALL {
            let window: Window = name.parse().unwrap();
            for length in 1..6 {
                let values = window.samples(length).unwrap();
                assert!(values.iter().all(|v| v.is_finite()), "{name} {length}");
            }
        }
    }
}
