//! Where a row is, found by the hash of its id. Rows that copies of a table started with are shared by all and never
//! copied: a later row is in an index of the copy's own, and a removed one is left in the shared one.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

/// The slots of all rows, and some of removed rows: the caller checks whether the row is there.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    shared: Arc<HashTable<HashedSlot>>,
    own: Arc<HashTable<HashedSlot>>,
    hasher: DefaultHashBuilder,
}

/// A slot, with its id's hash, so that a growing index need not read every text again.
#[derive(Clone, Copy, Debug)]
struct HashedSlot {
    slot: u32,
    hash: u32,
}

/// A hash as the table wants it: it looks at both ends.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Index {
    /// The hash of an id, escaped.
    #[expect(clippy::cast_possible_truncation, reason = "half a hash is hash enough for what fits in memory")]
    pub(super) fn hash(&self, escaped_id: &[u8]) -> u32 {
        self.hasher.hash_one(escaped_id) as u32
    }

    /// The slot with this hash that `is_it`.
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let is_it = |place: &HashedSlot| place.hash == hash && is_it(place.slot);
        let find = |index: &HashTable<HashedSlot>| index.find(spread(hash), &is_it).map(|place| place.slot);
        find(&self.own).or_else(|| find(&self.shared))
    }

    /// Makes room for this many more.
    pub(super) fn reserve(&mut self, additional: usize) {
        self.own_mut().reserve(additional, |place| spread(place.hash));
    }

    /// Adds a slot.
    pub(super) fn insert(&mut self, hash: u32, slot: u32) {
        self.own_mut().insert_unique(spread(hash), HashedSlot { slot, hash }, |place| spread(place.hash));
    }

    /// Removes a slot, because its row was removed.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) {
        let is_it = |place: &HashedSlot| place.slot == slot;
        if self.own.find(spread(hash), is_it).is_some()
            && let Ok(found) = self.own_mut().find_entry(spread(hash), is_it)
        {
            found.remove();
        }
    }

    /// The same without any slot: hashes stay as they are.
    pub(super) fn emptied(&self) -> Self {
        Self { shared: Arc::default(), own: Arc::default(), hasher: self.hasher.clone() }
    }

    /// The index that may be written to. When a copy holds it too and nothing is shared yet, it becomes the
    /// shared one, and a new one is started. Only a copy of a copy that had rows of its own copies those.
    fn own_mut(&mut self) -> &mut HashTable<HashedSlot> {
        if self.shared.is_empty() && Arc::get_mut(&mut self.own).is_none() {
            self.shared = std::mem::take(&mut self.own);
        }
        Arc::make_mut(&mut self.own)
    }
}

#[cfg(test)]
impl Index {
    /// Whether this is a copy of the other that shares all that the other has.
    pub(super) fn shares_all_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.own)
    }

    /// How many slots it has of its own.
    pub(super) fn own_len(&self) -> usize {
        self.own.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Index {
        let mut index = Index::default();
        (0..1_000_u32).for_each(|slot| index.insert(index.hash(&slot.to_le_bytes()), slot));
        index
    }

    #[test]
    fn a_copy_that_is_written_to_copies_nothing() {
        let index = filled();
        let mut other = index.clone();
        let hash = index.hash(b"new");
        other.insert(hash, 1_000);
        assert!(other.shares_all_of(&index));
        assert_eq!((other.own_len(), index.own_len()), (1, 1_000));
        assert_eq!(other.find(hash, |_| true), Some(1_000));
        assert_eq!(index.find(hash, |slot| slot == 1_000), None);
        let hash = index.hash(&7_u32.to_le_bytes());
        other.remove(hash, 7);
        assert!(other.shares_all_of(&index));
        assert_eq!([&index, &other].map(|index| index.find(hash, |slot| slot == 7)), [Some(7); 2]);
    }

    #[test]
    fn what_a_copy_has_of_its_own_goes_when_it_is_removed() {
        let index = filled();
        let mut other = index.clone();
        let hash = index.hash(b"new");
        for slot in 1_000..2_000 {
            other.insert(hash, slot);
            other.remove(hash, slot);
        }
        assert_eq!(other.own_len(), 0);
        other.insert(hash, 2_000);
        let mut third = other.clone();
        third.remove(hash, 2_000);
        assert_eq!([&other, &third].map(|index| index.find(hash, |slot| slot == 2_000)), [Some(2_000), None]);
    }
}
