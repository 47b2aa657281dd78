//! Delivering an outcome: hold it, then send it whole, slowly, in part, or not at all. Everything that waits for
//! a tenant waits here, in the tenant's time, and is on its agenda meanwhile. The result is noted in the
//! tenant's journal.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use tokio::sync::{mpsc, watch};

use super::body::{Broken, Outgoing};
use super::dispatch::{self, Answered};
use super::vitals::{OpenRequest, Vitals};
use super::{Shared, monotonic_ns, pause, wall_now};
use crate::clock::Timestamp;
use crate::control;
use crate::journal::Filter;
use crate::tenant::agenda::{QUIET, Wait, WaitId};
use crate::tenant::{Left, Tenant};
use crate::wire::{Delivery, Manner, Outcome, Refusal, Reply, Stamp};

/// What a delivery needs to know about the request it answers.
pub(super) struct Recipient {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) vitals: Arc<Vitals>,
    pub(super) shared: Arc<Shared>,
    pub(super) open: OpenRequest,
}

/// Delivers an outcome. `Err` aborts the exchange: the connection in HTTP/1.1, the stream in HTTP/2.
pub(super) async fn deliver(
    answered: Answered,
    mut recipient: Recipient,
) -> Result<Response<Outgoing>, Broken> {
    let Answered { outcome, tenant, follow } = answered;
    let Delivery { hold, manner } = outcome.delivery;
    let body = outcome.reply.body.clone();
    let response = response(outcome.reply, outcome.stamp.as_ref(), &recipient.method);
    let Some(tenant) = tenant else { return Ok(response) };
    if follow.is_some() || outcome.delivery.waits() {
        match Arc::clone(&recipient.shared.holds).try_acquire_owned() {
            Ok(place) => recipient.open.keep(place),
            Err(_) => return Ok(refuse_to_wait(&tenant, outcome.trace.seq, &recipient)),
        }
    }
    if let Some(filter) = follow {
        let pieces = follow_journal(tenant, body, filter, recipient.shared.stopping.clone());
        return Ok(response.map(|_| Outgoing::Fed { pieces, promised: None, open: recipient.open }));
    }
    if hold.is_none() && manner == Manner::Whole {
        return Ok(response);
    }
    let decided = outcome.trace.at_millis.map_or_else(wall_now, Timestamp::from_millis);
    let mut course = Course { tenant: &tenant, seq: outcome.trace.seq, at: decided, is_over: false };
    let stopping = &recipient.shared.stopping;
    if let Some(hold) = hold {
        course.wait(Wait::Hold, hold, stopping).await;
    }
    let is_silent = body.is_empty() || recipient.method == Method::HEAD;
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
            let pieces = feed(Arc::clone(&tenant), course.seq, course.at, body, slowly);
            Ok(response.map(|_| Outgoing::Fed { pieces, promised, open: recipient.open }))
        }
        Manner::Cut { after_bytes } => {
            if hold.is_some() {
                course.note_told(after_bytes);
            }
            Ok(response.map(|_| Outgoing::cut(&body, after_bytes)))
        }
        Manner::Close => close(&recipient),
        Manner::Reset => {
            if recipient.version != Version::HTTP_2 {
                recipient.vitals.reset();
            }
            Err(Broken)
        }
        Manner::Hang { limit: None } => {
            let _open = Unbounded::new(&tenant);
            or_stopping(std::future::pending(), stopping).await;
            close(&recipient)
        }
        Manner::Hang { limit: Some(limit) } => {
            course.wait(Wait::Hang, limit, stopping).await;
            close(&recipient)
        }
    };
    course.is_over = true;
    drop(course);
    delivered
}

/// 503 at once, instead of one more waiting answer. What the service did stays done, as it does whenever an
/// answer is lost; the journal has what the client was told.
fn refuse_to_wait(tenant: &Tenant, seq: u64, recipient: &Recipient) -> Response<Outgoing> {
    let text = format!(
        "{} answers are waiting, which is the limit (--max-holds)",
        recipient.shared.limits.max_holds
    );
    tracing::warn!("an answer was refused: {text}");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if seq == 0 {
        return response(control::refusal(status, &text).reply, None, &recipient.method);
    }
    let wall = wall_now();
    let refusal = Refusal::OverLimit { status, text: text.clone() };
    let Outcome { reply, stamp, .. } = dispatch::refuse(&recipient.shared.world, &refusal, wall).outcome;
    tenant.note_refusal(seq, reply.clone(), text, wall, monotonic_ns());
    response(reply, stamp.as_ref(), &recipient.method)
}

