// The player: one element for the sound of all songs, so that its volume stays, and a queue that plays on.

const audio = $("audio");
// `rows` are in the order of playing, `order` as they were asked for; `at` is the one that plays.
const queue = { rows: [], order: [], at: -1, what: "" };
let loaded = -1, source = null, shuffling = false, failures = 0, advancing = false;

function shuffle(list) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

function startQueue(rows, what) {
  queue.order = rows.filter(hasAudio);
  queue.rows = shuffling ? shuffle(queue.order.slice()) : queue.order;
  queue.what = what;
  failures = 0;
  if (queue.rows.length) playAt(0, false);
}
// `on` says that the queue plays on by itself: the page does not move then.
function playAt(at, on) {
  queue.at = at;
  advancing = on;
  select(queue.rows[at], true);
  advancing = false;
}
const step = (by, on = false) => {
  const at = queue.at + by;
  if (at >= 0 && at < queue.rows.length) playAt(at, on);
};
function back() {
  if (audio.currentTime > 3 || queue.at < 1) audio.currentTime = 0;
  else step(-1);
}

// Songs like a song: its nearest, then theirs.
function alike(row, most = 30) {
  const found = new Set([row]);
  for (const near of found) {
    for (const other of nearOf(near)) if (found.size < most) found.add(other);
  }
  return [...found];
}
// The way over the map from one song to another: the songs nearest to a straight line, evenly apart.
function way(from, to, stops = 10) {
  const found = [from], used = new Set([from, to]);
  for (let i = 1; i <= stops; i++) {
    const t = i / (stops + 1);
    const x = placeX[from] * (1 - t) + placeX[to] * t, y = placeY[from] * (1 - t) + placeY[to] * t;
    let best = -1, least = Infinity;
    for (let row = 0; row < count; row++) {
      const d = (placeX[row] - x) ** 2 + (placeY[row] - y) ** 2;
      if (d < least && shown[row] && hasAudio(row) && !used.has(row)) { best = row; least = d; }
    }
    if (best < 0) break;
    used.add(best);
    found.push(best);
  }
  return [...found, to];
}

// Makes a song the one that the player holds.
function load(row, play) {
  const link = row < 0 ? null : audioOf(row);
  const place = queue.rows.indexOf(row);
  if (place >= 0) queue.at = place;
  if (!advancing) $("trouble").hidden = true;
  // The links of a large report come after its map.
  if (row !== loaded || link !== source) {
    [loaded, source] = [row, link];
    audio.pause();
    if (link === null) {
      audio.removeAttribute("src");
      audio.load();
    } else {
      audio.src = link;
      audio.setAttribute("aria-label", `Play ${nameOf(row)}`);
      if ("mediaSession" in navigator) {
        navigator.mediaSession.metadata = new MediaMetadata({ title: nameOf(row), artist: artistOf(row), album: data.title });
      }
    }
  }
  if (row < 0) Object.assign(queue, { rows: [], order: [], at: -1, what: "" });
  $("player").hidden = link === null && queue.rows.length === 0;
  drawQueue();
  if (play && link !== null) {
    audio.play().catch((refused) => {
      if (refused.name === "NotAllowedError") trouble("This browser plays nothing before you press play.", null);
    });
  }
}

function drawQueue() {
  const { rows, at, what } = queue;
  $("queue").hidden = rows.length === 0;
  $("previous").disabled = at < 0;
  $("next").disabled = at + 1 >= rows.length;
  $("shuffle").setAttribute("aria-pressed", shuffling);
  $("place").textContent = rows.length ? `${number(at + 1)} of ${number(rows.length)} ${what}` : "";
}

// What went wrong, with a link to the file; the player stays.
function trouble(text, link) {
  $("trouble").replaceChildren(text);
  if (link !== null) $("trouble").append(" ", make("a", { href: link, textContent: decoded(link) }));
  $("trouble").hidden = false;
}
// Browsers have one code for a file that is not there and one they cannot play; their messages differ.
function reason({ code, message }) {
  if (/AUDIO_RENDERER|cubeb|audio ?(device|sink|output)/i.test(message)) return "no device to play sound can be opened";
  if (code === MediaError.MEDIA_ERR_NETWORK) return "the connection broke off";
  if (/^MEDIA_ELEMENT_ERROR: Format error|404|not.?found|failed to open/i.test(message)) return "the file is not there";
  return "this browser cannot play the format";
}
audio.addEventListener("error", () => {
  if (!audio.error || loaded < 0) return;
  const passed = queue.rows[queue.at] === loaded && queue.at + 1 < queue.rows.length && ++failures < 20;
  trouble(`${passed ? "Passed over" : "Not played"}: ${nameOf(loaded)}: ${reason(audio.error)}.`, audioOf(loaded));
  if (passed) step(1, true);
});
audio.addEventListener("playing", () => { failures = 0; });
audio.addEventListener("ended", () => { if (queue.rows.length) step(1, true); });
$("previous").addEventListener("click", back);
$("next").addEventListener("click", () => step(1));
$("shuffle").addEventListener("click", () => {
  shuffling = !shuffling;
  const row = queue.rows[queue.at];
  queue.rows = shuffling ? [row, ...shuffle(queue.order.filter((other) => other !== row))] : queue.order;
  queue.at = queue.rows.indexOf(row);
  drawQueue();
});

// The volume is that of the last visit, where the browser keeps it for pages from the disk.
const VOLUME = "songscape-volume";
try {
  const volume = parseFloat(localStorage.getItem(VOLUME));
  if (volume >= 0 && volume <= 1) audio.volume = volume;
  audio.addEventListener("volumechange", () => localStorage.setItem(VOLUME, audio.volume));
} catch { /* not kept */ }

const pauseOrPlay = () => (audio.paused ? audio.play().catch(() => {}) : audio.pause());
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !audio.src || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, select, textarea, audio, button, a, summary")) return;
  event.preventDefault();
  pauseOrPlay();
});
if ("mediaSession" in navigator) {
  const actions = { play: () => audio.play(), pause: () => audio.pause(), previoustrack: back, nexttrack: () => step(1) };
  for (const [action, run] of Object.entries(actions)) {
    try { navigator.mediaSession.setActionHandler(action, run); } catch { /* not known here */ }
  }
}
