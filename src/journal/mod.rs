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
}

impl Journal {
    /// A journal of at most this many exchanges and bytes, which with the others keeps within a budget.
    pub(crate) fn new(limit: usize, max_bytes: usize, budget: Arc<JournalBudget>) -> Self {
        let exchanges = VecDeque::new();
        Self { exchanges, limit, max_bytes, bytes: 0, dropped: 0, budget, packer: Packer::default() }
    }

    /// Packs a request for an exchange; `path` is the part of its path below the tenant's base URL.
    pub(crate) fn pack(&mut self, request: &Request, path: &str) -> Packed {
        self.packer.pack(request, path)
    }

    /// Appends an exchange, and drops the oldest ones beyond the bounds; the last one stays, however long it is.
    pub(crate) fn append(&mut self, exchange: Exchange) {
        let (before, dropped) = (self.bytes, self.dropped);
        self.bytes += exchange.size();
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
        self.budget.note(self.bytes, bytes, 0);
        self.bytes = bytes;
    }
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
