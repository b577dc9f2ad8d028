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

  // The glow, in squares of four pixels: it changes slowly.
  glow({ scale, left, top, back }) {
    const SQUARE = 2, { width, height, pixels } = this, from = glow.pixels, far = GLOW - 1;
    const empty = packedColour(back), steps = GLOW / glow.side;
    for (let y = 0; y < height; y += SQUARE) {
      const v = (glow.bottom + glow.side - (top - y - SQUARE / 2) / scale) * steps - 0.5;
      const row = y * width, j = Math.floor(v), t = v - j;
      for (let x = 0; x < width; x += SQUARE) {
        const u = ((x + SQUARE / 2 - left) / scale - glow.left) * steps - 0.5, i = Math.floor(u), s = u - i;
        let colour = empty;
        if (i >= 0 && j >= 0 && i < far && j < far) {
          const at = 4 * (j * GLOW + i), below = at + 4 * GLOW;
          const a = (1 - s) * (1 - t), b = s * (1 - t), c = (1 - s) * t, d = s * t;
          const red = a * from[at] + b * from[at + 4] + c * from[below] + d * from[below + 4];
          const green = a * from[at + 1] + b * from[at + 5] + c * from[below + 1] + d * from[below + 5];
          const blue = a * from[at + 2] + b * from[at + 6] + c * from[below + 2] + d * from[below + 6];
          colour = (0xff000000 | ((blue + 0.5) << 16) | ((green + 0.5) << 8) | (red + 0.5)) >>> 0;
        }
        const end = Math.min(x + SQUARE, width);
        for (let px = x; px < end; px++) pixels[row + px] = colour;
      }
      for (let below = y + 1; below < Math.min(y + SQUARE, height); below++) pixels.copyWithin(below * width, row, row + width);
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
