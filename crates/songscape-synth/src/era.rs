//! What a year sounds like: how habits of playing and of recording change from 1960 to 2020.
//!
//! Every habit is a curve over the years. A song reads each curve at a year of its own, scattered
//! around its release, so that no habit by itself dates a song.

use crate::random::Draw;

/// A piecewise-linear function of the year, constant beyond its ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve(&'static [(f32, f32)]);

impl Curve {
    pub(crate) fn at(self, year: f32) -> f32 {
        let Some(&(_, first)) = self.0.first() else { return 0.0 };
        let mut value = first;
        for pair in self.0.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            if year >= x0 {
                value = y0 + (y1 - y0) * ((year - x0) / (x1 - x0)).min(1.0);
            }
        }
        value
    }
}

/// Habits of playing.
#[derive(Debug, Clone)]
pub(crate) struct Playing {
    /// How far off-beats are late, as a share of the style's own swing (0 straight, 1 full).
    pub(crate) swing: f32,
    /// Standard deviation of onsets in seconds.
    pub(crate) loose: f32,
    /// Slow drift of the tempo, relative.
    pub(crate) wander: f32,
    /// Depth of vibrato in cents.
    pub(crate) vibrato: f32,
    /// The sounding share of a melody note's time.
    pub(crate) gate: f32,
    /// Seconds added to soft attacks.
    pub(crate) attack: f32,
    /// Melody notes per bar.
    pub(crate) density: f32,
    /// Weight of off-beat onsets, 0–1.
    pub(crate) syncopation: f32,
    /// Probability that a motif comes back unchanged.
    pub(crate) repetition: f32,
    /// How finely the beat is divided by hats and arpeggios: 0 quarters, 1 eighths, 2 sixteenths,
    /// 3 rolls.
    pub(crate) division: f32,
    /// Chords per bar.
    pub(crate) changes: f32,
    /// Probability of sevenths and ninths.
    pub(crate) colour: f32,
    /// Probability of a minor mode.
    pub(crate) minor: f32,
    /// Melody range in scale steps.
    pub(crate) range: f32,
    /// Depth of amplitude tremolo on sustained parts.
    pub(crate) tremolo: f32,
    /// Depth of rhythmic gating of sustained parts.
    pub(crate) chop: f32,
    /// Depth of ducking by the kick.
    pub(crate) pump: f32,
    /// Level of the drums in dB.
    pub(crate) drums: f32,
    /// Probability of an ostinato.
    pub(crate) ostinato: f32,
    /// Probability that the last part is a whole or half tone higher.
    pub(crate) lift: f32,
}

/// Habits of recording.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    /// Reverberation time in seconds.
    pub(crate) room: f32,
    /// Reverb level.
    pub(crate) wet: f32,
    /// Whether the snare's room is cut off.
    pub(crate) gated: bool,
    /// Level of tempo echoes on the melody.
    pub(crate) echo: f32,
    /// Speed deviation of the tape.
    pub(crate) wow: f32,
    /// Upper edge in Hz.
    pub(crate) top: f32,
    /// Lower edge in Hz.
    pub(crate) bottom: f32,
    /// Hiss in dB relative to the music.
    pub(crate) hiss: f32,
    /// Clicks of the record a second.
    pub(crate) crackle: f32,
    /// Root mean square in dB below full scale.
    pub(crate) level: f32,
    /// Compression ratio.
    pub(crate) ratio: f32,
    /// Saturation of the mix.
    pub(crate) drive: f32,
    /// Level of bass and kick in dB.
    pub(crate) low: f32,
    /// Treble above 2.5 kHz in dB.
    pub(crate) air: f32,
    /// Whether the song fades out.
    pub(crate) fade: bool,
}

const SWING: Curve =
    Curve(&[(1960., 1.0), (1972., 0.6), (1984., 0.15), (1996., 0.55), (2020., 0.2)]);
