use super::{Player, bars};
use crate::composition::Composition;
use crate::form::{Kind, Role};
use crate::instrument::Piece;
use crate::random::Draw;
use crate::rhythm::accent;

/// One stroke.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Seconds from the start of the song.
    pub(crate) time: f64,
    pub(crate) piece: Piece,
    /// Loudness in (0, 1].
    pub(crate) velocity: f32,
}

/// The song's own way with a groove, the same in every bar.
struct Pattern {
    /// By step: kick, back beat, hat, extra.
    lines: Vec<[f32; 4]>,
    /// Rolls of the hats: first step, strokes in the place of one sixteenth.
    rolls: Vec<(usize, usize)>,
}

/// The drum part.
pub(crate) fn drums(song: &Composition, draw: Draw) -> Vec<Hit> {
    let mut player = Player::new(song, draw);
    let pattern = pattern(song, &mut player.draw);
    let mut hits = Vec::new();
    for section in song.sections.iter().filter(|s| s.has(Role::Drums)) {
        let range = bars(section, song);
        for bar in range.clone() {
            let full = matches!(section.kind, Kind::Chorus | Kind::Solo);
            let sparse = matches!(section.kind, Kind::Intro | Kind::Break);
            let fill = bar + 1 == range.end && player.draw.chance(0.5);
            if bar == range.start && full {
                let time = player.onset(bar, 0.0);
                hits.push(Hit { time, piece: Piece::Crash, velocity: 0.8 });
            }
            for step in 0..song.steps {
                let filling = fill && step + 4 >= song.steps;
                play_step(&mut player, &mut hits, &pattern, bar, step, (full, sparse, filling));
            }
        }
    }
    hits
}

fn pattern(song: &Composition, draw: &mut Draw) -> Pattern {
    let groove = &song.groove;
    let division = song.playing.division;
    let lines = (0..song.steps)
        .map(|step| {
            let mut kick = accent(groove.kick, step);
            if kick == 0.0 && step % 2 == 0 && draw.chance(0.06) {
                kick = 0.6;
            }
            let mut hat = accent(groove.hat, step);
            // The hats divide the beat as finely as their time does.
            if step % 4 == 2 && division < 0.8 && hat > 0.0 {
                hat *= if draw.chance(0.6) { 0.0 } else { 0.7 };
            }
            if step % 2 == 1 && hat == 0.0 && draw.chance((division - 1.2).clamp(0.0, 1.0)) {
                hat = 0.5;
            }
            if step % 2 == 1 && division < 1.0 {
                hat = 0.0;
            }
            let extra = groove.extra.map_or(0.0, |(_, line)| accent(line, step));
            [kick, accent(groove.snare, step), hat, extra]
        })
        .collect();
    let count = (2.5 * (division - 2.0).max(0.0)).round() as usize;
    let rolls = (0..count).map(|_| (draw.below(song.steps), draw.pick(&[2, 2, 3, 4]))).collect();
    Pattern { lines, rolls }
}

fn play_step(
    player: &mut Player<'_>,
    hits: &mut Vec<Hit>,
    pattern: &Pattern,
    bar: usize,
    step: usize,
    (full, sparse, filling): (bool, bool, bool),
) {
    let song = player.song;
    let groove = &song.groove;
    let [kick, back, hat, extra] = pattern.lines[step];
    let mut strike = |player: &mut Player<'_>, at: f64, piece: Piece, velocity: f32| {
        if velocity > 0.0 {
            let time = player.onset(bar, at);
            let velocity = velocity * (0.1 * player.draw.normal()).exp();
            hits.push(Hit { time, piece, velocity: velocity.clamp(0.05, 1.0) });
        }
    };
    let at = step as f64;
    if filling {
        let piece = if step.is_multiple_of(2) { Piece::Tom } else { groove.back };
        strike(player, at, piece, if player.song.playing.division > 1.0 { 0.8 } else { back });
        strike(player, at, Piece::Kick, kick);
        return;
    }
    strike(player, at, Piece::Kick, if sparse { 0.8 * kick } else { kick });
    if !sparse {
        strike(player, at, groove.back, back);
    }
    let roll = pattern.rolls.iter().find(|roll| roll.0 == step);
    match roll {
        Some(&(_, count)) if !sparse => {
            for n in 0..count {
                let place = at + n as f64 / count as f64;
                strike(player, place, Piece::Hat, 0.5 + 0.1 * n as f32);
            }
        }
        _ => {
            let open = full && song.open_hats && step % 4 == 2;
            strike(player, at, if open { Piece::Open } else { Piece::Hat }, 0.8 * hat);
        }
    }
    if let Some((piece, _)) = groove.extra
        && (full || piece == Piece::Shaker)
    {
        strike(player, at, piece, 0.8 * extra);
    }
}
