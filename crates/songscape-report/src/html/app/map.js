// The map: where songs are on the screen, and the pointer and keys that move it.

const stage = $("stage"), marks = $("marks"), tip = $("tip");
const pen = marks.getContext("2d");
const raster = new Raster($("points"));
let width = 1, height = 1, density = 1;
let colours = new Uint32Array(count);
// An order that has nothing to do with the catalog's: no group covers the others.
const order = rows.slice().sort((a, b) => (Math.imul(a + 1, 0x9e3779b1) >>> 0) - (Math.imul(b + 1, 0x9e3779b1) >>> 0));
let beneath = [], above = [];
const shownClusters = new Set();
let hovered = -1, lassoing = false, draft = null;

const extentX = placeX.reduce((a, b) => Math.max(a, b), 0);
const extentY = placeY.reduce((a, b) => Math.max(a, b), 0);
function wholeMap() {
  const k = Math.min(width / ((extentX || 1) * 1.08), height / ((extentY || 1) * 1.08));
  return { x: extentX / 2, y: extentY / 2, k: Number.isFinite(k) && k > 0 ? k : 1 };
}
let whole = { x: 0, y: 0, k: 1 };
const view = () => state.view ?? whole;
const screenX = (x) => (x - view().x) * view().k + width / 2;
const screenY = (y) => height / 2 - (y - view().y) * view().k;
const dataX = (x) => (x - width / 2) / view().k + view().x;
const dataY = (y) => (height / 2 - y) / view().k + view().y;

// Points grow a little as one comes nearer.
function pointRadius() {
  const base = Math.min(Math.max(130 / Math.sqrt(count || 1), 1.5), 5.5) * Math.min(Math.max(Math.min(width, height) / 600, 0.6), 1);
  return Math.min(base * Math.pow(view().k / whole.k, 0.4), 11);
}

// After a change of colours or filters: what is drawn, and over what.
function arrange() {
  const attr = attribute(state.colour);
  for (const row of rows) colours[row] = Raster.packed(colourOf(attr, row));
  beneath = [];
  above = [];
  const last = attr.key === "cluster" ? (row) => data.cluster[row] >= 0 : attr.values ? (row) => !Number.isNaN(attr.values[row]) : () => true;
  shownClusters.clear();
  for (const row of order) {
    if (!shown[row]) continue;
    shownClusters.add(data.cluster[row]);
    (last(row) ? above : beneath).push(row);
  }
  redraw();
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    paint();
  });
}

function paint() {
  const started = performance.now();
  const { x, y, k } = view();
  const scale = k * density, left = (width / 2 - x * k) * density, top = (height / 2 + y * k) * density;
  raster.clear(backColour());
  raster.setRadius(Math.max(0.6, Math.round(pointRadius() * density * 4) / 4));
  let drawn = 0;
  const ghost = Raster.packed(ghostColour());
  if (listed.length < count) for (const row of order) if (!shown[row]) raster.disc(left + placeX[row] * scale, top - placeY[row] * scale, ghost);
  for (const row of beneath) drawn += raster.disc(left + placeX[row] * scale, top - placeY[row] * scale, colours[row]);
  for (const row of above) drawn += raster.disc(left + placeX[row] * scale, top - placeY[row] * scale, colours[row]);
  raster.show();
  paintMarks();
  document.body.dataset.drawn = drawn;
  document.body.dataset.milliseconds = (performance.now() - started).toFixed(1);
}

// The members' median place: the cluster's number stands there.
let centres = null;
function clusterCentres() {
  if (centres) return centres;
  const members = new Map();
  for (const row of rows) {
    const cluster = data.cluster[row];
    if (cluster < 0) continue;
    if (!members.has(cluster)) members.set(cluster, []);
    members.get(cluster).push(row);
  }
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
  centres = [...members].map(([cluster, list]) => {
    const mx = median(list.map((row) => placeX[row])), my = median(list.map((row) => placeY[row]));
    let best = list[0], least = Infinity;
    for (const row of list) {
      const far = Math.hypot(placeX[row] - mx, placeY[row] - my);
      if (far < least) { least = far; best = row; }
    }
    return { cluster, size: list.length, x: placeX[best], y: placeY[best] };
  }).sort((a, b) => b.size - a.size);
  return centres;
}

function ring(row, radius, colour, line) {
  pen.beginPath();
  pen.arc(screenX(placeX[row]), screenY(placeY[row]), radius, 0, 7);
  pen.strokeStyle = colour;
  pen.lineWidth = line;
  pen.stroke();
}

