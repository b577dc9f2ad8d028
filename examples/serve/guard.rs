//! Who may ask: whoever has the token; without one, pages and programs of this machine only.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::answers::refusal;
use crate::service::Service;

/// The cookie and the parameter of the address that may hold the token.
const TOKEN: &str = "token";
/// The parameter of Subsonic's clients for the same.
const API_KEY: &str = "apiKey";

/// Lets a request through, or refuses it.
pub async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if is_from_elsewhere(headers) {
        return refusal(StatusCode::FORBIDDEN, "requests from pages of other sites are refused")
            .into_response();
    }
    let mut remember = None;
    match &service.settings().token {
        None if !is_local(headers) => {
            return refusal(StatusCode::FORBIDDEN, "without a token, only localhost is answered")
                .into_response();
        }
        None => {}
        Some(_) if request.uri().path() == "/health" => {}
        Some(token) => {
            let in_address = parameter(request.uri().query().unwrap_or_default());
            if in_address.is_some_and(|given| equal(given, token)) {
                remember = Some(format!("{TOKEN}={token}; HttpOnly; SameSite=Strict; Path=/"));
            } else if !header(headers).is_some_and(|given| equal(given, token)) {
                let words = "no token: give it as `Authorization: Bearer TOKEN` or `?token=TOKEN`";
                return refusal(StatusCode::UNAUTHORIZED, words).into_response();
            }
        }
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    // The address may hold the token.
    headers.insert(
        HeaderName::from_static("referrer-policy"),
        HeaderValue::from_static("no-referrer"),
    );
    if let Some(cookie) = remember.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        headers.insert(SET_COOKIE, cookie);
    }
    response
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a browser asks for a page that came from elsewhere.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let host = text(headers, HOST).unwrap_or_default();
    headers.contains_key(ORIGIN)
        && text(headers, ORIGIN)
            .and_then(|origin| origin.split_once("://"))
            .is_none_or(|(_, own)| own != host)
}

/// Whether the name that was asked for is one of this machine's own: a name from elsewhere may have been made
/// to lead here.
fn is_local(headers: &HeaderMap) -> bool {
    let host = text(headers, HOST).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    ["localhost", "127.0.0.1", "[::1]"].contains(&name.map_or(host, |(name, _)| name))
}

/// The token in the address.
fn parameter(query: &str) -> Option<&str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| [TOKEN, API_KEY].contains(name)).map(|(_, value)| value)
}

/// The token in a header or in the cookie that an earlier answer left.
fn header(headers: &HeaderMap) -> Option<&str> {
    let bearer = || text(headers, AUTHORIZATION)?.strip_prefix("Bearer ");
    let cookies = || text(headers, COOKIE).into_iter().flat_map(|all| all.split("; "));
    let cookie = || cookies().find_map(|cookie| cookie.strip_prefix(TOKEN)?.strip_prefix('='));
    bearer().or_else(cookie)
}

/// Whether two texts are equal, in a time that does not tell where they differ.
fn equal(given: &str, token: &str) -> bool {
    let differ = given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differ) == 0 && given.len() == token.len()
}
