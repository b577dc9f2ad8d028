// Numbers and words on the map: none covers another, and they come and go with the zoom.

// Places around one, on growing rings.
function around(step, rings) {
  const found = [[0, 0]];
  for (let ring = 1; ring <= rings; ring++) {
    for (let i = 0; i < 8 + 4 * ring; i++) {
      const angle = (2 * Math.PI * i) / (8 + 4 * ring) - 1.2;
      found.push([step * ring * Math.cos(angle), step * ring * Math.sin(angle)]);
    }
  }
  return found;
}
const AROUND_NUMBER = around(14, 4), AROUND_REGION = around(22, 7);
const NUMBER_FONT = "600 13px system-ui, sans-serif", WORD_FONT = "600 12px system-ui, sans-serif", REGION_FONT = "700 17px system-ui, sans-serif";
// Nearer than this, regions are too large to be named.
const REGIONS_TO = 1.8;

// The clusters' numbers and words, the largest cluster first: each number at its cluster's centre or at the
// nearest free place around it, with a line to the centre. From afar, larger words for regions of clusters stand in
// free places near their middle. Words of single clusters come beside their numbers, where they hide none of these.
// The ring of the selected song stays free.
function labels() {
  const taken = [], numbers = [], regions = [];
  const free = (own) => own.left > 0 && own.top > 0 && own.right < width && own.bottom < height
    && !taken.some((other) => own.left < other.right && own.right > other.left && own.top < other.bottom && own.bottom > other.top);
  const box = (x, y, half, high) => ({ left: x - half, right: x + half, top: y - high, bottom: y + high });
  const inSight = (x, y) => x >= 0 && y >= 0 && x <= width && y <= height;
  const place = (places, half, high, sx, sy) => {
    const found = places.find(([dx, dy]) => free(box(sx + dx, sy + dy, half, high)));
    if (!found) return null;
    const [x, y] = [sx + found[0], sy + found[1]];
    taken.push(box(x, y, half, high));
    return { sx, sy, x, y };
  };
  if (state.song >= 0) taken.push(box(screenX(placeX[state.song]), screenY(placeY[state.song]), ringRadius() + 3, ringRadius() + 3));
  for (const { cluster, x, y } of data.centres) {
    const sx = screenX(x), sy = screenY(y), half = 6 + 3.6 * String(cluster).length;
    if (!shownClusters.has(cluster) || !inSight(sx, sy)) continue;
    const at = place(AROUND_NUMBER, half, 11, sx, sy);
    if (at) numbers.push({ ...at, cluster, half, words: null });
  }
  pen.font = REGION_FONT;
  for (const { clusters: inside, words, x, y } of view().k < whole.k * REGIONS_TO ? data.regions : []) {
    const sx = screenX(x), sy = screenY(y);
    if (!inside.some((cluster) => shownClusters.has(cluster)) || !inSight(sx, sy)) continue;
    const at = place(AROUND_REGION, pen.measureText(words).width / 2 + 6, 14, sx, sy);
    if (at) regions.push({ ...at, words });
  }
  pen.font = WORD_FONT;
  for (const at of numbers) {
    const words = wordsOf(at.cluster);
    if (!words) continue;
    const half = pen.measureText(words).width / 2 + 4, beside = at.half + 3 + half;
    // Right, left, below, above.
    for (const [x, y] of [[at.x + beside, at.y], [at.x - beside, at.y], [at.x, at.y + 21], [at.x, at.y - 21]]) {
      const own = box(x, y, half, 9);
      if (!free(own)) continue;
      at.words = { text: words, x, y };
      taken.push(own);
      break;
    }
  }
  return { numbers, regions };
}

function paintLabels(ink, back) {
  const { numbers, regions } = labels();
  // A halo in the colour of the page sets words off from the points.
  const write = (text, x, y, font, halo) => {
    pen.font = font;
    pen.lineWidth = halo;
    pen.lineJoin = "round";
    pen.strokeStyle = back;
    pen.globalAlpha = 0.85;
    pen.strokeText(text, x, y + 0.5);
    pen.globalAlpha = 1;
    pen.fillStyle = ink;
    pen.fillText(text, x, y + 0.5);
  };
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 1;
  pen.strokeStyle = ink;
  // From the centre, or from the ring around the song there.
  const leader = ({ sx, sy, x, y }, from) => {
    const far = Math.hypot(sx - x, sy - y);
    if (far <= from) return;
    const ringed = state.song >= 0 && Math.hypot(screenX(placeX[state.song]) - sx, screenY(placeY[state.song]) - sy) < ringRadius();
    const start = ringed ? Math.min(1, ringRadius() / far) : 0;
    pen.beginPath();
    pen.moveTo(sx + start * (x - sx), sy + start * (y - sy));
    pen.lineTo(x, y);
    pen.stroke();
  };
  numbers.forEach((at) => leader(at, 0));
  pen.globalAlpha = 0.5;
  regions.forEach((at) => leader(at, 60));
  pen.globalAlpha = 1;
  for (const { cluster, x, y, half, words } of numbers) {
    pen.beginPath();
    pen.arc(x, y, half, 0, 7);
    pen.fillStyle = back;
    pen.globalAlpha = 0.88;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = css(clusterColour(cluster));
    pen.lineWidth = 2;
    pen.stroke();
    pen.fillStyle = ink;
    pen.font = NUMBER_FONT;
    pen.fillText(cluster, x, y + 0.5);
    if (words) write(words.text, words.x, words.y, WORD_FONT, 4);
  }
  for (const { words, x, y } of regions) write(words, x, y, REGION_FONT, 6);
  document.body.dataset.regions = regions.length;
}
