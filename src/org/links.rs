//! What one table says of the records of another, kept at hand because every create asks for it: which group a source
//! is in, which applications and accounts are on it, whose an account is, and who signs in by a name.

use std::sync::Arc;

use super::Overlay;
use super::lookup::Lookup;
use super::organisation::{Write, WriteOf};
use crate::fixture::{Account, Application, Fixture, Group, Identity};
use crate::prerequisites::Prerequisites;

/// What follows from the tables.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// The group that a source is in, by the source's id.
    grouped: Overlay<Arc<str>>,
    /// Applications by their source.
    applications: Lookup<Application>,
    /// Those that use it for password management.
    password_applications: Lookup<Application>,
    /// Accounts by their source.
    accounts: Lookup<Account>,
    /// Accounts by their identity.
    own_accounts: Lookup<Account>,
    /// Identities by the name that they sign in with, in lower case.
    people: Lookup<Identity>,
    prerequisites: Prerequisites,
}

impl Links {
    /// What follows from a fixture.
    pub(super) fn of(fixture: &Arc<Fixture>) -> Self {
        let grouped = fixture.groups.iter().flat_map(|group| {
            let id: Arc<str> = group.id.as_str().into();
            group.source_ids.iter().flatten().map(move |source| (source.clone(), Arc::clone(&id)))
        });
        Self {
            grouped: grouped.collect(),
            applications: Lookup::of(
                fixture,
                |fixture| fixture.applications.to_things(),
                |application| Some((&*application.account_source.id).into()),
            ),
            password_applications: Lookup::of(
                fixture,
                |fixture| fixture.applications.to_things(),
                |application| {
                    let source = &application.account_source;
                    source.use_for_password_management.then(|| (&*source.id).into())
                },
            ),
            accounts: Lookup::of(
                fixture,
                |fixture| fixture.accounts.to_things(),
                |account| Some((&*account.source_id).into()),
            ),
            own_accounts: Lookup::of(
                fixture,
                |fixture| fixture.accounts.to_things(),
                |account| Some(account.identity_id.as_deref()?.into()),
            ),
            people: Lookup::of(
                fixture,
                |fixture| fixture.identities.to_things(),
                |identity| Some(identity.user_name.to_lowercase().into()),
            ),
            prerequisites: Prerequisites::default(),
        }
    }

    /// Makes what would be made when somebody looks.
    pub(super) fn make(&self) {
        self.grouped.make();
        self.applications.make();
        self.password_applications.make();
        self.accounts.make();
        self.own_accounts.make();
        self.people.make();
    }

    /// The same for a tenant that holds its clients to the service's prerequisites in this way.
    pub(super) fn with(&self, prerequisites: Prerequisites) -> Self {
        Self { prerequisites, ..self.clone() }
    }

    /// Whether no source is in two groups.
    pub(crate) fn are_sources_kept_apart(&self) -> bool {
        self.prerequisites == Prerequisites::Enforce
    }

    /// The group that a source is in.
    pub(crate) fn group_of(&self, source_id: &str) -> Option<&Arc<str>> {
        self.grouped.get(source_id)
    }

    /// Whether a source has an application that uses it for password management.
    pub(crate) fn has_application(&self, source_id: &str) -> bool {
        !self.password_applications.get(source_id).is_empty()
    }

    /// Whether this application is the only one that uses its source for password management.
    pub(crate) fn is_only_application(&self, id: &str, source_id: &str) -> bool {
        matches!(self.password_applications.get(source_id), [only] if **only == *id)
    }

    /// The ids of the applications on a source.
    pub(crate) fn applications_on(&self, source_id: &str) -> &[Arc<str>] {
        self.applications.get(source_id)
    }

    /// The ids of the accounts on a source.
    pub(crate) fn accounts_on(&self, source_id: &str) -> &[Arc<str>] {
        self.accounts.get(source_id)
    }

    /// The ids of an identity's accounts.
    pub(crate) fn accounts_of(&self, identity_id: &str) -> &[Arc<str>] {
        self.own_accounts.get(identity_id)
    }

    /// The ids of the identities that sign in by this name, in any case.
    pub(crate) fn identities_named(&self, user_name: &str) -> &[Arc<str>] {
        self.people.get(&user_name.to_lowercase())
    }

    /// Notes what follows from a write.
    pub(super) fn note(&mut self, write: &Write) {
        match write {
            Write::Group(write) => self.note_group(write),
            Write::Application(write) => {
                self.applications.note(write);
                self.password_applications.note(write);
            }
            Write::Account(write) => {
                self.accounts.note(write);
                self.own_accounts.note(write);
            }
            Write::Identity(write) => self.people.note(write),
            _ => {}
        }
    }

    fn note_group(&mut self, write: &WriteOf<Group>) {
        match write {
            WriteOf::Create { record, .. } => self.join(record),
            WriteOf::Replace { former, record, .. } => {
                self.leave(former);
                self.join(record);
            }
            WriteOf::Delete { former } => self.leave(former),
        }
    }

    /// Sources are kept apart only where prerequisites are enforced; elsewhere one may be in many groups.
    fn join(&mut self, group: &Group) {
        if self.prerequisites == Prerequisites::Enforce {
            let group_id: Arc<str> = group.id.as_str().into();
            for source in group.source_ids.iter().flatten() {
                self.grouped.insert(source, Arc::clone(&group_id));
            }
        }
    }

    fn leave(&mut self, group: &Group) {
        for source in group.source_ids.iter().flatten() {
            self.grouped.remove(source);
        }
    }
}
