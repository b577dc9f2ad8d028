//! The instruments by name: when each was in use, and how a patch of it is drawn.

use super::{Additive, Envelope, Fm, Patch, Pluck, Tone, Vibrato};
use crate::effect::Band;
use crate::random::Draw;

/// An instrument that can be asked for by a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timbre {
    Nylon,
    Steel,
    TwelveString,
    Twang,
    Muted,
    Crunch,
    UprightBass,
    ElectricBass,
    Piano,
    Organ,
    Reed,
    Strings,
    Brass,
    Flute,
    Voice,
    TunedVoice,
    Vibes,
    TinePiano,
    GlassPiano,
    Bell,
    SynthBass,
    FmBass,
    SubBass,
    SawLead,
    SquareLead,
    SawPad,
    GlassPad,
    WideSaw,
    SynthPluck,
}

impl Timbre {
    /// How far the instrument was in use in a year, 0–1: synthetic ones come up within a few years.
    pub(crate) fn in_use(self, year: f32) -> f32 {
        let since = match self {
            Self::TwelveString => 1963.0,
            Self::Crunch => 1968.0,
            Self::TinePiano => 1967.0,
            Self::SynthBass | Self::SawLead => 1974.0,
            Self::SquareLead | Self::SawPad => 1977.0,
            Self::GlassPiano | Self::GlassPad | Self::FmBass => 1983.0,
            Self::Bell | Self::SubBass => 1984.0,
            Self::SynthPluck => 1988.0,
            Self::WideSaw => 1996.0,
            Self::TunedVoice => 2000.0,
            _ => return 1.0,
        };
        ((year - since + 2.0) / 6.0).clamp(0.0, 1.0)
    }

    /// A patch of this instrument with an artist's own colour.
    pub(crate) fn patch(self, draw: &mut Draw) -> Patch {
        match self {
            Self::Nylon
            | Self::Steel
            | Self::TwelveString
            | Self::Twang
            | Self::Muted
            | Self::Crunch
            | Self::UprightBass
            | Self::ElectricBass => self.plucked(draw),
            Self::Vibes
            | Self::TinePiano
            | Self::GlassPiano
            | Self::Bell
            | Self::FmBass
            | Self::GlassPad => self.modulated(draw),
            _ => self.harmonic(draw),
        }
    }

    fn plucked(self, draw: &mut Draw) -> Patch {
        // bright, place, ring, damping, drive, strum, octave
        let (bright, place, ring, damping, drive, strum, octave) = match self {
            Self::Nylon => (0.22, 0.22, 3.0, 0.42, 0.0, 0.012, 0.0),
            Self::Steel => (0.50, 0.15, 5.0, 0.30, 0.0, 0.012, 0.0),
            Self::TwelveString => (0.75, 0.12, 5.0, 0.22, 0.0, 0.016, 0.0),
            Self::Twang => (0.55, 0.10, 3.5, 0.30, 0.6, 0.010, 0.0),
            Self::Muted => (0.60, 0.12, 0.5, 0.40, 0.4, 0.004, 0.0),
            Self::Crunch => (0.60, 0.14, 6.0, 0.30, 7.0, 0.006, -12.0),
            Self::UprightBass => (0.15, 0.28, 1.6, 0.46, 0.0, 0.0, 0.0),
            _ => (0.32, 0.18, 3.5, 0.36, 0.5, 0.0, 0.0),
        };
        let tone = Tone::Pluck(Pluck {
            bright: (bright * (0.25 * draw.normal()).exp()).min(1.0),
            place: (place * (0.25 * draw.normal()).exp()).clamp(0.05, 0.45),
            ring: ring * (0.2 * draw.normal()).exp(),
            damping: (damping * (0.12 * draw.normal()).exp()).clamp(0.05, 0.5),
        });
        let body = match self {
            Self::Nylon | Self::Steel | Self::TwelveString | Self::UprightBass => vec![
                Band::Peak { hz: draw.between(95.0, 210.0), db: draw.between(2.0, 6.0), q: 1.5 },
                Band::Peak {
                    hz: draw.between(1500.0, 4500.0),
                    db: draw.between(-5.0, 5.0),
                    q: 1.0,
                },
            ],
            // A loudspeaker cabinet.
            Self::Crunch => vec![
                Band::LowPass(draw.between(3200.0, 6000.0)),
                Band::Peak { hz: draw.between(500.0, 2200.0), db: draw.between(-6.0, 6.0), q: 0.8 },
            ],
            _ => vec![Band::LowPass(draw.between(3500.0, 7500.0))],
        };
        Patch {
            tone,
            envelope: Envelope { attack: 0.0, decay: 1.0, sustain: 1.0, release: 0.1 },
            vibrato: Vibrato { hz: 5.0, cents: 0.0, delay: 0.2, slide: 0.05 },
            body,
            drive: drive * (0.25 * draw.normal()).exp(),
            tremolo: (0.0, 0.0),
            strum: strum * (0.3 * draw.normal()).exp(),
            octave,
        }
    }

