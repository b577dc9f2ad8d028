// Points drawn by the graphics card (WebGL 2): all of them in one call, whatever their number.

const VERTEX = `#version 300 es
in vec2 place;
in vec4 colour;
uniform vec4 view;
uniform float radius;
out vec4 paint;
void main() {
  gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0);
  gl_PointSize = 2.0 * ceil(radius + 0.5);
  paint = colour;
}`;
// The glow: one square over its place on the map.
const GLOW_VERTEX = `#version 300 es
uniform vec4 view;
uniform vec3 corner;
out vec2 at;
void main() {
  vec2 part = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = vec2(part.x, 1.0 - part.y);
  gl_Position = vec4((corner.xy + part * corner.z) * view.xy + view.zw, 0.0, 1.0);
}`;
const GLOW_FRAGMENT = `#version 300 es
precision highp float;
in vec2 at;
uniform sampler2D glow;
out vec4 pixel;
void main() { pixel = texture(glow, at); }`;
// The same edge and strength as the discs of the canvas.
const FRAGMENT = `#version 300 es
precision highp float;
in vec4 paint;
uniform float radius;
out vec4 pixel;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0 * ceil(radius + 0.5);
  float strength = clamp(radius + 0.5 - far, 0.0, 1.0) * 0.9;
  pixel = vec4(paint.rgb * strength, strength);
}`;

// Renderers that have no graphics card behind them; not all of them admit it when they are asked for speed.
const WITHOUT_CARD = /swiftshader|llvmpipe|softpipe|software|basic render/i;

class Card {
  // Null where there is no WebGL 2, or where `fast` is asked for and there is no card.
  static open(canvas, fast) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, failIfMajorPerformanceCaveat: fast });
    if (!gl) return null;
    const known = gl.getExtension("WEBGL_debug_renderer_info");
    const renderer = String(gl.getParameter(known ? known.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    if (fast && WITHOUT_CARD.test(renderer)) {
      gl.getExtension("WEBGL_lose_context")?.loseContext();
      return null;
    }
    return new Card(canvas, gl);
  }

  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    this.points = this.program(VERTEX, FRAGMENT, ["view", "radius"]);
    this.glow = this.program(GLOW_VERTEX, GLOW_FRAGMENT, ["view", "corner"]);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    this.buffers = [["place", 2, gl.UNSIGNED_SHORT, false], ["colour", 4, gl.UNSIGNED_BYTE, true]].map(([name, size, kind, whole]) => {
      const buffer = gl.createBuffer(), at = gl.getAttribLocation(this.points.program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, kind, whole, 0, 0);
      return buffer;
    });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  program(vertex, fragment, uniforms) {
    const { gl } = this, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    return { program, ...Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(program, name)])) };
  }

  resize(width, height) {
    this.width = this.canvas.width = Math.max(1, width);
    this.height = this.canvas.height = Math.max(1, height);
    this.gl.viewport(0, 0, this.width, this.height);
  }

  // Takes over the points after they changed.
  load() {
    const { gl } = this, places = new Uint16Array(2 * count);
    for (let i = 0; i < count; i++) {
      places[2 * i] = points.x[i];
      places[2 * i + 1] = points.y[i];
    }
    [places, points.colours].forEach((values, i) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[i]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    });
    if (glow.pixels) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, GLOW, GLOW, 0, gl.RGBA, gl.UNSIGNED_BYTE, Uint8Array.from(glow.pixels, Math.round));
  }

  // Paints; returns how many songs are not filtered out.
  paint({ scale, left, top, radius, back }) {
    const { gl, width, height } = this;
    gl.clearColor(...back.map((v) => v / 255), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const view = [(2 * scale) / width, (2 * scale) / height, (2 * left) / width - 1, 1 - (2 * top) / height];
    if (glow.pixels) {
      gl.useProgram(this.glow.program);
      gl.uniform4f(this.glow.view, ...view);
      gl.uniform3f(this.glow.corner, glow.left, glow.bottom, glow.side);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
    gl.useProgram(this.points.program);
    gl.uniform4f(this.points.view, ...view);
    gl.uniform1f(this.points.radius, radius);
    gl.drawArrays(gl.POINTS, 0, count);
    return count - points.ghosts;
  }
}
