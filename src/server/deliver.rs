//! Carrying an outcome out: hold, then tell it whole, slowly, in part, or not at all. Everything that waits for
//! a tenant waits here, in the tenant's time, and stands on its agenda meanwhile. What came of it is noted in the
//! tenant's journal.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use tokio::sync::{mpsc, watch};

use super::body::{Broken, Outgoing};
use super::dispatch::{self, Answered};
use super::vitals::{Open, Vitals};
use super::{Shared, monotonic_ns, pause, wall_now};
use crate::clock::Timestamp;
use crate::control;
use crate::journal::{Filter, Told};
use crate::tenant::agenda::{QUIET, Wait, WaitId};
use crate::tenant::{ExchangeId, Left, Tenant};
use crate::wire::{Delivery, Manner, Outcome, Refusal, Reply, Stamp};

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
    let response = response(outcome.reply, outcome.stamp.as_ref(), &asked.method);
    let Some(tenant) = tenant else { return Ok(response) };
    let exchange = ExchangeId { epoch: outcome.trace.epoch, seq: outcome.trace.seq };
    if follow.is_some() || outcome.delivery.waits() {
        match Arc::clone(&asked.shared.holds).try_acquire_owned() {
            Ok(place) => asked.open.keep(place),
            Err(_) => return Ok(refuse_to_wait(&tenant, exchange, &asked)),
        }
    }
    if let Some(filter) = follow {
        let pieces = follow_journal(tenant, exchange.epoch, body, filter, asked.shared.stopping.clone());
        return Ok(response.map(|_| Outgoing::Fed { pieces, promised: None, open: asked.open }));
    }
    if hold.is_none() && manner == Manner::Whole {
        return Ok(response);
    }
    let decided = outcome.trace.at_millis.map_or_else(wall_now, Timestamp::from_millis);
    let mut course = Course { tenant: &tenant, exchange, at: decided, is_over: false };
    let stopping = &asked.shared.stopping;
    if let Some(hold) = hold {
        course.wait(Wait::Hold, hold, stopping).await;
    }
    let is_silent = body.is_empty() || asked.method == Method::HEAD;
    let delivered = match manner {
        Manner::Whole => {
            course.note_told(if is_silent { 0 } else { body.len() });
            Ok(response)
        }
        Manner::Trickle { .. } if is_silent => {
            course.note_told(0);
            Ok(response)
        }
        Manner::Trickle { chunk_bytes, pause } => {
            let promised = Some(body.len() as u64);
            let slowly = Slowly { chunk_bytes, pause, stopping: stopping.clone() };
            let pieces = feed(Arc::clone(&tenant), exchange, course.at, body, slowly);
            Ok(response.map(|_| Outgoing::Fed { pieces, promised, open: asked.open }))
        }
        Manner::Cut { after_bytes } => {
            if hold.is_some() {
                course.note_told(after_bytes);
            }
            Ok(response.map(|_| Outgoing::cut(&body, after_bytes)))
        }
        Manner::Close => close(&asked),
        Manner::Reset => {
            if asked.version != Version::HTTP_2 {
                asked.vitals.reset();
            }
            Err(Broken)
        }
        Manner::Hang { limit: None } => {
            let open = Unbounded::new(&tenant, exchange);
            or_stopping(open.released(), stopping).await;
            close(&asked)
        }
        Manner::Hang { limit: Some(limit) } => {
            course.wait(Wait::Hang, limit, stopping).await;
            close(&asked)
        }
    };
    course.is_over = true;
    drop(course);
    delivered
}

/// 503 at once, instead of one more answer that waits. What the service did stays done, as it does whenever an
/// answer is lost; the journal has what the client was told.
fn refuse_to_wait(tenant: &Tenant, exchange: ExchangeId, asked: &Asked) -> Response<Outgoing> {
    let text = format!("{} answers wait, which is the limit (--max-holds)", asked.shared.limits.max_holds);
    tracing::warn!("an answer was refused: {text}");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if exchange.seq == 0 {
        return response(control::refusal(status, &text).reply, None, &asked.method);
    }
    let wall = wall_now();
    let refusal = Refusal::OverLimit { status, text: text.clone() };
    let Outcome { reply, stamp, .. } = dispatch::refuse(&asked.shared.world, &refusal, wall).outcome;
    tenant.note_refusal(exchange, reply.clone(), text, wall, monotonic_ns());
    response(reply, stamp.as_ref(), &asked.method)
}

/// The course of a delivery in the tenant's time. One that is dropped before it is over ends because the client
/// left, which the journal is told.
struct Course<'a> {
    tenant: &'a Tenant,
    exchange: ExchangeId,
    /// How far it has come.
    at: Timestamp,
    is_over: bool,
}

