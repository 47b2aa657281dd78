//! Sockets: accept, read, deliver, stop. What is answered is decided below; here it is carried out. This is
//! the only room that waits and the only one that reads the machine's clock.

mod body;
#[cfg(test)]
mod captured;
mod connection;
mod deliver;
mod dispatch;
mod fate;
mod head;
mod interrupt;
mod refuse;
mod tls;

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::clock::Timestamp;
use crate::wire::Stopwatch;
use crate::world::World;
use refuse::{Places, Welcome};

pub use dispatch::{Answered, answer};
pub use tls::Tls;

/// What the server allows its clients. Whoever goes beyond is refused; the others are served on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body, in bytes; 413 beyond it. 1 MiB by default.
    pub max_body_bytes: usize,
    /// The longest body of a call to the control API, in bytes; 413 beyond it. 16 MiB by default.
    pub max_control_body_bytes: usize,
    /// The longest request head, in bytes, 8,192 or more; 431 beyond it. 64 KiB by default.
    pub max_header_bytes: u32,
    /// Header fields of a request; 431 beyond them. 100 by default.
    pub max_headers: usize,
    /// Open connections; 503 for one more, over TLS a close. 1,024 by default.
    pub max_connections: usize,
    /// Answers that wait at the same time: held, hung, trickled, or following a journal; 503 at once for one
    /// more. 10,000 by default.
    pub max_holds: usize,
    /// HTTP/2 streams that are open on one connection; one more is refused. 128 by default.
    pub max_streams: u32,
    /// HTTP/2 streams that one connection opens and resets before they are answered, or makes us reset by its
    /// mistakes; it is closed beyond them. 100 by default.
    pub max_resets: usize,
    /// How long a client may take to send all of a request's head, or to agree on TLS; its connection is closed
    /// after that. 10 s by default.
    pub header_timeout: Duration,
    /// How long a client may take to send all of a request's body; 408 after that. 30 s by default.
    pub body_timeout: Duration,
    /// How long a client may take no byte of its answer; its connection is closed after that. 30 s by default.
    pub write_timeout: Duration,
    /// How long a connection may be idle between requests; it is closed after that. 5 min by default.
    pub idle_timeout: Duration,
    /// How long open requests may go on when the server stops; they are cut off after that. 10 s by default.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 1 << 20,
            max_control_body_bytes: 16 << 20,
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

/// What every connection shares.
#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    limits: Limits,
    tls: Option<Tls>,
    stopping: watch::Receiver<bool>,
    connections: AtomicU64,
    /// Places for answers that wait.
    holds: Arc<Semaphore>,
    /// Places for control calls, which may take long: each has a thread meanwhile.
    aside: Semaphore,
}

/// Control calls that are answered at the same time; further ones wait.
const ASIDE: usize = 4;

/// Serves until `stop` is ready, then lets open requests finish, for the drain timeout at most.
pub async fn run(
    listener: TcpListener,
    world: Arc<World>,
    limits: Limits,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopper, stopping) = watch::channel(false);
    let drain_timeout = limits.drain_timeout;
    let places = Arc::new(Places::new(limits.max_connections, tls.is_some()));
    let holds = Arc::new(Semaphore::new(limits.max_holds));
    let shared = Arc::new(Shared {
        world,
        limits,
        tls,
        stopping,
        connections: AtomicU64::new(0),
        holds,
        aside: Semaphore::new(ASIDE),
    });
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            // Finished connections are forgotten as they come.
            Some(ended) = open.join_next(), if !open.is_empty() => note_panic(ended),
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => welcome(socket, &places, &shared, &mut open),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    pause(Duration::from_millis(20)).await;
                }
            }
        }
    }
    drop(listener);
    let _ = stopper.send(true);
    let drained = async {
        while let Some(ended) = open.join_next().await {
            note_panic(ended);
        }
    };
    if tokio::time::timeout(drain_timeout, drained).await.is_err() {
        tracing::warn!(
            open = open.len(),
            "connections were cut off after the drain timeout (--drain-timeout)"
        );
    }
    Ok(())
}

/// Serves a connection if there is a place for it, and refuses it if not.
fn welcome(socket: TcpStream, places: &Arc<Places>, shared: &Arc<Shared>, open: &mut JoinSet<()>) {
    let (places, shared) = (Arc::clone(places), Arc::clone(shared));
    match places.welcome() {
        Welcome::Come(place) => {
            open.spawn(serve(socket, place, shared));
        }
        Welcome::Wait(waiting) => {
            open.spawn(async move {
                match places.soon().await {
                    Some(place) => {
                        drop(waiting);
                        serve(socket, place, shared).await;
                    }
                    None => places.refuse(socket).await,
                }
            });
        }
        Welcome::Go => {}
    }
}

/// Serves a connection, which has its place until it ends.
async fn serve(socket: TcpStream, _place: OwnedSemaphorePermit, shared: Arc<Shared>) {
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    connection::serve(socket, number, shared).await;
}

/// A panic outside of a request is our bug, too: it costs that connection, is logged, and harms no other.
fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection met a bug of ours");
    }
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn wall_now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The clock that only runs forward, for measuring.
#[expect(clippy::disallowed_methods, reason = "what took how long is the machine's time, not the tenant's")]
fn monotonic_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The same as a number: nanoseconds since the first time that this was asked.
fn monotonic_ns() -> u64 {
    static BEGAN: LazyLock<std::time::Instant> = LazyLock::new(monotonic_now);
    u64::try_from(monotonic_now().saturating_duration_since(*BEGAN).as_nanos()).unwrap_or(u64::MAX)
}

/// What measures a request that is there now.
fn stopwatch() -> Stopwatch {
    Stopwatch { arrived_ns: monotonic_ns(), now_ns: monotonic_ns }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that waits")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::captured::captured;
    use super::*;

    #[test]
    fn a_panic_on_a_connections_task_is_logged_and_the_others_go_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (ends, log) = captured(|| {
            runtime.block_on(async {
                let mut open = JoinSet::new();
                open.spawn(async { panic!("it slipped") });
                open.spawn(async {});
                let mut ends = 0;
                while let Some(ended) = open.join_next().await {
                    note_panic(ended);
                    ends += 1;
                }
                ends
            })
        });
        assert_eq!(ends, 2);
        assert!(log.contains("ERROR") && log.contains("a connection met a bug of ours"), "{log}");
    }
}
