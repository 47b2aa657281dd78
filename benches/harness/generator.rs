//! The load: a number of connections, each of which sends its next request when it has the whole answer to its
//! last one. Every answer must have the expected status; nothing is sampled, every latency is kept.

#![expect(clippy::disallowed_methods, reason = "a load measures the machine's time")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics over small numbers"
)]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{find, status_of, whole_length};

/// An answer, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

/// How a load went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) requests_per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// All requests, those of the warm-up included.
    pub(crate) requests: usize,
}

/// What is asked, and how.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// The requests, as bytes, asked in turn, over and over.
    pub(crate) requests: Vec<Vec<u8>>,
    /// The status that every answer must have.
    pub(crate) status: u16,
    /// How many connections ask at once.
    pub(crate) connections: usize,
    /// How long nothing is measured first.
    pub(crate) warm_up: Duration,
    /// When it ends.
    pub(crate) end: End,
    /// Whether it has a core of its own. Then it never sleeps: a server that had to wake it for every answer
    /// would pay for that, and the slower one more often.
    pub(crate) has_own_core: bool,
}

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// So long after the warm-up.
    After(Duration),
    /// When this many requests have been answered.
    Requests(usize),
}

/// Puts a load on a server.
pub(crate) fn run(address: SocketAddr, load: &Load) -> io::Result<Measured> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let start = Instant::now() + load.warm_up;
        let shared = Arc::new(Shared { load: load.clone(), start, asked: AtomicUsize::new(0) });
        let awake = load.has_own_core.then(|| {
            tokio::spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            })
        });
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..load.connections {
            clients.spawn(client(address, Arc::clone(&shared)));
        }
        let (mut latencies, mut requests) = (Vec::new(), 0);
        while let Some(client) = clients.join_next().await {
            let (measured, all) = client.map_err(io::Error::other)??;
            latencies.extend(measured);
            requests += all;
        }
        if let Some(awake) = awake {
            awake.abort();
        }
        let measured = match load.end {
            End::After(measured) => measured,
            End::Requests(_) => start.elapsed(),
        };
        latencies.sort_unstable();
        let percentile = |share: f64| {
            let rank = (latencies.len() as f64 * share) as usize;
            latencies.get(rank.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        Ok(Measured {
            requests_per_second: latencies.len() as f64 / measured.as_secs_f64(),
            p50: percentile(0.50),
            p99: percentile(0.99),
            requests,
        })
    })
}

/// What the connections of a load share.
struct Shared {
    load: Load,
    start: Instant,
    asked: AtomicUsize,
}

impl Shared {
    /// The next request; `None` when the load has ended.
    fn next(&self, now: Instant) -> Option<&[u8]> {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let goes_on = match self.load.end {
            End::After(measured) => now < self.start + measured,
            End::Requests(requests) => nth < requests,
        };
        goes_on.then(|| &self.load.requests[nth % self.load.requests.len()][..])
    }

    fn is_measured(&self, answered: Instant) -> bool {
        answered >= self.start
            && match self.load.end {
                End::After(measured) => answered < self.start + measured,
                End::Requests(_) => true,
            }
    }
}

/// One connection; returns the latencies of the answers that are measured, and how many answers came in all.
async fn client(address: SocketAddr, shared: Arc<Shared>) -> io::Result<(Vec<Duration>, usize)> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let mut buffer = vec![0; 256 << 10];
    let (mut latencies, mut requests) = (Vec::new(), 0);
    loop {
        let asked = Instant::now();
        let Some(request) = shared.next(asked) else { return Ok((latencies, requests)) };
        socket.write_all(request).await?;
        let mut filled = 0;
        loop {
            let read = socket.read(&mut buffer[filled..]).await?;
            if read == 0 {
                return Err(io::Error::other("the server closed the connection"));
            }
            filled += read;
            let Some(length) = whole_length(&buffer[..filled])? else { continue };
            if filled > length {
                return Err(io::Error::other("more came than one answer"));
            }
            if filled == length {
                break;
            }
        }
        if status_of(&buffer[..filled]) != Some(shared.load.status) {
            let shown = String::from_utf8_lossy(&buffer[..filled.min(400)]).into_owned();
            return Err(io::Error::other(format!("expected status {}, got {shown}", shared.load.status)));
        }
        let answered = Instant::now();
        requests += 1;
        if shared.is_measured(answered) {
            latencies.push(answered - asked);
        }
    }
}

/// Asks once, for an answer to look at.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    parse(&ask_raw(address, request)?)
}

/// Asks once, for the answer's bytes.
pub(crate) fn ask_raw(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    use std::io::{Read, Write};
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.write_all(request)?;
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    let length = loop {
        match whole_length(&bytes)? {
            Some(length) if bytes.len() >= length => break length,
            _ => {}
        }
        let read = socket.read(&mut piece)?;
        if read == 0 {
            return Err(io::Error::other("the server closed the connection"));
        }
        bytes.extend_from_slice(&piece[..read]);
    };
    bytes.truncate(length);
    Ok(bytes)
}

/// Takes an answer apart.
pub(crate) fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let wrong = || io::Error::other("an answer that is not HTTP");
    let end = find(bytes, b"\r\n\r\n").ok_or_else(wrong)?;
    let head = std::str::from_utf8(&bytes[..end]).map_err(io::Error::other)?;
    let mut headers = Vec::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").ok_or_else(wrong)?;
        headers.push((name.parse().map_err(io::Error::other)?, value.parse().map_err(io::Error::other)?));
    }
    Ok(Answer { status: status_of(bytes).ok_or_else(wrong)?, headers, body: bytes[end + 4..].to_vec() })
}
