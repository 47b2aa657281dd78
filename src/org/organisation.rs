//! The organisation of one tenant: its tables, and what follows from them. A resource is one line of `tables!`; the
//! template, a new tenant, a reset, and a state that is imported or exported follow from it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

use super::{Overlay, Record, Table};
use crate::clock::Timestamp;
use crate::fixture::{Application, Fixture, Group, Identity, PasswordPolicy, Source};
use crate::prerequisites::Prerequisites;
use crate::wire::changed::{ChangeKind, Changed};

/// What is written to one record of a table.
#[derive(Clone, Debug)]
pub(crate) enum WriteOf<R> {
    /// A new record.
    Create {
        /// The record.
        record: R,
        /// The same as it is sent.
        rendered: Bytes,
        /// The label its id was drawn under, and which draw it was; `None` for a given id.
        made: Option<(&'static str, u64)>,
    },
    /// A record replaces another.
    Replace {
        /// The old record.
        former: Arc<R>,
        /// The record.
        record: R,
        /// The same as it is sent.
        rendered: Bytes,
    },
    /// A record is removed.
    Delete {
        /// The old record.
        former: Arc<R>,
    },
}

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    /// The OAuth client's id; empty for the platform itself.
    pub(crate) client: &'a Arc<str>,
    /// The tenant's time.
    pub(crate) at: Timestamp,
    /// How far back stale reads go; `None` when no rule needs one.
    pub(crate) horizon: Option<Duration>,
}

/// Declares the tables: the fixture's section, and the type of its records.
macro_rules! tables {
    ($($section:ident: $record:ident),* $(,)?) => {
        /// The tables.
        #[derive(Clone, Debug)]
        pub(crate) struct Tables {
            $(pub(crate) $section: Table<$record>,)*
        }

        /// What is written to one record.
        #[derive(Clone, Debug)]
        pub(crate) enum Write {
            $(
                #[allow(dead_code, reason = "not every resource can be written yet")]
                $record(WriteOf<$record>),
            )*
        }

        impl Tables {
            fn of(fixture: &Arc<Fixture>) -> Self {
                Self {
                    $($section: {
                        let fixture = Arc::clone(fixture);
                        Table::made_by(move || fixture.$section.clone())
                    },)*
                }
            }

            fn fill(&self, fixture: &mut Fixture) {
                $(fixture.$section = self.$section.to_records().collect();)*
            }
        }

        impl Organisation {
            /// Writes to one record. Everything that can be refused has been refused by now.
            pub(crate) fn apply(&mut self, write: Write, author: Author<'_>) -> Option<Changed> {
                self.note(&write);
                match write {
                    $(Write::$record(write) => write_to(&mut self.tables.$section, write, author),)*
                }
            }
        }
    };
}

tables! {
    sources: Source,
    password_policies: PasswordPolicy,
    applications: Application,
    identities: Identity,
    groups: Group,
}

/// The organisation of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Organisation {
    /// The tables.
    pub(crate) tables: Tables,
    /// The group that a source is in, by the source's id.
    grouped: Overlay<Arc<str>>,
    /// The sources with an application that uses them for password management.
    with_application: Arc<HashSet<String>>,
    /// How many ids were drawn under each label.
    made: HashMap<&'static str, u64>,
    prerequisites: Prerequisites,
}

impl Organisation {
    /// What a fixture holds. `now` replaces the times that it leaves out.
    pub(crate) fn of(fixture: &Fixture, now: Timestamp) -> Self {
        let mut fixture = fixture.clone();
        for group in &mut fixture.groups {
            let created = *group.created.get_or_insert(now);
            group.modified.get_or_insert(created);
        }
        let with_application = fixture.applications.iter().map(|application| &application.account_source);
        let with_application = with_application
            .filter(|source| source.use_for_password_management)
            .map(|source| source.id.clone())
            .collect();
        let fixture = Arc::new(fixture);
        let mut organisation = Self {
            tables: Tables::of(&fixture),
            grouped: Overlay::default(),
            with_application: Arc::new(with_application),
            made: HashMap::new(),
            prerequisites: Prerequisites::default(),
        };
        let grouped = fixture.groups.iter().flat_map(|group| {
            let id: Arc<str> = group.id.as_str().into();
            group.source_ids.iter().flatten().map(move |source| (source.clone(), Arc::clone(&id)))
        });
        organisation.grouped = grouped.collect();
        organisation
    }

    /// The same for a tenant with this choice about the service's prerequisites.
    pub(crate) fn with(&self, prerequisites: Prerequisites) -> Self {
        Self { prerequisites, ..self.clone() }
    }

    /// Everything except the clients, which are not the organisation's, in the fixture format.
    pub(crate) fn fixture(&self) -> Fixture {
        let mut fixture = Fixture::default();
        self.tables.fill(&mut fixture);
        fixture
    }

    /// The group that a source is in.
    pub(crate) fn group_of(&self, source_id: &str) -> Option<&Arc<str>> {
        self.grouped.get(source_id)
    }

    /// Whether a source has an application that uses it for password management.
    pub(crate) fn has_application(&self, source_id: &str) -> bool {
        self.with_application.contains(source_id)
    }

    /// How many ids were drawn under a label.
    pub(crate) fn made(&self, label: &'static str) -> u64 {
        self.made.get(label).copied().unwrap_or_default()
    }

    /// Updates what follows from a write.
    fn note(&mut self, write: &Write) {
        let Write::Group(write) = write else { return };
        match write {
            WriteOf::Create { record, made, .. } => {
                if let Some((label, nth)) = *made {
                    self.made.insert(label, nth);
                }
                self.join(record);
            }
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

fn write_to<R: Record>(table: &mut Table<R>, write: WriteOf<R>, author: Author<'_>) -> Option<Changed> {
    let (kind, change) = match write {
        WriteOf::Create { record, rendered, .. } => {
            (ChangeKind::Created, table.insert_rendered(record.id(), rendered))
        }
        WriteOf::Replace { record, rendered, .. } => {
            (ChangeKind::Replaced, table.replace_rendered(record.id(), rendered)?)
        }
        WriteOf::Delete { former } => (ChangeKind::Deleted, table.remove(former.id())?),
    };
    let record = change.after.clone().or_else(|| change.before.clone())?;
    table.record(author.at, author.client, change, author.horizon);
    Some(Changed { kind, resource: R::RESOURCE, record })
}
