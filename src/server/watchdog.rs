//! What ends a connection from our side: the server stops, a delivery asks for a graceful end, or the client takes
//! too long. That is checked now and then, so that no request needs timers of its own.

use std::sync::Arc;
use std::time::Duration;

use super::vitals::{Vitals, is_odd};
use super::{Limits, Shared, pause};

/// What ends a connection from our side.
pub(super) enum Interrupted {
    /// The server stops.
    Stopping,
    /// A delivery asks for a graceful end.
    Goodbye,
    /// The client takes too long; why.
    TooSlow(&'static str),
}

/// Ready when something ends the connection from our side; a stop only once.
pub(super) async fn interrupted(vitals: Arc<Vitals>, shared: Arc<Shared>, is_stopping: bool) -> Interrupted {
    let mut stopping = shared.stopping.clone();
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping), if !is_stopping => Interrupted::Stopping,
        () = vitals.goodbye.notified() => Interrupted::Goodbye,
        why = too_slow(&vitals, &shared.limits) => Interrupted::TooSlow(why),
    }
}

/// Ready when the client has taken too long to send a head, to take its answer, or to do anything at all.
async fn too_slow(vitals: &Vitals, limits: &Limits) -> &'static str {
    let shortest = limits.header_timeout.min(limits.write_timeout).min(limits.idle_timeout);
    let tick = (shortest / 4).max(Duration::from_millis(5));
    let (mut quiet, mut stall) = (Unchanged::new(vitals.activity()), Unchanged::new(vitals.stalls()));
    let mut head = Unchanged::new(vitals.http2_heads());
    loop {
        pause(tick).await;
        quiet.look(vitals.activity(), tick);
        stall.look(vitals.stalls(), tick);
        head.look(vitals.http2_heads(), tick);
        // Nothing else can come over the connection before the rest of an HTTP/2 head has, whatever is open on it.
        let half = if is_odd(head.number) && !is_odd(stall.number) { head.lasted } else { Duration::ZERO };
        if half >= limits.header_timeout || vitals.is_reading_head() && quiet.lasted >= limits.header_timeout
        {
            return "the client took too long to send its headers (--header-timeout)";
        }
        if is_odd(stall.number) && stall.lasted >= limits.write_timeout {
            return "the client did not read its answer for too long (--write-timeout)";
        }
        if half >= limits.idle_timeout || vitals.is_idle() && quiet.lasted >= limits.idle_timeout {
            return "the client was idle for too long (--idle-timeout)";
        }
    }
}

/// How long a number has not changed.
struct Unchanged {
    number: u64,
    lasted: Duration,
}

impl Unchanged {
    fn new(number: u64) -> Self {
        Self { number, lasted: Duration::ZERO }
    }

    fn look(&mut self, number: u64, tick: Duration) {
        self.lasted = if number == self.number { self.lasted + tick } else { Duration::ZERO };
        self.number = number;
    }
}
