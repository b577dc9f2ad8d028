//! The form of a song: sections that differ in who plays and how much.

use Kind::{Break, Bridge, Chorus, Intro, Solo, Verse};

use crate::random::Draw;

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Intro,
    Verse,
    Chorus,
    Bridge,
    Solo,
    Break,
}

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Drums,
    Bass,
    Chords,
    Pad,
    Lead,
    Hook,
    Answer,
}

impl Role {
    pub(crate) const ALL: [Self; 7] =
        [Self::Drums, Self::Bass, Self::Chords, Self::Pad, Self::Lead, Self::Hook, Self::Answer];
}

/// A stretch of whole bars.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) kind: Kind,
    pub(crate) first: usize,
    pub(crate) bars: usize,
    /// 0 sparse – 1 full.
    pub(crate) energy: f32,
    /// By role, in the order of [`Role::ALL`].
    pub(crate) plays: [bool; 7],
    /// The mixer's moves in dB, by role.
    pub(crate) trim: [f32; 7],
    /// Spectral tilt of the section in dB.
    pub(crate) tilt: f32,
    /// The frequency in Hz around which it is tilted.
    pub(crate) pivot: f32,
    /// Octaves by which the chords' register moves.
    pub(crate) register: i32,
    /// Semitones above the song's key.
    pub(crate) lift: i32,
}

impl Section {
    pub(crate) fn has(&self, role: Role) -> bool {
        self.plays[role as usize]
    }
}

/// What an artist's arrangements are like.
#[derive(Debug, Clone)]
pub(crate) struct Arranging {
    /// The energy from which each role plays; infinite where there is no such role.
    pub(crate) threshold: [f32; 7],
    /// How far the sections' tilt and levels differ, in dB.
    pub(crate) contrast: f32,
}

/// Orders of sections; they are repeated from the third on if the song is longer. The second half
/// always holds something that the first has not.
const FORMS: [&[Kind]; 8] = [
    &[Intro, Verse, Verse, Chorus, Bridge, Chorus],
    &[Verse, Verse, Bridge, Verse, Solo, Chorus],
    &[Intro, Verse, Chorus, Break, Chorus, Solo],
    &[Verse, Chorus, Bridge, Solo, Chorus, Verse],
    &[Intro, Intro, Verse, Chorus, Chorus, Break],
    &[Chorus, Chorus, Verse, Verse, Bridge, Chorus],
    &[Break, Verse, Verse, Chorus, Solo, Chorus],
    &[Chorus, Verse, Verse, Break, Chorus, Bridge],
];

/// The sections of a song of a number of bars, `per` bars each.
pub(crate) fn lay_out(
    bars: usize,
    per: usize,
    arranging: &Arranging,
    lift: i32,
    draw: &mut Draw,
) -> Vec<Section> {
    let form = draw.pick(&FORMS);
    let mut sections = Vec::new();
    let (mut first, mut at) = (0, 0);
    while first < bars {
        let kind = if at < form.len() { form[at] } else { form[2 + (at - 2) % (form.len() - 2)] };
        let length = match kind {
            Intro if per > 2 => per / 2,
            _ => per,
        };
        let late = 2 * first >= bars;
        sections.push(section(kind, first, length, arranging, if late { lift } else { 0 }, draw));
        first += length;
        at += 1;
    }
    sections
}

fn section(
    kind: Kind,
    first: usize,
    bars: usize,
    arranging: &Arranging,
    lift: i32,
    draw: &mut Draw,
) -> Section {
    let center = match kind {
        Intro => 0.42,
        Verse => 0.58,
        Chorus => 0.95,
        Bridge => 0.5,
        Solo => 0.78,
        Break => 0.3,
    };
    let energy = (center + 0.07 * draw.normal()).clamp(0.15, 1.0);
    let mut plays = [false; 7];
    for role in Role::ALL {
        let threshold = arranging.threshold[role as usize];
        // Somebody may rest or join against expectation.
        let turn = threshold.is_finite() && draw.chance(0.12);
        plays[role as usize] = (energy >= threshold) != turn;
    }
    let index = |role: Role| role as usize;
    match kind {
        Intro | Break => plays[index(Role::Lead)] = false,
        // The answer's instrument takes the melody.
        Solo => plays[index(Role::Lead)] = true,
        Verse | Chorus => {
            plays[index(Role::Lead)] = arranging.threshold[index(Role::Lead)].is_finite();
        }
        Bridge => {}
    }
    let tonal = [Role::Chords, Role::Pad, Role::Hook];
    if !tonal.iter().any(|&role| plays[index(role)]) {
        let role = tonal.iter().min_by(|a, b| {
            arranging.threshold[index(**a)].total_cmp(&arranging.threshold[index(**b)])
        });
        plays[index(role.copied().unwrap_or(Role::Chords))] = true;
    }
    Section {
        kind,
        first,
        bars,
        energy,
        plays,
        trim: [(); 7].map(|()| arranging.contrast * 0.7 * draw.normal()),
        tilt: 0.8 * arranging.contrast * draw.normal(),
        pivot: 300.0 * draw.between(0.0, 3.3).exp2(),
        register: match kind {
            Bridge | Solo => draw.pick(&[-1, 0, 1]),
            Chorus => draw.pick(&[0, 0, 1]),
            _ => 0,
        },
        lift,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn sections_cover_the_song_without_gaps_and_always_sound() {
        let arranging = Arranging { threshold: [0.4, 0.3, 0.2, 0.7, 0.5, 0.8, 0.9], contrast: 2.0 };
        for seed in 0..100 {
            let mut draw = stream(seed, Purpose::Song, 0);
            for (bars, per) in [(15, 4), (8, 2), (100, 8), (1, 2)] {
                let sections = lay_out(bars, per, &arranging, 2, &mut draw);
                let mut next = 0;
                for section in &sections {
                    assert_eq!(section.first, next);
                    next += section.bars;
                    let tonal = [Role::Chords, Role::Pad, Role::Hook];
                    assert!(tonal.iter().any(|&role| section.has(role)));
                }
                assert!(next >= bars);
            }
        }
    }
}
