//! The vectors of a project: whose they are, and the files that they are kept in.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::files::read_json;

/// What the vectors of the songs are made with: the trained encoder, or a baseline beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Source {
    /// The encoder after training.
    TrainedEncoder,
    /// The mean and deviation of every row of the image: what no learning at all gives.
    RowStatistics,
    /// The mean and deviation of the twelve pitch classes: only the harmony.
    Chroma,
    /// The same of what stands out from the rows around it.
    SharpenedChroma,
    /// Magnitudes of the two-dimensional Fourier transform of pieces of chroma: without the key and the
    /// place.
    ChromaPatches,
    /// How the pitch classes follow each other: lagged covariances of sharpened chroma.
    ChromaChanges,
    /// The same without the key: the strongest of the simple baselines for other renditions.
    ChromaChangesAnyKey,
    /// The encoder's vector beside chroma changes in any key, each of length 1: the sound and the harmony.
    Joined,
    /// Row statistics beside chroma changes in any key, each of length 1: what joining gives without a network.
    RowsJoined,
    /// Rings that a network learned on top of chroma changes.
    LearnedChanges,
    /// What that network learned without the key.
    LearnedChangesAnyKey,
    /// The same beside chroma changes in any key, both whitened by the songs that were learned from and of length 1.
    LearnedJoined,
    /// The encoder with its random initial weights.
    UntrainedEncoder,
    /// Row statistics and chroma side by side, each number in deviations from its mean: what a map without
    /// training is made of.
    RowStatisticsAndChroma,
}

/// Which part of each song the vectors are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The whole song.
    Whole,
    /// Its first half.
    FirstHalf,
    /// Its second half, which shares no audio with the first.
    SecondHalf,
}

impl Source {
    /// The file in the folder of a study that says which vectors it is of.
    pub const CHOICE: &str = "choice.json";
    /// The sources that are computed beside each other, the trained encoder first.
    pub const ALL: [Self; 10] = [
        Self::TrainedEncoder,
        Self::RowStatistics,
        Self::Chroma,
        Self::SharpenedChroma,
        Self::ChromaPatches,
        Self::ChromaChanges,
        Self::ChromaChangesAnyKey,
        Self::Joined,
        Self::RowsJoined,
        Self::UntrainedEncoder,
    ];
    /// The sources of a network on top of chroma changes, where there is one. No project has one of its own.
    pub const LEARNED: [Self; 3] =
        [Self::LearnedJoined, Self::LearnedChangesAnyKey, Self::LearnedChanges];
    /// The sources that the trained encoder is compared with.
    pub const BASELINES: &[Self] = Self::ALL.as_slice().split_at(1).1;

