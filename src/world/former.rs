//! Tenants that were deleted, by name: one that comes back under its old name is another incarnation, to which no token of
//! the former belongs.

use std::collections::HashMap;

/// Names that are remembered. Beyond that all are forgotten at once, and every tenant made later counts as having been
/// deleted before: its tokens are signed with another key, and nothing else changes.
const MOST: usize = 65_536;

/// Which incarnation of a name comes next.
#[derive(Debug, Default)]
pub(super) struct Former {
    next: HashMap<Box<str>, u64>,
    deleted: u64,
    /// For names that are not remembered.
    otherwise: u64,
}

impl Former {
    /// Notes that the tenant of this name was deleted.
    pub(super) fn note(&mut self, name: &str) {
        self.deleted += 1;
        if self.next.len() >= MOST {
            self.next.clear();
            self.otherwise = self.deleted;
        }
        self.next.insert(name.into(), self.deleted);
    }

    /// The incarnation of a new tenant of this name: a number that none of that name had before, 0 for the first.
    pub(super) fn incarnation(&self, name: &str) -> u64 {
        self.next.get(name).copied().unwrap_or(self.otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_incarnation_of_a_name_comes_twice() {
        let mut former = Former::default();
        let mut seen = vec![former.incarnation("a")];
        for name in ["b", "a", "a", "b"] {
            former.note(name);
        }
        seen.push(former.incarnation("a"));
        for nth in 0..MOST {
            former.note(&nth.to_string());
        }
        seen.push(former.incarnation("a"));
        former.note("a");
        seen.push(former.incarnation("a"));
        assert!(seen.is_sorted_by(|a, b| a < b) && seen[0] == 0, "{seen:?}");
    }
}
