//! Loudness: compressor, saturation, level.

const BLOCK: usize = 32;

/// A cubic-rational approximation of tanh, exact to 3% and bounded by ±1.
#[inline]
fn soft(x: f32) -> f32 {
    let x = x.clamp(-3.0, 3.0);
    x * (27.0 + x * x) / (27.0 + 9.0 * x * x)
}

/// Saturates in place; `drive` = 1 is nearly clean, 10 is distortion. The level of a signal near
/// full scale is kept.
pub(crate) fn saturate(signal: &mut [f32], drive: f32) {
    let make_up = 1.0 / soft(drive).max(1e-3);
    for x in signal {
        *x = soft(*x * drive) * make_up;
    }
}

/// A feed-forward compressor: the level is followed in blocks of 32 samples, the gain in between
/// is linear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compressor {
    /// dB below full scale.
    pub(crate) threshold: f32,
    /// Input dB per output dB above the threshold.
    pub(crate) ratio: f32,
    /// Seconds.
    pub(crate) attack: f32,
    /// Seconds.
    pub(crate) release: f32,
}

impl Compressor {
    pub(crate) fn run(&self, signal: &mut [f32], rate: f32) {
        let pole = |seconds: f32| 1.0 - (-(BLOCK as f32) / (seconds * rate)).exp();
        let (attack, release) = (pole(self.attack), pole(self.release));
        let slope = 1.0 - 1.0 / self.ratio.max(1.0);
        let (mut level, mut gain) = (0.0_f32, 1.0_f32);
        for block in signal.chunks_mut(BLOCK) {
            let power = block.iter().map(|x| x * x).sum::<f32>() / block.len() as f32;
            level += (power - level) * if power > level { attack } else { release };
            let over = 10.0 * (level + 1e-12).log10() - self.threshold;
            let target = 10_f32.powf(-over.max(0.0) * slope / 20.0);
            let step = (target - gain) / block.len() as f32;
            for x in block {
                gain += step;
                *x *= gain;
            }
        }
    }
}

/// Brings the signal to a root mean square of `level` dB below full scale and bounds its peaks
/// softly below 0.98. Returns false when there is nothing to bring up (silence).
pub(crate) fn normalise(signal: &mut [f32], level: f32) -> bool {
    let power = signal.iter().map(|x| f64::from(x * x)).sum::<f64>() / signal.len().max(1) as f64;
    if power < 1e-14 {
        return false;
    }
    let gain = 10_f32.powf(level / 20.0) / power.sqrt() as f32;
    for x in signal {
        let y = *x * gain;
        // Linear up to 0.6, then bent towards 0.98.
        let over = y.abs() - 0.6;
        *x = if over > 0.0 { (0.6 + 0.38 * soft(over / 0.38)).copysign(y) } else { y };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_is_close_to_tanh_and_bounded() {
        for n in -500..=500 {
            let x = n as f32 / 100.0;
            assert!((soft(x) - x.tanh()).abs() < 0.03, "{x}");
            assert!(soft(x).abs() <= 1.000_001);
        }
    }

    #[test]
    fn the_compressor_keeps_quiet_and_lowers_loud() {
        let sine = |level: f32| -> Vec<f32> {
            (0..44_100).map(|n| level * (n as f32 * 0.3).sin()).collect()
        };
        let rms = |x: &[f32]| (x.iter().map(|v| v * v).sum::<f32>() / x.len() as f32).sqrt();
        let compressor = Compressor { threshold: -20.0, ratio: 4.0, attack: 0.005, release: 0.1 };
        let (mut quiet, mut loud) = (sine(0.05), sine(0.8));
        compressor.run(&mut quiet, 44_100.0);
        compressor.run(&mut loud, 44_100.0);
        assert!((rms(&quiet[22_050..]) / (0.05 / 2_f32.sqrt()) - 1.0).abs() < 0.01);
        // 0.8 is 14.9 dB above the threshold (as a root mean square), so 11.2 dB go.
        let fall = 20.0 * (rms(&loud[22_050..]) / (0.8 / 2_f32.sqrt())).log10();
        assert!((fall + 11.2).abs() < 0.3, "{fall}");
    }

    #[test]
    fn levels_are_reached_without_clipping() {
        let mut signal: Vec<f32> = (0..10_000).map(|n| (n as f32 * 0.1).sin() * 1e-3).collect();
        assert!(normalise(&mut signal, -12.0));
        let rms = (signal.iter().map(|v| v * v).sum::<f32>() / 10_000.0).sqrt();
        assert!((20.0 * rms.log10() + 12.0).abs() < 0.1);
        assert!(normalise(&mut signal, 20.0));
        assert!(signal.iter().all(|x| x.abs() <= 0.981));
        assert!(!normalise(&mut [0.0; 8], -12.0));
    }
}
