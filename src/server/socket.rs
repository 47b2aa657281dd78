//! A connection's socket: notes its traffic, and is reset instead of closed where a scenario says so. While an answer
//! waits, HTTP/1.1 does not read; the socket then reads ahead, so that it is seen when the client closes its half.

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
/// How many bytes are read ahead at most. The end of a client that sends more while it waits is seen later.
const AHEAD: usize = 64 << 10;

/// A socket and what is known of its connection.
pub(super) struct Socket {
    stream: TcpStream,
    vitals: Arc<Vitals>,
    /// Notes what is read; over TLS that is done where it has been decrypted.
    opening: Option<Opening>,
    /// What was read while an answer waited, where anything was.
    ahead: Option<Box<Ahead>>,
}

/// What was read ahead of HTTP.
#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    /// Whether the client has closed its half after them.
    is_end: bool,
}

impl Ahead {
    /// Reads until there is nothing at hand, or too much.
    fn fill(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> io::Result<()> {
        let mut piece = [0; 4_096];
        while !self.is_end && self.bytes.len() < AHEAD {
            let mut buffer = ReadBuf::new(&mut piece);
            let Poll::Ready(read) = Pin::new(&mut *stream).poll_read(context, &mut buffer) else { break };
            read?;
            self.is_end = buffer.filled().is_empty();
            self.bytes.extend_from_slice(buffer.filled());
        }
        Ok(())
    }

    /// Hands on what was read, or the end.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let len = self.bytes.len().min(buffer.remaining());
        buffer.put_slice(&self.bytes[..len]);
        self.bytes.drain(..len);
    }

    /// Whether there is nothing to hand on, so that the socket itself is read again.
    fn is_used_up(&self) -> bool {
        self.bytes.is_empty() && !self.is_end
    }
}

impl Socket {
    pub(super) fn new(stream: TcpStream, vitals: Arc<Vitals>, is_secure: bool) -> Self {
        // Answers are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let opening = (!is_secure).then(|| Opening::new(Arc::clone(&vitals)));
        Self { stream, vitals, opening, ahead: None }
    }

    /// Reads ahead, and notes whether the client has closed its half.
    fn look_ahead(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let ahead = self.ahead.get_or_insert_default();
        ahead.fill(&mut self.stream, context)?;
        if ahead.is_end {
            self.vitals.note_left();
        } else if ahead.bytes.is_empty() {
            self.ahead = None;
        }
        Ok(())
    }

    fn read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(ahead) = &mut self.ahead else {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        };
        ahead.give(buffer);
        if ahead.is_used_up() {
            self.ahead = None;
        }
        Poll::Ready(Ok(()))
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
        let polled = self.read(context, buffer);
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
        // HTTP flushes whenever it has nothing to write, and so before it waits for an answer.
        if self.vitals.is_waiting() {
            self.look_ahead(context)?;
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
