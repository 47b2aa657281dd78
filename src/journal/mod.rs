//! The journal: a tenant's exchanges, oldest first, as its clients made them. Bounded by count and by bytes; it
//! shares the bytes of requests and replies with the exchanges themselves. One type, [`Exchange`], goes from the
//! pipeline to the journal and to its readers: `show.rs` and `har.rs` write it out, `secrets.rs` says what is left
//! out then, `filter.rs` and `verify.rs` find exchanges in it.

mod budget;
mod context;
mod exchange;
mod fate;
mod filter;
mod har;
mod listed;
mod secrets;
mod show;
pub mod verify;

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::wire::packed::{Packed, Packer};
use crate::wire::{Delivery, Reply, Request};
pub use budget::{DEFAULT_TOTAL_BYTES, JournalBudget};
pub(crate) use context::RequestContext;
pub use exchange::Exchange;
pub(crate) use exchange::{JobRun, Told};
pub(crate) use fate::Fate;
pub use filter::Filter;
pub(crate) use listed::{Form, LONG_PAGE, Listing};
pub(crate) use show::show;

/// The default number of exchanges that are kept.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The default number of bytes that are kept.
pub const DEFAULT_BYTES: usize = 64 << 20;

/// Exchanges, oldest first.
#[derive(Debug)]
pub(crate) struct Journal {
    exchanges: VecDeque<Exchange>,
    limit: usize,
    max_bytes: usize,
    bytes: usize,
    dropped: u64,
    budget: Arc<JournalBudget>,
    packer: Packer,
    /// Exchanges one after the other that the same rules looked at, oldest first; none where no rules are the tenant's own.
    stretches: VecDeque<Stretch>,
}

/// Exchanges that the same rules looked at: those are kept as long as the exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    /// The number of the first.
    first: u64,
    /// What the rules take that only this tenant has.
    bytes: usize,
}

impl Journal {
    /// A journal of at most this many exchanges and bytes, which with the others keeps within a budget.
    pub(crate) fn new(limit: usize, max_bytes: usize, budget: Arc<JournalBudget>) -> Self {
        let exchanges = VecDeque::new();
        let (packer, stretches) = (Packer::default(), VecDeque::new());
        Self { exchanges, limit, max_bytes, bytes: 0, dropped: 0, budget, packer, stretches }
    }

    /// Packs a request for an exchange; `path` is the part of its path below the tenant's base URL.
    pub(crate) fn pack(&mut self, request: &Request, path: &str) -> Packed {
        self.packer.pack(request, path)
    }

    /// Appends an exchange, and drops the oldest ones beyond the bounds; the last one stays, however long it is.
    pub(crate) fn append(&mut self, exchange: Exchange) {
        let (before, dropped) = (self.bytes, self.dropped);
        self.bytes += exchange.size() + begin_stretch(&mut self.stretches, self.exchanges.back(), &exchange);
        self.exchanges.push_back(exchange);
        while self.exchanges.len() > self.limit || (self.bytes > self.max_bytes && self.exchanges.len() > 1) {
            self.drop_oldest();
        }
        self.budget.note(before, self.bytes, self.dropped - dropped);
    }

    /// How many bytes it keeps.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the oldest exchanges until it keeps no more than this many bytes.
    pub(crate) fn cut_to(&mut self, bytes: usize) {
        let (before, dropped) = (self.bytes, self.dropped);
        while self.bytes > bytes && !self.exchanges.is_empty() {
            self.drop_oldest();
        }
        self.budget.note(before, self.bytes, self.dropped - dropped);
        // What a full journal took for its list is not kept for an empty one.
        self.exchanges.shrink_to(2 * self.exchanges.len());
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.exchanges.pop_front() {
            self.bytes -= oldest.size();
            self.dropped += 1;
            if !self.stretches.is_empty() {
                self.end_stretches();
            }
        }
    }

    /// Forgets stretches of which no exchange is left.
    fn end_stretches(&mut self) {
        let oldest = self.exchanges.front().map(|exchange| exchange.seq);
        let is_over = |next: Option<&Stretch>| {
            oldest.is_none_or(|oldest| next.is_some_and(|next| next.first <= oldest))
        };
        while !self.stretches.is_empty() && is_over(self.stretches.get(1)) {
            self.bytes -= self.stretches.pop_front().map_or(0, |stretch| stretch.bytes);
        }
    }

    /// The exchanges with a later number, oldest first.
    pub(crate) fn after(&self, seq: u64) -> impl Iterator<Item = &Exchange> {
        let first = self.exchanges.partition_point(|exchange| exchange.seq <= seq);
        self.exchanges.range(first..)
    }

    /// The number of the newest exchange; 0 when there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.exchanges.back().map_or(0, |exchange| exchange.seq)
    }

    /// How many exchanges were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Notes progress in the delivery of an exchange.
    pub(crate) fn note(&mut self, seq: u64, note: impl FnOnce(&mut Exchange)) {
        // The journal is in the order of numbers.
        let Ok(place) = self.exchanges.binary_search_by_key(&seq, |exchange| exchange.seq) else { return };
        let exchange = &mut self.exchanges[place];
        let before = exchange.size();
        note(exchange);
        let after = exchange.size();
        self.bytes = self.bytes - before + after;
        if after != before {
            self.budget.note(before, after, 0);
        }
    }

    /// Notes that the client was at once sent something other than planned.
    pub(crate) fn note_refusal(&mut self, seq: u64, reply: Reply, why: String, told: Told) {
        self.note(seq, |exchange| {
            exchange.answered.get_or_insert(exchange.reply.status);
            (exchange.reply, exchange.delivery) = (reply, Delivery::default());
            (exchange.fate, exchange.told) = (Some(Fate::Refused(why)), Some(told));
        });
    }

    /// Forgets the exchanges that a filter admits, up to its limit; numbers go on.
    pub(crate) fn forget(&mut self, filter: &Filter) {
        let (mut left, mut bytes) = (filter.limit, 0);
        self.exchanges.retain(|exchange| {
            let goes = left > 0 && filter.admits(exchange);
            left -= usize::from(goes);
            bytes += if goes { 0 } else { exchange.size() };
            !goes
        });
        self.stretches.clear();
        let mut before = None;
        for exchange in &self.exchanges {
            bytes += begin_stretch(&mut self.stretches, before, exchange);
            before = Some(exchange);
        }
        self.budget.note(self.bytes, bytes, 0);
        self.bytes = bytes;
    }
}

/// Begins a stretch where other rules looked at an exchange than at the one before; returns what it adds, in bytes.
fn begin_stretch(stretches: &mut VecDeque<Stretch>, before: Option<&Exchange>, exchange: &Exchange) -> usize {
    if before.is_some_and(|before| before.rules.are_of_the_rules_of(&exchange.rules)) {
        return 0;
    }
    let bytes = exchange.rules.own_bytes();
    if bytes > 0 || !stretches.is_empty() {
        stretches.push_back(Stretch { first: exchange.seq, bytes });
    }
    bytes
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.budget.note(self.bytes, 0, 0);
    }
}

/// The journal as the control API shows it.
#[derive(Debug, Serialize)]
pub struct JournalReport {
    /// The tenant's seed, which repeats it.
    pub seed: u64,
    /// The exchanges.
    pub exchanges: Vec<Value>,
    /// How many were dropped.
    pub dropped: u64,
    /// The number of the last exchange that was looked at; the next query continues after it.
    #[serde(skip)]
    pub last: u64,
}
