//! Songs that a server serves when it likes.
#![cfg(feature = "object-store")]
#![allow(clippy::unwrap_used)]

mod servers;
mod sounds;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use servers::faulty::{Answer, Request, Server};
use servers::program::{amazon, program as run, run_if_asked};
use songscape_audio::{
    Decision, ImageParams, Library, LibraryParams, Limits, SameName, SongTable, Store,
};
use songscape_project::Silent;

const ADDRESS: &str = "s3://music/a.wav";

/// Not a test of its own: the process that makes images.
#[test]
fn program() {
    run_if_asked();
}

/// The bytes of a file with 1.5 s of music.
fn song(number: usize) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    let samples = &sounds::melody(22_050, 3.0)[number * 5_000..][..33_075];
    fs::read(sounds::wav(&path, 22_050, 1, samples)).unwrap()
}

/// The pixels of a song that is on the disk.
fn pixels(song: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (music, store) = (folder.path().join("music"), folder.path().join("store"));
    fs::create_dir(&music).unwrap();
    fs::write(music.join("song.wav"), song).unwrap();
    let catalog = Library::open(&music, &LibraryParams::default(), &Silent).unwrap().catalog;
    let (params, limits) = (ImageParams::default(), Limits::default());
    Store::make(&catalog, &store, &params, &limits, 1, &Silent).unwrap();
    fs::read(store.join("pixels.u8")).unwrap()
}

/// A folder with a manifest of these addresses.
fn manifest(addresses: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_manifest(folder.path(), addresses);
    folder
}

fn write_manifest(folder: &Path, addresses: &[&str]) {
    let rows = addresses.iter().enumerate();
    let rows = rows.map(|(i, address)| format!("\"{address}\",Song {i},Artist {i}\n"));
    fs::write(
        folder.join("manifest.csv"),
        "path,title,artist\n".to_owned() + &rows.collect::<String>(),
    )
    .unwrap();
}

/// That the store has these pixels, and nothing is left of what was fetched.
fn assert_made(folder: &Path, song: &[u8]) {
    let store = folder.join("store");
    assert!(fs::read(store.join("pixels.u8")).unwrap() == pixels(song), "other pixels");
    for entry in fs::read_dir(store).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(".object"), "{name}");
    }
}

#[test]
fn what_passes_is_tried_again() {
    let song = song(0);
    for (status, code) in [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")] {
        let bytes = song.clone();
        let server = Server::start(move |request, before| match before {
            0 | 1 => Answer::refusal(status, code, "Please wait."),
            _ => Answer::object(request, &bytes, "1"),
        });
        let folder = manifest(&[ADDRESS]);
        let told = run(folder.path(), "make", &amazon(server.port));
        assert_eq!(told, "1 images, 0 there before\n", "{code}");
        let asked = server.asked();
        assert_eq!(asked.len(), 3);
        let expected = Request {
            method: "GET".into(),
            path: "/music/a.wav".into(),
            range: None,
            signed: true,
        };
        assert!(asked.iter().all(|request| *request == expected), "{asked:?}");
        assert_made(folder.path(), &song);
    }
}

#[test]
fn a_store_that_throttles_to_the_end_is_trouble_of_the_machine() {
    let server = Server::start(|_, _| Answer::refusal(503, "SlowDown", "Please wait."));
    let folder = manifest(&[ADDRESS]);
    let told = run(folder.path(), "make", &amazon(server.port));
    let expected = "503 Service Unavailable, SlowDown: Please wait., after 2 retries";
    assert_eq!(told, format!("Environment: {ADDRESS}: {expected}\n"));
    assert_eq!(server.methods(), ["GET"; 3]);

    // The next run goes on.
    let song = song(0);
    let bytes = song.clone();
    let server = Server::start(move |request, _| Answer::object(request, &bytes, "1"));
    let told = run(folder.path(), "make", &amazon(server.port));
    assert_eq!(told, "1 images, 0 there before\n");
    assert_made(folder.path(), &song);

    // And so it is when nobody is there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = manifest(&[ADDRESS]);
    let told = run(folder.path(), "make", &amazon(port));
    assert!(told.starts_with(&format!("Environment: {ADDRESS}: ")), "{told}");
    assert!(told.contains("refused") && told.ends_with(", after 2 retries\n"), "{told}");
}

