//! Drums, struck once per song and kept as short recordings.

use std::f32::consts::TAU;

use crate::effect::{Band, Biquad, saturate};
use crate::random::{Draw, Noise};

/// What a drummer or a drum machine can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Kick,
    Snare,
    Clap,
    Hat,
    Open,
    Ride,
    Crash,
    Tom,
    Shaker,
}

impl Piece {
    pub(crate) const ALL: [Self; 9] = [
        Self::Kick,
        Self::Snare,
        Self::Clap,
        Self::Hat,
        Self::Open,
        Self::Ride,
        Self::Crash,
        Self::Tom,
        Self::Shaker,
    ];
}

/// Families of drum kits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KitKind {
    /// Brushes on a small kit.
    Brush,
    /// A kit in a room.
    Live,
    /// A damped, dry kit.
    Dry,
    /// An early rhythm box: thin and short.
    Box,
    /// Big electronic drums.
    Electronic,
    /// A kit taken from an old record.
    Sampled,
    /// Hard machine drums for dancing.
    Club,
    /// Long low kicks, thin snares, fine hats.
    Sub,
}

/// The drums of an artist. Times in seconds, frequencies in Hz.
#[derive(Debug, Clone)]
pub(crate) struct Kit {
    pub(crate) kind: KitKind,
    kick: Kick,
    snare: Snare,
    metal: Metal,
    clap_spread: f32,
    crush: f32,
}

#[derive(Debug, Clone)]
struct Kick {
    from: f32,
    to: f32,
    sweep: f32,
    decay: f32,
    click: f32,
}

#[derive(Debug, Clone)]
struct Snare {
    body: f32,
    body_decay: f32,
    wires: f32,
    wires_decay: f32,
    colour: f32,
}

#[derive(Debug, Clone)]
struct Metal {
    base: f32,
    closed: f32,
    open: f32,
    tone: f32,
    edge: f32,
}

impl Kit {
    /// A kit of one family with an artist's own tuning.
    pub(crate) fn new(kind: KitKind, draw: &mut Draw) -> Self {
        // kick from, to, sweep, decay, click; snare body, decay, wires, decay, colour; metal base,
        // closed, open, tonal share, edge; drive
        let row: [f32; 16] = match kind {
            KitKind::Brush => [
                110., 62., 0.03, 0.16, 0.05, 190., 0.06, 0.9, 0.16, 2600., 420., 0.07, 0.5, 0.3,
                5200., 0.0,
            ],
            KitKind::Live => [
                150., 58., 0.02, 0.17, 0.35, 195., 0.10, 0.8, 0.15, 3300., 390., 0.05, 0.38, 0.35,
                6000., 0.0,
            ],
            KitKind::Dry => [
                170., 64., 0.015, 0.10, 0.5, 215., 0.06, 0.7, 0.09, 3000., 410., 0.035, 0.25, 0.3,
                6500., 0.0,
            ],
            KitKind::Box => [
                120., 70., 0.02, 0.12, 0.1, 260., 0.05, 0.8, 0.08, 4200., 480., 0.03, 0.2, 0.7,
                7000., 0.0,
            ],
            KitKind::Electronic => [
                240., 55., 0.035, 0.20, 0.5, 180., 0.16, 1.1, 0.24, 2800., 350., 0.04, 0.30, 0.8,
                6500., 1.5,
            ],
            KitKind::Sampled => [
                180., 60., 0.02, 0.18, 0.4, 210., 0.10, 0.9, 0.13, 2600., 400., 0.045, 0.25, 0.3,
                5000., 2.5,
            ],
            KitKind::Club => [
                260., 50., 0.025, 0.24, 0.45, 200., 0.08, 0.9, 0.14, 3600., 330., 0.035, 0.26,
                0.75, 7500., 1.5,
            ],
            KitKind::Sub => [
                130., 44., 0.03, 0.42, 0.25, 230., 0.07, 0.8, 0.11, 4400., 340., 0.022, 0.22, 0.85,
                8000., 2.0,
            ],
        };
        let mut own = |index: usize, spread: f32| row[index] * (spread * draw.normal()).exp();
        Self {
            kind,
            kick: Kick {
                from: own(0, 0.12),
                to: own(1, 0.10),
                sweep: own(2, 0.2),
                decay: own(3, 0.2),
                click: own(4, 0.4),
            },
            snare: Snare {
                body: own(5, 0.12),
                body_decay: own(6, 0.2),
                wires: own(7, 0.25),
                wires_decay: own(8, 0.25),
                colour: own(9, 0.25),
            },
            metal: Metal {
                base: own(10, 0.15),
                closed: own(11, 0.2),
                open: own(12, 0.25),
                tone: own(13, 0.2).min(0.95),
                edge: own(14, 0.15),
            },
            clap_spread: 0.010 * (0.2 * draw.normal()).exp(),
            crush: row[15],
        }
    }

