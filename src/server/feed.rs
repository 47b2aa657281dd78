//! Bodies that are sent piece by piece: one that trickles, and a journal that is followed.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{mpsc, watch};

use super::waiting::Course;
use super::{dispatch, monotonic_ns, wall_now};
use crate::clock::Timestamp;
use crate::journal::Filter;
use crate::tenant::Tenant;
use crate::tenant::agenda::Wait;

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

/// Sends the events so far, and further ones as they happen, until the client leaves or the server stops.
pub(super) fn follow_journal(
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
