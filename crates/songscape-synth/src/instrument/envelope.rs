use super::BLOCK;

/// The loudness of a note over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Envelope {
    /// Seconds to full loudness, linear.
    pub(crate) attack: f32,
    /// Time constant in seconds of the fall to the sustained level.
    pub(crate) decay: f32,
    /// The sustained level in `[0, 1]`.
    pub(crate) sustain: f32,
    /// Time constant in seconds after the note's end.
    pub(crate) release: f32,
}

/// An envelope as it runs through one note: the level at the end of each block of 32 samples.
#[derive(Debug)]
pub(crate) struct Contour {
    rise: f32,
    fall: f32,
    sustain: f32,
    release: f32,
    /// Blocks until the note's end.
    held: i64,
    level: f32,
    attacking: bool,
}

impl Contour {
    /// `length` in seconds; `peak` is the loudness at the top.
    pub(crate) fn new(envelope: &Envelope, length: f64, rate: f32) -> Self {
        let block = BLOCK as f32 / rate;
        let keep = |seconds: f32| (-block / seconds.max(1e-3)).exp();
        Self {
            rise: block / envelope.attack.max(block),
            fall: keep(envelope.decay),
            sustain: envelope.sustain,
            release: keep(envelope.release),
            held: (length * f64::from(rate) / BLOCK as f64).round() as i64,
            level: 0.0,
            attacking: true,
        }
    }

    /// The level at the end of the next block, or none when the note has died away.
    pub(crate) fn next(&mut self) -> Option<f32> {
        if self.held > 0 {
            self.held -= 1;
            if self.attacking {
                self.level += self.rise;
                if self.level >= 1.0 {
                    self.level = 1.0;
                    self.attacking = false;
                }
            } else {
                self.level = self.sustain + (self.level - self.sustain) * self.fall;
                if self.level < 5e-4 {
                    return None;
                }
            }
        } else {
            self.level *= self.release;
            if self.level < 5e-4 {
                return None;
            }
        }
        Some(self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_rises_falls_holds_and_ends() {
        let envelope = Envelope { attack: 0.01, decay: 0.05, sustain: 0.5, release: 0.05 };
        let mut contour = Contour::new(&envelope, 1.0, 44_100.0);
        let levels: Vec<f32> = std::iter::from_fn(|| contour.next()).collect();
        let at = |seconds: f32| levels[(seconds * 44_100.0 / BLOCK as f32) as usize];
        assert!((at(0.005) - 0.5).abs() < 0.1);
        assert!((at(0.9) - 0.5).abs() < 0.01);
        assert!((at(1.05) - 0.5 / std::f32::consts::E).abs() < 0.02);
        // It ends when 66 dB down.
        let end = levels.len() as f32 * BLOCK as f32 / 44_100.0;
        assert!((1.3..1.4).contains(&end), "{end}");
    }
}
