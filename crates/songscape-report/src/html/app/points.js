// The songs as points in the order of painting, and the two ways to paint them: by the graphics card, or straight
// into the pixels of a canvas.

// `ghosts` songs come first: those that are filtered out. Colours are RGBA, as little-endian numbers.
const points = { x: new Uint16Array(count), y: new Uint16Array(count), colours: new Uint32Array(count), ghosts: 0 };
const packedColour = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

// A WebGL without a graphics card is slower than the canvas: it is taken only where the address asks for it
// (`draw=webgl`). `draw=canvas` does without WebGL.
const wantedDrawer = new URLSearchParams(location.hash.slice(1)).get("draw");
function openDrawer(canvas) {
  let drawer = null;
  if (wantedDrawer !== "canvas") {
    try { drawer = Card.open(canvas, wantedDrawer !== "webgl"); } catch { /* a shader that is refused, say */ }
    // A canvas that was asked for WebGL in vain may give nothing else.
    if (!drawer) canvas = renewed(canvas);
  }
  document.body.dataset.drawer = drawer ? "webgl" : "canvas";
  return drawer ?? new Raster(canvas);
}
function renewed(canvas) {
  const fresh = make("canvas", { id: canvas.id, "aria-hidden": true });
  canvas.replaceWith(fresh);
  return fresh;
}