    fn modulated(self, draw: &mut Draw) -> Patch {
        // ratio, index, stay, sweep, tine level, tine ratio, slope, attack, decay, sustain, release
        let row: [f32; 11] = match self {
            Self::Vibes => [4.0, 0.9, 0.0, 0.25, 0.1, 10.0, 0.5, 0.002, 1.1, 0.0, 0.5],
            Self::TinePiano => [1.0, 1.3, 0.25, 0.35, 0.3, 9.0, 0.6, 0.003, 1.3, 0.05, 0.15],
            Self::GlassPiano => [14.0, 0.55, 0.05, 0.5, 0.5, 11.0, 0.5, 0.002, 1.4, 0.0, 0.25],
            Self::Bell => [3.53, 2.8, 0.1, 0.6, 0.2, 7.1, 0.4, 0.002, 0.9, 0.0, 0.7],
            Self::FmBass => [2.0, 2.6, 0.2, 0.10, 0.0, 0.0, 0.2, 0.003, 0.35, 0.3, 0.06],
            _ => [2.0, 1.0, 0.6, 1.2, 0.0, 0.0, 0.0, 0.35, 1.0, 0.8, 0.7],
        };
        let mut own = |index: usize, spread: f32| row[index] * (spread * draw.normal()).exp();
        let tone = Tone::Fm(Fm {
            ratio: row[0],
            index: own(1, 0.25),
            stay: row[2],
            sweep: own(3, 0.25),
            tine: (own(4, 0.4), row[5]),
            slope: row[6],
        });
        let envelope = Envelope {
            attack: own(7, 0.2),
            decay: own(8, 0.2),
            sustain: row[9],
            release: own(10, 0.2),
        };
        let tremolo = match self {
            Self::Vibes | Self::TinePiano => (draw.between(3.5, 6.5), draw.between(0.1, 0.5)),
            _ => (0.0, 0.0),
        };
        Patch {
            tone,
            envelope,
            vibrato: Vibrato { hz: 5.0, cents: 0.0, delay: 0.3, slide: 0.05 },
            body: vec![Band::HighShelf { hz: 3000.0, db: draw.between(-5.0, 3.0) }],
            drive: 0.0,
            tremolo,
            strum: 0.0,
            octave: if self == Self::Bell { 12.0 } else { 0.0 },
        }
    }

