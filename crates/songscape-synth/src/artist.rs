//! Artists: each keeps instruments, a kit, habits and a sound over a career.

use crate::effect::Band;
use crate::form::{Arranging, Role};
use crate::harmony::Progression;
use crate::instrument::{Kit, Patch, Timbre};
use crate::name::Names;
use crate::part::{BassLine, Comping};
use crate::random::{Draw, Purpose, stream};
use crate::rhythm::Groove;
use crate::style::{Choice, STYLES};

/// What the songs of one artist have in common.
#[derive(Debug, Clone)]
pub(crate) struct Artist {
    pub(crate) name: String,
    /// Index into [`STYLES`].
    pub(crate) style: usize,
    /// The career: first year and length.
    pub(crate) from: f32,
    pub(crate) years: f32,
    /// Years by which the playing and the recordings are ahead of their time (mostly negative:
    /// behind).
    pub(crate) playing_offset: f32,
    pub(crate) studio_offset: f32,
    /// Beats per minute.
    pub(crate) tempo: (f32, f32),
    pub(crate) progressions: [Progression; 3],
    pub(crate) grooves: [Groove; 2],
    pub(crate) kit: Kit,
    pub(crate) bass_line: BassLine,
    pub(crate) comping: Comping,
    /// By role, without the drums.
    pub(crate) patches: [Patch; 6],
    pub(crate) power_chords: bool,
    pub(crate) arranging: Arranging,
    /// Levels in dB by role.
    pub(crate) levels: [f32; 7],
    pub(crate) equaliser: Vec<Band>,
    /// MIDI pitch around which the melody lies.
    pub(crate) voice: i32,
    /// Factor on the density of melodies.
    pub(crate) talkative: f32,
    /// Size of the rooms, 0.3–1.2.
    pub(crate) room: f32,
}

/// All artists of a library, in the order of their careers.
pub(crate) fn roster(seed: u64, count: usize, first: i32, last: i32, names: &Names) -> Vec<Artist> {
    let mut draw = stream(seed, Purpose::Roster, 0);
    let span = (last - first + 1) as f32;
    // Each career's style is the one that is most behind its share so far, so that the styles'
    // shares follow their popularity closely even with few artists.
    let mut credit: Vec<f32> = STYLES.iter().map(|_| draw.between(-0.3, 0.3)).collect();
    (0..count)
        .map(|index| {
            let center = first as f32 + span * (index as f32 + 0.5) / count as f32;
            let popularity: Vec<f32> = STYLES.iter().map(|s| s.popularity(center)).collect();
            let total: f32 = popularity.iter().sum::<f32>().max(1e-9);
            let mut style = 0;
            for (k, p) in popularity.iter().enumerate() {
                credit[k] += p / total;
                // A style that hardly exists gets no artist, whatever its credit.
                if *p > 0.05 && (credit[k] > credit[style] || popularity[style] <= 0.05) {
                    style = k;
                }
            }
            credit[style] -= 1.0;
            Artist::new(
                names.artist(index),
                style,
                center,
                &mut stream(seed, Purpose::Artist, index),
            )
        })
        .collect()
}

