//! Shards that are put to a store and got from it, whole or not at all.
#![cfg(feature = "object-store")]
#![allow(clippy::unwrap_used)]

mod servers;
mod sounds;
mod stored;

use std::fs;
use std::path::Path;

use servers::moto::Moto;
use servers::program::{amazon, program as run, run_if_asked};
use songscape_audio::{
    Error, ImageParams, Library, LibraryParams, Limits, ObjectParams, Objects, SongTable, Store,
};
use songscape_project::{ErrorKind, Shard, Silent};
use stored::contents;

/// Not a test of its own: the process that makes images.
#[test]
fn program() {
    run_if_asked();
}

/// Five songs of which two sound the same, and words.
fn songs() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let melody = sounds::melody(22_050, 6.0);
    let names = ["a.wav", "b b.wav", "ä?.wav", "d/d.wav", "e.wav"];
    let mut songs: Vec<_> = names
        .into_iter()
        .enumerate()
        .map(|(i, name)| {
            // The last is the first again.
            let samples = &melody[i % 4 * 12_000..][..44_100];
            let path = sounds::wav(&folder.path().join("song.wav"), 22_050, 1, samples);
            (name, fs::read(path).unwrap())
        })
        .collect();
    songs.push(("words.mp3", b"These are words.".to_vec()));
    songs
}

fn shards() -> impl Iterator<Item = Shard> {
    (0..3).map(|index| Shard::new(index, 3).unwrap())
}

#[test]
fn shards_go_to_a_folder_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("music")).unwrap();
    for (i, (_, bytes)) in songs().into_iter().enumerate() {
        let ending = if i < 5 { "wav" } else { "mp3" };
        fs::write(path("music").join(format!("{i}.{ending}")), bytes).unwrap();
    }
    let library = Library::open(path("music"), &LibraryParams::default(), &Silent).unwrap();
    library.write(folder.path()).unwrap();
    let table = SongTable::read(path("songs.csv")).unwrap();
    let (params, limits) = (ImageParams::default(), Limits::default());
    let made = Store::make(&table, path("whole"), &params, &limits, 2, &Silent).unwrap();
    made.record(path("whole")).unwrap();
    let expected = contents(&path("whole"));

    let objects = Objects::new(ObjectParams { requests: 4, ..ObjectParams::default() }).unwrap();
    let address = url::Url::from_file_path(path("there")).unwrap().to_string();
    let put = |shard, images| objects.put_shard(shard, path("here"), &address, images, &Silent);
    let get = |name: &str| objects.get_shards(&address, path(name), &Silent);
    assert_eq!(get("got").unwrap(), 0, "nothing is there yet");
    let first = Shard::new(0, 3).unwrap();
    assert!(matches!(put(first, true).unwrap_err(), Error::Unfinished { .. }));
    for shard in shards() {
        Store::make_shard(shard, &table, path("here"), &params, &limits, 2, &Silent).unwrap();
        // Larger than one request.
        let large: Vec<u8> = (0..20_000_001_u32).map(|i| (i % 251) as u8).collect();
        fs::write(shard.folder(path("here")).join("large"), large).unwrap();
        let files = put(shard, true).unwrap();
        // Two songs have two or one image, and: index.csv, pixels.csv, pixels.u8, parameters.json, failures.csv,
        // duplicates.csv, large.
        assert!((8..=9).contains(&files), "{files}");
    }

    // What comes back is what one run makes.
    assert_eq!(get("got").unwrap(), 3);
    let merge = |name: &str| {
        let made = Store::merge(&table, path(name))?;
        made.record(path(name)).unwrap();
        Ok::<_, Error>(contents(&path(name)))
    };
    assert!(merge("got").unwrap() == expected);
    let large = |name: &str| fs::read(first.folder(path(name)).join("large")).unwrap();
    assert!(large("got") == large("here"));

    // What is there is not got again, until it is another one.
    let index = first.folder(path("got")).join("index.csv");
    fs::write(&index, "changed").unwrap();
    assert_eq!(get("got").unwrap(), 3);
    assert_eq!(fs::read(&index).unwrap(), b"changed");
    fs::remove_file(first.folder(path("here")).join("large")).unwrap();
    put(first, true).unwrap();
    assert!(!first.folder(path("there")).join("large").exists(), "no longer in the shard");
    assert_eq!(get("got").unwrap(), 3);
    assert!(merge("got").unwrap() == expected);

    // Whoever has the pixels needs no images.
    let pngs = |name: &str| {
        let files = shards().flat_map(|shard| fs::read_dir(shard.folder(path(name))).unwrap());
        files
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "png"))
            .count()
    };
    for shard in shards() {
        put(shard, false).unwrap();
    }
    assert_eq!((pngs("here"), pngs("there"), get("pixels").unwrap(), pngs("pixels")), (5, 0, 3, 0));
    assert!(merge("pixels").unwrap() == expected);

    // Without its record a shard is not whole.
    let second = Shard::new(1, 3).unwrap();
    fs::remove_file(second.folder(path("there")).join("parameters.json")).unwrap();
    assert_eq!(get("less").unwrap(), 2);
    let error = merge("less").unwrap_err().to_string();
    assert!(error.ends_with("missing: 1/3"), "{error}");

    for wrong in ["https://h/x", "ftp://h/x", "there", "s3://key:5ec3e7@b/x", "s3://b/x?5ec3e7"] {
        let error = objects.put_shard(first, path("here"), wrong, true, &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!error.to_string().contains("5ec3e7"), "{error}");
        assert!(objects.get_shards(wrong, path("less"), &Silent).is_err());
    }
}

