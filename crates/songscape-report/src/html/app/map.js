// The map: where songs are on the screen, and the pointer and keys that move it.

const stage = $("stage"), marks = $("marks"), tip = $("tip");
const pen = marks.getContext("2d");
let width = 1, height = 1, density = 1;
let drawer = openDrawer($("points"));
let paintOf = () => unknownColour();
// An order that has nothing to do with the catalog's: no group covers the others. Steps of the golden section
// go once around all songs.
const gcd = (a, b) => (b ? gcd(b, a % b) : a);
let stride = Math.max(1, Math.round(count * 0.6180339887));
while (gcd(stride, count || 1) !== 1) stride++;
const order = new Uint32Array(count);
for (let i = 0, row = 0; i < count; i++, row = (row + stride) % count) order[i] = row;
// More songs than this are small squares until one is near: the map is too full for discs. Their side in pixels of
// the screen, or 0 for discs.
const DOTS = 60000;
function dotSide() {
  const zoomed = view().k / whole.k;
  if (count <= DOTS || zoomed > 8 * Math.max(1, Math.sqrt(count / 200000))) return 0;
  return Math.round(density * Math.min(Math.max(1 + Math.log2(zoomed) / 2, 1), 3));
}
const shownClusters = new Set();
let hovered = -1, lassoing = false, draft = null;

const largest = (values) => { let most = 0; for (const v of values) if (v > most) most = v; return most; };
const extentX = largest(placeX), extentY = largest(placeY);
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

// The colour of each song as a number, made anew when colours mean something else.
const colours = new Uint32Array(count);
let coloured = "";
// After a change of colours or filters: what is drawn, and over what. Songs that are filtered out come first, then
// those without a colour of their own.
function arrange() {
  const attr = attribute(state.colour), scheme = `${state.theme} ${attr.key}`;
  if (scheme !== coloured) {
    coloured = scheme;
    paintOf = painter(attr);
    for (let row = 0; row < count; row++) colours[row] = packedColour(paintOf(row));
  }
  const plain = attr.key === "cluster" ? (row) => clusters[row] < 0 : attr.values ? (row) => Number.isNaN(attr.values[row]) : () => false;
  let n = 0;
  const put = (row, colour) => {
    points.x[n] = placeX[row];
    points.y[n] = placeY[row];
    points.colours[n++] = colour;
  };
  if (listed.length < count) {
    const ghost = packedColour(ghostColour());
    for (const row of order) if (!shown[row]) put(row, ghost);
  }
  points.ghosts = n;
  for (const row of order) if (shown[row] && plain(row)) put(row, colours[row]);
  const above = n;
  for (const row of order) if (shown[row] && !plain(row)) put(row, colours[row]);
  makeGlow(above, n);
  drawer.load();
  shownClusters.clear();
  let before = NaN;
  for (const row of listed) if (clusters[row] !== before) shownClusters.add(before = clusters[row]);
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
  const dots = dotSide();
  document.body.dataset.drawn = drawer.paint({
    scale: k * density,
    left: (width / 2 - x * k) * density,
    top: (height / 2 + y * k) * density,
    radius: dots ? 0.7 * dots : pointRadius() * density,
    back: backColour(),
    dots,
  });
  // The tooltip goes with its song: when it is filtered out, and when the map moves away under the pointer.
  if (!tip.hidden && (hovered < 0 || !shown[hovered])) hover(-1);
  else if (!tip.hidden) placeTip(hovered);
  paintMarks();
  document.body.dataset.milliseconds = (performance.now() - started).toFixed(1);
}

// A graphics card that is taken away leaves the canvas.
function watchCard() {
  drawer.canvas.addEventListener("webglcontextlost", () => {
    drawer = new Raster(renewed(drawer.canvas));
    document.body.dataset.drawer = "canvas";
    resize();
  });
}
watchCard();

function ring(row, radius, colour, line) {
  pen.beginPath();
  pen.arc(screenX(placeX[row]), screenY(placeY[row]), radius, 0, 7);
  pen.strokeStyle = colour;
  pen.lineWidth = line;
  pen.stroke();
}

// Of the ring around the selected song.
const ringRadius = () => pointRadius() + 4;

$("cuts").hidden = data.cuts.every((places) => places.length === 0);
function paintCuts(ink) {
  pen.beginPath();
  for (const x of data.cuts[0]) { pen.moveTo(screenX(x), 0); pen.lineTo(screenX(x), height); }
  for (const y of data.cuts[1]) { pen.moveTo(0, screenY(y)); pen.lineTo(width, screenY(y)); }
  pen.setLineDash([9, 6]);
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.35;
  pen.lineWidth = 1;
  pen.stroke();
  pen.globalAlpha = 1;
  pen.setLineDash([]);
}

