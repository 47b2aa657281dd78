//! What is counted of a rule in one tenant: its matches and firings, for the tenant or for each client or group.

use std::collections::HashMap;

use super::pushed::Pushed;
use super::subject::Subject;
use super::written::Per;
use crate::clock::Timestamp;

/// The most clients or groups that a rule counts for. For each further one, every match is the first.
const MOST_KEYS: usize = 100_000;

/// The counts of one rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// All its matches.
    pub(super) matched: u64,
    /// All its firings.
    pub(super) fired: u64,
    /// Of a rule that counts for the tenant.
    tenant: KeyCounts,
    /// Of a rule that counts for each client or group.
    by_key: HashMap<String, KeyCounts>,
}

/// What is counted for a tenant, a client or a group.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyCounts {
    pub(super) matched: u64,
    pub(super) fired: u64,
    /// Until when the rule keeps firing, once a fault with a window has fired.
    pub(super) window_ends: Option<Timestamp>,
    /// How far a client that comes early was pushed back, where a fault does that.
    pub(super) pushed: Option<Box<Pushed>>,
}

/// Of a client or group of which nothing was counted.
static NOTHING: KeyCounts = KeyCounts { matched: 0, fired: 0, window_ends: None, pushed: None };

/// A match of a rule: whose it is, its number, and when.
#[derive(Debug)]
pub(super) struct Match {
    /// Of a rule that counts for each client or group: which.
    pub(super) key: Option<String>,
    /// What its draws go by: the same, but a client's name where it has one, which other tenants have, too.
    pub(super) drawn_by: Option<String>,
    /// Which match it is, from 1, among those counted together.
    pub(super) nth: u64,
    pub(super) now: Timestamp,
}

impl KeyCounts {
    /// Whether a window is open at `now`.
    pub(super) fn in_window(&self, now: Timestamp) -> bool {
        self.window_ends.is_some_and(|ends| now < ends)
    }
}

impl Counts {
    /// Counts a match.
    pub(super) fn count(&mut self, per: Per, subject: Subject<'_>, now: Timestamp) -> Match {
        let key = match per {
            Per::Tenant => None,
            Per::Client => Some(subject.client().unwrap_or_default().to_owned()),
            Per::Group => Some(subject.group().to_owned()),
        };
        self.matched += 1;
        let nth = self.of_mut(key.as_deref()).map_or(1, |count| {
            count.matched += 1;
            count.matched
        });
        let drawn_by = match per {
            Per::Client => subject
                .client_name()
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .or_else(|| key.clone()),
            Per::Tenant | Per::Group => key.clone(),
        };
        Match { key, drawn_by, nth, now }
    }

    /// When the open windows end.
    pub(super) fn window_ends(&self) -> impl Iterator<Item = Timestamp> {
        self.by_key.values().chain([&self.tenant]).filter_map(|count| count.window_ends)
    }

    /// What has been counted for a client or group, or for the tenant.
    pub(super) fn of(&self, key: Option<&str>) -> &KeyCounts {
        match key {
            None => &self.tenant,
            Some(key) => self.by_key.get(key).unwrap_or(&NOTHING),
        }
    }

    /// The same, to be changed; `None` beyond [`MOST_KEYS`].
    pub(super) fn of_mut(&mut self, key: Option<&str>) -> Option<&mut KeyCounts> {
        let Some(key) = key else { return Some(&mut self.tenant) };
        if !self.by_key.contains_key(key) {
            if self.by_key.len() >= MOST_KEYS {
                return None;
            }
            self.by_key.insert(key.to_owned(), KeyCounts::default());
        }
        self.by_key.get_mut(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::JobView;

    #[test]
    fn clients_beyond_a_bound_take_no_memory_and_are_each_the_first() {
        let (mut counts, now) = (Counts::default(), Timestamp::from_millis(0));
        let mut nth = |client: usize| {
            let client = client.to_string();
            let job = JobView { client: Some(&client), ..JobView::default() };
            counts.count(Per::Client, Subject::Job(&job), now).nth
        };
        assert!((0..=MOST_KEYS).all(|client| nth(client) == 1));
        assert_eq!([0, MOST_KEYS - 1, MOST_KEYS, MOST_KEYS].map(nth), [2, 2, 1, 1]);
        assert_eq!((counts.by_key.len(), counts.matched), (MOST_KEYS, MOST_KEYS as u64 + 5));
    }
}
