// Beside the map: the selected song, and the list.

const LISTED = 200;
// What belongs to the song that is shown ends with it.
let shownSong = new AbortController();

function songButton(row) {
  const dot = make("i");
  dot.style.background = css(paintOf(row));
  // Each in its own direction of writing.
  const what = make("span", { className: "what" }, make("bdi", { textContent: nameOf(row) }));
  if (artistOf(row)) what.append(make("span", {}, " · ", make("bdi", { textContent: artistOf(row) })));
  if (isAmbiguous(row)) what.append(make("span", { textContent: ` · ${idOf(row)}` }));
  const button = make("button", { type: "button", title: idOf(row) }, dot, what, make("span", { className: "when", textContent: yearOf(row) ?? "" }));
  button.addEventListener("click", () => {
    // The song that plays pauses: so does the space key on its button.
    if (row === state.song && row === loaded && !audio.paused) audio.pause();
    else select(row, true);
    // The list that the button was in may be gone: the keyboard goes on from the song.
    if (!button.isConnected) $("song").querySelector("h2")?.focus();
  });
  button.addEventListener("mouseenter", () => { hovered = row; paintMarks(); });
  button.addEventListener("mouseleave", () => { hovered = -1; paintMarks(); });
  return make("li", {}, button);
}
const songList = (list) => make("ol", { className: "songs" }, ...list.map(songButton));

// Seconds between the ticks of a time axis.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

// Frequencies beside the picture, on its log axis: they stay when it scrolls.
function hertzAxis() {
  const axis = make("div", { className: "hertz", "aria-hidden": true });
  if (!data.frequencies) return axis;
  const [low, high] = data.frequencies;
  for (const hertz of [100, 1000, 10000]) {
    if (hertz < low * 1.2 || hertz > high / 1.1) continue;
    const label = make("span", { textContent: hertz < 1000 ? `${hertz} Hz` : `${hertz / 1000} kHz` });
    const down = (100 * Math.log(high / hertz)) / Math.log(high / low);
    label.style.top = `clamp(0.55rem, ${down}%, 100% - 0.55rem)`;
    axis.append(label);
  }
  return axis;
}

function spectrogram(source, player) {
  const picture = make("img", { src: source, alt: "Spectrogram: time to the right, frequency upwards" });
  const head = make("div", { className: "head" });
  const box = make("div", { className: "spectrogram whole" }, picture, head);
  const time = make("div", { className: "soft seconds" });
  const range = data.frequencies ? `${Math.round(data.frequencies[0])} Hz to ${number(Math.round(data.frequencies[1]))} Hz, upwards` : "frequency upwards";
  const size = make("button", { type: "button", className: "small", textContent: "Full length", "aria-pressed": false });
  const follow = () => {
    const share = player && player.duration ? player.currentTime / player.duration : 0;
    // The mark is two pixels wide and must not make the picture wider.
    head.style.left = `${share * Math.max(picture.clientWidth - 2, 0)}px`;
    head.hidden = !player || !share;
    if (!box.classList.contains("whole") && player && !player.paused) box.scrollLeft = share * picture.clientWidth - box.clientWidth / 2;
  };
  // Round times of the part that is seen, each under its place.
  const times = () => {
    if (!data.rate || !picture.naturalWidth || !picture.clientWidth) return;
    const pixels = (picture.clientWidth * data.rate) / picture.naturalWidth;
    const from = box.scrollLeft / pixels, to = (box.scrollLeft + box.clientWidth) / pixels;
    const step = STEPS.find((seconds) => seconds * pixels >= 64) ?? STEPS.at(-1);
    const ticks = [];
    for (let second = Math.ceil(from / step - 1e-9) * step; second <= to + 1e-9; second += step) {
      const at = second * pixels - box.scrollLeft;
      // What would be cut off at an end stands beside its place.
      const end = at < 16 ? "first" : at > box.clientWidth - 16 ? "last" : "";
      const tick = make("span", { textContent: clock(second), className: end });
      tick.style.left = `${at}px`;
      ticks.push(tick);
    }
    time.replaceChildren(...ticks);
  };
  size.addEventListener("click", () => {
    const whole = box.classList.toggle("whole");
    size.setAttribute("aria-pressed", !whole);
    follow();
    times();
  });
  follow();
  picture.addEventListener("load", times);
  box.addEventListener("scroll", times);
  if (player) {
    player.addEventListener("timeupdate", follow, { signal: shownSong.signal });
    box.addEventListener("click", (event) => {
      if (!player.duration) return;
      const at = event.clientX - box.getBoundingClientRect().left + box.scrollLeft;
      player.currentTime = (at / picture.clientWidth) * player.duration;
    });
  }
  const all = make("div", {}, make("div", { className: "framed" }, box, hertzAxis()), time,
    make("div", { className: "row soft" }, make("span", { textContent: range }), size));
  picture.addEventListener("error", () => all.replaceWith(make("p", { className: "soft", textContent: `Its spectrogram is not at ${decoded(source)}.` })));
  return all;
}

// A small button that plays songs one after the other.
function playButton(text, label, rows, what) {
  const button = make("button", { type: "button", className: "small", textContent: text, "aria-label": label, title: label });
  button.addEventListener("click", () => {
    startQueue(rows(), what);
    // There the space key pauses.
    audio.focus({ preventScroll: true });
  });
  return button;
}

