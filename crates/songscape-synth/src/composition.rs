//! One song on paper: key, time, form, chords and motifs.

use crate::artist::Artist;
use crate::era::Playing;
use crate::form::{Kind, Role, Section, lay_out};
use crate::harmony::{Chord, Key, Mode, colour};
use crate::melody::{Manner, Motif};
use crate::random::Draw;
use crate::rhythm::{Clock, Groove};
use crate::style::STYLES;

/// Everything that the parts are made from.
#[derive(Debug, Clone)]
pub(crate) struct Composition {
    pub(crate) playing: Playing,
    pub(crate) tempo: f32,
    pub(crate) clock: Clock,
    pub(crate) groove: Groove,
    /// Sixteenths in a bar.
    pub(crate) steps: usize,
    /// Bars that begin within the song.
    pub(crate) bars: usize,
    pub(crate) sections: Vec<Section>,
    key: Key,
    /// Chord cycles of verse, chorus and everything else.
    cycles: [Vec<Chord>; 3],
    /// Sixteenths for which a chord holds: half a bar, a bar or two.
    pub(crate) chord_steps: usize,
    /// Motifs of verse, chorus and everything else.
    pub(crate) motifs: [Motif; 3],
    /// MIDI pitches around which the parts lie.
    pub(crate) bass_center: i32,
    pub(crate) chord_center: i32,
    pub(crate) melody_center: i32,
    /// Whether hats open in full sections.
    pub(crate) open_hats: bool,
    /// Probability that a melody note slides in from the one before.
    pub(crate) slides: f32,
}

impl Composition {
    pub(crate) fn draw(artist: &Artist, playing: Playing, seconds: f64, draw: &mut Draw) -> Self {
        let style = &STYLES[artist.style];
        let groove = draw.pick(&artist.grooves);
        let steps = groove.steps();
        let tempo = draw.between(artist.tempo.0, artist.tempo.1);
        let beat = 60.0 / f64::from(tempo);
        let clock = Clock {
            beat,
            ratio: 0.5 + 0.17 * f64::from((style.swing * playing.swing).clamp(0.0, 1.0)),
            swing: groove.swing,
            drift: (
                f64::from(playing.wander.max(0.0) * draw.between(0.5, 1.3)),
                f64::from(draw.between(7.0, 16.0)),
                f64::from(draw.unit()),
            ),
        };
        let bar = beat * steps as f64 / 4.0;
        let bars = (seconds / bar).ceil() as usize;
        // About six sections in half a minute, longer ones in longer songs.
        let length = (seconds / 6.0).clamp(4.0, 16.0) / bar;
        let per = if length < 3.0 { 2 } else { (length / 2.0).round() as usize * 2 };
        let lift = if draw.chance(playing.lift) { draw.pick(&[1, 2]) } else { 0 };
        let mut arranging = artist.arranging.clone();
        if !draw.chance(0.25 + 0.75 * playing.ostinato) {
            arranging.threshold[Role::Hook as usize] = f32::INFINITY;
        }
        let sections = lay_out(bars, per, &arranging, lift, draw);

        let key = Key { tonic: draw.below(12) as i32 - 6, mode: mode(artist, &playing, draw) };
        let cycles = [0, 1, 2].map(|_| {
            let cycle = draw.pick(&artist.progressions);
            colour(cycle, playing.colour, artist.power_chords, draw)
        });
        let chord_steps = match playing.changes + draw.between(-0.2, 0.2) {
            c if c >= 1.5 => steps / 2,
            c if c >= 0.8 => steps,
            _ => 2 * steps,
        };
        let manner = Manner {
            steps,
            density: playing.density * artist.talkative * steps as f32 / 16.0,
            syncopation: playing.syncopation,
            range: playing.range,
        };
        let more = Manner { density: manner.density * 1.2, ..manner };
        Self {
            motifs: [&manner, &more, &manner].map(|manner| Motif::draw(manner, draw)),
            bass_center: 40 + draw.below(5) as i32 - 2,
            chord_center: 60 + draw.below(7) as i32 - 3,
            melody_center: artist.voice + draw.below(5) as i32 - 2,
            open_hats: draw.chance(0.6),
            slides: 0.25 * draw.unit(),
            playing,
            tempo,
            clock,
            groove,
            steps,
            bars,
            sections,
            key,
            cycles,
            chord_steps,
        }
    }

    /// The section that a bar belongs to; bars beyond the end belong to the last one.
    pub(crate) fn section(&self, bar: usize) -> Option<&Section> {
        let after = self.sections.partition_point(|section| section.first <= bar);
        self.sections.get(after.max(1) - 1)
    }

    /// The key of the song as a whole.
    pub(crate) fn home(&self) -> Key {
        self.key
    }

    /// The key of a bar.
    pub(crate) fn key(&self, bar: usize) -> Key {
        let lift = self.section(bar).map_or(0, |section| section.lift);
        Key { tonic: self.key.tonic + lift, mode: self.key.mode }
    }

    /// The chord at a sixteenth of a bar.
    pub(crate) fn chord(&self, bar: usize, step: usize) -> Chord {
        let (first, kind) = self.section(bar).map_or((0, Kind::Verse), |s| (s.first, s.kind));
        let cycle = match kind {
            Kind::Intro | Kind::Verse => &self.cycles[0],
            Kind::Chorus => &self.cycles[1],
            _ => &self.cycles[2],
        };
        let at = (bar.saturating_sub(first)) * self.steps + step;
        cycle[at / self.chord_steps % cycle.len()]
    }
}

/// A mode of the style, with the leaning towards minor that lies between the style's and the
/// time's.
fn mode(artist: &Artist, playing: &Playing, draw: &mut Draw) -> Mode {
    let modes = STYLES[artist.style].modes;
    let total: f32 = modes.iter().map(|m| m.1).sum();
    let minor: f32 = modes.iter().filter(|m| m.0.is_minor()).map(|m| m.1).sum();
    let wanted = draw.chance(0.5 * (minor / total + playing.minor));
    let weights = modes.iter().map(|m| if m.0.is_minor() == wanted { m.1 } else { 0.0 });
    if weights.clone().sum::<f32>() > 0.0 {
        modes[draw.weighted(weights)].0
    } else if wanted {
        Mode::Minor
    } else {
        Mode::Major
    }
}
