//! What the server allows its clients. The defaults are written here and nowhere else: the command line, its help and
//! docs/options.md follow them.

use std::time::Duration;

/// What the server allows its clients. A client that exceeds a limit is refused; the others are still served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body, in bytes; 413 beyond it. 1 MiB by default.
    pub max_body_bytes: usize,
    /// The longest body of a call to the control API, in bytes; 413 beyond it. 64 MiB by default.
    pub max_control_body_bytes: usize,
    /// Bytes of request bodies that are being read and answered, of all connections; 503 for one more, before it is
    /// read. 64 MiB by default.
    pub max_bodies_in_flight: usize,
    /// Bytes of answers longer than 64 KiB that their clients have not taken yet, of all connections; 503 for one more,
    /// unless it is the only one. 128 MiB by default.
    pub max_answers_in_flight: usize,
    /// The longest request head, in bytes, 8,192 or more; 431 beyond it. 64 KiB by default.
    pub max_header_bytes: u32,
    /// Header fields of a request, [`Limits::MOST_HEADERS`] at most; 431 beyond them. 100 by default.
    pub max_headers: usize,
    /// Open connections; one more gets a 503, or over TLS a close. 1,024 by default.
    pub max_connections: usize,
    /// Answers that wait at the same time: held, hung, trickled, or following a journal; half of them at most in one
    /// tenant, and 128 on one connection. 503 at once for one more. 10,000 by default.
    pub max_holds: usize,
    /// HTTP/2 streams that are open on one connection; one more is refused. 128 by default.
    pub max_streams: u32,
    /// HTTP/2 streams that one connection opens and resets before they are answered, or makes us reset by its
    /// mistakes; it is closed beyond them. 100 by default.
    pub max_resets: usize,
    /// How long a client may take to send a request's complete head, from its first byte on, or for the TLS handshake;
    /// then its connection is closed. 10 s by default.
    pub header_timeout: Duration,
    /// How long a client may take to send a request's complete body; then a 408. 30 s by default.
    pub body_timeout: Duration,
    /// How long a client may go without reading any of its answer; then its connection is closed. Over HTTP/2, where each
    /// stream has a window, that goes for each 16 KiB of a stream's answer, and the stream alone is reset. 30 s by default.
    pub write_timeout: Duration,
    /// How long a connection may be idle, before its first request or between two; then it is closed. 5 min by default.
    pub idle_timeout: Duration,
    /// How long open requests may take when the server stops; then they are cut off. 10 s by default.
    pub drain_timeout: Duration,
}

impl Limits {
    /// As many header fields as can be allowed: the HTTP libraries take no more than about 24,000, and panic when they are
    /// told to expect more.
    pub const MOST_HEADERS: usize = 10_000;

    /// The same, as far as it can be kept.
    pub(super) fn possible(self) -> Self {
        Self { max_headers: self.max_headers.min(Self::MOST_HEADERS), ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_control_body_bytes: 64 << 20,
            max_bodies_in_flight: 64 << 20,
            max_answers_in_flight: 128 << 20,
            max_header_bytes: 64 << 10,
            max_headers: 100,
            max_connections: 1_024,
            max_holds: 10_000,
            max_streams: 128,
            max_resets: 100,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(5),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
