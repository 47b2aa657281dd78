//! What the states of all tenants take together: how much that may be, and how much it is. What would go beyond is refused
//! before it is done, and what a tenant took is free again when it is deleted, reset or given another state. What the
//! server itself starts tenants with is shared by all of them and not counted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The default number of bytes that all tenants' states take together.
pub const DEFAULT_TOTAL_BYTES: usize = 128 << 20;

/// What the states of all tenants of a server take together, in bytes.
#[derive(Debug)]
pub struct StateBudget {
    limit: usize,
    used: AtomicUsize,
}

/// Why a state is not made larger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// One tenant would have more than its share.
    InTenant {
        /// What its state would take.
        needed: usize,
        /// The most that it may.
        share: usize,
    },
    /// All tenants together would have more than there is.
    InServer {
        /// How much more it would take.
        more: usize,
        /// What the others leave free.
        free: usize,
        /// What all may take.
        limit: usize,
    },
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTenant { needed, share } => write!(
                f,
                "the tenant's state would take {needed} bytes of memory or more; expected {share} or fewer, seven eighths of \
                 --state-total-bytes"
            ),
            Self::InServer { more, free, limit } => write!(
                f,
                "the tenant's state would take {more} more bytes of memory, and the states of all tenants leave {free} of \
                 {limit} free (--state-total-bytes); expected tenants to be deleted or reset first, or a higher limit"
            ),
        }
    }
}

impl StateBudget {
    /// A budget of this many bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// What all states take.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The most that one tenant may take: others find room whatever it does.
    fn share(&self) -> usize {
        self.limit - self.limit / 8
    }

    /// Whether there is room for `more` bytes in a tenant whose state takes `held`.
    /// Writes that are decided at the same moment, one on each of the server's threads, may be told of the same room.
    pub(crate) fn admit(&self, more: usize, held: usize) -> Result<(), NoRoom> {
        self.admit_beside(self.used(), more, held)
    }

    /// The same while all states take `used`.
    fn admit_beside(&self, used: usize, more: usize, held: usize) -> Result<(), NoRoom> {
        let (needed, share) = (held.saturating_add(more), self.share());
        if needed > share {
            return Err(NoRoom::InTenant { needed, share });
        }
        let free = self.limit.saturating_sub(used);
        if more > free { Err(NoRoom::InServer { more, free, limit: self.limit }) } else { Ok(()) }
    }

    /// Whether there is room for a state of `bytes` in the place of one of `former`.
    pub(crate) fn admit_instead(&self, bytes: usize, former: usize) -> Result<(), NoRoom> {
        self.admit(bytes.saturating_sub(former), former.min(bytes))
    }
}

impl Default for StateBudget {
    fn default() -> Self {
        Self::new(DEFAULT_TOTAL_BYTES)
    }
}

/// What is counted of the budget until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budget: Arc<StateBudget>,
    bytes: usize,
}

impl Charge {
    /// This many bytes, whether there is room for them or not.
    pub(crate) fn of(budget: &Arc<StateBudget>, bytes: usize) -> Self {
        let mut charge = Self { budget: Arc::clone(budget), bytes: 0 };
        charge.set(bytes);
        charge
    }

    /// This many bytes, for which there must be room in the place of a state of `former`. Two that come at once are not both
    /// told that the same room is free; until the former is dropped, both are counted.
    pub(crate) fn admitted(budget: &Arc<StateBudget>, bytes: usize, former: usize) -> Result<Self, NoRoom> {
        let mut used = budget.used();
        loop {
            budget.admit_beside(used, bytes.saturating_sub(former), former.min(bytes))?;
            let sum = used.wrapping_add(bytes);
            match budget.used.compare_exchange_weak(used, sum, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(Self { budget: Arc::clone(budget), bytes }),
                Err(now) => used = now,
            }
        }
    }

    /// How many bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget.
    pub(crate) fn budget(&self) -> &Arc<StateBudget> {
        &self.budget
    }

    /// This many bytes from now on.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes != self.bytes {
            // The difference may be negative; the sum of all is not.
            self.budget.used.fetch_add(bytes.wrapping_sub(self.bytes), Ordering::Relaxed);
            self.bytes = bytes;
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again_and_nobody_has_more_than_its_share() {
        let budget = Arc::new(StateBudget::new(80));
        let mut first = Charge::of(&budget, 50);
        assert_eq!(budget.admit(21, 50), Err(NoRoom::InTenant { needed: 71, share: 70 }));
        assert_eq!(budget.admit(20, 50), Ok(()));
        assert_eq!(budget.admit(30, 0), Ok(()));
        assert_eq!(budget.admit(31, 0), Err(NoRoom::InServer { more: 31, free: 30, limit: 80 }));
        // What is replaced makes room.
        assert_eq!(budget.admit_instead(70, 50), Ok(()));
        assert_eq!(budget.admit_instead(10, 50), Ok(()));
        assert!(budget.admit_instead(71, 50).is_err());
        first.set(20);
        let second = Charge::of(&budget, 70);
        assert_eq!((budget.used(), budget.admit(1, 20).is_err(), budget.admit(0, 20)), (90, true, Ok(())));
        drop((first, second));
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn states_that_come_at_once_are_not_given_the_same_room() {
        let budget = Arc::new(StateBudget::new(100));
        let (taken, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50_000 {
                        let Ok(charge) = Charge::admitted(&budget, 60, 0) else { continue };
                        taken.fetch_add(1, Ordering::Relaxed);
                        most.fetch_max(budget.used(), Ordering::Relaxed);
                        drop(charge);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
        assert_eq!((most.into_inner(), budget.used()), (60, 0));
    }
}