/// The course of a delivery in the tenant's time. If it is dropped before it is over, the client
/// left, and the journal notes that.
struct Course<'a> {
    tenant: &'a Tenant,
    seq: u64,
    /// How far it has come.
    at: Timestamp,
    is_over: bool,
}

impl Course<'_> {
    /// Waits for this much of the tenant's time. A stopping server sends everything at once.
    async fn wait(&mut self, wait: Wait, duration: Duration, stopping: &watch::Receiver<bool>) {
        let due = self.at.plus(duration);
        let waiting = Waiting::new(self.tenant, due, wait, self.seq);
        or_stopping(waiting.over(duration), stopping).await;
        self.at = due.min(self.tenant.clock(wall_now()).now);
    }

    fn note_told(&self, bytes: usize) {
        self.tenant.note_told(self.seq, Some(self.at), bytes, wall_now(), monotonic_ns());
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tenant.note_left(self.seq, 0, wall_now(), monotonic_ns());
        }
    }
}

/// An answer's place on the agenda.
struct Waiting<'a> {
    tenant: &'a Tenant,
    id: WaitId,
}

impl<'a> Waiting<'a> {
    fn new(tenant: &'a Tenant, due: Timestamp, wait: Wait, seq: u64) -> Self {
        Self { tenant, id: tenant.wait(due, wait, seq, wall_now()) }
    }

    /// Ready when its time has come: by itself while the clock runs, otherwise when the clock is moved. The wall clock
    /// may be set back, so while the clock runs it takes at most `duration` of the machine's time.
    async fn over(&self, duration: Duration) {
        let mut longest = duration;
        loop {
            let mut moved = std::pin::pin!(self.tenant.clock_moved());
            // Subscribe first, then check: a move between the two is not missed.
            moved.as_mut().enable();
            match self.tenant.left(self.id, wall_now()) {
                Left::Over(_) => return,
                Left::Stands => moved.await,
                Left::Skips => tokio::select! {
                    () = pause(QUIET) => {}
                    () = moved => {}
                },
                // The tenant's time is in whole milliseconds; the rest of the wait is not rounded down to them.
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

/// An open request that does not wait for the agenda.
struct Unbounded<'a>(&'a Tenant);

impl<'a> Unbounded<'a> {
    fn new(tenant: &'a Tenant) -> Self {
        tenant.note_unbounded(true);
        Self(tenant)
    }
}

impl Drop for Unbounded<'_> {
    fn drop(&mut self) {
        self.0.note_unbounded(false);
    }
}

/// Sends the events so far, and further ones as they happen, until the client leaves or the server stops.
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

fn close(recipient: &Recipient) -> Result<Response<Outgoing>, Broken> {
    if recipient.version == Version::HTTP_2 {
        recipient.vitals.goodbye.notify_one();
    }
    Err(Broken)
}

/// The header fields of most answers, and the length for HEAD.
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

/// Feeds a body a piece at a time, for as long as the client reads; `from` is when, in the tenant's time. A stopping
/// server no longer pauses.
fn feed(
    tenant: Arc<Tenant>,
    seq: u64,
    from: Timestamp,
    body: Bytes,
    slowly: Slowly,
) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut course = Course { tenant: &tenant, seq, at: from, is_over: true };
        let mut rest = body;
        let mut sent = 0;
        while !rest.is_empty() {
            let piece = rest.split_to(slowly.chunk_bytes.min(rest.len()));
            let len = piece.len();
            if feeder.send(piece).await.is_err() {
                tenant.note_left(seq, sent, wall_now(), monotonic_ns());
                return;
            }
            sent += len;
            if !rest.is_empty() {
                course.wait(Wait::Trickle, slowly.pause, &slowly.stopping).await;
            }
        }
        course.note_told(sent);
    });
    pieces
}
