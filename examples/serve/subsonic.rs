//! The extension `sonicSimilarity` (version 1) of the OpenSubsonic API: `getSonicSimilarTracks` and
//! `findSonicPath`, in JSON only. The ids are those of the project.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use songscape::analysis::music::similar::Similar;

use crate::answers::Refusal;
use crate::service::{MOST, MOST_OF_WAY, Service, count};

/// The version of the API that the answers name.
const VERSION: &str = "1.16.1";
/// The code of an error that has none of its own, and of a song that is not there.
const FAULT: u32 = 0;
const NOT_FOUND: u32 = 70;

pub fn routes() -> Router<Arc<Service>> {
    // Most clients add `.view` to every name.
    ["", ".view"].into_iter().fold(Router::new(), |router, ending| {
        let at = |name: &str| format!("/rest/{name}{ending}");
        router
            .route(&at("ping"), get(|| async { answer(json!({})) }))
            .route(&at("getOpenSubsonicExtensions"), get(extensions))
            .route(&at("getSonicSimilarTracks"), get(similar))
            .route(&at("findSonicPath"), get(path))
    })
}

/// A response with some fields of its own.
fn answer(own: Value) -> Response {
    let mut response = json!({
        "status": "ok",
        "version": VERSION,
        "type": "songscape",
        "serverVersion": env!("CARGO_PKG_VERSION"),
        "openSubsonic": true,
    });
    if let (Some(all), Value::Object(own)) = (response.as_object_mut(), own) {
        all.extend(own);
    }
    Json(json!({ "subsonic-response": response })).into_response()
}

fn failed(code: u32, message: String) -> Response {
    answer(json!({ "status": "failed", "error": { "code": code, "message": message } }))
}

fn refused(why: Refusal) -> Response {
    failed(if why.is_missing() { NOT_FOUND } else { FAULT }, why.to_string())
}

async fn extensions() -> Response {
    let known = ["sonicSimilarity", "apiKeyAuthentication"];
    let known: Vec<_> = known.iter().map(|name| json!({ "name": name, "versions": [1] })).collect();
    answer(json!({ "openSubsonicExtensions": known }))
}

#[derive(Deserialize)]
struct Like {
    id: String,
    count: Option<usize>,
}

async fn similar(State(service): State<Arc<Service>>, Query(asked): Query<Like>) -> Response {
    let found = async {
        let (row, count) = (service.row(&asked.id)?, count(asked.count, 10, MOST)?);
        service
            .work(move |service| {
                let found = service.collection().like(&[row], None, count, 0.0)?;
                Ok(matches(service, row, &found))
            })
            .await
    };
    found.await.unwrap_or_else(refused)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Way {
    start_song_id: String,
    end_song_id: String,
    count: Option<usize>,
}

async fn path(State(service): State<Arc<Service>>, Query(asked): Query<Way>) -> Response {
    let found = async {
        let (from, to) = (service.row(&asked.start_song_id)?, service.row(&asked.end_song_id)?);
        let count = count(asked.count, 25, MOST_OF_WAY)?;
        service
            .work(move |service| {
                let way = service.collection().between(from, to, count)?;
                Ok(matches(service, from, &way))
            })
            .await
    };
    found.await.unwrap_or_else(refused)
}

/// Songs with their likeness to the song in the row `like`: 1 for the same vector, 0 for a right angle or
/// more.
fn matches(service: &Service, like: usize, found: &[Similar]) -> Response {
    let songs = service.collection();
    let (vectors, metric) = (songs.index().vectors(), songs.index().metric());
    let own = vectors.row(like).to_vec();
    let matches: Vec<Value> = found
        .iter()
        .map(|found| {
            let distance = metric.distance(&own, &vectors.row(found.row).to_vec());
            json!({ "entry": child(service, found.row), "similarity": (1.0 - distance).max(0.0) })
        })
        .collect();
    answer(json!({ "sonicMatch": matches }))
}

/// A song as the API has songs; what is not known is left out.
fn child(service: &Service, row: usize) -> Value {
    let song = &service.songs().songs[row];
    let mut child = json!({
        "id": song.id,
        "isDir": false,
        "isVideo": false,
        "type": "music",
        "title": if song.title.is_empty() { song.name() } else { song.title.clone() },
    });
    if !song.artist.is_empty() {
        child["artist"] = json!(song.artist);
    }
    if let Some(year) = song.year {
        child["year"] = json!(year);
    }
    if let Some(seconds) = service.collection().seconds(row) {
        child["duration"] = json!(seconds.round() as u64);
    }
    if let Some(ending) = song.path.extension().and_then(|ending| ending.to_str()) {
        child["suffix"] = json!(ending.to_ascii_lowercase());
    }
    child
}
