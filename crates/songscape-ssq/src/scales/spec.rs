//! How scales are asked for.

use std::str::FromStr;

use super::{Bounds, Variable};
use crate::Error;

/// How scales are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Spacing {
    /// 2^(k / voices).
    Log,
    /// As [`Spacing::Log`], with every fourth scale alone where low-frequency wavelets get
    /// redundant.
    LogPiecewise,
    /// Equal steps.
    Linear,
}

/// Which scales a transform has.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ScaleSpec {
    /// Between bounds that follow from the wavelet and the length of the signal.
    Spaced {
        /// The spacing.
        spacing: Spacing,
        /// The bounds.
        bounds: Bounds,
    },
    /// Wavelets with peaks at `rows` frequencies from `high` down to `low` Hz, equally spaced in
    /// their logarithm.
    Range {
        /// Lowest frequency, Hz.
        low: f64,
        /// Highest frequency, Hz.
        high: f64,
        /// Number of rows, at least 2.
        rows: usize,
    },
    /// These scales, in samples, ascending. What each stands for in integrals over the scales
    /// follows from the variable in which they are evenly spaced: the logarithm, the scale or the
    /// frequency; if in none of these, from the logarithm.
    Explicit(Vec<f64>),
    /// The same, with the variable given.
    ExplicitIn(Variable, Vec<f64>),
}

impl Default for ScaleSpec {
    /// Log-piecewise over the largest useful range.
    fn default() -> Self {
        Self::Spaced { spacing: Spacing::LogPiecewise, bounds: Bounds::Maximal }
    }
}

impl FromStr for ScaleSpec {
    type Err = Error;

    /// `log`, `log-piecewise` or `linear`, with `:maximal`, `:minimal` or `:naive` after it
    /// (`log-piecewise` is maximal by default, the others minimal), `range:LOW,HIGH,ROWS`, or
    /// `explicit:S1,S2,…` (samples, ascending).
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::Name {
            what: "scales",
            given: text.to_owned(),
            expected: "log, log-piecewise or linear, with :maximal, :minimal or :naive, \
                       range:LOW,HIGH,ROWS or explicit:S1,S2,...",
        };
        let (kind, rest) =
            text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        let (spacing, default) = match kind {
            "log" => (Spacing::Log, Bounds::Minimal),
            "log-piecewise" => (Spacing::LogPiecewise, Bounds::Maximal),
            "linear" => (Spacing::Linear, Bounds::Minimal),
            "range" => {
                let fields: Vec<&str> = rest.unwrap_or_default().split(',').collect();
                let [low, high, rows] = fields[..] else { return Err(unknown()) };
                return Ok(Self::Range {
                    low: low.trim().parse().map_err(|_| unknown())?,
                    high: high.trim().parse().map_err(|_| unknown())?,
                    rows: rows.trim().parse().map_err(|_| unknown())?,
                });
            }
            "explicit" => {
                let fields = rest.unwrap_or_default().split(',');
                let values = fields.map(|s| s.trim().parse().map_err(|_| unknown()));
                return Ok(Self::Explicit(values.collect::<Result<_, _>>()?));
            }
            _ => return Err(unknown()),
        };
        let bounds = match rest {
            None => default,
            Some("maximal") => Bounds::Maximal,
            Some("minimal") => Bounds::Minimal,
            Some("naive") => Bounds::Naive,
            Some(_) => return Err(unknown()),
        };
        Ok(Self::Spaced { spacing, bounds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let spaced = |spacing, bounds| Ok(ScaleSpec::Spaced { spacing, bounds });
        assert_eq!("log".parse(), spaced(Spacing::Log, Bounds::Minimal));
        assert_eq!("log:maximal".parse(), spaced(Spacing::Log, Bounds::Maximal));
        assert_eq!("log-piecewise".parse(), spaced(Spacing::LogPiecewise, Bounds::Maximal));
        assert_eq!("linear:naive".parse(), spaced(Spacing::Linear, Bounds::Naive));
        assert_eq!(
            "range:30,12000,256".parse(),
            Ok(ScaleSpec::Range { low: 30.0, high: 12_000.0, rows: 256 })
        );
        for bad in ["", "log:", "range:1,2", "range:1,2,x", "cubic", "log:maximal:x"] {
            assert!(bad.parse::<ScaleSpec>().is_err(), "{bad}");
        }
    }
}
