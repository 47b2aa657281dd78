//! How request bodies are read.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use hyper::body::{Body as _, Bytes, Incoming};

use super::budget::{Budget, Taken};
use crate::wire::Body;

/// What bodies take before they are read: some of what those of all connections may, and of what those of one may.
/// There is no share of a tenant's: who sends a body may name any tenant, `--body-timeout` ends what waits, and the only
/// tenant of most servers would have half of what there is.
pub(super) struct Share<'a> {
    all: Taken<&'a Budget>,
    own: Taken<&'a Budget>,
    /// What all may take.
    most: usize,
    /// Of large ones only what has come is taken: who says that one comes and sends none keeps no other from being read.
    is_as_it_comes: bool,
}

impl<'a> Share<'a> {
    /// Nothing so far of the budgets of all connections and of one.
    pub(super) fn of(all: &'a Budget, own: &'a Budget, is_as_it_comes: bool) -> Self {
        let most = all.limit();
        Self { all: Taken::nothing_of(all), own: Taken::nothing_of(own), most, is_as_it_comes }
    }

    /// Takes what is announced.
    fn begin(&mut self, announced: usize) -> Result<(), Unread> {
        if !self.is_as_it_comes {
            return self.grow_to(announced);
        }
        if announced > self.most { Err(Unread::NoRoom) } else { Ok(()) }
    }

    /// Takes what has come.
    fn grow_to(&mut self, bytes: usize) -> Result<(), Unread> {
        if !self.all.grow_to(bytes) {
            return Err(Unread::NoRoom);
        }
        // The only one of a connection may be as long as any.
        if self.own.grow_alone_to(bytes) { Ok(()) } else { Err(Unread::NoRoomOnConnection) }
    }
}

/// Longer bodies are not kept as parts of a connection's buffer; the journal copies shorter ones anyway.
const LONG: usize = 4 << 10;

/// Why a body was not read.
pub(super) enum Unread {
    /// It broke off, or its chunks are malformed.
    Broken,
    /// There is no room for it now.
    NoRoom,
    /// There is none for it beside the others on its connection.
    NoRoomOnConnection,
}

/// Reads a request's body to its end, or as far as the limit.
///
/// A client that sends everything before it reads would see a broken connection instead of the 413, so a body
/// that is not much too long is read to its end and discarded, unless the client waits for `100 Continue`.
///
/// Its bytes are taken from budgets before they are read: all that are announced at once, or as they come.
pub(super) async fn read(
    mut incoming: Incoming,
    limit: usize,
    is_waiting_for_continue: bool,
    share: &mut Share<'_>,
) -> Result<Body, Unread> {
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        if !is_waiting_for_continue && announced <= limit.saturating_add(THROWN_AWAY) {
            throw_away(incoming, announced).await;
        }
        return Ok(Body::TooLarge { limit });
    }
    share.begin(announced)?;
    let mut whole = Bytes::new();
    let mut joined: Vec<u8> = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        let len = whole.len() + joined.len() + data.len();
        if len > limit {
            throw_away(incoming, THROWN_AWAY).await;
            return Ok(Body::TooLarge { limit });
        }
        if len > announced || share.is_as_it_comes {
            share.grow_to(len)?;
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
