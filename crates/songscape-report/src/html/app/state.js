// What the reader has chosen: all of it is in the page's address, so that a link shows the same.

const TABS = ["map", "results", "story"];
const state = {
  tab: "map",
  theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  colour: "cluster",
  off: new Set(),
  from: firstYear,
  to: lastYear,
  query: "",
  song: -1,
  wanted: "",
  view: null,
  lasso: null,
};

// 1: shown, 0: filtered out. `listed` are the shown rows in the order of the list.
const shown = new Uint8Array(count);
let listed = new Uint32Array(0);

const allYears = () => !hasYears || (state.from <= firstYear && state.to >= lastYear);
const filtered = () => state.off.size > 0 || !allYears() || state.query !== "" || state.lasso !== null;

function inside(polygon, x, y) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i], [bx, by] = polygon[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

function applyFilters() {
  const attr = attribute(state.colour);
  const off = attr.entries ? attr.entries.map((entry) => state.off.has(entry.key)) : null;
  const found = matching(state.query);
  const every = allYears();
  const order = rowsByYear(), kept = new Uint32Array(count);
  let n = 0;
  for (let i = 0; i < count; i++) {
    const row = order[i], year = years[row];
    const on = !(off && off[attr.of[row]]) && (every || (year !== NO_YEAR && year >= state.from && year <= state.to)) && (!found || found(row));
    shown[row] = on && (!state.lasso || inside(state.lasso, placeX[row], placeY[row])) ? 1 : 0;
    if (shown[row]) kept[n++] = row;
  }
  listed = kept.subarray(0, n);
}

function address() {
  const parts = new URLSearchParams();
  if (state.tab !== "map") parts.set("tab", state.tab);
  parts.set("theme", state.theme);
  if (state.colour !== "cluster") parts.set("colour", state.colour);
  if (state.off.size) parts.set("off", [...state.off].map(encodeURIComponent).join(","));
  if (!allYears()) parts.set("years", `${state.from}..${state.to}`);
  if (state.query) parts.set("find", state.query);
  if (state.wanted) parts.set("song", state.wanted);
  else if (state.song >= 0) parts.set("song", idOf(state.song));
  if (state.view) parts.set("view", [Math.round(state.view.x), Math.round(state.view.y), state.view.k.toPrecision(4)].join(","));
  if (wantedDrawer) parts.set("draw", wantedDrawer);
  if (state.lasso) parts.set("lasso", state.lasso.flat().map(Math.round).join(","));
  return `#${parts}`;
}
// With `step` the browser's Back button returns to what was before.
function writeAddress(step = false) {
  try {
    if (step) history.pushState(null, "", address());
    else history.replaceState(null, "", address());
  } catch {
    // Some browsers refuse this for files, or when it comes too often: the page works without.
  }
}
let addressTimer = 0;
function rememberSoon() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => writeAddress(), 250);
}

// Reads the address; what does not fit this report is ignored.
function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const numbers = (name) => (parts.get(name) ?? "").split(",").map(Number);
  state.tab = TABS.includes(parts.get("tab")) ? parts.get("tab") : "map";
  if (["light", "dark"].includes(parts.get("theme"))) state.theme = parts.get("theme");
  state.colour = attributes.some((a) => a.key === parts.get("colour")) ? parts.get("colour") : "cluster";
  state.off = new Set();
  if (parts.get("off")) {
    for (const key of parts.get("off").split(",")) {
      try { state.off.add(decodeURIComponent(key)); } catch { /* not ours */ }
    }
  }
  const years = /^(-?\d+)\.\.(-?\d+)$/.exec(parts.get("years") ?? "");
  state.from = years ? Math.min(Math.max(Number(years[1]), firstYear), lastYear) : firstYear;
  state.to = years ? Math.min(Math.max(Number(years[2]), state.from), lastYear) : lastYear;
  state.query = parts.get("find") ?? "";
  state.song = rowOf(parts.get("song")) ?? -1;
  // Until the texts are there, no id is known.
  state.wanted = texts ? "" : parts.get("song") ?? "";
  const view = numbers("view");
  state.view = view.length === 3 && view.every(Number.isFinite) && view[2] > 0 ? { x: view[0], y: view[1], k: view[2] } : null;
  const lasso = numbers("lasso");
  state.lasso = null;
  if (lasso.length >= 6 && lasso.length % 2 === 0 && lasso.every(Number.isFinite)) {
    state.lasso = Array.from({ length: lasso.length / 2 }, (_, i) => [lasso[2 * i], lasso[2 * i + 1]]);
  }
}
