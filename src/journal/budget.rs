//! What all journals of a server keep together: how much that may be, how much it is, and how far the fullest must give
//! way. Who makes them give way is the world, which knows all tenants.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The default number of bytes that all journals keep together.
pub const DEFAULT_TOTAL_BYTES: usize = 256 << 20;
/// Room is made for a few exchanges at once: this share of the budget stays free.
const SPARE: usize = 64;

/// What all journals of a server keep together.
#[derive(Debug)]
pub struct JournalBudget {
    limit: usize,
    used: AtomicUsize,
    dropped: AtomicU64,
}

impl JournalBudget {
    /// A budget of this many bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0), dropped: AtomicU64::new(0) }
    }

    /// How many exchanges were ever dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// What journals may keep while something else takes `elsewhere` of it: never less than a quarter of all.
    fn limit_beside(&self, elsewhere: usize) -> usize {
        self.limit - elsewhere.min(self.limit / 4 * 3)
    }

    /// Whether the journals keep more than they may, while something else takes `elsewhere` of it.
    pub(crate) fn is_exceeded(&self, elsewhere: usize) -> bool {
        self.used.load(Ordering::Relaxed) > self.limit_beside(elsewhere)
    }

    /// To how many bytes each journal must be cut so that all together fit, while something else takes `elsewhere`; the
    /// fullest give way first. `sizes` are those of the journals.
    pub(crate) fn level(&self, mut sizes: Vec<usize>, elsewhere: usize) -> usize {
        let limit = self.limit_beside(elsewhere);
        let room = limit - limit / SPARE;
        let excess = sizes.iter().sum::<usize>().saturating_sub(room);
        if excess == 0 {
            return usize::MAX;
        }
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let mut fuller = 0;
        for (place, size) in sizes.iter().enumerate() {
            fuller += size;
            let next = sizes.get(place + 1).copied().unwrap_or_default();
            // Cut to the next size, do those so far give up enough?
            if fuller - next * (place + 1) >= excess {
                return (fuller - excess) / (place + 1);
            }
        }
        0
    }

    /// Notes that a journal of `before` bytes now has `after`, and how many exchanges it dropped.
    pub(super) fn note(&self, before: usize, after: usize, dropped: u64) {
        // The difference may be negative; the sum of all is not.
        self.used.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        if dropped > 0 {
            self.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
    }
}

impl Default for JournalBudget {
    fn default() -> Self {
        Self::new(DEFAULT_TOTAL_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hyper::Method;

    use super::*;
    use crate::clock::Timestamp;
    use crate::journal::{Exchange, Filter, Journal};
    use crate::scenario::{Engine, Rulesets};
    use crate::wire::{Request, TrackingId};

    #[test]
    fn the_fullest_journals_give_way_first_and_small_ones_last() {
        let budget = JournalBudget::new(6_400);
        for (sizes, level) in [
            (vec![], usize::MAX),
            (vec![6_000, 300], usize::MAX),
            // 6,300 bytes are kept, a sixty-fourth less than allowed.
            (vec![6_000, 400], 5_900),
            (vec![3_000, 4_000, 400], 2_950),
            (vec![10_000, 1_000, 1_000], 4_300),
            (vec![100; 126], 50),
        ] {
            assert_eq!(budget.level(sizes.clone(), 0), level, "{sizes:?}");
            let kept: usize = sizes.iter().map(|size| size.min(&level)).sum();
            assert!(kept <= 6_300);
        }
    }

    #[test]
    fn what_something_else_takes_journals_give_up_until_a_quarter_is_left() {
        let budget = JournalBudget::new(6_400);
        budget.note(0, 1_601, 0);
        let exceeded = [0, 4_799, 4_800, usize::MAX].map(|elsewhere| budget.is_exceeded(elsewhere));
        assert_eq!(exceeded, [false, false, true, true]);
        let levels = [0, 1_280, 4_800, usize::MAX].map(|elsewhere| budget.level(vec![6_000, 100], elsewhere));
        assert_eq!(levels, [usize::MAX, 4_940, 1_475, 1_475]);
    }

    #[test]
    fn the_budget_knows_what_a_journal_keeps_whatever_becomes_of_it() {
        let budget = Arc::new(JournalBudget::new(1 << 20));
        let mut journal = Journal::new(10, 1 << 20, Arc::clone(&budget));
        let now = Timestamp::from_millis(0);
        let engine = Engine::load(&Rulesets::default(), now);
        for seq in 1..=3 {
            let request = journal.pack(&Request::new(Method::GET, "/oauth/info").unwrap(), "/oauth/info");
            journal.append(Exchange::opened(seq, now, request, TrackingId([0; 16]), engine.none_matched()));
        }
        let used = |journal: &Journal| {
            let used = budget.used.load(Ordering::Relaxed);
            assert_eq!(used, journal.bytes());
            used
        };
        let before = used(&journal);
        journal.note(2, |exchange| exchange.violations = ["x".repeat(1_000)].into());
        assert!(used(&journal) > before + 1_000);
        // As many as are asked for, and the oldest first.
        journal.forget(&Filter { limit: 2, ..Filter::default() });
        assert_eq!(journal.after(0).map(|exchange| exchange.seq).collect::<Vec<_>>(), [3]);
        assert!(used(&journal) < before);
        journal.forget(&Filter::default());
        assert_eq!(used(&journal), 0);
    }
}
