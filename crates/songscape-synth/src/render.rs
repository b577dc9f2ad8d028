//! From plan to sound: the parts are played track by track, mixed, and recorded.

use crate::effect::{Band, Compressor, Reverb, Tape, Tilt, echo, equalise, normalise, saturate};
use crate::form::Role;
use crate::instrument::{Note, Patch, Piece, Stage};
use crate::part::{self, Hit};
use crate::random::{Draw, Noise, Purpose, stream};
use crate::song::SongPlan;

/// The root mean square to which every track is brought before it is mixed.
const TRACK: f32 = 0.1;

impl SongPlan {
    /// The song as mono samples in `[-1, 1]`, [`samples`](Self::samples) of them.
    pub fn render(&self) -> Vec<f32> {
        Desk::new(self).produce()
    }

    fn stream(&self, role: usize, purpose: Purpose) -> Draw {
        stream(self.seed, purpose, 16 * self.index + role)
    }
}

/// The mixing desk of one song.
struct Desk<'a> {
    song: &'a SongPlan,
    rate: f32,
    track: Vec<f32>,
    mix: Vec<f32>,
    room: Vec<f32>,
    /// Samples at which sections begin, and the end.
    edges: Vec<usize>,
}

impl<'a> Desk<'a> {
    fn new(song: &'a SongPlan) -> Self {
        let samples = song.samples();
        let rate = song.sampling_rate as f32;
        let paper = &song.composition;
        let edges = paper
            .sections
            .iter()
            .map(|section| {
                let time = paper.clock.time((section.first * paper.steps) as f64);
                ((time * f64::from(rate)) as usize).min(samples)
            })
            .chain([samples])
            .collect();
        Self {
            song,
            rate,
            track: vec![0.0; samples],
            mix: vec![0.0; samples],
            room: vec![0.0; samples],
            edges,
        }
    }

    fn produce(mut self) -> Vec<f32> {
        let hits = part::drums(&self.song.composition, self.song.stream(0, Purpose::Score));
        for role in Role::ALL.into_iter().skip(1) {
            self.play(role);
        }
        self.duck(&hits);
        self.drum(&hits);
        self.record()
    }

    /// Plays a role's part into the mix.
    fn play(&mut self, role: Role) {
        let index = role as usize;
        let song = self.song;
        let paper = &song.composition;
        let patch = self.patch(role);
        let draw = song.stream(index, Purpose::Score);
        let notes = match role {
            Role::Bass => part::bass(paper, song.artist.bass_line, draw),
            Role::Chords => part::chords(paper, song.artist.comping, patch.strum, draw),
            Role::Pad => part::pad(paper, draw),
            Role::Lead => part::lead(paper, draw),
            Role::Hook => part::hook(paper, draw),
            Role::Answer => part::answer(paper, draw),
            Role::Drums => Vec::new(),
        };
        if notes.is_empty() {
            return;
        }
        self.track.fill(0.0);
        let mut draw = song.stream(index, Purpose::Sound);
        self.sound(&notes, &patch, &mut draw);
        self.shape(role, &patch, &mut draw);
        let send = match role {
            Role::Bass => 0.08,
            Role::Lead | Role::Answer | Role::Pad => 1.0,
            _ => 0.7,
        };
        self.mix_in(role, send);
    }

    /// The artist's patch as it is played at the song's time.
    fn patch(&self, role: Role) -> Patch {
        let mut patch = self.song.artist.patches[role as usize - 1].clone();
        let playing = &self.song.composition.playing;
        // What cannot sing trembles a little in the times that love vibrato.
        let least = if role == Role::Bass { 0.0 } else { 0.3 };
        patch.vibrato.cents = patch.vibrato.cents.max(least) * playing.vibrato;
        patch.envelope.attack += match role {
            Role::Lead | Role::Answer | Role::Pad => playing.attack,
            Role::Chords | Role::Hook => 0.4 * playing.attack,
            _ => 0.0,
        };
        patch
    }

