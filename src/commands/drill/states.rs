//! The data of tenants before and after their runs. Most runs begin with the same, and many end with it: that is kept once,
//! however many run at the same time.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use sync_group_sim::TenantHandle;

/// Records of one section from which on it is too large to be compared after every run.
const LARGE: usize = 1_000;

/// The data that was seen first.
#[derive(Debug, Default)]
pub(super) struct States {
    first: Mutex<Option<Arc<Value>>>,
}

impl States {
    /// The data of a tenant. Its clients are its own; what no client can change is left out where there is much of it.
    pub(super) fn of(&self, tenant: &TenantHandle) -> Arc<Value> {
        // One after the other: a large one takes many times its text while it is looked at.
        let mut first = self.first.lock();
        let mut fixture = tenant.state();
        fixture.clients.clear();
        if fixture.accounts.len() > LARGE {
            fixture.accounts.clear();
        }
        if fixture.identities.len() > LARGE {
            fixture.identities.clear();
        }
        let found = serde_json::to_value(fixture).unwrap_or_default();
        match &*first {
            Some(first) if **first == found => Arc::clone(first),
            Some(_) => Arc::new(found),
            None => Arc::clone(first.insert(Arc::new(found))),
        }
    }
}
