//! The camera's server: who may ask what, within which limits, and how one photo becomes one verdict.

use super::Event;
use super::page;
use super::pairing::{self, Pairing, Refused, Secret, Standing};
use super::verdict::{Outcome, Verdict};
use crate::error::Result;
use crate::photo::PHOTO_BYTES_MAX;
use crate::say;
use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ledger::hash::{Hash, sha256};
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as Turn, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long nothing may come of a photo that is being sent.
const BODY_PAUSE: Duration = Duration::from_secs(20);
/// How long sending one photo may take.
const BODY_LONGEST: Duration = Duration::from_secs(10 * 60);
/// Bytes of a pairing request.
const PAIR_BYTES_MAX: usize = 64;
/// Connections at the same time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 32;
/// Photos that are sent or taken in at the same time: one, and one that the phone gave up and sends again.
const PHOTOS_MAX: usize = 2;
/// Verdicts kept for photos that are sent again.
const VERDICTS_MAX: usize = 4096;
/// A pause after the system had no file descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often it is looked whether a code or a pairing is too old.
const TICK: Duration = Duration::from_secs(1);

const PHOTO_ID: HeaderName = HeaderName::from_static("x-photo");

type Intake = dyn Fn(Vec<u8>) -> Verdict + Send + Sync;

/// What the requests share.
pub(super) struct Room {
    pairing: Mutex<Told>,
    intake: Box<Intake>,
    events: Mutex<Sender<Event>>,
    /// Held while a photo is taken in: one after the other.
    verdicts: Turn<HashMap<u128, (Hash, Verdict)>>,
    places: Arc<Semaphore>,
}

/// The pairing and what was last told of it.
struct Told {
    pairing: Pairing,
    last: Standing,
}

impl Room {
    pub(super) fn new(
        intake: impl Fn(Vec<u8>) -> Verdict + Send + Sync + 'static,
        events: Sender<Event>,
    ) -> Result<Room> {
        let pairing = Pairing::new(Instant::now())?;
        Ok(Room {
            pairing: Mutex::new(Told { pairing, last: Standing::Waiting }),
            intake: Box::new(intake),
            events: Mutex::new(events),
            verdicts: Turn::default(),
            places: Arc::new(Semaphore::new(PHOTOS_MAX)),
        })
    }

    /// Asks something of the pairing; a change of where it stands is told.
    fn ask<T>(&self, ask: impl FnOnce(&mut Pairing, Instant) -> T) -> T {
        let mut told = lock(&self.pairing);
        let now = Instant::now();
        let answer = ask(&mut told.pairing, now);
        let standing = told.pairing.standing(now);
        if standing != told.last {
            told.last = standing;
            self.tell(Event::Standing(standing));
        }
        answer
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = lock(&self.events).send(event);
    }

    pub(super) fn secret(&self) -> Option<Secret> {
        self.ask(|pairing, now| pairing.secret(now))
    }

    pub(super) fn standing(&self) -> Standing {
        self.ask(Pairing::standing)
    }

    pub(super) fn renew(&self) -> Result<()> {
        self.ask(|pairing, now| {
            *pairing = Pairing::new(now)?;
            Ok(())
        })
    }

    /// The verdict on a photo. The same photo sent again has the verdict it had.
    async fn judge(
        self: Arc<Room>,
        id: u128,
        bytes: Vec<u8>,
        _place: OwnedSemaphorePermit,
    ) -> Verdict {
        let mut verdicts = self.verdicts.lock().await;
        let hash = sha256(&bytes);
        match verdicts.get(&id) {
            Some((known, verdict)) if *known == hash => return verdict.clone(),
            _ => {}
        }
        let room = Arc::clone(&self);
        let judged = tokio::task::spawn_blocking(move || (room.intake)(bytes)).await;
        let verdict = judged.unwrap_or_else(|_| {
            Verdict::plain(Outcome::Trouble, None, say!("电脑没能处理这张照片，会再试"))
        });
        if verdict.state != Outcome::Trouble {
            if verdicts.len() >= VERDICTS_MAX {
                verdicts.clear();
            }
            verdicts.insert(id, (hash, verdict.clone()));
        }
        self.tell(Event::Photo(verdict.clone()));
        verdict
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a request was not answered. The page has the words for each.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// Asked under another name than this computer's address, or by another site's page.
    Stranger,
    /// Not the paired phone.
    Unpaired,
    /// Cannot pair.
    Pairing(Refused),
    /// Enough photos are under way.
    Busy,
    /// More bytes than a photo may have.
    Large,
    /// Nothing came for too long.
    Slow,
    /// Not a request that the page makes.
    Broken,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Refusal::Stranger => (StatusCode::MISDIRECTED_REQUEST, json!("stranger")),
            Refusal::Unpaired => (StatusCode::UNAUTHORIZED, json!("unpaired")),
            Refusal::Pairing(why) => (StatusCode::FORBIDDEN, json!(why)),
            Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, json!("busy")),
            Refusal::Large => (StatusCode::PAYLOAD_TOO_LARGE, json!("large")),
            Refusal::Slow => (StatusCode::REQUEST_TIMEOUT, json!("slow")),
            Refusal::Broken => (StatusCode::BAD_REQUEST, json!("broken")),
        };
        (status, Json(json!({ "why": why }))).into_response()
    }
}

