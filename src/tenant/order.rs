//! A list that keeps the order of arrival and finds the n-th of what is left in logarithmic time, also after
//! any number of removals: what a page at any offset needs. Items stay in numbered slots; a Fenwick tree
//! counts the slots that are still taken.

/// Empty slots that are passed one by one; the tree leads over a longer gap.
const SHORT_GAP: usize = 8;

/// Items in order of arrival.
#[derive(Clone, Debug)]
pub(super) struct Order<T> {
    slots: Vec<Option<T>>,
    /// A Fenwick tree: entry `i` (1-based) counts the taken slots among the last `i & -i` up to slot `i - 1`.
    taken: Vec<u32>,
    len: usize,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), taken: vec![0], len: 0 }
    }
}

impl<T> Order<T> {
    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends an item and returns its slot, which stays its own until [`Self::compact`].
    pub(super) fn push(&mut self, item: T) -> u32 {
        let slot = self.slots.len();
        self.slots.push(Some(item));
        self.len += 1;
        // The new entry covers the slots before it that its lowest bit says, and itself.
        let position = slot + 1;
        let first_covered = position - lowest_bit(position);
        let mut count = 1;
        let mut inner = position - 1;
        while inner > first_covered {
            count += self.taken[inner];
            inner -= lowest_bit(inner);
        }
        self.taken.push(count);
        u32::try_from(slot).expect("four billion groups do not fit in memory")
    }

    /// The item in a slot.
    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// The item in a slot, to be changed.
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Takes the item out of a slot.
    pub(super) fn remove(&mut self, slot: u32) -> Option<T> {
        let item = self.slots.get_mut(slot as usize)?.take()?;
        self.len -= 1;
        let mut position = slot as usize + 1;
        while position < self.taken.len() {
            self.taken[position] -= 1;
            position += lowest_bit(position);
        }
        Some(item)
    }

    /// The items from the `offset`-th on, in order. A long gap costs no more than a short one.
    pub(super) fn iter_from(&self, offset: usize) -> impl Iterator<Item = &T> {
        let (mut nth, mut place) = (offset, if offset < self.len { self.slot_of(offset) } else { 0 });
        std::iter::from_fn(move || {
            if nth >= self.len {
                return None;
            }
            let mut passed = 0;
            loop {
                let slot = &self.slots[place];
                place += 1;
                if let Some(item) = slot {
                    nth += 1;
                    return Some(item);
                }
                passed += 1;
                if passed == SHORT_GAP {
                    place = self.slot_of(nth);
                }
            }
        })
    }

    /// Whether so many slots are empty that [`Self::compact`] would pay.
    pub(super) fn is_sparse(&self) -> bool {
        self.slots.len() > 64 && self.len * 2 < self.slots.len()
    }

    /// Closes the gaps and calls `moved` with every item's new slot.
    pub(super) fn compact(&mut self, mut moved: impl FnMut(&T, u32)) {
        let slots = std::mem::take(&mut self.slots);
        *self = Self::default();
        for item in slots.into_iter().flatten() {
            let slot = self.push(item);
            moved(self.get(slot).expect("it was pushed just now"), slot);
        }
    }

    /// The slot of the `nth` item (from 0), which must exist.
    fn slot_of(&self, nth: usize) -> usize {
        let mut position = 0;
        let mut left = u32::try_from(nth).unwrap_or(u32::MAX);
        let mut step = (self.taken.len() - 1).checked_ilog2().map_or(0, |bits| 1_usize << bits);
        while step > 0 {
            if let Some(&count) = self.taken.get(position + step)
                && count <= left
            {
                position += step;
                left -= count;
            }
            step /= 2;
        }
        position
    }
}

const fn lowest_bit(position: usize) -> usize {
    position & position.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs pushes and removals on an `Order` and on a plain list, and compares every page after each.
    #[test]
    fn every_offset_agrees_with_a_plain_list() {
        let mut order = Order::default();
        let mut plain: Vec<(u32, u32)> = Vec::new();
        let mut luck = 12_345_u32;
        for step in 0..600 {
            luck = luck.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if luck >> 30 == 0 && !plain.is_empty() {
                let (slot, item) = plain.remove((luck >> 8) as usize % plain.len());
                assert_eq!(order.remove(slot), Some(item));
            } else {
                plain.push((order.push(step), step));
            }
            if order.is_sparse() {
                order.compact(|item, slot| {
                    plain.iter_mut().find(|(_, known)| known == item).unwrap().0 = slot;
                });
            }
            assert_eq!(order.len(), plain.len());
            for offset in [0, 1, plain.len() / 2, plain.len().saturating_sub(1), plain.len(), plain.len() + 1]
            {
                let page: Vec<_> = order.iter_from(offset).take(3).copied().collect();
                let expected: Vec<_> = plain.iter().skip(offset).take(3).map(|(_, item)| *item).collect();
                assert_eq!(page, expected, "offset {offset} after step {step}");
            }
        }
    }

    #[test]
    fn long_gaps_are_led_over() {
        let mut order = Order::default();
        let slots: Vec<_> = (0..1_000).map(|item| order.push(item)).collect();
        let is_left = |item: usize| !(20..320).contains(&item) && item % 97 != 3 && item != 999;
        for (item, slot) in slots.into_iter().enumerate().filter(|(item, _)| !is_left(*item)) {
            assert_eq!(order.remove(slot), Some(item));
        }
        let left: Vec<_> = (0..1_000).filter(|item| is_left(*item)).collect();
        for offset in [0, 15, 18, 19, 20, 100, left.len() - 1, left.len(), left.len() + 1] {
            let found: Vec<_> = order.iter_from(offset).copied().collect();
            assert_eq!(found, left[offset.min(left.len())..], "{offset}");
        }
    }

    #[test]
    fn emptying_a_list_closes_its_gaps() {
        let mut order = Order::default();
        let mut slots: Vec<_> = (0..1_000).map(|item| order.push(item)).collect();
        while let Some(slot) = slots.pop() {
            assert!(order.remove(slot).is_some());
            if order.is_sparse() {
                slots.clear();
                order.compact(|_, slot| slots.push(slot));
            }
        }
        assert_eq!((order.len(), order.iter_from(0).count()), (0, 0));
        assert!(order.slots.len() <= 64);
    }
}