function paintMarks() {
  const ink = dark() ? "#f2f3f5" : "#15181c", back = dark() ? "#14161a" : "#ffffff";
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  const r = pointRadius();
  if (state.colour === "cluster") {
    pen.font = "600 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const taken = [];
    for (const { cluster, x, y } of clusterCentres()) {
      const sx = screenX(x), sy = screenY(y);
      if (!shownClusters.has(cluster) || taken.some(([a, b]) => Math.hypot(a - sx, b - sy) < 22)) continue;
      taken.push([sx, sy]);
      pen.beginPath();
      pen.arc(sx, sy, 6 + 3.6 * String(cluster).length, 0, 7);
      pen.fillStyle = back;
      pen.globalAlpha = 0.88;
      pen.fill();
      pen.globalAlpha = 1;
      pen.strokeStyle = css(clusterColour(cluster));
      pen.lineWidth = 2;
      pen.stroke();
      pen.fillStyle = ink;
      pen.fillText(cluster, sx, sy + 0.5);
    }
  }
  if (state.song >= 0) {
    const near = data.neighbours[state.song] ?? [];
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.45;
    pen.lineWidth = 1;
    for (const row of near) {
      pen.beginPath();
      pen.moveTo(screenX(placeX[state.song]), screenY(placeY[state.song]));
      pen.lineTo(screenX(placeX[row]), screenY(placeY[row]));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const row of near) ring(row, r + 2, ink, 1);
    ring(state.song, r + 4, back, 5);
    ring(state.song, r + 4, ink, 2.5);
  }
  if (hovered >= 0) ring(hovered, r + 2.5, ink, 2);
  const outline = draft ?? state.lasso;
  if (outline && outline.length > 1) {
    pen.beginPath();
    outline.forEach(([x, y], i) => (i ? pen.lineTo(screenX(x), screenY(y)) : pen.moveTo(screenX(x), screenY(y))));
    pen.closePath();
    pen.fillStyle = dark() ? "rgba(108, 184, 255, 0.10)" : "rgba(0, 100, 168, 0.07)";
    pen.fill();
    pen.setLineDash([6, 4]);
    pen.strokeStyle = dark() ? "#6cb8ff" : "#0064a8";
    pen.lineWidth = 1.5;
    pen.stroke();
    pen.setLineDash([]);
  }
}

// Songs by squares of the map: finding the one under the pointer looks at few of them.
const SQUARES = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(count / 3))));
const squareSize = Math.max(extentX, extentY, 1) / SQUARES;
const square = (value) => Math.min(Math.max(Math.floor(value / squareSize), 0), SQUARES - 1);
const squares = new Map();
for (const row of rows) {
  const key = square(placeY[row]) * SQUARES + square(placeX[row]);
  if (!squares.has(key)) squares.set(key, []);
  squares.get(key).push(row);
}
function nearest(sx, sy, reach) {
  const x = dataX(sx), y = dataY(sy), far = reach / view().k;
  let best = -1, least = far;
  for (let j = square(y - far); j <= square(y + far); j++) {
    for (let i = square(x - far); i <= square(x + far); i++) {
      for (const row of squares.get(j * SQUARES + i) ?? []) {
        const d = Math.hypot(placeX[row] - x, placeY[row] - y);
        if (shown[row] && d <= least) { least = d; best = row; }
      }
    }
  }
  return best;
}

// The middle of the screen stays on the map: nobody gets lost.
function look(x, y, k) {
  state.view = { x: Math.min(Math.max(x, 0), extentX), y: Math.min(Math.max(y, 0), extentY), k };
}

function zoom(factor, sx = width / 2, sy = height / 2) {
  const x = dataX(sx), y = dataY(sy);
  const k = Math.min(Math.max(view().k * factor, whole.k * 0.4), whole.k * 400);
  look(x - (sx - width / 2) / k, y + (sy - height / 2) / k, k);
  redraw();
  rememberSoon();
}

function move(dx, dy) {
  const { x, y, k } = view();
  look(x - dx / k, y + dy / k, k);
  redraw();
  rememberSoon();
}

function comeTo(row) {
  const sx = screenX(placeX[row]), sy = screenY(placeY[row]);
  if (sx < 20 || sy < 20 || sx > width - 20 || sy > height - 20) move(width / 2 - sx, height / 2 - sy);
}

