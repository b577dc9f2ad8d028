//! Songs that sound the same, sample by sample, under several names.

use std::collections::HashMap;

use songscape_project::SongTable;

use super::{ImageEntry, STAGE};
use crate::catalog::{Duplicate, first};

/// Leaves only one song for each sound: the one with the first year, or the first in the catalog.
/// Gives the songs that remain, in order, and one line for each that does not.
pub(super) fn leave_one(
    catalog: &SongTable,
    images: Vec<ImageEntry>,
) -> (Vec<ImageEntry>, Vec<Duplicate>) {
    let songs: HashMap<_, _> = catalog.songs.iter().map(|song| (song.id.as_str(), song)).collect();
    let mut same: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, image) in images.iter().enumerate() {
        same.entry(&image.audio).or_default().push(i);
    }
    let mut left_out = HashMap::new();
    for group in same.into_values().filter(|group| group.len() > 1) {
        let song = |i: usize| songs[images[i].id.as_str()];
        let kept = first(&group, |i| song(i).year);
        for &other in group.iter().filter(|&&other| other != kept) {
            let duplicate = Duplicate::left_out(STAGE, song(other), song(kept), "same audio");
            left_out.insert(other, duplicate);
        }
    }
    let mut duplicates = Vec::new();
    let mut remaining = Vec::new();
    for (i, image) in images.into_iter().enumerate() {
        match left_out.remove(&i) {
            Some(duplicate) => duplicates.push(duplicate),
            None => remaining.push(image),
        }
    }
    (remaining, duplicates)
}
