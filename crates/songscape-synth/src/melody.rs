//! Melodies from motifs: a bar-long idea that is repeated, varied and fitted to the chords.

use crate::harmony::{Chord, Key};
use crate::random::Draw;

/// One note of a motif. Times in sixteenths from the start of the bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) at: usize,
    pub(crate) length: usize,
    /// Scale steps from the centre of the melody.
    pub(crate) step: i32,
}

/// A bar-long idea.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Motif {
    pub(crate) cells: Vec<Cell>,
}

/// What a melody of its time is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Sixteenths in a bar.
    pub(crate) steps: usize,
    /// Notes in a bar.
    pub(crate) density: f32,
    /// Weight of off-beat onsets, 0–1.
    pub(crate) syncopation: f32,
    /// Range in scale steps.
    pub(crate) range: f32,
}

impl Motif {
    /// A new idea.
    pub(crate) fn draw(manner: &Manner, draw: &mut Draw) -> Self {
        let notes = (manner.density + draw.between(-0.8, 0.8)).round().clamp(2.0, 12.0) as usize;
        // Onsets without replacement, each with the weight of its place in the bar.
        let mut places: Vec<(f32, usize)> = (0..manner.steps)
            .map(|step| {
                let weight = match step % 4 {
                    0 => 1.0,
                    2 => 0.35 + 0.5 * manner.syncopation,
                    _ => 0.02 + 0.6 * manner.syncopation * manner.syncopation,
                };
                (draw.unit().max(1e-6).ln() / weight, step)
            })
            .collect();
        places.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut onsets: Vec<usize> = places.iter().take(notes).map(|p| p.1).collect();
        onsets.sort_unstable();

        let half = (0.5 * manner.range).max(1.0);
        let mut step = draw.between(-0.6 * half, 0.6 * half).round() as i32;
        let mut direction = if draw.chance(0.5) { 1 } else { -1 };
        let cells = onsets
            .iter()
            .enumerate()
            .map(|(n, &at)| {
                let end = onsets.get(n + 1).copied().unwrap_or(manner.steps);
                let cell = Cell { at, length: end - at, step };
                // Mostly stepwise, now and then a leap or a repeated note.
                if draw.chance(0.3) || (step + direction).abs() as f32 > half {
                    direction = -direction;
                }
                step += direction * draw.pick(&[0, 1, 1, 1, 1, 2, 3]);
                step = step.clamp(-half as i32, half as i32);
                cell
            })
            .collect();
        Self { cells }
    }

    /// The idea with another ending.
    pub(crate) fn varied(&self, draw: &mut Draw) -> Self {
        let mut cells = self.cells.clone();
        let from = cells.len() / 2;
        for cell in &mut cells[from..] {
            cell.step += draw.pick(&[-2, -1, 1, 2]);
        }
        if cells.len() > 3 && draw.chance(0.5) {
            let dropped = cells.remove(from);
            cells[from - 1].length += dropped.length;
        }
        Self { cells }
    }

    /// The MIDI pitch of a cell over a chord: notes on the beat and long notes take chord tones.
    pub(crate) fn pitch(cell: &Cell, key: Key, chord: Chord, center: i32) -> i32 {
        // Scale step 0 lies at the tonic; the melody's centre is given as a MIDI pitch.
        let base = 7 * (center - 60 - key.tonic).div_euclid(12)
            + 7 * (center - 60 - key.tonic).rem_euclid(12) / 12;
        let pitch = key.pitch(base + cell.step);
        if cell.at.is_multiple_of(8) || cell.length >= 4 { chord.snap(key, pitch) } else { pitch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harmony::{Colour, Mode};
    use crate::random::{Purpose, stream};

    const MANNER: Manner = Manner { steps: 16, density: 6.0, syncopation: 0.3, range: 7.0 };

    #[test]
    fn motifs_fill_the_bar_within_their_range() {
        for seed in 0..50 {
            let motif = Motif::draw(&MANNER, &mut stream(seed, Purpose::Score, 0));
            assert!((5..=7).contains(&motif.cells.len()));
            assert!(motif.cells.iter().all(|c| c.step.abs() <= 3 && c.at + c.length <= 16));
            assert!(motif.cells.windows(2).all(|w| w[0].at + w[0].length == w[1].at));
        }
    }

    #[test]
    fn syncopation_moves_onsets_off_the_beat() {
        let share = |syncopation: f32| {
            let mut draw = stream(1, Purpose::Score, 0);
            let manner = Manner { syncopation, ..MANNER };
            let motifs: Vec<Motif> = (0..100).map(|_| Motif::draw(&manner, &mut draw)).collect();
            let cells: Vec<&Cell> = motifs.iter().flat_map(|m| &m.cells).collect();
            cells.iter().filter(|c| c.at % 4 != 0).count() as f32 / cells.len() as f32
        };
        assert!(share(0.05) < 0.5 && share(0.9) > 0.6, "{} {}", share(0.05), share(0.9));
    }

    #[test]
    fn pitches_stay_in_key_and_near_the_centre() {
        let key = Key { tonic: 2, mode: Mode::Dorian };
        let chord = Chord { degree: 3, colour: Colour::Triad };
        for step in -4..=4 {
            for at in [0, 3] {
                let pitch = Motif::pitch(&Cell { at, length: 2, step }, key, chord, 69);
                assert!((pitch - 69).abs() <= 12, "{pitch}");
                assert!([0, 2, 4, 5, 7, 9, 11].contains(&pitch.rem_euclid(12)), "{pitch}");
            }
        }
    }
}
