//! What is remembered of tokens, by their ids: a fixed number of the latest, in little memory. Only as much of an id is
//! kept as is needed to tell tokens apart.

use std::collections::{HashMap, VecDeque};

use uuid::Uuid;

/// The most tokens that are remembered; beyond that the oldest is forgotten.
pub(super) const MOST: usize = 100_000;

/// Something noted about tokens.
#[derive(Clone, Debug)]
pub(super) struct TokenNotes<V> {
    said: HashMap<u64, V>,
    /// The same tokens, oldest first.
    first: VecDeque<u64>,
}

impl<V> Default for TokenNotes<V> {
    fn default() -> Self {
        Self { said: HashMap::new(), first: VecDeque::new() }
    }
}

/// Half of a token's id: sixty random bits.
fn key(jti: &str) -> u64 {
    // Only our own ids get here, and those are UUIDs.
    Uuid::parse_str(jti).map_or(0, |id| id.as_u64_pair().0)
}

impl<V: Default> TokenNotes<V> {
    /// What was noted about a token.
    pub(super) fn of(&self, jti: &str) -> Option<&V> {
        if self.said.is_empty() { None } else { self.said.get(&key(jti)) }
    }

    /// The same, to be changed.
    pub(super) fn of_mut(&mut self, jti: &str) -> &mut V {
        let key = key(jti);
        if !self.said.contains_key(&key) {
            if self.said.len() >= MOST
                && let Some(first) = self.first.pop_front()
            {
                self.said.remove(&first);
            }
            self.first.push_back(key);
        }
        self.said.entry(key).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_the_first_is_forgotten() {
        let mut notes: TokenNotes<usize> = TokenNotes::default();
        let id = |nth: usize| Uuid::from_u64_pair(nth as u64, 7).to_string();
        for nth in 0..=MOST {
            *notes.of_mut(&id(nth)) += nth;
        }
        *notes.of_mut(&id(1)) += 1;
        assert_eq!((notes.said.len(), notes.first.len()), (MOST, MOST));
        assert_eq!(
            [id(0), id(1), id(MOST), id(MOST + 1)].map(|id| notes.of(&id).copied()),
            [None, Some(2), Some(MOST), None]
        );
    }
}