impl Artist {
    fn new(name: String, style: usize, center: f32, draw: &mut Draw) -> Self {
        let vocabulary = &STYLES[style];
        let years = draw.between(5.0, 15.0);
        // Some look back for most of their career.
        let backward = |draw: &mut Draw, chance: f32, low: f32, high: f32| {
            if draw.chance(chance) { -draw.between(low, high) } else { 0.0 }
        };
        let playing_offset = 1.5 * draw.normal() + backward(draw, 0.08, 6.0, 14.0);
        let studio_offset = 2.0 * draw.normal() + backward(draw, 0.10, 8.0, 25.0);

        let (slow, fast) = vocabulary.tempo;
        let middle = draw.between(slow, fast);
        let spread = draw.between(4.0, 9.0);

        let patches = [
            vocabulary.basses,
            vocabulary.chords,
            vocabulary.pads,
            vocabulary.leads,
            vocabulary.hooks,
            vocabulary.answers,
        ]
        .map(|choice| instrument(choice, center + playing_offset, draw));
        let power_chords = patches[1].drive > 3.0;
        Self {
            name,
            style,
            from: center - 0.5 * years,
            years,
            playing_offset,
            studio_offset,
            tempo: ((middle - spread).max(slow - 4.0), (middle + spread).min(fast + 4.0)),
            progressions: [(); 3].map(|()| draw.pick(vocabulary.progressions)),
            grooves: [(); 2].map(|()| draw.pick(vocabulary.grooves)),
            kit: Kit::new(choose(vocabulary.kits, draw), draw),
            bass_line: choose(vocabulary.bass_lines, draw),
            comping: choose(vocabulary.compings, draw),
            patches,
            power_chords,
            arranging: arranging(style, draw),
            levels: levels(draw),
            equaliser: vec![
                Band::LowShelf { hz: draw.between(80.0, 250.0), db: 1.2 * draw.normal() },
                Band::Peak {
                    hz: 300.0 * draw.between(0.0, 4.0).exp2(),
                    db: 1.8 * draw.normal(),
                    q: 0.8,
                },
                Band::HighShelf { hz: draw.between(2000.0, 6000.0), db: 1.6 * draw.normal() },
            ],
            voice: draw.pick(&[57, 60, 64, 67, 69, 72]),
            talkative: (0.15 * draw.normal()).exp(),
            room: draw.between(0.35, 1.15),
        }
    }
}

fn choose<T: Copy>(choice: Choice<T>, draw: &mut Draw) -> T {
    choice[draw.weighted(choice.iter().map(|c| c.1))].0
}

/// A patch of an instrument that is in use in a year.
fn instrument(choice: Choice<Timbre>, year: f32, draw: &mut Draw) -> Patch {
    // The small constant keeps a choice when everything is still to be invented.
    let weights = choice.iter().map(|(timbre, weight)| weight * (timbre.in_use(year) + 1e-6));
    choice[draw.weighted(weights)].0.patch(draw)
}

fn arranging(style: usize, draw: &mut Draw) -> Arranging {
    let vocabulary = &STYLES[style];
    let mut threshold = [0.0; 7];
    let mut set = |role: Role, value: f32| threshold[role as usize] = value;
    let never = f32::INFINITY;
    set(Role::Drums, if draw.chance(vocabulary.drums) { draw.between(0.25, 0.5) } else { never });
    set(Role::Bass, draw.between(0.2, 0.5));
    set(Role::Chords, draw.between(0.1, 0.4));
    set(Role::Pad, if draw.chance(vocabulary.pad) { draw.between(0.3, 0.85) } else { never });
    set(Role::Lead, if draw.chance(0.92) { draw.between(0.35, 0.6) } else { never });
    set(Role::Hook, if draw.chance(vocabulary.hook) { draw.between(0.3, 0.85) } else { never });
    set(Role::Answer, if draw.chance(0.6) { draw.between(0.65, 0.9) } else { never });
    Arranging { threshold, contrast: draw.between(1.6, 3.6) }
}

/// A balance of its own around a usual one.
fn levels(draw: &mut Draw) -> [f32; 7] {
    let mut levels = [0.0; 7];
    for (role, level) in [
        (Role::Drums, -1.0),
        (Role::Bass, -3.0),
        (Role::Chords, -6.0),
        (Role::Pad, -8.0),
        (Role::Lead, -2.0),
        (Role::Hook, -5.0),
        (Role::Answer, -7.0),
    ] {
        levels[role as usize] = level + 1.2 * draw.normal();
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artists(seed: u64) -> Vec<Artist> {
        let names = Names::new(&mut stream(seed, Purpose::Names, 0));
        roster(seed, 60, 1960, 2020, &names)
    }

    #[test]
    fn every_style_has_several_artists() {
        for seed in 0..20 {
            let mut counts = [0; STYLES.len()];
            for artist in artists(seed) {
                counts[artist.style] += 1;
            }
            assert!(counts.iter().all(|n| (3..=9).contains(n)), "seed {seed}: {counts:?}");
        }
    }

    #[test]
    fn artists_differ_and_repeat() {
        let (one, two) = (artists(1), artists(1));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
        let tempos: Vec<f32> = one.iter().map(|a| a.tempo.0).collect();
        assert!(tempos.windows(2).all(|w| w[0] != w[1]));
    }
}
