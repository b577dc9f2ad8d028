//! What surrounds a signal, so that wavelets at its ends have something to look at.

use std::str::FromStr;

use crate::Error;

/// What the signal is padded with, to a power of two of about twice its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Padding {
    /// Mirrored, the edge sample not repeated: `c b | a b c | b a`.
    #[default]
    Reflect,
    /// Zeros.
    Zero,
    /// Mirrored, the edge sample repeated: `b a | a b c | c b`.
    Symmetric,
    /// The edge sample: `a a | a b c | c c`.
    Replicate,
    /// From the other end: `b c | a b c | a b`.
    Wrap,
    /// Nothing: the transform is circular over the signal itself.
    None,
}

impl FromStr for Padding {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "reflect" => Self::Reflect,
            "zero" => Self::Zero,
            "symmetric" => Self::Symmetric,
            "replicate" => Self::Replicate,
            "wrap" => Self::Wrap,
            "none" => Self::None,
            _ => {
                return Err(Error::Name {
                    what: "padding",
                    given: name.to_owned(),
                    expected: "reflect, zero, symmetric, replicate, wrap or none",
                });
            }
        })
    }
}

/// Where a signal lies in its padded form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Padded {
    /// Length with the padding.
    pub length: usize,
    /// Samples before the signal.
    pub before: usize,
}

/// The padded length of `samples` samples: 2^(1 + round(log2 samples)), halves to even.
pub(crate) fn padded_length(samples: usize) -> usize {
    1 << (1 + (samples as f64).log2().round_ties_even() as u32)
}

impl Padding {
    pub(crate) fn place(self, samples: usize) -> Padded {
        if self == Self::None {
            return Padded { length: samples, before: 0 };
        }
        let length = padded_length(samples);
        let before = length - samples - (length - samples) / 2;
        Padded { length, before }
    }

    /// Index of the sample that stands at `position` (relative to the signal's start), or `None`
    /// for a zero.
    pub(crate) fn source(self, position: isize, samples: usize) -> Option<usize> {
        let n = samples as isize;
        if (0..n).contains(&position) {
            return Some(position as usize);
        }
        let index = match self {
            Self::Zero | Self::None => return None,
            Self::Replicate => position.clamp(0, n - 1),
            Self::Wrap => position.rem_euclid(n),
            Self::Symmetric => {
                let phase = position.rem_euclid(2 * n);
                phase.min(2 * n - 1 - phase)
            }
            Self::Reflect if n == 1 => 0,
            Self::Reflect => {
                let phase = position.rem_euclid(2 * n - 2);
                phase.min(2 * n - 2 - phase)
            }
        };
        Some(index as usize)
    }

    /// Writes the padded signal into `out`, of the length that [`Padding::place`] gives.
    pub(crate) fn fill<V: Copy>(self, signal: &[V], zero: V, before: usize, out: &mut [V]) {
        for (i, value) in out.iter_mut().enumerate() {
            let source = self.source(i as isize - before as isize, signal.len());
            *value = source.map_or(zero, |index| signal[index]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode() {
        let padded = |mode: Padding| {
            let mut out = [0; 9];
            mode.fill(&[1, 2, 3], 0, 3, &mut out);
            out
        };
        assert_eq!(padded(Padding::Reflect), [2, 3, 2, 1, 2, 3, 2, 1, 2]);
        assert_eq!(padded(Padding::Zero), [0, 0, 0, 1, 2, 3, 0, 0, 0]);
        assert_eq!(padded(Padding::Symmetric), [3, 2, 1, 1, 2, 3, 3, 2, 1]);
        assert_eq!(padded(Padding::Replicate), [1, 1, 1, 1, 2, 3, 3, 3, 3]);
        assert_eq!(padded(Padding::Wrap), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
        let mut one = [0; 4];
        Padding::Reflect.fill(&[7], 0, 2, &mut one);
        assert_eq!(one, [7; 4]);
    }

    #[test]
    fn the_larger_half_comes_first() {
        assert_eq!(Padding::Reflect.place(3), Padded { length: 8, before: 3 });
        assert_eq!(Padding::None.place(3), Padded { length: 3, before: 0 });
    }
}
