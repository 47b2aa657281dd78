//! A journal that is followed: its exchanges as server-sent events, a page at a time, for as long as the client reads.

use std::fmt::Write;
use std::sync::Arc;

use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::feed::Reader;
use super::wall_now;
use crate::clock::Timestamp;
use crate::journal::{self, Exchange, Filter, LONG_PAGE};
use crate::tenant::{ExchangeId, News, Tenant};
use crate::wire::secrets::Secrets;

/// Exchanges that are looked at under the tenant's lock at once.
const PAGE: usize = 64;

/// Whoever follows a tenant's journal.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    /// Which exchanges.
    pub(super) filter: Filter,
    /// The last exchange that was told, or passed over.
    pub(super) last: ExchangeId,
}

impl Follower {
    /// The next page of events, empty when nothing happened since the last one; `None` once the tenant was deleted.
    fn page(&mut self, tenant: &Tenant, wall: Timestamp) -> Option<String> {
        let most = PAGE.min(self.filter.limit.max(1));
        let News { exchanges, secrets, epoch, numbered_since, newest } =
            tenant.news(&self.filter, self.last, most, wall)?;
        let mut text = String::new();
        if self.last.epoch < numbered_since {
            self.last = ExchangeId { epoch: numbered_since, seq: 0 };
            self.tell_reset(&mut text);
        }
        let is_last_page = exchanges.len() < most;
        for exchange in exchanges {
            self.tell(&exchange, &secrets, &mut text);
            if text.len() >= LONG_PAGE {
                return Some(text);
            }
        }
        if is_last_page {
            // Those that the filter does not admit need not be looked at again.
            self.last.seq = self.last.seq.max(newest);
            if self.last.epoch < epoch {
                self.last.epoch = epoch;
                self.tell_reset(&mut text);
            }
        }
        Some(text)
    }

    fn tell(&mut self, exchange: &Exchange, secrets: &Secrets, text: &mut String) {
        if self.last.epoch < exchange.epoch {
            self.last.epoch = exchange.epoch;
            self.tell_reset(text);
        }
        self.last.seq = exchange.seq;
        let (epoch, seq) = (exchange.epoch, exchange.seq);
        let data = journal::show(exchange, secrets);
        let _ = write!(text, "id: {epoch}-{seq}\nevent: exchange\ndata: {data}\n\n");
    }

    /// Tells that an epoch has ended, and which one has begun.
    fn tell_reset(&self, text: &mut String) {
        let ExchangeId { epoch, seq } = self.last;
        let _ = write!(text, "id: {epoch}-{seq}\nevent: reset\ndata: {{\"epoch\": {epoch}}}\n\n");
    }
}

/// Sends the events so far, and further ones as they happen, until the client leaves, the tenant is deleted or the
/// server stops.
pub(super) fn follow(
    tenant: Arc<Tenant>,
    mut follower: Follower,
    mut reader: Reader,
) -> mpsc::Receiver<Bytes> {
    let (feeder, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            // Taken first: a page that nobody takes is not made.
            let Ok(place) = feeder.reserve().await else { return };
            let mut grew = std::pin::pin!(tenant.journal_grew());
            grew.as_mut().enable();
            let Some(page) = follower.page(&tenant, wall_now()) else { return };
            if !page.is_empty() {
                place.send(page.into());
                continue;
            }
            tokio::select! {
                () = grew => {}
                () = feeder.closed() => return,
                () = reader.vitals.left() => return,
                _ = reader.stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    });
    pieces
}