    fn harmonic(self, draw: &mut Draw) -> Patch {
        let spectrum = self.spectrum(draw);
        // sweep, stay, copies, detune, breath, slope; attack, decay, sustain, release
        let row: [f32; 10] = match self {
            Self::Piano => [0.25, 0.1, 2., 1.5, 0.02, 0.9, 0.002, 0.9, 0.0, 0.12],
            Self::Organ => [0.02, 0.8, 1., 0.0, 0.0, 0.0, 0.008, 1.0, 1.0, 0.03],
            Self::Reed => [0.1, 0.7, 2., 4.0, 0.03, 0.0, 0.03, 1.0, 0.9, 0.06],
            Self::Strings => [0.3, 0.6, 3., 7.0, 0.06, 0.0, 0.14, 1.0, 0.9, 0.22],
            Self::Brass => [0.15, 0.45, 2., 3.0, 0.03, 0.0, 0.035, 0.4, 0.75, 0.06],
            Self::Flute => [0.1, 0.4, 1., 0.0, 0.16, 0.0, 0.05, 1.0, 0.9, 0.08],
            Self::Voice => [0.25, 0.5, 1., 0.0, 0.05, 0.0, 0.05, 1.0, 0.85, 0.10],
            Self::TunedVoice => [0.2, 0.6, 2., 4.0, 0.04, 0.0, 0.02, 1.0, 0.85, 0.06],
            Self::SynthBass => [0.12, 0.15, 1., 0.0, 0.0, 0.0, 0.003, 0.3, 0.5, 0.04],
            Self::SubBass => [0.05, 0.2, 1., 0.0, 0.0, 0.0, 0.004, 1.4, 0.35, 0.09],
            Self::SawLead => [0.4, 0.6, 2., 7.0, 0.0, 0.0, 0.008, 0.5, 0.7, 0.10],
            Self::SquareLead => [0.3, 0.7, 1., 0.0, 0.0, 0.0, 0.006, 0.5, 0.7, 0.08],
            Self::SawPad => [0.9, 0.4, 3., 9.0, 0.0, 0.0, 0.25, 1.0, 0.8, 0.6],
            Self::WideSaw => [0.3, 0.7, 3., 14.0, 0.0, 0.0, 0.005, 0.6, 0.8, 0.08],
            _ => [0.09, 0.05, 2., 6.0, 0.0, 0.2, 0.002, 0.22, 0.0, 0.12],
        };
        let mut own = |index: usize, spread: f32| row[index] * (spread * draw.normal()).exp();
        let (dull, bright) = spectrum;
        let tone = Tone::Additive(Additive {
            dull,
            bright,
            sweep: own(0, 0.25),
            stay: own(1, 0.15).min(1.0),
            copies: row[2] as usize,
            detune: own(3, 0.25),
            breath: own(4, 0.35),
            slope: row[5],
        });
        let envelope = Envelope {
            attack: own(6, 0.2),
            decay: own(7, 0.2),
            sustain: row[8],
            release: own(9, 0.2),
        };
        let vocal = matches!(self, Self::Voice | Self::TunedVoice);
        let sung = vocal || matches!(self, Self::Strings | Self::Flute | Self::Brass | Self::Reed);
        let body = if vocal {
            // The first three formants, between "oo" and "ah".
            let open = draw.unit();
            vec![
                Band::Peak { hz: 380.0 + 380.0 * open, db: 9.0, q: 2.5 },
                Band::Peak { hz: 850.0 + 600.0 * open, db: 9.0, q: 3.0 },
                Band::Peak { hz: draw.between(2400.0, 3200.0), db: 8.0, q: 3.0 },
                Band::HighShelf { hz: 4500.0, db: -8.0 },
            ]
        } else {
            vec![Band::HighShelf { hz: draw.between(2000.0, 4000.0), db: draw.between(-6.0, 3.0) }]
        };
        let cents = if sung { draw.between(0.6, 1.2) } else { 0.0 };
        Patch {
            tone,
            envelope,
            vibrato: Vibrato { hz: draw.between(4.6, 6.4), cents, delay: 0.2, slide: 0.07 },
            body,
            drive: if self == Self::SubBass { draw.between(1.0, 3.0) } else { 0.0 },
            tremolo: (0.0, 0.0),
            strum: 0.0,
            octave: 0.0,
        }
    }

    /// The dull and the bright spectrum of a harmonic instrument.
    fn spectrum(self, draw: &mut Draw) -> (Vec<f32>, Vec<f32>) {
        // How fast the harmonics fall (exponent) and the level of the even ones.
        let (dull, bright, even) = match self {
            Self::Piano => (2.4, 1.3, 0.9),
            Self::Reed => (1.5, 0.9, 0.8),
            Self::Strings => (1.5, 1.0, 1.0),
            Self::Brass => (1.9, 0.8, 1.0),
            Self::Flute => (3.0, 2.0, 0.6),
            Self::Voice | Self::TunedVoice => (1.5, 1.0, 1.0),
            Self::SynthBass => (2.2, 1.0, 1.0),
            Self::SubBass => (4.0, 2.2, 0.5),
            Self::SawLead | Self::SawPad | Self::WideSaw => (1.5, 1.0, 1.0),
            Self::SquareLead => (1.5, 1.0, 0.05),
            Self::Organ => return drawbars(draw),
            _ => (2.4, 1.05, 0.7),
        };
        let lean = 0.12 * draw.normal();
        let ripple: Vec<f32> = (0..48).map(|_| (0.25 * draw.normal()).exp()).collect();
        let build = |fall: f32| {
            let fall = fall + lean;
            ripple
                .iter()
                .enumerate()
                .map(|(n, r)| {
                    let k = (n + 1) as f32;
                    r * k.powf(-fall) * if n % 2 == 1 { even } else { 1.0 }
                })
                .collect()
        };
        (build(dull), build(bright))
    }
}

/// Nine drawbars, each at random; the bright spectrum has the percussion stop.
fn drawbars(draw: &mut Draw) -> (Vec<f32>, Vec<f32>) {
    // Relative to the sub-octave, which becomes harmonic 1 of a note an octave below.
    let mut dull = vec![0.0; 16];
    for (harmonic, level) in [(1, 0.8), (2, 1.0), (3, 0.6), (4, 0.6), (6, 0.4), (8, 0.4), (12, 0.2)]
    {
        dull[harmonic - 1] = level * draw.between(0.15, 1.0);
    }
    let mut bright = dull.clone();
    bright[5] += 0.6;
    (dull, bright)
}
