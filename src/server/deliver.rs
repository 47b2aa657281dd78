//! Carrying an outcome out: hold, then say it whole, slowly, in part, or not at all. Everything that waits for
//! a tenant waits here, in the tenant's time.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Response, StatusCode, Version};
use tokio::sync::{mpsc, watch};

use super::body::{Broken, Outgoing};
use super::dispatch::{self, Answered};
use super::vitals::{Open, Vitals};
use super::{Shared, pause, wall_now};
use crate::clock::{Clock, Timestamp};
use crate::control;
use crate::tenant::Tenant;
use crate::tenant::journal::Filter;
use crate::wire::{Delivery, Manner, Refusal, Reply};

/// What a delivery is told about the request it answers.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) vitals: Arc<Vitals>,
    pub(super) shared: Arc<Shared>,
    pub(super) open: Open,
}

/// Carries an outcome out. `Err` breaks the exchange off: the connection in HTTP/1.1, the stream in HTTP/2.
pub(super) async fn deliver(answered: Answered, mut asked: Asked) -> Result<Response<Outgoing>, Broken> {
    let Answered { outcome, tenant, follow } = answered;
    let Delivery { hold, manner } = outcome.delivery;
    let body = outcome.reply.body.clone();
    let response = response(outcome.reply, &asked.method);
    let Some(tenant) = tenant else { return Ok(response) };
    if follow.is_some() || outcome.delivery.waits() {
        match Arc::clone(&asked.shared.holds).try_acquire_owned() {
            Ok(place) => asked.open.keep(place),
            Err(_) => return Ok(refuse_to_wait(&tenant, outcome.trace.seq, &asked)),
        }
    }
    if let Some(filter) = follow {
        let pieces = follow_journal(tenant, body, filter, asked.shared.stopping.clone());
        return Ok(response.map(|_| Outgoing::Fed { pieces, promised: None, open: asked.open }));
    }
    if hold.is_none() && manner == Manner::Whole {
        return Ok(response);
    }
    // Until it is told otherwise, the watch takes a dropped delivery for a client that left.
    let watch = Watch::new(&tenant, outcome.trace.seq);
    let decided = outcome.trace.at_millis.map(Timestamp::from_millis);
    if let Some(hold) = hold {
        // A server that stops says at once what it has to say.
        or_stopping(wait(&tenant, decided, hold), &asked.shared.stopping).await;
    }
    let is_silent = body.is_empty() || asked.method == Method::HEAD;
    let delivered = match manner {
        Manner::Whole => Ok(response),
        Manner::Trickle { .. } if is_silent => Ok(response),
        Manner::Trickle { chunk_bytes, pause } => {
            let promised = Some(body.len() as u64);
            let slowly = Slowly { chunk_bytes, pause, stopping: asked.shared.stopping.clone() };
            let pieces = feed(Arc::clone(&tenant), outcome.trace.seq, body, slowly);
            Ok(response.map(|_| Outgoing::Fed { pieces, promised, open: asked.open }))
        }
        Manner::Cut { after_bytes } => Ok(response.map(|_| Outgoing::cut(&body, after_bytes))),
        Manner::Close => close(&asked),
        Manner::Reset => {
            if asked.version != Version::HTTP_2 {
                asked.vitals.reset();
            }
            Err(Broken)
        }
        Manner::Hang { limit: None } => {
            or_stopping(std::future::pending(), &asked.shared.stopping).await;
            close(&asked)
        }
        Manner::Hang { limit: Some(limit) } => {
            let from = decided.map(|at| at.plus(hold.unwrap_or_default()));
            or_stopping(wait(&tenant, from, limit), &asked.shared.stopping).await;
            close(&asked)
        }
    };
    watch.end();
    delivered
}

/// 503 at once, instead of one more answer that waits. What the service did stays done, as it does whenever an
/// answer is lost; the journal has what the client was told.
fn refuse_to_wait(tenant: &Tenant, seq: u64, asked: &Asked) -> Response<Outgoing> {
    let text = format!("{} answers wait, which is the limit (--max-holds)", asked.shared.limits.max_holds);
    tracing::warn!("an answer was refused: {text}");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if seq == 0 {
        return response(control::refusal(status, &text).reply, &asked.method);
    }
    let fate = format!("refused, {text}");
    let reply =
        dispatch::refuse(&asked.shared.world, &Refusal::OverLimit { status, text }, wall_now()).outcome.reply;
    tenant.lock().journal.note_refusal(seq, reply.clone(), fate);
    response(reply, &asked.method)
}

