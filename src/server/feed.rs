//! Bodies that are sent piece by piece: one that trickles, and a journal that is followed.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{mpsc, watch};

use super::waiting::Course;
use super::{dispatch, monotonic_ns, wall_now};
use crate::clock::Timestamp;
use crate::journal::Filter;
use crate::tenant::agenda::Wait;
use crate::tenant::{ExchangeId, Tenant};

/// How a body is fed.
pub(super) struct Slowly {
    pub(super) chunk_bytes: usize,
    pub(super) pause: Duration,
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

/// Sends the events so far, and further ones as they happen, until the client leaves, the tenant is deleted or the
/// server stops. When the tenant is reset, its journal is followed from its new beginning.
pub(super) fn follow_journal(
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
