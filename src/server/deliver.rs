//! Delivering an outcome: hold it, then send it whole, slowly, in part, or not at all. How a delivery waits is in
//! `waiting.rs`, how a body is sent piece by piece in `feed.rs`. The result is noted in the tenant's journal.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::ext::ReasonPhrase;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, CONTENT_TYPE, Entry, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use smallvec::smallvec;

use super::body::{Broken, Outgoing};
use super::budget::Budget;
use super::dispatch::{self, Answered, Stream};
use super::feed::{Reader, Slowly, feed};
use super::follow::follow;
use super::holds::Holds;
use super::vitals::{OpenRequest, Vitals};
use super::waiting::{OpenDelivery, Unbounded, note_leaving, or_stopping};
use super::{Shared, monotonic_ns, wall_now};
use crate::clock::Timestamp;
use crate::control;
use crate::tenant::agenda::Wait;
use crate::tenant::{ExchangeId, Tenant};
use crate::wire::reply::{Fields, JSON, NAMELESS};
use crate::wire::{Delivery, Manner, Outcome, Refusal, Reply, Stamp, TrackingId, cors};

/// What a delivery needs to know about the request it answers.
pub(super) struct Recipient {
    pub(super) connection: u64,
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) vitals: Arc<Vitals>,
    pub(super) shared: Arc<Shared>,
    pub(super) open: OpenRequest,
}

/// Delivers an outcome at once, or gives it back: it waits, is not delivered as it is, or there is no room for it now, for
/// which it is refused where those are delivered that wait.
pub(super) fn deliver_at_once(
    answered: Answered,
    method: &Method,
    answers: &Arc<Budget>,
) -> Result<Response<Outgoing>, Box<Answered>> {
    let room = answered.is_long().then(|| answered.room_in(answers));
    if !answered.is_told_at_once() || matches!(room, Some(None)) {
        return Err(Box::new(answered));
    }
    let response = response(answered.outcome.reply, answered.outcome.stamp.as_ref(), method);
    Ok(match room.flatten() {
        Some(taken) => response.map(|body| body.keeping(taken)),
        None => response,
    })
}

/// Delivers an outcome. `Err` aborts the exchange: the connection in HTTP/1.1, the stream in HTTP/2.
pub(super) async fn deliver(
    answered: Answered,
    mut recipient: Recipient,
) -> Result<Response<Outgoing>, Broken> {
    let room = answered.is_long().then(|| answered.room_in(&recipient.shared.answers));
    let Answered { outcome, tenant, stream } = answered;
    let delivery = outcome.delivery;
    let body = outcome.reply.body.clone();
    let mut response = response(outcome.reply, outcome.stamp.as_ref(), &recipient.method);
    let Some(tenant) = tenant else { return Ok(response) };
    let exchange = ExchangeId { epoch: outcome.trace.epoch, seq: outcome.trace.seq };
    if let Some(room) = room {
        let Some(taken) = room else {
            let text = format!(
                "{} bytes of answers wait for their clients, which is the limit (--max-answers-in-flight)",
                recipient.shared.answers.limit()
            );
            return Ok(refuse_to_send(&tenant, exchange, &recipient, &response, text));
        };
        response = response.map(|body| body.keeping(taken));
    }
    let is_followed = matches!(stream, Some(Stream::Follow(_)));
    if is_followed || delivery.waits() {
        match Holds::take(&recipient.shared.holds, tenant.name(), recipient.connection) {
            Ok(place) => recipient.open.keep(place),
            Err(limit) => return Ok(refuse_to_send(&tenant, exchange, &recipient, &response, limit)),
        }
    }
    if let Some(stream) = stream {
        return Ok(streamed(response, stream, body.len(), tenant, recipient));
    }
    if delivery == Delivery::default() {
        return Ok(response);
    }
    let decided = outcome.trace.at_millis.map_or_else(wall_now, Timestamp::from_millis);
    let open = OpenDelivery { tenant: &tenant, exchange, at: decided, is_over: false };
    misdeliver(open, delivery, response, body, recipient).await
}

/// An answer that goes on after its first piece: a journal that is followed, or a body in pages. `first_bytes` is how long
/// the first is.
fn streamed(
    mut response: Response<Outgoing>,
    stream: Stream,
    first_bytes: usize,
    tenant: Arc<Tenant>,
    recipient: Recipient,
) -> Response<Outgoing> {
    match stream {
        Stream::Follow(follower) => {
            let reader =
                Reader { vitals: Arc::clone(&recipient.vitals), stopping: recipient.shared.stopping.clone() };
            let pieces = follow(tenant, follower, reader);
            response.map(|_| Outgoing::fed(pieces, None, recipient.open))
        }
        Stream::Pages(pages) if recipient.method == Method::HEAD => {
            let rest: usize = pages.iter().map(Bytes::len).sum();
            response.headers_mut().insert(CONTENT_LENGTH, (first_bytes + rest).into());
            response
        }
        Stream::Pages(pages) => response.map(|first| first.going_on_with(pages)),
    }
}

