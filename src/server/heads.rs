//! The heads of HTTP/1.1 requests as bytes, below the HTTP library. Bare quotes and angle brackets in a request line are
//! percent-encoded, because published clients write `?filters=name eq "x"` with them and the service's gateway takes it;
//! the library does not. And where the library answers a head that it cannot read with a bare status, our own answer
//! takes its place.
//!
//! A line is looked at only where a head must begin: when no request is open. The head of a request that is pipelined
//! behind another stays as it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::exchanges::Exchanges;
use super::refusal;
use super::vitals::{Vitals, Where};
use crate::wire::scan::position;

/// How much of a head is remembered, for the case that it is refused.
const KEPT: usize = 256;

/// A stream of HTTP, and the head that is being read from it.
pub(super) struct Heads<S> {
    stream: S,
    vitals: Arc<Vitals>,
    exchanges: Exchanges,
    line: Line,
    /// What was read, and for what there was no room once it had been encoded.
    rest: Vec<u8>,
    /// What takes the place of the library's own answer, as far as it was not written yet.
    answer: Vec<u8>,
}

/// How the head that is being read begins.
struct Line {
    kept: [u8; KEPT],
    len: usize,
    /// Whether the line's end has not been seen.
    is_open: bool,
}

/// Whether reading a request line stops at a byte: it is encoded, or the line's end.
#[expect(clippy::needless_bitwise_bool, reason = "many bytes are looked at together")]
fn is_stop(byte: u8) -> bool {
    (byte == b'\n') | (byte == b'"') | (byte == b'<') | (byte == b'>')
}

impl Line {
    /// Notes further bytes of a head; returns them in another form where they need one.
    fn note(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        // Empty lines in front of a head are not part of it.
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let start = if self.len == 0 { bytes.iter().take_while(|byte| is_line_end(byte)).count() } else { 0 };
        let new = &bytes[start..];
        let kept = new.len().min(KEPT - self.len);
        self.kept[self.len..][..kept].copy_from_slice(&new[..kept]);
        self.len += kept;
        if !self.is_open {
            return None;
        }
        let stop = position(new, is_stop)?;
        if new[stop] == b'\n' || !self.begins_as_a_request() {
            self.is_open = false;
            return None;
        }
        let end = new.iter().position(|byte| *byte == b'\n');
        self.is_open = end.is_none();
        let (line, behind) = new.split_at(end.unwrap_or(new.len()));
        Some([&bytes[..start], &encoded(line), behind].concat())
    }

    /// Whether it begins with a method and a space.
    fn begins_as_a_request(&self) -> bool {
        let method = self.kept[..self.len].iter().position(|byte| !byte.is_ascii_uppercase());
        method.is_some_and(|end| end > 0 && self.kept[end] == b' ')
    }
}

/// The same with quotes and angle brackets percent-encoded.
fn encoded(line: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(line.len() + 32);
    for &byte in line {
        match byte {
            b'"' => encoded.extend_from_slice(b"%22"),
            b'<' => encoded.extend_from_slice(b"%3C"),
            b'>' => encoded.extend_from_slice(b"%3E"),
            _ => encoded.push(byte),
        }
    }
    encoded
}

/// Where in what the library writes its own answer to a head begins that it cannot read, and the status. Ours have header
/// fields that it does not have.
fn librarys_answer(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    const LONGEST: usize = 128;
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
    let begin = tail.windows(9).rposition(|window| window == b"HTTP/1.1 ")?;
    let head = str::from_utf8(&tail[begin..]).ok()?;
    let mut lines = head.trim_ascii_end().split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let is_bare =
        lines.all(|line| ["connection: close", "content-length: 0"].contains(&&*line.to_ascii_lowercase()));
    (is_bare && [400, 414, 431].contains(&status))
        .then(|| (bytes.len() - tail.len() + begin, StatusCode::from_u16(status).unwrap_or_default()))
}

impl<S> Heads<S> {
    pub(super) fn new(stream: S, exchanges: Exchanges) -> Self {
        let line = Line { kept: [0; KEPT], len: 0, is_open: false };
        let vitals = Arc::clone(&exchanges.vitals);
        Self { stream, vitals, exchanges, line, rest: Vec::new(), answer: Vec::new() }
    }

    /// Notes what was read of a head; `at` says where the connection was before.
    fn note(&mut self, at: Where, buffer: &mut ReadBuf<'_>, before: usize) {
        if at == Where::BetweenHeads {
            (self.line.len, self.line.is_open) = (0, true);
        }
        let Some(encoded) = self.line.note(&buffer.filled()[before..]) else { return };
        buffer.set_filled(before);
        self.rest = encoded;
        self.give_rest(buffer);
    }