const LOOSE: Curve = Curve(&[(1960., 0.016), (1976., 0.010), (1986., 0.004), (2020., 0.0005)]);
const WANDER: Curve = Curve(&[(1960., 0.022), (1975., 0.014), (1985., 0.003), (1995., 0.0)]);
const VIBRATO: Curve = Curve(&[(1960., 70.), (1980., 42.), (2000., 16.), (2020., 3.)]);
const GATE: Curve = Curve(&[(1960., 1.0), (1980., 0.78), (2000., 0.55), (2020., 0.34)]);
const ATTACK: Curve = Curve(&[(1960., 0.09), (1980., 0.04), (2000., 0.012), (2020., 0.0)]);
const DENSITY: Curve = Curve(&[(1960., 3.4), (1980., 5.0), (2000., 7.0), (2020., 9.5)]);
const SYNCOPATION: Curve = Curve(&[(1960., 0.05), (1980., 0.25), (2000., 0.5), (2020., 0.8)]);
const REPETITION: Curve = Curve(&[(1960., 0.2), (1990., 0.5), (2020., 0.95)]);
const DIVISION: Curve = Curve(&[(1960., 0.5), (1975., 1.1), (1995., 1.8), (2020., 3.0)]);
const CHANGES: Curve = Curve(&[(1960., 1.9), (1980., 1.3), (2000., 0.95), (2020., 0.55)]);
const COLOUR: Curve =
    Curve(&[(1960., 0.2), (1976., 0.7), (1992., 0.4), (2004., 0.15), (2020., 0.4)]);
const MINOR: Curve = Curve(&[(1960., 0.12), (1985., 0.35), (2020., 0.75)]);
const RANGE: Curve = Curve(&[(1960., 8.0), (1990., 6.0), (2020., 3.6)]);
const TREMOLO: Curve = Curve(&[(1960., 0.75), (1972., 0.55), (1985., 0.2), (1998., 0.0)]);
const CHOP: Curve = Curve(&[(1984., 0.0), (2000., 0.5), (2012., 0.85), (2020., 0.9)]);
const PUMP: Curve = Curve(&[(1988., 0.0), (2003., 0.4), (2013., 0.75), (2020., 0.75)]);
const DRUMS: Curve = Curve(&[(1960., -4.0), (1980., -1.0), (2000., 1.0), (2020., 2.0)]);
const OSTINATO: Curve = Curve(&[(1960., 0.1), (1978., 0.3), (1990., 0.5), (2020., 0.8)]);
const LIFT: Curve = Curve(&[(1960., 0.35), (1985., 0.3), (2005., 0.1), (2020., 0.02)]);

const ROOM: Curve =
    Curve(&[(1960., 1.3), (1972., 0.7), (1986., 2.4), (1996., 1.2), (2005., 0.7), (2020., 1.8)]);
const WET: Curve =
    Curve(&[(1960., 0.24), (1972., 0.12), (1986., 0.26), (1998., 0.12), (2020., 0.15)]);
const GATED: Curve =
    Curve(&[(1979., 0.0), (1983., 0.6), (1989., 0.6), (1994., 0.05), (2012., 0.0), (2018., 0.1)]);
const ECHO: Curve =
    Curve(&[(1960., 0.15), (1975., 0.1), (1985., 0.3), (2000., 0.15), (2020., 0.4)]);
const WOW: Curve = Curve(&[(1960., 0.0026), (1975., 0.0012), (1988., 0.0002), (1995., 0.0)]);
/// In octaves above 1 kHz.
const TOP: Curve = Curve(&[(1960., 2.9), (1972., 3.4), (1984., 3.9), (1998., 4.3), (2020., 4.35)]);
const BOTTOM: Curve = Curve(&[(1960., 42.), (1980., 34.), (2000., 28.), (2020., 25.)]);
const HISS: Curve =
    Curve(&[(1960., -42.), (1975., -50.), (1986., -60.), (1995., -74.), (2020., -78.)]);
const CRACKLE: Curve = Curve(&[(1960., 9.0), (1975., 4.0), (1988., 0.3), (1994., 0.0)]);
const LEVEL: Curve =
    Curve(&[(1960., -20.), (1980., -19.), (1992., -17.), (2005., -11.), (2020., -12.5)]);
