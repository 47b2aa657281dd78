//! The password sync groups of one tenant: found by id, listed in the order of creation. A group is kept as
//! the bytes in which it is sent, so that a get hands out a pointer and a page joins slices.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use hyper::body::Bytes;

use super::order::Order;
use crate::clock::Timestamp;
use crate::fixture::Group;

/// All groups of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// The slot of each group, found by the id that stands in the group's text: it is kept nowhere else.
    slots: HashTable<Place>,
    hasher: DefaultHashBuilder,
    order: Order<Stored>,
    inserted: u64,
    /// Where a group is written before it gets exactly as much memory as it needs.
    scratch: Vec<u8>,
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

/// Where a group is, with its id's hash, so that a table that grows need not look into every text again.
#[derive(Clone, Copy, Debug)]
struct Place {
    slot: u32,
    hash: u32,
}

impl Place {
    /// A hash as the table wants it: with luck at both ends.
    fn hash(self) -> u64 {
        spread(self.hash)
    }
}

fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// What became of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The group's place in the order of creation.
    pub sequence: u64,
    /// What it was; `None` when it was not there.
    pub before: Option<Bytes>,
    /// What it became; `None` when it went.
    pub after: Option<Bytes>,
}

/// What stands before the id in a group's text.
const BEFORE_ID: &[u8] = br#"{"id":""#;

/// An id as it stands in a group's text, between the quotes.
fn escaped(id: &str) -> Cow<'_, str> {
    if id.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let quoted = serde_json::to_string(id).expect("a text can be written as JSON");
        Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
    } else {
        Cow::Borrowed(id)
    }
}

/// Whether a group's text is that of the group with this id, escaped.
fn is_text_of(rendered: &[u8], escaped_id: &str) -> bool {
    rendered
        .strip_prefix(BEFORE_ID)
        .and_then(|rest| rest.strip_prefix(escaped_id.as_bytes()))
        .is_some_and(|rest| rest.first() == Some(&b'"'))
}

