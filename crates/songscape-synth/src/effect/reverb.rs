//! Rooms: a feedback delay network (Jot and Chaigne 1991) and a tape echo.

use std::f32::consts::TAU;

const LINES: usize = 8;
/// Delays in ms, mutually prime in samples for the usual rates.
const DELAYS: [f32; LINES] = [31.1, 37.3, 41.9, 47.7, 53.3, 59.9, 67.1, 73.7];
const CAPACITY: usize = 8192;

/// A mono reverb of eight delay lines, mixed by a Householder matrix.
#[derive(Debug)]
pub(crate) struct Reverb {
    lines: Vec<[f32; LINES]>,
    delay: [usize; LINES],
    gain: [f32; LINES],
    pole: f32,
    low: [f32; LINES],
    write: usize,
}

impl Reverb {
    /// `seconds` is the time to fall by 60 dB, `size` scales the delays (0.3–1.2), `damping` is the
    /// frequency in Hz above which the sound dies faster.
    pub(crate) fn new(seconds: f32, size: f32, damping: f32, rate: f32) -> Self {
        let delay =
            DELAYS.map(|ms| ((ms * size * rate / 1000.0) as usize | 1).clamp(1, CAPACITY - 1));
        let gain = delay.map(|samples| 10_f32.powf(-3.0 * samples as f32 / (seconds * rate)));
        Self {
            lines: vec![[0.0; LINES]; CAPACITY],
            delay,
            gain,
            pole: 1.0 - (-TAU * damping / rate).exp(),
            low: [0.0; LINES],
            write: 0,
        }
    }

    /// Replaces the signal by its reverberation, without the direct sound.
    pub(crate) fn run(&mut self, signal: &mut [f32]) {
        const MASK: usize = CAPACITY - 1;
        let Ok(lines): Result<&mut [[f32; LINES]; CAPACITY], _> =
            self.lines.as_mut_slice().try_into()
        else {
            return;
        };
        let (mut low, mut write) = (self.low, self.write);
        for x in signal {
            let mut sum = 0.0;
            for k in 0..LINES {
                let out = lines[(write + CAPACITY - self.delay[k]) & MASK][k] * self.gain[k];
                low[k] += self.pole * (out - low[k]);
                sum += low[k];
            }
            let shared = sum * (2.0 / LINES as f32) - (*x + 1e-15);
            lines[write & MASK] = low.map(|value| value - shared);
            // Alternating signs decorrelate the lines.
            *x = 0.35 * (low[0] - low[1] + low[2] - low[3] + low[4] - low[5] + low[6] - low[7]);
            write = (write + 1) & MASK;
        }
        (self.low, self.write) = (low, write);
    }
}

/// Adds repeats at a distance of `delay` samples, each `feedback` times the one before and duller.
pub(crate) fn echo(signal: &mut [f32], delay: usize, level: f32, feedback: f32) {
    if delay < 2 || delay >= signal.len() {
        return;
    }
    let mut line = vec![0.0_f32; delay];
    let (mut low, mut at) = (0.0_f32, 0);
    for x in signal {
        low += 0.35 * (line[at] - low);
        let repeat = low;
        line[at] = *x + 1e-15 + feedback * repeat;
        *x += level * repeat;
        at += 1;
        if at == delay {
            at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reverb_falls_by_sixty_decibels_in_its_time() {
        let rate = 44_100.0;
        let mut signal = vec![0.0; 66_150];
        signal[0] = 1.0;
        Reverb::new(1.0, 1.0, 20_000.0, rate).run(&mut signal);
        let power =
            |from: usize| signal[from..from + 4410].iter().map(|x| f64::from(x * x)).sum::<f64>();
        let fall = 10.0 * (power(48_510) / power(4410)).log10();
        assert!((-68.0..-50.0).contains(&fall), "{fall} dB in one second");
    }

    #[test]
    fn echoes_come_back_weaker() {
        let mut signal = vec![0.0; 4000];
        signal[0] = 1.0;
        echo(&mut signal, 1000, 0.5, 0.5);
        let energy = |from: usize| signal[from..from + 500].iter().map(|x| x * x).sum::<f32>();
        assert!(energy(1000) > 4.0 * energy(2000) && energy(2000) > 0.0);
        assert!(energy(500) < 1e-12);
    }
}
