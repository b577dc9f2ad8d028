//! The page in a real Chromium. Where there is none, the tests say so and pass. Screenshots are left
//! in the target folder under `tmp/screenshots`.
#![allow(clippy::unwrap_used)]

mod chromium;
mod sample;

use std::path::{Path, PathBuf};

use chromium::Chromium;
use sample::sample;
use songscape_project::Silent;
use songscape_report::{ReportInput, SongRow, write};

const HOSTILE: &str = "<img src=x onerror=alert(1)>";
const BREAKING: &str = "</script><script>alert(2)</script>\u{2028}\"quoted\", {{data}} <!--";

fn browser() -> Option<Chromium> {
    browser_with(&["--disable-gpu"])
}

fn browser_with(options: &[&str]) -> Option<Chromium> {
    let found = chromium::find();
    if found.is_none() {
        println!("skipped: no Chromium on this machine (set CHROMIUM to its program)");
    }
    found.map(|program| Chromium::start(&program, (1280, 800), options))
}

fn screenshot(browser: &mut Chromium, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    browser.screenshot(&folder.join(format!("{name}.png")));
}

/// Writes a report beside a folder with three seconds of sound and a picture for the first song.
fn report(folder: &Path, input: &ReportInput) -> PathBuf {
    let report = folder.join("report");
    write(&report, input, &Silent).unwrap();
    std::fs::create_dir_all(folder.join("audio")).unwrap();
    std::fs::write(folder.join("audio/00000.wav"), sound(3.0)).unwrap();
    std::fs::create_dir_all(folder.join("spectrograms")).unwrap();
    let picture = report.join("figures/spectrogram.png");
    std::fs::copy(picture, folder.join("spectrograms/song-00000.png")).unwrap();
    report.join("index.html")
}

