//! A connection's socket: notes its traffic, and is reset instead of closed where a scenario says so.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::opening::Opening;
use super::vitals::Vitals;

/// The longest answer that is copied into one buffer, in bytes.
const SHORT: usize = 1_024;

/// A socket and what is known of its connection.
pub(super) struct Socket {
    stream: TcpStream,
    vitals: Arc<Vitals>,
    /// Notes what is read; over TLS that is done where it has been decrypted.
    opening: Option<Opening>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, vitals: Arc<Vitals>, is_secure: bool) -> Self {
        // Answers are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let opening = (!is_secure).then(|| Opening::new(Arc::clone(&vitals)));
        Self { stream, vitals, opening }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.vitals.is_reset() {
            // No lingering: the kernel discards unsent bytes and sends RST.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(opening) = &mut self.opening {
            opening.note(&buffer.filled()[before..]);
        }
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.vitals.note_write(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // Copying a short answer costs less than passing its pieces to the kernel.
        let mut whole = [0; SHORT];
        let mut len = 0;
        for slice in slices {
            let Some(place) = whole.get_mut(len..len + slice.len()) else {
                let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
                self.vitals.note_write(polled.is_ready());
                return polled;
            };
            place.copy_from_slice(slice);
            len += slice.len();
        }
        self.poll_write(context, &whole[..len])
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
