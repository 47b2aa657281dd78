//! What changed lately in a table, so that a stale read can go back to it. Kept short: as far back as a rule
//! needs, or a few changes for a rule that is added later.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

#[cfg(test)]
use super::text::{escaped, id_in, is_text_of};
use crate::clock::Timestamp;

/// Changes that are kept when no rule needs them.
const KEPT: usize = 256;
/// The most changes that are kept.
const KEPT_AT_MOST: usize = 100_000;
/// The most bytes of records that are kept, and the most when no rule needs them.
const BYTES: usize = 16 << 20;
const BYTES_UNASKED: usize = 1 << 20;

/// What happened to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The record's place in the order of creation.
    pub(crate) sequence: u64,
    /// The old record; `None` when there was none.
    pub(crate) before: Option<Bytes>,
    /// The new record; `None` when it was removed.
    pub(crate) after: Option<Bytes>,
}

impl Change {
    /// Whether it is about the record with this id.
    #[cfg(test)]
    pub(crate) fn is_of(&self, id: &str) -> bool {
        self.text().is_some_and(|text| is_text_of(text, &escaped(id)))
    }

    /// The record's id.
    #[cfg(test)]
    pub(crate) fn id(&self) -> String {
        self.text().map(|text| id_in(text)).unwrap_or_default()
    }

    #[cfg(test)]
    fn text(&self) -> Option<&Bytes> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// How a read looks at the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'a> {
    /// Later changes are not visible ...
    pub(crate) at: Timestamp,
    /// ... except those by this client.
    pub(crate) own: Option<&'a str>,
}

/// A change, and when and by which OAuth client.
#[derive(Clone, Debug)]
struct Dated {
    at: Timestamp,
    client: Arc<str>,
    change: Change,
}

impl Dated {
    fn bytes(&self) -> usize {
        // What came after is in the table, or what came before a later change.
        size_of::<Self>() + self.change.before.as_ref().map_or(0, Bytes::len)
    }
}

/// Changes, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    changes: VecDeque<Dated>,
    bytes: usize,
}

impl History {
    /// Remembers a change, and forgets what is older than `horizon`.
    pub(super) fn record(
        &mut self,
        at: Timestamp,
        client: Arc<str>,
        change: Change,
        horizon: Option<Duration>,
    ) {
        let dated = Dated { at, client, change };
        self.bytes += dated.bytes();
        self.changes.push_back(dated);
        let is_old = |change: &Dated| horizon.is_some_and(|horizon| at.since(change.at) > horizon);
        let (limit, bytes) = if horizon.is_some() { (KEPT_AT_MOST, BYTES) } else { (KEPT, BYTES_UNASKED) };
        while self.changes.len() > limit || self.bytes > bytes || self.changes.front().is_some_and(is_old) {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// What it keeps, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The records that changed since, as they were in the past, by their place in the order of creation.
    pub(super) fn differences(&self, past: Past<'_>) -> BTreeMap<u64, Option<Bytes>> {
        let mut differences = BTreeMap::new();
        for Dated { client, change, .. } in self.changes.iter().filter(|dated| dated.at > past.at) {
            let version = differences.entry(change.sequence).or_insert_with(|| change.before.clone());
            if past.own == Some(&**client) {
                version.clone_from(&change.after);
            }
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(history: &mut History, seconds: i64, client: &str, change: Change, horizon: Option<Duration>) {
        history.record(Timestamp::from_millis(seconds * 1_000), client.into(), change, horizon);
    }

    fn change(sequence: u64, before: Option<&str>, after: Option<&str>) -> Change {
        let text = |name: &str| Bytes::from(format!(r#"{{"id":"{sequence}","name":"{name}"}}"#));
        Change { sequence, before: before.map(text), after: after.map(text) }
    }

    fn seen(history: &History, seconds: i64, own: Option<&str>) -> Vec<(u64, Option<String>)> {
        let past = Past { at: Timestamp::from_millis(seconds * 1_000), own };
        let text = |bytes: Bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.split('"').rev().nth(1).unwrap().to_owned()
        };
        let differences = history.differences(past).into_iter();
        differences.map(|(sequence, version)| (sequence, version.map(text))).collect()
    }

    #[test]
    fn the_past_is_what_was_before_the_changes_since() {
        let mut history = History::default();
        let horizon = Some(Duration::from_mins(1));
        record(&mut history, 10, "a", change(1, None, Some("new")), horizon);
        record(&mut history, 20, "b", change(1, Some("new"), Some("newer")), horizon);
        record(&mut history, 30, "a", change(2, Some("old"), None), horizon);
        let new = || Some("new".to_owned());
        let old = || Some("old".to_owned());
        assert_eq!(seen(&history, 30, None), []);
        assert_eq!(seen(&history, 20, None), [(2, old())]);
        assert_eq!(seen(&history, 10, None), [(1, new()), (2, old())]);
        assert_eq!(seen(&history, 9, None), [(1, None), (2, old())]);
        assert_eq!(seen(&history, 9, Some("a")), [(1, new()), (2, None)]);
        assert_eq!(seen(&history, 9, Some("b")), [(1, Some("newer".to_owned())), (2, old())]);
    }

    #[test]
    fn only_what_a_rule_asks_for_is_kept() {
        let mut history = History::default();
        for second in 0..1_000 {
            record(&mut history, second, "a", change(1, None, None), Some(Duration::from_secs(5)));
        }
        assert_eq!(history.changes.len(), 6);
        for second in 0..1_000 {
            record(&mut history, second, "a", change(1, None, None), None);
        }
        assert_eq!(history.changes.len(), KEPT);
    }

    #[test]
    fn long_records_are_kept_only_as_far_as_there_is_room() {
        let mut history = History::default();
        let long = "x".repeat(1 << 20);
        for second in 0..40 {
            record(&mut history, second, "a", change(1, Some(&long), None), Some(Duration::from_mins(1)));
        }
        assert_eq!(history.changes.len(), 15);
    }

    #[test]
    fn a_change_knows_its_record() {
        let created = change(7, None, Some("new"));
        let removed = change(7, Some("new"), None);
        for change in [created, removed] {
            assert_eq!((change.id(), change.is_of("7"), change.is_of("")), ("7".to_owned(), true, false));
        }
    }
}
