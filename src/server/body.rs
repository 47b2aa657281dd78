//! Response bodies.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::sync::mpsc;

use super::vitals::OpenRequest;

/// How long a cut body waits before it breaks off, so that what was sent is on its way.
const BEFORE_THE_BREAK: Duration = Duration::from_millis(10);

/// A reply's body.
pub(super) enum Outgoing {
    /// All of it, at once.
    Whole(Option<Bytes>),
    /// A piece at a time, as it is fed.
    Fed {
        /// Where the pieces come from.
        pieces: mpsc::Receiver<Bytes>,
        /// Their total length, if known.
        promised: Option<u64>,
        /// The exchange lasts for as long as it is fed.
        #[expect(dead_code, reason = "it is there to be dropped")]
        open: OpenRequest,
    },
    /// Less than promised, then an abrupt end.
    Cut {
        /// What is sent.
        data: Option<Bytes>,
        /// What is promised.
        promised: u64,
        /// The wait before the break.
        wait: Option<Pin<Box<tokio::time::Sleep>>>,
    },
}

/// An exchange that is broken off on purpose.
#[derive(Debug)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut off by a scenario")
    }
}

impl std::error::Error for Broken {}

impl Outgoing {
    /// All of it, at once.
    pub(super) fn whole(body: Bytes) -> Self {
        Self::Whole((!body.is_empty()).then_some(body))
    }

    /// The first bytes of it, of which there is at least one, and then a break.
    pub(super) fn cut(body: &Bytes, after_bytes: usize) -> Self {
        let end = after_bytes.min(body.len() - 1);
        let data = (end > 0).then(|| body.slice(..end));
        Self::Cut { data, promised: body.len() as u64, wait: None }
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|data| Ok(Frame::data(data)))),
            Self::Fed { pieces, .. } => {
                pieces.poll_recv(context).map(|piece| piece.map(|data| Ok(Frame::data(data))))
            }
            Self::Cut { data, wait, .. } => {
                if let Some(data) = data.take() {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                let wait = wait.get_or_insert_with(|| Box::pin(break_timer()));
                wait.as_mut().poll(context).map(|()| Some(Err(Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Fed { promised: Some(promised), .. } | Self::Cut { promised, .. } => {
                SizeHint::with_exact(*promised)
            }
            Self::Fed { promised: None, .. } => SizeHint::default(),
        }
    }
}

/// Headers and data are flushed while the body waits; without a wait they would be thrown away with the
/// connection.
#[expect(clippy::disallowed_methods, reason = "a wait of the wire, not of the tenant")]
fn break_timer() -> tokio::time::Sleep {
    tokio::time::sleep(BEFORE_THE_BREAK)
}
