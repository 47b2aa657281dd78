//! The streams of HTTP/2: each is a task of its own. One whose client takes nothing of its answer for too long ends,
//! alone. The library does not poll a body while a piece of it waits for the client's window, so the task itself is
//! watched: the body notes when it hands out a piece, and none may be held for longer than the write timeout.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::Sleep;

/// The longest piece of a body that is handed out over HTTP/2: progress is seen piece by piece.
pub(super) const PIECE: usize = 16 << 10;

/// Runs the streams of one connection.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    pub(super) connection: u64,
    pub(super) write_timeout: Duration,
}

/// What a stream's body did while its task was polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    /// It was not asked: a piece, if the library has one, still waits.
    Nothing,
    /// It handed out a piece.
    HandOut,
    /// It has none at hand.
    Wait,
}

thread_local! {
    /// Set by the body, while the task it belongs to is polled on this thread.
    static DID: Cell<Did> = const { Cell::new(Did::Nothing) };
}

/// Notes what the body of the stream that is being polled did.
pub(super) fn note(did: Did) {
    DID.set(did);
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(watched(stream, self.clone()));
    }
}

/// A stream, until it is over or held up for too long. Then it is dropped, which resets it.
async fn watched(stream: impl Future<Output = ()>, streams: Streams) {
    let mut stream = pin!(stream);
    // Most answers are taken at once, and need no timer.
    let mut held = None;
    poll_fn(|context| {
        DID.set(Did::Nothing);
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match DID.get() {
            Did::HandOut => held = Some(Box::pin(timer(streams.write_timeout))),
            Did::Wait => held = None,
            Did::Nothing => {}
        }
        is_over(held.as_mut(), context).map(|()| {
            let why = "the client did not read its answer for too long (--write-timeout)";
            tracing::info!(connection = streams.connection, "a stream was reset: {why}");
        })
    })
    .await;
}

fn is_over(held: Option<&mut Pin<Box<Sleep>>>, context: &mut Context<'_>) -> Poll<()> {
    held.map_or(Poll::Pending, |held| held.as_mut().poll(context))
}

#[expect(clippy::disallowed_methods, reason = "a wait of the wire, not of the tenant")]
fn timer(duration: Duration) -> Sleep {
    tokio::time::sleep(duration)
}
