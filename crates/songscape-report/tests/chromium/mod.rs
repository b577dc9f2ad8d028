//! A Chromium that is on the machine, driven through its debugging port: WebSocket (RFC 6455) and the
//! DevTools protocol, as little of both as the tests need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The Chromium to test with: `CHROMIUM`, or one on the path.
pub fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.iter().flat_map(|f| names.iter().map(move |n| f.join(n))).find(|file| file.is_file())
}

/// The program of axe-core, as `install.sh` leaves it.
pub fn axe() -> Option<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    std::fs::read_to_string(target.join("axe-core/axe.min.js")).ok()
}

/// A running browser with one page. It ends with this value.
pub struct Chromium {
    child: Child,
    _profile: tempfile::TempDir,
    socket: TcpStream,
    last: u64,
    events: Vec<Value>,
}

impl Chromium {
    /// `options` go to the browser's command line.
    pub fn start(program: &Path, (width, height): (u32, u32), options: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args(["--disable-sync", "--disable-dev-shm-usage", "--mute-audio"])
            .args(["--remote-debugging-port=0", &format!("--window-size={width},{height}")])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(options)
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                line.unwrap().strip_prefix("DevTools listening on ws://").map(str::to_owned)
            })
            .expect("Chromium names its debugging port");
        // The pipe is read on, or the browser would block.
        std::thread::spawn(move || lines.for_each(drop));
        let host = address.split('/').next().unwrap().to_owned();
        let socket = connect(&host);
        let mut browser = Self { child, _profile: profile, socket, last: 0, events: Vec::new() };
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.resize(width, height, 1.0);
        browser
    }

    pub fn resize(&mut self, width: u32, height: u32, density: f64) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": density, "mobile": false}),
        );
    }

    /// Opens a file, with what follows `#`, and waits until the page says that it is ready.
    pub fn open(&mut self, file: &Path, hash: &str) {
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.wait("location.href === 'about:blank'");
        self.events.clear();
        let url = format!("file://{}#{hash}", file.display());
        self.call("Page.navigate", json!({"url": url}));
        self.wait("document.body?.dataset.ready === 'true'");
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        send(&mut self.socket, &json!({"id": id, "method": method, "params": params}).to_string());
        loop {
            let message: Value = serde_json::from_str(&receive(&mut self.socket)).unwrap();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// The value of an expression in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": false}),
        );
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    pub fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({selector:?})?.textContent ?? ''"));
        found.as_str().unwrap().to_owned()
    }

    pub fn wait(&mut self, condition: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.eval(condition) != json!(true) {
            if Instant::now() > until {
                panic!("waited in vain for {condition}; the page says {:#?}", self.complaints());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// The middle of an element, in the window.
    pub fn middle(&mut self, selector: &str) -> (f64, f64) {
        let place = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{block: 'nearest'}}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
    }

    pub fn mouse(&mut self, kind: &str, (x, y): (f64, f64)) {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        self.call(
            "Input.dispatchMouseEvent",
            json!({"type": kind, "x": x, "y": y, "button": button, "buttons": 1, "clickCount": 1}),
        );
    }

    pub fn click(&mut self, at: (f64, f64)) {
        self.mouse("mousePressed", at);
        self.mouse("mouseReleased", at);
    }

    pub fn key(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({"type": kind, "key": key}));
        }
    }

    /// The window as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}));
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    pub fn screenshot(&mut self, file: &Path) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, self.picture()).unwrap();
    }

    /// Errors on the console, exceptions, and dialogs that a script opened.
    pub fn complaints(&mut self) -> Vec<String> {
        self.eval("1");
        let bad = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Page.javascriptDialogOpening" => true,
            "Log.entryAdded" => event["params"]["entry"]["level"] == "error",
            "Runtime.consoleAPICalled" => event["params"]["type"] == "error",
            _ => false,
        };
        self.events.iter().filter(bad).map(Value::to_string).collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A WebSocket to the browser's page.
fn connect(host: &str) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(20);
    let path = loop {
        let mut list = TcpStream::connect(host).unwrap();
        write!(list, "GET /json/list HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let head = read_head(&mut list).to_lowercase();
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let mut answer = vec![0; length.unwrap().trim().parse().unwrap()];
        list.read_exact(&mut answer).unwrap();
        let targets: Value = serde_json::from_slice(&answer).unwrap();
        let page = targets.as_array().and_then(|t| t.iter().find(|t| t["type"] == "page").cloned());
        if let Some(page) = page {
            let url = page["webSocketDebuggerUrl"].as_str().unwrap().to_owned();
            break url[url.find("/devtools").unwrap()..].to_owned();
        }
        assert!(Instant::now() < until, "Chromium opened no page: {targets}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.set_nodelay(true).unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    .unwrap();
    let head = read_head(&mut socket);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    socket
}

/// An HTTP answer up to its empty line.
fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Sends one text frame. Clients must mask; a mask of zeros does.
fn send(socket: &mut TcpStream, text: &str) {
    let mut frame = vec![0x81];
    match text.len() {
        n @ 0..126 => frame.push(0x80 | n as u8),
        n @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((n as u16).to_be_bytes());
        }
        n => {
            frame.push(0x80 | 127);
            frame.extend((n as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    socket.write_all(&frame).unwrap();
}

/// The next message, from as many frames as it comes in.
fn receive(socket: &mut TcpStream) -> String {
    let mut message = Vec::new();
    loop {
        let mut head = [0; 2];
        socket.read_exact(&mut head).unwrap();
        let length = match head[1] & 0x7f {
            126 => {
                let mut bytes = [0; 2];
                socket.read_exact(&mut bytes).unwrap();
                u64::from(u16::from_be_bytes(bytes))
            }
            127 => {
                let mut bytes = [0; 8];
                socket.read_exact(&mut bytes).unwrap();
                u64::from_be_bytes(bytes)
            }
            n => u64::from(n),
        };
        let mut body = vec![0; length as usize];
        socket.read_exact(&mut body).unwrap();
        let (last, kind) = (head[0] & 0x80 != 0, head[0] & 0x0f);
        if kind <= 1 {
            message.extend(body);
            if last {
                return String::from_utf8(message).unwrap();
            }
        }
    }
}
