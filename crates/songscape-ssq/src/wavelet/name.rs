//! Wavelets by name.

use std::sync::Arc;

use super::{Bump, ComplexMexicanHat, HermitianHat, Morlet, Morse, MorseNorm, Wavelet};
use crate::Error;

/// The wavelet of a name with optional parameters, such as `gmw`, `gmw:3,60`, `morlet:6` or
/// `bump:5,1`.
///
/// # Errors
/// [`Error::Name`] where the name or the number of parameters is unknown, [`Error::Parameter`]
/// where a value is out of its range.
pub fn by_name(name: &str) -> Result<Arc<dyn Wavelet>, Error> {
    let unknown = || Error::Name {
        what: "wavelet",
        given: name.to_owned(),
        expected: "gmw[:gamma,beta[,order[,energy]]], morlet[:mu], bump[:mu,s], cmhat[:mu,s] or hhhat[:mu]",
    };
    let (kind, values) = name.split_once(':').unwrap_or((name, ""));
    let (values, norm) = match values.strip_suffix(",energy") {
        Some(values) if kind == "gmw" => (values, MorseNorm::Energy),
        _ => (values, MorseNorm::Bandpass),
    };
    let values: Vec<f64> = values
        .split(',')
        .filter(|value| !value.is_empty())
        .map(|value| value.trim().parse().map_err(|_| unknown()))
        .collect::<Result<_, _>>()?;
    Ok(match (kind, values.as_slice()) {
        ("gmw", []) if norm == MorseNorm::Bandpass => Arc::new(Morse::default()),
        ("gmw", [gamma, beta]) => Arc::new(Morse::with_order(*gamma, *beta, 0, norm)?),
        ("gmw", [gamma, beta, order]) if order.fract() == 0.0 && (0.0..=64.0).contains(order) => {
            Arc::new(Morse::with_order(*gamma, *beta, *order as u32, norm)?)
        }
        ("morlet", []) => Arc::new(Morlet::new(13.4)?),
        ("morlet", [mu]) => Arc::new(Morlet::new(*mu)?),
        ("bump", []) => Arc::new(Bump::new(5.0, 1.0)?),
        ("bump", [mu, s]) => Arc::new(Bump::new(*mu, *s)?),
        ("cmhat", []) => Arc::new(ComplexMexicanHat::new(1.0, 1.0)?),
        ("cmhat", [mu, s]) => Arc::new(ComplexMexicanHat::new(*mu, *s)?),
        ("hhhat", []) => Arc::new(HermitianHat::new(5.0)?),
        ("hhhat", [mu]) => Arc::new(HermitianHat::new(*mu)?),
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_parameters() {
        assert_eq!(by_name("gmw:3,60").unwrap().peak(), by_name("gmw").unwrap().peak());
        assert_eq!(by_name("bump:6,2").unwrap().peak(), 6.0);
        for name in [
            "gmw:3,60",
            "gmw:2,20,1",
            "gmw:3,8,0,energy",
            "morlet:6",
            "bump:6,2",
            "cmhat:1,1",
            "hhhat:5",
        ] {
            let wavelet = by_name(name).unwrap();
            let again = by_name(&wavelet.name().unwrap()).unwrap();
            for w in [0.3, 1.0, 2.7, 5.5] {
                assert_eq!(wavelet.spectrum(w), again.spectrum(w), "{name}");
            }
        }
        for bad in ["", "haar", "gmw:3", "morlet:x", "bump:1,2,3", "gmw:3,60,1.5", "gmw:-1,2"] {
            assert!(by_name(bad).is_err(), "{bad}");
        }
    }
}
