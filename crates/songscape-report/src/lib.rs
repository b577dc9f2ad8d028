//! The figures and the interactive map of a music analysis.
//!
#![doc = concat!(
    "![Predicted against actual year of the demo music: a violin and a box for each year](data:image/png;base64,",
    include_str!("../doc/years.png.base64"),
    ")"
)]
//!
//! Plain data in ([`ReportInput`]), one folder out ([`write()`]):
//!
//! ```text
//! FOLDER/index.html       the map, offline, in one file: find, filter, listen, collect
//! FOLDER/data/*.js        what the map shows, if there are more than 200,000 songs
//! FOLDER/figures/*.png    the figures, at twice the size of the page's units
//! FOLDER/figures/*.svg    the same, with their fonts; dark where the reader prefers it
//! FOLDER/tables/*.csv     the numbers behind the figures and the page
//! FOLDER/methods.json     how the results were made, where that is known ([`Methods`])
//! ```
//!
//! | figure | what it shows |
//! |---|---|
//! | `map-clusters` | the map by cluster, each cluster's number at its centre, unclustered songs in black beneath |
//! | `map-years` | the map by year, dark to light |
//! | `predicted-years` | predicted against actual year: a violin and a box per year, on equal scales |
//! | `calibration` | how far a predicted year can be trusted |
//! | `cluster-years` | release years of each cluster: a violin and a box in its colour |
//! | `cluster-shares` | the share of each cluster in each year, stacked, unclustered songs at the bottom |
//! | `cluster-spectra` | the mean spectrum of each cluster, with its spread, beside that of all songs |
//! | `condensed-tree` | how clusters split as the density rises, and which were chosen |
//! | `spectrogram` | one song's image with its axes in Hz and s |
//! | `retrieval` | how often a song's match is found, with intervals, beside baselines and chance |
//! | `training` | loss, accuracy and learning rate over the steps |
//!
//! A figure whose data is missing (no song has a year, say) is left out, and [`Written::left_out`]
//! and the page say why. Few values are not summed up: groups of fewer than ten songs are drawn as
//! dots, and shares are of at least twelve songs. Violins are Gaussian kernel densities with
//! Silverman's bandwidth, boxes are Tukey's, intervals of shares are Wilson's 95%. The same input
//! gives the same bytes.
//!
//! Wide empty stretches of the map are drawn shorter, with a dashed line across; the tables keep the true places.
//!
//! The page needs neither network nor server: it opens from the disk. Audio and spectrograms are
//! linked by relative paths ([`link`] makes them), never embedded. A report that moves takes copies of the
//! audio along ([`ReportInput::copy_audio`]) or links it at another place
//! ([`ReportInput::link_audio_below`]). All text of the catalog is treated as data, and a
//! content-security policy allows no script but the page's own. Titles are drawn by the browser, in any
//! writing system; pictures contain only neutral text.
//!
//! Every number is computed in one place, `measures`; figures draw it and tables print it. To draw a
//! project or an analysis of the `songscape` crate, let it fill the input.
//!
//! ```
//! use songscape_report::{ReportInput, SongRow, write};
//!
//! let song = |id: &str, year, x, cluster| SongRow {
//!     id: id.into(),
//!     title: format!("Song {id}"),
//!     artist: "Anon.".into(),
//!     year: Some(year),
//!     map: [x, 0.5],
//!     cluster,
//!     ..SongRow::default()
//! };
//! let input = ReportInput {
//!     title: "Three songs".into(),
//!     songs: vec![song("a", 1960, 0.0, 0), song("b", 1961, 1.0, 0), song("c", 1999, 5.0, -1)],
//!     ..ReportInput::default()
//! };
//! let folder = tempfile::tempdir()?;
//! let written = write(folder.path(), &input, &songscape_project::Silent)?;
//! assert!(folder.path().join("index.html").exists());
//! assert!(folder.path().join("figures/map-clusters.png").exists());
//! let left_out: Vec<&str> = written.left_out.iter().map(|l| l.figure.as_str()).collect();
//! assert!(left_out.contains(&"predicted-years") && !left_out.contains(&"map-years"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audio;
mod error;
mod figures;
mod html;
mod input;
mod link;
mod measures;
mod methods;
pub mod palette;
mod read;
mod sound;
mod tables;
mod vision;
mod write;

pub use error::{Error, Result};
pub use input::{HistoryStep, ReportInput, SongRow};
pub use link::link;
pub use measures::baselines::{NotBeaten, not_beaten};
pub use measures::spectrogram::mean_levels_db;
pub use methods::{LeftOutSongs, MethodStage, Methods, SongFlow};
pub use songscape_analysis::music::tables::ClusterTree;
pub use songscape_analysis::study::Scores;
pub use sound::{MeanSpectrum, Spectrogram};
pub use write::{LeftOut, Written, write};

// What signatures of this crate use.
pub use {songscape_analysis as analysis, songscape_project as project};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
