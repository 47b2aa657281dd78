//! Accounts and their passwords stand together in a fixture, and apart in an organisation: the API shows accounts, and
//! never a password.

use std::collections::HashMap;

use crate::fixture::{Account, Credential, Fixture};

/// The accounts of a fixture, without their passwords.
pub(super) fn accounts(fixture: &Fixture) -> Vec<Account> {
    fixture.accounts.to_things().iter().cloned().map(Account::without_password).collect()
}

/// Fills in a fixture's accounts.
pub(super) fn put_accounts(fixture: &mut Fixture, accounts: impl Iterator<Item = Account>) {
    fixture.accounts = accounts.collect();
}

/// What is kept of the passwords of a fixture's accounts.
pub(super) fn of_accounts(fixture: &Fixture) -> Vec<Credential> {
    fixture.accounts.to_things().iter().map(Credential::of).collect()
}

/// Fills in what is kept of the passwords of a fixture's accounts.
pub(super) fn put(fixture: &mut Fixture, credentials: impl Iterator<Item = Credential>) {
    let mut kept: HashMap<String, Credential> =
        credentials.map(|credential| (credential.id.clone(), credential)).collect();
    for account in &mut *fixture.accounts {
        if let Some(credential) = kept.remove(&account.id) {
            account.password_digest = credential.password_digest;
            account.password_changed = credential.changed;
        }
    }
}
