//! The styles: when each was popular, and what it is made of.
//!
//! Names are generic words of our own. Popularity is a sum of bumps, each a two-sided Gaussian over
//! the years; a style's share of a year is its popularity over the sum of all.

use crate::harmony::{Mode, Progression};
use crate::instrument::{KitKind, Piece, Timbre};
use crate::part::{BassLine, Comping};
use crate::rhythm::{Groove, Swing};

/// One wave of popularity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bump {
    peak: f32,
    /// Standard deviations in years before and after the peak.
    rise: f32,
    fall: f32,
    height: f32,
}

const fn bump(peak: f32, rise: f32, fall: f32, height: f32) -> Bump {
    Bump { peak, rise, fall, height }
}

/// Candidates with their weights.
pub(crate) type Choice<T> = &'static [(T, f32)];

/// The vocabulary of a style.
#[derive(Debug)]
pub(crate) struct Style {
    pub(crate) name: &'static str,
    pub(crate) popularity: &'static [Bump],
    /// Beats per minute.
    pub(crate) tempo: (f32, f32),
    /// How strongly it swings when it may, 0–1.
    pub(crate) swing: f32,
    pub(crate) modes: Choice<Mode>,
    pub(crate) progressions: &'static [Progression],
    pub(crate) grooves: &'static [Groove],
    pub(crate) kits: Choice<KitKind>,
    pub(crate) basses: Choice<Timbre>,
    pub(crate) bass_lines: Choice<BassLine>,
    pub(crate) chords: Choice<Timbre>,
    pub(crate) compings: Choice<Comping>,
    pub(crate) pads: Choice<Timbre>,
    pub(crate) leads: Choice<Timbre>,
    pub(crate) hooks: Choice<Timbre>,
    pub(crate) answers: Choice<Timbre>,
    /// Probabilities that an artist has drums, a pad and a hook.
    pub(crate) drums: f32,
    pub(crate) pad: f32,
    pub(crate) hook: f32,
}

impl Style {
    /// Relative popularity in a year, about 0–1.
    pub(crate) fn popularity(&self, year: f32) -> f32 {
        self.popularity
            .iter()
            .map(|b| {
                let width = if year < b.peak { b.rise } else { b.fall };
                b.height * (-0.5 * ((year - b.peak) / width).powi(2)).exp()
            })
            .sum()
    }
}

use BassLine::{Eighths, Held, Octaves, RootFifth, Slides, Syncopated, Walking};
use Comping::{Broken, Charleston, Offbeat, Quarters, Strummed, Sustained, Tresillo};
use KitKind::{Box, Brush, Club, Dry, Electronic, Live, Sampled, Sub};
use Mode::{Dorian, Major, Minor, Mixolydian, Phrygian};
use Timbre::{
    Bell, Brass, Crunch, ElectricBass, Flute, FmBass, GlassPad, GlassPiano, Muted, Nylon, Organ,
    Piano, Reed, SawLead, SawPad, SquareLead, Steel, Strings, SubBass, SynthBass, SynthPluck,
    TinePiano, TunedVoice, Twang, TwelveString, UprightBass, Vibes, Voice, WideSaw,
};