const RATIO: Curve = Curve(&[(1960., 1.8), (1980., 2.2), (1995., 3.0), (2008., 5.5), (2020., 4.0)]);
const DRIVE: Curve = Curve(&[(1960., 1.1), (1975., 0.8), (1990., 0.5), (2008., 1.3), (2020., 1.0)]);
const LOW: Curve = Curve(&[(1960., -2.0), (1980., -0.5), (2000., 0.5), (2020., 1.5)]);
const AIR: Curve = Curve(&[(1960., -3.5), (1980., -0.5), (2000., 1.5), (2020., 3.0)]);
const FADE: Curve = Curve(&[(1960., 0.55), (1985., 0.7), (2000., 0.25), (2020., 0.05)]);

/// Scatter in years of one habit of playing around the song's own time.
const HABIT: f32 = 3.0;
/// The same for habits of recording.
const STUDIO: f32 = 4.0;

impl Playing {
    /// The habits of a song that is musically of a given year.
    pub(crate) fn draw(year: f32, draw: &mut Draw) -> Self {
        let mut read = |curve: Curve| curve.at(year + HABIT * draw.normal());
        Self {
            swing: read(SWING),
            loose: read(LOOSE),
            wander: read(WANDER),
            vibrato: read(VIBRATO),
            gate: read(GATE),
            attack: read(ATTACK),
            density: read(DENSITY),
            syncopation: read(SYNCOPATION),
            repetition: read(REPETITION),
            division: read(DIVISION),
            changes: read(CHANGES),
            colour: read(COLOUR),
            minor: read(MINOR),
            range: read(RANGE),
            tremolo: read(TREMOLO),
            chop: read(CHOP),
            pump: read(PUMP),
            drums: read(DRUMS),
            ostinato: read(OSTINATO),
            lift: read(LIFT),
        }
    }
}

impl Recording {
    /// The habits of a studio of a given year. A later `remaster` hides bandwidth, hiss and
    /// loudness.
    pub(crate) fn draw(year: f32, remaster: Option<f32>, draw: &mut Draw) -> Self {
        let master = remaster.map_or(year, |later| later.max(year));
        let mut near = |center: f32| center + STUDIO * draw.normal();
        let (studio, release) = ([(); 10].map(|()| near(year)), [(); 5].map(|()| near(master)));
        Self {
            room: ROOM.at(studio[0]) * (0.25 * draw.normal()).exp(),
            wet: WET.at(studio[1]) * (0.25 * draw.normal()).exp(),
            gated: draw.chance(GATED.at(studio[2])),
            echo: ECHO.at(studio[3]) * draw.between(0.0, 2.0),
            wow: WOW.at(studio[4]) * (0.3 * draw.normal()).exp(),
            drive: DRIVE.at(studio[5]) * (0.3 * draw.normal()).exp(),
            low: LOW.at(studio[6]) + 2.0 * draw.normal(),
            bottom: BOTTOM.at(studio[7]),
            air: AIR.at(studio[9]) + 1.5 * draw.normal(),
            fade: draw.chance(FADE.at(studio[8])),
            top: 1000.0 * (TOP.at(release[0]) + 0.15 * draw.normal()).exp2(),
            hiss: HISS.at(release[1]) + 4.0 * draw.normal(),
            crackle: CRACKLE.at(release[4]) * (0.5 * draw.normal()).exp(),
            level: LEVEL.at(release[2]) + 2.0 * draw.normal(),
            ratio: RATIO.at(release[3]) * (0.2 * draw.normal()).exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn curves_are_linear_between_their_points_and_flat_beyond() {
        let curve = Curve(&[(1960., 1.0), (1980., 3.0), (1990., 0.0)]);
        for (year, value) in
            [(1950., 1.0), (1960., 1.0), (1970., 2.0), (1980., 3.0), (1985., 1.5), (2020., 0.0)]
        {
            assert_eq!(curve.at(year), value, "{year}");
        }
    }

    #[test]
    fn habits_drift_but_overlap() {
        let draws = |year: f32| -> Vec<f32> {
            let mut draw = stream(1, Purpose::Song, year as usize);
            (0..500).map(|_| Playing::draw(year, &mut draw).density).collect()
        };
        let (early, late) = (draws(1975.0), draws(1981.0));
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
        assert!(mean(&early) + 0.3 < mean(&late));
        let above = early.iter().filter(|v| **v > mean(&late)).count();
        assert!(above > 5, "one habit must not date a song: {above} of 500");
    }
}
