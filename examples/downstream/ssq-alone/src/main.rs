//! Follows a chirp in noise by its ridge in the synchrosqueezed transform.

use songscape::ssq::{CwtParams, RidgeParams, ScaleSpec, SsqParams, SsqPlan, ridges, signal};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rate, samples) = (1000.0, 2000);
    let chirp = signal::linear_chirp(samples, rate, 60.0, 120.0);
    let noise = signal::white_noise(samples, 1);
    let noisy: Vec<f64> = chirp.iter().zip(&noise).map(|(x, n)| x + 0.3 * n).collect();

    let scales = ScaleSpec::Range { low: 20.0, high: 400.0, rows: 128 };
    let cwt = CwtParams { sampling_rate: rate, scales, ..CwtParams::default() };
    let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..SsqParams::default() }, samples)?;
    let squeezed = plan.transform(&noisy)?;

    let frequencies = plan.bins().frequencies();
    let found = ridges(squeezed.view(), &frequencies, &RidgeParams::default())?;
    println!("{:>8} {:>10} {:>10}", "time, s", "found, Hz", "true, Hz");
    for column in (200..samples - 100).step_by(200) {
        let hertz = frequencies[found[0].rows[column]];
        let expected = 60.0 + 60.0 * column as f64 / samples as f64;
        println!("{:8.2} {hertz:10.1} {expected:10.1}", column as f64 / rate);
        if (hertz / expected - 1.0).abs() > 0.1 {
            return Err(format!("{hertz:.1} Hz found where {expected:.1} Hz is").into());
        }
    }
    Ok(())
}
