//! What ends a connection from our side: the server stops, a delivery asks for a graceful end, or the client takes
//! too long. That is checked now and then, so that no request needs timers of its own.

use std::sync::Arc;
use std::time::Duration;

use super::vitals::{Vitals, is_stalled};
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
    loop {
        pause(tick).await;
        quiet.look(vitals.activity(), tick);
        stall.look(vitals.stalls(), tick);
        if vitals.is_reading_head() && quiet.lasted >= limits.header_timeout {
            return "the client took too long to send its headers (--header-timeout)";
        }
        if is_stalled(stall.number) && stall.lasted >= limits.write_timeout {
            return "the client did not read its answer for too long (--write-timeout)";
        }
        if vitals.is_idle() && quiet.lasted >= limits.idle_timeout {
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
