//! The service as clients see it, good ones and bad ones.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use songscape::analysis::vectors::write_npy;
use songscape::ndarray::Array2;
use songscape::project::Source;
use songscape::similar::Collection;

use super::connections::{Patience, serve};
use super::service::{Service, Settings, router};

const TOKEN: &str = "a-token-of-20-chars!";
const SECRET: &str = "nobody may read this";

/// A project of so many songs on a quarter of a circle, with a secret beside its files.
fn project(folder: &Path, songs: usize) -> Collection {
    let angle = |row: usize| row as f32 / songs as f32 * std::f32::consts::FRAC_PI_2;
    let vectors = Array2::from_shape_fn((songs, 2), |(row, column)| match column {
        0 => angle(row).cos(),
        _ => angle(row).sin(),
    });
    std::fs::create_dir_all(folder.join("analysis")).unwrap();
    write_npy(Source::TrainedEncoder.file(folder.join("vectors")), vectors.view()).unwrap();
    let row = |row| format!("s{row},music/{row}.mp3,Title {row},Artist,{}\n", 1950 + row);
    let table = (0..songs).map(row).collect::<String>();
    let table = format!("id,path,title,artist,year\n{table}");
    std::fs::write(folder.join("analysis/songs.csv"), table).unwrap();
    std::fs::create_dir_all(folder.join("analysis/music")).unwrap();
    std::fs::write(folder.join("analysis/music/3.mp3"), "0123456789").unwrap();
    std::fs::write(folder.join("secret"), SECRET).unwrap();
    std::fs::write(folder.join("analysis/secret"), SECRET).unwrap();
    Collection::of_project(folder).unwrap()
}

/// Serves on a free port until the test ends.
fn start(service: Arc<Service>, patience: Patience) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            serve(listener, router(service), patience).await;
        });
    });
    told.recv().unwrap()
}

/// A service of 12 songs with a page, under these settings.
fn small(folder: &Path, settings: Settings, patience: Patience) -> SocketAddr {
    let service = Service::of(project(folder, 12), folder, settings);
    let page = tempfile::tempdir_in(folder).unwrap();
    std::fs::write(page.path().join("index.html"), "the page").unwrap();
    service.page.set(Ok(page)).unwrap();
    start(Arc::new(service), patience)
}

/// The status and the body of an answer.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    answer(ureq::get(&format!("http://{address}{path}")).call())
}

fn answer(answer: Result<ureq::Response, ureq::Error>) -> (u16, String) {
    let response = match answer {
        Ok(response) | Err(ureq::Error::Status(_, response)) => response,
        Err(error) => panic!("{error}"),
    };
    (response.status(), response.into_string().unwrap())
}

fn json(address: SocketAddr, path: &str) -> Value {
    let (status, body) = get(address, path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|song| song["id"].as_str().unwrap()).collect()
}

/// Sends bytes as they are, and reads until the other side has nothing more to say.
fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn songs_like_a_song_and_ways_are_found_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let address = small(folder.path(), Settings::default(), Patience::default());
    let near = json(address, "/similar?id=s0&count=3");
    assert_eq!(ids(&near["songs"]), ["s1", "s2", "s3"]);
    assert_eq!(near["songs"][0]["title"], "Title 1");
    assert!(near["songs"][0].get("path").is_none(), "{near}");
    let way = json(address, "/path?from=s0&to=s8&count=5");
    assert_eq!(ids(&way["songs"]), ["s0", "s2", "s4", "s6", "s8"]);
    assert_eq!(json(address, "/find?name=TITLE%2011")["id"], "s11");
    assert_eq!(json(address, "/health")["songs"], 12);
    for (path, status) in [
        ("/similar", 400),
        ("/similar?id=none", 404),
        ("/similar?id=s1&count=0", 400),
        ("/similar?id=s1&count=100000", 400),
        ("/similar?id=s1&wander=7", 400),
        ("/path?from=s1&to=s1", 400),
        ("/find?name=Artist", 404),
        ("/elsewhere", 404),
        ("/audio/s1", 404),
        ("/image/s1", 404),
    ] {
        let (found, body) = get(address, path);
        assert_eq!(found, status, "{path}: {body}");
    }
    let posted = answer(ureq::post(&format!("http://{address}/similar?id=s1")).send_string("x"));
    assert_eq!(posted.0, 405);
}

