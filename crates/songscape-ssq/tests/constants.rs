//! Wavelets and scale bounds against the reference's numbers.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::Value;
use songscape_ssq::wavelet::{Properties, by_name};
use songscape_ssq::{Error, Scales, Wavelet};

fn constants() -> Vec<(Arc<dyn Wavelet>, Value)> {
    let text = include_str!("data/consts.json");
    let all: Value = serde_json::from_str(text).unwrap();
    let names = [
        ("gmw", "gmw"),
        ("morlet", "morlet"),
        ("bump", "bump"),
        ("cmhat", "cmhat"),
        ("hhhat", "hhhat"),
        ("gmw_2_20", "gmw:2,20"),
        ("gmw_3_8", "gmw:3,8"),
        ("gmw_3_60_k1", "gmw:3,60,1"),
        ("morlet6", "morlet:6"),
    ];
    names.map(|(key, name)| (by_name(name).unwrap(), all[key].clone())).into()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn spectra() {
    for (wavelet, expected) in constants() {
        let (w, psi) = (numbers(&expected["w"]), numbers(&expected["psih"]));
        assert_eq!(w.len(), psi.len());
        for (w, psi) in w.iter().zip(psi) {
            let ours = wavelet.spectrum(*w);
            assert!(
                (ours - psi).abs() <= 1e-12 * psi.abs().max(1e-3),
                "{wavelet:?} {w}: {ours} {psi}"
            );
        }
    }
}

#[test]
fn peaks_and_admissibility() {
    for (wavelet, expected) in constants() {
        let properties = Properties::of(wavelet.as_ref());
        let near = |ours: f64, key: &str, tolerance: f64| {
            let expected = expected[key].as_f64().unwrap();
            assert!(
                (ours / expected - 1.0).abs() < tolerance,
                "{wavelet:?} {key}: {ours} {expected}"
            );
        };
        // The reference's peak lies on a grid of 1e-3.
        near(properties.peak, "wc_ct", 1e-3);
        near(properties.admissibility_ssq, "adm_ssq", 1e-6);
        near(properties.admissibility_cwt, "adm_cwt", 1e-6);
    }
}

#[test]
fn bounds() {
    for (wavelet, expected) in constants() {
        for (key, value) in expected["bounds"].as_object().unwrap() {
            let mut parts = key.split(':');
            let samples: usize = parts.next().unwrap().parse().unwrap();
            let spacing = parts.next().unwrap();
            let count = parts.next().is_some();
            let spec = match spacing {
                "maximal" | "minimal" => format!("log:{spacing}"),
                _ => spacing.to_owned(),
            };
            let scales = Scales::new(&spec.parse().unwrap(), 32.0, wavelet.as_ref(), samples, 1.0);
            let Some(values) = value.as_array() else {
                assert!(matches!(scales, Err(Error::Scales { .. })), "{wavelet:?} {key}");
                continue;
            };
            let scales = scales.unwrap();
            let close = |a: f64, b: &Value| (a / b.as_f64().unwrap() - 1.0).abs() < 1e-12;
            let (first, last) = (scales.values()[0], *scales.values().last().unwrap());
            if count {
                assert_eq!(scales.values().len() as u64, values[0].as_u64().unwrap(), "{key}");
                assert!(close(first, &values[1]) && close(last, &values[2]), "{wavelet:?} {key}");
            } else {
                // Scales start at the last and end before the first power of 2^(1/32) outside.
                let step = (1f64 / 32.0).exp2() * (1.0 + 1e-12);
                let (low, high) = (values[0].as_f64().unwrap(), values[1].as_f64().unwrap());
                assert!(first <= low * 1.000_001 && first * step >= low, "{wavelet:?} {key}");
                assert!(last <= high && last * step * step >= high, "{wavelet:?} {key}");
            }
        }
    }
}
