//! The password sync groups of one tenant: found by id, listed in the order of creation. A group is kept as
//! the bytes in which it is sent, so that a get hands out a pointer and a page joins slices.

use std::collections::{BTreeMap, HashMap};

use hyper::body::Bytes;

use super::order::Order;
use crate::clock::Timestamp;
use crate::fixture::Group;

/// All groups of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    slots: HashMap<Box<str>, u32>,
    order: Order<Stored>,
    inserted: u64,
}

/// A group as it is kept.
#[derive(Clone, Debug)]
struct Stored {
    rendered: Bytes,
    created: Timestamp,
    modified: Timestamp,
    /// Its place in the order of creation, for ever.
    sequence: u64,
}

impl Stored {
    fn new(group: &Group, created: Timestamp, modified: Timestamp, sequence: u64) -> Self {
        let rendered = serde_json::to_vec(group).expect("a group can be written as JSON");
        // Exactly as much memory as the text needs.
        Self { rendered: Bytes::from(rendered.into_boxed_slice()), created, modified, sequence }
    }

    fn group(&self) -> Group {
        serde_json::from_slice(&self.rendered).expect("it was written from a group")
    }
}

impl Groups {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A group as it is sent.
    pub fn rendered(&self, id: &str) -> Option<Bytes> {
        Some(self.stored(id)?.rendered.clone())
    }

    /// A group in types.
    pub fn get(&self, id: &str) -> Option<Group> {
        Some(self.stored(id)?.group())
    }

    /// One page as it is sent: a JSON array.
    pub fn page(&self, offset: usize, limit: usize) -> Bytes {
        let mut page = Vec::with_capacity(2 + self.rendered_len(offset, limit));
        page.push(b'[');
        for stored in self.order.iter_from(offset).take(limit) {
            if page.len() > 1 {
                page.push(b',');
            }
            page.extend_from_slice(&stored.rendered);
        }
        page.push(b']');
        page.into()
    }

    /// A group's place in the order of creation.
    pub fn sequence(&self, id: &str) -> Option<u64> {
        Some(self.stored(id)?.sequence)
    }

    /// One page of another version of the list, and how long that list is. `other` has, by their place in the
    /// order of creation, the groups that differ: as they are in that version, or `None` where they are not.
    pub fn other_page(
        &self,
        mut other: BTreeMap<u64, Option<Bytes>>,
        offset: usize,
        limit: usize,
    ) -> (Bytes, usize) {
        for stored in self.order.iter_from(0) {
            other.entry(stored.sequence).or_insert_with(|| Some(stored.rendered.clone()));
        }
        let list: Vec<_> = other.into_values().flatten().collect();
        let page: Vec<_> = list.iter().skip(offset).take(limit).map(|rendered| &rendered[..]).collect();
        let page = [b"[", &page.join(&b","[..])[..], b"]"].concat();
        (page.into(), list.len())
    }

    /// All groups in types, in order.
    pub fn iter(&self) -> impl Iterator<Item = Group> {
        self.order.iter_from(0).map(Stored::group)
    }

    /// Appends a group whose id is new. `now` fills `created` and `modified` where they are absent.
    pub fn insert(&mut self, mut group: Group, now: Timestamp) -> Bytes {
        let created = *group.created.get_or_insert(now);
        let modified = *group.modified.get_or_insert(created);
        let stored = Stored::new(&group, created, modified, self.inserted);
        self.inserted += 1;
        let rendered = stored.rendered.clone();
        let slot = self.order.push(stored);
        self.slots.insert(group.id.into_boxed_str(), slot);
        rendered
    }

    /// Replaces a group that exists, in its place: `id` and `created` stay, `modified` moves on, by a
    /// millisecond at least.
    pub fn replace(&mut self, mut group: Group, now: Timestamp) -> Option<Bytes> {
        let slot = *self.slots.get(group.id.as_str())?;
        let stored = self.order.get_mut(slot)?;
        let modified = now.max(Timestamp::from_millis(stored.modified.as_millis() + 1));
        group.created = Some(stored.created);
        group.modified = Some(modified);
        *stored = Stored::new(&group, stored.created, modified, stored.sequence);
        Some(stored.rendered.clone())
    }

    /// Takes a group out.
    pub fn remove(&mut self, id: &str) -> Option<Group> {
        let slot = self.slots.remove(id)?;
        let stored = self.order.remove(slot)?;
        if self.order.is_sparse() {
            let slots = &mut self.slots;
            self.order.compact(|stored, slot| {
                if let Some(known) = slots.get_mut(stored.group().id.as_str()) {
                    *known = slot;
                }
            });
            self.slots.shrink_to_fit();
        }
        Some(stored.group())
    }

    fn stored(&self, id: &str) -> Option<&Stored> {
        self.order.get(*self.slots.get(id)?)
    }

    fn rendered_len(&self, offset: usize, limit: usize) -> usize {
        self.order.iter_from(offset).take(limit).map(|stored| stored.rendered.len() + 1).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str) -> Group {
        Group { id: id.to_owned(), name: Some(format!("Group {id}")), ..Group::default() }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_page_is_the_groups_in_order_of_creation() {
        let mut groups = Groups::default();
        for id in ["c", "a", "b"] {
            groups.insert(group(id), at(0));
        }
        groups.remove("a");
        groups.insert(group("a"), at(0));
        let ids = |offset, limit| -> Vec<String> {
            let page: Vec<Group> = serde_json::from_slice(&groups.page(offset, limit)).unwrap();
            page.into_iter().map(|group| group.id).collect()
        };
        assert_eq!(ids(0, 250), ["c", "b", "a"]);
        assert_eq!(ids(1, 1), ["b"]);
        assert_eq!(ids(3, 250), [""; 0]);
        assert_eq!(groups.page(0, 0), "[]");
    }

    #[test]
    fn replacing_keeps_the_place_and_always_moves_modified() {
        let mut groups = Groups::default();
        groups.insert(group("a"), at(5_000));
        groups.insert(group("b"), at(6_000));
        groups.replace(group("a"), at(5_000));
        let first = groups.iter().next().unwrap();
        assert_eq!((first.created, first.modified), (Some(at(5_000)), Some(at(5_001))));
        assert_eq!(first.id, "a");
        assert!(groups.replace(group("c"), at(0)).is_none());
    }

    #[test]
    fn groups_are_found_after_most_of_them_are_gone() {
        let mut groups = Groups::default();
        for index in 0..1_000 {
            groups.insert(group(&index.to_string()), at(0));
        }
        for index in 0..990 {
            assert!(groups.remove(&index.to_string()).is_some());
        }
        assert_eq!(groups.len(), 10);
        for index in 990..1_000 {
            assert_eq!(groups.get(&index.to_string()).unwrap().id, index.to_string());
        }
    }
}
