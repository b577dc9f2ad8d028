//! A store that speaks as Amazon's does: moto's server, if it is on the machine.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server. It ends with this value.
pub struct Moto {
    child: Child,
    pub port: u16,
}

/// The server to test with: `SONGSCAPE_MOTO`, or the one that `install.sh` leaves, or one on the path.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("SONGSCAPE_MOTO") {
        return Some(named.into());
    }
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("moto/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own).chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join("moto_server")).find(|file| file.is_file())
}

impl Moto {
    /// Starts a server; with `open` it asks for credentials after so many requests. Where there is none on the
    /// machine, says so.
    pub fn start(open: Option<usize>) -> Option<Self> {
        let Some(program) = find() else {
            println!(
                "skipped: no moto_server (crates/songscape-audio/tests/servers/install.sh fetches it)"
            );
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new(&program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        if let Some(open) = open {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", open.to_string());
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{}: {ended:?}", program.display());
            assert!(begin.elapsed() < Duration::from_secs(120), "{} is slow", program.display());
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(Self { child, port })
    }

    /// Makes a bucket.
    pub fn bucket(&self, name: &str) {
        self.put(&format!("/{name}"), &[]);
    }

    /// Puts an object, without credentials. The path is percent-encoded.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            self.port,
            bytes.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
