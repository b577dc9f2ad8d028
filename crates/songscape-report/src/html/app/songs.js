// The songs, as columns; a song is its row everywhere. Numbers are at hand from the start, texts when the
// map is already drawn.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const count = data.songs;

// Bytes of a column or text as the page carries them: base64, in large reports of what zlib deflated.
async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  if (!data.deflated) return packed.buffer;
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}
const NO_YEAR = -(2 ** 31);
const [placeX, placeY, years, predicted, clusters, probability, outliers, artists, neighbors, ...columnValues] = await Promise.all([
  [Uint16Array, data.x], [Uint16Array, data.y], [Int32Array, data.year], [Float32Array, data.predicted], [Int32Array, data.cluster],
  [Uint8Array, data.probability], [Float32Array, data.outlier], [Uint32Array, data.artists], [Uint32Array, data.neighbors], ...data.columns.map((column) => [Uint32Array, column.of]),
].map(async ([Kind, text]) => new Kind(await unpacked(text))));

// Titles, artists, ids, links and other columns: null until they are read.
let texts = null;
async function readTexts() {
  const text = $("texts").textContent;
  texts = JSON.parse(data.deflated ? new TextDecoder().decode(await unpacked(text)) : text);
}

const idOf = (row) => texts?.id[row] ?? "";
const nameOf = (row) => texts?.name[row] || idOf(row);
const artistOf = (row) => texts?.artists[artists[row]] ?? "";
const valueOf = (column, row) => texts?.columns[column][columnValues[column][row]] ?? "";
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
let called = null;
function isAmbiguous(row) {
  if (!texts) return false;
  const name = (other) => `${texts.name[other]}\n${artists[other]}`;
  if (!called) {
    called = new Map();
    for (let other = 0; other < count; other++) called.set(name(other), (called.get(name(other)) ?? 0) + 1);
  }
  return called.get(name(row)) > 1;
}

let rowById = null;
function rowOf(id) {
  if (!texts) return undefined;
  rowById ??= new Map(texts.id.map((known, row) => [known, row]));
  return rowById.get(id);
}

// Letters without accents and case: what is typed finds what is meant.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let haystack = [];
function searchable(row) {
  return (haystack[row] ??= plain([texts.name[row], artistOf(row), yearOf(row) ?? "", ...data.columns.map((_, i) => valueOf(i, row))].join("\n")));
}
// In idle moments what is searched is made ready, some thousand songs at a time.
function prepareSearch(from = 0) {
  if (from >= count) return;
  const idle = window.requestIdleCallback ?? ((go) => setTimeout(go, 30));
  idle(() => {
    const until = Math.min(from + 5000, count);
    for (let row = from; row < until; row++) searchable(row);
    prepareSearch(until);
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
