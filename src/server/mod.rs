//! Sockets: accept, read, deliver, stop. What is answered is decided on lower floors; here it is delivered. This is
//! the only room that waits and the only one that reads the machine's clock.

mod admission;
mod body;
mod budget;
#[cfg(test)]
mod captured;
mod connection;
mod deliver;
mod dispatch;
mod exchanges;
mod feed;
mod follow;
mod head;
mod heads;
mod holds;
mod incoming;
mod interrupt;
mod journal_dir;
mod limits;
mod opening;
mod refusal;
mod request_log;
mod socket;
mod stream;
mod target;
mod tls;
mod vitals;
mod waiting;
mod watchdog;

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
use admission::{Admission, Places};
use budget::Budget;
use holds::Holds;

pub(crate) use dispatch::answer;
pub use journal_dir::JournalDir;
pub(crate) use journal_dir::keep_journal;
pub use limits::Limits;
pub use tls::Tls;

/// What all connections share.
#[derive(Debug)]
struct Shared {
    world: Arc<World>,
    limits: Limits,
    tls: Option<Tls>,
    /// Keeps the journals of tenants that are deleted.
    journals: Option<JournalDir>,
    stopping: watch::Receiver<bool>,
    connections: AtomicU64,
    /// Places for answers that wait.
    holds: Arc<Holds>,
    /// Bytes of request bodies.
    bodies: Arc<Budget>,
    /// Bytes of answers that clients have not taken yet.
    answers: Arc<Budget>,
    /// The turn of a control call with a large body.
    large: Semaphore,
    /// Places for requests that may take long to answer: each occupies a thread.
    aside: Semaphore,
}

impl Shared {
    fn new(
        world: Arc<World>,
        limits: Limits,
        tls: Option<Tls>,
        journals: Option<JournalDir>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            world,
            tls,
            journals,
            stopping,
            connections: AtomicU64::new(0),
            holds: Arc::new(Holds::new(limits.max_holds)),
            bodies: Arc::new(Budget::new(limits.max_bodies_in_flight)),
            answers: Arc::new(Budget::new(limits.max_answers_in_flight)),
            limits,
            large: Semaphore::new(1),
            aside: Semaphore::new(ASIDE),
        }
    }

    /// How long connections have to end when the server stops; the rest of the time is for writing journals.
    fn drain_timeout(&self) -> Duration {
        let whole = self.limits.drain_timeout;
        let writing = self.journals.as_ref().map_or(Duration::ZERO, |_| WRITING.min(whole / 4));
        whole.saturating_sub(writing)
    }
}

/// Slow requests that are answered at the same time; further ones wait.
const ASIDE: usize = 2;

/// How much of the time for stopping is left for writing journals, where they are kept.
const WRITING: Duration = Duration::from_secs(2);

/// Serves until `stop` is ready, then lets open requests finish, for at most the drain timeout; last, journals are kept.
pub(crate) async fn run(
    listener: TcpListener,
    world: Arc<World>,
    limits: Limits,
    tls: Option<Tls>,
    journals: Option<JournalDir>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopper, stopping) = watch::channel(false);
    let limits = limits.possible();
    let places = Arc::new(Places::new(limits.max_connections, tls.is_some()));
    let shared = Arc::new(Shared::new(world, limits, tls, journals, stopping));
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            // Finished connections are removed as they end.
            Some(ended) = open.join_next(), if !open.is_empty() => note_panic(ended),
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => admit(socket, &places, &shared, &mut open),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    pause(Duration::from_millis(20)).await;
                }
            }
        }
    }
    drop(listener);
    let _ = stopper.send(true);
    drain(open, shared.drain_timeout()).await;
    keep_journals(shared).await
}

/// Waits until the open connections have ended, for at most so long, and cuts off the others.
async fn drain(mut open: JoinSet<()>, timeout: Duration) {
    let drained = async {
        while let Some(ended) = open.join_next().await {
            note_panic(ended);
        }
    };
    if tokio::time::timeout(timeout, drained).await.is_err() {
        tracing::warn!(
            open = open.len(),
            "connections were cut off after the drain timeout (--drain-timeout)"
        );
    }
}

/// Keeps all tenants' journals, where a folder was named for that.
async fn keep_journals(shared: Arc<Shared>) -> io::Result<()> {
    if shared.journals.is_none() {
        return Ok(());
    }
    let keep = move || shared.journals.as_ref().map_or(Ok(()), |journals| journals.keep_all(&shared.world));
    tokio::task::spawn_blocking(keep).await.map_err(io::Error::other)?.map_err(io::Error::other)
}

/// Serves a connection if there is a place for it, and refuses it if not.
fn admit(socket: TcpStream, places: &Arc<Places>, shared: &Arc<Shared>, open: &mut JoinSet<()>) {
    let (places, shared) = (Arc::clone(places), Arc::clone(shared));
    match places.admit() {
        Admission::Admitted(place) => {
            open.spawn(serve(socket, place, shared));
        }
        Admission::Queued(queued) => {
            open.spawn(async move {
                match places.soon().await {
                    Some(place) => {
                        drop(queued);
                        serve(socket, place, shared).await;
                    }
                    None => places.refuse(socket).await,
                }
            });
        }
        Admission::Refused => {}
    }
}

/// Serves a connection, which has its place until it ends.
async fn serve(socket: TcpStream, _place: OwnedSemaphorePermit, shared: Arc<Shared>) {
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    connection::serve(socket, number, shared).await;
}

/// A panic outside a request is our bug, too: it ends that connection, is logged, and harms no other.
fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection hit a bug in the simulator");
    }
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub(crate) fn wall_now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The monotonic clock, for measuring.
#[expect(clippy::disallowed_methods, reason = "what took how long is the machine's time, not the tenant's")]
fn monotonic_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The same as a number: nanoseconds since the first call.
pub(crate) fn monotonic_ns() -> u64 {
    static BEGAN: LazyLock<std::time::Instant> = LazyLock::new(monotonic_now);
    u64::try_from(monotonic_now().saturating_duration_since(*BEGAN).as_nanos()).unwrap_or(u64::MAX)
}

/// The timing of a request that has just arrived.
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
    fn a_panic_on_a_connections_task_is_logged_and_the_others_continue() {
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
        assert!(log.contains("ERROR") && log.contains("a connection hit a bug in the simulator"), "{log}");
    }
}
