//! How request bodies are read.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use hyper::body::{Body as _, Bytes, Incoming};

use super::budget::{Budget, Taken};
use crate::wire::Body;

/// Longer bodies are not kept as parts of a connection's buffer; the journal copies shorter ones anyway.
const LONG: usize = 4 << 10;

/// Why a body was not read.
pub(super) enum Unread {
    /// It broke off, or its chunks are malformed.
    Broken,
    /// There is no room for it now.
    NoRoom,
}

/// Reads a request's body to its end, or as far as the limit.
///
/// A client that sends everything before it reads would see a broken connection instead of the 413, so a body
/// that is not much too long is read to its end and discarded, unless the client waits for `100 Continue`.
///
/// Its bytes are taken from a budget before they are read: all that are announced at once, others as they come.
pub(super) async fn read(
    mut incoming: Incoming,
    limit: usize,
    is_waiting_for_continue: bool,
    taken: &mut Taken<&Budget>,
) -> Result<Body, Unread> {
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        if !is_waiting_for_continue && announced <= limit.saturating_add(THROWN_AWAY) {
            throw_away(incoming, announced).await;
        }
        return Ok(Body::TooLarge { limit });
    }
    if !taken.grow_to(announced) {
        return Err(Unread::NoRoom);
    }
    let mut whole = Bytes::new();
    let mut joined: Vec<u8> = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        let len = whole.len() + joined.len() + data.len();
        if len > limit {
            throw_away(incoming, THROWN_AWAY).await;
            return Ok(Body::TooLarge { limit });
        }
        if len > announced && !taken.grow_to(len) {
            return Err(Unread::NoRoom);
        }
        // Nearly every body is one frame, which is kept as it is; only a second one makes a copy.
        if whole.is_empty() && joined.is_empty() {
            whole = data;
        } else {
            joined.reserve_exact(announced.saturating_sub(joined.len()));
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&data);
        }
    }
    if joined.is_empty() {
        // A long one is kept longer than the connection's buffer that it is a part of should be.
        return Ok(Body::Whole(if whole.len() > LONG { Bytes::copy_from_slice(&whole) } else { whole }));
    }
    joined.shrink_to_fit();
    Ok(Body::Whole(joined.into()))
}

/// The output of a future that is ready without waiting. The body of most requests arrives with their
/// head: hyper passes it on between two polls, and then no timer is needed.
pub(super) async fn at_hand<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    let mut is_second = false;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if is_second => Poll::Ready(None),
        Poll::Pending => {
            is_second = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

/// How many bytes beyond the limit are read so that the client sees the refusal.
const THROWN_AWAY: usize = 16 << 20;

/// Reads at most this many bytes more.
async fn throw_away(mut incoming: Incoming, limit: usize) {
    let mut read = 0;
    while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > limit {
            return;
        }
    }
}
