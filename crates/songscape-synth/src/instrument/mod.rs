//! Instruments: a patch says how one sounds, an instrument is a patch prepared for a sample rate.

mod additive;
mod drums;
mod envelope;
mod fm;
mod pluck;
mod timbre;

pub(crate) use additive::{Additive, Oscillators};
pub(crate) use drums::{Kit, KitKind, Piece};
pub(crate) use envelope::{Contour, Envelope};
pub(crate) use fm::Fm;
pub(crate) use pluck::Pluck;
pub(crate) use timbre::Timbre;

use crate::effect::Band;
use crate::random::Noise;

/// Samples between two updates of envelopes and pitch.
pub(crate) const BLOCK: usize = 32;

/// One note of a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Note {
    /// Seconds from the start of the song.
    pub(crate) start: f64,
    /// Seconds.
    pub(crate) length: f64,
    /// MIDI number; 69 is 440 Hz.
    pub(crate) pitch: f32,
    /// Loudness in (0, 1].
    pub(crate) velocity: f32,
    /// Semitones from which the note slides to its pitch.
    pub(crate) slide: f32,
}

impl Note {
    pub(crate) fn hz(&self) -> f32 {
        440.0 * ((self.pitch - 69.0) / 12.0).exp2()
    }
}

/// How the sound is made.
#[derive(Debug, Clone)]
pub(crate) enum Tone {
    Additive(Additive),
    Fm(Fm),
    Pluck(Pluck),
}

/// The pitch's movement within a note.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vibrato {
    pub(crate) hz: f32,
    pub(crate) cents: f32,
    /// Seconds until it is fully there.
    pub(crate) delay: f32,
    /// Seconds that a slide takes.
    pub(crate) slide: f32,
}

/// An instrument's sound, apart from any sample rate.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub(crate) tone: Tone,
    pub(crate) envelope: Envelope,
    pub(crate) vibrato: Vibrato,
    /// Resonances of body, cabinet or mouth.
    pub(crate) body: Vec<Band>,
    /// Saturation of the whole track; 0 is none.
    pub(crate) drive: f32,
    /// Tremolo of the whole track: Hz and depth in `[0, 1]`.
    pub(crate) tremolo: (f32, f32),
    /// Seconds between the notes of a chord, lowest first.
    pub(crate) strum: f32,
    /// Semitones by which the instrument lies from the part's register.
    pub(crate) octave: f32,
}

/// A patch prepared for playing.
#[derive(Debug)]
pub(crate) enum Instrument {
    Additive(Oscillators),
    Fm(Fm),
    Pluck(Pluck),
}

/// What all notes of one track share while it is rendered.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) rate: f32,
    pub(crate) envelope: &'a Envelope,
    pub(crate) vibrato: &'a Vibrato,
    pub(crate) noise: Noise,
    /// Scratch of the plucked string.
    pub(crate) string: Vec<f32>,
}

impl Patch {
    /// Prepares the patch for notes between two MIDI pitches.
    pub(crate) fn prepare(&self, rate: f32, lowest: f32, highest: f32) -> Instrument {
        match &self.tone {
            Tone::Additive(additive) => {
                Instrument::Additive(Oscillators::new(additive, rate, lowest, highest))
            }
            Tone::Fm(fm) => Instrument::Fm(fm.clone()),
            Tone::Pluck(pluck) => Instrument::Pluck(pluck.clone()),
        }
    }
}

impl Instrument {
    /// Adds one note to a track.
    pub(crate) fn play(&self, note: &Note, stage: &mut Stage<'_>, track: &mut [f32]) {
        let start = (note.start.max(0.0) * f64::from(stage.rate)) as usize;
        if start >= track.len() {
            return;
        }
        let out = &mut track[start..];
        match self {
            Self::Additive(oscillators) => oscillators.play(note, stage, out),
            Self::Fm(fm) => fm.play(note, stage, out),
            Self::Pluck(pluck) => pluck.play(note, stage, out),
        }
    }
}

/// The frequency of a note while it sounds, block by block.
#[derive(Debug)]
pub(crate) struct Pitch {
    hz: f32,
    vibrato: Vibrato,
    slide: f32,
    time: f32,
    step: f32,
}

impl Pitch {
    pub(crate) fn new(note: &Note, vibrato: &Vibrato, rate: f32) -> Self {
        Self {
            hz: note.hz(),
            vibrato: *vibrato,
            slide: note.slide,
            time: 0.0,
            step: BLOCK as f32 / rate,
        }
    }

    /// The frequency in Hz of the next block.
    pub(crate) fn next(&mut self) -> f32 {
        let Vibrato { hz, cents, delay, slide } = self.vibrato;
        let swell = (self.time / (delay + 1e-3)).min(1.0);
        let mut semitones =
            0.01 * cents * swell * (std::f32::consts::TAU * (hz * self.time).fract()).sin();
        if self.slide != 0.0 && self.time < slide {
            semitones += self.slide * (1.0 - self.time / slide);
        }
        self.time += self.step;
        self.hz * (semitones / 12.0).exp2()
    }
}

/// Turns a frequency into the increment of a 32-bit phase.
#[inline]
pub(crate) fn increment(hz: f32, rate: f32) -> u32 {
    (f64::from(hz / rate) * 4_294_967_296.0) as i64 as u32
}