/// The id in a group's text, escaped.
fn escaped_id_in(rendered: &[u8]) -> &[u8] {
    let rest = &rendered[BEFORE_ID.len()..];
    let mut is_escaped = false;
    let end = rest.iter().position(|&byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    &rest[..end.unwrap_or(rest.len())]
}

impl Change {
    /// Whether it is about the group with this id.
    pub fn is_of(&self, id: &str) -> bool {
        self.after.as_ref().or(self.before.as_ref()).is_some_and(|text| is_text_of(text, &escaped(id)))
    }
}

/// Writes a group as it is sent.
fn render(group: &Group, scratch: &mut Vec<u8>) -> Bytes {
    scratch.clear();
    serde_json::to_writer(&mut *scratch, group).expect("a group can be written as JSON");
    Bytes::copy_from_slice(scratch)
}

/// A group that is new: what it does not say of its times is `now`.
fn with_times(mut group: Group, now: Timestamp) -> (Group, Timestamp, Timestamp) {
    let created = *group.created.get_or_insert(now);
    let modified = *group.modified.get_or_insert(created);
    (group, created, modified)
}

impl Stored {
    fn group(&self) -> Group {
        serde_json::from_slice(&self.rendered).expect("it was written from a group")
    }

    /// A group in the place of this one: `created` stays, `modified` moves on, by a millisecond at least.
    fn replaced_by(&self, mut group: Group, now: Timestamp) -> (Group, Timestamp) {
        let modified = now.max(Timestamp::from_millis(self.modified.as_millis() + 1));
        group.created = Some(self.created);
        group.modified = Some(modified);
        (group, modified)
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

    /// Whether there is a group with this id.
    pub fn contains(&self, id: &str) -> bool {
        self.slot(&escaped(id)).is_some()
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

    /// What [`Self::insert`] would send.
    pub fn would_insert(group: Group, now: Timestamp) -> Bytes {
        render(&with_times(group, now).0, &mut Vec::new())
    }

    /// Appends a group whose id is new. `now` fills `created` and `modified` where they are absent.
    pub fn insert(&mut self, group: Group, now: Timestamp) -> Change {
        let (group, created, modified) = with_times(group, now);
        let rendered = render(&group, &mut self.scratch);
        let sequence = self.inserted;
        self.inserted += 1;
        let hash = self.hash(escaped(&group.id).as_bytes());
        let after = Some(rendered.clone());
        let slot = self.order.push(Stored { rendered, created, modified, sequence });
        self.slots.insert_unique(spread(hash), Place { slot, hash }, |place| place.hash());
        Change { sequence, before: None, after }
    }

    /// What [`Self::replace`] would send.
    pub fn would_replace(&self, group: Group, now: Timestamp) -> Option<Bytes> {
        let (group, _) = self.stored(&group.id)?.replaced_by(group, now);
        Some(render(&group, &mut Vec::new()))
    }

    /// Replaces a group that exists, in its place: `id` and `created` stay, `modified` moves on, by a
    /// millisecond at least.
    pub fn replace(&mut self, group: Group, now: Timestamp) -> Option<Change> {
        let slot = self.slot(&escaped(&group.id))?;
        let stored = self.order.get_mut(slot)?;
        let (group, modified) = stored.replaced_by(group, now);
        let rendered = render(&group, &mut self.scratch);
        stored.modified = modified;
        let before = std::mem::replace(&mut stored.rendered, rendered.clone());
        Some(Change { sequence: stored.sequence, before: Some(before), after: Some(rendered) })
    }

    /// Takes a group out.
    pub fn remove(&mut self, id: &str) -> Option<Change> {
        let id = escaped(id);
        let (order, hash) = (&self.order, self.hash(id.as_bytes()));
        let found = self.slots.find_entry(spread(hash), |place| is_in(order, *place, hash, &id)).ok()?;
        let (place, _) = found.remove();
        let stored = self.order.remove(place.slot)?;
        if self.order.is_sparse() {
            self.compact();
        }
        Some(Change { sequence: stored.sequence, before: Some(stored.rendered), after: None })
    }

    /// Closes the gaps that removals left.
    fn compact(&mut self) {
        let hasher = &self.hasher;
        let mut slots = HashTable::with_capacity(self.order.len());
        self.order.compact(|stored, slot| {
            let hash = hash_of(hasher, escaped_id_in(&stored.rendered));
            slots.insert_unique(spread(hash), Place { slot, hash }, |place: &Place| place.hash());
        });
        self.slots = slots;
    }

    fn stored(&self, id: &str) -> Option<&Stored> {
        self.order.get(self.slot(&escaped(id))?)
    }

    fn slot(&self, escaped_id: &str) -> Option<u32> {
        let hash = self.hash(escaped_id.as_bytes());
        let found = self.slots.find(spread(hash), |place| is_in(&self.order, *place, hash, escaped_id));
        found.map(|place| place.slot)
    }

    fn hash(&self, escaped_id: &[u8]) -> u32 {
        hash_of(&self.hasher, escaped_id)
    }

    fn rendered_len(&self, offset: usize, limit: usize) -> usize {
        self.order.iter_from(offset).take(limit).map(|stored| stored.rendered.len() + 1).sum()
    }
}

/// Whether the group with this id, escaped, is in that place.
fn is_in(order: &Order<Stored>, place: Place, hash: u32, escaped_id: &str) -> bool {
    let is_it = |stored: &Stored| is_text_of(&stored.rendered, escaped_id);
    place.hash == hash && order.get(place.slot).is_some_and(is_it)
}

#[expect(clippy::cast_possible_truncation, reason = "half a hash is hash enough for what fits in memory")]
fn hash_of(hasher: &DefaultHashBuilder, escaped_id: &[u8]) -> u32 {
    hasher.hash_one(escaped_id) as u32
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
    fn any_text_is_an_id() {
        let mut groups = Groups::default();
        let ids = ["", "a", "a\"", "a\\", "\\\"", "a\",\"name", "\u{e4}\n", "{\"id\":\""];
        for id in ids {
            groups.insert(group(id), at(0));
        }
        for id in ids {
            assert_eq!(groups.get(id).unwrap().id, id);
            let change = groups.replace(group(id), at(1)).unwrap();
            assert!(ids.iter().all(|other| change.is_of(other) == (*other == id)), "{id}");
        }
        assert!(ids.iter().all(|id| groups.remove(id).unwrap().is_of(id) && !groups.contains(id)));
    }

    #[test]
    fn what_would_be_sent_is_what_is_sent_then() {
        let mut groups = Groups::default();
        let would = Groups::would_insert(group("a"), at(7));
        assert_eq!(groups.insert(group("a"), at(7)).after, Some(would));
        let would = groups.would_replace(group("a"), at(7));
        assert_eq!(groups.replace(group("a"), at(7)).unwrap().after, would);
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
