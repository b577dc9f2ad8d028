//! The figures: one file each, all on the same panel with the same colours.

mod calibration;
mod cluster_years;
mod condensed_tree;
mod history;
mod map_clusters;
mod map_years;
mod panel;
mod picture;
mod points;
mod predicted_years;
mod retrieval;
mod shares;
mod spectra;
mod spectrogram;
pub(crate) mod text;
mod violin;

pub(crate) use map_clusters::NUMBERED;

use kuva::render::render::Scene;
use panel::Panel;
use picture::Picture;

use crate::input::ReportInput;

/// A drawn figure.
pub(crate) struct Figure {
    scene: Scene,
    pictures: Vec<Picture>,
    /// What is written in the picture over the axes, for those who don't see it.
    pub alternative: String,
    /// How to read it, and what of it a browser sets better: it does not repeat the picture's text.
    pub caption: String,
}

impl Figure {
    fn new(panel: Panel, title: &str, notes: &[String], caption: String) -> Self {
        let (scene, pictures) = panel.into_parts();
        let alternative = format!("{title}. {}.", notes.join(". "));
        Self { scene, pictures, alternative, caption }
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

/// Why figures of clusters are left out where all songs are unclustered.
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
