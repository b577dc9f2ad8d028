use super::{Player, bars};
use crate::composition::Composition;
use crate::form::{Kind, Role, Section};
use crate::instrument::Note;
use crate::melody::Motif;
use crate::random::Draw;

/// The melody. In a solo it is left to the [`answer`].
pub(crate) fn lead(song: &Composition, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    for section in &song.sections {
        if section.has(Role::Lead) && section.kind != Kind::Solo {
            sing(&mut player, section, song.melody_center, 0.8);
        }
    }
    slides(&mut player, song);
    player.notes
}

/// The second voice: the melody in a solo, otherwise long notes above it in full sections.
pub(crate) fn answer(song: &Composition, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    for section in &song.sections {
        if section.kind == Kind::Solo {
            sing(&mut player, section, song.melody_center + 5, 0.8);
        } else if section.has(Role::Answer) {
            for bar in bars(section, song) {
                let half = song.steps / 2;
                // The answer comes when the melody rests.
                let step = if bar % 2 == 0 { 0 } else { half };
                let chord = song.chord(bar, step);
                let pitch = chord.snap(song.key(bar), song.melody_center + 7);
                player.play(bar, step as f64, half as f64, 0.9, pitch, 0.6);
                if bar % 2 == 1 {
                    let third = chord.snap(song.key(bar), pitch + 4);
                    player.play(bar, step as f64, half as f64, 0.9, third, 0.55);
                }
            }
        }
    }
    player.notes
}

/// Plays the section's motif over its bars: stated, repeated or varied, and closed.
fn sing(player: &mut Player<'_>, section: &Section, center: i32, loud: f32) {
    let song = player.song;
    let (motif, lift) = match section.kind {
        Kind::Chorus => (&song.motifs[1], 3),
        Kind::Bridge | Kind::Solo => (&song.motifs[2], 2),
        _ => (&song.motifs[0], 0),
    };
    let center = center + lift;
    for bar in bars(section, song) {
        let place = bar - section.first;
        let varied;
        let now: &Motif = if place == 0 || player.draw.chance(song.playing.repetition) {
            motif
        } else {
            varied = motif.varied(&mut player.draw);
            &varied
        };
        // A breath at the end of every fourth bar.
        let until = if place % 4 == 3 { song.steps / 2 + 2 } else { song.steps };
        for cell in now.cells.iter().filter(|cell| cell.at < until) {
            let chord = song.chord(bar, cell.at);
            let pitch = Motif::pitch(cell, song.key(bar), chord, center);
            let loud = if cell.at.is_multiple_of(4) { loud } else { 0.85 * loud };
            let length = cell.length.min(8) as f64;
            player.play(bar, cell.at as f64, length, song.playing.gate, pitch, loud);
        }
    }
}

/// Lets some notes slide in from the one before.
fn slides(player: &mut Player<'_>, song: &Composition) {
    for n in 1..player.notes.len() {
        let from = player.notes[n - 1].pitch - player.notes[n].pitch;
        if from.abs() < 6.0 && player.draw.chance(song.slides) {
            player.notes[n].slide = from;
        }
    }
}

/// A short figure that goes round and round.
pub(crate) fn hook(song: &Composition, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    // Figures run as fast as the times divide the beat.
    let by = match song.playing.division {
        d if d < 0.9 => 4,
        d if d < 1.8 => 2,
        _ => 1,
    };
    // A figure of half a bar or a bar: which note of the chord comes when, or a rest.
    let length = player.draw.pick(&[4, 6, 8]);
    let rest = 0.35 - 0.25 * song.playing.ostinato;
    let figure: Vec<Option<usize>> = (0..length)
        .map(|n| (n == 0 || !player.draw.chance(rest)).then(|| player.draw.below(4)))
        .collect();
    let gate = song.playing.gate.min(0.8);
    for section in song.sections.iter().filter(|s| s.has(Role::Hook)) {
        let center = song.melody_center + 7 + 12 * section.register;
        for bar in bars(section, song) {
            for (n, step) in (0..song.steps).step_by(by).enumerate() {
                let Some(tone) = figure[n % length] else { continue };
                let voicing = song.chord(bar, step).voicing(song.key(bar), center);
                let octave = 12 * (tone / voicing.len().max(1)) as i32;
                if let Some(&pitch) = voicing.get(tone % voicing.len().max(1)) {
                    let loud = if step.is_multiple_of(4) { 0.75 } else { 0.55 };
                    player.play(bar, step as f64, by as f64, gate, pitch + octave, loud);
                }
            }
        }
    }
    player.notes
}
