// The songs, as columns; a song is its row everywhere.

const data = JSON.parse(document.getElementById("data").textContent);
const count = data.id.length;
const rows = Array.from({ length: count }, (_, row) => row);

const placeX = Float64Array.from(data.x);
const placeY = Float64Array.from(data.y);

const artistOf = (row) => data.artist.words[data.artist.of[row]];
const yearOf = (row) => data.year[row];
const clusterName = (cluster) => (cluster < 0 ? "−1 (none)" : String(cluster));
const inCluster = (cluster) => (cluster < 0 ? "in no cluster (−1)" : `cluster ${cluster}`);
const linkOf = (paths, row) => (paths.rest[row] === null ? null : paths.start + paths.rest[row]);

const known = data.year.filter((year) => year !== null);
const firstYear = known.reduce((a, b) => Math.min(a, b), Infinity);
const lastYear = known.reduce((a, b) => Math.max(a, b), -Infinity);
const hasYears = known.length > 0;

const rowOfId = new Map(data.id.map((id, row) => [id, row]));

// Letters without accents and case: what is typed finds what is meant.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let haystack = null;
function matching(query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  haystack ??= rows.map((row) =>
    plain([data.name[row], artistOf(row), data.year[row] ?? "", ...data.columns.map((c) => c.values.words[c.values.of[row]])].join("\n")));
  return (row) => words.every((word) => haystack[row].includes(word));
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
const $ = (id) => document.getElementById(id);
