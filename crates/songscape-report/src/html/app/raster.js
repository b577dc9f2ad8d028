// Points drawn straight into the pixels of a canvas: the same in every browser, with no need of a
// graphics card, and quick enough for a million points on every frame.

function discMask(radius) {
  const half = Math.ceil(radius);
  const size = 2 * half + 1;
  const offsets = [], strengths = [];
  for (let y = -half; y <= half; y++) {
    for (let x = -half; x <= half; x++) {
      const cover = Math.min(Math.max(radius + 0.5 - Math.hypot(x, y), 0), 1);
      if (cover > 0.02) { offsets.push([x, y]); strengths.push(Math.round(cover * 230)); }
    }
  }
  return { half, size, offsets, strengths: Int32Array.from(strengths) };
}

class Raster {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.resize(1, 1);
  }

  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.canvas.width = this.width;
    this.canvas.height = this.height;
    this.image = this.context.createImageData(this.width, this.height);
    // Pixels are little-endian RGBA on every machine that runs a browser today.
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.mask = null;
  }

  // The points are read where they are.
  load() {}

  setRadius(radius) {
    if (this.mask?.radius === radius) return;
    this.mask = discMask(radius);
    this.mask.radius = radius;
    this.steps = Int32Array.from(this.mask.offsets.map(([x, y]) => y * this.width + x));
  }

  // Blends a disc of a packed colour around a pixel.
  disc(x, y, colour) {
    const { half, offsets, strengths } = this.mask;
    const { width, height, pixels, steps } = this;
    const redBlue = colour & 0xff00ff, green = colour & 0x00ff00;
    if (x >= half && y >= half && x < width - half && y < height - half) {
      const start = y * width + x;
      for (let i = 0; i < steps.length; i++) {
        const at = start + steps[i], a = strengths[i], b = 256 - a, under = pixels[at];
        pixels[at] = (0xff000000
          | (((redBlue * a + (under & 0xff00ff) * b) >>> 8) & 0xff00ff)
          | (((green * a + (under & 0x00ff00) * b) >>> 8) & 0x00ff00)) >>> 0;
      }
      return;
    }
    for (let i = 0; i < steps.length; i++) {
      const px = x + offsets[i][0], py = y + offsets[i][1];
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const at = py * width + px, a = strengths[i], b = 256 - a, under = pixels[at];
      pixels[at] = (0xff000000
        | (((redBlue * a + (under & 0xff00ff) * b) >>> 8) & 0xff00ff)
        | (((green * a + (under & 0x00ff00) * b) >>> 8) & 0x00ff00)) >>> 0;
    }
  }

  discs({ scale, left, top }) {
    const { x, y, colours, ghosts } = points, { half } = this.mask;
    const right = this.width + 2 * half, bottom = this.height + 2 * half;
    let drawn = 0;
    for (let i = 0; i < count; i++) {
      const px = (left + x[i] * scale + half + 0.5) | 0, py = (top - y[i] * scale + half + 0.5) | 0;
      // Below 0 where the disc is in the picture: one branch, which a processor foresees, instead of four.
      if (((px - right) & (py - bottom) & ~px & ~py) >= 0) continue;
      this.disc(px - half, py - half, colours[i]);
      if (i >= ghosts) drawn++;
    }
    return drawn;
  }

  // Small squares for very many points: about ten times as quick as discs.
  dots({ scale, left, top }, side) {
    const { width, pixels } = this, { x, y, colours, ghosts } = points;
    const right = width - side + 1, bottom = this.height - side + 1;
    let drawn = 0;
    for (let i = 0; i < count; i++) {
      const px = (left + x[i] * scale + 0.5) | 0, py = (top - y[i] * scale + 0.5) | 0;
      if (((px - right) & (py - bottom) & ~px & ~py) >= 0) continue;
      const at = py * width + px;
      pixels[at] = colours[i];
      for (let j = 1; j < side * side; j++) pixels[at + ((j / side) | 0) * width + (j % side)] = colours[i];
      if (i >= ghosts) drawn++;
    }
    return drawn;
  }

  // The glow, in squares of four pixels, since it changes slowly: first between rows of its grid, then along the row.
  glow({ scale, left, top, back }) {
    const { width, height, pixels } = this, from = glow.pixels, steps = GLOW / glow.side, far = GLOW - 1;
    const empty = packedColour(back), line = new Float32Array(4 * GLOW), squares = Math.ceil(width / 2);
    const cells = new Int32Array(squares), shares = new Float32Array(squares);
    for (let x = 0; x < squares; x++) {
      const u = ((2 * x + 1 - left) / scale - glow.left) * steps - 0.5, cell = Math.floor(u);
      cells[x] = cell >= 0 && cell < far ? 4 * cell : -1;
      shares[x] = u - cell;
    }
    for (let y = 0; y < height; y += 2) {
      const row = y * width, v = (glow.bottom + glow.side - (top - y - 1) / scale) * steps - 0.5, j = Math.floor(v);
      if (j < 0 || j >= far) pixels.fill(empty, row, row + width);
      else {
        const above = 4 * j * GLOW, below = above + 4 * GLOW;
        for (let i = 0; i < 4 * GLOW; i++) line[i] = from[above + i] + (v - j) * (from[below + i] - from[above + i]) + 0.5;
        for (let x = 0; x < squares; x++) {
          const at = cells[x], s = shares[x];
          let colour = empty;
          if (at >= 0) {
            const red = line[at] + s * (line[at + 4] - line[at]), green = line[at + 1] + s * (line[at + 5] - line[at + 1]);
            const blue = line[at + 2] + s * (line[at + 6] - line[at + 2]);
            colour = (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
          }
          pixels[row + 2 * x] = colour;
          if (2 * x + 1 < width) pixels[row + 2 * x + 1] = colour;
        }
      }
      if (y + 1 < height) pixels.copyWithin(row + width, row, row + width);
    }
  }

  // Paints; returns how many songs that are not filtered out are in the picture.
  paint(place) {
    if (glow.pixels) this.glow(place);
    else this.pixels.fill(packedColour(place.back));
    if (!place.dots) this.setRadius(Math.max(0.6, Math.round(place.radius * 4) / 4));
    const drawn = place.dots ? this.dots(place, place.dots) : this.discs(place);
    this.context.putImageData(this.image, 0, 0);
    return drawn;
  }
}
