// Beside the map: the selected song, and the list.

const LISTED = 200;
let audio = null;

function songButton(row) {
  const dot = make("i");
  dot.style.background = css(colourOf(attribute(state.colour), row));
  const what = make("span", { className: "what", textContent: data.name[row] || data.id[row] });
  if (artistOf(row)) what.append(make("span", { textContent: ` · ${artistOf(row)}` }));
  const button = make("button", { type: "button", title: data.id[row] }, dot, what, make("span", { className: "when", textContent: yearOf(row) ?? "" }));
  button.addEventListener("click", () => select(row, true));
  button.addEventListener("mouseenter", () => { hovered = row; paintMarks(); });
  button.addEventListener("mouseleave", () => { hovered = -1; paintMarks(); });
  return make("li", {}, button);
}
const songList = (list) => make("ol", { className: "songs" }, ...list.map(songButton));

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
  const time = make("div", { className: "row soft seconds" });
  const range = data.frequencies ? `${Math.round(data.frequencies[0])} Hz to ${number(Math.round(data.frequencies[1]))} Hz, upwards` : "frequency upwards";
  const size = make("button", { type: "button", className: "small", textContent: "Full length", "aria-pressed": false });
  const follow = () => {
    const share = player && player.duration ? player.currentTime / player.duration : 0;
    // The mark is two pixels wide and must not make the picture wider.
    head.style.left = `${share * Math.max(picture.clientWidth - 2, 0)}px`;
    head.hidden = !player || !share;
    if (!box.classList.contains("whole") && player && !player.paused) box.scrollLeft = share * picture.clientWidth - box.clientWidth / 2;
  };
  // The times at the ends and between them, of the part that is seen.
  const times = () => {
    if (!data.rate || !picture.naturalWidth || !picture.clientWidth) return;
    const second = picture.naturalWidth / data.rate / picture.clientWidth;
    time.replaceChildren(...[0, 1, 2, 3, 4].map((i) =>
      make("span", { textContent: clock((box.scrollLeft + (box.clientWidth * i) / 4) * second) })));
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
    player.addEventListener("timeupdate", follow);
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

function drawSong(play) {
  const box = $("song"), row = state.song;
  audio?.pause();
  audio = null;
  if (row < 0) {
    box.replaceChildren(make("p", { className: "soft", textContent: count ? "Click a song on the map, or search, to hear it." : "There are no songs." }));
    return;
  }
  const cluster = data.cluster[row];
  const facts = [yearOf(row) === null ? "year not known" : `released ${yearOf(row)}`];
  if (data.predicted[row] !== null) facts.push(`sounds like ${Math.round(data.predicted[row])}`);
  facts.push(inCluster(cluster) + (cluster < 0 ? "" : ` (${Math.round(data.probability[row] * 100)}%)`));
  box.replaceChildren(make("h2", { textContent: data.name[row] || data.id[row] }), make("p", { textContent: artistOf(row) }), make("p", { className: "soft", textContent: facts.join(" · ") }));
  for (const column of data.columns) {
    const value = column.values.words[column.values.of[row]];
    if (value) box.append(make("p", { className: "soft", textContent: `${column.name}: ${value}` }));
  }
  const source = linkOf(data.audio, row), picture = linkOf(data.image, row);
  if (source) {
    audio = make("audio", { controls: true, preload: "none", src: source, "aria-label": `Play ${data.name[row]}` });
    const player = audio;
    player.addEventListener("error", () => player.replaceWith(make("p", { className: "soft", textContent: `This browser cannot play ${decoded(source)}.` })));
    box.append(player);
    if (play) player.play().catch(() => { /* the reader can press play */ });
  } else {
    box.append(make("p", { className: "soft", textContent: "There is no link to its audio file." }));
  }
  if (picture) box.append(spectrogram(picture, audio));
  const near = (data.neighbours[row] ?? []).filter((other) => other !== row);
  if (near.length) box.append(make("h3", { textContent: "Nearest songs" }), songList(near));
  const standing = data.representatives[cluster] ?? [];
  if (standing.length && cluster >= 0) box.append(make("h3", { textContent: `Songs that stand for cluster ${cluster}` }), songList(standing));
}
const decoded = (link) => { try { return decodeURIComponent(link); } catch { return link; } };

function drawList() {
  const box = $("list");
  const what = state.lasso ? "in the lasso" : state.query ? "found" : filtered() ? "shown" : "in all";
  const title = make("h2", { textContent: `${songs(listed.length)} ${what}` });
  const m3u = make("button", { type: "button", className: "small", textContent: "M3U", "aria-label": "Save as M3U", title: "Save these songs as a playlist" });
  const playable = listed.filter((row) => data.audio.rest[row] !== null);
  m3u.disabled = playable.length === 0;
  m3u.addEventListener("click", () => save("songs.m3u8", "audio/x-mpegurl",
    m3uText(playable.map((row) => ({ artist: artistOf(row), title: data.name[row], link: linkOf(data.audio, row) })), location.href)));
  const csv = make("button", { type: "button", className: "small", textContent: "CSV", "aria-label": "Save as CSV", title: "Save these songs as a table" });
  csv.disabled = listed.length === 0;
  csv.addEventListener("click", () => save("songs.csv", "text/csv", csvText(
    ["id", "title", "artist", "year", "predicted", "cluster", "audio", ...data.columns.map((c) => c.name)],
    listed.map((row) => [data.id[row], data.name[row], artistOf(row), yearOf(row), data.predicted[row], data.cluster[row], decoded(linkOf(data.audio, row) ?? ""), ...data.columns.map((c) => c.values.words[c.values.of[row]])]))));
  // What was asked for comes first; a list of everything can wait.
  const asked = state.lasso !== null || state.query !== "";
  box.classList.toggle("asked", asked);
  if (asked) {
    $("song").before(box);
    box.parentElement.scrollTop = 0;
  }
  else $("legend").after(box);
  box.replaceChildren(make("div", { className: "row" }, title, make("span", {}, m3u, " ", csv)), songList(listed.slice(0, LISTED)));
  if (listed.length > LISTED) box.append(make("p", { className: "soft", textContent: `and ${number(listed.length - LISTED)} more; the saved files hold all of them` }));
}