    fn sound(&mut self, notes: &[Note], patch: &Patch, draw: &mut Draw) {
        let pitches = notes.iter().map(|note| note.pitch + patch.octave);
        let (low, high) =
            pitches.fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p), high.max(p)));
        let instrument = patch.prepare(self.rate, low, high);
        let mut stage = Stage {
            rate: self.rate,
            envelope: &patch.envelope,
            vibrato: &patch.vibrato,
            noise: Noise::new(draw),
            string: Vec::new(),
        };
        for note in notes {
            let note = Note { pitch: note.pitch + patch.octave, ..*note };
            instrument.play(&note, &mut stage, &mut self.track);
        }
    }

    /// Body, drive and movement of a track, which ends up at the usual level.
    fn shape(&mut self, role: Role, patch: &Patch, draw: &mut Draw) {
        let playing = &self.song.composition.playing;
        if patch.drive > 0.05 {
            level(&mut self.track, 0.25);
            saturate(&mut self.track, patch.drive);
        }
        equalise(&mut self.track, &patch.body, self.rate);
        let held = matches!(role, Role::Chords | Role::Pad | Role::Hook);
        let (mut hz, mut depth) = patch.tremolo;
        if held && depth == 0.0 && draw.chance(0.85) {
            (hz, depth) = (draw.between(4.0, 7.5), playing.tremolo);
        }
        if depth > 0.02 {
            tremolo(&mut self.track, hz / self.rate, depth);
        }
        if matches!(role, Role::Chords | Role::Pad) && draw.chance(0.8) {
            self.chop(playing.chop, draw);
        }
        level(&mut self.track, TRACK);
        if matches!(role, Role::Lead | Role::Hook) {
            let delay = self.song.composition.clock.sixteenth() * draw.pick(&[2.0, 3.0, 4.0]);
            let amount = self.song.recording.echo;
            echo(&mut self.track, (delay * f64::from(self.rate)) as usize, amount, 0.45);
        }
    }

    /// Gates the track in a rhythm of sixteenths.
    fn chop(&mut self, depth: f32, draw: &mut Draw) {
        let song = &self.song.composition;
        let shape = draw.word();
        if depth < 0.05 {
            return;
        }
        let pole = 1.0 - (-1.0 / (0.004 * self.rate)).exp();
        let (mut gain, mut at, mut step) = (1.0_f32, 0, 0);
        while at < self.track.len() {
            let next = (song.clock.time((step + 1) as f64) * f64::from(self.rate)) as usize;
            let end = next.clamp(at + 1, self.track.len());
            let open = step % 2 == 0 || shape >> (step % 8) & 1 == 1;
            let target = if open { 1.0 } else { 1.0 - depth };
            for x in &mut self.track[at..end] {
                gain += pole * (target - gain);
                *x *= gain;
            }
            at = end;
            step += 1;
        }
    }

    /// Adds the track to the mix and to the room, with the mixer's moves from section to section.
    fn mix_in(&mut self, role: Role, send: f32) {
        let index = role as usize;
        let base = self.song.artist.levels[index]
            + match role {
                Role::Drums => self.song.composition.playing.drums,
                Role::Bass => self.song.recording.low,
                _ => 0.0,
            };
        let wet = send * self.song.recording.wet;
        let sections = &self.song.composition.sections;
        let pole = 1.0 - (-1.0 / (0.02 * self.rate)).exp();
        let mut gain = 0.0;
        for (section, range) in sections.iter().zip(self.edges.windows(2)) {
            let target = 10_f32.powf((base + section.trim[index]) / 20.0);
            if gain == 0.0 {
                gain = target;
            }
            let range = range[0]..range[1];
            let track = &self.track[range.clone()];
            let (mix, room) = (&mut self.mix[range.clone()], &mut self.room[range]);
            for ((x, mix), room) in track.iter().zip(mix).zip(room) {
                gain += pole * (target - gain);
                let y = gain * x;
                *mix += y;
                *room += wet * y;
            }
        }
    }

    /// Lets the kick press everything else down.
    fn duck(&mut self, hits: &[Hit]) {
        let depth = self.song.composition.playing.pump.clamp(0.0, 0.9);
        if depth < 0.03 {
            return;
        }
        let beat = self.song.composition.clock.beat as f32;
        let rise = 1.0 - (-1.0 / (0.3 * beat * self.rate)).exp();
        let mut kicks = hits
            .iter()
            .filter(|hit| hit.piece == Piece::Kick && hit.velocity > 0.5)
            .map(|hit| (hit.time * f64::from(self.rate)) as usize)
            .peekable();
        let (mut gain, mut target) = (1.0_f32, 1.0_f32);
        for n in 0..self.mix.len() {
            if kicks.next_if(|&kick| kick <= n).is_some() {
                target = 1.0 - depth;
            }
            // Down within 3 ms, up slowly.
            if gain > target {
                gain -= 0.008;
            } else {
                target = 1.0;
                gain += rise * (1.0 - gain);
            }
            self.mix[n] *= gain;
            self.room[n] *= gain;
        }
    }

    /// Plays the drums into the mix.
    fn drum(&mut self, hits: &[Hit]) {
        if hits.is_empty() {
            return;
        }
        let song = self.song;
        let mut draw = song.stream(0, Purpose::Sound);
        let mut noise = Noise::new(&mut draw);
        let drums: Vec<Vec<f32>> = Piece::ALL
            .iter()
            .map(|&piece| {
                let mut hit = song.artist.kit.strike(piece, self.rate, &mut noise);
                if song.recording.gated && matches!(piece, Piece::Snare | Piece::Clap | Piece::Tom)
                {
                    gate(&mut hit, self.rate);
                }
                hit
            })
            .collect();
        self.track.fill(0.0);
        let kick = 10_f32.powf(song.recording.low / 20.0);
        for hit in hits {
            let gain = hit.velocity * if hit.piece == Piece::Kick { kick } else { 0.75 };
            let start = (hit.time * f64::from(self.rate)) as usize;
            let Some(out) = self.track.get_mut(start..) else { continue };
            for (y, x) in out.iter_mut().zip(&drums[hit.piece as usize]) {
                *y += gain * x;
            }
        }
        level(&mut self.track, TRACK);
        self.mix_in(Role::Drums, if song.recording.gated { 0.2 } else { 0.5 });
    }

    /// Room, equaliser, compression, tape and level.
    fn record(mut self) -> Vec<f32> {
        let (song, recording) = (self.song, &self.song.recording);
        let rate = self.rate;
        let mut draw = song.stream(8, Purpose::Sound);
        let damping = draw.between(2500.0, 7000.0);
        Reverb::new(recording.room, song.artist.room, damping, rate).run(&mut self.room);
        for (x, wet) in self.mix.iter_mut().zip(&self.room) {
            *x += wet;
        }
        let mut tilt = Tilt::new();
        let mut from = song.composition.sections.first().map_or(0.0, |section| section.tilt);
        for (section, range) in song.composition.sections.iter().zip(self.edges.windows(2)) {
            let part = &mut self.mix[range[0]..range[1]];
            let (head, rest) = part.split_at_mut(part.len().min(rate as usize / 4));
            tilt.turn(section.pivot, rate);
            tilt.run(head, from, section.tilt);
            tilt.run(rest, section.tilt, section.tilt);
            from = section.tilt;
        }
        let air = Band::HighShelf { hz: 2500.0, db: recording.air };
        equalise(
            &mut self.mix,
            &[&[air], &song.artist.equaliser[..], &song.equaliser].concat(),
            rate,
        );
        level(&mut self.mix, 0.15);
        Compressor { threshold: -20.0, ratio: recording.ratio, attack: 0.008, release: 0.16 }
            .run(&mut self.mix, rate);
        saturate(&mut self.mix, recording.drive.max(0.2));
        Tape {
            top: recording.top,
            bottom: recording.bottom,
            hiss: recording.hiss,
            crackle: recording.crackle,
            wow: recording.wow,
        }
        .run(&mut self.mix, rate, &mut draw);
        self.fade();
        normalise(&mut self.mix, recording.level.clamp(-26.0, -8.0));
        self.mix
    }

    /// The end: faded out over some seconds, or cut without a click. The start is never a click
    /// either.
    fn fade(&mut self) {
        let seconds = if self.song.recording.fade { 0.12 * self.song.seconds as f32 } else { 0.02 };
        let count = self.mix.len();
        let out = ((seconds * self.rate) as usize).min(count);
        for (n, x) in self.mix[count - out..].iter_mut().rev().enumerate() {
            *x *= n as f32 / out as f32;
        }
        let rise = ((0.004 * self.rate) as usize).min(count);
        for (n, x) in self.mix[..rise].iter_mut().enumerate() {
            *x *= n as f32 / rise as f32;
        }
    }
}

