//! The parts: what each role plays, as notes and strokes in time.

mod bass;
mod chords;
mod drums;
mod lead;

pub(crate) use bass::{BassLine, bass};
pub(crate) use chords::{Comping, chords, pad};
pub(crate) use drums::{Hit, drums};
pub(crate) use lead::{answer, hook, lead};

use crate::composition::Composition;
use crate::form::Section;
use crate::instrument::Note;
use crate::random::Draw;

/// Collects the notes of one part, with the looseness of its time.
pub(crate) struct Player<'a> {
    pub(crate) song: &'a Composition,
    pub(crate) draw: Draw,
    pub(crate) notes: Vec<Note>,
}

impl<'a> Player<'a> {
    pub(crate) fn new(song: &'a Composition, draw: Draw) -> Self {
        Self { song, draw, notes: Vec::new() }
    }

    /// The time of a position in sixteenths of a bar, as a player hits it.
    fn onset(&mut self, bar: usize, step: f64) -> f64 {
        let position = (bar * self.song.steps) as f64 + step;
        let time = self.song.clock.time(position);
        (time + f64::from(self.song.playing.loose * self.draw.normal())).max(0.0)
    }

    /// Plays a note of `length` sixteenths, of which `gate` sounds.
    fn play(&mut self, bar: usize, step: f64, length: f64, gate: f32, pitch: i32, velocity: f32) {
        let start = self.onset(bar, step);
        let end = self.song.clock.time((bar * self.song.steps) as f64 + step + length);
        let full = (end - start).max(0.03);
        let energy = self.song.section(bar).map_or(1.0, |section| section.energy);
        let velocity = velocity * (0.7 + 0.35 * energy) * (0.08 * self.draw.normal()).exp();
        self.notes.push(Note {
            start,
            length: (full * f64::from(gate)).max(0.03),
            pitch: pitch as f32,
            velocity: velocity.clamp(0.1, 1.0),
            slide: 0.0,
        });
    }
}

/// The bars of a section that lie within the song.
pub(crate) fn bars(section: &Section, song: &Composition) -> std::ops::Range<usize> {
    section.first..(section.first + section.bars).min(song.bars)
}
