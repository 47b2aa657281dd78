//! What a client sends, as HTTP sees it: below TLS. It is followed as far as it takes to know where a head begins and
//! ends. HTTP/2 opens with a preface and settings, which are not a head; until they are complete, the client is as slow as
//! one that has sent part of a head. After them a head is what HEADERS and CONTINUATION frames hold, and all else between
//! requests is the connection's own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::vitals::Vitals;

/// What HTTP/2 opens with.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The length of a frame's own head: three bytes of length, its kind, its flags and its stream.
const FRAME_HEAD: usize = 9;
/// The kinds of frames that hold a request's head, and the flag that ends it.
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// What is known of what a client has sent.
pub(super) struct Opening {
    vitals: Arc<Vitals>,
    protocol: Protocol,
}

enum Protocol {
    /// So much of HTTP/2's preface has come, and nothing else.
    Unknown(usize),
    Http1,
    Http2(Frames),
}

/// Where in its frames an HTTP/2 connection is.
#[derive(Default)]
struct Frames {
    /// As much of the current frame's head as has come.
    head: [u8; FRAME_HEAD],
    read: usize,
    /// How much of its content is still to come, once its head is complete.
    left: usize,
    /// Whether a request's head has begun in an earlier frame and goes on in the next.
    goes_on: bool,
    /// Whether a frame, which is the settings, has come.
    is_open: bool,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.read < FRAME_HEAD {
                let (piece, rest) = bytes.split_at(bytes.len().min(FRAME_HEAD - self.read));
                self.head[self.read..][..piece.len()].copy_from_slice(piece);
                (self.read, bytes) = (self.read + piece.len(), rest);
                if self.read < FRAME_HEAD {
                    return;
                }
                self.left = u32::from_be_bytes([0, self.head[0], self.head[1], self.head[2]]) as usize;
            }
            let len = self.left.min(bytes.len());
            (self.left, bytes) = (self.left - len, &bytes[len..]);
            if self.left == 0 {
                if self.is_of_head() {
                    self.goes_on = self.head[4] & END_HEADERS == 0;
                }
                (self.read, self.is_open) = (0, true);
            }
        }
    }

    fn is_of_head(&self) -> bool {
        self.read == FRAME_HEAD && [HEADERS, CONTINUATION].contains(&self.head[3])
    }

    /// Whether part of a request's head has come, and not all of it.
    fn is_in_head(&self) -> bool {
        self.goes_on || self.is_of_head()
    }
}

impl Opening {
    pub(super) fn new(vitals: Arc<Vitals>) -> Self {
        Self { vitals, protocol: Protocol::Unknown(0) }
    }

    /// Notes that bytes were read.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.vitals.note_read();
        if !matches!(self.protocol, Protocol::Http1) {
            self.follow(bytes);
        }
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        if let Protocol::Unknown(read) = self.protocol {
            let expected = &PREFACE[read..];
            let (piece, rest) = bytes.split_at(bytes.len().min(expected.len()));
            if !expected.starts_with(piece) {
                self.protocol = Protocol::Http1;
                return;
            }
            self.protocol = if piece.len() == expected.len() {
                Protocol::Http2(Frames::default())
            } else {
                Protocol::Unknown(read + piece.len())
            };
            bytes = rest;
        }
        let Protocol::Http2(frames) = &mut self.protocol else { return };
        let was_open = frames.is_open;
        frames.follow(bytes);
        if frames.is_open && !was_open {
            self.vitals.note_http2();
        }
        if frames.is_open {
            self.vitals.note_http2_head(frames.is_in_head());
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
    use super::super::vitals::is_odd;
    use super::*;

    /// What is said after these bytes, however they are cut.
    fn told(bytes: &[u8], say: impl Fn(&Vitals) -> bool) -> bool {
        let judged = (1..=bytes.len().max(1)).map(|size| {
            let vitals = Arc::new(Vitals::default());
            let mut opening = Opening::new(Arc::clone(&vitals));
            bytes.chunks(size).for_each(|piece| opening.note(piece));
            say(&vitals)
        });
        let judged: Vec<_> = judged.collect();
        assert!(judged.iter().all(|one| *one == judged[0]), "{judged:?}");
        judged[0]
    }

    fn is_reading_head(bytes: &[u8]) -> bool {
        told(bytes, Vitals::is_reading_head)
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
        // Later frames are not a head either.
        assert!(!opening(b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0"));
        let is_in_http2_head = |frames: &[u8]| {
            let settings = b"\0\0\0\x04\0\0\0\0\0";
            told(&[&PREFACE[..], settings, frames].concat(), |vitals| is_odd(vitals.http2_heads()))
        };
        for (frames, expected) in [
            (&b"\0\0\0\x04\x01\0\0\0\0"[..], false),
            (b"\0\0\x02\x01\x05\0\0\0\x01\x82\x86", false),
            (b"\0\0\x02\x01\x05\0\0\0\x01\x82", true),
            (b"\0\0\x02\x01\x01\0\0\0\x01\x82\x86", true),
            (b"\0\0\x02\x01\x01\0\0\0\x01\x82\x86\0\0\x01\x09\0\0\0\0\x01\x84", true),
            (b"\0\0\x02\x01\x01\0\0\0\x01\x82\x86\0\0\x01\x09\x04\0\0\0\x01\x84", false),
        ] {
            assert_eq!(is_in_http2_head(frames), expected, "{frames:x?}");
        }
        for head in ["P", "PUT / HTTP/1.1\r\n", "PRI / HTTP/1.1\r\n"] {
            assert!(is_reading_head(head.as_bytes()), "{head}");
        }
    }
}
