//! A tenant: one isolated organisation with its own tables, tokens, rate limit, scenario, clock and journal, all
//! behind one lock. [`Tenant::enter`] is the only door: everything due is done first, in the tenant's time.
//! What is behind the lock is in `state.rs`, what operators do to it in `operator.rs`.

pub(crate) mod agenda;
pub(crate) mod budget;
pub mod operator;
mod options;
pub mod passwords;
pub mod rate_limit;
mod state;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::{Clock, Timestamp};
use crate::journal::{Exchange, Fate, Filter, JournalBudget, Told};
use crate::metrics::Metrics;
use crate::scenario::Rulesets;
use crate::wire::Reply;
use crate::wire::secrets::Secrets;
use agenda::{Wait, WaitId};
pub use budget::{DEFAULT_TOTAL_BYTES, NoRoom, StateBudget};
pub use options::{SimFault, TenantOptions};
pub(crate) use state::TenantState;
pub use template::Template;

/// A tenant.
#[derive(Debug)]
pub struct Tenant {
    name: Arc<str>,
    has_own_clients: bool,
    options: TenantOptions,
    incarnation: u64,
    journals: Arc<JournalBudget>,
    states: Arc<StateBudget>,
    metrics: Arc<Metrics>,
    state: Mutex<TenantState>,
    began_with: RwLock<Template>,
    clock_moved: Notify,
    journal_grew: Notify,
}

/// The circumstances in which a tenant is made.
#[derive(Debug)]
pub struct Birth {
    /// Which tenant of its name it is; 0 for the first.
    pub incarnation: u64,
    /// What its journal and all others keep together.
    pub journals: Arc<JournalBudget>,
    /// What its state and all others take together.
    pub states: Arc<StateBudget>,
    /// Where faults of jobs are counted.
    pub metrics: Arc<Metrics>,
    /// The wall clock's time.
    pub wall: Timestamp,
}

/// An exchange of a tenant. A reset begins an epoch in which numbers begin anew; so does, with the numbers going on, a
/// replaced state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeId {
    /// The epoch in which it was decided.
    pub(crate) epoch: u64,
    /// Its number.
    pub(crate) seq: u64,
}

/// What came after an exchange.
pub(crate) struct News {
    /// Exchanges, oldest first.
    pub(crate) exchanges: Vec<Exchange>,
    /// What is left out of them.
    pub(crate) secrets: Arc<Secrets>,
    /// The tenant's epoch now.
    pub(crate) epoch: u64,
    /// The epoch in which numbers began.
    pub(crate) numbered_since: u64,
    /// The number of the last exchange of all.
    pub(crate) newest: u64,
}

/// How long an answer has still to wait, and what may end that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It is time.
    Over,
    /// The machine's time ends it after so long, a move of the clock maybe earlier.
    Passes(Duration),
    /// Only a move of the clock ends it.
    Stands,
    /// A move of the clock ends it, which may be a jump after a quiet moment.
    Skips,
}

impl Tenant {
    /// A tenant that starts from `template`.
    pub fn new(name: &str, template: &Template, options: TenantOptions, birth: Birth) -> Self {
        let state = Mutex::new(TenantState::new(name, template, &options, &birth));
        Self {
            name: name.into(),
            has_own_clients: template.has_own_clients,
            options,
            incarnation: birth.incarnation,
            journals: birth.journals,
            states: birth.states,
            metrics: birth.metrics,
            state,
            began_with: RwLock::new(template.clone()),
            clock_moved: Notify::new(),
            journal_grew: Notify::new(),
        }
    }

    /// The name: 1 to 63 of `a-z`, `0-9` and `-`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Which tenant of its name it is; 0 for the first.
    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Whether it started with client ids that no other tenant has.
    pub fn has_own_clients(&self) -> bool {
        self.has_own_clients
    }

    /// How it behaves.
    pub fn options(&self) -> &TenantOptions {
        &self.options
    }

