//! Places for answers that wait: held, hung, trickled, or following a journal. Their number is limited; no tenant may
//! have more than half of them and no connection more than a fixed number, so that others find a place whatever one
//! client does.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many answers may wait on one connection.
pub(super) const PER_CONNECTION: usize = 128;

/// The places, and who has them.
#[derive(Debug)]
pub(super) struct Holds {
    max: usize,
    taken: Mutex<Taken>,
}

/// How many places are taken: in all, by each tenant, and by each connection. Who has none is not in the maps.
#[derive(Debug, Default)]
struct Taken {
    all: usize,
    tenants: HashMap<Arc<str>, usize>,
    connections: HashMap<u64, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    holds: Arc<Holds>,
    tenant: Arc<str>,
    connection: u64,
}

impl Holds {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: Mutex::default() }
    }

    /// A place for an answer, or the limit that stands against it.
    pub(super) fn take(holds: &Arc<Self>, tenant: &Arc<str>, connection: u64) -> Result<Hold, String> {
        let mut taken = holds.taken();
        holds.has_room(&taken, tenant, connection)?;
        taken.all += 1;
        *taken.tenants.entry(Arc::clone(tenant)).or_default() += 1;
        *taken.connections.entry(connection).or_default() += 1;
        Ok(Hold { holds: Arc::clone(holds), tenant: Arc::clone(tenant), connection })
    }

    fn has_room(&self, taken: &Taken, tenant: &str, connection: u64) -> Result<(), String> {
        let (max, share) = (self.max, self.max.div_ceil(2));
        if taken.all >= max {
            return Err(format!("{max} answers are waiting, which is the limit (--max-holds)"));
        }
        if taken.tenants.get(tenant).is_some_and(|number| *number >= share) {
            return Err(format!(
                "{share} answers of tenant `{tenant}` are waiting, which is the limit for one tenant (half of \
                 --max-holds)"
            ));
        }
        if taken.connections.get(&connection).is_some_and(|number| *number >= PER_CONNECTION) {
            return Err(format!(
                "{PER_CONNECTION} answers are waiting on this connection, which is the limit for one connection, \
                 whatever --max-holds is"
            ));
        }
        Ok(())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut taken = self.holds.taken();
        taken.all -= 1;
        give_back(&mut taken.tenants, &self.tenant);
        give_back(&mut taken.connections, &self.connection);
    }
}

/// One less; a map that kept every name would grow for ever.
fn give_back<K: Hash + Eq>(numbers: &mut HashMap<K, usize>, key: &K) {
    let Some(number) = numbers.get_mut(key) else { return };
    *number -= 1;
    if *number == 0 {
        numbers.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_given_back_leave_nothing_behind() {
        let holds = Arc::new(Holds::new(3));
        let tenant = |name: &str| Arc::<str>::from(name);
        let first = Holds::take(&holds, &tenant("a"), 1).unwrap();
        let second = Holds::take(&holds, &tenant("a"), 1).unwrap();
        assert!(Holds::take(&holds, &tenant("a"), 2).unwrap_err().starts_with("2 answers of tenant `a`"));
        drop(first);
        let third = Holds::take(&holds, &tenant("a"), 2).unwrap();
        let fourth = Holds::take(&holds, &tenant("b"), 2).unwrap();
        assert!(Holds::take(&holds, &tenant("c"), 3).unwrap_err().starts_with("3 answers are waiting, "));
        drop((second, third, fourth));
        let taken = holds.taken();
        assert_eq!((taken.all, taken.tenants.len(), taken.connections.len()), (0, 0, 0));
    }
}