#[test]
fn songs_come_from_buckets_and_shards_go_to_buckets() {
    let Some(moto) = Moto::start(None) else { return };
    moto.bucket("music");
    moto.bucket("results");
    let encoded = ["a.wav", "b%20b.wav", "%C3%A4%3F.wav", "d/d.wav", "e.wav", "words.mp3"];
    for ((_, bytes), name) in songs().iter().zip(encoded) {
        moto.put(&format!("/music/songs/{name}"), bytes);
    }
    let mut rows = "path,title,artist\n".to_owned();
    for name in ["a.wav", "b b.wav", "ä%3F.wav", "d/d.wav", "e.wav", "words.mp3", "none.wav"] {
        rows += &format!("s3://music/songs/{name},{name},Nobody\n");
    }
    let folder = |name: &str| {
        let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
        fs::write(folder.path().join("manifest.csv"), &rows).unwrap();
        folder
    };
    let variables = amazon(moto.port);

    let whole = folder("whole");
    let told = run(whole.path(), "make", &variables);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "4 images, 0 there before");
    assert!(lines[1].starts_with("s3://music/songs/words.mp3: no audio was recognised"), "{told}");
    assert_eq!(lines[2], "s3://music/songs/none.wav: the file is missing");
    let again = run(whole.path(), "make", &variables);
    assert_eq!(again, told.replace("0 there", "4 there"));

    // Three machines that have nothing but the table, and a fourth.
    let table = |to: &Path| {
        fs::copy(whole.path().join("songs.csv"), to.join("songs.csv")).unwrap();
    };
    for shard in shards() {
        let machine = folder("machine");
        table(machine.path());
        let told = run(machine.path(), &format!("shard {shard} s3://results/a/store"), &variables);
        assert!(told.contains(" images, 0 there before"), "{told}");
    }
    let last = folder("last");
    table(last.path());
    let told = run(last.path(), "merge s3://results/a/store", &variables);
    assert!(told.starts_with("4 images, "), "{told}");
    assert!(contents(&last.path().join("store")) == contents(&whole.path().join("store")));
    // A bucket that is not there.
    let told = run(last.path(), "merge s3://nothing/store", &variables);
    assert!(told.starts_with("Environment: s3://nothing/store"), "{told}");
    assert!(told.contains("NoSuchBucket"), "{told}");
}

#[test]
fn a_bucket_refuses_credentials_that_it_does_not_know() {
    // The bucket and the song are made before it asks for credentials.
    let Some(moto) = Moto::start(Some(2)) else { return };
    moto.bucket("music");
    moto.put("/music/a.wav", &songs()[0].1);
    let folder = tempfile::tempdir().unwrap();
    let rows = "path,title,artist\ns3://music/a.wav,A,B\n";
    fs::write(folder.path().join("manifest.csv"), rows).unwrap();
    let told = run(folder.path(), "make", &amazon(moto.port));
    let expected = "Environment: s3://music/a.wav: 403 Forbidden, InvalidAccessKeyId: ";
    assert!(told.starts_with(expected), "{told}");
}
