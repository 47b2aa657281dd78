//! What journals give up so that states have room: all journals together keep less while states, and documents that
//! are about to become states, take more.

use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::World;
use crate::tenant::Tenant;

/// What states may take, in bytes, before journals give up as much as goes beyond.
const STATES_BESIDE_JOURNALS: usize = 64 << 20;
/// What a document takes until it is a state: its text, its types, and the state beside the former one.
const TIMES_ITS_TEXT: usize = 3;
/// Larger states, in bytes, are written one after the other.
const LARGE_STATE: usize = 1 << 20;

impl World {
    /// Has journals make room for what a document of `bytes` takes until it is a state, for as long as this is held.
    pub(crate) fn preparing(&self, bytes: usize) -> Preparing<'_> {
        let preparing = Preparing { world: self, bytes: bytes.saturating_mul(TIMES_ITS_TEXT) };
        self.preparing.fetch_add(preparing.bytes, Ordering::Relaxed);
        self.fit_journals();
        preparing
    }

    /// The turn of a tenant whose state is large, in which it may be written; a small one needs none.
    pub(crate) fn turn_of(&self, tenant: &Tenant) -> Option<MutexGuard<'_, ()>> {
        (tenant.counted_bytes().0 > LARGE_STATE).then(|| self.writing_large.lock())
    }

    /// Makes the fullest journals give way when all together keep more than they may, beside what states take. One tenant
    /// is locked at a time.
    pub(crate) fn fit_journals(&self) {
        let states = self.states.used().saturating_add(self.preparing.load(Ordering::Relaxed));
        let elsewhere = states.saturating_sub(STATES_BESIDE_JOURNALS);
        if !self.journals.is_exceeded(elsewhere) {
            return;
        }
        let Some(_only_one) = self.fitting.try_lock() else { return };
        let tenants = self.tenants();
        let level =
            self.journals.level(tenants.iter().map(|tenant| tenant.journal_bytes()).collect(), elsewhere);
        for tenant in tenants {
            tenant.cut_journal(level);
        }
    }
}

/// What journals give up while a document is made into a state.
#[derive(Debug)]
pub(crate) struct Preparing<'a> {
    world: &'a World,
    bytes: usize,
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.world.preparing.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
