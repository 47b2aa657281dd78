//! What changed lately, so that a stale read can go back to it. Kept short: as far back as a rule asks for, or
//! a few changes for a rule that comes later.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

use super::groups::Change;
use crate::clock::Timestamp;

/// Changes that are kept when no rule asks for them.
const KEPT: usize = 256;
/// Changes that are kept at most.
const KEPT_AT_MOST: usize = 100_000;
/// Bytes of groups that are kept at most.
const BYTES: usize = 16 << 20;

/// A change, and when and by whom.
#[derive(Clone, Debug)]
pub struct Dated {
    /// When, in the tenant's time.
    pub at: Timestamp,
    /// By which OAuth client.
    pub client: Arc<str>,
    /// What became of the group.
    pub change: Change,
}

impl Dated {
    fn size(&self) -> usize {
        let texts = [&self.change.before, &self.change.after];
        size_of::<Self>() + texts.into_iter().flatten().map(Bytes::len).sum::<usize>()
    }
}

/// Changes, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    changes: VecDeque<Dated>,
    bytes: usize,
}

/// How a read looks at the past.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Later changes are not seen ...
    pub at: Timestamp,
    /// ... but for those by this client.
    pub own: Option<&'a str>,
}

impl History {
    /// Remembers a change, and forgets what is older than `horizon`.
    pub fn record(&mut self, change: Dated, horizon: Option<Duration>) {
        let now = change.at;
        self.bytes += change.size();
        self.changes.push_back(change);
        let is_old = |change: &Dated| horizon.is_some_and(|horizon| now.since(change.at) > horizon);
        let limit = if horizon.is_some() { KEPT_AT_MOST } else { KEPT };
        while self.changes.len() > limit || self.bytes > BYTES || self.changes.front().is_some_and(is_old) {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.bytes -= oldest.size();
        }
    }

    /// The groups that were another way in the past, by their place in the order of creation.
    pub fn differences(&self, past: Past<'_>) -> BTreeMap<u64, Option<Bytes>> {
        let mut differences = BTreeMap::new();
        for Dated { client, change, .. } in self.changes.iter().filter(|dated| dated.at > past.at) {
            let version = differences.entry(change.sequence).or_insert_with(|| change.before.clone());
            if past.own == Some(&**client) {
                version.clone_from(&change.after);
            }
        }
        differences
    }

    /// The place in the order of creation of a group that changed lately.
    pub fn sequence(&self, id: &str) -> Option<u64> {
        self.changes.iter().rev().find(|dated| dated.change.is_of(id)).map(|dated| dated.change.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seconds: i64, client: &str, sequence: u64, before: Option<&str>, after: Option<&str>) -> Dated {
        let text = |name: &str| Bytes::from(format!(r#"{{"id":"{sequence}","name":"{name}"}}"#));
        Dated {
            at: Timestamp::from_millis(seconds * 1_000),
            client: client.into(),
            change: Change { sequence, before: before.map(text), after: after.map(text) },
        }
    }

    fn seen(history: &History, seconds: i64, own: Option<&str>) -> Vec<(u64, Option<String>)> {
        let past = Past { at: Timestamp::from_millis(seconds * 1_000), own };
        let text = |bytes: Bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.split('"').rev().nth(1).unwrap().to_owned()
        };
        history
            .differences(past)
            .into_iter()
            .map(|(sequence, version)| (sequence, version.map(text)))
            .collect()
    }

    #[test]
    fn the_past_is_what_was_before_the_changes_since() {
        let mut history = History::default();
        let horizon = Some(Duration::from_mins(1));
        history.record(change(10, "a", 1, None, Some("new")), horizon);
        history.record(change(20, "b", 1, Some("new"), Some("newer")), horizon);
        history.record(change(30, "a", 2, Some("old"), None), horizon);
        assert_eq!(seen(&history, 30, None), []);
        assert_eq!(seen(&history, 20, None), [(2, Some("old".to_owned()))]);
        assert_eq!(seen(&history, 10, None), [(1, Some("new".to_owned())), (2, Some("old".to_owned()))]);
        assert_eq!(seen(&history, 9, None), [(1, None), (2, Some("old".to_owned()))]);
        assert_eq!(seen(&history, 9, Some("a")), [(1, Some("new".to_owned())), (2, None)]);
        assert_eq!(
            seen(&history, 9, Some("b")),
            [(1, Some("newer".to_owned())), (2, Some("old".to_owned()))]
        );
        assert_eq!((history.sequence("2"), history.sequence("3")), (Some(2), None));
    }

    #[test]
    fn only_what_a_rule_asks_for_is_kept() {
        let mut history = History::default();
        for second in 0..1_000 {
            history.record(change(second, "a", 1, None, None), Some(Duration::from_secs(5)));
        }
        assert_eq!(history.changes.len(), 6);
        for second in 0..1_000 {
            history.record(change(second, "a", 1, None, None), None);
        }
        assert_eq!(history.changes.len(), KEPT);
    }
}
