//! Time: tempo, swing, drift, and drum grooves.

use std::f64::consts::TAU;

use crate::instrument::Piece;

/// Which subdivision swings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swing {
    Eighths,
    Sixteenths,
}

/// Turns positions in sixteenths into seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Seconds of one beat.
    pub(crate) beat: f64,
    /// Where the off-beat lies between two beats: 0.5 is straight, 0.667 a triplet.
    pub(crate) ratio: f64,
    pub(crate) swing: Swing,
    /// Slow drift: relative depth, period in seconds, phase in turns.
    pub(crate) drift: (f64, f64, f64),
}

impl Clock {
    /// The time in seconds of a position in sixteenths from the start of the song.
    pub(crate) fn time(&self, sixteenths: f64) -> f64 {
        // The pair of subdivisions that is played long and short, in sixteenths.
        let pair = match self.swing {
            Swing::Eighths => 4.0,
            Swing::Sixteenths => 2.0,
        };
        let whole = (sixteenths / pair).floor();
        let inside = sixteenths / pair - whole;
        let bent = if inside < 0.5 {
            2.0 * self.ratio * inside
        } else {
            self.ratio + (1.0 - self.ratio) * (2.0 * inside - 1.0)
        };
        let even = 0.25 * self.beat * pair * (whole + bent);
        let (depth, period, phase) = self.drift;
        let wave = |t: f64| (TAU * (t / period + phase)).sin() * depth * period / TAU;
        even + wave(even) - wave(0.0)
    }

    /// Seconds of one sixteenth.
    pub(crate) fn sixteenth(&self) -> f64 {
        0.25 * self.beat
    }
}

/// One bar of drums: for each piece a string of sixteenths, `x` struck, `o` soft, `.` not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Groove {
    pub(crate) swing: Swing,
    pub(crate) kick: &'static str,
    pub(crate) snare: &'static str,
    /// What is struck on the snare's line.
    pub(crate) back: Piece,
    pub(crate) hat: &'static str,
    /// A further piece and its line.
    pub(crate) extra: Option<(Piece, &'static str)>,
}

impl Groove {
    /// Sixteenths in a bar: 16 in four-four, 12 in three-four.
    pub(crate) fn steps(&self) -> usize {
        self.kick.len()
    }
}

/// The loudness of one sixteenth of a line, 0 where nothing is struck.
pub(crate) fn accent(line: &str, step: usize) -> f32 {
    match line.as_bytes().get(step % line.len().max(1)) {
        Some(b'x') => 1.0,
        Some(b'o') => 0.45,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(ratio: f64, swing: Swing) -> Clock {
        Clock { beat: 0.5, ratio, swing, drift: (0.0, 1.0, 0.0) }
    }

    #[test]
    fn straight_time_is_even_and_swing_moves_the_off_beats_only() {
        let straight = clock(0.5, Swing::Eighths);
        for n in 0..40 {
            assert!((straight.time(f64::from(n)) - f64::from(n) * 0.125).abs() < 1e-12);
        }
        let eighths = clock(2.0 / 3.0, Swing::Eighths);
        assert!((eighths.time(4.0) - 0.5).abs() < 1e-12);
        assert!((eighths.time(6.0) - (0.5 + 1.0 / 3.0)).abs() < 1e-12);
        let sixteenths = clock(0.6, Swing::Sixteenths);
        assert!((sixteenths.time(2.0) - 0.25).abs() < 1e-12);
        assert!((sixteenths.time(3.0) - (0.25 + 0.15)).abs() < 1e-12);
    }

    #[test]
    fn drifting_time_still_runs_forward() {
        let clock = Clock { drift: (0.03, 12.0, 0.2), ..clock(0.6, Swing::Eighths) };
        let times: Vec<f64> = (0..500).map(|n| clock.time(f64::from(n))).collect();
        assert!(times.windows(2).all(|w| w[1] > w[0]));
        assert!(times[0].abs() < 1e-12);
    }
}
