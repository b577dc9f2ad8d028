use super::{Player, bars};
use crate::composition::Composition;
use crate::form::Role;
use crate::instrument::Note;
use crate::random::Draw;
use crate::rhythm::accent;

/// How a bass moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BassLine {
    /// Root and fifth on the strong beats.
    RootFifth,
    /// A step on every beat.
    Walking,
    /// Roots in eighths.
    Eighths,
    /// Root and its octave in turns.
    Octaves,
    /// Off the beat, with the kick.
    Syncopated,
    /// Long roots.
    Held,
    /// Long notes with the kick that slide.
    Slides,
}

/// The bass part.
pub(crate) fn bass(song: &Composition, line: BassLine, draw: Draw) -> Vec<Note> {
    let mut player = Player::new(song, draw);
    let riff = syncopation(song, &mut player.draw);
    for section in song.sections.iter().filter(|s| s.has(Role::Bass)) {
        for bar in bars(section, song) {
            play_bar(&mut player, line, bar, &riff);
        }
    }
    player.notes
}

/// A one-bar rhythm of the song's own: steps and octaves.
fn syncopation(song: &Composition, draw: &mut Draw) -> Vec<(usize, i32)> {
    let lively = song.playing.syncopation;
    (0..song.steps)
        .filter_map(|step| {
            let kick = accent(song.groove.kick, step);
            let odds = match (step, step % 4) {
                (0, _) => 1.0,
                (_, 0) => 0.35,
                (_, 2) => 0.3 + 0.3 * kick,
                _ => 0.12 + 0.3 * lively * (0.3 + kick),
            };
            let up = if draw.chance(0.2) { 12 } else { 0 };
            draw.chance(odds).then_some((step, up))
        })
        .collect()
}

fn play_bar(player: &mut Player<'_>, line: BassLine, bar: usize, riff: &[(usize, i32)]) {
    let song = player.song;
    let steps = song.steps;
    let center = song.bass_center;
    let at = |step: usize| (song.chord(bar, step), song.key(bar));
    let short = 0.5 + 0.5 * song.playing.gate;
    let root = |step: usize| at(step).0.root(at(step).1, center);
    match line {
        BassLine::RootFifth => {
            for (n, step) in (0..steps).step_by(steps / 2).enumerate() {
                let (chord, key) = at(step);
                let pitch = if n == 0 { chord.root(key, center) } else { chord.fifth(key, center) };
                player.play(bar, step as f64, (steps / 2) as f64, 0.8 * short, pitch, 0.8);
            }
        }
        BassLine::Walking => {
            for step in (0..steps).step_by(4) {
                let (chord, key) = at(step);
                let pitch = match step / 4 % 4 {
                    0 => chord.root(key, center),
                    1 => chord.snap(key, chord.root(key, center) + 4),
                    2 => chord.fifth(key, center),
                    // A half tone into the next root.
                    _ => {
                        let next = song.chord(bar + 1, 0).root(song.key(bar + 1), center);
                        next + if player.draw.chance(0.5) { 1 } else { -1 }
                    }
                };
                player.play(bar, step as f64, 4.0, 0.85 * short, pitch, 0.8);
            }
        }
        BassLine::Eighths => {
            for step in (0..steps).step_by(2) {
                let loud = if step.is_multiple_of(4) { 0.85 } else { 0.65 };
                player.play(bar, step as f64, 2.0, 0.8 * short, root(step), loud);
            }
        }
        BassLine::Octaves => {
            for step in (0..steps).step_by(2) {
                let up = if step % 4 == 2 { 12 } else { 0 };
                player.play(bar, step as f64, 2.0, 0.65 * short, root(step) + up, 0.75);
            }
        }
        BassLine::Syncopated => {
            for (n, &(step, up)) in riff.iter().enumerate() {
                let next = riff.get(n + 1).map_or(steps, |r| r.0);
                player.play(
                    bar,
                    step as f64,
                    (next - step) as f64,
                    0.75 * short,
                    root(step) + up,
                    0.8,
                );
            }
        }
        BassLine::Held => {
            let length = song.chord_steps.min(steps);
            for step in (0..steps).step_by(length) {
                player.play(bar, step as f64, length as f64, 0.95, root(step), 0.8);
            }
        }
        BassLine::Slides => {
            let kicks: Vec<usize> =
                (0..steps).filter(|&s| accent(song.groove.kick, s) > 0.5).collect();
            for (n, &step) in kicks.iter().enumerate() {
                let next = kicks.get(n + 1).copied().unwrap_or(steps);
                player.play(bar, step as f64, (next - step) as f64, 0.95, root(step), 0.85);
                if player.draw.chance(0.2)
                    && let Some(note) = player.notes.last_mut()
                {
                    note.slide = 12.0;
                }
            }
        }
    }
}
