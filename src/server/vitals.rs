//! A connection's vital signs: whether a request is open, whether the client sends or reads anything, and what should
//! happen to the socket. Written by the code that reads, answers and delivers; read by the code that decides that a
//! connection has to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use hyper::Version;
use tokio::sync::Notify;

use super::holds::Hold;

/// What is known about a connection, and what should happen to it.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    is_reset: AtomicBool,
    /// In HTTP/2, bytes between requests are the connection's own frames, not heads.
    is_http2: AtomicBool,
    /// Requests that are being answered.
    open: AtomicUsize,
    /// Whether a request has arrived.
    is_used: AtomicBool,
    /// Whether part of a request has arrived.
    is_reading_head: AtomicBool,
    /// Odd while part of an HTTP/2 head has come; grows with every such head.
    http2_heads: AtomicU64,
    /// Grows with all activity.
    activity: AtomicU64,
    /// Odd while the client reads nothing; grows with every such stall.
    stalls: AtomicU64,
    /// Whether an answer waits while HTTP does not read. In HTTP/2 it always does.
    is_waiting: AtomicBool,
    /// Whether the client was seen to close its half of the connection.
    has_left: AtomicBool,
    leaves: Notify,
    /// HTTP/2 sends GOAWAY before it closes.
    pub(super) goodbye: Notify,
}

/// Where in its requests an HTTP/1.1 connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// No request is open, and nothing of the next has come.
    BetweenHeads,
    /// No request is open, and part of the next one's head has come.
    InHead,
    /// A request is open, or it is no HTTP/1.1.
    Elsewhere,
}

impl Vitals {
    /// Notes that a request's head is complete, until the guard is dropped.
    pub(super) fn open(vitals: &Arc<Self>, version: Version) -> OpenRequest {
        vitals.is_http2.store(version == Version::HTTP_2, Ordering::Relaxed);
        vitals.open.fetch_add(1, Ordering::Relaxed);
        vitals.is_reading_head.store(false, Ordering::Relaxed);
        vitals.activity.fetch_add(1, Ordering::Relaxed);
        // One task reads all requests of a connection, so nothing comes between the two.
        let is_reused = vitals.is_used.load(Ordering::Relaxed);
        if !is_reused {
            vitals.is_used.store(true, Ordering::Relaxed);
        }
        OpenRequest { vitals: Arc::clone(vitals), is_reused, place: None }
    }

    /// Notes that bytes have arrived. Those of a head do not count as activity: a client that sends one now and
    /// then gets no more time by it.
    pub(super) fn note_read(&self) {
        if self.open.load(Ordering::Relaxed) > 0 || self.is_http2.load(Ordering::Relaxed) {
            return;
        }
        if !self.is_reading_head.swap(true, Ordering::Relaxed) {
            self.activity.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that HTTP/2 was opened. What was read so far is not a head.
    pub(super) fn note_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
        self.is_reading_head.store(false, Ordering::Relaxed);
        self.activity.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes whether part of an HTTP/2 request's head has come, and not all of it.
    pub(super) fn note_http2_head(&self, is_in_head: bool) {
        if is_odd(self.http2_heads()) != is_in_head {
            self.http2_heads.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A number that grows with every HTTP/2 head of which a part has come, and is odd until the rest has.
    pub(super) fn http2_heads(&self) -> u64 {
        self.http2_heads.load(Ordering::Relaxed)
    }

    /// A number that grows with all activity.
    pub(super) fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Whether a head has started and not ended, and no answer is on its way.
    pub(super) fn is_reading_head(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
            && self.is_reading_head.load(Ordering::Relaxed)
            && !is_odd(self.stalls())
    }

    /// Where in its requests an HTTP/1.1 connection is.
    pub(super) fn place(&self) -> Where {
        if self.open.load(Ordering::Relaxed) > 0 || self.is_http2.load(Ordering::Relaxed) {
            Where::Elsewhere
        } else if self.is_reading_head.load(Ordering::Relaxed) {
            Where::InHead
        } else {
            Where::BetweenHeads
        }
    }

    /// Whether a request has arrived.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Notes whether the client took the bytes that were offered.
    pub(super) fn note_write(&self, has_taken: bool) {
        if is_odd(self.stalls()) == has_taken {
            self.stalls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A number that grows with every stall, and is odd during one.
    pub(super) fn stalls(&self) -> u64 {
        self.stalls.load(Ordering::Relaxed)
    }

    /// Whether nothing is going on.
    pub(super) fn is_idle(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0 && !self.is_reading_head.load(Ordering::Relaxed)
    }

    /// Whether an answer waits while HTTP does not read.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    /// Notes that the client has closed its half: it sends nothing more, and may be gone.
    pub(super) fn note_left(&self) {
        if !self.has_left.swap(true, Ordering::Relaxed) {
            self.leaves.notify_waiters();
        }
    }

    /// Ready when the client was seen to close its half while an answer waited. In HTTP/2 that ends the connection,
    /// and so whatever asks here.
    pub(super) async fn left(&self) {
        let mut leaves = std::pin::pin!(self.leaves.notified());
        // Subscribe first, then check: an end between the two is not missed.
        leaves.as_mut().enable();
        if !self.has_left.load(Ordering::Relaxed) {
            leaves.await;
        }
    }

    /// Asks for the socket to be reset when it is dropped.
    pub(super) fn reset(&self) {
        self.is_reset.store(true, Ordering::Relaxed);
    }

    /// Whether the socket is to be reset when it is dropped.
    pub(super) fn is_reset(&self) -> bool {
        self.is_reset.load(Ordering::Relaxed)
    }
}

/// Whether a number of [`Vitals::stalls`] or [`Vitals::http2_heads`] was read during a stall, or in the middle of a head.
pub(super) fn is_odd(number: u64) -> bool {
    number % 2 == 1
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct OpenRequest {
    vitals: Arc<Vitals>,
    is_reused: bool,
    /// Its answer's place among those that wait.
    place: Option<Box<Hold>>,
}

impl OpenRequest {
    /// Whether the connection had an earlier request.
    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Keeps a waiting answer's place for as long as the request is open.
    pub(super) fn keep(&mut self, place: Hold) {
        self.place = Some(Box::new(place));
        if !self.vitals.is_http2.load(Ordering::Relaxed) {
            self.vitals.is_waiting.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.vitals.is_waiting.store(false, Ordering::Relaxed);
        }
        self.vitals.open.fetch_sub(1, Ordering::Relaxed);
        self.vitals.activity.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_reused_from_its_second_request_on() {
        let vitals = Arc::new(Vitals::default());
        let reused = [(); 3].map(|()| Vitals::open(&vitals, Version::HTTP_11).is_reused());
        assert_eq!(reused, [false, true, true]);
        assert!(!Vitals::open(&Arc::default(), Version::HTTP_2).is_reused());
    }
}
