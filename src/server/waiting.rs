//! Waits of deliveries, in the tenant's time: each is on the tenant's agenda meanwhile, and ends when its time has come
//! or the server stops.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::vitals::Vitals;
use super::{monotonic_ns, pause, wall_now};
use crate::clock::Timestamp;
use crate::journal::Told;
use crate::tenant::agenda::{QUIET, Wait, WaitId};
use crate::tenant::{ExchangeId, Left, Tenant};

/// A delivery under way, in the tenant's time. If it is dropped before it is over, the client
/// left, and the journal notes that.
pub(super) struct OpenDelivery<'a> {
    pub(super) tenant: &'a Arc<Tenant>,
    pub(super) exchange: ExchangeId,
    /// How far it has come.
    pub(super) at: Timestamp,
    pub(super) is_over: bool,
}

impl OpenDelivery<'_> {
    /// Waits for this much of the tenant's time. A stopping server sends everything at once.
    pub(super) async fn wait(&mut self, wait: Wait, duration: Duration, stopping: &watch::Receiver<bool>) {
        let due = self.at.plus(duration);
        let waiting = Waiting::new(self.tenant, due, wait, self.exchange);
        or_stopping(waiting.over(duration), stopping).await;
        self.at = self.tenant.came_to(waiting.id, wall_now());
        self.tenant.has_released(self.exchange);
    }

    pub(super) fn note_told(&self, bytes: usize) {
        let told = Told { at: self.at, ns: monotonic_ns(), bytes };
        self.tenant.note_told(self.exchange, told, wall_now());
    }
}

impl Drop for OpenDelivery<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tenant.note_left(self.exchange, 0, wall_now(), monotonic_ns());
        }
    }
}

/// Notes when the client is seen to close its half, for as long as this is polled.
pub(super) async fn note_leaving(tenant: &Tenant, exchange: ExchangeId, vitals: &Vitals) -> Infallible {
    vitals.left().await;
    tenant.note_left(exchange, 0, wall_now(), monotonic_ns());
    std::future::pending().await
}

/// An answer's place on the agenda.
struct Waiting<'a> {
    tenant: &'a Tenant,
    id: WaitId,
}

impl<'a> Waiting<'a> {
    fn new(tenant: &'a Tenant, due: Timestamp, wait: Wait, exchange: ExchangeId) -> Self {
        Self { tenant, id: tenant.wait(due, wait, exchange, wall_now()) }
    }

    /// Ready when its time has come: by itself while the clock runs, otherwise when the clock is moved. The wall clock
    /// may be set back, so while the clock runs it takes at most `duration` of the machine's time.
    async fn over(&self, duration: Duration) {
        let mut longest = duration;
        loop {
            let mut moved = std::pin::pin!(self.tenant.clock_moved());
            // Subscribe first, then check: a move between the two is not missed.
            moved.as_mut().enable();
            match self.tenant.left(self.id, wall_now()) {
                Left::Over => return,
                Left::Stands => moved.await,
                Left::Skips => tokio::select! {
                    () = pause(QUIET) => {}
                    () = moved => {}
                },
                // The tenant's time is in whole milliseconds; the rest of the wait is not rounded down to them.
                Left::Passes(left) => tokio::select! {
                    () = pause(longest.min(left + Duration::from_millis(1))) => return,
                    () = moved => longest = left,
                },
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tenant.end_wait(self.id, wall_now());
    }
}

/// An open request that does not wait for the agenda.
pub(super) struct Unbounded<'a> {
    tenant: &'a Tenant,
    exchange: ExchangeId,
}

impl<'a> Unbounded<'a> {
    pub(super) fn new(tenant: &'a Tenant, exchange: ExchangeId) -> Self {
        tenant.note_unbounded(exchange, true);
        Self { tenant, exchange }
    }

    /// Ready when the tenant was reset or deleted.
    pub(super) async fn released(&self) {
        loop {
            let mut moved = std::pin::pin!(self.tenant.clock_moved());
            moved.as_mut().enable();
            if self.tenant.has_released(self.exchange) {
                return;
            }
            moved.await;
        }
    }
}

impl Drop for Unbounded<'_> {
    fn drop(&mut self) {
        self.tenant.note_unbounded(self.exchange, false);
    }
}

/// Waits, but not longer than until the server stops.
pub(super) async fn or_stopping(waiting: impl Future<Output = ()>, stopping: &watch::Receiver<bool>) {
    let mut stopping = stopping.clone();
    tokio::select! {
        () = waiting => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}
