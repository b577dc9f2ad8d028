//! What is answered.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path as Named, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use songscape::Error;
use songscape::audio::Store;
use songscape::project::SongTable;
use songscape::similar::Collection;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::timeout::TimeoutLayer;

use crate::answers::{Refusal, list, no_song, refusal};
use crate::guard::guard;
use crate::subsonic;

/// The most songs of a list.
pub const MOST: usize = 500;
/// The most songs of a way, each of which is a search.
pub const MOST_OF_WAY: usize = 100;

/// Files at a time that are taken for each that is listened to.
const UPLOADS: usize = 2;

/// What a service allows.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What every request must have.
    pub token: Option<String>,
    /// The largest file that may be asked with, in bytes.
    pub max_upload: usize,
    /// Questions that are worked on at a time.
    pub threads: usize,
    /// The time in which an answer must have begun, but for questions with a file.
    pub answering: Duration,
    /// The time for a file to come and be listened to.
    pub listening: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: None,
            max_upload: 64 << 20,
            threads: 1,
            answering: Duration::from_secs(20),
            listening: Duration::from_secs(120),
        }
    }
}

/// A project that is served.
#[derive(Debug)]
pub struct Service {
    songs: Collection,
    images: Store,
    settings: Settings,
    work: Arc<Semaphore>,
    /// Files that are on their way or wait for their turn, which memory holds.
    uploads: Semaphore,
    /// The folder of the page, once it is made, or why it could not be.
    pub page: OnceLock<Result<tempfile::TempDir, String>>,
    #[cfg(feature = "pipeline")]
    listener: Option<songscape::similar::Listener>,
}

impl Service {
    /// Reads what is served of a project.
    pub fn of_project(project: &Path, settings: Settings) -> Result<Self, Error> {
        Ok(Self {
            #[cfg(feature = "pipeline")]
            listener: Some(songscape::similar::Listener::of_project(
                project,
                // Nobody asks with a whole evening.
                songscape::audio::Limits { max_seconds: 1200.0, ..Default::default() },
                songscape::resnet::tch::Device::Cpu,
            )?),
            ..Self::of(Collection::of_project(project)?, project, settings)
        })
    }

    /// A service that cannot listen.
    pub fn of(songs: Collection, project: &Path, settings: Settings) -> Self {
        Self {
            songs,
            images: Store::new(project.join("spectrograms")),
            work: Arc::new(Semaphore::new(settings.threads)),
            uploads: Semaphore::new(UPLOADS * settings.threads),
            settings,
            page: OnceLock::new(),
            #[cfg(feature = "pipeline")]
            listener: None,
        }
    }

    pub fn songs(&self) -> &SongTable {
        self.songs.songs()
    }

    pub fn collection(&self) -> &Collection {
        &self.songs
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The row of a song.
    pub fn row(&self, id: &str) -> Result<usize, Refusal> {
        self.songs.row(id).ok_or_else(|| no_song(id))
    }

    /// Works on a question, when its turn has come, where it keeps no other connection waiting. The turn ends
    /// with the work, whether or not somebody still waits for the answer.
    pub async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let lost = || refusal(StatusCode::INTERNAL_SERVER_ERROR, "the query failed");
        let turn = self.work.clone().acquire_owned().await.map_err(|_| lost())?;
        let service = self.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let answer = question(&service);
            drop(turn);
            answer
        });
        answer.await.map_err(|_| lost())?
    }
}

type Served = State<Arc<Service>>;

/// All addresses.
pub fn router(service: Arc<Service>) -> Router {
    let Settings { answering, listening, .. } = *service.settings();
    let timeout = |time| TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, time);
    let questions = Router::new()
        .route("/", get(|| async { Redirect::to("page/") }))
        .route("/health", get(health))
        .route("/find", get(find))
        .route("/similar", get(similar))
        .route("/path", get(path))
        .route("/audio/{id}", get(audio))
        .route("/image/{id}", get(image))
        .route("/page/{*file}", get(page))
        .route("/page/", get(page))
        .merge(subsonic::routes())
        .layer(timeout(answering));
    let query = Router::new().route("/query", post(query)).layer(timeout(listening));
    questions
        .merge(query)
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is nothing at this address") })
        .layer(from_fn_with_state(service.clone(), guard))
        .with_state(service)
}

async fn health(State(service): Served) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "status": "ok",
        "songs": service.songs().songs.len(),
        "page": matches!(service.page.get(), Some(Ok(_))),
    }))
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// The one song that a text means.
async fn find(State(service): Served, Query(asked): Query<Name>) -> Result<Response, Refusal> {
    service
        .work(move |service| {
            let found = service.songs().find(&asked.name);
            let row = found.map_err(|why| refusal(StatusCode::NOT_FOUND, why))?;
            let song = crate::answers::Song::from(service.collection().song(row, 1, 1.0));
            Ok(Json(song).into_response())
        })
        .await
}

#[derive(Deserialize)]
struct Like {
    id: String,
    count: Option<usize>,
    wander: Option<f32>,
}

