//! The streamed image: where things land, how much energy they have, and how it is cut.
#![allow(clippy::unwrap_used)]

use songscape_ssq::{Error, LogSpectrogram, LogSpectrogramParams};

fn image(plan: &LogSpectrogram, signal: &[f32]) -> Vec<Vec<f32>> {
    let mut columns = Vec::new();
    let mut stream = plan.stream();
    stream.push(signal, &mut |column| columns.push(column.to_vec())).unwrap();
    stream.finish(&mut |column| columns.push(column.to_vec())).unwrap();
    columns
}

fn plan(sampling_rate: f64) -> LogSpectrogram {
    LogSpectrogram::new(&LogSpectrogramParams { sampling_rate, ..Default::default() }).unwrap()
}

fn tone(frequency: f64, sampling_rate: f64, samples: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency / sampling_rate;
    (0..samples).map(|n| (step * n as f64).sin() as f32).collect()
}

#[test]
fn a_tone_lands_in_its_row_with_its_power() {
    for sampling_rate in [44_100.0, 48_000.0, 32_000.0] {
        let plan = plan(sampling_rate);
        let rows_per_log = 255.0 / (12_000f64 / 30.0).ln();
        for frequency in [50.0, 440.0, 1_234.5, 6_000.0] {
            let columns = image(&plan, &tone(frequency, sampling_rate, 2 * sampling_rate as usize));
            assert_eq!(columns.len(), 400);
            for column in &columns[150..250] {
                let power: f32 = column.iter().sum();
                assert!((power - 0.5).abs() < 1e-4, "{frequency} Hz: {power}");
                let moment: f64 =
                    column.iter().zip(0..).map(|(e, r)| f64::from(*e * r as f32)).sum();
                let row = moment / f64::from(power);
                let expected = (12_000.0 / frequency).ln() * rows_per_log;
                assert!((row - expected).abs() < 0.1, "{frequency} Hz: row {row}, not {expected}");
            }
        }
    }
}

#[test]
fn an_impulse_lands_in_its_column() {
    let plan = plan(44_100.0);
    for sample in [0, 110, 219, 221, 30_000, 30_001, 44_099] {
        let mut signal = vec![0.0; 44_100];
        signal[sample] = 1.0;
        let columns = image(&plan, &signal);
        let expected = (sample as f64 / 220.5) as usize;
        // The upper 100 rows: their wavelets are shorter than a column or two.
        let energy = |c: usize| columns[c][..100].iter().sum::<f32>();
        let found = (0..200).max_by(|a, b| energy(*a).total_cmp(&energy(*b))).unwrap();
        assert_eq!(found, expected, "sample {sample}");
    }
}

#[test]
fn the_cut_does_not_matter() {
    let plan = plan(44_100.0);
    let signal: Vec<f32> =
        (0..70_000u32).map(|n| (n.wrapping_mul(2_654_435_761) as f32 / 2e9) - 1.0).collect();
    let whole = image(&plan, &signal);
    for size in [1, 441, 5_000] {
        let mut columns = Vec::new();
        let mut stream = plan.stream();
        for block in signal.chunks(size) {
            stream.push(block, &mut |column| columns.push(column.to_vec())).unwrap();
        }
        stream.finish(&mut |column| columns.push(column.to_vec())).unwrap();
        assert_eq!(columns, whole, "in blocks of {size}");
    }
}

#[test]
fn silence_is_zero_and_lengths_are_right() {
    let plan = plan(44_100.0);
    for (samples, expected) in
        [(0, 0), (1, 1), (220, 1), (221, 2), (441, 2), (442, 3), (300_000, 1361)]
    {
        let columns = image(&plan, &vec![0.0; samples]);
        assert_eq!(columns.len(), expected, "{samples} samples");
        assert_eq!(plan.columns(samples as u64), expected as u64);
        assert!(columns.iter().flatten().all(|e| *e == 0.0));
    }
}

#[test]
fn a_bad_sample_is_named_and_nothing_is_taken() {
    let plan = plan(44_100.0);
    let mut stream = plan.stream();
    stream.push(&[0.5; 1000], &mut |_| {}).unwrap();
    let error = stream.push(&[0.0, 0.0, f32::NAN], &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index: 1002, .. }));
    let error = stream.push(&[f32::INFINITY], &mut |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "sample 1000 is inf, expected a finite number");
    let mut columns = 0;
    stream.finish(&mut |_| columns += 1).unwrap();
    assert_eq!(columns, 5);
}

#[test]
fn any_whole_rate_will_do() {
    for sampling_rate in [44_101.0, 22_050.0, 11_025.0, 8_000.0, 96_000.0] {
        let f_max = (sampling_rate * 0.45f64).min(12_000.0);
        let params = LogSpectrogramParams { sampling_rate, f_max, ..Default::default() };
        let plan = LogSpectrogram::new(&params).unwrap();
        let columns = image(&plan, &tone(500.0, sampling_rate, sampling_rate as usize));
        assert_eq!(columns.len(), 200);
        let power: f32 = columns[100].iter().sum();
        assert!((power - 0.5).abs() < 1e-4, "{sampling_rate} Hz: {power}");
    }
}
