//! The whole public interface, driven by any bytes: what the fuzz target and its plain test run.

use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use ndarray::{Array2, ArrayView2};
use num_complex::Complex;
use songscape_ssq::stft::Sides;
use songscape_ssq::wavelet::{self, MorseNorm, Properties};
use songscape_ssq::{
    Bins, Bounds, CoherenceParams, CwtParams, FrequencySpec, HalfWidth, Latency, LogSpectrogram,
    LogSpectrogramParams, Morse, Norm, Outside, Padding, Real, Reassignment, RedNoise, RidgeParams,
    ScaleSpec, Spacing, SsqParams, SsqPlan, SsqStftParams, SsqStftPlan, SsqStream, StftParams,
    StftPlan, Wavelet, Weights, Window, icwt, issq, issq_band, issq_complex, issq_component,
    phase_transform, ridges, squeeze,
};

/// Numbers at the edges of what is allowed, and beyond.
const EDGES: [f64; 14] = [
    0.0,
    -0.0,
    -1.0,
    1.0,
    0.5,
    2.0,
    1e-300,
    5e-324,
    1e300,
    f64::MAX,
    f64::EPSILON,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// A number: mostly a usual one, sometimes an edge, sometimes any bits.
fn number(u: &mut Unstructured<'_>) -> Result<f64> {
    Ok(match u.int_in_range(0..=7u8)? {
        0 => *u.choose(&EDGES)?,
        1 => f64::from_bits(u64::arbitrary(u)?),
        2 => f64::from(u.int_in_range(0..=1000u16)?),
        _ => f64::from(u.int_in_range(1..=u16::MAX)?) / 4096.0,
    })
}

/// A count: mostly small, sometimes beyond any memory.
fn count(u: &mut Unstructured<'_>, most: usize) -> Result<usize> {
    Ok(match u.int_in_range(0..=15u8)? {
        0 => *u.choose(&[0, 1, usize::MAX, usize::MAX / 2 + 1, 1 << 32, 1 << 52])?,
        _ => u.int_in_range(0..=most)?,
    })
}

fn numbers(u: &mut Unstructured<'_>, most: usize) -> Result<Vec<f64>> {
    let length = u.int_in_range(0..=most)?;
    let mut values = (0..length).map(|_| number(u)).collect::<Result<Vec<_>>>()?;
    if bool::arbitrary(u)? {
        values.sort_by(f64::total_cmp);
    }
    Ok(values)
}

/// A user's wavelet that keeps to no rule.
#[derive(Debug)]
struct Wild {
    values: Vec<f64>,
    peak: Option<f64>,
}

impl Wavelet for Wild {
    fn spectrum(&self, w: f64) -> f64 {
        let index = (w.abs() * 4.0) as usize;
        self.values.get(index).copied().unwrap_or(0.0)
    }

    fn peak(&self) -> f64 {
        self.peak.unwrap_or(1.0)
    }
}

fn any_wavelet(u: &mut Unstructured<'_>) -> Result<Arc<dyn Wavelet>> {
    let named: Option<Arc<dyn Wavelet>> = match u.int_in_range(0..=4u8)? {
        0 => wavelet::by_name(<&str>::arbitrary(u)?).ok(),
        1 => {
            let kind = *u.choose(&["gmw", "morlet", "bump", "cmhat", "hhhat"])?;
            let values: Vec<String> = numbers(u, 3)?.iter().map(f64::to_string).collect();
            wavelet::by_name(&format!("{kind}:{}", values.join(","))).ok()
        }
        2 => {
            let norm = *u.choose(&[MorseNorm::Bandpass, MorseNorm::Energy])?;
            let order = u32::arbitrary(u)?;
            Morse::with_order(number(u)?, number(u)?, order, norm)
                .ok()
                .map(|morse| Arc::new(morse) as _)
        }
        3 => {
            let peak = if bool::arbitrary(u)? { Some(number(u)?) } else { None };
            Some(Arc::new(Wild { values: numbers(u, 40)?, peak }))
        }
        _ => None,
    };
    Ok(named.unwrap_or_else(|| Arc::new(Morse::default())))
}

fn any_scales(u: &mut Unstructured<'_>) -> Result<ScaleSpec> {
    Ok(match u.int_in_range(0..=3u8)? {
        0 => ScaleSpec::Range { low: number(u)?, high: number(u)?, rows: count(u, 100)? },
        1 => ScaleSpec::Explicit(numbers(u, 12)?),
        2 => match <&str>::arbitrary(u)?.parse() {
            Ok(ScaleSpec::Range { rows, .. }) if rows > 1000 => ScaleSpec::default(),
            Ok(spec) => spec,
            Err(_) => ScaleSpec::default(),
        },
        _ => ScaleSpec::Spaced {
            spacing: *u.choose(&[Spacing::Log, Spacing::LogPiecewise, Spacing::Linear])?,
            bounds: *u.choose(&[Bounds::Maximal, Bounds::Minimal, Bounds::Naive])?,
        },
    })
}

fn any_padding(u: &mut Unstructured<'_>) -> Result<Padding> {
    Ok(*u.choose(&[
        Padding::Reflect,
        Padding::Zero,
        Padding::Symmetric,
        Padding::Replicate,
        Padding::Wrap,
        Padding::None,
    ])?)
}

fn any_cwt(u: &mut Unstructured<'_>) -> Result<CwtParams> {
    // Voices that give millions of scales are allowed, and slow.
    let voices = number(u)?;
    Ok(CwtParams {
        sampling_rate: number(u)?,
        wavelet: any_wavelet(u)?,
        scales: any_scales(u)?,
        voices: if voices > 64.0 && voices < 1e7 { 8.0 } else { voices },
        padding: any_padding(u)?,
        norm: *u.choose(&[Norm::L1, Norm::L2])?,
    })
}

fn any_frequencies(u: &mut Unstructured<'_>) -> Result<FrequencySpec> {
    Ok(match u.int_in_range(0..=3u8)? {
        0 => FrequencySpec::Maximal,
        1 => FrequencySpec::Range(number(u)?, number(u)?),
        2 => FrequencySpec::Explicit(numbers(u, 12)?),
        _ => FrequencySpec::Peak,
    })
}

fn any_weights(u: &mut Unstructured<'_>) -> Result<Weights> {
    Ok(*u.choose(&[
        Weights::Sum,
        Weights::Absolute,
        Weights::Lebesgue,
        Weights::Function(|w| w * w),
    ])?)
}

/// A transform that belongs to nothing.
fn any_array<T: Real>(u: &mut Unstructured<'_>) -> Result<Array2<Complex<T>>> {
    let shape = (u.int_in_range(0..=6)?, u.int_in_range(0..=6)?);
    let mut array = Array2::from_elem(shape, Complex::new(T::zero(), T::zero()));
    for value in &mut array {
        *value = Complex::new(T::of(number(u)?), T::of(number(u)?));
    }
    Ok(array)
}

fn from_transform<T: Real>(
    u: &mut Unstructured<'_>,
    t: ArrayView2<'_, Complex<T>>,
    bins: &Bins,
    wavelet: &dyn Wavelet,
) -> Result<()> {
    let _ = issq(t, wavelet);
    let _ = issq_complex(t, wavelet);
    let _ = issq_band(t, bins, wavelet, number(u)?, number(u)?);
    let params = RidgeParams {
        count: u.int_in_range(0..=3)?,
        penalty: number(u)?,
        half_width: if bool::arbitrary(u)? {
            HalfWidth::Rows(count(u, 10)?)
        } else {
            HalfWidth::Hertz(number(u)?)
        },
    };
    if let Ok(found) = ridges(t, &bins.frequencies(), &params) {
        for ridge in found {
            let _ = issq_component(t, wavelet, &ridge.rows, count(u, 10)?);
        }
    }
    let rows = (0..t.ncols()).map(|_| count(u, 5)).collect::<Result<Vec<_>>>()?;
    let _ = issq_component(t, wavelet, &rows, count(u, 10)?);
    Ok(())
}

fn transforms<T: Real>(u: &mut Unstructured<'_>) -> Result<()> {
    let cwt = any_cwt(u)?;
    let wavelet = Arc::clone(&cwt.wavelet);
    let samples = count(u, 80)?;
    let params = SsqParams {
        cwt,
        frequencies: any_frequencies(u)?,
        weights: any_weights(u)?,
        threshold: if bool::arbitrary(u)? { Some(number(u)?) } else { None },
        reassignment: *u.choose(&[Reassignment::First, Reassignment::Second])?,
        outside: *u.choose(&[None, Some(Outside::Drop), Some(Outside::Clamp)])?,
    };
    let Ok(plan) = SsqPlan::<T>::new(&params, samples) else { return Ok(()) };
    if samples > 80 || plan.cwt().rows() > 2000 {
        return Ok(());
    }
    let length = if u.ratio(1, 16)? { u.int_in_range(0..=100)? } else { samples };
    let signal = (0..length).map(|_| number(u).map(T::of)).collect::<Result<Vec<_>>>()?;
    let cwt = plan.cwt();
    let hop = count(u, 100)?;
    let _ = cwt.transform_hop(&signal, hop);
    if bool::arbitrary(u)? {
        let complex: Vec<_> = signal.iter().map(|x| Complex::new(*x, -*x)).collect();
        if let Ok(t) = plan.transform(&complex) {
            let _ = plan.inverse_complex(t.view());
        }
        if let Ok(w) = cwt.transform(&complex) {
            let _ = cwt.inverse_complex(w.view());
        }
    }
    if let Ok((w, d)) = cwt.transform_with_derivative(&signal) {
        let _ = cwt.inverse(w.view());
        let _ = cwt.inverse_band(w.view(), number(u)?, number(u)?);
        let _ = cwt.inverse_two_integral(w.view());
        let _ = cwt.inverse_exact(w.view(), number(u)?);
        let noise = RedNoise::fit(&signal);
        let _ = cwt.significant_power(&noise, number(u)?);
        let _ = cwt.cone_of_influence();
        let octaves = if bool::arbitrary(u)? { Some(number(u)?) } else { None };
        let coherence = CoherenceParams { octaves };
        let _ = cwt.coherence(&signal, &signal, &coherence);
        let threshold = if bool::arbitrary(u)? { Some(T::of(number(u)?)) } else { None };
        let _ = icwt(w.view(), cwt.scales(), wavelet.as_ref());
        if let Ok(omega) = phase_transform(w.view(), d.view(), threshold) {
            let weights = any_weights(u)?;
            let steps = cwt.scales().log_steps();
            let _ = squeeze(w.view(), omega.view(), steps, plan.bins(), weights);
        }
    }
    let channels = Array2::from_elem((2, signal.len()), T::one());
    let _ = plan.transform_channels(channels.view());
    if u.ratio(1, 4)? {
        let latency = f64::from(u.int_in_range(0..=200u8)?) / params.cwt.sampling_rate;
        if let Ok(mut stream) = SsqStream::<T>::new(&params, latency) {
            let _ = stream.push(&signal, &mut |t| assert!(t.ncols() > 0));
            let _ = stream.finish(&mut |t| assert!(t.ncols() > 0));
        }
    }
    if let Ok(t) = plan.transform(&signal) {
        from_transform(u, t.view(), plan.bins(), wavelet.as_ref())?;
    }
    Ok(())
}

/// Arrays and bins that do not fit each other.
fn pieces<T: Real>(u: &mut Unstructured<'_>) -> Result<()> {
    let wavelet = any_wavelet(u)?;
    let bins = if bool::arbitrary(u)? {
        Bins::explicit(numbers(u, 6)?)
    } else {
        Bins::log(number(u)?, number(u)?, u.int_in_range(0..=6)?)
    };
    let Ok(bins) = bins else { return Ok(()) };
    let (w, d) = (any_array::<T>(u)?, any_array::<T>(u)?);
    let _ = phase_transform(w.view(), d.view(), None);
    let omega = d.map(|z| z.re);
    let _ = squeeze(w.view(), omega.view(), &numbers(u, 6)?, &bins, any_weights(u)?);
    from_transform(u, w.view(), &bins, wavelet.as_ref())?;
    let _ = bins.row(number(u)?);
    Ok(())
}

fn short_time<T: Real>(u: &mut Unstructured<'_>) -> Result<()> {
    let fft_length = count(u, 40)?;
    let window = match u.int_in_range(0..=4u8)? {
        0 => Window::Gaussian { deviation: number(u)? },
        1 => Window::Kaiser { beta: number(u)? },
        2 => Window::Dpss { half_bandwidth: number(u)? },
        3 => <&str>::arbitrary(u)?.parse().unwrap_or_default(),
        _ => *u.choose(&[Window::Boxcar, Window::Hamming, Window::Blackman])?,
    };
    let stft = StftParams {
        sampling_rate: number(u)?,
        window,
        window_length: if bool::arbitrary(u)? { fft_length } else { count(u, 40)? },
        fft_length,
        hop: count(u, 20)?,
        padding: any_padding(u)?,
        sides: *u.choose(&[Sides::One, Sides::Two])?,
    };
    let samples = count(u, 60)?;
    let length = if u.ratio(1, 16)? { u.int_in_range(0..=70)? } else { samples.min(60) };
    let signal = (0..length).map(|_| number(u).map(T::of)).collect::<Result<Vec<_>>>()?;
    let complex: Vec<_> = signal.iter().map(|x| Complex::new(*x, -*x)).collect();
    if let Ok(plan) = StftPlan::<T>::new(&stft, samples) {
        if let Ok(v) = plan.transform(&signal) {
            let _ = plan.inverse(v.view());
        }
        if let Ok(v) = plan.transform(&complex) {
            let _ = plan.inverse_complex(v.view());
        }
        let mut column = vec![Complex::new(T::zero(), T::zero()); plan.rows().min(50)];
        let _ = plan.column_into(&signal, count(u, 60)?, &mut column, &mut plan.scratch());
        let other = any_array(u)?;
        let _ = plan.inverse(other.view());
    }
    let bins = if bool::arbitrary(u)? {
        Bins::linear(number(u)?, number(u)?, u.int_in_range(0..=20)?).ok()
    } else {
        None
    };
    let threshold = if bool::arbitrary(u)? { Some(number(u)?) } else { None };
    let Ok(plan) = SsqStftPlan::<T>::new(&SsqStftParams { stft, bins, threshold }, samples) else {
        return Ok(());
    };
    if let Ok(t) = plan.transform(&signal) {
        let _ = plan.inverse(t.view());
        let _ = plan.inverse_band(t.view(), number(u)?, number(u)?);
        let rows = (0..t.ncols()).map(|_| count(u, 5)).collect::<Result<Vec<_>>>()?;
        let _ = plan.inverse_component(t.view(), &rows, count(u, 10)?);
    }
    Ok(())
}

fn image(u: &mut Unstructured<'_>) -> Result<()> {
    let params = LogSpectrogramParams {
        sampling_rate: number(u)?,
        rows: count(u, 20)?,
        f_min: number(u)?,
        f_max: number(u)?,
        columns_per_second: number(u)?,
        wavelet: any_wavelet(u)?,
        latency: if bool::arbitrary(u)? {
            Latency::Seconds(number(u)?)
        } else {
            Latency::Unlimited
        },
    };
    let Ok(plan) = LogSpectrogram::new(&params) else { return Ok(()) };
    let mut stream = plan.stream();
    for _ in 0..u.int_in_range(0..=3u8)? {
        let length = u.int_in_range(0..=200)?;
        let block = (0..length).map(|_| Ok(number(u)? as f32)).collect::<Result<Vec<_>>>()?;
        let _ = stream.push(&block, &mut |column| assert_eq!(column.len(), params.rows));
        let _ = plan.image(&block);
    }
    let _ = stream.finish(&mut |column| assert_eq!(column.len(), params.rows));
    Ok(())
}

fn drive(u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=8u8)? {
        0 | 1 => transforms::<f64>(u),
        2 => transforms::<f32>(u),
        3 => pieces::<f64>(u),
        4 => pieces::<f32>(u),
        5 => image(u),
        6 => short_time::<f64>(u),
        7 => short_time::<f32>(u),
        _ => {
            let _ = Properties::of(any_wavelet(u)?.as_ref());
            Ok(())
        }
    }
}

/// Reads parameters and signals from `data` and gives them to the crate.
pub fn run(data: &[u8]) {
    // Bytes that do not suffice are no case.
    let _ = drive(&mut Unstructured::new(data));
}