async fn similar(State(service): Served, Query(asked): Query<Like>) -> Result<Response, Refusal> {
    let (row, count) = (service.row(&asked.id)?, count(asked.count, 20, MOST)?);
    service
        .work(move |service| {
            let songs = service.collection();
            Ok(list(songs, &songs.like(&[row], None, count, asked.wander.unwrap_or(0.0))?))
        })
        .await
}

#[derive(Deserialize)]
struct Way {
    from: String,
    to: String,
    count: Option<usize>,
}

async fn path(State(service): Served, Query(asked): Query<Way>) -> Result<Response, Refusal> {
    let (from, to) = (service.row(&asked.from)?, service.row(&asked.to)?);
    let count = count(asked.count, 20, MOST_OF_WAY)?;
    service
        .work(move |service| {
            let songs = service.collection();
            Ok(list(songs, &songs.between(from, to, count)?))
        })
        .await
}

/// A number of songs within its bounds.
pub fn count(asked: Option<usize>, default: usize, most: usize) -> Result<usize, Refusal> {
    match asked.unwrap_or(default) {
        count if (1..=most).contains(&count) => Ok(count),
        count => {
            let why = format!("count is {count}, expected 1 to {most}");
            Err(refusal(StatusCode::BAD_REQUEST, why))
        }
    }
}

#[derive(Deserialize)]
struct Count {
    count: Option<usize>,
}

/// Songs like the music file that the body is.
async fn query(
    State(service): Served,
    Query(asked): Query<Count>,
    body: Body,
) -> Result<Response, Refusal> {
    let count = count(asked.count, 20, MOST)?;
    let busy = |_| refusal(StatusCode::SERVICE_UNAVAILABLE, "too many files at the same time");
    let _place = service.uploads.try_acquire().map_err(busy)?;
    let Settings { max_upload, answering, .. } = *service.settings();
    let music = tokio::time::timeout(answering, to_bytes(body, max_upload)).await;
    let slow = |_| refusal(StatusCode::REQUEST_TIMEOUT, "the file did not arrive in time");
    let large = |_| {
        let why = format!("expected a whole file of at most {} MB", max_upload >> 20);
        refusal(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    let music = music.map_err(slow)?.map_err(large)?;
    service.work(move |service| heard(service, &music, count)).await
}

#[cfg(feature = "pipeline")]
fn heard(service: &Service, music: &[u8], count: usize) -> Result<Response, Refusal> {
    use songscape::ndarray::Axis;
    use songscape::project::Silent;
    let listener = service.listener.as_ref().ok_or_else(deaf)?;
    let folder = tempfile::tempdir().map_err(Error::io("a temporary folder"))?;
    let file = folder.path().join("query");
    std::fs::write(&file, music).map_err(Error::io(&file))?;
    let vector = listener.vector(&file, &Silent).map_err(|error| {
        // Where the file lay for a moment says nothing.
        let why = error.to_string().replace(&file.display().to_string(), "the file");
        Refusal::of(error.kind(), why)
    })?;
    let vector = vector.insert_axis(Axis(0));
    let songs = service.collection();
    Ok(list(songs, &songs.like(&[], Some(vector.view()), count, 0.0)?))
}

#[cfg(not(feature = "pipeline"))]
fn heard(_: &Service, _: &[u8], _: usize) -> Result<Response, Refusal> {
    Err(deaf())
}

fn deaf() -> Refusal {
    refusal(
        StatusCode::NOT_IMPLEMENTED,
        "built without libtorch, which a query with a file needs: start it with --features pipeline",
    )
}

async fn audio(
    State(service): Served,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let song = &service.songs().songs[service.row(&id)?];
    file(service.songs().file(song), request).await
}

async fn image(
    State(service): Served,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Refusal> {
    service.row(&id)?;
    file(service.images.image(&id), request).await
}

/// One file, or the parts of it that were asked for.
async fn file(path: PathBuf, request: Request) -> Result<Response, Refusal> {
    let Ok(answer) = ServeFile::new(path).oneshot(request).await;
    Ok(answer.map(Body::new))
}

/// The page and its figures.
async fn page(State(service): Served, request: Request) -> Result<Response, Refusal> {
    let unavailable = |why: &str| refusal(StatusCode::SERVICE_UNAVAILABLE, why);
    let folder = match service.page.get() {
        Some(Ok(folder)) => folder.path(),
        Some(Err(why)) => return Err(unavailable(why)),
        None => return Err(unavailable("the page is being made, try again in a moment")),
    };
    let (mut parts, body) = request.into_parts();
    let below = parts.uri.path().strip_prefix("/page").unwrap_or_default();
    parts.uri =
        below.parse().map_err(|_| refusal(StatusCode::BAD_REQUEST, "not a valid address"))?;
    let Ok(answer) = ServeDir::new(folder).oneshot(Request::from_parts(parts, body)).await;
    Ok(answer.map(Body::new))
}
