//! A server that fails as it is told to.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// As it came, percent-encoded.
    pub path: String,
    pub range: Option<Range<u64>>,
    /// Whether it was signed.
    pub signed: bool,
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// How many bytes of the body are sent before the connection is closed.
    sent: Option<usize>,
    /// How long nothing comes before it is closed.
    silence: Duration,
}

impl Answer {
    /// An object, or the part of it that was asked for.
    pub fn object(request: &Request, bytes: &[u8], tag: &str) -> Self {
        let size = bytes.len() as u64;
        let range = request.range.clone().filter(|range| range.end <= size);
        let part = range.clone().unwrap_or(0..size);
        let mut answer = Self { status: 200, ..Self::default() };
        if range.is_some() {
            answer.status = 206;
            let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            answer.headers.push(("Content-Range", range));
        }
        answer.headers.push(("Content-Length", (part.end - part.start).to_string()));
        answer.headers.push(("ETag", format!("\"{tag}\"")));
        answer.headers.push(("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT".into()));
        if request.method != "HEAD" {
            answer.body = bytes[part.start as usize..part.end as usize].to_vec();
        }
        answer
    }

    /// A refusal as Amazon's store words it.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <AWSAccessKeyId>{}</AWSAccessKeyId></Error>",
            super::program::KEY
        );
        let headers = vec![("Content-Length", body.len().to_string())];
        Self { status, headers, body: body.into_bytes(), ..Self::default() }
    }

    /// Closes the connection after so many bytes.
    pub fn cut(self, sent: usize) -> Self {
        Self { sent: Some(sent), ..self }
    }

    /// Sends so many bytes and then nothing for a while.
    pub fn stall(self, sent: usize, silence: Duration) -> Self {
        Self { sent: Some(sent), silence, ..self }
    }

    /// Leaves a header out.
    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| *name != header);
        self
    }

    /// Says that the object has so many bytes.
    pub fn claiming(self, bytes: u64) -> Self {
        let mut answer = self.without("Content-Length");
        answer.headers.push(("Content-Length", bytes.to_string()));
        answer
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Told\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(head.as_bytes())?;
        stream.write_all(b"\r\n")?;
        let sent = self.sent.unwrap_or(usize::MAX).min(self.body.len());
        stream.write_all(&self.body[..sent])?;
        stream.flush()?;
        std::thread::sleep(self.silence);
        Ok(())
    }
}

/// A server on the loopback interface, until the process ends.
pub struct Server {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets each request, and how many of the same method and path came before.
    pub fn start(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&requests), Arc::new(answer));
        let counts = Arc::new(Mutex::new(HashMap::new()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, answer, counts) =
                    (Arc::clone(&all), Arc::clone(&answer), Arc::clone(&counts));
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let Some(request) = read(&stream) else { return };
                    let before = {
                        let mut counts = counts.lock().unwrap();
                        let key = (request.method.clone(), request.path.clone());
                        let count: &mut usize = counts.entry(key).or_default();
                        *count += 1;
                        *count - 1
                    };
                    all.lock().unwrap().push(request.clone());
                    // Whoever has heard enough hangs up.
                    let _ = answer(&request, before).send(&mut stream);
                });
            }
        });
        Self { port, requests }
    }

    /// What was asked since this was called last.
    pub fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }

    /// The methods of what was asked since then, sorted.
    pub fn methods(&self) -> Vec<String> {
        let mut methods: Vec<String> = self.asked().into_iter().map(|r| r.method).collect();
        methods.sort();
        methods
    }
}

/// Reads a request, which has no body.
fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut request = Request { method, path, range: None, signed: false };
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let (start, end) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
                request.range = Some(start.parse().ok()?..end.parse::<u64>().ok()? + 1);
            }
            "authorization" => request.signed = true,
            _ => {}
        }
    }
    Some(request)
}
