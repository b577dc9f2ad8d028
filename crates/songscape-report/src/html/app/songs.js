// The songs, as columns; a song is its row everywhere. Numbers are at hand from the start, texts when the
// map is already drawn.

const $ = (id) => document.getElementById(id);

// A part of the data is in the page; that of very many songs is beside it, in a script that hands over a text:
// a page that is opened from the disk may load scripts, but no data.
function part(name) {
  const inside = $(name);
  if (inside) return inside.textContent;
  return new Promise((found) => {
    window.songscapePart = found;
    const script = make("script", { src: `data/${name}.js` });
    script.addEventListener("error", () => {
      $("status").textContent = `data/${name}.js is missing: it belongs beside this page.`;
    });
    document.head.append(script);
  });
}
const data = JSON.parse(await part("map"));
const count = data.songs;

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const letters = atob(base64), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
// Bytes of a column or text as the page carries them: base64, in large reports of what zlib deflated.
async function unpacked(text) {
  const packed = bytesOf(text);
  if (!data.deflated) return packed.buffer;
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}
const NO_YEAR = -(2 ** 31);
const [placeX, placeY, years, predicted, clusters, probability, outliers, artists, neighbors, namesakes, ...columnValues] = await Promise.all([
  [Uint16Array, data.x], [Uint16Array, data.y], [Int32Array, data.year], [Float32Array, data.predicted], [Int32Array, data.cluster],
  [Uint8Array, data.probability], [Float32Array, data.outlier], [Uint32Array, data.artists], [Uint32Array, data.neighbors], [Uint32Array, data.namesakes], ...data.columns.map((column) => [Uint32Array, column.of]),
].map(async ([Kind, text]) => new Kind(await unpacked(text))));

// Titles, artists, ids, links and other columns: null until they are read.
let texts = null;
async function readTexts() {
  const text = await part("texts");
  texts = JSON.parse(data.deflated ? new TextDecoder().decode(await unpacked(text)) : text);
}

const idOf = (row) => texts?.id[row] ?? "";
const nameOf = (row) => texts?.name[row] || idOf(row);
const artistOf = (row) => texts?.artists[artists[row]] ?? "";
const valueOf = (column, row) => texts?.columns[column][columnValues[column][row]] ?? "";
// Columns that are computed for programs are in saved tables alone.
const shownColumns = [...data.columns.keys()].filter((i) => data.columns[i].kind !== "computed");
const yearFrom = data.columns.findIndex((column) => column.name === "year_from");
const yearOf = (row) => (years[row] === NO_YEAR ? null : years[row]);
const linkOf = (paths, row) => (!texts || texts[paths].rest[row] === null ? null : texts[paths].start + texts[paths].rest[row]);
const hasAudio = (row) => texts !== null && texts.audio.rest[row] !== null;
const audioOf = (row) => linkOf("audio", row);
const imageOf = (row) => linkOf("image", row);
const wordsOf = (cluster) => data.names[cluster] ?? "";
const clusterName = (cluster) => (cluster < 0 ? "−1 (unclustered)" : [cluster, wordsOf(cluster)].filter((part) => part !== "").join(" "));
const inCluster = (cluster) => (cluster < 0 ? "unclustered (−1)" : `cluster ${clusterName(cluster)}`);
// The nearest songs, nearest first; lists that are shorter are filled with the song itself.
const nearOf = (row) => Array.from(neighbors.subarray(row * data.near, (row + 1) * data.near)).filter((other) => other !== row);

let firstYear = Infinity, lastYear = -Infinity;
for (let row = 0; row < count; row++) {
  if (years[row] === NO_YEAR) continue;
  firstYear = Math.min(firstYear, years[row]);
  lastYear = Math.max(lastYear, years[row]);
}
const hasYears = lastYear >= firstYear;

// Rows by year, songs without one last; within a year as in the catalog.
let byYear = null;
function rowsByYear() {
  if (byYear) return byYear;
  const key = (row) => (years[row] === NO_YEAR ? Infinity : years[row]);
  byYear = Uint32Array.from({ length: count }, (_, row) => row);
  const span = lastYear - firstYear + 2;
  if (hasYears && span < 100000) {
    const starts = new Uint32Array(span + 1);
    const slot = (row) => (years[row] === NO_YEAR ? span - 1 : years[row] - firstYear);
    for (let row = 0; row < count; row++) starts[slot(row) + 1]++;
    for (let i = 1; i <= span; i++) starts[i] += starts[i - 1];
    for (let row = 0; row < count; row++) byYear[starts[slot(row)]++] = row;
  } else if (hasYears) byYear.sort((a, b) => key(a) - key(b) || a - b);
  return byYear;
}

// Songs that are called the same by the same artist are told apart by their ids.
const shared = new Set(namesakes);
const isAmbiguous = (row) => shared.has(row);

function rowOf(id) {
  const row = texts && id !== null ? texts.id.indexOf(id) : -1;
  return row < 0 ? undefined : row;
}

// Letters without accents and case: what is typed finds what is meant.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let haystack = [];
function searchable(row) {
  return (haystack[row] ??= plain([texts.name[row], artistOf(row), yearOf(row) ?? "", ...shownColumns.map((i) => valueOf(i, row))].join("\n")));
}
// In idle moments what is searched is made ready.
function prepareSearch(from = 0) {
  if (from >= count) { document.body.dataset.search = "true"; return; }
  const idle = window.requestIdleCallback ?? ((go) => setTimeout(() => go({ timeRemaining: () => 8 }), 30));
  idle((time) => {
    const room = time.timeRemaining() - 2, started = performance.now();
    let row = from;
    do {
      for (const until = Math.min(row + 200, count); row < until; row++) searchable(row);
    } while (row < count && performance.now() - started < room);
    prepareSearch(row);
  });
}
// Whether a song has all words of a query; null for no query.
function matching(query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0 || !texts) return null;
  return (row) => words.every((word) => searchable(row).includes(word));
}

const number = (value) => value.toLocaleString("en");
const songs = (n) => `${number(n)} ${n === 1 ? "song" : "songs"}`;

// An element with properties and children; text is always text.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("aria-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}