/// A tone as WAV.
fn sound(seconds: f64) -> Vec<u8> {
    let rate: u32 = 8_000;
    let samples: Vec<u8> = (0..(seconds * f64::from(rate)) as u32)
        .flat_map(|i| (((f64::from(i) * 0.35).sin() * 8_000.0) as i16).to_le_bytes())
        .collect();
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((2 * rate).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

#[test]
fn a_published_size_is_drawn_whole_and_hostile_text_stays_text() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(5737, 17, (1960, 2020));
    input.title = format!("Songs of {HOSTILE}");
    input.songs[0].title = HOSTILE.into();
    input.songs[0].artist = BREAKING.into();
    input.songs[0].extra[0] = HOSTILE.into();
    input.columns[0] = HOSTILE.into();
    input.scores.as_mut().unwrap().halves[1].name = HOSTILE.into();
    let page = report(folder.path(), &input);
    browser.open(&page, "song=song-00000");

    assert_eq!(browser.eval("document.body.dataset.songs"), "5737");
    assert_eq!(browser.eval("document.body.dataset.drawn"), "5737");
    // Pixels were really coloured, more than the glow colours them, and not all of the canvas.
    let coloured = browser.eval(
        "(() => { const c = document.getElementById('points'); \
         const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; \
         return d.filter((v, i) => i % 4 < 3 && v < 120).length / d.length; })()",
    );
    let coloured = coloured.as_f64().unwrap();
    assert!((0.02..0.6).contains(&coloured), "{coloured} of the canvas is coloured");

    assert_eq!(browser.text("#song h2"), HOSTILE);
    assert_eq!(browser.text("#song h2 + p"), BREAKING);
    assert_eq!(browser.text("h1"), format!("Songs of {HOSTILE}"));
    assert!(browser.text("#view-results").contains(HOSTILE));
    assert!(browser.text("#colour").contains(HOSTILE));
    assert_eq!(browser.eval("document.querySelectorAll('img[src=x]').length"), 0);
    // The policy holds even if markup got in.
    browser.eval(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1'; \
         document.body.append(s); })()",
    );
    assert_eq!(browser.eval("window.broken ?? null"), serde_json::Value::Null);
    let blocked = browser.complaints();
    assert!(!blocked.is_empty(), "the policy's own report");
    assert!(blocked.iter().all(|c| c.contains("Content Security Policy")), "{blocked:#?}");
    screenshot(&mut browser, "hostile");

    browser.open(&page, "tab=results");
    browser.wait("[...document.images].filter((i) => i.src.includes('figures')).length === 11");
    browser.wait("document.querySelector('figure img').naturalWidth > 500");
    assert_eq!(browser.complaints(), [""; 0]);
    screenshot(&mut browser, "results");
}

#[test]
fn hover_search_filter_lasso_play_and_save() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(240, 10, (1960, 2020));
    // The first song stands alone on the left, to be found by the mouse.
    let left = input.songs.iter().map(|song| song.map[0]).fold(f32::INFINITY, f32::min);
    input.songs[0].map = [left - 3.0, 0.0];
    input.songs[0].title = "Élan, \"vital\"".into();
    input.songs[0].year = Some(1971);
    let page = report(folder.path(), &input);
    browser.call(
        "Browser.setDownloadBehavior",
        serde_json::json!({"behavior": "allow", "downloadPath": folder.path()}),
    );
    browser.open(&page, "");

    // Where the first song is on the screen: the map fills the stage to 1 / 1.08.
    let (song, stage) = first_song(&mut browser, &input);
    browser.mouse("mouseMoved", song);
    browser.wait("!document.getElementById('tip').hidden");
    let tip = browser.text("#tip");
    assert!(tip.contains("Élan, \"vital\"") && tip.contains("1971"), "{tip}");
    screenshot(&mut browser, "hover");

    browser.click(song);
    browser.wait("document.querySelector('#song h2')?.textContent.startsWith('Élan')");
    browser.wait("document.querySelector('audio').currentTime > 0.1");
    browser.wait("document.querySelector('.spectrogram img').naturalWidth > 500");
    assert!(browser.text("#song").contains("Nearest songs"));
    assert_eq!(browser.text(".hertz"), "100 Hz1 kHz10 kHz");
    browser.wait("document.querySelectorAll('.seconds span').length >= 3");
    // Every label stands where its time is.
    let off = browser.eval(
        "(() => { const img = document.querySelector('.spectrogram img'); \
         const pixels = img.clientWidth * 200 / img.naturalWidth; \
         return Math.max(...[...document.querySelectorAll('.seconds span')].map((s) => { \
         const [m, sec] = s.textContent.split(':').map(Number); \
         return Math.abs((60 * m + sec) * pixels - parseFloat(s.style.left)); })); })()",
    );
    assert!(off.as_f64().unwrap() < 0.51, "a label is {off} pixels off");
    assert!(browser.text("#said").contains("Élan"), "a screen reader is told");
    browser.wait("location.hash.includes('song=song-00000')");
    screenshot(&mut browser, "playing");

    // Search finds without accents, as one types.
    let search = browser.middle("#search");
    browser.click(search);
    browser.call("Input.insertText", serde_json::json!({"text": "elan vi"}));
    browser.wait("document.getElementById('status').textContent === '1 of 240 songs'");
    browser.wait("location.hash.includes('find=elan')");
    browser.key("Escape");
    browser.wait("document.getElementById('status').textContent === '240 songs'");

    // The legend filters.
    let alone = input.songs.iter().filter(|song| song.cluster == -1).count();
    let entry = browser.middle("#legend [data-key='-1']");
    browser.click(entry);
    let expected = format!("{} of 240 songs", 240 - alone);
    browser.wait(&format!("document.getElementById('status').textContent === {expected:?}"));
    browser.wait("location.hash.includes('off=-1')");
    browser.key("Escape");

    // The years' range filters.
    browser.eval(
        "(() => { const to = document.getElementById('to'); to.value = 1969; \
         to.dispatchEvent(new Event('input')); })()",
    );
    let early = input.songs.iter().filter(|song| song.year < Some(1970)).count();
    let expected = format!("{early} of 240 songs");
    browser.wait(&format!("document.getElementById('status').textContent === {expected:?}"));
    browser.key("Escape");

    // A window of years passes by until it is stopped.
    let play = browser.middle("#play");
    browser.click(play);
    browser.wait("document.getElementById('play').textContent === '■ Stop'");
    browser.wait("document.getElementById('from').value > 1961");
    browser.wait("location.hash.includes('years=')");
    browser.click(play);
    browser.wait("document.getElementById('play').textContent === '▶ Years'");
    browser.key("Escape");
    browser.wait("document.getElementById('status').textContent === '240 songs'");

    // Colours by a column of the catalog, whose legend filters too; then back to the clusters.
    let choose = |value: &str| {
        format!(
            "(() => {{ const c = document.getElementById('colour'); c.value = {value:?}; \
             c.dispatchEvent(new Event('change')); }})()"
        )
    };
    browser.eval(&choose("column genre"));
    browser.wait("location.hash.includes('colour=column')");
    let waltzes = input.songs.iter().filter(|song| song.extra[0] == "waltz").count();
    assert!(browser.text("#legend [data-key='waltz']").ends_with(&waltzes.to_string()));
    let entry = browser.middle("#legend [data-key='waltz']");
    browser.click(entry);
    let expected = format!("{} of 240 songs", 240 - waltzes);
    browser.wait(&format!("document.getElementById('status').textContent === {expected:?}"));
    browser.eval(&choose("predicted"));
    browser.wait("document.querySelector('#legend .ramp') !== null");
    browser.eval(&choose("cluster"));
    browser.wait("document.getElementById('status').textContent === '240 songs'");

    // A lasso around the first song lists it; the list is saved.
    let lasso = browser.middle("#lasso");
    browser.click(lasso);
    let corner = |dx: f64, dy: f64| (song.0 + dx, song.1 + dy);
    browser.mouse("mousePressed", corner(-12.0, -12.0));
    for (dx, dy) in [(12.0, -12.0), (12.0, 12.0), (-12.0, 12.0), (-12.0, -6.0)] {
        browser.mouse("mouseMoved", corner(dx, dy));
    }
    browser.mouse("mouseReleased", corner(-12.0, -6.0));
    browser.wait("document.querySelector('#list h2').textContent === '1 song in the lasso'");
    browser.wait("document.body.dataset.drawn === '1'");
    screenshot(&mut browser, "lasso");
    for button in
        ["#list button[aria-label='Save as M3U']", "#list button[aria-label='Save as CSV']"]
    {
        let at = browser.middle(button);
        browser.click(at);
    }
    let saved = |name: &str| {
        let file = folder.path().join(name);
        for _ in 0..200 {
            if let Ok(text) = std::fs::read_to_string(&file) {
                return text;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{} was not saved", file.display());
    };
    let sound = folder.path().join("audio/00000.wav");
    let artist = &input.songs[0].artist;
    assert_eq!(
        saved("songs.m3u8"),
        format!("#EXTM3U\n#EXTINF:-1,{artist} - Élan, \"vital\"\n{}\n", sound.display())
    );
    let table = saved("songs.csv");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][1], &rows[0][3]), (1, "Élan, \"vital\"", "1971"));
    assert_eq!(&rows[0][6], sound.to_str().unwrap());

    // The address brings all of it back.
    browser.wait("location.hash.includes('lasso=')");
    let hash = browser.eval("location.hash.slice(1)").as_str().unwrap().to_owned();
    browser.open(&page, &hash);
    assert_eq!(browser.text("#list h2"), "1 song in the lasso");
    assert_eq!(browser.complaints(), [""; 0]);

    // Keys alone: the song in the middle, from one to the nearest that was not there yet, and back.
    browser.open(&page, "");
    browser.eval("document.getElementById('marks').focus()");
    browser.key("Enter");
    browser.wait("document.querySelector('#song h2') !== null");
    let first = browser.text("#song h2");
    let mut passed = vec![first];
    for _ in 0..4 {
        browser.key("n");
        let seen = format!("!{passed:?}.includes(document.querySelector('#song h2').textContent)");
        browser.wait(&seen);
        passed.push(browser.text("#song h2"));
    }
    browser.key("Escape");
    browser.wait("document.querySelector('#song h2') === null");
    browser.wait("document.getElementById('reset').disabled");
    let before = browser.eval("document.body.dataset.drawn");
    for _ in 0..12 {
        browser.key("+");
    }
    browser.wait(&format!("document.body.dataset.drawn !== {before}"));
    browser.key("0");
    browser.wait("document.body.dataset.drawn === '240'");
    assert!(stage > 100.0);

    // A phone, in the dark.
    browser.resize(390, 844, 2.0);
    browser.open(&page, "theme=dark&colour=year&song=song-00007");
    assert_eq!(browser.eval("document.documentElement.scrollWidth <= innerWidth"), true);
    let bars = browser.eval("getComputedStyle(document.querySelector('aside')).scrollbarColor");
    assert!(bars.as_str().unwrap().starts_with("rgb(168, 174, 183)"), "{bars}");
    screenshot(&mut browser, "phone");

    // The text of figures stays legible there: figures scroll, the page does not.
    browser.open(&page, "tab=results&theme=dark");
    let figures = browser.eval(
        "(() => { const all = [...document.querySelectorAll('figure img')]; \
         const wide = all.map((i) => i.getBoundingClientRect().width); \
         return [Math.min(...all.map((i, n) => wide[n] / i.getAttribute('width'))), \
         Math.min(...all.map((i, n) => i.parentElement.scrollWidth - wide[n])), \
         document.documentElement.scrollWidth]; })()",
    );
    let [shown, reached, page_width] = [0, 1, 2].map(|i| figures[i].as_f64().unwrap());
    assert!(shown >= 0.8 && reached > -2.0 && page_width <= 390.0, "{figures}");
    browser.eval("document.querySelector('figure').scrollIntoView()");
    browser.wait("document.querySelector('figure img').naturalWidth > 500");
    screenshot(&mut browser, "phone-figure");

    // The clusters in words have room there, each beneath the other.
    browser.open(&page, "tab=story&theme=dark");
    let fits = "(() => { const rows = [...document.querySelectorAll('.clusters tr:not(:first-of-type)')]; \
                return rows.length === 10 && rows.every((r) => r.clientHeight < 200) \
                && [...document.querySelectorAll('.clusters td')].every((c) => \
                c.getBoundingClientRect().right <= innerWidth); })()";
    assert_eq!(browser.eval(fits), true);
    screenshot(&mut browser, "phone-story");

    // Sparklines have the colours of the dark map.
    let colours = browser.eval(
        "(() => { const path = document.querySelector('.clusters path'); \
         const lit = path.getAttribute('color').match(/[0-9a-f]{2}/g).map((v) => 0.85 * parseInt(v, 16) + 38.25); \
         const own = getComputedStyle(path).fill.match(/[0-9.]+/g).slice(0, 3).map((v) => 255 * v); \
         return Math.max(...lit.map((v, i) => Math.abs(v - own[i]))); })()",
    );
    assert!(colours.as_f64().unwrap() < 1.5, "a colour is {colours} off");

    // Paper is light, and has all that is in words and figures.
    browser.call("Emulation.setEmulatedMedia", serde_json::json!({"media": "print"}));
    assert_eq!(browser.eval("getComputedStyle(document.body).color"), "rgb(27, 31, 36)");
    assert_eq!(
        browser.eval(
            "['results', 'story'].every((tab) => document.getElementById(`view-${tab}`).clientHeight > 300)"
        ),
        true
    );
    // Each figure stands on a page of A4 with its caption, and the map with the names of its clusters.
    browser.open(&page, "tab=results");
    browser.resize(718, 1046, 1.0);
    browser
        .eval("document.querySelectorAll('figure img').forEach((i) => { i.loading = 'eager'; })");
    browser.wait("[...document.querySelectorAll('figure img')].every((i) => i.naturalWidth > 500)");
    let tallest =
        "Math.max(...[...document.querySelectorAll('figure')].map((f) => f.offsetHeight))";
    let tallest = browser.eval(tallest).as_f64().unwrap();
    assert!((600.0..1000.0).contains(&tallest), "{tallest} pixels of 1046");
    let names = "document.querySelector('figure .key').clientHeight > 50";
    assert_eq!(browser.eval(names), true);
}

