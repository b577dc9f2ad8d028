//! The figures: one file each, all on the same panel with the same colours.

pub(crate) mod calibration;
pub(crate) mod cluster_years;
mod condensed_tree;
mod distribution;
mod history;
mod map_clusters;
mod map_years;
mod panel;
mod picture;
mod points;
pub(crate) mod predicted_years;
mod retrieval;
pub(crate) mod shares;
mod spectra;
pub(crate) mod spectrogram;
mod text;
mod years;

use std::collections::BTreeSet;

use kuva::render::render::Scene;
use panel::Panel;
use picture::Picture;

use crate::input::ReportInput;

pub(crate) use distribution::{LEAST, Tukey};
pub(crate) use years::YearGroups;

/// A drawn figure.
pub(crate) struct Figure {
    scene: Scene,
    pictures: Vec<Picture>,
    /// What it shows, in a sentence or two: the caption and the text for those who don't see it.
    pub caption: String,
}

impl Figure {
    fn new(panel: Panel, caption: String) -> Self {
        let (scene, pictures) = panel.into_parts();
        Self { scene, pictures, caption }
    }

    /// Its width and height in page units.
    pub fn size(&self) -> (f64, f64) {
        (self.scene.width, self.scene.height)
    }

    pub fn svg(&mut self) -> Result<String, String> {
        picture::in_svg(panel::svg(&mut self.scene), &self.pictures)
    }

    pub fn png(&self) -> Result<Vec<u8>, String> {
        picture::in_png(&panel::png(&self.scene)?, &self.pictures)
    }
}

/// A drawn figure, or why it cannot be drawn.
type Drawn = Result<Figure, &'static str>;

/// Why figures of clusters are left out where all songs are in none.
const NO_CLUSTER: &str = "there is no cluster";

/// A figure's file name without its ending, its name for people, and what draws it.
pub(crate) struct Plan {
    pub file: &'static str,
    pub name: &'static str,
    pub draw: fn(&ReportInput) -> Drawn,
}

/// All figures, in the order of the report.
pub(crate) const PLANS: [Plan; 11] = [
    Plan { file: "map-clusters", name: "The map by cluster", draw: map_clusters::draw },
    Plan { file: "map-years", name: "The map by year", draw: map_years::draw },
    Plan {
        file: "predicted-years",
        name: "Predicted against actual year",
        draw: predicted_years::draw,
    },
    Plan {
        file: "calibration",
        name: "Calibration of the predicted year",
        draw: calibration::draw,
    },
    Plan {
        file: "cluster-years",
        name: "Release years of each cluster",
        draw: cluster_years::draw,
    },
    Plan { file: "cluster-shares", name: "Share of each cluster in each year", draw: shares::draw },
    Plan { file: "cluster-spectra", name: "Mean spectrum of each cluster", draw: spectra::draw },
    Plan { file: "condensed-tree", name: "The condensed tree", draw: condensed_tree::draw },
    Plan { file: "spectrogram", name: "The spectrogram of a song", draw: spectrogram::draw },
    Plan { file: "retrieval", name: "Retrieval against baselines", draw: retrieval::draw },
    Plan { file: "training", name: "Training", draw: history::draw },
];

/// `(row, year)` of the songs whose year is known.
pub(crate) fn dated(input: &ReportInput) -> Vec<(usize, i32)> {
    let rows = input.songs.iter().enumerate();
    rows.filter_map(|(row, song)| Some((row, song.year?))).collect()
}

/// The clusters with the most songs, as many as can be told apart side by side; −1 is not among them.
pub(crate) fn largest(sizes: impl Iterator<Item = (i32, usize)>) -> BTreeSet<i32> {
    const MOST: usize = 60;
    let mut sizes: Vec<_> = sizes.filter(|(cluster, _)| *cluster >= 0).collect();
    sizes.sort_by_key(|&(cluster, size)| (std::cmp::Reverse(size), cluster));
    sizes.into_iter().take(MOST).map(|(cluster, _)| cluster).collect()
}
