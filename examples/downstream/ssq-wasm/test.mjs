// The module outside a browser: `node test.mjs` after the build that README.md gives.
import assert from "node:assert";
import { readFile } from "node:fs/promises";
import { ROWS, load } from "./page/transform.js";

const path = process.argv[2] ?? "target/wasm32-unknown-unknown/release/ssq_wasm.wasm";
const transform = await load(await readFile(path));
const rate = 44100;
const latency = transform.start(rate);
assert(latency > 0 && latency <= 0.25, `latency ${latency}`);
const tone = Float32Array.from({ length: 4 * rate }, (_, n) => 0.5 * Math.sin(2 * Math.PI * 440 * n / rate));
const columns = [];
const begin = performance.now();
for (let from = 0; from < tone.length; from += 128) {
  transform.push(tone.subarray(from, from + 128), (column) => columns.push(column.slice()));
}
const seconds = (performance.now() - begin) / 1000;
assert(columns.length >= 400 - 26, `${columns.length} columns`);
const column = columns[200];
const loudest = column.indexOf(Math.max(...column));
const frequency = 12000 * (30 / 12000) ** (loudest / (ROWS - 1));
assert(Math.abs(frequency / 440 - 1) < 0.02, `${frequency} Hz`);
assert.throws(() => transform.start(-1));
console.log(`${columns.length} columns, ${frequency.toFixed(1)} Hz, ${(4 / seconds).toFixed(0)} times real time`);