const fn groove(
    swing: Swing,
    kick: &'static str,
    snare: &'static str,
    back: Piece,
    hat: &'static str,
    extra: Option<(Piece, &'static str)>,
) -> Groove {
    Groove { swing, kick, snare, back, hat, extra }
}

const BALLAD: Groove = groove(
    Swing::Eighths,
    "x.......x.....o.",
    "....x.......x...",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    None,
);
const SHUFFLE: Groove = groove(
    Swing::Eighths,
    "x.....o.x.....o.",
    "....x.......x...",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    Some((Piece::Ride, "x...x.x.x...x.x.")),
);
const WALTZ: Groove =
    groove(Swing::Eighths, "x...........", "....o...o...", Piece::Snare, "x...x...x.o.", None);
const BEAT: Groove = groove(
    Swing::Eighths,
    "x.....x.x.......",
    "....x.......x...",
    Piece::Snare,
    "x.x.x.x.x.x.x.x.",
    Some((Piece::Shaker, "x.x.x.x.x.x.x.x.")),
);
const DOUBLE: Groove = groove(
    Swing::Eighths,
    "x.......x.x.....",
    "....x.x.....x...",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    None,
);
const STOMP: Groove = groove(
    Swing::Eighths,
    "x.....x...x...x.",
    "x...x...x...x...",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    None,
);
const POCKET: Groove = groove(
    Swing::Sixteenths,
    "x..o..x...x.....",
    "....x..o....x..o",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    None,
);
const FUNK: Groove = groove(
    Swing::Sixteenths,
    "x..x..x...x..x..",
    "....x..o.o..x..o",
    Piece::Snare,
    "xoxoxoxoxoxoxoxo",
    None,
);
const FOUR: Groove = groove(
    Swing::Sixteenths,
    "x...x...x...x...",
    "....x.......x...",
    Piece::Snare,
    "x.o.x.o.x.o.x.o.",
    Some((Piece::Open, "..x...x...x...x.")),
);
const MACHINE: Groove = groove(
    Swing::Sixteenths,
    "x.......x.x.....",
    "....x.......x...",
    Piece::Snare,
    "x.x.x.x.x.x.x.x.",
    Some((Piece::Clap, "....x.......x..o")),
);
const ROCK: Groove = groove(
    Swing::Eighths,
    "x.....x.x.x.....",
    "....x.......x...",
    Piece::Snare,
    "x.x.x.x.x.x.x.x.",
    None,
);
const FAST: Groove = groove(
    Swing::Eighths,
    "x...x...x..xx...",
    "..x...x...x...x.",
    Piece::Snare,
    "x.x.x.x.x.x.x.x.",
    None,
);
const BREAKS: Groove = groove(
    Swing::Sixteenths,
    "x.x.......xx....",
    "....x..o.o..x...",
    Piece::Snare,
    "x.x.x.x.x.x.x.x.",
    None,
);
const NOD: Groove = groove(
    Swing::Sixteenths,
    "x......x..x.....",
    "....x.......x...",
    Piece::Snare,
    "x.x.x.xox.x.x.x.",
    None,
);
const HOUSE: Groove = groove(
    Swing::Sixteenths,
    "x...x...x...x...",
    "....x.......x...",
    Piece::Clap,
    "o.o.o.o.o.o.o.oo",
    Some((Piece::Open, "..x...x...x...x.")),
);
const BROKEN: Groove = groove(
    Swing::Sixteenths,
    "x.....x...x..x..",
    "....x.......x...",
    Piece::Clap,
    "x.x.x.x.x.x.x.x.",
    Some((Piece::Shaker, "xoxoxoxoxoxoxoxo")),
);
const HALF: Groove = groove(
    Swing::Sixteenths,
    "x.....x....x....",
    "........x.......",
    Piece::Clap,
    "x.x.x.x.x.x.x.x.",
    None,
);
const SPARSE: Groove = groove(
    Swing::Sixteenths,
    "x..x......x.....",
    "........x.......",
    Piece::Snare,
    "x...x...x...x.x.",
    None,
);
const SHAKEN: Groove = groove(
    Swing::Eighths,
    "x.......x.......",
    "....o.......o...",
    Piece::Snare,
    "................",
    Some((Piece::Shaker, "x.o.x.o.x.o.x.o.")),
);

/// All styles, in the order of their first wave.
pub(crate) const STYLES: [Style; 10] = [
    Style {
        name: "parlour",
        popularity: &[bump(1959.0, 7.0, 6.0, 1.15)],
        tempo: (66.0, 112.0),
        swing: 1.0,
        modes: &[(Major, 4.0), (Minor, 1.0)],
        progressions: &[&[0, 5, 3, 4], &[0, 5, 1, 4], &[1, 4, 0, 0], &[0, 3, 0, 4], &[2, 5, 1, 4]],
        grooves: &[BALLAD, SHUFFLE, WALTZ],
        kits: &[(Brush, 3.0), (Live, 1.0)],
        basses: &[(UprightBass, 3.0), (ElectricBass, 1.0)],
        bass_lines: &[(RootFifth, 2.0), (Walking, 2.0)],
        chords: &[(Piano, 2.0), (Nylon, 1.0), (Organ, 1.0), (Twang, 1.0)],
        compings: &[(Sustained, 1.0), (Quarters, 2.0), (Broken, 2.0), (Charleston, 1.0)],
        pads: &[(Strings, 3.0), (Organ, 1.0), (Voice, 1.0)],
        leads: &[(Voice, 4.0), (Reed, 1.0), (Flute, 1.0)],
        hooks: &[(Vibes, 2.0), (Twang, 1.0), (Piano, 1.0)],
        answers: &[(Strings, 2.0), (Brass, 1.0), (Vibes, 1.0)],
        drums: 0.85,
        pad: 0.8,
        hook: 0.4,
    },
    Style {
        name: "jangle",
        popularity: &[bump(1966.0, 3.5, 4.5, 1.0)],
        tempo: (108.0, 152.0),
        swing: 0.4,
        modes: &[(Major, 3.0), (Mixolydian, 2.0), (Dorian, 0.6)],
        progressions: &[&[0, 3, 4, 3], &[0, 6, 3, 0], &[0, 4, 3, 0], &[0, 5, 3, 4], &[0, 2, 3, 4]],
        grooves: &[BEAT, DOUBLE, ROCK],
        kits: &[(Live, 3.0), (Dry, 1.0)],
        basses: &[(ElectricBass, 1.0)],
        bass_lines: &[(Eighths, 1.0), (RootFifth, 2.0), (Walking, 0.5)],
        chords: &[(TwelveString, 3.0), (Twang, 2.0), (Steel, 1.0), (Organ, 0.7)],
        compings: &[(Strummed, 3.0), (Broken, 2.0), (Quarters, 1.0)],
        pads: &[(Organ, 2.0), (Voice, 1.0), (Reed, 1.0)],
        leads: &[(Voice, 4.0), (Twang, 1.0)],
        hooks: &[(TwelveString, 2.0), (Twang, 2.0), (Reed, 0.7)],
        answers: &[(Voice, 2.0), (Twang, 1.0), (Reed, 1.0)],
        drums: 1.0,
        pad: 0.4,
        hook: 0.7,
    },
    Style {
        name: "velvet",
        popularity: &[bump(1971.0, 4.5, 5.5, 0.95), bump(2009.0, 4.0, 4.0, 0.12)],
        tempo: (76.0, 124.0),
        swing: 0.5,
        modes: &[(Major, 2.0), (Mixolydian, 1.0), (Dorian, 2.0)],
        progressions: &[&[0, 3, 0, 3], &[0, 1, 3, 4], &[5, 1, 4, 0], &[0, 2, 3, 4], &[1, 4, 0, 5]],
        grooves: &[STOMP, POCKET, BALLAD],
        kits: &[(Dry, 3.0), (Live, 2.0)],
        basses: &[(ElectricBass, 4.0), (UprightBass, 1.0)],
        bass_lines: &[(Syncopated, 3.0), (Eighths, 1.0), (Walking, 0.7)],
        chords: &[(Organ, 2.0), (TinePiano, 2.0), (Piano, 1.0), (Muted, 1.0)],
        compings: &[(Offbeat, 1.5), (Charleston, 2.0), (Quarters, 1.0), (Sustained, 1.0)],
        pads: &[(Strings, 2.0), (Organ, 2.0), (Voice, 1.0)],
        leads: &[(Voice, 5.0), (Brass, 0.7), (Flute, 0.7)],
        hooks: &[(Brass, 1.0), (Muted, 2.0), (Vibes, 1.0)],
        answers: &[(Brass, 3.0), (Strings, 1.0), (Voice, 1.0)],
        drums: 1.0,
        pad: 0.6,
        hook: 0.5,
    },
    Style {
        name: "porch",
        popularity: &[bump(1974.0, 5.0, 6.0, 0.7), bump(2011.0, 4.0, 5.0, 0.18)],
        tempo: (80.0, 132.0),
        swing: 0.4,
        modes: &[(Major, 3.0), (Minor, 1.5), (Mixolydian, 1.0), (Dorian, 1.0)],
        progressions: &[&[0, 3, 0, 4], &[0, 4, 5, 3], &[0, 2, 3, 0], &[5, 3, 0, 4], &[0, 6, 3, 0]],
        grooves: &[SHAKEN, WALTZ, BALLAD],
        kits: &[(Brush, 2.0), (Dry, 1.0), (Live, 1.0)],
        basses: &[(UprightBass, 2.0), (ElectricBass, 1.0)],
        bass_lines: &[(RootFifth, 3.0), (Held, 1.0)],
        chords: &[(Nylon, 2.0), (Steel, 3.0), (Piano, 0.7)],
        compings: &[(Broken, 4.0), (Strummed, 2.0)],
        pads: &[(Strings, 1.0), (Reed, 1.0), (Voice, 1.0)],
        leads: &[(Voice, 4.0), (Flute, 1.0), (Reed, 0.7)],
        hooks: &[(Steel, 1.0), (Nylon, 1.0), (Piano, 0.5)],
        answers: &[(Voice, 1.0), (Flute, 1.0), (Strings, 1.0)],
        drums: 0.5,
        pad: 0.4,
        hook: 0.4,
    },
    Style {
        name: "strut",
        popularity: &[bump(1978.0, 3.5, 4.5, 1.0), bump(2015.0, 3.0, 4.0, 0.15)],
        tempo: (96.0, 126.0),
        swing: 0.4,
        modes: &[(Dorian, 3.0), (Minor, 1.5), (Major, 1.0), (Mixolydian, 1.0)],
        progressions: &[&[0, 3, 0, 3], &[0, 6, 3, 4], &[1, 4, 0, 5], &[0, 0, 3, 3], &[5, 1, 4, 0]],
        grooves: &[FOUR, FUNK, POCKET],
        kits: &[(Dry, 3.0), (Live, 1.0), (Electronic, 0.5)],
        basses: &[(ElectricBass, 3.0), (SynthBass, 1.0)],
        bass_lines: &[(Octaves, 2.0), (Syncopated, 3.0)],
        chords: &[(Muted, 3.0), (TinePiano, 2.0), (Piano, 1.0)],
        compings: &[(Offbeat, 1.5), (Tresillo, 2.0), (Charleston, 1.5)],
        pads: &[(Strings, 4.0), (SawPad, 1.0)],
        leads: &[(Voice, 4.0), (Brass, 1.0), (SawLead, 1.0)],
        hooks: &[(Muted, 2.0), (Brass, 1.0), (SawLead, 1.0)],
        answers: &[(Brass, 2.0), (Strings, 2.0), (Voice, 1.0)],
        drums: 1.0,
        pad: 0.8,
        hook: 0.7,
    },
    Style {
        name: "neon",
        popularity: &[bump(1985.0, 4.0, 4.5, 1.05)],
        tempo: (98.0, 138.0),
        swing: 0.0,
        modes: &[(Minor, 3.0), (Major, 2.0), (Dorian, 1.0), (Mixolydian, 1.0)],
        progressions: &[&[0, 5, 6, 4], &[5, 6, 0, 0], &[0, 3, 5, 4], &[3, 4, 2, 5], &[0, 6, 5, 6]],
        grooves: &[MACHINE, FOUR, HOUSE],
        kits: &[(Electronic, 4.0), (Box, 1.0)],
        basses: &[(SynthBass, 3.0), (FmBass, 2.0)],
        bass_lines: &[(Octaves, 2.0), (Eighths, 3.0), (Syncopated, 1.0)],
        chords: &[(GlassPiano, 2.0), (SawPad, 1.0), (SquareLead, 1.0), (Muted, 1.0)],
        compings: &[(Sustained, 2.0), (Tresillo, 2.0), (Charleston, 1.0)],
        pads: &[(SawPad, 3.0), (GlassPad, 2.0), (Strings, 1.0)],
        leads: &[(Voice, 3.0), (SawLead, 2.0), (SquareLead, 1.0)],
        hooks: &[(SquareLead, 2.0), (Bell, 1.0), (SawLead, 1.0), (SynthPluck, 1.0)],
        answers: &[(Bell, 1.0), (SawLead, 1.0), (Voice, 1.0), (Brass, 0.5)],
        drums: 1.0,
        pad: 0.9,
        hook: 0.9,
    },
    Style {
        name: "grit",
        popularity: &[bump(1992.5, 5.0, 5.5, 0.95)],
        tempo: (84.0, 168.0),
        swing: 0.1,
        modes: &[(Minor, 3.0), (Mixolydian, 1.5), (Phrygian, 0.7), (Dorian, 1.0), (Major, 1.0)],
        progressions: &[&[0, 5, 2, 6], &[0, 6, 5, 6], &[0, 2, 3, 5], &[0, 3, 6, 0], &[0, 4, 5, 3]],
        grooves: &[ROCK, FAST, BEAT],
        kits: &[(Live, 4.0), (Dry, 1.0)],
        basses: &[(ElectricBass, 1.0)],
        bass_lines: &[(Eighths, 4.0), (RootFifth, 1.0)],
        chords: &[(Crunch, 5.0), (Twang, 1.0)],
        compings: &[(Strummed, 2.0), (Quarters, 1.0), (Sustained, 2.0), (Tresillo, 1.0)],
        pads: &[(Organ, 1.0), (Strings, 1.0), (Steel, 1.0)],
        leads: &[(Voice, 5.0), (Crunch, 1.0)],
        hooks: &[(Crunch, 2.0), (Twang, 1.0), (Steel, 1.0)],
        answers: &[(Crunch, 2.0), (Voice, 1.0)],
        drums: 1.0,
        pad: 0.3,
        hook: 0.5,
    },
    Style {
        name: "cipher",
        popularity: &[bump(1999.5, 4.5, 5.5, 0.95)],
        tempo: (80.0, 108.0),
        swing: 1.0,
        modes: &[(Minor, 4.0), (Dorian, 2.0), (Phrygian, 1.0)],
        progressions: &[&[0, 0, 5, 4], &[0, 3, 0, 3], &[0, 5, 0, 4], &[0, 6, 5, 4], &[0, 0, 0, 3]],
        grooves: &[BREAKS, NOD, POCKET],
        kits: &[(Sampled, 4.0), (Sub, 1.0)],
        basses: &[(SubBass, 2.0), (ElectricBass, 1.0), (UprightBass, 1.0)],
        bass_lines: &[(Syncopated, 2.0), (Held, 2.0), (Slides, 0.7)],
        chords: &[(TinePiano, 2.0), (Piano, 2.0), (Nylon, 1.0), (Strings, 1.0)],
        compings: &[(Charleston, 2.0), (Sustained, 1.0), (Broken, 1.0), (Tresillo, 1.0)],
        pads: &[(Strings, 2.0), (Organ, 1.0), (SawPad, 1.0)],
        leads: &[(Voice, 3.0), (TunedVoice, 1.0), (Flute, 0.7)],
        hooks: &[(Vibes, 1.0), (Piano, 1.0), (Strings, 1.0), (Brass, 0.7)],
        answers: &[(Voice, 1.0), (Brass, 1.0), (Bell, 1.0)],
        drums: 1.0,
        pad: 0.5,
        hook: 0.8,
    },
    Style {
        name: "pulse",
        popularity: &[bump(2008.0, 5.0, 6.0, 1.0)],
        tempo: (112.0, 134.0),
        swing: 0.15,
        modes: &[(Minor, 3.0), (Major, 2.0), (Dorian, 1.0)],
        progressions: &[&[5, 3, 0, 4], &[0, 4, 5, 3], &[0, 5, 2, 6], &[0, 6, 5, 6], &[3, 0, 4, 5]],
        grooves: &[HOUSE, FOUR, BROKEN],
        kits: &[(Club, 4.0), (Electronic, 0.7)],
        basses: &[(SynthBass, 3.0), (SubBass, 2.0)],
        bass_lines: &[(Octaves, 1.0), (Eighths, 2.0), (Held, 1.0), (Syncopated, 1.0)],
        chords: &[(WideSaw, 3.0), (Piano, 1.5), (SynthPluck, 2.0)],
        compings: &[(Tresillo, 3.0), (Offbeat, 2.0), (Sustained, 1.0)],
        pads: &[(SawPad, 2.0), (WideSaw, 1.0), (GlassPad, 1.0), (Strings, 1.0)],
        leads: &[(TunedVoice, 3.0), (Voice, 1.0), (WideSaw, 1.5)],
        hooks: &[(SynthPluck, 2.0), (WideSaw, 1.0), (SquareLead, 1.0), (Bell, 0.5)],
        answers: &[(WideSaw, 1.0), (Bell, 1.0), (TunedVoice, 1.0)],
        drums: 1.0,
        pad: 0.8,
        hook: 0.95,
    },
    Style {
        name: "drift",
        popularity: &[bump(2018.0, 5.0, 6.0, 1.1)],
        tempo: (124.0, 156.0),
        swing: 0.1,
        modes: &[(Minor, 4.0), (Phrygian, 1.0), (Dorian, 1.0)],
        progressions: &[&[0, 5, 0, 5], &[0, 2, 5, 4], &[5, 4, 0, 0], &[0, 0, 5, 6], &[3, 4, 0, 0]],
        grooves: &[HALF, SPARSE],
        kits: &[(Sub, 5.0), (Sampled, 0.5)],
        basses: &[(SubBass, 5.0), (SynthBass, 0.5)],
        bass_lines: &[(Slides, 3.0), (Held, 1.0)],
        chords: &[(TinePiano, 1.0), (SynthPluck, 2.0), (Nylon, 1.0), (Piano, 1.0)],
        compings: &[(Sustained, 1.0), (Broken, 2.0), (Charleston, 1.0)],
        pads: &[(GlassPad, 2.0), (SawPad, 2.0), (Voice, 1.0)],
        leads: &[(TunedVoice, 5.0), (Flute, 0.7)],
        hooks: &[(Bell, 2.0), (SynthPluck, 2.0), (Flute, 1.0), (Nylon, 1.0)],
        answers: &[(TunedVoice, 2.0), (Bell, 1.0)],
        drums: 0.95,
        pad: 0.9,
        hook: 0.9,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_rises_and_falls_within_the_years() {
        for style in &STYLES {
            let curve: Vec<f32> = (1960..=2020).map(|year| style.popularity(year as f32)).collect();
            let peak = curve.iter().copied().fold(0.0, f32::max);
            let (first, last) = (curve[0], curve[60]);
            assert!(first.min(last) < 0.35 * peak, "{}: {first} … {last}", style.name);
        }
    }

    #[test]
    fn several_styles_share_every_year() {
        for year in 1960..=2020 {
            let values: Vec<f32> = STYLES.iter().map(|s| s.popularity(year as f32)).collect();
            let total: f32 = values.iter().sum();
            let most = values.iter().copied().fold(0.0, f32::max);
            assert!(total > 0.5, "{year}: {total}");
            assert!(most / total < 0.85, "{year}: {}", most / total);
        }
    }

    #[test]
    fn grooves_are_whole_bars() {
        for groove in STYLES.iter().flat_map(|s| s.grooves) {
            let steps = groove.steps();
            assert!(steps == 12 || steps == 16);
            assert_eq!((groove.snare.len(), groove.hat.len()), (steps, steps));
            assert!(groove.extra.is_none_or(|(_, line)| line.len() == steps));
        }
    }
}
