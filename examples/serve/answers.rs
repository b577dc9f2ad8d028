//! The answers as JSON.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use songscape::Error;
use songscape::analysis::music::similar::Similar;
use songscape::project::ErrorKind;
use songscape::similar::{Collection, Listed};

/// A list of songs.
#[derive(Debug, Serialize)]
pub struct List<'a> {
    songs: Vec<Song<'a>>,
}

/// A song of a list. Where its file lies is nobody's business.
#[derive(Debug, Serialize)]
pub struct Song<'a> {
    cosine: f32,
    id: &'a str,
    title: &'a str,
    artist: &'a str,
    year: Option<i32>,
    seconds: Option<f64>,
}

impl<'a> From<Listed<'a>> for Song<'a> {
    fn from(song: Listed<'a>) -> Self {
        let Listed { cosine, id, title, artist, year, seconds, .. } = song;
        Self { cosine, id, title, artist, year, seconds }
    }
}

/// What was found, as an answer.
pub fn list(songs: &Collection, found: &[Similar]) -> Response {
    let songs = songs.listed(found).into_iter().map(Song::from).collect();
    Json(List { songs }).into_response()
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: String,
}

pub fn refusal(status: StatusCode, error: impl Into<String>) -> Refusal {
    Refusal { status, error: error.into() }
}

/// No song has this id.
pub fn no_song(id: &str) -> Refusal {
    refusal(StatusCode::NOT_FOUND, format!("no song has the id {id:?}"))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.error });
        (self.status, Json(body)).into_response()
    }
}

impl Refusal {
    /// Whether something is not there.
    pub fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// A refusal for a kind of fault.
    pub fn of(kind: ErrorKind, why: String) -> Self {
        let status = match kind {
            ErrorKind::Configuration => StatusCode::BAD_REQUEST,
            ErrorKind::Input => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        refusal(status, why)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::of(error.kind(), error.to_string())
    }
}
