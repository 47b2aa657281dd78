//! A map that shares its initial content with others and overlays its own changes.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;

/// A map from a text to a value. A clone of an unchanged one shares all of it, even what is not made yet.
#[derive(Clone)]
pub(crate) struct Overlay<V> {
    base: Arc<Base<V>>,
    /// What differs from the base; `None` for what is in the base and was removed.
    own: HashMap<String, Option<V>>,
}

/// The initial content, made at the first access.
type Base<V> = LazyLock<HashMap<String, V>, Box<dyn FnOnce() -> HashMap<String, V> + Send>>;

impl<V> Overlay<V> {
    /// What `make` returns when the map, or a clone of it, is first read.
    pub(crate) fn made_by(make: impl FnOnce() -> HashMap<String, V> + Send + 'static) -> Self {
        let make: Box<dyn FnOnce() -> HashMap<String, V> + Send> = Box::new(make);
        Self { base: Arc::new(LazyLock::new(make)), own: HashMap::new() }
    }
}

impl<V: 'static> Default for Overlay<V> {
    fn default() -> Self {
        Self::made_by(HashMap::new)
    }
}

impl<V: Send + 'static> FromIterator<(String, V)> for Overlay<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let base: HashMap<String, V> = entries.into_iter().collect();
        Self::made_by(|| base)
    }
}

/// How much it changed; the rest may not be made yet.
impl<V> Debug for Overlay<V> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("changed", &self.own.len()).finish_non_exhaustive()
    }
}

impl<V> Overlay<V> {
    /// Makes the initial content, if nobody has looked at it.
    pub(crate) fn make(&self) {
        LazyLock::force(&self.base);
    }
}

impl<V: Clone> Overlay<V> {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        match self.own.get(key) {
            Some(own) => own.as_ref(),
            None => self.base.get(key),
        }
    }

    /// Whether there is a value of this key.
    #[cfg(test)]
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Gives a key a value.
    pub(crate) fn insert(&mut self, key: &str, value: V) {
        set(&mut self.own, key, Some(value));
    }

    /// Changes the value of a key, or a default one where there is none.
    pub(crate) fn change(&mut self, key: &str, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        if let Some(Some(value)) = self.own.get_mut(key) {
            return change(value);
        }
        let mut value = self.get(key).cloned().unwrap_or_default();
        change(&mut value);
        self.insert(key, value);
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: &str) {
        if self.base.contains_key(key) {
            set(&mut self.own, key, None);
        } else {
            self.own.remove(key);
        }
    }

    /// All keys and values, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        let own = self.own.iter().filter_map(|(key, value)| Some((&**key, value.as_ref()?)));
        let base = self.base.iter().filter(|(key, _)| !self.own.contains_key(&**key));
        own.chain(base.map(|(key, value)| (&**key, value)))
    }
}

/// Sets a value without copying a key that exists.
fn set<V>(map: &mut HashMap<String, V>, key: &str, value: V) {
    if let Some(known) = map.get_mut(key) {
        *known = value;
    } else {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn changes_overlay_a_base_that_does_not_change() {
        let base: Overlay<u32> = ["a", "b", "c"].iter().map(|key| (*key).to_owned()).zip(1..).collect();
        let mut own = base.clone();
        assert!(Arc::ptr_eq(&base.base, &own.base) && own.own.capacity() == 0);
        own.insert("a", 10);
        own.remove("b");
        own.insert("d", 40);
        own.insert("e", 50);
        own.remove("e");
        own.remove("nobody");
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(|key| own.get(key).copied()),
            [Some(10), None, Some(3), Some(40), None]
        );
        assert!(own.contains("a") && !own.contains("b"));
        assert_eq!(
            own.iter().collect::<BTreeMap<_, _>>(),
            BTreeMap::from([("a", &10), ("c", &3), ("d", &40)])
        );
        assert_eq!(
            base.iter().collect::<BTreeMap<_, _>>(),
            BTreeMap::from([("a", &1), ("b", &2), ("c", &3)])
        );
        own.change("c", |value| *value += 30);
        own.change("c", |value| *value += 300);
        own.change("f", |value| *value += 60);
        assert_eq!((own.get("c"), own.get("f"), base.get("c")), (Some(&333), Some(&60), Some(&3)));
        own.insert("b", 20);
        assert_eq!((own.get("b"), base.get("b")), (Some(&20), Some(&2)));
        assert!(Arc::ptr_eq(&base.base, &own.base));
    }

    #[test]
    fn removed_keys_leave_nothing_behind() {
        let mut overlay = Overlay::default();
        for nth in 0..1_000_u32 {
            overlay.insert(&nth.to_string(), nth);
            overlay.remove(&nth.to_string());
        }
        assert!(overlay.own.is_empty());
    }
}
