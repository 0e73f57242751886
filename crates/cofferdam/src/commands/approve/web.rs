//! The page on which what waits is answered: on the loopback interface, for one person, behind a code that only the terminal shows.
//!
//! Guards against other pages in the same browser (host and origin are checked, forms carry a token, the cookie is strict) and against guessing
//! (five wrong codes close the door for good).

use super::{Desk, page, prompt};
use crate::commands::Exit;
use crate::output;
use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use executor::Answer;
use serde::Deserialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How many wrong codes close the door.
const WRONG: usize = 5;

/// The name of our cookie.
const COOKIE: &str = "cofferdam";

struct Site {
    desk: Desk,
    /// The host and port that the page is reached by.
    hosts: [String; 2],
    door: Mutex<Door>,
    closed: CancellationToken,
}

/// Who may come in.
struct Door {
    code: String,
    wrong: usize,
    /// The key of the browser that came in, and the token of its forms.
    inside: Option<(String, String)>,
}

/// Serves the page until the process is interrupted, or the door is closed.
pub(super) async fn serve(desk: Desk, port: u16) -> anyhow::Result<Exit> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    let code = prompt::code()?;
    output::print(&format!("http://127.0.0.1:{port}/\ncode {code}"));
    let closed = CancellationToken::new();
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let site = Arc::new(Site { desk, hosts, door: Mutex::new(Door { code, wrong: 0, inside: None }), closed: closed.clone() });
    let routes = Router::new()
        .route("/", get(show))
        .route("/code", post(enter))
        .route("/answer", post(answer))
        .layer(middleware::from_fn_with_state(Arc::clone(&site), guard))
        .with_state(site);
    let interrupted = {
        let closed = closed.clone();
        async move {
            tokio::select! {
                () = closed.cancelled() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
    };
    axum::serve(listener, routes).with_graceful_shutdown(interrupted).await?;
    if closed.is_cancelled() {
        output::complain("five codes were wrong: the page is closed; start the command again for another code");
        return Ok(Exit::Program);
    }
    Ok(Exit::Ok)
}

impl Site {
    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of the browser's forms, if it came in.
    fn token(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let given = cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let door = self.door();
        door.inside.as_ref().filter(|(key, _)| same(key, given)).map(|(_, token)| token.clone())
    }
}

/// Compares without telling by its time how much is the same.
fn same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Only our own page, under its own name, and nothing of it kept by anybody.
async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let ours = text(header::HOST).is_some_and(|host| site.hosts.contains(&host));
    let from_us = text(header::ORIGIN).is_none_or(|origin| site.hosts.iter().any(|host| origin == format!("http://{host}")));
    let mut response =
        if ours && from_us { next.run(request).await } else { (StatusCode::FORBIDDEN, "this is another site's request\n").into_response() };
    for (name, value) in [
        ("content-security-policy", page::SECURITY),
        ("cache-control", "no-store"),
        // Not `no-referrer`: under it a browser sends our own forms with `Origin: null`, which is refused.
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    match site.token(&headers) {
        Some(token) => Html(page::list(&site.desk.board.questions(), &token, None)).into_response(),
        None => Html(page::door(false)).into_response(),
    }
}

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    code: String,
}

async fn enter(State(site): State<Arc<Site>>, Form(Code { code }): Form<Code>) -> Response {
    let mut door = site.door();
    if site.closed.is_cancelled() || !same(&door.code, code.trim()) {
        door.wrong += 1;
        if door.wrong >= WRONG {
            site.closed.cancel();
        }
        return (StatusCode::FORBIDDEN, Html(page::door(true))).into_response();
    }
    let (Some(key), Some(token), Ok(next)) = (secret(), secret(), prompt::code()) else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "no randomness\n").into_response();
    };
    // A code opens once; whoever comes next needs another, and then the first browser is out.
    output::print(&format!("a browser came in; the next code is {next}"));
    (door.code, door.wrong) = (next, 0);
    door.inside = Some((key.clone(), token));
    let cookie = format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    token: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    reason: String,
}

async fn answer(State(site): State<Arc<Site>>, headers: HeaderMap, Form(given): Form<Given>) -> Response {
    let Some(token) = site.token(&headers).filter(|token| same(token, &given.token)) else {
        return (StatusCode::FORBIDDEN, Html(page::door(false))).into_response();
    };
    let reason: String = given.reason.chars().take(500).collect();
    let Some(answer) = Answer::parse(&given.decision, &reason) else {
        return (StatusCode::BAD_REQUEST, Html(page::message("There is no such answer."))).into_response();
    };
    let questions = site.desk.board.questions();
    let told = match questions.iter().find(|question| question.id == given.id) {
        Some(question) => site.desk.give(question, &answer),
        None => Err(format!("There is no question {} any more.", given.id)),
    };
    let (status, told) = match told {
        Ok(told) => (StatusCode::OK, told),
        Err(wrong) => (StatusCode::CONFLICT, wrong),
    };
    (status, Html(page::list(&site.desk.board.questions(), &token, Some(&told)))).into_response()
}
