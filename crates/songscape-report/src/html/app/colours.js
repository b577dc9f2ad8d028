// What a song's colour can stand for: a category with a colour each, or a number on a scale.

const OTHER = "other";
const hex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
const blend = (a, b, t) => a.map((v, i) => Math.round(v * (1 - t) + b[i] * t));
const dark = () => document.documentElement.dataset.theme === "dark";

// On a dark page dark colours are lifted, evenly, so that they keep their order.
const lifted = (colour) => (dark() ? blend(colour, [255, 255, 255], 0.28) : colour);
const clusterColour = (cluster) =>
  cluster < 0 ? (dark() ? [150, 150, 150] : [17, 17, 17])
    : lifted(hex(data.colours.clusters[cluster % data.colours.clusters.length]));
const unknownColour = () => (dark() ? [104, 104, 104] : [168, 168, 168]);
const ghostColour = () => (dark() ? [44, 47, 53] : [230, 232, 235]);
const backColour = () => (dark() ? [20, 22, 26] : [255, 255, 255]);

function scaleColour(t) {
  const stops = data.colours.years;
  const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return lifted(blend(hex(stops[low]), hex(stops[low + 1]), at - low));
}

// A category has `entries` (key, label, count, colour) and the entry of each song; a number has
// `values` (NaN: not known), `low` and `high`.
function category(key, name, keyOf, options = {}) {
  const counts = new Map();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  const order = [...counts.keys()].sort(options.order ?? ((a, b) => counts.get(b) - counts.get(a)));
  const most = options.all ? Infinity : data.colours.clusters.length - 1;
  const shown = order.length > most + 1 ? order.slice(0, most) : order;
  const index = new Map(shown.map((k, i) => [k, i]));
  const of = new Int32Array(count);
  let rest = 0;
  for (const row of rows) {
    const i = index.get(keyOf(row));
    if (i === undefined) rest++;
    of[row] = i ?? shown.length;
  }
  const entries = shown.map((k, i) => ({
    key: String(k),
    label: (options.label ?? String)(k),
    count: counts.get(k),
    colour: options.colour ? () => options.colour(k) : k === "" ? unknownColour : () => clusterColour(i),
  }));
  if (rest > 0) {
    entries.push({ key: OTHER, label: `${number(order.length - shown.length)} others`, count: rest, colour: unknownColour });
  }
  return { key, name, entries, of };
}

function numeric(key, name, values) {
  let low = Infinity, high = -Infinity, missing = 0;
  for (const v of values) {
    if (Number.isNaN(v)) missing++;
    else { low = Math.min(low, v); high = Math.max(high, v); }
  }
  return { key, name, values, low, high, missing };
}

const numberOr = (value) => (value === null || value === "" ? NaN : Number(value));
const attributes = [];
attributes.push({ key: "cluster", name: "Cluster", build: () =>
  category("cluster", "Cluster", (row) => data.cluster[row], {
    all: true,
    order: (a, b) => (a < 0) - (b < 0) || a - b,
    label: clusterName,
    colour: clusterColour,
  }) });
if (hasYears) {
  attributes.push({ key: "year", name: "Year", build: () => numeric("year", "Year", data.year.map(numberOr)) });
}
if (data.predicted.some((v) => v !== null)) {
  attributes.push({ key: "predicted", name: "Predicted year", build: () =>
    numeric("predicted", "Predicted year", data.predicted.map((v) => (v === null ? NaN : Math.round(v)))) });
}
// Colours say something where there are two values or more.
if (data.artist.words.length > 1) {
  attributes.push({ key: "artist", name: "Artist", build: () => category("artist", "Artist", artistOf, { label: (v) => v || "(none)" }) });
}
for (const column of data.columns.filter((c) => c.values.words.length > 1)) {
  const key = `column ${column.name}`;
  const { words, of } = column.values;
  const numbers = words.length > 12 && words.every((word) => Number.isFinite(Number(word)));
  attributes.push({ key, name: column.name, build: () => numbers
    ? numeric(key, column.name, of.map((i) => numberOr(words[i])))
    : category(key, column.name, (row) => words[of[row]], { label: (v) => v || "(none)" }) });
}

const built = new Map();
function attribute(key) {
  const found = attributes.find((a) => a.key === key) ?? attributes[0];
  if (!built.has(found.key)) built.set(found.key, found.build());
  return built.get(found.key);
}

function colourOf(attr, row) {
  if (attr.entries) return attr.entries[attr.of[row]].colour();
  const value = attr.values[row];
  if (Number.isNaN(value)) return unknownColour();
  return scaleColour(attr.high > attr.low ? (value - attr.low) / (attr.high - attr.low) : 0.5);
}
