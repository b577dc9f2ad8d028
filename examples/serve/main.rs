//! Serves similar songs, paths and the report of a project over HTTP: `serve -- PROJECT`.

mod answers;
mod connections;
mod guard;
mod page;
mod service;
mod subsonic;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use songscape::Error;
use songscape_examples::{print, start};
use tokio::net::TcpListener;

use connections::{Patience, serve};
use service::{Service, Settings};

/// Serve a finished project over HTTP: similar songs, paths, queries with a music file, and the report with
/// its music. Nothing is changed, and only songs of the project are served, by their ids.
///
/// Exit codes: 0 stopped by the interrupt key; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The project folder of a song_map run
    project: PathBuf,
    /// The address and port to listen on; addresses other machines can reach need --token-file
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    bind: SocketAddr,
    /// A file whose first line is the token that every request must carry, at least 16 characters
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The largest music file for a query, in MB
    #[arg(long, value_name = "MB", default_value_t = 64)]
    max_upload: usize,
    /// The largest number of open connections
    #[arg(long, value_name = "N", default_value_t = 512)]
    connections: usize,
    /// Queries that are worked on at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let token = arguments.token_file.as_deref().map(token).transpose()?;
    if token.is_none() && !arguments.bind.ip().is_loopback() {
        let expected = "127.0.0.1 or [::1] without --token-file";
        return Err(Error::parameter("bind", arguments.bind, expected));
    }
    let cores = || std::thread::available_parallelism().map_or(1, Into::into);
    let settings = Settings {
        token,
        max_upload: arguments.max_upload << 20,
        threads: arguments.threads.map_or_else(cores, usize::from),
        ..Settings::default()
    };
    let patience = Patience { connections: arguments.connections, ..Patience::default() };
    let service = Arc::new(Service::of_project(&arguments.project, settings)?);
    page::make(&service, arguments.project.clone());
    let failed = |error| Error::io(arguments.bind.to_string())(error);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(failed)?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(arguments.bind).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        print(format_args!(
            "serving    http://{address}/ ({} songs)",
            service.songs().songs.len()
        ))?;
        tokio::select! {
            () = serve(listener, service::router(service.clone()), patience) => Ok(()),
            stopped = tokio::signal::ctrl_c() => stopped.map_err(failed),
        }
    });
    // What is still being computed is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// The token in a file.
fn token(file: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::io(file))?;
    let token = text.lines().next().unwrap_or_default().trim();
    let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < 16 || !plain {
        return Err(Error::input(file, "expected a first line of at least 16 ASCII characters"));
    }
    Ok(token.into())
}