#[test]
fn a_list_plays_on_and_faults_are_told_apart() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(5, 1, (1960, 2020));
    for (song, year) in input.songs.iter_mut().zip(1990..) {
        (song.year, song.image) = (Some(year), None);
    }
    input.neighbors = vec![vec![2], vec![], vec![4], vec![], vec![]];
    write(folder.path().join("report"), &input, &Silent).unwrap();
    std::fs::create_dir_all(folder.path().join("audio")).unwrap();
    // The second cannot be played, the fourth is not there.
    for (name, bytes) in
        [("0", sound(2.0)), ("1", b"no sound".into()), ("2", sound(0.5)), ("4", sound(0.5))]
    {
        std::fs::write(folder.path().join(format!("audio/0000{name}.wav")), bytes).unwrap();
    }
    let page = folder.path().join("report/index.html");
    browser.open(&page, "");
    let place = |what: &str| format!("document.getElementById('place').textContent === {what:?}");
    let playing = "document.getElementById('audio').currentTime > 0.05 && !document.getElementById('audio').paused";
    let paused = "document.getElementById('audio').paused";
    assert_eq!(browser.eval("document.getElementById('player').hidden"), true);
    let all = browser.middle("#list button[aria-label='Play these songs']");
    browser.click(all);
    browser.wait(&place("1 of 5 in all"));
    browser.wait(playing);
    assert_eq!(browser.eval("navigator.mediaSession.metadata.title"), "Number 0");
    browser.eval("document.getElementById('audio').volume = 0.25");
    // Space pauses, from the map too.
    browser.eval("document.getElementById('marks').focus()");
    browser.key(" ");
    browser.wait(paused);
    browser.key(" ");
    browser.wait(playing);
    // The queue passes over what cannot be played, and says why.
    browser.wait(&place("3 of 5 in all"));
    let trouble = browser.text("#trouble");
    assert!(trouble.contains("Number 1: this browser cannot play the format"), "{trouble}");
    assert_eq!(browser.text("#trouble a"), "../audio/00001.wav");
    browser.wait(&place("5 of 5 in all"));
    let trouble = browser.text("#trouble");
    assert!(trouble.contains("Number 3: the file is not there"), "{trouble}");
    assert_eq!(browser.text("#song h2"), "Number 4");
    assert_eq!(browser.eval("document.getElementById('next').disabled"), true);
    browser.wait("document.getElementById('audio').ended");
    assert_eq!(browser.eval("document.getElementById('audio').volume"), 0.25);

    // From the first song: songs like it, then the way to another; shuffled, each comes once.
    browser.open(&page, "song=song-00000");
    assert_eq!(browser.eval("document.getElementById('audio').volume"), 0.25, "as it was left");
    let alike = browser.middle("#song button[aria-label$='play songs like this']");
    browser.click(alike);
    browser.wait(&place("1 of 3 songs like this"));
    let next = browser.middle("#next");
    browser.click(next);
    browser.wait(&place("2 of 3 songs like this"));
    assert_eq!(browser.text("#song h2"), "Number 2");
    let previous = browser.middle("#previous");
    browser.click(previous);
    browser.wait(&place("1 of 3 songs like this"));
    let shuffle = browser.middle("#shuffle");
    browser.click(shuffle);
    browser.wait(&place("1 of 3 songs like this"));
    screenshot(&mut browser, "queue");
    let way = browser.middle("#song .row button[title^='Choose another']");
    browser.click(way);
    let last = browser.middle("#list li:last-child button");
    browser.click(last);
    browser.wait(&place("1 of 5 on the way"));
    browser.key("Escape");
    browser.wait("document.getElementById('player').hidden");
    assert_eq!(browser.eval(paused), true);
}