    /// As in tables and titles.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrainedEncoder => "trained encoder",
            Self::RowStatistics => "row statistics",
            Self::Chroma => "chroma",
            Self::SharpenedChroma => "sharpened chroma",
            Self::ChromaPatches => "chroma patches",
            Self::ChromaChanges => "chroma changes",
            Self::ChromaChangesAnyKey => "chroma changes any key",
            Self::Joined => "encoder with chroma changes",
            Self::RowsJoined => "rows with chroma changes",
            Self::LearnedChanges => "learned changes",
            Self::LearnedChangesAnyKey => "learned changes any key",
            Self::LearnedJoined => "learned with chroma changes",
            Self::UntrainedEncoder => "untrained encoder",
            Self::RowStatisticsAndChroma => "row statistics and chroma",
        }
    }

    /// The source of a name, where it is one.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut all =
            Self::ALL.into_iter().chain(Self::LEARNED).chain([Self::RowStatisticsAndChroma]);
        all.find(|source| source.name() == name)
    }

    /// The source of the vectors that a project's map is made of: the one that was chosen; where nothing is
    /// known of a choice, that of a project without training where its vectors are there, else the trained
    /// encoder.
    ///
    /// # Errors
    /// As [`read_json`], for the choice.
    pub fn of_project(project: impl AsRef<Path>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Choice {
            chosen: Source,
        }
        let project = project.as_ref();
        let choice = project.join("analysis/studied").join(Self::CHOICE);
        if choice.is_file() {
            return Ok(read_json::<Choice>(choice)?.chosen);
        }
        let untrained = Self::RowStatisticsAndChroma.file(project.join("vectors")).is_file();
        Ok(if untrained { Self::RowStatisticsAndChroma } else { Self::TrainedEncoder })
    }

    /// Whether a network has a part in the vectors: projects without training do not have them.
    pub fn is_of_network(self) -> bool {
        matches!(self, Self::TrainedEncoder | Self::Joined | Self::UntrainedEncoder)
    }

    /// The sources that a joined one is made of.
    pub fn parts(self) -> Option<[Self; 2]> {
        match self {
            Self::Joined => Some([Self::TrainedEncoder, Self::ChromaChangesAnyKey]),
            Self::RowsJoined => Some([Self::RowStatistics, Self::ChromaChangesAnyKey]),
            _ => None,
        }
    }

    /// Whether the columns are rings of twelve pitch classes, C first: a transposition of the music turns
    /// every ring by as many places as it has semitones.
    pub fn has_rings(self) -> bool {
        matches!(
            self,
            Self::Chroma | Self::SharpenedChroma | Self::ChromaChanges | Self::LearnedChanges
        )
    }

    /// The file in a folder of vectors, such as `trained-encoder.npy`.
    pub fn file(self, folder: impl AsRef<Path>) -> PathBuf {
        folder.as_ref().join(format!("{}.npy", self.name().replace(' ', "-")))
    }
}

impl Part {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Whole, Self::FirstHalf, Self::SecondHalf];

    /// The file of this part, beside the file of the vectors of whole songs: `chroma.npy` and
    /// `chroma.first-half.npy`.
    pub fn beside(self, whole: impl AsRef<Path>) -> PathBuf {
        match self {
            Self::Whole => whole.as_ref().into(),
            Self::FirstHalf => whole.as_ref().with_extension("first-half.npy"),
            Self::SecondHalf => whole.as_ref().with_extension("second-half.npy"),
        }
    }
}

/// The name of the vectors in a file: `row statistics` for `vectors/row-statistics.npy`.
pub fn name_of_vectors(file: impl AsRef<Path>) -> String {
    file.as_ref().file_stem().unwrap_or_default().to_string_lossy().replace('-', " ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_belong_together() {
        let others = Source::LEARNED.into_iter().chain([Source::RowStatisticsAndChroma]);
        for source in Source::ALL.into_iter().chain(others) {
            assert_eq!(name_of_vectors(source.file("vectors")), source.name());
            assert_eq!(Source::of_name(source.name()), Some(source));
        }
        let chroma = Source::Chroma.file("vectors");
        assert_eq!(Part::FirstHalf.beside(&chroma), Path::new("vectors/chroma.first-half.npy"));
        assert_eq!(Part::Whole.beside(&chroma), chroma);
    }

    #[test]
    fn a_project_says_what_its_map_is_made_of() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path();
        let of_project = || Source::of_project(project).unwrap();
        assert_eq!(of_project(), Source::TrainedEncoder);
        let vectors = Source::RowStatisticsAndChroma.file(project.join("vectors"));
        std::fs::create_dir_all(project.join("vectors")).unwrap();
        std::fs::write(vectors, "").unwrap();
        assert_eq!(of_project(), Source::RowStatisticsAndChroma);
        let studied = project.join("analysis/studied");
        std::fs::create_dir_all(&studied).unwrap();
        let choice = r#"{ "chosen": "chroma-changes", "songs": 9 }"#;
        std::fs::write(studied.join(Source::CHOICE), choice).unwrap();
        assert_eq!(of_project(), Source::ChromaChanges);
        std::fs::write(studied.join(Source::CHOICE), r#"{ "chosen": "noise" }"#).unwrap();
        let refused = Source::of_project(project).unwrap_err().to_string();
        assert!(refused.contains("choice.json"), "{refused}");
    }
}