#[test]
fn a_body_that_is_cut_or_stalls_is_gone_on_with() {
    let song = song(1);
    for stall in [false, true] {
        let bytes = song.clone();
        let server = Server::start(move |request, before| {
            let answer = Answer::object(request, &bytes, "1");
            match before {
                0 if stall => answer.stall(30_000, Duration::from_secs(5)),
                0 => answer.cut(30_000),
                _ => answer,
            }
        });
        let folder = manifest(&[ADDRESS]);
        let mut variables = amazon(server.port);
        variables.push(("SONGSCAPE_OBJECT_IDLE_SECONDS", "0.5".into()));
        let told = run(folder.path(), "make", &variables);
        assert_eq!(told, "1 images, 0 there before\n", "{stall}");
        let ranges: Vec<_> = server.asked().into_iter().map(|request| request.range).collect();
        assert_eq!(ranges, [None, Some(30_000..song.len() as u64)], "{stall}");
        assert_made(folder.path(), &song);
    }
}

#[test]
fn a_body_that_never_ends_is_trouble_of_the_machine() {
    let bytes = song(0);
    let server = Server::start(move |request, _| Answer::object(request, &bytes, "1").cut(1_000));
    let folder = manifest(&[ADDRESS]);
    let told = run(folder.path(), "make", &amazon(server.port));
    assert!(told.starts_with(&format!("Environment: {ADDRESS}: ")), "{told}");
    assert!(told.ends_with(", begun again 2 times\n"), "{told}");
    let asked = server.asked().len();
    assert!((3..=9).contains(&asked), "{asked} requests");
}

#[test]
fn credentials_that_are_not_taken_stop_the_run_and_are_not_printed() {
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    let server = Server::start(move |_, _| Answer::refusal(403, "InvalidAccessKeyId", message));
    let folder = manifest(&[ADDRESS]);
    let told = run(folder.path(), "make", &amazon(server.port));
    let expected = format!("403 Forbidden, InvalidAccessKeyId: {message}");
    assert_eq!(told, format!("Environment: {ADDRESS}: {expected}\n"));
    assert_eq!(server.methods(), ["GET"], "not tried again");

    // Neither is a bucket that is not there a matter of one song.
    let server = Server::start(|_, _| Answer::refusal(404, "NoSuchBucket", "No."));
    let told = run(folder.path(), "make", &amazon(server.port));
    assert_eq!(told, format!("Environment: {ADDRESS}: 404 Not Found, NoSuchBucket: No.\n"));

    let wrong = [("SONGSCAPE_OBJECT_RETRIES", "many".to_owned())];
    let told = run(folder.path(), "make", &wrong);
    assert_eq!(told, "Configuration: SONGSCAPE_OBJECT_RETRIES is many, expected a number\n");
}

#[test]
fn a_song_that_is_missing_or_too_large_is_a_row() {
    let song = song(2);
    let bytes = song.clone();
    let server = Server::start(move |request, _| match request.path.as_str() {
        "/music/huge.wav" => Answer::object(request, &bytes, "1").claiming(1_000_000_000_000_000),
        "/music/a.wav" => Answer::object(request, &bytes, "1"),
        _ => Answer::refusal(404, "NoSuchKey", "The specified key does not exist."),
    });
    let folder = manifest(&["s3://music/gone.wav", "s3://music/huge.wav", ADDRESS]);
    let told = run(folder.path(), "make", &amazon(server.port));
    let missing = "s3://music/gone.wav: the file is missing\n";
    let huge = "s3://music/huge.wav: the object has 1000000000000000 bytes, the limit is ";
    assert_eq!(told, format!("1 images, 0 there before\n{missing}{huge}4294967296\n"));
    assert_made(folder.path(), &song);

    // What is too large under one limit is not under the next.
    let folder = manifest(&[ADDRESS]);
    let mut variables = amazon(server.port);
    let limit = song.len() - 1;
    variables.push(("SONGSCAPE_OBJECT_MAX_BYTES", limit.to_string()));
    let told = run(folder.path(), "make", &variables);
    let expected = format!("the object has {} bytes, the limit is {limit}", song.len());
    assert_eq!(told, format!("0 images, 0 there before\n{ADDRESS}: {expected}\n"));
    let told = run(folder.path(), "make", &amazon(server.port));
    assert_eq!(told, "1 images, 0 there before\n");
}

