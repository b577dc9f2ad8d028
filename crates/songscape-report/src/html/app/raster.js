// Points drawn straight into the pixels of a canvas: the same in every browser, with no need of a
// graphics card, and quick enough for tens of thousands of points on every frame.

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
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.mask = null;
  }

  // Pixels are little-endian RGBA on every machine that runs a browser today.
  static packed([r, g, b]) {
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }

  clear(colour) {
    this.pixels.fill(Raster.packed(colour));
  }

  setRadius(radius) {
    if (this.mask?.radius === radius) return;
    this.mask = discMask(radius);
    this.mask.radius = radius;
    this.steps = Int32Array.from(this.mask.offsets.map(([x, y]) => y * this.width + x));
  }

  // Blends a disc of a packed colour; its centre in pixels. Returns whether it is in the picture.
  disc(cx, cy, colour) {
    const { half, offsets, strengths } = this.mask;
    const { width, height, pixels, steps } = this;
    const x = Math.round(cx), y = Math.round(cy);
    if (x < -half || y < -half || x >= width + half || y >= height + half) return false;
    const redBlue = colour & 0xff00ff, green = colour & 0x00ff00;
    if (x >= half && y >= half && x < width - half && y < height - half) {
      const start = y * width + x;
      for (let i = 0; i < steps.length; i++) {
        const at = start + steps[i], a = strengths[i], b = 256 - a, under = pixels[at];
        pixels[at] = (0xff000000
          | (((redBlue * a + (under & 0xff00ff) * b) >>> 8) & 0xff00ff)
          | (((green * a + (under & 0x00ff00) * b) >>> 8) & 0x00ff00)) >>> 0;
      }
      return true;
    }
    for (let i = 0; i < steps.length; i++) {
      const px = x + offsets[i][0], py = y + offsets[i][1];
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const at = py * width + px, a = strengths[i], b = 256 - a, under = pixels[at];
      pixels[at] = (0xff000000
        | (((redBlue * a + (under & 0xff00ff) * b) >>> 8) & 0xff00ff)
        | (((green * a + (under & 0x00ff00) * b) >>> 8) & 0x00ff00)) >>> 0;
    }
    return true;
  }

  // Single pixels for very many points: about ten times as quick as discs.
  dot(cx, cy, colour) {
    const x = Math.round(cx), y = Math.round(cy);
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return false;
    this.pixels[y * this.width + x] = colour;
    return true;
  }

  show() {
    this.context.putImageData(this.image, 0, 0);
  }
}
