//! Waits of deliveries, in the tenant's time: each is on the tenant's agenda meanwhile, and ends when its time has come
//! or the server stops.

use std::time::Duration;

use tokio::sync::watch;

use super::{monotonic_ns, pause, wall_now};
use crate::clock::Timestamp;
use crate::tenant::agenda::{QUIET, Wait, WaitId};
use crate::tenant::{Left, Tenant};

/// The course of a delivery in the tenant's time. If it is dropped before it is over, the client
/// left, and the journal notes that.
pub(super) struct Course<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) seq: u64,
    /// How far it has come.
    pub(super) at: Timestamp,
    pub(super) is_over: bool,
}

impl Course<'_> {
    /// Waits for this much of the tenant's time. A stopping server sends everything at once.
    pub(super) async fn wait(&mut self, wait: Wait, duration: Duration, stopping: &watch::Receiver<bool>) {
        let due = self.at.plus(duration);
        let waiting = Waiting::new(self.tenant, due, wait, self.seq);
        or_stopping(waiting.over(duration), stopping).await;
        self.at = due.min(self.tenant.clock(wall_now()).now);
    }

    pub(super) fn note_told(&self, bytes: usize) {
        self.tenant.note_told(self.seq, Some(self.at), bytes, wall_now(), monotonic_ns());
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tenant.note_left(self.seq, 0, wall_now(), monotonic_ns());
        }
    }
}

/// An answer's place on the agenda.
struct Waiting<'a> {
    tenant: &'a Tenant,
    id: WaitId,
}

impl<'a> Waiting<'a> {
    fn new(tenant: &'a Tenant, due: Timestamp, wait: Wait, seq: u64) -> Self {
        Self { tenant, id: tenant.wait(due, wait, seq, wall_now()) }
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
                Left::Over(_) => return,
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
pub(super) struct Unbounded<'a>(&'a Tenant);

impl<'a> Unbounded<'a> {
    pub(super) fn new(tenant: &'a Tenant) -> Self {
        tenant.note_unbounded(true);
        Self(tenant)
    }
}

impl Drop for Unbounded<'_> {
    fn drop(&mut self) {
        self.0.note_unbounded(false);
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