/// Notes in the journal when a client leaves before it was told anything.
struct Watch<'a> {
    tenant: &'a Tenant,
    seq: u64,
    is_over: bool,
}

impl<'a> Watch<'a> {
    fn new(tenant: &'a Tenant, seq: u64) -> Self {
        Self { tenant, seq, is_over: false }
    }

    fn end(mut self) {
        self.is_over = true;
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tenant
                .lock()
                .journal
                .note_fate(self.seq, "the client left before it was told anything".to_owned());
        }
    }
}

/// Sends the events so far, and further ones as they come, until the client leaves or the server stops.
fn follow_journal(
    tenant: Arc<Tenant>,
    so_far: Bytes,
    mut filter: Filter,
    mut stopping: watch::Receiver<bool>,
) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut piece = so_far;
        loop {
            let mut grew = std::pin::pin!(tenant.journal_grew());
            grew.as_mut().enable();
            if !piece.is_empty() && feeder.send(piece).await.is_err() {
                return;
            }
            let (events, last) = dispatch::events(&tenant, &filter);
            (piece, filter.after) = (events.into(), last);
            if piece.is_empty() {
                tokio::select! {
                    () = grew => {}
                    () = feeder.closed() => return,
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                }
            }
        }
    });
    pieces
}

/// Waits, but not longer than until the server stops.
async fn or_stopping(waiting: impl Future<Output = ()>, stopping: &watch::Receiver<bool>) {
    let mut stopping = stopping.clone();
    tokio::select! {
        () = waiting => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

fn close(asked: &Asked) -> Result<Response<Outgoing>, Broken> {
    if asked.version == Version::HTTP_2 {
        asked.vitals.goodbye.notify_one();
    }
    Err(Broken)
}

pub(super) fn response(reply: Reply, method: &Method) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::whole(reply.body.clone()));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().append(name, value);
    }
    if *method == Method::HEAD {
        response.headers_mut().insert(CONTENT_LENGTH, reply.body.len().into());
        *response.body_mut() = Outgoing::whole(Bytes::new());
    }
    response
}

/// How a body is fed.
struct Slowly {
    chunk_bytes: usize,
    pause: Duration,
    stopping: watch::Receiver<bool>,
}

/// Feeds a body a chunk at a time, for as long as somebody reads. A server that stops pauses no more.
fn feed(tenant: Arc<Tenant>, seq: u64, body: Bytes, slowly: Slowly) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut rest = body;
        let mut sent = 0;
        while !rest.is_empty() {
            let piece = rest.split_to(slowly.chunk_bytes.min(rest.len()));
            let len = piece.len();
            if feeder.send(piece).await.is_err() {
                tenant.lock().journal.note_fate(seq, format!("the client left after {sent} bytes or fewer"));
                return;
            }
            sent += len;
            if !rest.is_empty() {
                or_stopping(wait(&tenant, None, slowly.pause), &slowly.stopping).await;
            }
        }
    });
    pieces
}

/// Waits until so much of the tenant's time has passed since `from` (now, when absent): by itself while its clock
/// runs, or by being moved, also between `from` and now.
async fn wait(tenant: &Tenant, from: Option<Timestamp>, duration: Duration) {
    let deadline = from.unwrap_or_else(|| tenant.lock().clock.now(wall_now())).plus(duration);
    let mut left = duration;
    while !left.is_zero() {
        let mut moved = std::pin::pin!(tenant.clock_moved());
        // Listen first, then look: a move between the two is not missed.
        moved.as_mut().enable();
        let clock = tenant.lock().clock;
        let until_deadline = deadline.since(clock.now(wall_now()));
        match clock {
            Clock::Manual { .. } if until_deadline.is_zero() => return,
            Clock::Manual { .. } => moved.await,
            // The tenant's time is in whole milliseconds; what is left is not rounded down to them.
            Clock::Auto { .. } => tokio::select! {
                () = pause(left.min(until_deadline + Duration::from_millis(1))) => return,
                () = moved => {}
            },
        }
        left = deadline.since(tenant.lock().clock.now(wall_now()));
    }
}
