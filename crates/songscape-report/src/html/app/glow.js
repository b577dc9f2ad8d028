// A soft glow under the points: how dense songs lie, in the mean of their colours. It is made anew when colours or
// filters change. Few songs have no density; the points of very many are dense enough to show it themselves.

const GLOW = 160, GLOWING = [30, 20000];
// Rows of opaque RGBA from the top, not rounded, and where they lie on the map: with a margin, so that the glow ends softly.
// `pixels` is null where there is none.
const glow = { pixels: null, side: (Math.max(extentX, extentY) || 1) * 1.3 };
glow.left = (extentX - glow.side) / 2;
glow.bottom = (extentY - glow.side) / 2;

// Means over a square of 2 `reach` + 1 cells, along both axes; three times is nearly a Gaussian.
function blurred(values, reach) {
  let from = values, to = new Float32Array(values.length);
  for (let pass = 0; pass < 6; pass++) {
    const [along, across] = pass % 2 ? [GLOW, 1] : [1, GLOW];
    for (let line = 0; line < GLOW; line++) {
      let sum = 0;
      for (let i = -reach; i < GLOW + reach; i++) {
        if (i + reach < GLOW) sum += from[line * across + (i + reach) * along];
        if (i - reach - 1 >= 0) sum -= from[line * across + (i - reach - 1) * along];
        if (i >= 0 && i < GLOW) to[line * across + i * along] = sum / (2 * reach + 1);
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

// `from` and `to` are the points that have a colour of their own.
function makeGlow(from, to) {
  glow.pixels = null;
  if (count < GLOWING[0] || count > GLOWING[1] || from === to) return;
  const channels = [0, 1, 2, 3].map(() => new Float32Array(GLOW * GLOW));
  for (let i = from; i < to; i++) {
    const column = Math.floor(((points.x[i] - glow.left) / glow.side) * GLOW), row = GLOW - 1 - Math.floor(((points.y[i] - glow.bottom) / glow.side) * GLOW);
    const at = row * GLOW + column, colour = points.colours[i];
    channels[0][at] += colour & 255;
    channels[1][at] += (colour >> 8) & 255;
    channels[2][at] += (colour >> 16) & 255;
    channels[3][at]++;
  }
  const reach = Math.max(1, Math.round(5 - Math.log10(count) / 2));
  const [red, green, blue, songs] = channels.map((channel) => blurred(channel, reach));
  let some = 0, cells = 0;
  for (const n of songs) if (n > 1e-6) { some += n; cells++; }
  const usual = some / (cells || 1), back = backColour(), most = dark() ? 0.42 : 0.34;
  glow.pixels = new Float32Array(4 * GLOW * GLOW);
  for (let at = 0; at < GLOW * GLOW; at++) {
    const n = Math.max(songs[at], 1e-9), strength = most * (1 - Math.exp(-n / usual));
    [red, green, blue].forEach((channel, i) => {
      glow.pixels[4 * at + i] = back[i] + strength * (channel[at] / n - back[i]);
    });
    glow.pixels[4 * at + 3] = 255;
  }
}
