//! What one table says of the records of another, kept at hand because every create asks for it: which group a source
//! is in, and which sources have an application.

use std::collections::HashSet;
use std::sync::Arc;

use super::Overlay;
use super::organisation::{Write, WriteOf};
use crate::fixture::{Fixture, Group};
use crate::prerequisites::Prerequisites;

/// What follows from the tables.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// The group that a source is in, by the source's id.
    grouped: Overlay<Arc<str>>,
    /// The sources with an application that uses them for password management.
    with_application: Arc<HashSet<String>>,
    prerequisites: Prerequisites,
}

impl Links {
    /// What follows from a fixture.
    pub(super) fn of(fixture: &Fixture) -> Self {
        let grouped = fixture.groups.iter().flat_map(|group| {
            let id: Arc<str> = group.id.as_str().into();
            group.source_ids.iter().flatten().map(move |source| (source.clone(), Arc::clone(&id)))
        });
        let with_application = fixture.applications.iter().map(|application| &application.account_source);
        let with_application = with_application
            .filter(|source| source.use_for_password_management)
            .map(|source| source.id.clone())
            .collect();
        Self {
            grouped: grouped.collect(),
            with_application: Arc::new(with_application),
            prerequisites: Prerequisites::default(),
        }
    }

    /// The same for a tenant that holds its clients to the service's prerequisites in this way.
    pub(super) fn with(&self, prerequisites: Prerequisites) -> Self {
        Self { prerequisites, ..self.clone() }
    }

    /// The group that a source is in.
    pub(crate) fn group_of(&self, source_id: &str) -> Option<&Arc<str>> {
        self.grouped.get(source_id)
    }

    /// Whether a source has an application that uses it for password management.
    pub(crate) fn has_application(&self, source_id: &str) -> bool {
        self.with_application.contains(source_id)
    }

    /// Notes what follows from a write.
    pub(super) fn note(&mut self, write: &Write) {
        let Write::Group(write) = write else { return };
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
