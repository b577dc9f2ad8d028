import { ROWS, load } from "./transform.js";

const canvas = document.getElementById("picture");
const context = canvas.getContext("2d");
const state = document.getElementById("state");
const stopButton = document.getElementById("stop");
const transform = await load(await (await fetch("ssq_wasm.wasm")).arrayBuffer());
const pixels = context.createImageData(1, ROWS);
let running = null;

// The newest column at the right; what was there moves left.
function draw(column) {
  context.drawImage(canvas, -1, 0);
  for (let row = 0; row < ROWS; row++) {
    const grey = column[row];
    pixels.data.set([grey, Math.max(0, 2 * grey - 255), 255 - Math.abs(2 * grey - 255), 255], 4 * row);
  }
  context.putImageData(pixels, canvas.width - 1, 0);
}

const worklet = `registerProcessor("samples", class extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) {
      const mean = new Float32Array(input[0].length);
      for (const channel of input) channel.forEach((x, i) => { mean[i] += x / input.length; });
      this.port.postMessage(mean, [mean.buffer]);
    }
    return true;
  }
});`;

async function run(source, name) {
  stop();
  const audio = new AudioContext();
  running = { audio, tracks: [] };
  try {
    await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: "text/javascript" })));
    const latency = transform.start(audio.sampleRate);
    const samples = new AudioWorkletNode(audio, "samples");
    samples.port.onmessage = ({ data }) => transform.push(data, draw);
    await source(audio, samples);
    stopButton.disabled = false;
    state.value = `${name}: ${audio.sampleRate} Hz, ${Math.round(1000 * latency)} ms behind`;
  } catch (error) {
    stop();
    state.value = `${name}: ${error.message}`;
  }
}

function stop() {
  running?.tracks.forEach((track) => track.stop());
  running?.audio.close();
  running = null;
  stopButton.disabled = true;
}

stopButton.onclick = () => { stop(); state.value = "Stopped."; };

document.getElementById("microphone").onclick = () => run(async (audio, samples) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  running.tracks = stream.getTracks();
  audio.createMediaStreamSource(stream).connect(samples);
}, "Microphone");

document.getElementById("file").onchange = ({ target }) => {
  const file = target.files[0];
  if (!file) return;
  run(async (audio, samples) => {
    const player = audio.createBufferSource();
    player.buffer = await audio.decodeAudioData(await file.arrayBuffer());
    player.connect(samples);
    player.connect(audio.destination);
    player.start();
  }, file.name);
};
