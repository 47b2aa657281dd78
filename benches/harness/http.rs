//! As much of HTTP/1.1 as a client needs that knows its server: a request is bytes, an answer has a length or no
//! body.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// An answer, whole.
    Answer {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// The connection ended first, after this many bytes.
    Broken {
        /// The bytes.
        after: usize,
    },
}

/// A connection that is opened again when it has ended.
#[derive(Debug)]
pub(crate) struct Connection {
    address: SocketAddr,
    socket: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, socket: None, buffer: vec![0; 64 << 10] }
    }

    /// Sends a request and reads the outcome. Fails when no connection can be made.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Seen> {
        let mut socket = if let Some(socket) = self.socket.take() {
            socket
        } else {
            let socket = TcpStream::connect(self.address).await?;
            socket.set_nodelay(true)?;
            socket
        };
        if socket.write_all(request).await.is_err() {
            return Ok(Seen::Broken { after: 0 });
        }
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(2 * filled, 0);
            }
            let read = socket.read(&mut self.buffer[filled..]).await.unwrap_or(0);
            if read == 0 {
                return Ok(Seen::Broken { after: filled });
            }
            filled += read;
            let Some(length) = whole_length(&self.buffer[..filled])? else { continue };
            if filled > length {
                return Err(io::Error::other("more came than one answer"));
            }
            if filled == length {
                break;
            }
        }
        let answer = &self.buffer[..filled];
        let status = status_of(answer).ok_or_else(|| io::Error::other("an answer that is not HTTP"))?;
        let head = find(answer, b"\r\n\r\n").unwrap_or_default();
        if find(&answer[..head], b"Connection: close").is_none() {
            self.socket = Some(socket);
        }
        Ok(Seen::Answer { status, body: answer[head + 4..].to_vec() })
    }
}

/// An answer's status.
pub(crate) fn status_of(answer: &[u8]) -> Option<u16> {
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

/// How long the answer is that begins here, once its head is whole.
pub(crate) fn whole_length(answer: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = find(answer, b"\r\n\r\n") else { return Ok(None) };
    let name = b"Content-Length: ";
    let Some(at) = find(&answer[..head], name) else {
        let is_bodiless = status_of(answer) == Some(204);
        return if is_bodiless {
            Ok(Some(head + 4))
        } else {
            Err(io::Error::other("an answer without length"))
        };
    };
    let digits = answer[at + name.len()..head].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + length))
}

/// The first place of a short text, found by its first byte as the standard library finds bytes: fast.
pub(crate) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].iter().position(|byte| *byte == wanted[0])?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}
