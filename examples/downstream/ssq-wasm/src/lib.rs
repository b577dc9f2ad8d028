//! A live synchrosqueezed spectrogram for web pages: samples in, columns of grey values out.
//!
//! There is one stream at a time. The page writes samples to the memory at [`samples`], calls
//! [`push`], and reads as many columns as that returns from the memory at [`columns`].

use std::cell::RefCell;

use songscape_ssq::{Latency, LogSpectrogram, LogSpectrogramParams, LogSpectrogramStream};

/// Samples that are pushed at a time, at most.
const CAPACITY: usize = 1 << 15;
/// The quietest grey, dB below a full-scale sine.
const RANGE: f32 = 70.0;

#[derive(Default)]
struct Live {
    stream: Option<LogSpectrogramStream>,
    samples: Vec<f32>,
    /// Grey values, column after column, the highest frequency first.
    columns: Vec<u8>,
    latency: f64,
}

thread_local! {
    static LIVE: RefCell<Live> = RefCell::default();
}

/// Starts a stream: 1, or 0 where the parameters make none.
#[unsafe(no_mangle)]
pub extern "C" fn start(
    sampling_rate: f64,
    rows: usize,
    f_min: f64,
    f_max: f64,
    latency: f64,
) -> u32 {
    let params = LogSpectrogramParams {
        sampling_rate,
        rows,
        f_min,
        f_max,
        columns_per_second: 100.0,
        latency: Latency::Seconds(latency),
        ..LogSpectrogramParams::default()
    };
    let plan = LogSpectrogram::new(&params).ok();
    LIVE.with_borrow_mut(|live| {
        live.samples.resize(CAPACITY, 0.0);
        live.latency = plan.as_ref().map_or(0.0, LogSpectrogram::latency);
        live.stream = plan.map(|plan| plan.stream());
        u32::from(live.stream.is_some())
    })
}

/// Where samples are written to: room for 32,768.
#[unsafe(no_mangle)]
pub extern "C" fn samples() -> *mut f32 {
    LIVE.with_borrow_mut(|live| live.samples.as_mut_ptr())
}

/// Takes `count` samples, and returns how many columns they finished. Samples that are not finite
/// count as silence.
#[unsafe(no_mangle)]
pub extern "C" fn push(count: usize) -> usize {
    LIVE.with_borrow_mut(|live| {
        let Live { stream: Some(stream), samples, columns, .. } = live else { return 0 };
        columns.clear();
        let samples = &mut samples[..count.min(CAPACITY)];
        samples.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
        let mut finished = 0;
        let grey = |energy: &f32| {
            let db = 10.0 * (2.0 * energy).max(1e-12).log10();
            (255.0 * (1.0 + db / RANGE)).clamp(0.0, 255.0) as u8
        };
        let done = stream.push(samples, &mut |column| {
            finished += 1;
            columns.extend(column.iter().map(grey));
        });
        if done.is_ok() { finished } else { 0 }
    })
}

/// Where the finished columns are read from.
#[unsafe(no_mangle)]
pub extern "C" fn columns() -> *const u8 {
    LIVE.with_borrow(|live| live.columns.as_ptr())
}

/// Seconds from the begin of a column until it comes out, at most.
#[unsafe(no_mangle)]
pub extern "C" fn latency() -> f64 {
    LIVE.with_borrow(|live| live.latency)
}