    /// The recording of one piece at a sample rate.
    pub(crate) fn strike(&self, piece: Piece, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let mut out = match piece {
            Piece::Kick => self.kick(rate, noise),
            Piece::Snare => self.snare(rate, noise),
            Piece::Clap => self.clap(rate, noise),
            Piece::Hat => self.cymbal(self.metal.closed, self.metal.edge, 0.35, rate, noise),
            Piece::Open => self.cymbal(self.metal.open, self.metal.edge, 0.35, rate, noise),
            Piece::Ride => self.cymbal(0.45, 0.75 * self.metal.edge, 0.28, rate, noise),
            Piece::Crash => self.cymbal(0.9, 0.6 * self.metal.edge, 0.45, rate, noise),
            Piece::Tom => self.tom(rate, noise),
            Piece::Shaker => self.shaker(rate, noise),
        };
        if self.crush > 0.0 {
            saturate(&mut out, self.crush);
        }
        // The end must not click.
        let tail = (0.004 * rate) as usize;
        let start = out.len().saturating_sub(tail);
        for (n, x) in out[start..].iter_mut().enumerate() {
            *x *= 1.0 - n as f32 / tail as f32;
        }
        out
    }

    fn kick(&self, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let Kick { from, to, sweep, decay, click } = self.kick;
        let mut out = decaying(6.0 * decay, decay, rate);
        let mut phase = 0.0_f32;
        let (mut bend, bend_fade) = (from - to, (-1.0 / (sweep * rate)).exp());
        let (mut tick, tick_fade) = (click, (-1.0 / (0.004 * rate)).exp());
        for x in &mut out {
            phase = (phase + (to + bend) / rate).fract();
            bend *= bend_fade;
            *x = 0.95 * *x * (TAU * phase).sin() + 0.5 * tick * noise.next();
            tick *= tick_fade;
        }
        out
    }

    fn snare(&self, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let Snare { body, body_decay, wires, wires_decay, colour } = self.snare;
        let mut out = decaying(6.0 * wires_decay.max(body_decay), wires_decay, rate);
        // Brushes are stirred, not struck: a soft start.
        let rise = if self.kind == KitKind::Brush { 0.018 } else { 0.0005 };
        let mut band = Biquad::new(Band::Passband { hz: colour, q: 0.55 }, rate);
        let mut air = Biquad::new(Band::HighPass(700.0), rate);
        let (mut tone, fade) = (0.55_f32, (-1.0 / (body_decay * rate)).exp());
        let mut phases = [0.0_f32; 2];
        let mut bend = 0.5_f32;
        for (n, x) in out.iter_mut().enumerate() {
            let attack = (n as f32 / (rise * rate)).min(1.0);
            let white = noise.next();
            let hiss = 0.9 * band.step(white) + 0.25 * air.step(white);
            for (phase, ratio) in phases.iter_mut().zip([1.0, 1.61]) {
                *phase = (*phase + ratio * body * (1.0 + bend) / rate).fract();
            }
            bend *= 0.997;
            let skin = (TAU * phases[0]).sin() + 0.5 * (TAU * phases[1]).sin();
            *x = attack * (0.8 * wires * *x * hiss + 0.6 * tone * skin);
            tone *= fade;
        }
        out
    }

