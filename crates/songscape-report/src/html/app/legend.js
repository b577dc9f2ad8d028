// The legend: what the colours mean, and which of them are shown.

function drawLegend() {
  const attr = attribute(state.colour);
  const box = $("legend");
  const title = make("h2", { textContent: attr.name });
  if (!attr.entries) {
    const ramp = make("div", { className: "ramp", role: "img", "aria-label": `Colours from ${attr.low} to ${attr.high}` });
    const stops = Array.from({ length: 9 }, (_, i) => css(scaleColour(i / 8)));
    ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    const ends = make("div", { className: "row soft" }, make("span", { textContent: attr.low }), make("span", { textContent: attr.high }));
    box.replaceChildren(title, ramp, ends);
    if (attr.missing) box.append(make("p", { className: "soft", textContent: `Grey: ${songs(attr.missing)} without a value` }));
    return;
  }
  const entries = make("div", { className: "entries", role: "group", "aria-label": `Shown: ${attr.name}` });
  for (const entry of attr.entries) {
    const dot = make("i");
    dot.style.background = css(entry.colour());
    const button = make("button", { type: "button", title: "Click: show or hide. Double click: only this one.", "aria-pressed": !state.off.has(entry.key) },
      dot, make("span", { textContent: entry.label }), make("small", { textContent: number(entry.count) }));
    button.addEventListener("click", (event) => {
      if (event.detail > 1) {
        state.off = new Set(attr.entries.map((e) => e.key).filter((key) => key !== entry.key));
      } else if (!state.off.delete(entry.key)) {
        state.off.add(entry.key);
      }
      updateLegend();
      refresh();
    });
    button.dataset.key = entry.key;
    entries.append(button);
  }
  const set = (keys) => () => { state.off = new Set(keys); updateLegend(); refresh(); };
  const all = make("button", { type: "button", className: "small", textContent: "All" });
  all.addEventListener("click", set([]));
  const none = make("button", { type: "button", className: "small", textContent: "None" });
  none.addEventListener("click", set(attr.entries.map((entry) => entry.key)));
  box.replaceChildren(make("div", { className: "row" }, title, make("span", {}, all, " ", none)), entries);
}

// The buttons stay: the one that has the focus keeps it.
function updateLegend() {
  for (const button of $("legend").querySelectorAll("[data-key]")) {
    button.setAttribute("aria-pressed", !state.off.has(button.dataset.key));
  }
}
