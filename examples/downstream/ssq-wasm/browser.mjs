// The page in Chromium, with its own test tone for a microphone: `node browser.mjs [CHROMIUM]`.
import assert from "node:assert";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TYPES = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };
const server = createServer(async ({ url }, answer) => {
  const name = url === "/" ? "index.html" : url.slice(1).replaceAll("/", "");
  try {
    const body = await readFile(new URL(`page/${name}`, import.meta.url));
    answer.writeHead(200, { "content-type": TYPES[name.split(".").pop()] }).end(body);
  } catch {
    answer.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const profile = await mkdtemp(join(tmpdir(), "ssq-wasm-"));
const browser = spawn(process.argv[2] ?? "chromium", [
  "--headless=new", "--no-sandbox", "--remote-debugging-port=0", `--user-data-dir=${profile}`,
  "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required", `http://127.0.0.1:${server.address().port}/`,
]);

try {
  const port = await new Promise((ready, refused) => {
    browser.on("exit", () => refused(new Error("the browser ended")));
    browser.stderr.on("data", (text) => {
      const found = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(text);
      if (found) ready(found[1]);
    });
  });
  const pages = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(pages.find(({ type }) => type === "page").webSocketDebuggerUrl);
  await new Promise((ready) => { socket.onopen = ready; });
  let calls = 0;
  const evaluate = (expression) => new Promise((done) => {
    const id = ++calls;
    const listen = ({ data }) => {
      const message = JSON.parse(data);
      if (message.id !== id) return;
      socket.removeEventListener("message", listen);
      done(message.result.result.value);
    };
    socket.addEventListener("message", listen);
    const params = { expression, awaitPromise: true, userGesture: true };
    socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
  });
  const until = async (expression) => {
    for (let tries = 0; tries < 100; tries++) {
      if (await evaluate(expression)) return;
      await new Promise((ready) => setTimeout(ready, 100));
    }
    assert.fail(`${expression}: ${await evaluate("document.getElementById('state').value")}`);
  };
  // The module has been loaded, and draws.
  await until("typeof document.getElementById('stop').onclick === 'function'");
  await evaluate("document.getElementById('microphone').click()");
  await until("document.getElementById('state').value.startsWith('Microphone: ')");
  const lit = `[...document.getElementById('picture').getContext('2d')
    .getImageData(400, 0, 400, 256).data].filter((value, i) => i % 4 === 0 && value > 128).length`;
  await until(`${lit} > 100`);
  console.log(await evaluate("document.getElementById('state').value"));
} finally {
  browser.removeAllListeners("exit");
  const ended = new Promise((ready) => browser.on("exit", ready));
  browser.kill();
  await ended;
  server.close();
  await rm(profile, { recursive: true, force: true });
}
process.exit(0);
