//! What is in a store, to compare it with another one.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use songscape_audio::Store;

/// The tables of a store and its project, and the pixels of its songs, wherever its parts are.
pub fn contents(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in ["index.csv", "failures.csv", "duplicates.csv", "parameters.json"] {
        found.insert(name.to_owned(), fs::read(store.join(name)).unwrap());
    }
    let (opened, pixels) = (Store::new(store), Store::new(store).pixels().unwrap());
    for (song, id) in pixels.ids().iter().enumerate() {
        found.insert(format!("{song} {id}"), pixels.song(song).to_vec());
    }
    found.insert("fingerprint".to_owned(), opened.fingerprint().unwrap().into_bytes());
    found
}