impl Course<'_> {
    /// Waits for so much of the tenant's time. A server that stops tells at once what it has to tell.
    async fn wait(&mut self, wait: Wait, duration: Duration, stopping: &watch::Receiver<bool>) {
        let due = self.at.plus(duration);
        let waiting = Waiting::new(self.tenant, due, wait, self.exchange);
        or_stopping(waiting.over(duration), stopping).await;
        self.at = self.tenant.came_to(waiting.id, wall_now());
    }

    fn note_told(&self, bytes: usize) {
        let told = Told { at: self.at, ns: monotonic_ns(), bytes };
        self.tenant.note_told(self.exchange, told, wall_now());
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tenant.note_left(self.exchange, 0, wall_now(), monotonic_ns());
        }
    }
}

/// An answer's place on the agenda.
struct Waiting<'a> {
    tenant: &'a Tenant,
    id: WaitId,
}

impl<'a> Waiting<'a> {
    fn new(tenant: &'a Tenant, due: Timestamp, wait: Wait, exchange: ExchangeId) -> Self {
        Self { tenant, id: tenant.wait(due, wait, exchange, wall_now()) }
    }

    /// Ready when its time has come: by itself while the clock runs, else when the clock is moved; the wall clock
    /// may be set back, so that it is `duration` of the machine's time at most while the clock runs.
    async fn over(&self, duration: Duration) {
        let mut longest = duration;
        loop {
            let mut moved = std::pin::pin!(self.tenant.clock_moved());
            // Listen first, then look: a move between the two is not missed.
            moved.as_mut().enable();
            match self.tenant.left(self.id, wall_now()) {
                Left::Over => return,
                Left::Stands => moved.await,
                Left::Skips => tokio::select! {
                    () = pause(QUIET) => {}
                    () = moved => {}
                },
                // The tenant's time is in whole milliseconds; what is left is not rounded down to them.
                Left::Passes(left) => tokio::select! {
                    () = pause(longest.min(left + Duration::from_millis(1))) => return,
                    () = moved => longest = left,
                },
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tenant.end_wait(self.id, wall_now());
    }
}

/// A request that is open and waits for nothing that time will bring.
struct Unbounded<'a> {
    tenant: &'a Tenant,
    exchange: ExchangeId,
}

impl<'a> Unbounded<'a> {
    fn new(tenant: &'a Tenant, exchange: ExchangeId) -> Self {
        tenant.note_unbounded(exchange, true);
        Self { tenant, exchange }
    }

    /// Ready when the tenant was reset or deleted.
    async fn released(&self) {
        loop {
            let mut moved = std::pin::pin!(self.tenant.clock_moved());
            moved.as_mut().enable();
            if !self.tenant.has(self.exchange) {
                return;
            }
            moved.await;
        }
    }
}

impl Drop for Unbounded<'_> {
    fn drop(&mut self) {
        self.tenant.note_unbounded(self.exchange, false);
    }
}

/// Sends the events so far, and further ones as they come, until the client leaves, the tenant is deleted or the
/// server stops. When the tenant is reset, its journal is followed from its new beginning.
fn follow_journal(
    tenant: Arc<Tenant>,
    mut epoch: u64,
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
            let Some(now) = tenant.epoch() else { return };
            if now != epoch {
                (epoch, filter.after) = (now, 0);
            }
            let (events, last) = dispatch::events(&tenant, &filter, wall_now());
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

/// The fields of most answers, and the length that a HEAD is told.
const USUAL_FIELDS: usize = 8;

pub(super) fn response(reply: Reply, stamp: Option<&Stamp>, method: &Method) -> Response<Outgoing> {
    let mut headers = HeaderMap::with_capacity(USUAL_FIELDS);
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    for (name, value) in stamp.into_iter().flat_map(Stamp::fields) {
        headers.entry(name).or_insert_with(value);
    }
    let mut body = reply.body;
    if *method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, body.len().into());
        body = Bytes::new();
    }
    let mut response = Response::new(Outgoing::whole(body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

/// How a body is fed.
struct Slowly {
    chunk_bytes: usize,
    pause: Duration,
    stopping: watch::Receiver<bool>,
}

/// Feeds a body a piece at a time, for as long as somebody reads; `from` is when, in the tenant's time. A server
/// that stops pauses no more.
fn feed(
    tenant: Arc<Tenant>,
    exchange: ExchangeId,
    from: Timestamp,
    body: Bytes,
    slowly: Slowly,
) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut course = Course { tenant: &tenant, exchange, at: from, is_over: true };
        let mut rest = body;
        let mut sent = 0;
        while !rest.is_empty() {
            let piece = rest.split_to(slowly.chunk_bytes.min(rest.len()));
            let len = piece.len();
            let is_read = feeder.send(piece).await.is_ok();
            sent += if is_read { len } else { 0 };
            let has_left = !is_read
                || !rest.is_empty()
                    && tokio::select! {
                        () = course.wait(Wait::Trickle, slowly.pause, &slowly.stopping) => false,
                        () = feeder.closed() => true,
                    };
            if has_left {
                tenant.note_left(exchange, sent, wall_now(), monotonic_ns());
                return;
            }
        }
        course.note_told(sent);
    });
    pieces
}
