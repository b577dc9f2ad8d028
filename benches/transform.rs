//! The transform: spectrogram image, full-rate CWT and SSQ, and the crate scalet beside them.
//!
//! 44.1 kHz, f32, 256 rows from 30 Hz to 12 kHz, Morse(3, 60), on noise; on one thread and on all.
//! "In place": into arrays that exist already, as repeated transforms would; the others include what
//! the operating system takes for new memory. scalet has no Morse wavelet and no range in Hz: Morlet(13.4) with about 256 logarithmic scales.

#![allow(missing_docs)] // of what the macros of criterion make

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use ndarray::Array2;
use scalet::{CwtOptions, MorletWavelet, Scalet, SynchrosqueezeOptions};
use songscape_ssq::{
    CwtParams, LogSpectrogram, LogSpectrogramParams, ScaleSpec, SsqParams, SsqPlan,
};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

const RATE: usize = 44_100;

fn noise(seconds: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..seconds * RATE).map(next).collect()
}

fn image(c: &mut Criterion) {
    let mut group = c.benchmark_group("image");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    let plan = LogSpectrogram::new(&LogSpectrogramParams::default()).expect("default parameters");
    for seconds in [10, 60] {
        let signal = noise(seconds);
        group.throughput(Throughput::Elements(seconds as u64));
        group.bench_function(BenchmarkId::new("songscape", seconds), |b| {
            b.iter(|| {
                let mut sum = 0.0;
                let mut stream = plan.stream();
                stream.push(&signal, &mut |column| sum += column[0]).expect("finite samples");
                stream.finish(&mut |column| sum += column[0]).expect("finite samples");
                sum
            });
        });
    }
    group.finish();
}

fn full_rate(c: &mut Criterion) {
    let mut group = c.benchmark_group("full_rate");
    group.sample_size(10).warm_up_time(Duration::from_millis(100));
    group.measurement_time(Duration::from_secs(1));
    for seconds in [1, 10, 60] {
        let signal = noise(seconds);
        group.throughput(Throughput::Elements(seconds as u64));
        songscape(&mut group, &signal, seconds);
        scalet(&mut group, &signal, seconds);
    }
    group.finish();
}

/// New arrays for the results of a minute are left out: twice 5.4 GB.
const LONGEST_IN_NEW_ARRAYS: usize = 10;

fn songscape(group: &mut Group<'_>, signal: &[f32], seconds: usize) {
    let scales = ScaleSpec::Range { low: 30.0, high: 12_000.0, rows: 256 };
    let cwt = CwtParams { sampling_rate: RATE as f64, scales, ..CwtParams::default() };
    let params = SsqParams { cwt, ..SsqParams::default() };
    let plan = SsqPlan::<f32>::new(&params, signal.len()).expect("valid parameters");
    let cwt = plan.cwt();
    let mut scratch = cwt.scratch();
    let mut out = Array2::zeros((plan.bins().len(), signal.len()));
    for threads in [1, std::thread::available_parallelism().map_or(2, usize::from)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a thread pool");
        let id =
            |what: &str| BenchmarkId::new(format!("songscape {what}/{threads} threads"), seconds);
        group.bench_function(id("cwt, in place"), |b| {
            b.iter(|| {
                pool.install(|| {
                    cwt.transform_with_scratch(signal, out.view_mut(), None, &mut scratch)
                })
            });
        });
        group.bench_function(id("ssq, in place"), |b| {
            b.iter(|| {
                pool.install(|| plan.transform_with_scratch(signal, out.view_mut(), &mut scratch))
            });
        });
        if seconds <= LONGEST_IN_NEW_ARRAYS {
            group.bench_function(id("cwt"), |b| {
                b.iter_with_large_drop(|| pool.install(|| cwt.transform(signal)));
            });
            group.bench_function(id("ssq"), |b| {
                b.iter_with_large_drop(|| pool.install(|| plan.transform(signal)));
            });
        }
    }
}

fn scalet(group: &mut Group<'_>, signal: &[f32], seconds: usize) {
    // As many voices as give about 256 scales.
    let plan = |nv| {
        let options = CwtOptions { nv, l1_norm: true, ..CwtOptions::default() };
        Scalet::make_cwt_f32(Arc::new(MorletWavelet::new(13.4)), signal.len(), options)
            .expect("valid options")
    };
    let rows_at_8 = plan(8).view_scales().len();
    let nv = (8 * 256usize).div_ceil(rows_at_8);
    let plan = plan(nv);
    let rows = plan.view_scales().len();
    group.bench_function(BenchmarkId::new(format!("scalet cwt/{rows} rows"), seconds), |b| {
        b.iter_with_large_drop(|| plan.execute(black_box(signal)).expect("a signal").width);
    });
    if seconds > LONGEST_IN_NEW_ARRAYS {
        return;
    }
    let options = || SynchrosqueezeOptions {
        sample_rate: RATE as f32,
        num_freq_bins: rows,
        threshold: 1e-6,
        nv,
    };
    group.bench_function(BenchmarkId::new(format!("scalet ssq/{rows} rows"), seconds), |b| {
        b.iter_with_large_drop(|| {
            let frame = plan.execute(black_box(signal)).expect("a signal");
            plan.synchrosqueeze(&frame.as_ref(), options()).expect("a frame").width
        });
    });
}

criterion_group!(benches, image, full_rate);
criterion_main!(benches);
