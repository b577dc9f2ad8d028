// The page's parts put together.

// After a change of what is shown.
function refresh() {
  applyFilters();
  arrange();
  drawList();
  $("status").textContent = filtered() ? `${number(listed.length)} of ${songs(count)}` : songs(count);
  offerClearing();
  rememberSoon();
}

function offerClearing() {
  $("reset").disabled = !filtered() && state.song < 0;
}

// Songs passed on a walk from one to the nearest that was not there yet.
let walked = new Set();
function walk() {
  const next = state.song < 0 ? undefined : nearOf(state.song).find((row) => !walked.has(row));
  if (next !== undefined) select(next, true, walked);
}

function select(row, play, way = new Set()) {
  if (wayFrom >= 0 && row >= 0 && row !== wayFrom && !advancing) return goThere(row);
  walked = way.add(row);
  state.song = row;
  state.wanted = "";
  drawSong(play);
  offerClearing();
  if (row >= 0) {
    comeTo(row);
    // On a narrow page the song is below the map: its player comes into sight.
    if (play && !advancing) $("player").scrollIntoView({ block: "nearest" });
    $("said").textContent = `Selected: ${[nameOf(row), artistOf(row), yearOf(row)].filter(Boolean).join(", ")}`;
  }
  redraw();
  rememberSoon();
}

function goThere(row) {
  const from = wayFrom;
  wayFrom = -1;
  startQueue(way(from, row), "on the way");
}

function showTab(name) {
  state.tab = name;
  for (const part of TABS) {
    const on = part === name;
    $(`tab-${part}`).setAttribute("aria-selected", on);
    $(`tab-${part}`).tabIndex = on ? 0 : -1;
    $(`view-${part}`).hidden = !on;
  }
  if (name === "map") resize();
}
// The reader's own step, to which the Back button leads.
function goToTab(name) {
  if (name === state.tab) return;
  clearTimeout(addressTimer);
  writeAddress();
  showTab(name);
  writeAddress(true);
}
for (const part of TABS) {
  $(`tab-${part}`).addEventListener("click", () => goToTab(part));
  $(`tab-${part}`).addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const step = event.key === "ArrowRight" ? 1 : TABS.length - 1;
    const other = TABS[(TABS.indexOf(part) + step) % TABS.length];
    goToTab(other);
    $(`tab-${other}`).focus();
  });
}

function applyTheme() {
  document.documentElement.dataset.theme = state.theme;
  $("theme").textContent = state.theme === "dark" ? "Light" : "Dark";
  // The SVGs turn dark with the page. Those of very many points are too large to be shown.
  if (count > 20000) return;
  for (const image of document.querySelectorAll("figure img")) {
    image.src = image.getAttribute("src").replace(/\.(png|svg)$/, state.theme === "dark" ? ".svg" : ".png");
  }
}
$("theme").addEventListener("click", () => {
  state.theme = state.theme === "dark" ? "light" : "dark";
  applyTheme();
  drawLegend();
  refresh();
  drawSong(false);
});

for (const { key, name } of attributes) $("colour").append(make("option", { value: key, textContent: name }));
$("colour").addEventListener("change", (event) => {
  state.colour = event.target.value;
  state.off = new Set();
  drawLegend();
  refresh();
});

let typing = 0;
$("search").addEventListener("input", (event) => {
  state.query = event.target.value;
  clearTimeout(typing);
  typing = setTimeout(refresh, count > 5000 ? 120 : 20);
});
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && listed.length) select(listed[0], true);
});

$("lasso").addEventListener("click", () => setLassoing(!lassoing));
$("zoom-in").addEventListener("click", () => zoom(1.5));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
$("fit").addEventListener("click", showWhole);
$("reset").addEventListener("click", clearAll);

// Filters first; where there are none, the selected song.
function clearAll() {
  if (wayFrom >= 0) {
    wayFrom = -1;
    drawSong(false);
  } else if (!filtered() && !draft && !lassoing) select(-1, false);
  stopYears();
  state.off = new Set();
  state.query = "";
  state.lasso = null;
  state.from = firstYear;
  state.to = lastYear;
  draft = null;
  setLassoing(false);
  $("search").value = "";
  showYears();
  updateLegend();
  refresh();
}

document.addEventListener("keydown", (event) => {
  const typed = event.target.closest?.("input, select, textarea, audio");
  if (event.key === "Escape") clearAll();
  else if (!typed && !event.ctrlKey && !event.metaKey && !event.altKey && state.tab === "map") {
    if (event.key === "/") { event.preventDefault(); $("search").focus(); }
    else if (event.key === "l" || event.key === "L") setLassoing(!lassoing);
    else if (event.key === "n" || event.key === "N") walk();
  }
});

// Years: two ends of a range, and a window of it that passes by.
function showYears() {
  $("from").value = state.from;
  $("to").value = state.to;
  $("span").textContent = state.from === state.to ? state.from : `${state.from}–${state.to}`;
}
function yearsChanged(from, to) {
  state.from = from;
  state.to = to;
  showYears();
  refresh();
}
let passing = 0;
function stopYears() {
  clearInterval(passing);
  passing = 0;
  $("play").setAttribute("aria-pressed", false);
  $("play").textContent = "▶ Years";
}
function passYears() {
  const all = lastYear - firstYear + 1;
  const length = allYears() ? Math.max(1, Math.round(all / 12)) : state.to - state.from + 1;
  if (allYears() || state.to >= lastYear) yearsChanged(firstYear, Math.min(firstYear + length - 1, lastYear));
  const step = Math.max(1, Math.round(all / 120));
  $("play").setAttribute("aria-pressed", true);
  $("play").textContent = "■ Stop";
  passing = setInterval(() => {
    if (state.to >= lastYear) return stopYears();
    const to = Math.min(state.to + step, lastYear);
    yearsChanged(Math.max(firstYear, to - length + 1), to);
  }, 300);
}
if (hasYears && lastYear > firstYear) {
  for (const id of ["from", "to"]) {
    $(id).min = firstYear;
    $(id).max = lastYear;
  }
  $("from").addEventListener("input", () => { stopYears(); yearsChanged(Number($("from").value), Math.max(Number($("from").value), state.to)); });
  $("to").addEventListener("input", () => { stopYears(); yearsChanged(Math.min(Number($("to").value), state.from), Number($("to").value)); });
  $("play").addEventListener("click", () => (passing ? stopYears() : passYears()));
} else {
  $("years").hidden = true;
}

function fromAddress() {
  readAddress();
  applyTheme();
  $("colour").value = state.colour;
  $("search").value = state.query;
  if (hasYears) showYears();
  drawLegend();
  showTab(state.tab);
  refresh();
  drawSong(false);
}
window.addEventListener("hashchange", () => { fromAddress(); checkView(); redraw(); });
window.addEventListener("resize", resize);

// Small reports are whole at once; of large ones the map comes first.
if (!data.deflated) await readTexts();
fromAddress();
resize();
checkView();
document.body.dataset.songs = count;
document.body.dataset.ready = "true";
if (!texts) {
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  await readTexts();
  fromAddress();
}
document.body.dataset.texts = "true";
prepareSearch();
