//! Any bytes as a manifest, a playlist, a music file, its tags, its Opus packets, and as an image: what
//! the fuzz targets and their plain test run. Nothing may panic, hang, or take memory without bounds.
#![allow(clippy::unwrap_used)]

#[path = "../sounds/ogg.rs"]
mod ogg;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use songscape_audio::{
    AudioReader, Error, ImageParams, ImageReader, Library, LibraryParams, Limits, Renderer,
    SameName, SongTable,
};
use songscape_project::Silent;

/// Files that a manifest can name.
const FILES: [&str; 4] = ["a", "b.mp3", "c d.wav", "é.ogg"];

/// Endings that make a decoder guess; files are recognised by their content all the same.
const ENDINGS: [&str; 12] =
    ["wav", "aiff", "caf", "flac", "ogg", "mp3", "opus", "aac", "m4a", "mka", "webm", "w64"];

fn in_folder(run: impl FnOnce(&Path)) {
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
    }
    FOLDER.with(|folder| run(folder.path()));
}

/// A manifest: every song has an id of its own that is safe as a file's name, lies inside the
/// library, and survives being written and read.
pub fn manifest(data: &[u8]) {
    listed("manifest.csv", data);
}

/// A playlist, of which the same is true.
pub fn playlist(data: &[u8]) {
    listed("list.m3u", data);
}

fn listed(name: &str, data: &[u8]) {
    in_folder(|folder| {
        let library = folder.join("library");
        if !library.exists() {
            fs::create_dir(&library).unwrap();
            FILES.iter().for_each(|name| fs::write(library.join(name), name).unwrap());
        }
        let library = library.canonicalize().unwrap();
        let path = library.join(name);
        fs::write(&path, data).unwrap();
        for same_name in [SameName::Auto, SameName::Keep] {
            let params = LibraryParams { same_name, ..LibraryParams::default() };
            if let Ok(opened) = Library::open(&path, &params, &Silent) {
                check(&opened, &library, &folder.join("songs.csv"));
            }
        }
        fs::remove_file(&path).unwrap();
    });
}

/// What is true of every library that was opened.
fn check(opened: &Library, folder: &Path, table: &Path) {
    let Library { catalog, failures, remarks, duplicates, .. } = opened;
    let ids: HashSet<_> = catalog.songs.iter().map(|song| &song.id).collect();
    assert_eq!(ids.len(), catalog.songs.len());
    for song in &catalog.songs {
        let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(song.id.chars().all(safe) && song.id.len() < 128, "{}", song.id);
        assert!(catalog.file(song).canonicalize().unwrap().starts_with(folder));
        assert_eq!(song.extra.len(), catalog.columns.len());
        assert_eq!(song.year.is_some(), !song.extra[1].is_empty());
    }
    assert!(failures.iter().chain(remarks).all(|failure| !failure.reason.is_empty()));
    assert!(duplicates.iter().all(|duplicate| !duplicate.reason.is_empty()));
    assert!(!opened.summary().to_string().is_empty());
    catalog.write(table).unwrap();
    let Ok(read) = SongTable::read(table) else { panic!("{:?}", fs::read(table)) };
    // Spaces at the ends of a field are not read.
    for (a, b) in catalog.songs.iter().zip(&read.songs) {
        assert_eq!(
            (&a.id, a.title.trim(), a.artist.trim()),
            (&b.id, b.title.trim(), b.artist.trim())
        );
        assert_eq!((a.year, &a.extra[..2]), (b.year, &b.extra[..2]));
    }
    assert_eq!(read.songs.len(), catalog.songs.len());
}

/// Bytes as one kind of tag around a little silence; the first byte chooses the kind.
pub fn tags(data: &[u8]) {
    let Some((&kind, data)) = data.split_first() else { return };
    let little = |size: usize| (size as u32).to_le_bytes();
    let frames = {
        let mut frame = vec![0xFF, 0xFB, 0x90, 0x00];
        frame.resize(417, 0);
        frame.repeat(3)
    };
    let (ending, bytes) = match kind % 5 {
        0 => {
            let size = [21, 14, 7, 0].map(|shift| (data.len() >> shift & 0x7F) as u8);
            let version = 2 + kind / 5 % 3;
            let header = [&[b'I', b'D', b'3', version, 0, kind & 0xC0][..], &size].concat();
            ("mp3", [&header, data, &frames].concat())
        }
        1 => {
            let footer = [&b"APETAGEX"[..], &2000_u32.to_le_bytes(), &little(data.len() + 32)];
            ("mp3", [&frames, data, &footer.concat(), &little(100), &[0; 12]].concat())
        }
        2 => {
            let body = [&b"WAVE"[..], data].concat();
            ("wav", [&b"RIFF"[..], &little(body.len()), &body].concat())
        }
        3 => {
            let body = [&b"AIFF"[..], data].concat();
            ("aiff", [&b"FORM"[..], &(body.len() as u32).to_be_bytes(), &body].concat())
        }
        _ => {
            let mut block = vec![0; 4];
            block.extend(little(100));
            block.extend(data);
            let size = (block.len() as u32).to_be_bytes();
            let info = [
                &[0, 0, 0, 34][..],
                &[0x10, 0, 0x10, 0],
                &[0; 6],
                &[0x0A, 0xC4, 0x40, 0xF0],
                &[0; 20],
            ];
            ("flac", [&b"fLaC"[..], &info.concat(), &[0x84], &size[1..], &block].concat())
        }
    };
    in_folder(|folder| {
        let music = folder.join("tagged");
        fs::create_dir_all(&music).unwrap();
        let path = music.join("a").with_extension(ending);
        fs::write(&path, bytes).unwrap();
        let library = Library::open(&music, &LibraryParams::default(), &Silent).unwrap();
        check(&library, &music.canonicalize().unwrap(), &folder.join("songs.csv"));
        fs::remove_file(&path).unwrap();
    });
}