/// Delivers an answer that comes late, slowly, in part, or not at all.
async fn misdeliver(
    mut delivery: OpenDelivery<'_>,
    Delivery { hold, manner }: Delivery,
    response: Response<Outgoing>,
    body: Bytes,
    recipient: Recipient,
) -> Result<Response<Outgoing>, Broken> {
    let (tenant, exchange) = (delivery.tenant, delivery.exchange);
    let stopping = &recipient.shared.stopping;
    let vitals = &recipient.vitals;
    if let Some(hold) = hold {
        // A client that has closed its half may still read; one that gave up did the same.
        tokio::select! {
            () = delivery.wait(Wait::Hold, hold, stopping) => {}
            never = note_leaving(tenant, exchange, vitals) => match never {},
        }
    }
    let is_silent = body.is_empty() || recipient.method == Method::HEAD;
    let delivered = match manner {
        Manner::Whole => {
            delivery.note_told(if is_silent { 0 } else { body.len() });
            Ok(response)
        }
        Manner::Trickle { .. } if is_silent => {
            delivery.note_told(0);
            Ok(response)
        }
        Manner::Trickle { chunk_bytes, pause } => {
            let promised = Some(body.len() as u64);
            let reader = Reader { vitals: Arc::clone(vitals), stopping: stopping.clone() };
            let slowly = Slowly { chunk_bytes, pause, reader };
            let pieces = feed(Arc::clone(tenant), exchange, delivery.at, body, slowly);
            Ok(response.map(|_| Outgoing::fed(pieces, promised, recipient.open)))
        }
        Manner::Cut { after_bytes } => {
            if hold.is_some() {
                delivery.note_told(after_bytes);
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
        Manner::Hang { limit } => {
            if has_left_hanging(&mut delivery, limit, &recipient).await {
                // The delivery is not over, and so notes that.
                return close(&recipient);
            }
            close(&recipient)
        }
    };
    delivery.is_over = true;
    drop(delivery);
    delivered
}

/// Says nothing for so long or, without a limit, until the tenant is reset or deleted; returns early, with true, when the
/// client is seen to close its half.
async fn has_left_hanging(
    delivery: &mut OpenDelivery<'_>,
    limit: Option<Duration>,
    recipient: &Recipient,
) -> bool {
    let stopping = &recipient.shared.stopping;
    let hanging = async {
        if let Some(limit) = limit {
            return delivery.wait(Wait::Hang, limit, stopping).await;
        }
        let open = Unbounded::new(delivery.tenant, delivery.exchange);
        or_stopping(open.released(), stopping).await;
    };
    tokio::select! {
        () = hanging => false,
        () = recipient.vitals.left() => true,
    }
}

/// 503 at once, instead of one more answer that waits, or that its client has to take. What the service did stays done,
/// as it does whenever an answer is lost; the journal has what the client was told.
fn refuse_to_send(
    tenant: &Tenant,
    exchange: ExchangeId,
    recipient: &Recipient,
    instead_of: &Response<Outgoing>,
    text: String,
) -> Response<Outgoing> {
    tracing::warn!("an answer was refused: {text}");
    let status = StatusCode::SERVICE_UNAVAILABLE;
    if exchange.seq == 0 {
        return response(control::refusal(status, &text).reply, None, &recipient.method);
    }
    let wall = wall_now();
    let refusal = Refusal::OverLimit { status, text: text.clone() };
    let Outcome { mut reply, stamp, .. } = dispatch::refuse(&recipient.shared.world, &refusal, wall).outcome;
    if let Some(origin) = instead_of.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN) {
        cors::show(&mut reply, origin);
    }
    tenant.note_refusal(exchange, reply.clone(), text, wall, monotonic_ns());
    response(reply, stamp.as_ref(), &recipient.method)
}

fn close(recipient: &Recipient) -> Result<Response<Outgoing>, Broken> {
    if recipient.version == Version::HTTP_2 {
        recipient.vitals.goodbye.notify_one();
    }
    Err(Broken)
}

/// As many header fields as nearly every answer has.
const USUAL_FIELDS: usize = 8;

/// The header fields of most answers, with a stamp of no reply: to copy a map costs less than to make one.
static USUAL: LazyLock<HeaderMap> = LazyLock::new(|| {
    let stamp = Stamp { tracking_id: TrackingId([0; 16]), date: HeaderValue::from_static("") };
    make_header_fields(smallvec![(CONTENT_TYPE, JSON)], Some(&stamp))
});

/// The header fields of an answer in their order: its own, and those of the stamp that it has not.
fn header_fields(own: Fields, stamp: Option<&Stamp>) -> HeaderMap {
    match (&*own, stamp) {
        ([(name, value)], Some(stamp)) if *name == CONTENT_TYPE && *value == JSON => {
            let mut fields = USUAL.clone();
            for (name, value) in stamp.fields_of_its_own() {
                fields.insert(name, value);
            }
            fields
        }
        _ => make_header_fields(own, stamp),
    }
}

fn make_header_fields(own: Fields, stamp: Option<&Stamp>) -> HeaderMap {
    let mut fields = HeaderMap::with_capacity(USUAL_FIELDS);
    for (name, value) in own {
        fields.append(name, value);
    }
    for (name, value) in stamp.into_iter().flat_map(Stamp::fields) {
        if let Entry::Vacant(place) = fields.entry(name) {
            place.insert(value);
        }
    }
    fields
}

pub(super) fn response(reply: Reply, stamp: Option<&Stamp>, method: &Method) -> Response<Outgoing> {
    let mut headers = header_fields(reply.headers, stamp);
    let mut body = reply.body;
    if *method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, body.len().into());
        body = Bytes::new();
    }
    let mut response = Response::new(Outgoing::whole(body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    if reply.status.canonical_reason().is_none() {
        response.extensions_mut().insert(ReasonPhrase::from_static(NAMELESS.as_bytes()));
    }
    response
}
