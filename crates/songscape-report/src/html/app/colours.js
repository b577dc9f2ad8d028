// What a song's colour can stand for: a category with a colour each, or a number on a scale.

const OTHER = "other";
const hex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
const blend = (a, b, t) => a.map((v, i) => Math.round(v * (1 - t) + b[i] * t));
const dark = () => document.documentElement.dataset.theme === "dark";

// On a dark page dark colours are lifted, evenly, so that they keep their order.
const lifted = (colour) => (dark() ? blend(colour, [255, 255, 255], data.colours.lift) : colour);
const clusterColour = (cluster) =>
  cluster < 0 ? (dark() ? [150, 150, 150] : [17, 17, 17])
    : lifted(hex(data.colours.of[cluster]));
const categoryColour = (i) => lifted(hex(data.colours.clusters[i % data.colours.clusters.length]));
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
// `values` (NaN: not known), `low` and `high`. `codes` are the categories by number, -1 is a code too.
function category(key, name, codes, options = {}) {
  const counts = new Map();
  for (let row = 0; row < count; row++) counts.set(codes[row], (counts.get(codes[row]) ?? 0) + 1);
  const order = [...counts.keys()].sort(options.order ?? ((a, b) => counts.get(b) - counts.get(a)));
  const most = options.all ? Infinity : data.colours.clusters.length - 1;
  const shown = order.length > most + 1 ? order.slice(0, most) : order;
  const index = new Map(shown.map((code, i) => [code, i]));
  const of = new Int32Array(count);
  let rest = 0;
  for (let row = 0; row < count; row++) {
    const i = index.get(codes[row]);
    if (i === undefined) rest++;
    of[row] = i ?? shown.length;
  }
  const label = options.label ?? String;
  const entries = shown.map((code, i) => ({
    key: label(code),
    label: label(code) || "(none)",
    count: counts.get(code),
    colour: options.colour ? () => options.colour(code) : label(code) === "" ? unknownColour : () => categoryColour(i),
  }));
  if (options.key) entries.forEach((entry, i) => { entry.key = String(shown[i]); });
  if (rest > 0) {
    entries.push({ key: OTHER, label: `${number(order.length - shown.length)} others`, count: rest, colour: unknownColour });
  }
  return { key, name, entries, of };
}

function numeric(key, name, values) {
  let low = Infinity, high = -Infinity, missing = 0;
  for (let row = 0; row < count; row++) {
    const v = values[row];
    if (Number.isNaN(v)) missing++;
    else { low = Math.min(low, v); high = Math.max(high, v); }
  }
  return { key, name, values, low, high, missing };
}

// `texts` says whether an attribute needs them.
const attributes = [{ key: "cluster", name: "Cluster", build: () =>
  category("cluster", "Cluster", clusters, {
    all: true,
    key: true,
    order: (a, b) => (a < 0) - (b < 0) || a - b,
    label: clusterName,
    colour: clusterColour,
  }) }];
if (hasYears) {
  attributes.push({ key: "year", name: "Year", build: () => numeric("year", "Year", Float64Array.from(years, (v) => (v === NO_YEAR ? NaN : v))) });
}
if (predicted.some((v) => !Number.isNaN(v))) {
  attributes.push({ key: "predicted", name: "Predicted year", build: () => numeric("predicted", "Predicted year", predicted.map(Math.round)) });
}
if (data.artistsKnown) {
  attributes.push({ key: "artist", name: "Artist", texts: true, build: () => category("artist", "Artist", artists, { label: (code) => texts.artists[code] }) });
}
data.columns.forEach((column, i) => {
  const key = `column ${column.name}`;
  if (column.kind === "number") {
    attributes.push({ key, name: column.name, texts: true, build: () => {
      const numbers = texts.columns[i].map((word) => (word === "" ? NaN : Number(word)));
      return numeric(key, column.name, Float64Array.from(columnValues[i], (code) => numbers[code]));
    } });
  } else if (column.kind === "category") {
    attributes.push({ key, name: column.name, texts: true, build: () => category(key, column.name, columnValues[i], { label: (code) => texts.columns[i][code] }) });
  }
});

const built = new Map();
function attribute(key) {
  let found = attributes.find((a) => a.key === key) ?? attributes[0];
  if (found.texts && !texts) found = attributes[0];
  if (!built.has(found.key)) built.set(found.key, found.build());
  return built.get(found.key);
}

// The colour of each song, asked for once for all songs: by entry, or by 256 steps of the scale.
function painter(attr) {
  if (attr.entries) {
    const colours = attr.entries.map((entry) => entry.colour());
    return (row) => colours[attr.of[row]];
  }
  const steps = Array.from({ length: 256 }, (_, i) => scaleColour(i / 255));
  const unknown = unknownColour();
  const scale = attr.high > attr.low ? 255 / (attr.high - attr.low) : 0;
  return (row) => {
    const value = attr.values[row];
    return Number.isNaN(value) ? unknown : steps[scale > 0 ? Math.round((value - attr.low) * scale) : 127];
  };
}
