//! What the ends of a signal reach, ridges through a crossing, and what two signals share.

use ndarray::Array2;
use songscape::Error;
use songscape_ssq::{
    CoherenceParams, CwtPlan, HalfWidth, Reassignment, RidgeParams, SsqPlan, ridges, signal,
};

use crate::picture::moduli;
use crate::{Pair, RATE, SAMPLES, add, plan};

/// Darkens the cone of influence.
pub fn shade_cone(mut values: Array2<f32>, plan: &CwtPlan<f64>) -> Array2<f32> {
    let cone = plan.cone_of_influence();
    let columns = values.ncols();
    for ((row, column), value) in values.indexed_iter_mut() {
        let from_an_end = column.min(columns - 1 - column) as f64 / RATE;
        if from_an_end < cone[row] {
            *value *= 0.4;
        }
    }
    values
}

/// With the usual penalty a ridge jumps between two chirps that cross; with a high one it stays in one
/// piece, but may leave the crossing along the other chirp.
pub fn ridges_through_a_crossing() -> Result<(SsqPlan<f64>, Pair), Error> {
    let plan = plan(Reassignment::Second)?;
    let rising = signal::linear_chirp(SAMPLES, RATE, 60.0, 500.0);
    let falling = signal::linear_chirp(SAMPLES, RATE, 500.0, 60.0);
    let t = plan.transform(&add(&rising, &falling))?;
    let with = |penalty: f64| -> Result<Array2<f32>, Error> {
        let params = RidgeParams { count: 1, penalty, half_width: HalfWidth::Rows(12) };
        let mut values = moduli(&t).mapv(|value| 0.45 * value);
        for ridge in ridges(t.view(), &plan.bins().frequencies(), &params)? {
            for (column, row) in ridge.rows.iter().enumerate() {
                values[[*row, column]] = 1.0;
            }
        }
        Ok(values)
    };
    let panels = [("PENALTY 20", with(20.0)?), ("PENALTY 500", with(500.0)?)];
    Ok((plan, panels))
}

/// Two signals with a wave in common, each in noise of its own.
pub fn coherence() -> Result<(SsqPlan<f64>, Pair), Error> {
    let plan = plan(Reassignment::First)?;
    let common = signal::linear_chirp(SAMPLES, RATE, 100.0, 200.0);
    let with = |seed: u64| add(&common, &signal::white_noise(SAMPLES, seed));
    let (x, y) = (with(1), with(2));
    let w = moduli(&plan.cwt().transform(&x)?);
    let coherence = plan.cwt().coherence(&x, &y, &CoherenceParams::default())?;
    let squared = shade_cone(coherence.squared.mapv(|r| r as f32), plan.cwt());
    Ok((plan, [("CWT", w), ("COHERENCE", squared)]))
}