/// The first song's place in the window, and the stage's width.
fn first_song(browser: &mut Chromium, input: &ReportInput) -> ((f64, f64), f64) {
    let stage = browser.eval(
        "(() => { const b = document.getElementById('stage').getBoundingClientRect(); \
         return [b.x, b.y, b.width, b.height]; })()",
    );
    let stage: Vec<f64> = (0..4).map(|i| stage[i].as_f64().unwrap()).collect();
    let range = |axis: usize| {
        let values = input.songs.iter().map(|song| f64::from(song.map[axis]));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
    };
    let (x, y) = (range(0), range(1));
    let scale = (stage[2] / (x.1 - x.0)).min(stage[3] / (y.1 - y.0)) / 1.08;
    let [a, b] = input.songs[0].map.map(f64::from);
    let at = (
        stage[0] + stage[2] / 2.0 + (a - (x.0 + x.1) / 2.0) * scale,
        stage[1] + stage[3] / 2.0 - (b - (y.0 + y.1) / 2.0) * scale,
    );
    (at, stage[2])
}

#[test]
fn regions_are_named_from_afar() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(1600, 16, (1960, 2020));
    // The four groups of clusters have a genre each.
    for song in &mut input.songs {
        song.group = song.cluster.div_euclid(4);
        let genre = ["waltz", "march", "swing", "rock"].get(song.cluster as usize / 4);
        song.extra[0] = genre.map_or("", |genre| genre).into();
    }
    let page = report(folder.path(), &input);
    browser.open(&page, "");
    assert_eq!(browser.eval("document.body.dataset.regions"), "4");
    screenshot(&mut browser, "regions");
    for _ in 0..3 {
        browser.eval("document.getElementById('zoom-in').click()");
    }
    browser.wait("document.body.dataset.regions === '0'");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn the_number_of_a_cluster_steps_aside_for_the_selected_song() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(240, 10, (1960, 2020));
    input.neighbors.clear();
    // The first song is its cluster's middle.
    input.songs[0].cluster = 10;
    let page = report(folder.path(), &input);
    let mut painted = |hash: &str| {
        browser.open(&page, hash);
        let ((x, y), _) = first_song(&mut browser, &input);
        // How many pixels are painted over the song, inside its ring, and in all.
        let found = browser.eval(&format!(
            "(() => {{ const c = document.getElementById('marks'), b = c.getBoundingClientRect(); \
             const n = (x, y, w, h) => c.getContext('2d').getImageData(x, y, w, h).data \
             .filter((v, i) => i % 4 === 3 && v > 0).length; \
             return [n(Math.round({x} - b.x) - 3, Math.round({y} - b.y) - 3, 7, 7), n(0, 0, c.width, c.height)]; }})()"
        ));
        assert_eq!(browser.complaints(), [""; 0]);
        screenshot(&mut browser, if hash.is_empty() { "number" } else { "number-aside" });
        (found[0].as_u64().unwrap(), found[1].as_u64().unwrap())
    };
    let (before, all_before) = painted("");
    assert_eq!(before, 49, "the number stands on the song");
    let (after, all_after) = painted("song=song-00000");
    assert_eq!(after, 0, "the ring is free");
    assert!(all_after > all_before, "the number is still there");
}

