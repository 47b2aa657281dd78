//! Response bodies.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Bytes, Frame, SizeHint};
use tokio::sync::mpsc;

use super::budget::{Budget, Taken};
use super::stream::{self, Did, PIECE};
use super::vitals::OpenRequest;

/// How long a cut body waits before it breaks off, so that what was sent is on its way.
const BEFORE_THE_BREAK: Duration = Duration::from_millis(10);

/// The pieces of a long body over HTTP/1.1: as much as the library takes at a time.
const LONG_PIECE: usize = 64 << 10;

/// A reply's body.
pub(super) struct Outgoing {
    source: Source,
    /// Over HTTP/2, what the source gave and was not handed out yet.
    rest: Bytes,
    /// How long the pieces are at most in which it is handed out, so that it is seen how much a client takes; 0 when it is
    /// handed out as it comes.
    piece: usize,
    /// A long one takes some of what all together may, until the client has taken it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    taken: Option<Taken<Arc<Budget>>>,
}

/// Where a body comes from.
enum Source {
    /// All of it, at once.
    Whole(Option<Bytes>),
    /// Several, one after the other.
    Pages { pages: VecDeque<Bytes>, left: u64 },
    /// A piece at a time, as it is fed.
    Fed {
        pieces: mpsc::Receiver<Bytes>,
        /// How much is still to come, if known.
        promised: Option<u64>,
        /// The exchange lasts for as long as it is fed.
        #[expect(dead_code, reason = "it is there to be dropped")]
        open: OpenRequest,
    },
    /// Less than promised, then an abrupt end.
    Cut {
        /// What is sent.
        data: Option<Bytes>,
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
        Source::Whole((!body.is_empty()).then_some(body)).into()
    }

    /// The first bytes of it, of which there is at least one, and then a break.
    pub(super) fn cut(body: &Bytes, after_bytes: usize) -> Self {
        let end = after_bytes.min(body.len() - 1);
        let data = (end > 0).then(|| body.slice(..end));
        Source::Cut { data, promised: body.len() as u64, wait: None }.into()
    }

    /// Pieces as they are fed, of this length together if it is known. The request is open until then.
    pub(super) fn fed(pieces: mpsc::Receiver<Bytes>, promised: Option<u64>, open: OpenRequest) -> Self {
        Source::Fed { pieces, promised, open }.into()
    }

    /// The same, which takes this much of a budget until the client has taken nearly all of it: in pieces, because the
    /// library keeps what it was given.
    pub(super) fn keeping(self, taken: Taken<Arc<Budget>>) -> Self {
        Self { taken: Some(taken), piece: LONG_PIECE, ..self }
    }

    /// The same, which is whole so far, and then these.
    pub(super) fn going_on_with(self, pages: Vec<Bytes>) -> Self {
        let Source::Whole(first) = self.source else { return self };
        let pages: VecDeque<_> = first.into_iter().chain(pages).collect();
        let left = pages.iter().map(|page| page.len() as u64).sum();
        Self { source: Source::Pages { pages, left }, ..self }
    }

    /// The same for a stream of HTTP/2: in pieces, so that `stream.rs` sees whether the client takes them.
    pub(super) fn paced(self) -> Self {
        Self { piece: PIECE, ..self }
    }

    /// The next piece of what is at hand. The last byte of all is one of its own: while the client's window is too small
    /// for what comes before, the library asks for nothing more and the stream is not over.
    fn next_piece(&mut self) -> Bytes {
        let len = self.rest.len();
        let most = if len > 1 && self.source.is_used_up() { len - 1 } else { len };
        self.rest.split_to(most.min(self.piece))
    }
}

impl From<Source> for Outgoing {
    fn from(source: Source) -> Self {
        Self { source, rest: Bytes::new(), piece: 0, taken: None }
    }
}

impl Source {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        match self {
            Self::Whole(body) => Poll::Ready(body.take().map(Ok)),
            Self::Pages { pages, left } => Poll::Ready(pages.pop_front().map(|page| {
                *left -= page.len() as u64;
                Ok(page)
            })),
            Self::Fed { pieces, promised, .. } => pieces.poll_recv(context).map(|piece| {
                let piece = piece?;
                *promised = promised.map(|left| left.saturating_sub(piece.len() as u64));
                Some(Ok(piece))
            }),
            Self::Cut { data, wait, .. } => {
                if let Some(data) = data.take() {
                    return Poll::Ready(Some(Ok(data)));
                }
                let wait = wait.get_or_insert_with(|| Box::pin(break_timer()));
                wait.as_mut().poll(context).map(|()| Some(Err(Broken)))
            }
        }
    }

    /// Whether it is known that nothing more comes.
    fn is_used_up(&self) -> bool {
        matches!(self, Self::Whole(None) | Self::Pages { left: 0, .. } | Self::Fed { promised: Some(0), .. })
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.piece == 0 {
            return self.source.poll_next(context).map(|next| next.map(|data| data.map(Frame::data)));
        }
        if self.rest.is_empty() {
            match self.source.poll_next(context) {
                Poll::Ready(Some(Ok(data))) => self.rest = data,
                Poll::Ready(end) => return Poll::Ready(end.map(|end| end.map(Frame::data))),
                Poll::Pending => {
                    stream::note(Did::Wait);
                    return Poll::Pending;
                }
            }
        }
        stream::note(Did::HandOut);
        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && matches!(self.source, Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(body) => {
                let len = self.rest.len() + body.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(len as u64)
            }
            Source::Pages { left, .. } | Source::Fed { promised: Some(left), .. } => {
                SizeHint::with_exact(left + self.rest.len() as u64)
            }
            Source::Cut { promised, .. } => SizeHint::with_exact(*promised),
            Source::Fed { promised: None, .. } => SizeHint::default(),
        }
    }
}

/// Headers and data are flushed while the body waits; without a wait they would be thrown away with the
/// connection.
#[expect(clippy::disallowed_methods, reason = "a wait of the wire, not of the tenant")]
fn break_timer() -> tokio::time::Sleep {
    tokio::time::sleep(BEFORE_THE_BREAK)
}