#[test]
fn clients_of_music_servers_find_their_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let address = small(folder.path(), Settings::default(), Patience::default());
    for ending in ["", ".view"] {
        let asked =
            format!("/rest/getSonicSimilarTracks{ending}?id=s4&count=2&u=x&v=1.16.1&c=y&f=json");
        let answer = &json(address, &asked)["subsonic-response"];
        assert_eq!((&answer["status"], &answer["openSubsonic"]), (&"ok".into(), &true.into()));
        let matches = answer["sonicMatch"].as_array().unwrap();
        assert_eq!(matches.len(), 2);
        assert_eq!(matches[0]["entry"]["id"], "s3");
        assert_eq!(matches[0]["entry"]["year"], 1953);
        let likeness = matches[0]["similarity"].as_f64().unwrap();
        assert!((0.98..1.0).contains(&likeness), "{likeness}");
    }
    let way = json(address, "/rest/findSonicPath?startSongId=s2&endSongId=s10&count=3");
    let way = way["subsonic-response"]["sonicMatch"].as_array().unwrap().clone();
    let ids: Vec<&str> = way.iter().map(|song| song["entry"]["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &way[0]["similarity"]), (vec!["s2", "s6", "s10"], &1.0.into()));
    let none = json(address, "/rest/getSonicSimilarTracks?id=none");
    assert_eq!(none["subsonic-response"]["error"]["code"], 70);
    let known = json(address, "/rest/getOpenSubsonicExtensions.view");
    let known = &known["subsonic-response"]["openSubsonicExtensions"][0];
    assert_eq!((&known["name"], &known["versions"][0]), (&"sonicSimilarity".into(), &1.into()));
}

#[test]
fn music_is_served_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let address = small(folder.path(), Settings::default(), Patience::default());
    let part = ureq::get(&format!("http://{address}/audio/s3")).set("Range", "bytes=2-5").call();
    let part = part.unwrap();
    assert_eq!(part.header("content-range"), Some("bytes 2-5/10"));
    assert_eq!(part.header("content-type"), Some("audio/mpeg"));
    assert_eq!((part.status(), part.into_string().unwrap().as_str()), (206, "2345"));
    assert_eq!(get(address, "/audio/s3"), (200, "0123456789".into()));
    assert_eq!(get(address, "/"), (200, "the page".into()));
}

#[test]
fn whoever_has_no_token_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { token: Some(TOKEN.into()), ..Settings::default() };
    let address = small(folder.path(), settings, Patience::default());
    let asked = "/similar?id=s0&count=1";
    for path in [asked, "/page/", "/audio/s3", "/rest/ping", "/similar?token=wrong", "/nowhere"] {
        assert_eq!(get(address, path).0, 401, "{path}");
    }
    let with = |name: &str, value: &str| {
        answer(ureq::get(&format!("http://{address}{asked}")).set(name, value).call()).0
    };
    assert_eq!(with("Authorization", &format!("Bearer {TOKEN}")), 200);
    assert_eq!(with("Cookie", &format!("a=b; token={TOKEN}")), 200);
    for wrong in ["", "Bearer", "Bearer ", &TOKEN[1..], &format!("Bearer {TOKEN}x")] {
        assert_eq!(with("Authorization", wrong), 401, "{wrong}");
    }
    let first = ureq::get(&format!("http://{address}/page/?token={TOKEN}")).call().unwrap();
    assert!(first.header("set-cookie").unwrap().contains("HttpOnly"));
    assert_eq!(get(address, &format!("/rest/ping?apiKey={TOKEN}")).0, 200);
    assert_eq!(get(address, "/health").0, 200);
}

#[test]
fn pages_of_other_sites_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let address = small(folder.path(), Settings::default(), Patience::default());
    let asked = |headers: &str| {
        let request = format!("GET /health HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        raw(address, &request).split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let port = address.port();
    assert_eq!(asked(&format!("Host: localhost:{port}\r\n")), "200");
    assert_eq!(asked("Host: [::1]\r\n"), "200");
    // A name that was made to lead to this machine, and pages from elsewhere.
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", ""] {
        assert_eq!(asked(&format!("Host: {host}\r\n")), "403", "{host}");
    }
    assert_eq!(asked(&format!("Host: localhost:{port}\r\nOrigin: http://evil.example\r\n")), "403");
    assert_eq!(asked(&format!("Host: localhost:{port}\r\nOrigin: null\r\n")), "403");
    let own = format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n");
    assert_eq!(asked(&own), "200");
}