#[test]
fn songs_far_away_leave_the_others_room() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(240, 6, (1960, 2020));
    let page = report(folder.path(), &input);
    browser.open(&page, "");
    assert_eq!(browser.eval("document.getElementById('cuts').hidden"), true);
    for song in input.songs.iter_mut().filter(|song| song.cluster == 3) {
        song.map[0] += 100.0;
    }
    let page = report(folder.path(), &input);
    browser.open(&page, "");
    assert_eq!(browser.eval("document.getElementById('cuts').hidden"), false);
    // The page of all but that cluster is as wide as before, up to the room that it takes.
    let ghosts = browser.eval(
        "(() => { const c = document.getElementById('points'), w = c.width; \
         const d = c.getContext('2d').getImageData(0, 0, w, c.height).data; \
         const column = (x) => { for (let y = 0; y < c.height; y++) { const i = 4 * (y * w + x); \
         if (d[i] + d[i + 1] + d[i + 2] < 600) return true; } return false; }; \
         let n = 0; for (let x = 0; x < w; x++) n += column(x); return n / w; })()",
    );
    assert!(ghosts.as_f64().unwrap() > 0.4, "{ghosts} of the columns have songs");
    screenshot(&mut browser, "far-away");
    browser.open(&page, "theme=dark");
    screenshot(&mut browser, "far-away-dark");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn libraries_of_no_song_and_of_one_open() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut one = sample(1, 1, (1999, 1999));
    one.songs[0].year = None;
    one.songs[0].predicted = None;
    for (input, drawn) in [(ReportInput::default(), "0"), (one, "1")] {
        write(folder.path(), &input, &Silent).unwrap();
        browser
            .open(&folder.path().join("index.html"), "years=1990..1995&song=gone&view=a,b&lasso=1");
        assert_eq!(browser.eval("document.body.dataset.drawn"), drawn);
        for key in ["0", "+", "l", "Escape"] {
            browser.key(key);
        }
        assert_eq!(browser.complaints(), [""; 0]);
    }
}