#[test]
fn a_second_run_fetches_only_what_has_changed() {
    let songs = [song(0), song(3)];
    let version = Arc::new(AtomicUsize::new(0));
    let (bytes, now) = (songs.clone(), Arc::clone(&version));
    let server = Server::start(move |request, _| {
        let version = now.load(Ordering::Relaxed);
        match request.path.as_str() {
            "/music/a.wav" => Answer::object(request, &bytes[version], &version.to_string()),
            _ => Answer::object(request, b"These are words.", "1"),
        }
    });
    let folder = manifest(&[ADDRESS, "s3://music/words.mp3"]);
    let make = || run(folder.path(), "make", &amazon(server.port));
    let told = make();
    let words = "s3://music/words.mp3: no audio was recognised";
    assert!(told.starts_with(&format!("1 images, 0 there before\n{words}")), "{told}");
    assert_eq!(server.methods(), ["GET", "GET"]);
    assert_made(folder.path(), &songs[0]);

    let told = make();
    assert!(told.starts_with(&format!("1 images, 1 there before\n{words}")), "{told}");
    assert_eq!(server.methods(), ["HEAD", "HEAD"]);

    version.store(1, Ordering::Relaxed);
    let told = make();
    assert!(told.starts_with(&format!("1 images, 0 there before\n{words}")), "{told}");
    assert_eq!(server.methods(), ["GET", "HEAD", "HEAD"]);
    assert_made(folder.path(), &songs[1]);
}

#[test]
fn a_site_refuses_one_song_and_serves_the_next() {
    let song = song(0);
    let bytes = song.clone();
    let server = Server::start(move |request, before| match request.path.as_str() {
        "/x/a%20b.wav" => {
            // A server without tags cannot be asked for the rest.
            let answer = Answer::object(request, &bytes, "").without("ETag");
            if (request.method.as_str(), before) == ("GET", 0) {
                answer.cut(10_000)
            } else {
                answer
            }
        }
        "/x/endless.wav" => Answer::object(request, &bytes, "1").without("Content-Length"),
        "/x/403.wav" => Answer::refusal(403, "AccessDenied", "No."),
        "/x/410.wav" => Answer::refusal(410, "Gone", "No."),
        "/x/429.wav" => Answer::refusal(429, "Slow", "No."),
        _ => Answer::refusal(404, "None", "No."),
    });
    let at = |name: &str| format!("http://127.0.0.1:{}/x/{name}.wav", server.port);
    let names = ["a%20b", "gone", "403", "410", "endless"].map(at);
    let addresses: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = manifest(&addresses);
    let variables = [("SONGSCAPE_OBJECT_RETRIES", "2".to_owned())];
    let told = run(folder.path(), "make", &variables);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "1 images, 0 there before");
    assert_eq!(lines[1], format!("{}: the file is missing", at("gone")));
    assert_eq!(
        lines[2],
        format!("{}: cannot be read: 403 Forbidden, AccessDenied: No.", at("403"))
    );
    assert_eq!(lines[3], format!("{}: cannot be read: 410 Gone, Gone: No.", at("410")));
    assert!(lines[4].starts_with(&format!("{}: cannot be read: Content-Length", at("endless"))));
    assert_eq!(lines.len(), 5);
    let asked = server.asked();
    assert_eq!(asked.len(), 6, "{asked:?}");
    assert!(asked.iter().all(|request| request.range.is_none() && !request.signed), "{asked:?}");
    assert_made(folder.path(), &song);

    // The time of modification stands for the version.
    write_manifest(folder.path(), &addresses[..1]);
    assert_eq!(run(folder.path(), "make", &variables), "1 images, 1 there before\n");
    assert_eq!(server.methods(), ["HEAD"]);

    let slow = at("429");
    let folder = manifest(&[slow.as_str()]);
    let told = run(folder.path(), "make", &variables);
    let expected = "429 Too Many Requests, Slow: No., after 2 retries";
    assert_eq!(told, format!("Environment: {slow}: {expected}\n"));
}

