//! Songs that sound the same, sample by sample, under several names.

use std::collections::HashMap;

use songscape_project::SongTable;

use super::{ImageEntry, STAGE};
use crate::catalog::{Duplicate, first};

/// Songs by whether they count.
pub(super) struct Parted {
    /// Those that remain, in order.
    pub images: Vec<ImageEntry>,
    /// The ids of the others.
    pub left_out: Vec<String>,
    /// One line for each of these.
    pub duplicates: Vec<Duplicate>,
}

/// Leaves only one song for each sound: the one with the first year, or the first in the catalog.
pub(super) fn leave_one(catalog: &SongTable, images: Vec<ImageEntry>) -> Parted {
    let songs: HashMap<_, _> = catalog.songs.iter().map(|song| (song.id.as_str(), song)).collect();
    let mut same: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, image) in images.iter().enumerate() {
        same.entry(&image.audio).or_default().push(i);
    }
    let mut duplicates = HashMap::new();
    for group in same.into_values().filter(|group| group.len() > 1) {
        let song = |i: usize| songs[images[i].id.as_str()];
        let kept = first(&group, |i| song(i).year);
        for &other in group.iter().filter(|&&other| other != kept) {
            let duplicate =
                Duplicate::left_out(STAGE, catalog, [song(other), song(kept)], "same audio");
            duplicates.insert(other, duplicate);
        }
    }
    let mut parted = Parted { images: Vec::new(), left_out: Vec::new(), duplicates: Vec::new() };
    for (i, image) in images.into_iter().enumerate() {
        match duplicates.remove(&i) {
            Some(duplicate) => {
                parted.left_out.push(image.id);
                parted.duplicates.push(duplicate);
            }
            None => parted.images.push(image),
        }
    }
    parted
}