/// Brings what sounds of a track to a root mean square.
fn level(track: &mut [f32], wanted: f32) {
    const BLOCK: usize = 1024;
    let powers = track.chunks(BLOCK).map(|b| b.iter().map(|x| x * x).sum::<f32>() / b.len() as f32);
    let most = powers.clone().fold(0.0, f32::max);
    // Rests do not count.
    let (sum, count) = powers
        .filter(|&power| power > 1e-3 * most)
        .fold((0.0, 0), |(sum, count), power| (sum + power, count + 1));
    if sum > 0.0 {
        let gain = wanted / (sum / count as f32).sqrt();
        for x in track {
            *x *= gain;
        }
    }
}

fn tremolo(track: &mut [f32], turns: f32, depth: f32) {
    const BLOCK: usize = 64;
    let mut phase = 0.0_f32;
    for block in track.chunks_mut(BLOCK) {
        let gain = 1.0 - depth * (0.5 + 0.5 * (std::f32::consts::TAU * phase).sin());
        phase = (phase + turns * BLOCK as f32).fract();
        for x in block {
            *x *= gain;
        }
    }
}

/// A large room on one stroke, cut off all at once.
fn gate(hit: &mut Vec<f32>, rate: f32) {
    let open = (0.24 * rate) as usize;
    hit.resize(open, 0.0);
    let mut room = hit.clone();
    Reverb::new(1.6, 0.5, 6000.0, rate).run(&mut room);
    let close = (0.012 * rate) as usize;
    for (n, (x, wet)) in hit.iter_mut().zip(room).enumerate() {
        *x = (*x + 1.6 * wet) * ((open - n) as f32 / close as f32).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_ignore_rests() {
        let mut track = vec![0.0; 20_480];
        for (n, x) in track[..10_240].iter_mut().enumerate() {
            *x = (n as f32 * 0.1).sin();
        }
        level(&mut track, 0.1);
        let power = track[..10_240].iter().map(|x| x * x).sum::<f32>() / 10_240.0;
        assert!((power.sqrt() - 0.1).abs() < 1e-3);
    }
}
