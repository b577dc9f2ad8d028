// The WebAssembly module as a stream of columns.

export const ROWS = 256;
const CAPACITY = 32768;

export async function load(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const wasm = instance.exports;
  return {
    /** Starts a stream; returns its latency in seconds. */
    start(samplingRate, latency = 0.25) {
      const highest = Math.min(12000, 0.45 * samplingRate);
      if (!wasm.start(samplingRate, ROWS, 30, highest, latency)) {
        throw new Error(`no transform at ${samplingRate} Hz`);
      }
      return wasm.latency();
    },
    /** Takes a Float32Array; calls `column` with a Uint8Array of ROWS grey values for each column. */
    push(samples, column) {
      for (let from = 0; from < samples.length; from += CAPACITY) {
        const part = samples.subarray(from, from + CAPACITY);
        // The memory may have moved with each call.
        new Float32Array(wasm.memory.buffer, wasm.samples(), part.length).set(part);
        const count = wasm.push(part.length);
        const greys = new Uint8Array(wasm.memory.buffer, wasm.columns(), count * ROWS);
        for (let i = 0; i < count; i++) column(greys.subarray(i * ROWS, (i + 1) * ROWS));
      }
    },
  };
}
