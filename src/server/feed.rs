//! A body that trickles: it is sent piece by piece.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{mpsc, watch};

use super::vitals::Vitals;
use super::waiting::OpenDelivery;
use super::{monotonic_ns, wall_now};
use crate::clock::Timestamp;
use crate::tenant::agenda::Wait;
use crate::tenant::{ExchangeId, Tenant};

/// How a body is fed.
pub(super) struct Slowly {
    pub(super) chunk_bytes: usize,
    pub(super) pause: Duration,
    pub(super) reader: Reader,
}

/// Who is fed, and until when.
pub(super) struct Reader {
    pub(super) vitals: Arc<Vitals>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Feeds a body a piece at a time, for as long as the client reads; `from` is when, in the tenant's time. A stopping
/// server no longer pauses.
pub(super) fn feed(
    tenant: Arc<Tenant>,
    exchange: ExchangeId,
    from: Timestamp,
    body: Bytes,
    slowly: Slowly,
) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut delivery = OpenDelivery { tenant: &tenant, exchange, at: from, is_over: true };
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
                        () = delivery.wait(Wait::Trickle, slowly.pause, &slowly.reader.stopping) => false,
                        () = feeder.closed() => true,
                        () = slowly.reader.vitals.left() => true,
                    };
            if has_left {
                tenant.note_left(exchange, sent, wall_now(), monotonic_ns());
                return;
            }
        }
        delivery.note_told(sent);
    });
    pieces
}