#[test]
fn fifty_thousand_songs_move_smoothly() {
    let Some(mut browser) = browser() else { return };
    let found = moved(&mut browser, 50_000);
    assert!(found.bytes < 10_000_000, "{} bytes", found.bytes);
    // What other programs on the machine take is not counted: thirty frames a second must be possible.
    assert!(found.ready < 20_000.0);
    assert!(found.least < 33.0, "{} ms for one frame", found.least);
    screenshot(&mut browser, "large");
}

#[test]
#[ignore = "takes minutes and memory; prints what it measures"]
fn a_million_songs_open_and_move() {
    let Some(mut browser) = browser() else { return };
    for songs in [200_000, 1_000_000] {
        let found = moved(&mut browser, songs);
        assert!(found.bytes < 60_000_000, "{} bytes", found.bytes);
        screenshot(&mut browser, &format!("{songs}-songs"));
    }
}

struct Moved {
    bytes: u64,
    /// Milliseconds until the map was there.
    ready: f64,
    /// Milliseconds of the quickest frame.
    least: f64,
}

/// Opens a report of so many songs and pans it for sixty frames.
fn moved(browser: &mut Chromium, songs: usize) -> Moved {
    let folder = tempfile::tempdir().unwrap();
    let page = report(folder.path(), &sample(songs, 30, (1960, 2020)));
    let beside = ["data/map.js", "data/texts.js"].map(|name| page.with_file_name(name));
    let sizes =
        std::iter::once(&page).chain(&beside).map(|file| file.metadata().map_or(0, |f| f.len()));
    let bytes = sizes.sum();
    browser.open(&page, "");
    let ready = browser.eval("performance.now()").as_f64().unwrap();
    assert_eq!(browser.eval("document.body.dataset.drawn"), songs.to_string());
    browser.wait("document.body.dataset.texts === 'true'");
    let texts = browser.eval("performance.now()").as_f64().unwrap();
    let measured = browser.eval(
        "new Promise((done) => { const marks = document.getElementById('marks'); let n = 0, least = 1e9; \
         const start = performance.now(); const step = () => { \
         least = Math.min(least, Number(document.body.dataset.milliseconds)); \
         const key = n % 4 < 2 ? 'ArrowLeft' : 'ArrowRight'; \
         marks.dispatchEvent(new KeyboardEvent('keydown', { key })); \
         if (++n < 60) requestAnimationFrame(step); \
         else done([60000 / (performance.now() - start), least]); }; step(); })",
    );
    let (frames, least) = (measured[0].as_f64().unwrap(), measured[1].as_f64().unwrap());
    browser.wait(&format!("Number(document.body.dataset.drawn) > {}", songs * 9 / 10));
    println!(
        "{songs} songs: {bytes} bytes, map after {ready:.0} ms, texts after {texts:.0} ms, {frames:.0} frames \
         per second while moving, the quickest of {least} ms"
    );
    assert_eq!(browser.complaints(), [""; 0]);
    Moved { bytes, ready, least }
}

