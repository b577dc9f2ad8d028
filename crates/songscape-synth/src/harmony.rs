//! Keys, modes, chords and progressions.

use crate::random::Draw;

/// A scale of seven steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Major,
    Mixolydian,
    Dorian,
    Minor,
    Phrygian,
}

impl Mode {
    fn semitones(self) -> [i32; 7] {
        match self {
            Self::Major => [0, 2, 4, 5, 7, 9, 11],
            Self::Mixolydian => [0, 2, 4, 5, 7, 9, 10],
            Self::Dorian => [0, 2, 3, 5, 7, 9, 10],
            Self::Minor => [0, 2, 3, 5, 7, 8, 10],
            Self::Phrygian => [0, 1, 3, 5, 7, 8, 10],
        }
    }

    pub(crate) fn is_minor(self) -> bool {
        !matches!(self, Self::Major | Self::Mixolydian)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Mixolydian => "mixolydian",
            Self::Dorian => "dorian",
            Self::Minor => "minor",
            Self::Phrygian => "phrygian",
        }
    }
}

/// A tonic (0 is C) and a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) tonic: i32,
    pub(crate) mode: Mode,
}

impl Key {
    /// The MIDI pitch of a scale step; step 0 is the tonic of octave 4 (60 + tonic).
    pub(crate) fn pitch(self, step: i32) -> i32 {
        60 + self.tonic
            + 12 * step.div_euclid(7)
            + self.mode.semitones()[step.rem_euclid(7) as usize]
    }

    pub(crate) fn name(self) -> String {
        const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
        format!("{} {}", NAMES[self.tonic.rem_euclid(12) as usize], self.mode.name())
    }
}

/// What is stacked on a chord's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Power,
    Triad,
    Suspended,
    Seventh,
    Ninth,
}

/// A chord on a degree (0–6) of the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chord {
    pub(crate) degree: i32,
    pub(crate) colour: Colour,
}

impl Chord {
    /// The chord's notes as scale steps above its root.
    pub(crate) fn stack(self) -> &'static [i32] {
        match self.colour {
            Colour::Power => &[0, 4, 7],
            Colour::Triad => &[0, 2, 4],
            Colour::Suspended => &[0, 3, 4],
            Colour::Seventh => &[0, 2, 4, 6],
            Colour::Ninth => &[0, 2, 6, 8],
        }
    }

    /// The pitch of one note of the chord in a key. The dominant of a minor key has the leading
    /// note.
    fn note(self, key: Key, above: i32) -> i32 {
        let leading = key.mode == Mode::Minor && self.degree == 4 && above == 2;
        key.pitch(self.degree + above) + i32::from(leading)
    }

    /// The root's pitch nearest to `center`.
    pub(crate) fn root(self, key: Key, center: i32) -> i32 {
        nearest(key.pitch(self.degree), center)
    }

    /// The pitch a fifth above the root nearest to `center`.
    pub(crate) fn fifth(self, key: Key, center: i32) -> i32 {
        self.root(key, center) + self.note(key, 4) - self.note(key, 0)
    }

    /// A close voicing: every note in the octave around `center`, lowest first. Power chords keep
    /// their root at the bottom.
    pub(crate) fn voicing(self, key: Key, center: i32) -> Vec<i32> {
        let mut pitches: Vec<i32> = if self.colour == Colour::Power {
            let root = self.root(key, center);
            self.stack()
                .iter()
                .map(|&above| root + self.note(key, above) - self.note(key, 0))
                .collect()
        } else {
            self.stack().iter().map(|&above| nearest(self.note(key, above), center)).collect()
        };
        pitches.sort_unstable();
        pitches.dedup();
        pitches
    }

    /// The chord's note nearest to a pitch.
    pub(crate) fn snap(self, key: Key, pitch: i32) -> i32 {
        self.stack()
            .iter()
            .map(|&above| nearest(self.note(key, above), pitch))
            .min_by_key(|candidate| (candidate - pitch).abs())
            .unwrap_or(pitch)
    }
}

/// The octave of a pitch that lies nearest to `center`.
fn nearest(pitch: i32, center: i32) -> i32 {
    center - 6 + (pitch - center + 6).rem_euclid(12)
}

/// A cycle of degrees (0 is the tonic).
pub(crate) type Progression = &'static [i32];

/// Gives each degree of a cycle its colour, with a probability of sevenths and ninths.
pub(crate) fn colour(
    cycle: Progression,
    probability: f32,
    power: bool,
    draw: &mut Draw,
) -> Vec<Chord> {
    let mut colours = [Colour::Triad; 7];
    for colour in &mut colours {
        *colour = if power {
            Colour::Power
        } else if draw.chance(probability) {
            draw.pick(&[Colour::Seventh, Colour::Seventh, Colour::Ninth])
        } else if draw.chance(0.08) {
            Colour::Suspended
        } else {
            Colour::Triad
        };
    }
    cycle
        .iter()
        .map(|&degree| Chord { degree, colour: colours[degree.rem_euclid(7) as usize] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: Key = Key { tonic: 0, mode: Mode::Major };
    const A: Key = Key { tonic: 9, mode: Mode::Minor };

    fn triad(degree: i32) -> Chord {
        Chord { degree, colour: Colour::Triad }
    }

    #[test]
    fn chords_have_their_notes() {
        assert_eq!(triad(0).voicing(C, 64), [60, 64, 67]);
        assert_eq!(triad(4).voicing(C, 62), [59, 62, 67]);
        let seventh = Chord { degree: 1, colour: Colour::Seventh };
        assert_eq!(seventh.voicing(C, 66), [60, 62, 65, 69]);
        // E major in A minor, with G sharp.
        assert_eq!(triad(4).voicing(A, 66), [64, 68, 71]);
        let power = Chord { degree: 0, colour: Colour::Power };
        assert_eq!(power.voicing(A, 47), [45, 52, 57]);
    }

    #[test]
    fn roots_fifths_and_snaps() {
        assert_eq!(triad(3).root(C, 41), 41);
        assert_eq!(triad(3).fifth(C, 41), 48);
        assert_eq!(triad(0).snap(C, 65), 64);
        assert_eq!(A.name(), "A minor");
    }
}
