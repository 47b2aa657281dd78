//! The first bytes of a connection, as HTTP sees them: below TLS, and up to where the client's first request may begin.
//! HTTP/2 opens with a preface and settings, which are no head; until they are complete, the client is as slow as one
//! that has sent part of a head. After them, bytes between requests are the connection's own frames.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::vitals::Vitals;

/// What HTTP/2 opens with.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The length of a frame's head, which follows the preface; its first three bytes are the length of the rest.
const FRAME_HEAD: usize = 9;

/// How much of a connection's opening has been read.
pub(super) struct Opening {
    vitals: Arc<Vitals>,
    /// Bytes of the preface and the frame after it.
    read: usize,
    /// All of them, as far as that is known.
    len: usize,
    is_over: bool,
}

impl Opening {
    pub(super) fn new(vitals: Arc<Vitals>) -> Self {
        Self { vitals, read: 0, len: PREFACE.len() + FRAME_HEAD, is_over: false }
    }

    /// Notes that bytes were read.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.vitals.note_read();
        if !self.is_over {
            self.follow(bytes);
        }
    }

    /// Follows the opening of HTTP/2 until it is complete, or is seen to be no such thing.
    fn follow(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match self.read {
                place if place < PREFACE.len() && byte != PREFACE[place] => {
                    self.is_over = true;
                    return;
                }
                place if (PREFACE.len()..PREFACE.len() + 3).contains(&place) => {
                    self.len += usize::from(byte) << (8 * (PREFACE.len() + 2 - place));
                }
                _ => {}
            }
            self.read += 1;
            if self.read >= self.len {
                self.is_over = true;
                self.vitals.note_http2();
                return;
            }
        }
    }
}

/// What was decrypted, noted as it is read; without TLS the socket does that itself.
pub(super) struct Decrypted<S> {
    stream: S,
    opening: Opening,
}

impl<S> Decrypted<S> {
    pub(super) fn new(stream: S, vitals: Arc<Vitals>) -> Self {
        Self { stream, opening: Opening::new(vitals) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Decrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.opening.note(&buffer.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Decrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether part of a head has arrived after these bytes, however they are cut.
    fn is_reading_head(bytes: &[u8]) -> bool {
        let judged = (1..=bytes.len().max(1)).map(|size| {
            let vitals = Arc::new(Vitals::default());
            let mut opening = Opening::new(Arc::clone(&vitals));
            bytes.chunks(size).for_each(|piece| opening.note(piece));
            vitals.is_reading_head()
        });
        let judged: Vec<_> = judged.collect();
        assert!(judged.iter().all(|one| *one == judged[0]), "{judged:?}");
        judged[0]
    }

    #[test]
    fn settings_end_the_opening_of_http_2_and_no_head_has_begun() {
        assert!(!is_reading_head(b""));
        let opening = |settings: &[u8]| is_reading_head(&[PREFACE, settings].concat());
        assert!(opening(b""));
        assert!(opening(b"\0\0\0\x04\0\0\0\0"));
        assert!(!opening(b"\0\0\0\x04\0\0\0\0\0"));
        assert!(opening(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x01\0"));
        assert!(!opening(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x01\0\0"));
        // Later frames are no head either.
        assert!(!opening(b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0"));
        for head in ["P", "PUT / HTTP/1.1\r\n", "PRI / HTTP/1.1\r\n"] {
            assert!(is_reading_head(head.as_bytes()), "{head}");
        }
    }
}