#[test]
fn no_file_but_the_songs_own_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let address = small(folder.path(), Settings::default(), Patience::default());
    let outside = folder.path().join("secret").display().to_string();
    let encoded = outside.replace('/', "%2F");
    for path in [
        "/audio/../secret",
        "/audio/..%2Fsecret",
        "/audio/..%2F..%2Fsecret",
        "/audio/secret",
        "/audio/s3/../../secret",
        "/image/..%2Fsecret",
        "/image/..%2Fanalysis%2Fsongs.csv",
        "/page/../secret",
        "/page/%2e%2e/secret",
        "/page/..%2Fsecret",
        "/page/..%5Csecret",
        "/page/./../secret",
        "/page//../secret",
        "/page/%00",
        "/page/%ff%fe",
        &format!("/page/{outside}"),
        &format!("/page//{outside}"),
        &format!("/page/{encoded}"),
        &format!("/audio/{encoded}"),
        &format!("/{outside}"),
        "http://localhost/page/../../secret",
        "//localhost/secret",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(address, &request);
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains(SECRET) && !answer.contains("Title 1"), "{path}: {answer}");
    }
}

#[test]
fn clients_that_hang_or_ask_by_halves_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let head = Duration::from_millis(500);
    let patience = Patience { connections: 16, head, reading: head };
    let settings = Settings { answering: head, max_upload: 1000, ..Settings::default() };
    let address = small(folder.path(), settings, patience);
    let halves = [
        "",
        "G",
        "GET /similar?id=s0 HT",
        "GET /similar?id=s0 HTTP/1.1\r\nHost: local",
        "POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nhalf",
    ];
    let begun = Instant::now();
    let hanging: Vec<TcpStream> = (0..200)
        .map(|i| {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(halves[i % halves.len()].as_bytes());
            stream
        })
        .collect();
    // All places are taken, and free again when the patience is at its end.
    let ask =
        || ureq::get(&format!("http://{address}/similar?id=s0&count=2")).call().map_err(Box::new);
    let answered = loop {
        if let Ok(answer) = ask() {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody is answered any more");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(answered.status(), 200);
    assert!(begun.elapsed() >= head, "the places were never taken");
    drop(hanging);
    assert_eq!(ask().unwrap().status(), 200);

    // What is too large is refused, whether it says so or not.
    let large = vec![0; 2000];
    let post = || ureq::post(&format!("http://{address}/query"));
    assert_eq!(answer(post().send_bytes(&large)).0, 413);
    let request = "POST /query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("7D0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
    assert!(raw(address, &format!("{request}{chunk}")).starts_with("HTTP/1.1 413"));
    for nonsense in ["\r\n\r\n", "GET\r\n\r\n", "\0\0\0\0\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        assert!(!raw(address, nonsense).contains(" 200 "), "{nonsense:?}");
    }
    assert_eq!(ask().unwrap().status(), 200);
}

/// A whole project, of which an encoder listens to a file.
#[cfg(feature = "pipeline")]
#[test]
fn a_project_is_served_with_its_page_and_listens() {
    use songscape::pipeline::{Input, Parameters, Pipeline, Step};
    use songscape::project::Silent;
    use songscape::resnet::{EncoderConfig, tch::Device};

    let folder = tempfile::tempdir().unwrap();
    let mut parameters = Parameters::demo(7);
    parameters.demo_music.songs = 12;
    parameters.demo_music.seconds = 6.0;
    parameters.encoder = EncoderConfig::narrow(4);
    (parameters.training.steps, parameters.training.pairs) = (2, 4);
    parameters.training.crop_columns = 128;
    let pipeline = Pipeline::new(folder.path(), Input::Demo, parameters, Device::Cpu, 2).unwrap();
    for step in Step::ALL {
        pipeline.run(step, &Silent).unwrap();
    }
    let settings = Settings { threads: 2, ..Settings::default() };
    let service = Arc::new(Service::of_project(folder.path(), settings).unwrap());
    let (id, music) = {
        let songs = service.songs();
        (songs.songs[4].id.clone(), std::fs::read(songs.file(&songs.songs[4])).unwrap())
    };
    super::page::make(&service, folder.path().into());
    while service.page.get().is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let address = start(service, Patience::default());

    let (_, page) = get(address, "/");
    assert!(page.contains(&format!("../audio/{id}")) || page.contains("../audio/"), "no music");
    assert!(!page.contains(&folder.path().display().to_string()));
    let (status, figure) = get(address, "/page/figures/umap-clusters.svg");
    assert!(status == 200 || status == 404, "{figure}");
    assert_eq!(get(address, &format!("/image/{id}")).0, 200);
    assert_eq!(ureq::get(&format!("http://{address}/audio/{id}")).call().unwrap().status(), 200);

    // The file is one of the songs, which is most like itself.
    let asked = ureq::post(&format!("http://{address}/query?count=3")).send_bytes(&music);
    let (status, body) = answer(asked);
    assert_eq!(status, 200, "{body}");
    let near: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(near["songs"][0]["id"], Value::from(id));
    assert!(near["songs"][0]["cosine"].as_f64().unwrap() > 0.9999);
    assert!(near["songs"][0]["seconds"].as_f64().unwrap() > 5.0);
    let (status, why) = answer(
        ureq::post(&format!("http://{address}/query")).send_bytes(b"no music at all, but words"),
    );
    assert_eq!(status, 422, "{why}");
    assert!(!why.contains("/query") && !why.contains("tmp"), "{why}");
}

/// `cargo test --release --features serve --example serve -- --ignored --nocapture load`: 1,000 questions a
/// second over LOAD_SONGS (50,000) songs, for LOAD_SECONDS (30).
#[test]
#[ignore = "takes a minute and a core of its own"]
fn load() {
    const RATE: usize = 1_000;
    const CLIENTS: usize = 16;
    let set = |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (seconds, songs) = (set("LOAD_SECONDS", 30), set("LOAD_SONGS", 50_000));
    let folder = tempfile::tempdir().unwrap();
    let (vectors, table) = (folder.path().join("v.npy"), folder.path().join("s.csv"));
    // Around 500 places, as the songs of clusters are.
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let places = Array2::from_shape_simple_fn((500, 256), &mut random);
    let x = Array2::from_shape_fn((songs, 256), |(i, j)| places[[i % 500, j]] + 0.7 * random());
    write_npy(&vectors, x.view()).unwrap();
    let rows: String = (0..songs).map(|i| format!("s{i},Title {i}\n")).collect();
    std::fs::write(&table, format!("id,title\n{rows}")).unwrap();
    let begun = Instant::now();
    let collection = Collection::of_vectors(&vectors, &table).unwrap().indexed(1).unwrap();
    println!("index of {songs} songs in {:.0} s", begun.elapsed().as_secs_f64());
    let service = Service::of(collection, folder.path(), Settings::default());
    let address = start(Arc::new(service), Patience::default());
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().to_owned()
    };
    let before = memory();
    let start = Instant::now() + Duration::from_millis(100);
    let client = |client: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut buffer = vec![0; 1 << 16];
        let mut times = Vec::new();
        for i in (client..seconds * RATE).step_by(CLIENTS) {
            // Each question has its time, whether or not the one before was answered by then.
            let due = start + Duration::from_secs_f64(i as f64 / RATE as f64);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let id = i * 7919 % songs;
            let request = format!("GET /similar?id=s{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut read = 0;
            // The body is one object, the last of which are these.
            while !buffer[..read].ends_with(b"}]}") {
                read += stream.read(&mut buffer[read..]).unwrap();
            }
            assert!(buffer.starts_with(b"HTTP/1.1 200"));
            times.push(due.elapsed().as_secs_f64() * 1e3);
        }
        times
    };
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|i| scope.spawn(move || client(i))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{} answers in {:.1} s; ms: median {:.2}, 99 % {:.2}, 99.9 % {:.2}, longest {:.2}; \
         memory {before} before, {} after",
        times.len(),
        start.elapsed().as_secs_f64(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        memory()
    );
}