type Answer<T> = std::result::Result<T, Refusal>;

/// Answers phones until `stop` is ready or gone.
///
/// # Errors
/// When the listener cannot be used at all.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    room: Arc<Room>,
    mut stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let router = router(Arc::clone(&room));
    let mut tick = tokio::time::interval(TICK);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = tick.tick() => {
                room.standing();
                continue;
            }
            _ = &mut stop => return Ok(()),
        };
        let Ok((stream, local, place)) = accepted else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let router = router.clone().layer(Extension(Local(local)));
        tokio::spawn(async move {
            let _place = place;
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_BYTES_MAX)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            // A phone that goes away ends it with an error; its next request comes on another.
            let _ = served.await;
        });
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    Ok((stream, local, place))
}

fn router(room: Arc<Room>) -> Router {
    page::routes()
        .route("/pair", post(pair).layer(DefaultBodyLimit::max(PAIR_BYTES_MAX)))
        .route("/state", get(state))
        .route("/photo", post(photo))
        .layer(middleware::from_fn(only_here))
        .layer(middleware::map_response(page::guarded))
        .with_state(room)
}

/// The address at which this computer was asked.
#[derive(Clone, Copy)]
struct Local(SocketAddr);

/// Lets only requests through that name this computer by its address: another site's page that had its name pointed here
/// (DNS rebinding) still sends its own name.
async fn only_here(Extension(local): Extension<Local>, request: Request, next: Next) -> Response {
    if at_home(local.0, request.headers()) {
        next.run(request).await
    } else {
        Refusal::Stranger.into_response()
    }
}

fn at_home(local: SocketAddr, headers: &HeaderMap) -> bool {
    let here = local.to_string();
    let host = headers.get(header::HOST).is_some_and(|host| host == here.as_str());
    let origin = headers.get(header::ORIGIN);
    host && origin.is_none_or(|origin| origin == format!("http://{here}").as_str())
}

fn admit(room: &Room, headers: &HeaderMap) -> Answer<()> {
    let token = headers.get(header::AUTHORIZATION);
    let token = token.and_then(|token| pairing::bearer(token.as_bytes()));
    let known = room.ask(|pairing, now| pairing.knows(token, now));
    if known { Ok(()) } else { Err(Refusal::Unpaired) }
}

async fn pair(State(room): State<Arc<Room>>, body: axum::body::Bytes) -> Answer<String> {
    let offered = pairing::request(&body);
    let paired = room.ask(|pairing, now| pairing.pair(offered, now));
    match paired.map_err(|_| Refusal::Busy)? {
        Ok(token) => Ok(token.to_string()),
        Err(why) => {
            room.tell(Event::Refused(why));
            Err(Refusal::Pairing(why))
        }
    }
}

/// Whether the phone is still the paired one, and how large a photo may be.
async fn state(State(room): State<Arc<Room>>, headers: HeaderMap) -> Answer<Response> {
    admit(&room, &headers)?;
    Ok(Json(json!({ "bytes_max": PHOTO_BYTES_MAX })).into_response())
}

async fn photo(State(room): State<Arc<Room>>, request: Request) -> Answer<Response> {
    let (head, body) = request.into_parts();
    admit(&room, &head.headers)?;
    let id = head.headers.get(PHOTO_ID).and_then(|id| pairing::photo_id(id.as_bytes()));
    let id = id.ok_or(Refusal::Broken)?;
    let place = Arc::clone(&room.places).try_acquire_owned().map_err(|_| Refusal::Busy)?;
    let bytes = timeout(BODY_LONGEST, receive(body)).await.map_err(|_| Refusal::Slow)??;
    // On a task of its own: it goes on when the phone does not wait for the answer.
    let verdict = tokio::spawn(room.judge(id, bytes, place)).await.map_err(|_| Refusal::Busy)?;
    let status = match verdict.state {
        Outcome::Trouble => StatusCode::SERVICE_UNAVAILABLE,
        Outcome::Taken | Outcome::Again | Outcome::Bad => StatusCode::OK,
    };
    Ok((status, Json(verdict)).into_response())
}

/// The whole body, in memory: one that was cut leaves nothing.
async fn receive(body: Body) -> Answer<Vec<u8>> {
    let most = usize::try_from(PHOTO_BYTES_MAX).unwrap_or(usize::MAX);
    // What says that it is too large is not read at all.
    if body.size_hint().lower() > PHOTO_BYTES_MAX {
        return Err(Refusal::Large);
    }
    let mut body = Limited::new(body, most);
    let mut bytes = Vec::new();
    loop {
        match timeout(BODY_PAUSE, body.frame()).await.map_err(|_| Refusal::Slow)? {
            None => return Ok(bytes),
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
            Some(Err(why)) if why.is::<LengthLimitError>() => return Err(Refusal::Large),
            Some(Err(_)) => return Err(Refusal::Broken),
        }
    }
}

#[cfg(test)]
mod tests;
