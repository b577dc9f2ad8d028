//! Which vectors a study uses: those by which a song of the library is found again, measured without labels.

use std::fmt;
use std::path::Path;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use songscape_analysis::bootstrap::{Difference, Interval};
use songscape_analysis::retrieval::Places;
use songscape_analysis::study::VectorSet;
use songscape_contrastive::Augment;
use songscape_contrastive::baseline::halves;
use songscape_contrastive::retrieval::gap;
use songscape_project::{Job, Progress, Source, read_json, write_json};

use super::joined::{computed, with_joined};
use super::set::Set;
use super::{Embedding, Images, Keep};
use crate::error::{Error, Result};

/// Songs that are measured at most, evenly spaced over the library.
const MOST: usize = 200;
/// With fewer songs than these, which finds its half says nothing.
const LEAST: usize = 8;

/// Which vectors a study uses, and how they were chosen.
///
/// One half of a song looks for the other, which is changed as [another copy](Augment::copy) of the recording
/// would be, among the halves of all songs that are measured. Sources are tried in order: each takes the place of
/// the one chosen so far if it finds more, by a difference that is told apart from chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The source that was chosen.
    pub chosen: Source,
    /// Songs that were measured; 0 where nothing was.
    pub songs: usize,
    /// What each source found, in the order in which they were tried.
    pub trials: Vec<Trial>,
}

/// What a source found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The source.
    pub source: Source,
    /// The share of halves that found the other first, by standardised columns.
    pub recall_1: f64,
    /// Its 95 % interval, bootstrapped over the songs.
    pub interval: Option<Interval>,
    /// The first source's share less this one's; `None` for the first itself.
    pub behind: Option<Difference>,
}

impl Choice {
    /// These vectors, since somebody asked for them.
    pub fn given(chosen: Source) -> Self {
        Self { chosen, songs: 0, trials: Vec::new() }
    }

    /// What is chosen of sources that found their halves in these places; `None` for no sources.
    fn of(songs: usize, found: &[(Source, &Places)]) -> Option<Self> {
        let &(default, first) = found.first()?;
        let better = |own: &Places, than: &Places| {
            than.difference(own, 1).is_some_and(|d| d.value < 0.0 && d.is_told_apart())
        };
        let best =
            |best: (Source, _), own: (Source, _)| if better(own.1, best.1) { own } else { best };
        let (chosen, _) = found.iter().copied().reduce(best)?;
        let trial = |&(source, own): &(Source, &Places)| Trial {
            source,
            recall_1: own.retrieval().recall_1,
            interval: own.interval(1),
            behind: (source != default).then(|| first.difference(own, 1)).flatten(),
        };
        Some(Self { chosen, songs, trials: found.iter().map(trial).collect() })
    }

    /// Writes it into the folder of a study.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn write(&self, study: impl AsRef<Path>) -> Result<()> {
        Ok(write_json(study.as_ref().join(Source::CHOICE), self)?)
    }

    /// Reads that of a study; `None` where the study knows of none.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be read.
    pub fn read(study: impl AsRef<Path>) -> Result<Option<Self>> {
        let file = study.as_ref().join(Source::CHOICE);
        Ok(if file.is_file() { Some(read_json(file)?) } else { None })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of the vectors \"{}\"", self.chosen.name())?;
        let Some(own) = self.trials.iter().find(|trial| trial.source == self.chosen) else {
            return Ok(());
        };
        write!(f, ", which find {:.2} of {} songs by their other half", own.recall_1, self.songs)?;
        match self.trials.first() {
            Some(first) if first.source != self.chosen => {
                write!(f, " (\"{}\" {:.2})", first.source.name(), first.recall_1)
            }
            _ => write!(f, "; none is told apart as better"),
        }
    }
}