// From where a way is looked for, until its end is chosen.
let wayFrom = -1;
function wayButton(row) {
  const button = make("button", { type: "button", className: "small", textContent: "Way to…", "aria-pressed": wayFrom === row, title: "Choose another song: songs on the way to it are played" });
  button.addEventListener("click", () => {
    wayFrom = wayFrom === row ? -1 : row;
    button.setAttribute("aria-pressed", wayFrom === row);
    $("said").textContent = wayFrom === row ? "Choose the song where the way ends." : "";
  });
  return button;
}

function drawSong(play) {
  const box = $("song"), row = state.song;
  shownSong.abort();
  shownSong = new AbortController();
  load(row, play);
  if (row < 0) {
    box.replaceChildren(make("p", { className: "soft", textContent: count ? "Click a song on the map, or search, to hear it." : "There are no songs." }));
    return;
  }
  const cluster = clusters[row];
  // A year of a release may be that of a reissue.
  const released = yearFrom >= 0 && valueOf(yearFrom, row) === "release" ? " (year of this release)" : "";
  const facts = [yearOf(row) === null ? "year not known" : `released ${yearOf(row)}${released}`];
  if (!Number.isNaN(predicted[row])) facts.push(`sounds like ${Math.round(predicted[row])}`);
  facts.push(inCluster(cluster) + (cluster < 0 ? "" : ` (${probability[row]}%)`));
  if (!Number.isNaN(outliers[row])) facts.push(`outlier score ${outliers[row].toFixed(1)} (a usual song has 1)`);
  box.replaceChildren(make("h2", { textContent: nameOf(row), tabIndex: -1 }), make("p", { textContent: artistOf(row) }), make("p", { className: "soft", textContent: facts.join(" · ") }));
  for (const i of shownColumns) {
    const value = valueOf(i, row);
    if (value) box.append(make("p", { className: "soft", textContent: `${data.columns[i].name}: ${value}` }));
  }
  const source = audioOf(row), picture = imageOf(row);
  if (!source) box.append(make("p", { className: "soft", textContent: "There is no link to its audio file." }));
  if (picture) box.append(spectrogram(picture, source && audio));
  const near = nearOf(row);
  if (near.length) {
    const tools = make("span");
    if (source) tools.append(wayButton(row), " ", playButton("▶ Like this", "▶ Like this: play songs like this", () => alike(row), "songs like this"));
    box.append(make("div", { className: "row" }, make("h3", { textContent: "Nearest songs" }), tools), songList(near));
  }
  const standing = data.representatives[cluster] ?? [];
  if (standing.length && cluster >= 0) box.append(make("h3", { textContent: `Songs typical of cluster ${cluster}` }), songList(standing));
}
const decoded = (link) => { try { return decodeURIComponent(link); } catch { return link; } };

function drawList() {
  const box = $("list");
  const what = state.lasso ? "in the lasso" : state.query ? "found" : filtered() ? "shown" : "in all";
  const title = make("h2", { textContent: `${songs(listed.length)} ${what}` });
  const m3u = make("button", { type: "button", className: "small", textContent: "M3U", "aria-label": "Save as M3U", title: "Save these songs as a playlist" });
  m3u.disabled = !listed.some(hasAudio);
  m3u.addEventListener("click", () => save("songs.m3u8", "audio/x-mpegurl",
    m3uText(Array.from(listed.filter(hasAudio), (row) => ({ artist: artistOf(row), title: texts.name[row], link: audioOf(row) })), location.href)));
  const csv = make("button", { type: "button", className: "small", textContent: "CSV", "aria-label": "Save as CSV", title: "Save these songs as a table" });
  csv.disabled = listed.length === 0;
  csv.addEventListener("click", () => save("songs.csv", "text/csv", csvText(
    ["id", "title", "artist", "year", "predicted", "cluster", "audio", ...data.columns.map((c) => c.name)],
    Array.from(listed, (row) => [idOf(row), texts.name[row], artistOf(row), yearOf(row), Number.isNaN(predicted[row]) ? null : Math.round(predicted[row] * 10) / 10, clusters[row], hasAudio(row) ? localPath(audioOf(row), location.href) : "", ...data.columns.map((_, i) => valueOf(i, row))]))));
  const play = playButton("▶", "Play these songs", () => Array.from(listed), what);
  play.disabled = m3u.disabled;
  // What was asked for comes first; a list of everything can wait.
  const asked = state.lasso !== null || state.query !== "";
  box.classList.toggle("asked", asked);
  if (asked) {
    $("song").before(box);
    box.parentElement.scrollTop = 0;
    // As many as fit above the selected song.
    box.style.setProperty("--room", `${Math.max(240, Math.round(box.parentElement.clientHeight * (state.song >= 0 ? 0.5 : 0.75)))}px`);
  }
  else $("legend").after(box);
  box.replaceChildren(make("div", { className: "row" }, title, make("span", {}, play, " ", m3u, " ", csv)), songList(Array.from(listed.subarray(0, LISTED))));
  if (listed.length > LISTED) box.append(make("p", { className: "soft", textContent: `and ${number(listed.length - LISTED)} more; the saved files hold all of them` }));
}
