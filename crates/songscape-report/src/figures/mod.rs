//! The figures: one file each, all on the same panel with the same colours.

pub(crate) mod cluster_years;
mod distribution;
mod history;
mod map_clusters;
mod map_years;
mod panel;
mod points;
pub(crate) mod predicted_years;
pub(crate) mod shares;
mod text;
mod years;

use std::collections::BTreeSet;

use kuva::render::render::Scene;

use crate::input::ReportInput;

pub(crate) use distribution::{LEAST, Tukey};
pub(crate) use years::YearGroups;

/// A drawn figure.
pub(crate) struct Figure {
    scene: Scene,
    /// What it shows, in a sentence or two: the caption and the text for those who don't see it.
    pub caption: String,
}

impl Figure {
    pub fn svg(&mut self) -> String {
        panel::svg(&mut self.scene)
    }

    pub fn png(&self) -> Result<Vec<u8>, String> {
        panel::png(&self.scene)
    }
}

/// A drawn figure, or why it cannot be drawn.
type Drawn = Result<Figure, &'static str>;

/// A figure's file name without its ending, its name for people, and what draws it.
pub(crate) struct Plan {
    pub file: &'static str,
    pub name: &'static str,
    pub draw: fn(&ReportInput) -> Drawn,
}

/// All figures, in the order of the report.
pub(crate) const PLANS: [Plan; 6] = [
    Plan { file: "map-clusters", name: "The map by cluster", draw: map_clusters::draw },
    Plan { file: "map-years", name: "The map by year", draw: map_years::draw },
    Plan {
        file: "predicted-years",
        name: "Predicted against actual year",
        draw: predicted_years::draw,
    },
    Plan {
        file: "cluster-years",
        name: "Release years of each cluster",
        draw: cluster_years::draw,
    },
    Plan { file: "cluster-shares", name: "Share of each cluster in each year", draw: shares::draw },
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