#[test]
fn very_many_songs_lie_beside_the_page() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let songs = 200_001;
    let song = |i: usize| SongRow {
        id: format!("song-{i}"),
        // Two songs are called the same.
        title: if i < 2 { BREAKING.into() } else { format!("Number {i}") },
        map: [(i % 1000) as f32, (i / 1000) as f32],
        cluster: -1,
        ..SongRow::default()
    };
    let input = ReportInput { songs: (0..songs).map(song).collect(), ..ReportInput::default() };
    let written = write(folder.path(), &input, &Silent).unwrap();
    let parts = ["data/map.js", "data/texts.js"].map(|name| folder.path().join(name));
    assert!(parts.iter().all(|part| written.files.contains(part)));
    let page = folder.path().join("index.html");
    assert!(page.metadata().unwrap().len() < 200_000, "the songs are not in the page");
    browser.open(&page, "find=number 199999");
    assert_eq!(browser.eval("document.body.dataset.drawn"), songs.to_string());
    browser.wait("document.getElementById('status').textContent === '1 of 200,001 songs'");
    browser.key("Escape");
    browser.open(&page, "find=quoted");
    browser.wait("document.getElementById('status').textContent === '2 of 200,001 songs'");
    let list = browser.text("#list ol");
    assert!(list.contains("song-0") && list.contains("song-1"), "told apart: {list}");
    assert_eq!(browser.complaints(), [""; 0]);

    // Without its parts the page says what is missing; of fewer songs, there are none.
    std::fs::remove_file(&parts[0]).unwrap();
    browser.call(
        "Page.navigate",
        serde_json::json!({"url": format!("file://{}#gone", page.display())}),
    );
    browser.call("Page.reload", serde_json::json!({}));
    browser
        .wait("document.getElementById('status')?.textContent.includes('data/map.js is missing')");
    write(folder.path(), &sample(3, 1, (1999, 2001)), &Silent).unwrap();
    assert!(!parts[1].exists());
}