    /// The tenant's state, for as long as the guard lives, after everything due when the wall clock shows
    /// `wall` has been done. Never held across an await: the guard is not `Send` (parking_lot's feature
    /// `send_guard` is off), so a future that holds it cannot be spawned.
    pub(crate) fn enter(&self, wall: Timestamp) -> MutexGuard<'_, TenantState> {
        let mut state = self.state.lock();
        if !state.agenda.is_empty() && state.catch_up(wall) {
            self.clock_moved.notify_waiters();
        }
        state
    }

    /// Ready when the journal has grown after this was first polled.
    pub(crate) fn journal_grew(&self) -> Notified<'_> {
        self.journal_grew.notified()
    }

    /// Ready when the clock is next moved after this was first polled.
    pub(crate) fn clock_moved(&self) -> Notified<'_> {
        self.clock_moved.notified()
    }

    /// Appends an exchange to the journal, and wakes those who follow it.
    pub(crate) fn settle(&self, state: &mut TenantState, exchange: Exchange) {
        state.journal.append(exchange);
        self.journal_grew.notify_waiters();
    }

    /// The tenant's epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.state.lock().epoch
    }

    /// The tenant, as long as it is in the epoch that an exchange belongs to.
    fn in_epoch_of(&self, exchange: ExchangeId) -> Option<MutexGuard<'_, TenantState>> {
        let state = self.state.lock();
        (!state.is_gone && state.epoch == exchange.epoch).then_some(state)
    }

    /// The tenant, as long as its journal may have an exchange: no reset has begun other numbers.
    fn with_number_of(&self, exchange: ExchangeId) -> Option<MutexGuard<'_, TenantState>> {
        let state = self.state.lock();
        (!state.is_gone && state.numbered_since <= exchange.epoch).then_some(state)
    }

    /// What the journal keeps, in bytes.
    pub(crate) fn journal_bytes(&self) -> usize {
        self.state.lock().journal.bytes()
    }

    /// Has the journal drop its oldest exchanges until it keeps no more than this many bytes.
    pub(crate) fn cut_journal(&self, bytes: usize) {
        let mut state = self.state.lock();
        if state.journal.bytes() > bytes {
            state.journal.cut_to(bytes);
        }
    }

    /// The exchange after which a follower goes on that comes back after this one. One that was never there, because the
    /// server or the tenant is another one of that name, is before all of them.
    pub(crate) fn followed_until(&self, last: ExchangeId) -> ExchangeId {
        let state = self.state.lock();
        let is_of_former_numbers = last.epoch < state.numbered_since;
        let was_there =
            last.epoch <= state.epoch && (is_of_former_numbers || last.seq <= state.last_request());
        if was_there { last } else { ExchangeId { epoch: 0, seq: 0 } }
    }

    /// The exchanges after another that a filter admits, `most` at most; `None` once the tenant was deleted.
    pub(crate) fn news(
        &self,
        filter: &Filter,
        after: ExchangeId,
        most: usize,
        wall: Timestamp,
    ) -> Option<News> {
        let state = self.enter(wall);
        if state.is_gone {
            return None;
        }
        let seq = if after.epoch < state.numbered_since { 0 } else { after.seq };
        let admitted = state.journal.after(seq).filter(|exchange| filter.admits(exchange));
        Some(News {
            exchanges: admitted.take(most).cloned().collect(),
            secrets: state.auth.secrets(),
            epoch: state.epoch,
            numbered_since: state.numbered_since,
            newest: state.journal.newest(),
        })
    }

    /// Ends the tenant, because it was deleted: nothing waits any more in its time.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.is_gone = true;
        state.agenda = state.agenda.emptied();
        drop(state);
        self.clock_moved.notify_waiters();
        self.journal_grew.notify_waiters();
    }

    /// Puts an answer on the agenda, which waits until `at`; but not one that was released meanwhile.
    pub(crate) fn wait(&self, at: Timestamp, wait: Wait, exchange: ExchangeId, wall: Timestamp) -> WaitId {
        drop(self.enter(wall));
        let state = self.in_epoch_of(exchange);
        state.map_or(WaitId::OVER, |mut state| state.agenda.wait(at, wait, exchange.seq))
    }

    /// When an answer that was on the agenda was due, in the tenant's time; now, if it has not come so far.
    pub(crate) fn came_to(&self, id: WaitId, wall: Timestamp) -> Timestamp {
        let state = self.enter(wall);
        let now = state.clock.now(wall);
        state.agenda.due(id).map_or(now, |due| due.min(now))
    }

    /// How long an answer still has to wait. One that is not on the agenda no longer waits.
    pub(crate) fn left(&self, id: WaitId, wall: Timestamp) -> Left {
        let state = self.enter(wall);
        let now = state.clock.now(wall);
        let due = state.agenda.due(id).unwrap_or(now);
        if due <= now {
            return Left::Over;
        }
        match state.clock {
            Clock::Auto { .. } => Left::Passes(due.since(now)),
            Clock::Manual { .. } => Left::Stands,
            Clock::Skipping { .. } => Left::Skips,
        }
    }

    /// Removes an answer that no longer waits from the agenda.
    pub(crate) fn end_wait(&self, id: WaitId, wall: Timestamp) {
        self.state.lock().agenda.end(id, wall);
    }

    /// Notes that an answer is kept back for ever, or (`false`) no longer.
    pub(crate) fn note_unbounded(&self, exchange: ExchangeId, is_open: bool) {
        if let Some(mut state) = self.in_epoch_of(exchange) {
            state.agenda.note_unbounded(is_open);
        }
    }

    /// Whether an answer waits no longer because another epoch has begun, or the tenant was deleted; the journal notes it.
    pub(crate) fn has_released(&self, exchange: ExchangeId) -> bool {
        if self.in_epoch_of(exchange).is_some() {
            return false;
        }
        if let Some(mut state) = self.with_number_of(exchange) {
            state.journal.note(exchange.seq, |exchange| exchange.fate = Some(Fate::Released));
        }
        true
    }

    /// Notes that an exchange's last piece was told.
    pub(crate) fn note_told(&self, exchange: ExchangeId, told: Told, wall: Timestamp) {
        let Some(mut state) = self.with_number_of(exchange) else { return };
        state.agenda.note_busy(wall);
        state.journal.note(exchange.seq, |exchange| {
            exchange.told = Some(told);
            // The client had closed its half before that: it was sent everything nevertheless.
            exchange.fate.take_if(|fate| *fate == Fate::ClientLeft);
        });
    }

    /// Notes that the client was seen to leave before it was told all of an exchange, unless that is known.
    pub(crate) fn note_left(&self, exchange: ExchangeId, bytes: usize, wall: Timestamp, ns: u64) {
        let Some(mut state) = self.with_number_of(exchange) else { return };
        let at = state.clock.now(wall);
        state.journal.note(exchange.seq, |exchange| {
            exchange.fate = Some(Fate::ClientLeft);
            exchange.left.get_or_insert((at, ns));
            if bytes > 0 {
                exchange.told = Some(Told { at, ns, bytes });
            }
        });
    }

    /// Notes that the client was told something else than was planned, at once.
    pub(crate) fn note_refusal(
        &self,
        exchange: ExchangeId,
        reply: Reply,
        why: String,
        wall: Timestamp,
        ns: u64,
    ) {
        let Some(mut state) = self.with_number_of(exchange) else { return };
        let told = Told { at: state.clock.now(wall), ns, bytes: reply.body.len() };
        state.journal.note_refusal(exchange.seq, reply, why, told);
    }

    /// Replaces the scenarios of a tenant that has none of its own; nothing else in it is touched.
    pub(crate) fn follow_command_line(&self, scenarios: &Rulesets, wall: Timestamp) {
        let mut began_with = self.began_with.write();
        *began_with = began_with.clone().following(scenarios);
        let mut state = self.enter(wall);
        if state.follows_command_line {
            state.load_scenarios(scenarios, wall);
        }
    }
}