    fn clap(&self, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let mut out = decaying(0.32, 0.07, rate);
        let mut band = Biquad::new(Band::Passband { hz: 0.45 * self.snare.colour, q: 0.9 }, rate);
        let gap = self.clap_spread;
        for (n, x) in out.iter_mut().enumerate() {
            // Three hands shortly after each other, then the room.
            let t = n as f32 / rate;
            let hands = if t < 3.0 * gap { (-(t % gap) / 0.004).exp() } else { 0.7 * *x };
            *x = 2.2 * hands * band.step(noise.next());
        }
        out
    }

    fn tom(&self, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let mut out = decaying(0.7, 0.14, rate);
        let (mut phase, mut bend) = (0.0_f32, 0.6_f32);
        for (n, x) in out.iter_mut().enumerate() {
            phase = (phase + 1.9 * self.kick.to * (1.0 + bend) / rate).fract();
            bend *= 0.9993;
            let stick = if n < 200 { 0.15 * noise.next() } else { 0.0 };
            *x = 0.8 * *x * ((TAU * phase).sin() + stick);
        }
        out
    }

    fn shaker(&self, rate: f32, noise: &mut Noise) -> Vec<f32> {
        let mut out = decaying(0.14, 0.025, rate);
        let mut band = Biquad::new(Band::Passband { hz: 0.9 * self.metal.edge, q: 1.2 }, rate);
        for (n, x) in out.iter_mut().enumerate() {
            *x *= 0.9 * (n as f32 / (0.012 * rate)).min(1.0) * band.step(noise.next());
        }
        out
    }

    /// Six square waves without a common fundamental and noise, above an edge.
    fn cymbal(&self, decay: f32, edge: f32, level: f32, rate: f32, noise: &mut Noise) -> Vec<f32> {
        const RATIOS: [f32; 6] = [1.0, 1.342, 1.571, 1.913, 2.337, 2.744];
        let mut out = decaying((5.0 * decay).min(2.5), decay, rate);
        let mut sections = [edge, edge].map(|hz| Biquad::new(Band::HighPass(hz), rate));
        let mut phases = [0_u32; 6];
        let steps = RATIOS.map(|r| super::increment(self.metal.base * r, rate));
        for x in &mut out {
            let mut ring = 0.0;
            for (phase, step) in phases.iter_mut().zip(steps) {
                *phase = phase.wrapping_add(step);
                ring += if *phase >> 31 == 0 { 0.4 } else { -0.4 };
            }
            let raw = self.metal.tone * ring + (1.0 - self.metal.tone) * noise.next();
            let [first, second] = &mut sections;
            *x *= level * second.step(first.step(raw));
        }
        out
    }
}

/// An exponential fall with a time constant, for a number of seconds.
fn decaying(seconds: f32, constant: f32, rate: f32) -> Vec<f32> {
    let fade = (-1.0 / (constant * rate)).exp();
    std::iter::successors(Some(1.0_f32), |x| Some(x * fade))
        .take((seconds * rate) as usize)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn every_piece_of_every_kit_sounds_and_ends() {
        let mut draw = stream(1, Purpose::Artist, 0);
        for kind in [
            KitKind::Brush,
            KitKind::Live,
            KitKind::Dry,
            KitKind::Box,
            KitKind::Electronic,
            KitKind::Sampled,
            KitKind::Club,
            KitKind::Sub,
        ] {
            let kit = Kit::new(kind, &mut draw);
            let mut noise = Noise::new(&mut draw);
            for piece in Piece::ALL {
                let hit = kit.strike(piece, 44_100.0, &mut noise);
                let peak = hit.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
                assert!((0.1..2.5).contains(&peak), "{kind:?} {piece:?}: peak {peak}");
                assert!(hit.len() < 3 * 44_100);
                let end = hit[hit.len() - 50..].iter().fold(0.0_f32, |m, x| m.max(x.abs()));
                assert!(end < 0.05 * peak, "{kind:?} {piece:?}: {end} of {peak} at the end");
            }
        }
    }
}
