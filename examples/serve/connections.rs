//! Connections: how many there may be, and how long one is waited for.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower_service::Service as _;

/// How much is borne from clients.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Connections at a time; more are refused at once.
    pub connections: usize,
    /// The time in which a request's head must have come, and after which an idle connection is closed.
    pub head: Duration,
    /// The time in which something of an answer must have been taken.
    pub reading: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connections: 512, head: Duration::from_secs(10), reading: Duration::from_secs(60) }
    }
}

const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// The pause after a connection could not be accepted, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves for ever.
pub async fn serve(listener: TcpListener, router: Router, patience: Patience) {
    let places = Arc::new(Semaphore::new(patience.connections));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        match places.clone().try_acquire_owned() {
            Ok(place) => {
                let connection = connection(stream, router.clone(), patience);
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            // Whoever is refused need not be told.
            Err(_) => drop(stream.try_write(FULL)),
        }
    }
}

/// One connection, until it ends in whatever way.
fn connection(
    stream: TcpStream,
    router: Router,
    patience: Patience,
) -> impl Future<Output = ()> + Send + 'static {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.reading));
    let io = TokioIo::new(Box::pin(stream));
    let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut router = router.clone();
        async move {
            Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {}))
        }
    });
    async move {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(patience.head);
        // A client that went away is no fault of ours.
        let _ = http.serve_connection(io, answer).await;
    }
}
