//! Accounts, and identities, stand together with their passwords in a fixture, and apart from them in an organisation:
//! the API shows accounts and identities, and never a password.

use std::collections::HashMap;

use crate::fixture::{Account, Credential, Fixture, Identity};

/// The accounts of a fixture, without their passwords.
pub(super) fn accounts(fixture: &Fixture) -> Vec<Account> {
    fixture.accounts.to_things().iter().cloned().map(Account::without_password).collect()
}

/// Fills in a fixture's accounts.
pub(super) fn put_accounts(fixture: &mut Fixture, accounts: impl Iterator<Item = Account>) {
    fixture.accounts = accounts.collect();
}

/// The identities of a fixture, without their passwords.
pub(super) fn identities(fixture: &Fixture) -> Vec<Identity> {
    fixture.identities.to_things().iter().cloned().map(Identity::without_password).collect()
}

/// Fills in a fixture's identities.
pub(super) fn put_identities(fixture: &mut Fixture, identities: impl Iterator<Item = Identity>) {
    fixture.identities = identities.collect();
}

/// What is kept of the passwords of a fixture's accounts and identities.
pub(super) fn of_everybody(fixture: &Fixture) -> Vec<Credential> {
    let accounts = fixture.accounts.to_things();
    let identities = fixture.identities.to_things();
    let on_platform = identities.iter().filter_map(Credential::on_platform);
    accounts.iter().map(Credential::of).chain(on_platform).collect()
}

/// Fills in what is kept of the passwords of a fixture's accounts and identities, which are there already.
pub(super) fn put(fixture: &mut Fixture, credentials: impl Iterator<Item = Credential>) {
    let mut kept: HashMap<String, Credential> =
        credentials.map(|credential| (credential.id.clone(), credential)).collect();
    if kept.values().any(Credential::is_on_platform) {
        for identity in &mut *fixture.identities {
            if let Some(credential) = kept.remove(&Credential::id_on_platform(&identity.id)) {
                identity.password_digest = credential.password_digest;
                identity.password_changed = credential.changed;
            }
        }
    }
    for account in &mut *fixture.accounts {
        if let Some(credential) = kept.remove(&account.id) {
            account.password_digest = credential.password_digest;
            account.password_changed = credential.changed;
        }
    }
}