/// Bytes as packets of Opus in Ogg: the first chooses the channels, and each packet begins with its
/// length.
pub fn opus(data: &[u8]) {
    let Some((&channels, mut rest)) = data.split_first() else { return };
    let channels = 1 + channels % 8;
    let (family, streams) = if channels > 2 { (1, vec![channels, 0]) } else { (0, Vec::new()) };
    let mut head =
        [&b"OpusHead\x01"[..], &[channels, 0, 1, 0x80, 0xBB, 0, 0, 0, 0, family]].concat();
    if family == 1 {
        head.extend(streams);
        head.extend(0..channels);
    }
    let mut packets = vec![head, b"OpusTags\0\0\0\0\0\0\0\0".to_vec()];
    while let Some((&length, after)) = rest.split_first()
        && packets.len() < 100
    {
        let (packet, after) = after.split_at(usize::from(length).min(after.len()));
        packets.push(packet.to_vec());
        rest = after;
    }
    let mut file = Vec::new();
    for (number, packet) in packets.iter().enumerate() {
        let granule = number.saturating_sub(1) as u64 * 960;
        let flags = if number == 0 { 2 } else { 0 };
        file.extend(page(flags, granule, number as u32, packet));
    }
    music(&[&[6], &file[..]].concat());
}

/// A page of Ogg with one packet of less than 255 bytes.
fn page(flags: u8, granule: u64, number: u32, packet: &[u8]) -> Vec<u8> {
    let packet = &packet[..packet.len().min(254)];
    let mut page =
        [&b"OggS\0"[..], &[flags], &granule.to_le_bytes(), &7_u32.to_le_bytes()].concat();
    page.extend(number.to_le_bytes());
    page.extend([0, 0, 0, 0, 1, packet.len() as u8]);
    page.extend(packet);
    let sum = ogg::sum(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

/// A music file, whose ending the first byte chooses: its tags, its samples, its image.
pub fn music(data: &[u8]) {
    let Some((first, data)) = data.split_first() else { return };
    in_folder(|folder| {
        let music = folder.join("music");
        fs::create_dir_all(&music).unwrap();
        let path = music.join("a").with_extension(ENDINGS[usize::from(*first) % ENDINGS.len()]);
        fs::write(&path, data).unwrap();
        let library = Library::open(&music, &LibraryParams::default(), &Silent).unwrap();
        assert!(library.catalog.songs.len() <= 1);

        let limits = Limits { max_seconds: 20.0, min_seconds: 0.1, ..Limits::default() };
        let read = || {
            let mut reader = AudioReader::open(&path, &limits)?;
            let (mut block, mut samples) = (Vec::new(), 0);
            while reader.read(&mut block)? {
                assert!(block.iter().all(|sample| sample.is_finite()));
                samples += block.len() as u64;
            }
            assert_eq!(samples, reader.frames());
            Ok::<_, Error>(samples)
        };
        let samples = read();
        let params = ImageParams {
            rows: 16,
            f_min: 200.0,
            f_max: 3000.0,
            sampling_rate: 8_000,
            ..ImageParams::default()
        };
        let image = Renderer::new(&params, &limits).unwrap().render(&path);
        fs::remove_file(&path).unwrap();
        if let Ok(mut image) = image {
            assert!(samples.unwrap() > 0);
            assert_eq!(image.pixels().unwrap().len() as u64, 16 * image.columns());
        }
    });
}

/// An image: what it says about itself, and its pixels.
pub fn image(data: &[u8]) {
    in_folder(|folder| {
        let path = folder.join("a.png");
        fs::write(&path, data).unwrap();
        if let Ok(reader) = ImageReader::open(&path) {
            let (columns, rows) = (reader.columns().min(4096), reader.info().params.rows);
            if let Ok(pixels) = reader.pixels(0..columns) {
                assert_eq!(pixels.len(), columns * rows);
            }
        }
    });
}
