//! Bodies on their way in and out.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};

use crate::wire::Body;

/// Reads a request's body to its end, or as far as the limit.
pub(super) async fn read(mut incoming: Incoming, limit: usize) -> Result<Body, hyper::Error> {
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Ok(Body::TooLarge { limit });
    }
    let mut whole = Bytes::new();
    let mut joined: Vec<u8> = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut incoming).poll_frame(context)).await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.len() + joined.len() + data.len() > limit {
            return Ok(Body::TooLarge { limit });
        }
        // Nearly every body is one frame, which is kept as it is; only a second one makes a copy.
        if whole.is_empty() && joined.is_empty() {
            whole = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut whole));
            joined.extend_from_slice(&data);
        }
    }
    Ok(Body::Whole(if joined.is_empty() { whole } else { joined.into() }))
}

/// A reply's body.
#[derive(Debug)]
pub(super) struct Outgoing(Option<Bytes>);

impl Outgoing {
    /// All of it, at once.
    pub(super) fn whole(body: Bytes) -> Self {
        Self((!body.is_empty()).then_some(body))
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |body| body.len() as u64))
    }
}
