//! The streamed image of real music against the one made from the full-rate transform, where the
//! Lieder lie beside the workspace.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use songscape_audio::{AudioReader, Limits};

#[path = "../../songscape-ssq/tests/full_rate_image/mod.rs"]
mod full_rate_image;

#[test]
fn a_second_of_a_song() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lieder");
    let song = folder.join("4926375_a.ogg");
    if !song.exists() {
        println!("skipped: no Lieder beside the workspace ({})", folder.display());
        return;
    }
    let mut reader = AudioReader::open(&song, &Limits::default()).unwrap();
    assert_eq!(reader.rate(), 44_100);
    let (mut sound, mut block) = (Vec::new(), Vec::new());
    while reader.read(&mut block).unwrap() {
        sound.extend_from_slice(&block);
    }
    let start = 10 * 44_100;
    full_rate_image::check("lied", sound[start..start + 44_100].to_vec());
}