#[test]
fn who_waits_for_a_store_can_be_interrupted() {
    let server = Server::start(|_, _| Answer::refusal(503, "SlowDown", "Please wait."));
    let folder = manifest(&[ADDRESS]);
    let mut variables = amazon(server.port);
    variables.push(("SONGSCAPE_OBJECT_RETRIES", "1000".into()));
    let begin = Instant::now();
    let told = run(folder.path(), "interrupt", &variables);
    assert_eq!(told, "Interrupted: interrupted after 0 of 1 song; run again to continue\n");
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_manifest_leads_elsewhere_only_if_it_may() {
    let signed = "https://h/d.wav?X-Amz-Signature=5ec3e7";
    let folder = manifest(&[ADDRESS, "ftp://h/b.wav", "https://me:5ec3e7@h/c.wav", signed]);
    let open = |outside: bool, same_name: SameName| {
        let params = LibraryParams { outside, same_name, ..LibraryParams::default() };
        Library::open(folder.path().join("manifest.csv"), &params, &Silent).unwrap()
    };
    let failures = |outside: bool| -> Vec<(String, String)> {
        let failures = open(outside, SameName::Auto).failures;
        failures.into_iter().map(|failure| (failure.item, failure.reason)).collect()
    };
    let inside = failures(false);
    let reason = "line 2: an address (s3) leads out of the list's folder: set `outside` (`--outside`) \
                  to allow that";
    assert_eq!(inside[0], (ADDRESS.to_owned(), reason.to_owned()));
    assert_eq!(inside[1..], failures(true));
    assert_eq!(inside.len(), 4);
    assert!(inside[1].1.starts_with("line 3: an address (ftp), expected a file"), "{inside:?}");
    for (row, (item, reason)) in inside[2..].iter().enumerate() {
        assert_eq!(*item, format!("manifest.csv:{}", row + 4));
        assert!(reason.contains("an address (https) with") && !reason.contains("5ec3e7"));
    }
    let catalog = open(true, SameName::Auto).catalog;
    assert_eq!(catalog.songs.len(), 1);
    assert_eq!(catalog.songs[0].path, Path::new(ADDRESS));
    // As machines that make a part of it read it.
    catalog.write(folder.path().join("songs.csv")).unwrap();
    let read = SongTable::read(folder.path().join("songs.csv")).unwrap();
    assert_eq!(read.file(&read.songs[0]), Path::new(ADDRESS));

    // How long songs are that are elsewhere is not known.
    let rows = "s3://b/1.mp3,A,B\ns3://b/2.mp3,a,b\ns3://b/1.mp3,C,D\n";
    fs::write(folder.path().join("manifest.csv"), format!("path,title,artist\n{rows}")).unwrap();
    let library = open(true, SameName::Auto);
    let decided: Vec<_> = library
        .duplicates
        .iter()
        .map(|d| (d.file.as_str(), d.decision, d.reason.as_str()))
        .collect();
    let unknown = "same artist and title as on line 2; the lengths are not known";
    let expected = [
        ("s3://b/2.mp3", Decision::KeptApart, unknown),
        ("s3://b/1.mp3", Decision::LeftOut, "same file as on line 2"),
    ];
    assert_eq!(decided, expected);
    assert_eq!(library.catalog.songs.len(), 2);
    assert_eq!(open(true, SameName::Merge).catalog.songs.len(), 1);
}