#[test]
fn a_graphics_card_draws_the_same_map() {
    // A graphics card in software.
    let options = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
    let Some(mut browser) = browser_with(&options) else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = report(folder.path(), &sample(5737, 17, (1960, 2020)));
    let mut map = |hash: &str, drawer: &str| {
        browser.open(&page, hash);
        assert_eq!(browser.eval("document.body.dataset.drawer"), drawer, "{hash}");
        // Two frames: the first may not be on the screen yet.
        browser.eval(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
        );
        assert_eq!(browser.complaints(), [""; 0]);
        pixels(&browser.picture())
    };
    for hash in ["years=1970..1990", "theme=dark&view=30000,30000,0.05"] {
        let (canvas, card) = (map(hash, "canvas"), map(&format!("{hash}&draw=webgl"), "webgl"));
        let coloured = canvas.iter().filter(|&&v| v != canvas[0]).count();
        assert!(coloured > canvas.len() / 20, "{coloured} of {} bytes", canvas.len());
        let differ = canvas.iter().zip(&card).filter(|(a, b)| a.abs_diff(**b) > 60).count();
        // Edges of discs: the canvas places them on whole pixels.
        assert!(differ * 12 < coloured, "{differ} of {coloured} coloured bytes differ");
    }
    screenshot(&mut browser, "webgl");

    // A card that is taken away leaves the canvas.
    browser.eval(
        "document.getElementById('points').getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()",
    );
    browser.wait("document.body.dataset.drawer === 'canvas'");
    browser.wait(
        "(() => { const c = document.getElementById('points'); \
         const d = c.getContext('2d')?.getImageData(0, 0, c.width, c.height).data; \
         return d && d.some((v, i) => v !== d[i % 4]); })()",
    );
}

/// The pixels of a PNG of eight bits a channel.
fn pixels(png: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

#[test]
fn every_tab_is_accessible_in_light_and_dark() {
    let (Some(mut browser), Some(axe)) = (browser(), chromium::axe()) else {
        println!("skipped: no axe-core (tests/chromium/install.sh fetches it)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let page = report(folder.path(), &sample(240, 10, (1960, 2020)));
    for theme in ["light", "dark"] {
        for tab in ["map", "results", "story"] {
            browser.open(&page, &format!("tab={tab}&theme={theme}&song=song-00003"));
            browser.eval(&axe);
            let found = browser.eval(
                "axe.run().then((r) => r.violations.map((v) => \
                 `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`))",
            );
            assert_eq!(found.as_array().map(Vec::len), Some(0), "{tab}, {theme}: {found:#}");
            screenshot(&mut browser, &format!("{tab}-{theme}"));
        }
    }
}

#[test]
fn tabs_are_in_the_history_and_absurd_addresses_show_the_whole_map() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut input = sample(240, 10, (1960, 2020));
    input.columns.extend(["track id", "artist_key", "year_from"].map(String::from));
    for (i, song) in input.songs.iter_mut().enumerate() {
        let from = if i == 2 { "release" } else { "original" };
        song.extra.extend([(1000 + i).to_string(), format!("key{}", i % 7), from.into()]);
        (song.audio, song.image) = (None, None);
    }
    (input.songs[1].title, input.songs[1].artist) =
        (input.songs[0].title.clone(), input.songs[0].artist.clone());
    input.neighbors[2] = vec![0, 1];
    let page = report(folder.path(), &input);
    browser.open(&page, "view=999999999,-999999999,1e-9");
    assert_eq!(browser.eval("document.body.dataset.drawn"), "240");
    let results = browser.middle("#tab-results");
    browser.click(results);
    browser.wait("!document.getElementById('view-results').hidden");
    browser.eval("history.back()");
    browser.wait("!document.getElementById('view-map').hidden");
    assert!(browser.text("#colour").contains("genre"));
    assert!(!browser.text("#colour").contains("track id"), "an id is no scale");
    let computed = ["artist_key", "year_from"];
    assert!(!computed.iter().any(|name| browser.text("#colour").contains(name)));

    // Keys go on from the song that Enter opened, wherever the focus was.
    browser.open(&page, "song=song-00002");
    let near = browser.text("#song ol");
    assert!(near.contains("song-00000") && near.contains("song-00001"), "{near}");
    // What the catalog computed is in the tables alone; where a year comes from is said in words.
    let card = browser.text("#song");
    assert!(
        card.contains("track id: 1002") && card.contains(" (year of this release) · "),
        "{card}"
    );
    assert!(!computed.iter().any(|name| card.contains(name)), "{card}");
    browser.open(&page, "song=song-00003");
    assert!(!browser.text("#song").contains("release)"), "its year is plain");
    browser.open(&page, "find=key3");
    browser.wait("document.getElementById('status').textContent === '0 of 240 songs'");
    browser.open(&page, "song=song-00002");
    browser.eval("document.querySelector('#song ol button').focus()");
    browser.eval("document.activeElement.click()");
    browser.wait("document.activeElement === document.querySelector('#song h2')");
    let before = browser.text("#song h2");
    browser.key("n");
    browser.wait(&format!("document.querySelector('#song h2').textContent !== {before:?}"));
    assert_eq!(browser.complaints(), [""; 0]);
}
