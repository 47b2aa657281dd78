//! Bytes that requests and answers of all connections together may take at a time. What does not fit is refused before it
//! takes anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes, for all connections together.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    taken: AtomicUsize,
}

/// Some bytes of a budget, which are free again when this is dropped. `B` leads to the budget.
#[derive(Debug)]
pub(super) struct Taken<B: AsRef<Budget>> {
    budget: B,
    bytes: usize,
}

impl Budget {
    /// A budget of this many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, taken: AtomicUsize::new(0) }
    }

    /// How many bytes there are in all.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// This many bytes, unless there are fewer left.
    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Option<Taken<Arc<Self>>> {
        let mut taken = Taken { budget: Arc::clone(self), bytes: 0 };
        taken.grow_to(bytes).then_some(taken)
    }
}

impl AsRef<Self> for Budget {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<'a> Taken<&'a Budget> {
    /// Nothing so far.
    pub(super) fn nothing_of(budget: &'a Budget) -> Self {
        Self { budget, bytes: 0 }
    }
}

impl<B: AsRef<Budget>> Taken<B> {
    /// Takes as many more as it needs to have this many; `false`, and nothing more, when there are fewer left.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        self.grow(bytes, false)
    }

    /// The same; as many as it wants as long as nobody else has any.
    pub(super) fn grow_alone_to(&mut self, bytes: usize) -> bool {
        self.grow(bytes, true)
    }

    fn grow(&mut self, bytes: usize, may_have_all: bool) -> bool {
        let budget = self.budget.as_ref();
        let Some(more) = bytes.checked_sub(self.bytes).filter(|more| *more > 0) else { return true };
        let before = budget.taken.fetch_add(more, Ordering::Relaxed);
        let is_alone = may_have_all && before == self.bytes;
        if before.saturating_add(more) > budget.limit && !is_alone {
            budget.taken.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes = bytes;
        true
    }
}

impl<B: AsRef<Budget>> Drop for Taken<B> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.as_ref().taken.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again_and_no_more_is_taken_than_there_is() {
        let budget = Arc::new(Budget::new(10));
        let first = budget.take(6).unwrap();
        assert!(budget.take(5).is_none());
        let mut second = Taken::nothing_of(&budget);
        assert!(second.grow_to(3) && second.grow_to(2) && !second.grow_to(5));
        drop(first);
        assert!(second.grow_to(10));
        drop(second);
        assert!(budget.take(10).is_some());
        let (mut alone, mut other) = (Taken::nothing_of(&budget), Taken::nothing_of(&budget));
        assert!(alone.grow_alone_to(30) && alone.grow_alone_to(40) && !other.grow_alone_to(1));
        drop(alone);
        assert!(other.grow_alone_to(1) && other.grow_alone_to(11));
    }
}