    fn give_rest(&mut self, buffer: &mut ReadBuf<'_>) {
        let len = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest[..len]);
        self.rest.drain(..len);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Heads<S> {
    /// Reads more of a head that is refused, as far as it is at hand: it says which tenant it was for.
    fn look_ahead(&mut self, context: &mut Context<'_>) {
        let mut piece = [0; KEPT];
        let mut buffer = ReadBuf::new(&mut piece);
        if let Poll::Ready(Ok(())) = Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            self.line.is_open = false;
            let _ = self.line.note(buffer.filled());
        }
    }

    /// Puts our answer in the place of the library's, which begins `at` these bytes.
    fn answer_instead(&mut self, context: &mut Context<'_>, bytes: &[u8], at: usize, status: StatusCode) {
        // The head of a request that was pipelined behind another is not known.
        let is_known = self.vitals.place() == Where::InHead;
        if is_known {
            self.look_ahead(context);
        }
        let head = if is_known { &self.line.kept[..self.line.len] } else { &[] };
        let answer = refusal::answer_to_head(&self.exchanges, head, status);
        self.answer = [&bytes[..at], &answer].concat();
    }
}

impl<S: AsyncWrite + Unpin> Heads<S> {
    /// Writes what is left of our answer.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.answer.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.answer))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.answer.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.rest.is_empty() {
            self.give_rest(buffer);
            return Poll::Ready(Ok(()));
        }
        let (at, before) = (self.vitals.place(), buffer.filled().len());
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if at != Where::Elsewhere && buffer.filled().len() > before {
            self.note(at, buffer, before);
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_answer(context))?;
        let Some((at, status)) = librarys_answer(bytes) else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        self.answer_instead(context, bytes, at, status);
        // What cannot be written now is written when the library flushes.
        if let Poll::Ready(Err(error)) = self.poll_answer(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let last = slices.iter().rfind(|slice| !slice.is_empty());
        if self.answer.is_empty() && last.is_none_or(|last| librarys_answer(last).is_none()) {
            return Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        }
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.poll_write(context, &all)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_answer(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_answer(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of these bytes when they come in pieces of every size.
    fn read(bytes: &[u8]) -> String {
        let read = (1..=bytes.len()).map(|size| {
            let mut line = Line { kept: [0; KEPT], len: 0, is_open: true };
            let pieces = bytes.chunks(size).map(|piece| line.note(piece).unwrap_or_else(|| piece.to_vec()));
            pieces.collect::<Vec<_>>().concat()
        });
        let mut read: Vec<_> = read.map(|read| String::from_utf8(read).unwrap()).collect();
        read.dedup();
        assert_eq!(read.len(), 1, "{read:?}");
        read.remove(0)
    }

    #[test]
    fn quotes_and_angle_brackets_are_encoded_in_the_request_line_alone() {
        for (written, expected) in [
            (
                "GET /a?b=\"c\" HTTP/1.1\r\nE: \"<f>\"\r\n\r\n",
                "GET /a?b=%22c%22 HTTP/1.1\r\nE: \"<f>\"\r\n\r\n",
            ),
            ("\r\n\nPUT /<a> HTTP/1.1\n\n{\"b\"}", "\r\n\nPUT /%3Ca%3E HTTP/1.1\n\n{\"b\"}"),
            ("GET /a HTTP/1.1\r\nE: \"f\"\r\n\r\n", "GET /a HTTP/1.1\r\nE: \"f\"\r\n\r\n"),
            // What does not begin as a request line does is left alone.
            ("If-Match: \"a\"\r\n", "If-Match: \"a\"\r\n"),
            ("{\"a\": 1}\n", "{\"a\": 1}\n"),
            ("\"GET /a HTTP/1.1\r\n", "\"GET /a HTTP/1.1\r\n"),
        ] {
            assert_eq!(read(written.as_bytes()), expected);
        }
    }

    #[test]
    fn the_librarys_own_answers_are_told_from_ours() {
        let bare =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        assert_eq!(librarys_answer(bare), Some((0, status)));
        let ours = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(librarys_answer(&[&ours[..], bare].concat()), Some((ours.len(), status)));
        for other in [
            &ours[..],
            b"HTTP/1.1 400 Bad Request\r\nDate: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(librarys_answer(other), None);
        }
    }
}
