//! The recording: wow and flutter, bandwidth, hiss.

use std::f32::consts::TAU;

use super::filter::{Band, equalise};
use crate::random::{Draw, Noise};

/// What a recording chain does to a mix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tape {
    /// Upper edge in Hz; 24 dB per octave above it.
    pub(crate) top: f32,
    /// Lower edge in Hz.
    pub(crate) bottom: f32,
    /// Hiss, dB relative to the signal's root mean square.
    pub(crate) hiss: f32,
    /// Clicks a second, at about twice the signal's root mean square.
    pub(crate) crackle: f32,
    /// Speed deviation of wow, relative (0.001 is clearly heard on long tones).
    pub(crate) wow: f32,
}

impl Tape {
    /// Records in place.
    pub(crate) fn run(&self, signal: &mut [f32], rate: f32, draw: &mut Draw) {
        if self.wow > 1e-5 {
            wobble(signal, &[(draw.between(0.4, 1.1), self.wow), (6.3, 0.25 * self.wow)], rate);
        }
        let power =
            signal.iter().map(|x| f64::from(x * x)).sum::<f64>() / signal.len().max(1) as f64;
        let level = power.sqrt() as f32 * 10_f32.powf(self.hiss / 20.0);
        let mut noise = Noise::new(draw);
        let mut last = 0.0;
        for x in signal.iter_mut() {
            // White noise tilted towards the treble, as tape has it.
            let now = noise.next();
            *x += level * 1.5 * (now - 0.45 * last);
            last = now;
        }
        self.click(signal, power.sqrt() as f32, rate, draw);
        let edges =
            [Band::HighPass(self.bottom), Band::LowPass(self.top), Band::LowPass(1.1 * self.top)];
        let count = if self.top < 0.42 * rate { 3 } else { 1 };
        equalise(signal, &edges[..count], rate);
    }

    /// Adds the clicks of a worn record.
    fn click(&self, signal: &mut [f32], level: f32, rate: f32, draw: &mut Draw) {
        const SHAPE: [f32; 6] = [0.6, 1.0, -0.9, -0.4, 0.3, 0.1];
        if self.crackle < 0.01 {
            return;
        }
        let mut at = 0.0;
        loop {
            // The waiting time between two clicks.
            at -= (1.0 - draw.unit()).ln() * rate / self.crackle;
            let Some(rest) = signal.get_mut(at as usize..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            let size = level * draw.between(0.6, 3.0);
            for (x, shape) in rest.iter_mut().zip(SHAPE) {
                *x += size * shape;
            }
        }
    }
}

/// Varies the speed in place by sines of (rate in Hz, relative deviation), through a delay of a
/// few milliseconds read with linear interpolation.
fn wobble(signal: &mut [f32], sines: &[(f32, f32)], rate: f32) {
    const BLOCK: usize = 64;
    // A delay of a·sin(ωt) gives a speed deviation of a·ω.
    let depth: Vec<f32> = sines.iter().map(|(hz, speed)| speed * rate / (TAU * hz)).collect();
    let most: f32 = 2.0 + depth.iter().sum::<f32>();
    let capacity = (2.0 * most + BLOCK as f32 + 8.0) as usize;
    let mut line = vec![0.0_f32; capacity.next_power_of_two()];
    let mask = line.len() - 1;
    let delay_at = |n: usize| {
        let t = n as f32 / rate;
        most + sines
            .iter()
            .zip(&depth)
            .map(|((hz, _), d)| d * (TAU * (hz * t).fract()).sin())
            .sum::<f32>()
    };
    let mut from = delay_at(0);
    let mut n = 0;
    for block in signal.chunks_mut(BLOCK) {
        let to = delay_at(n + block.len());
        let step = (to - from) / block.len() as f32;
        for x in block {
            line[n & mask] = *x;
            let whole = from as usize;
            let fraction = from - whole as f32;
            let near = line[(n + line.len() - whole) & mask];
            let far = line[(n + line.len() - whole - 1) & mask];
            *x = near + fraction * (far - near);
            from += step;
            n += 1;
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn hiss_has_its_level_and_the_edge_holds() {
        let rate = 44_100.0;
        let mut draw = stream(3, Purpose::Sound, 0);
        let tone = |n: usize| (TAU * (440.0 * n as f32 / rate).fract()).sin();
        let mut signal: Vec<f32> = (0..88_200).map(tone).collect();
        let tape = Tape { top: 20_000.0, bottom: 20.0, hiss: -40.0, crackle: 0.0, wow: 0.0 };
        tape.run(&mut signal, rate, &mut draw);
        let mut notch = signal.clone();
        equalise(&mut notch, &[Band::HighPass(4000.0), Band::HighPass(4000.0)], rate);
        let rms = |x: &[f32]| (x.iter().map(|v| v * v).sum::<f32>() / x.len() as f32).sqrt();
        let hiss = 20.0 * (rms(&notch[4410..]) / rms(&signal)).log10();
        assert!((-44.0..-36.0).contains(&hiss), "{hiss}");
    }

    #[test]
    fn wow_bends_the_pitch_by_its_depth() {
        let rate = 44_100.0;
        let mut signal: Vec<f32> =
            (0..88_200).map(|n| (TAU * (1000.0 * n as f32 / rate).fract()).sin()).collect();
        wobble(&mut signal, &[(1.0, 0.01)], rate);
        // The period between rising zero crossings goes from 1 ms - 1% to 1 ms + 1%.
        let mut crossings = Vec::new();
        for n in 4410..88_000 {
            let (a, b) = (signal[n], signal[n + 1]);
            if a < 0.0 && b >= 0.0 {
                crossings.push(n as f32 + a / (a - b));
            }
        }
        let periods: Vec<f32> = crossings.windows(11).map(|w| (w[10] - w[0]) / 441.0).collect();
        let (low, high) =
            periods.iter().fold((f32::MAX, f32::MIN), |(l, h), &p| (l.min(p), h.max(p)));
        assert!((0.988..0.993).contains(&low) && (1.007..1.012).contains(&high), "{low} {high}");
    }
}