function paintMarks() {
  const ink = dark() ? "#f2f3f5" : "#15181c", back = dark() ? "#14161a" : "#ffffff";
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  paintCuts(ink);
  const r = pointRadius();
  const onTheWay = queue.what === "on the way" ? queue.order : [];
  if (state.song >= 0) {
    const near = onTheWay.length ? [] : nearOf(state.song);
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
    for (const row of [...near, ...onTheWay]) ring(row, r + 2, ink, 1);
    ring(state.song, ringRadius(), back, 5);
    ring(state.song, ringRadius(), ink, 2.5);
  }
  pen.beginPath();
  onTheWay.forEach((row, i) => pen[i ? "lineTo" : "moveTo"](screenX(placeX[row]), screenY(placeY[row])));
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  pen.stroke();
  // Over lines and rings, but beside the selected song.
  if (state.colour === "cluster") paintLabels(ink, back);
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
// The rows of square i are squareRows[squareStarts[i]] up to squareRows[squareStarts[i + 1] - 1].
const squareStarts = new Uint32Array(SQUARES * SQUARES + 1), squareRows = new Uint32Array(count);
const squareOf = (row) => square(placeY[row]) * SQUARES + square(placeX[row]);
for (let row = 0; row < count; row++) squareStarts[squareOf(row) + 1]++;
for (let i = 0; i < SQUARES * SQUARES; i++) squareStarts[i + 1] += squareStarts[i];
{
  const next = squareStarts.slice();
  for (let row = 0; row < count; row++) squareRows[next[squareOf(row)]++] = row;
}
function nearest(sx, sy, reach) {
  const x = dataX(sx), y = dataY(sy), far = reach / view().k;
  let best = -1, least = far;
  for (let j = square(y - far); j <= square(y + far); j++) {
    for (let i = square(x - far); i <= square(x + far); i++) {
      const at = j * SQUARES + i;
      for (let place = squareStarts[at]; place < squareStarts[at + 1]; place++) {
        const row = squareRows[place];
        const d = Math.hypot(placeX[row] - x, placeY[row] - y);
        if (shown[row] && d <= least) { least = d; best = row; }
      }
    }
  }
  return best;
}

// A view from the address may be of nowhere, or of nothing: then the whole map is shown.
function checkView() {
  const seen = state.view;
  const within = (value, extent) => value >= -0.05 * extent - 1 && value <= 1.05 * extent + 1;
  if (seen && !(within(seen.x, extentX) && within(seen.y, extentY) && seen.k > whole.k * 0.3 && seen.k < whole.k * 500)) state.view = null;
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

// Where the tooltip stands: beside the song, in the corner where it covers fewest of its nearest songs.
function placeTip(row) {
  const { offsetWidth: w, offsetHeight: h } = tip;
  const x = screenX(placeX[row]), y = screenY(placeY[row]), gap = pointRadius() + 8;
  const near = nearOf(row).map((other) => [screenX(placeX[other]), screenY(placeY[other])]);
  let best = null;
  for (const [dx, dy] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) {
    const left = dx > 0 ? x + gap : x - gap - w, top = dy > 0 ? y + gap : y - gap - h;
    const outside = left < 4 || top < 4 || left + w > width - 4 || top + h > height - 4;
    const covered = near.filter(([a, b]) => a > left - 4 && a < left + w + 4 && b > top - 4 && b < top + h + 4).length;
    const cost = covered + (outside ? 100 : 0);
    if (!best || cost < best.cost) best = { cost, left, top };
  }
  tip.style.left = `${Math.max(4, Math.min(best.left, width - w - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(best.top, height - h - 4))}px`;
}

function hover(row) {
  marks.classList.toggle("over", row >= 0);
  if (row !== hovered) {
    hovered = row;
    tip.hidden = row < 0;
    if (row >= 0) {
      tip.replaceChildren(make("b", { textContent: nameOf(row) }),
        [artistOf(row), yearOf(row) ?? "year not known", isAmbiguous(row) ? idOf(row) : "", inCluster(clusters[row])].filter((part) => part !== "").join(" · "));
    }
    paintMarks();
  }
  if (row >= 0) placeTip(row);
}

function resize() {
  const box = stage.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return;
  density = Math.min(window.devicePixelRatio || 1, 2);
  width = box.width;
  height = box.height;
  drawer.resize(Math.round(width * density), Math.round(height * density));
  marks.width = drawer.width;
  marks.height = drawer.height;
  whole = wholeMap();
  checkView();
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
    if (event.pointerType !== "touch") hover(nearest(...at, 12));
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
  };
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

function showWhole() {
  state.view = null;
  redraw();
  rememberSoon();
}
