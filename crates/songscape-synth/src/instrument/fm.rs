//! Two-operator frequency modulation (Chowning 1973), as phase modulation of a tabulated sine.

use std::sync::LazyLock;

use super::{BLOCK, Contour, Note, Pitch, Stage, increment};

const BITS: u32 = 12;
const SIZE: usize = 1 << BITS;

static SINE: LazyLock<Box<[f32; SIZE + 1]>> = LazyLock::new(|| {
    let mut table = Box::new([0.0; SIZE + 1]);
    for (n, value) in table.iter_mut().enumerate() {
        *value = (std::f64::consts::TAU * n as f64 / SIZE as f64).sin() as f32;
    }
    table
});

/// A carrier at the note's pitch, modulated by a sine at a multiple of it.
#[derive(Debug, Clone)]
pub(crate) struct Fm {
    /// The modulator's frequency relative to the carrier's.
    pub(crate) ratio: f32,
    /// The index of modulation in radians at the note's start.
    pub(crate) index: f32,
    /// The share of the index that stays.
    pub(crate) stay: f32,
    /// Time constant in seconds of the fall between the two.
    pub(crate) sweep: f32,
    /// A short, high, unmodulated partial at the start (the tine): relative level and frequency.
    pub(crate) tine: (f32, f32),
    /// How much shorter high notes are: the decay halves every `1/slope` octaves.
    pub(crate) slope: f32,
}

/// The sine of a 32-bit phase.
#[inline]
fn sine(table: &[f32; SIZE + 1], phase: u32) -> f32 {
    const SHIFT: u32 = 32 - BITS;
    let n = (phase >> SHIFT) as usize;
    let fraction = (phase & ((1 << SHIFT) - 1)) as f32 * (1.0 / (1 << SHIFT) as f32);
    table[n] + fraction * (table[n + 1] - table[n])
}

impl Fm {
    pub(crate) fn play(&self, note: &Note, stage: &mut Stage<'_>, out: &mut [f32]) {
        const TURN: f32 = 4_294_967_296.0 / std::f32::consts::TAU;
        let table = &**SINE;
        let mut envelope = *stage.envelope;
        envelope.decay *= (-self.slope * (note.pitch - 60.0) / 12.0).exp2();
        let mut contour = Contour::new(&envelope, note.length, stage.rate);
        let mut pitch = Pitch::new(note, stage.vibrato, stage.rate);
        let (mut carrier, mut modulator, mut tine) = (0_u32, 0_u32, 0_u32);
        // Fewer sidebands for high notes: none may pass the Nyquist frequency by much.
        let room = (0.4 * stage.rate / note.hz() - 1.0) / self.ratio.max(0.5) - 1.0;
        let index = (self.index * (0.35 + 0.65 * note.velocity)).min(room.max(0.0));
        let fade = (-(BLOCK as f32) / (self.sweep.max(0.005) * stage.rate)).exp();
        let tine_fade = (-(BLOCK as f32) / (0.06 * stage.rate)).exp();
        let tine_hz = if note.hz() * self.tine.1 < 0.42 * stage.rate { self.tine.1 } else { 0.0 };
        let mut transient = index * (1.0 - self.stay);
        let mut ping = self.tine.0 * note.velocity;
        let mut from = 0.0;
        for block in out.chunks_mut(BLOCK) {
            let Some(level) = contour.next() else { break };
            let to = level * note.velocity * 0.35;
            let step = (to - from) / block.len() as f32;
            let hz = pitch.next();
            let (c, m) = (increment(hz, stage.rate), increment(hz * self.ratio, stage.rate));
            let depth = (index * self.stay + transient) * TURN;
            transient *= fade;
            for x in block.iter_mut() {
                let bend = (depth * sine(table, modulator)) as i64 as u32;
                from += step;
                *x += from * sine(table, carrier.wrapping_add(bend));
                carrier = carrier.wrapping_add(c);
                modulator = modulator.wrapping_add(m);
            }
            if ping > 1e-3 && tine_hz > 0.0 {
                let t = increment(hz * tine_hz, stage.rate);
                for x in block.iter_mut() {
                    *x += ping * to * sine(table, tine);
                    tine = tine.wrapping_add(t);
                }
                ping *= tine_fade;
            }
            from = to;
        }
    }
}
