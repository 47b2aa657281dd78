//! The platform's own source, `IdentityNow`: in no table, listed only where it is asked for, and with one account for
//! each identity, whose password is the one that people sign in to the platform with.
// Invented: everything but its name, and that a password change takes the login name as `accountId` there.

use std::sync::Arc;

use super::View;
use crate::clock::Timestamp;
use crate::fixture::{Account, Credential, Identity, Source};
use crate::scenario::PLATFORM_SOURCE;

/// Its id and its name.
const ID: &str = PLATFORM_SOURCE.0;
const NAME: &str = PLATFORM_SOURCE.1;

/// 2026-01-01T00:00:00Z, since when it is there.
const SINCE_MILLIS: i64 = 1_767_225_600_000;

/// The source as lists show it.
pub(super) fn source() -> Source {
    let mut source = Source {
        id: ID.to_owned(),
        name: NAME.to_owned(),
        connector: Some("identity-now".to_owned()),
        connector_name: Some(NAME.to_owned()),
        kind: Some("IdentityNowConnector".to_owned()),
        healthy: true,
        ..Source::default()
    };
    source.complete(Timestamp::from_millis(SINCE_MILLIS));
    source
}

/// The source as password changes see it.
fn changeable() -> Arc<Source> {
    Arc::new(Source { features: ["AUTHENTICATE", "PASSWORD"].map(str::to_owned).to_vec(), ..source() })
}

impl View<'_> {
    /// The source with an id, the platform's own among them.
    pub(crate) fn any_source(&self, id: &str) -> Option<Arc<Source>> {
        self.table::<Source>().get(id).or_else(|| (id == ID).then(changeable))
    }

    /// The sources of a name; the platform's own where no other has its name.
    pub(crate) fn sources_named(&self, name: &str) -> Vec<Arc<Source>> {
        let sources = self.table::<Source>();
        let mut named: Vec<_> = sources.iter().filter(|source| source.name == name).map(Arc::clone).collect();
        if named.is_empty() && name == NAME {
            named.push(changeable());
        }
        named
    }

    /// The account of an identity on the platform itself: called by its login name.
    pub(crate) fn account_on_platform(identity: &Identity) -> Account {
        Account {
            id: Credential::id_on_platform(&identity.id),
            name: Some(identity.user_name.clone()),
            native_identity: identity.user_name.clone(),
            source_id: ID.to_owned(),
            identity_id: Some(identity.id.clone()),
            ..Account::default()
        }
    }

    /// An identity's accounts on a source, the platform's own among them, in the order of creation.
    pub(crate) fn accounts_of(&self, identity_id: &str, source_id: &str) -> Vec<Arc<Account>> {
        let mut accounts = self.own_accounts(identity_id);
        accounts.retain(|account| account.source_id == source_id);
        if accounts.is_empty() && source_id == ID {
            let identity = self.table::<Identity>().get(identity_id);
            return identity
                .map(|identity| Arc::new(Self::account_on_platform(&identity)))
                .into_iter()
                .collect();
        }
        accounts
    }
}
