//! The journal: a tenant's exchanges, oldest first, as its clients made them. Bounded by count and by bytes; it
//! shares the bytes of requests and replies with the exchanges themselves. One type, [`Exchange`], goes from the
//! pipeline to the journal and to its readers: `show.rs` and `har.rs` write it out, `secrets.rs` says what is left
//! out then, `filter.rs` and `verify.rs` find exchanges in it.

mod asked;
mod exchange;
mod fate;
mod filter;
mod har;
mod secrets;
mod show;
pub mod verify;

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::wire::packed::{Packed, Packer};
use crate::wire::{Delivery, Reply, Request};
pub(crate) use asked::Asked;
pub use exchange::Exchange;
pub(crate) use exchange::{JobRun, Told};
pub(crate) use fate::Fate;
pub use filter::Filter;
pub(crate) use har::har;
pub(crate) use show::show;

/// The default number of exchanges that are kept.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The default number of bytes that are kept.
pub const DEFAULT_BYTES: usize = 64 << 20;

/// Exchanges, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    exchanges: VecDeque<Exchange>,
    limit: usize,
    max_bytes: usize,
    bytes: usize,
    dropped: u64,
    packer: Packer,
}

impl Journal {
    /// A journal of at most this many exchanges and bytes.
    pub(crate) fn new(limit: usize, max_bytes: usize) -> Self {
        Self { exchanges: VecDeque::new(), limit, max_bytes, bytes: 0, dropped: 0, packer: Packer::default() }
    }

    /// Packs a request for an exchange; `path` is the part of its path below the tenant's base URL.
    pub(crate) fn pack(&mut self, request: &Request, path: &str) -> Packed {
        self.packer.pack(request, path)
    }

    /// Appends an exchange, and drops the oldest ones beyond the bounds; the last one stays, however long it is.
    pub(crate) fn append(&mut self, exchange: Exchange) {
        self.bytes += exchange.size();
        self.exchanges.push_back(exchange);
        while self.exchanges.len() > self.limit || (self.bytes > self.max_bytes && self.exchanges.len() > 1) {
            let Some(oldest) = self.exchanges.pop_front() else { break };
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
        self.bytes = self.bytes - before + exchange.size();
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
        self.bytes = bytes;
    }
}

/// The journal as the control API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
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