function hover(row, sx, sy) {
  marks.classList.toggle("over", row >= 0);
  if (row !== hovered) {
    hovered = row;
    tip.hidden = row < 0;
    if (row >= 0) {
      tip.replaceChildren(make("b", { textContent: data.name[row] || data.id[row] }),
        [artistOf(row), yearOf(row) ?? "year not known", inCluster(data.cluster[row])].filter((part) => part !== "").join(" · "));
    }
    paintMarks();
  }
  if (row >= 0) {
    tip.style.left = `${Math.max(4, Math.min(sx + 14, width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${sy + 18 + tip.offsetHeight > height ? Math.max(4, sy - tip.offsetHeight - 12) : sy + 18}px`;
  }
}

function resize() {
  const box = stage.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return;
  density = Math.min(window.devicePixelRatio || 1, 2);
  width = box.width;
  height = box.height;
  raster.resize(Math.round(width * density), Math.round(height * density));
  marks.width = raster.width;
  marks.height = raster.height;
  whole = wholeMap();
  paint();
}

function setLassoing(on) {
  lassoing = on;
  $("lasso").setAttribute("aria-pressed", on);
  marks.classList.toggle("lasso", on);
}

// One finger or button moves or draws, two zoom.
const pointers = new Map();
let travelled = 0;
marks.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  marks.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
  travelled = 0;
  draft = lassoing && pointers.size === 1 ? [[dataX(event.offsetX), dataY(event.offsetY)]] : null;
});
marks.addEventListener("pointermove", (event) => {
  const at = [event.offsetX, event.offsetY];
  const before = pointers.get(event.pointerId);
  if (!before) {
    if (event.pointerType !== "touch") hover(nearest(...at, 12), ...at);
    return;
  }
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const spread = (p) => Math.max(10, Math.hypot(p[0] - other[0], p[1] - other[1]));
    const middle = (p) => [(p[0] + other[0]) / 2, (p[1] + other[1]) / 2];
    move(middle(at)[0] - middle(before)[0], middle(at)[1] - middle(before)[1]);
    zoom(spread(at) / spread(before), ...middle(at));
    travelled += 10;
  } else {
    travelled += Math.hypot(at[0] - before[0], at[1] - before[1]);
    if (draft) {
      const [lx, ly] = draft[draft.length - 1];
      if (Math.hypot(screenX(lx) - at[0], screenY(ly) - at[1]) > 5) draft.push([dataX(at[0]), dataY(at[1])]);
      paintMarks();
    } else if (travelled > 4) {
      hover(-1);
      move(at[0] - before[0], at[1] - before[1]);
    }
  }
  pointers.set(event.pointerId, at);
});
function released(event) {
  if (!pointers.delete(event.pointerId)) return;
  if (draft) {
    const outline = draft;
    draft = null;
    if (outline.length > 2 && event.type === "pointerup") {
      state.lasso = outline;
      setLassoing(false);
      refresh();
      return;
    }
    paintMarks();
  }
  if (event.type === "pointerup" && travelled <= 4 && pointers.size === 0) {
    const row = nearest(event.offsetX, event.offsetY, event.pointerType === "touch" ? 22 : 12);
    if (row >= 0) select(row, true);
  }
}
marks.addEventListener("pointerup", released);
marks.addEventListener("pointercancel", released);
marks.addEventListener("pointerleave", () => hover(-1));
marks.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 33 : 1;
  zoom(Math.exp(-Math.max(-300, Math.min(300, event.deltaY * lines)) / 400), event.offsetX, event.offsetY);
}, { passive: false });
marks.addEventListener("dblclick", (event) => zoom(2, event.offsetX, event.offsetY));

marks.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = event.shiftKey ? 200 : 60;
  const keys = {
    ArrowLeft: () => move(step, 0),
    ArrowRight: () => move(-step, 0),
    ArrowUp: () => move(0, step),
    ArrowDown: () => move(0, -step),
    "+": () => zoom(1.4),
    "=": () => zoom(1.4),
    "-": () => zoom(1 / 1.4),
    0: showWhole,
    Enter: () => {
      const row = nearest(width / 2, height / 2, Math.hypot(width, height));
      if (row >= 0) select(row, true);
    },
    n: walk,
  };
  const action = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (!action) return;
  event.preventDefault();
  action();
});

function showWhole() {
  state.view = null;
  redraw();
  rememberSoon();
}