impl Embedding<'_> {
    /// Measures which of some sources, each named once, find a song of the library again. Of those that are not told
    /// apart, the earlier one is taken.
    ///
    /// # Errors
    /// As [`compute`](Self::compute); [`Error::Input`] for no sources.
    pub fn choose(
        &self,
        images: &Images,
        sources: &[Source],
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Choice> {
        self.check(images)?;
        let Some(&default) = sources.first() else {
            return Err(Error::input("vectors", "no sources to choose from"));
        };
        let (pixels, params) = (images.pixels(), images.params());
        let (config, rows) = (self.model.config(), params.rows);
        let augment =
            Augment::copy().for_images(rows, params.f_min, params.f_max, params.range_db.into());
        let unit = config.columns_per_vector();
        let apart = gap(config) * unit;
        let (long, _) = self.long_enough(images);
        let has_halves = |song: &usize| pixels.columns(*song).saturating_sub(apart) / 2 >= unit;
        let long: Vec<usize> = long.into_iter().filter(has_halves).collect();
        if long.len() < LEAST {
            return Ok(Choice::given(default));
        }
        let count = long.len().min(MOST);
        let parts = computed(sources);
        let sets = parts
            .iter()
            .map(|&source| Set::new(source, self, images, &Keep::Nothing))
            .collect::<Result<Vec<_>>>()?;
        let mut found: Vec<[Vec<f32>; 2]> = vec![Default::default(); parts.len()];
        let job = Job::begin(progress, "choice of vectors", count as u64, "songs");
        for place in 0..count {
            if job.interrupted() {
                return Err(Error::Interrupted);
            }
            let song = long[place * long.len() / count];
            let Some((first, second)) = halves(pixels.song(song), rows, apart) else { continue };
            let second = augment.image(second, rows, seed.wrapping_add((song as u64) << 20));
            for (set, [one, other]) in sets.iter().zip(&mut found) {
                one.extend(set.vector(first)?);
                other.extend(set.vector(&second)?);
            }
            job.advance(1);
        }
        drop(job);
        let matrix = |values: Vec<f32>| {
            let width = values.len() / count;
            Array2::from_shape_vec((count, width), values).expect("every song has a vector")
        };
        let sets = parts.into_iter().zip(found).map(|(source, halves)| {
            let [first, second] = halves.map(matrix);
            let set = VectorSet::new(source.name(), first.clone());
            (source, VectorSet { halves: Some([first, second]), ..set })
        });
        let sets = with_joined(sources, sets.collect());
        let places = sets.iter().map(VectorSet::retrieve_halves).collect::<Result<Vec<_>, _>>()?;
        let found = sources.iter().zip(&places);
        let found: Vec<_> =
            found.filter_map(|(&source, own)| Some((source, own.as_ref()?))).collect();
        Ok(Choice::of(count, &found).unwrap_or_else(|| Choice::given(default)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A source that finds so many of 100 songs, the first ones.
    fn places(found: usize) -> Places {
        let places = (0..100).map(|song| 1 + usize::from(song >= found)).collect();
        Places { places, songs: (0..100).collect() }
    }

    fn choice(found: &[(Source, usize)]) -> Choice {
        let places: Vec<Places> = found.iter().map(|(_, count)| places(*count)).collect();
        let found = found.iter().zip(&places).map(|((source, _), places)| (*source, places));
        Choice::of(100, &found.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_source_stays_unless_a_later_one_is_told_apart_as_better() {
        use Source::{ChromaChanges, Joined, RowStatistics, RowsJoined, TrainedEncoder};
        let by = |found: &[(Source, usize)]| choice(found).chosen;
        assert_eq!(by(&[(TrainedEncoder, 60), (RowStatistics, 61)]), TrainedEncoder);
        assert_eq!(by(&[(TrainedEncoder, 60), (RowStatistics, 20)]), TrainedEncoder);
        assert_eq!(by(&[(TrainedEncoder, 60), (RowStatistics, 80)]), RowStatistics);
        let better = [(TrainedEncoder, 60), (ChromaChanges, 80), (Joined, 90), (RowStatistics, 90)];
        assert_eq!(by(&better), Joined);
        assert_eq!(by(&[(TrainedEncoder, 60), (Joined, 90), (RowsJoined, 91)]), Joined);
        assert_eq!(by(&[(TrainedEncoder, 60), (Joined, 80), (RowsJoined, 95)]), RowsJoined);
        assert_eq!(by(&[(TrainedEncoder, 90), (Joined, 80), (RowsJoined, 91)]), TrainedEncoder);
        let said = choice(&better).to_string();
        assert!(said.contains("with chroma changes") && said.contains("0.60"), "{said}");
        let said = choice(&better[..1]).to_string();
        assert!(said.ends_with("none is told apart as better"), "{said}");
    }

    #[test]
    fn a_choice_is_kept_with_its_study() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Choice::read(folder.path()).unwrap(), None);
        let made = choice(&[(Source::TrainedEncoder, 10), (Source::Joined, 90)]);
        made.write(folder.path()).unwrap();
        assert_eq!(Choice::read(folder.path()).unwrap(), Some(made));
    }
}
