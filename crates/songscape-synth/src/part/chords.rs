use super::{Player, bars};
use crate::composition::Composition;
use crate::form::{Kind, Role};
use crate::instrument::Note;
use crate::random::Draw;

/// How chords are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comping {
    /// Held until the next chord.
    Sustained,
    /// On every beat.
    Quarters,
    /// Between the beats.
    Offbeat,
    /// Down and up in eighths.
    Strummed,
    /// One note after the other.
    Broken,
    /// On one and on the and of two.
    Charleston,
    /// Three, three and two.
    Tresillo,
}

impl Comping {
    /// Onset, length (in sixteenths) and loudness of the strokes in a bar.
    fn strokes(self, steps: usize, chord_steps: usize, fine: bool) -> Vec<(usize, usize, f32)> {
        match self {
            Self::Sustained => {
                let length = chord_steps.min(steps);
                (0..steps).step_by(length).map(|s| (s, length, 0.7)).collect()
            }
            Self::Quarters => {
                (0..steps).step_by(4).map(|s| (s, 4, if s % 8 == 0 { 0.8 } else { 0.6 })).collect()
            }
            Self::Offbeat => (2..steps).step_by(4).map(|s| (s, 1, 0.8)).collect(),
            Self::Strummed | Self::Broken => {
                let by = if fine { 1 } else { 2 };
                let loud = |s: usize| if s.is_multiple_of(4) { 0.8 } else { 0.5 };
                (0..steps)
                    .step_by(by)
                    .filter(|s| self == Self::Broken || s % 8 != 2)
                    .map(|s| (s, by, loud(s)))
                    .collect()
            }
            Self::Charleston => vec![(0, 5, 0.8), (6, 2, 0.7)],
            Self::Tresillo => (0..steps)
                .step_by(8)
                .flat_map(|s| [(s, 3, 0.8), (s + 3, 3, 0.7), (s + 6, 2, 0.7)])
                .collect(),
        }
    }
}

/// The part that plays the chords in rhythm.
pub(crate) fn chords(song: &Composition, comping: Comping, strum: f32, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    let steps = song.steps;
    let fine = song.playing.division > 2.1;
    for section in song.sections.iter().filter(|s| s.has(Role::Chords)) {
        let center = song.chord_center + 12 * section.register;
        // Quiet sections hold what others strike.
        let calm = matches!(section.kind, Kind::Bridge | Kind::Break) && comping != Comping::Broken;
        let manner = if calm { Comping::Sustained } else { comping };
        let strokes = manner.strokes(steps, song.chord_steps, fine);
        let gate = if calm { 0.5 + 0.45 * song.playing.gate } else { song.playing.gate };
        for bar in bars(section, song) {
            let strokes = strokes.iter().filter(|s| s.0 < steps);
            for (count, &(step, length, loud)) in strokes.enumerate() {
                let voicing = song.chord(bar, step).voicing(song.key(bar), center);
                if manner == Comping::Broken {
                    // Up and down through the chord.
                    let n = voicing.len().max(2);
                    let turn = count % (2 * n - 2);
                    let index = if turn < n { turn } else { 2 * n - 2 - turn };
                    if let Some(&pitch) = voicing.get(index) {
                        player.play(bar, step as f64, 2.5 * length as f64, gate, pitch, loud);
                    }
                } else {
                    let first = player.notes.len();
                    for &pitch in &voicing {
                        player.play(bar, step as f64, length as f64, gate, pitch, loud);
                    }
                    spread(&mut player.notes[first..], strum, count % 2 == 1);
                }
            }
        }
    }
    player.notes
}

/// Lets the notes of a chord begin one after the other.
fn spread(chord: &mut [Note], strum: f32, upward: bool) {
    let Some(start) = chord.first().map(|note| note.start) else { return };
    let last = chord.len() - 1;
    for (n, note) in chord.iter_mut().enumerate() {
        let place = if upward { last - n } else { n };
        if strum > 0.0 {
            note.start = start + f64::from(strum) * place as f64;
        }
    }
}

/// Long chords behind everything.
pub(crate) fn pad(song: &Composition, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    for section in song.sections.iter().filter(|s| s.has(Role::Pad)) {
        let center = song.chord_center + 5 - 12 * section.register;
        for bar in bars(section, song) {
            let length = song.chord_steps.min(song.steps);
            for step in (0..song.steps).step_by(length) {
                // A chord of two bars is struck once.
                if song.chord_steps > song.steps && (bar - section.first) % 2 == 1 {
                    continue;
                }
                for pitch in song.chord(bar, step).voicing(song.key(bar), center) {
                    player.play(bar, step as f64, song.chord_steps as f64, 0.97, pitch, 0.6);
                }
            }
        }
    }
    player.notes
}
