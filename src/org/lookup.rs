//! The records of a table by something that each of them says, such as an account's identity. Looked up, not searched
//! for, because tables are long; made at the first use, because most tenants never ask.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashMap;
use smallvec::SmallVec;

use super::organisation::WriteOf;
use super::{Overlay, Record};
use crate::fixture::Fixture;

/// Ids of records, in the order of creation.
pub(crate) type Ids = SmallVec<[Arc<str>; 1]>;

/// What a record says that it is looked up by.
type Key<R> = fn(&R) -> Option<Cow<'_, str>>;

/// The records of a table by what they say. A clone of an unchanged one shares all of it.
#[derive(Clone)]
pub(crate) struct Lookup<R> {
    key: Key<R>,
    ids: Overlay<Ids>,
}

/// The name of what is looked up, and nothing of it.
impl<R: Record> std::fmt::Debug for Lookup<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookup").field("resource", &R::RESOURCE).finish_non_exhaustive()
    }
}

impl<R: Record> Lookup<R> {
    /// The look-up of the records that `records` takes from a fixture.
    pub(super) fn of(fixture: &Arc<Fixture>, records: fn(&Fixture) -> Cow<'_, [R]>, key: Key<R>) -> Self {
        let fixture = Arc::clone(fixture);
        let ids = Overlay::made_by(move || {
            let mut ids: HashMap<String, Ids> = HashMap::new();
            for record in &*records(&fixture) {
                if let Some(key) = key(record) {
                    ids.entry(key.into_owned()).or_default().push(record.id().into());
                }
            }
            ids
        });
        Self { key, ids }
    }

    /// Makes it, if nobody has looked.
    pub(super) fn make(&self) {
        self.ids.make();
    }

    /// The records that say this.
    pub(crate) fn get(&self, key: &str) -> &[Arc<str>] {
        self.ids.get(key).map_or(&[], SmallVec::as_slice)
    }

    /// Notes what follows from a write.
    pub(super) fn note(&mut self, write: &WriteOf<R>) {
        match write {
            WriteOf::Create { record, .. } => self.add(record),
            WriteOf::Replace { former, record, .. } => {
                if (self.key)(former) != (self.key)(record) {
                    self.remove(former);
                    self.add(record);
                }
            }
            WriteOf::Delete { former } => self.remove(former),
        }
    }

    fn add(&mut self, record: &R) {
        if let Some(key) = (self.key)(record) {
            self.ids.change(&key, |ids| ids.push(record.id().into()));
        }
    }

    fn remove(&mut self, record: &R) {
        let Some(key) = (self.key)(record) else { return };
        self.ids.change(&key, |ids| {
            if let Some(place) = ids.iter().position(|id| **id == *record.id()) {
                ids.remove(place);
            }
        });
        if self.get(&key).is_empty() {
            self.ids.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Identity;

    fn named(id: &str, user_name: &str) -> Identity {
        Identity { id: id.to_owned(), user_name: user_name.to_owned(), ..Identity::default() }
    }

    fn lookup() -> Lookup<Identity> {
        let identities = vec![named("1", "a"), named("2", "b"), named("3", "a")].into();
        let fixture = Arc::new(Fixture { identities, ..Fixture::default() });
        Lookup::of(&fixture, |fixture| fixture.identities.to_things(), |who| Some((&*who.user_name).into()))
    }

    fn ids(lookup: &Lookup<Identity>, key: &str) -> Vec<String> {
        lookup.get(key).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn records_are_found_by_what_they_say_now() {
        let begun = lookup();
        let mut changed = begun.clone();
        assert_eq!(ids(&begun, "a"), ["1", "3"]);
        let create = |record: Identity| WriteOf::Create { record, rendered: [][..].into(), made: None };
        changed.note(&create(named("4", "a")));
        changed.note(&create(named("5", "c")));
        changed.note(&WriteOf::Delete { former: Arc::new(named("1", "a")) });
        let (former, record) = (Arc::new(named("2", "b")), named("2", "c"));
        changed.note(&WriteOf::Replace { former, record, rendered: [][..].into() });
        assert_eq!(
            [ids(&changed, "a"), ids(&changed, "b"), ids(&changed, "c")].concat(),
            ["3", "4", "5", "2"]
        );
        assert_eq!([ids(&begun, "a"), ids(&begun, "b"), ids(&begun, "c")].concat(), ["1", "3", "2"]);
    }
}
