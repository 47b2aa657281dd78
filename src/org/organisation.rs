//! The organisation of one tenant: its tables. A resource is one line of `tables!`; the template, a new tenant, a
//! reset, and a state that is imported or exported follow from it. What one table says of another is in `links.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;

use super::content::Content;
use super::credentials;
use super::follow::Ahead;
use super::links::Links;
use super::{Record, Table};
use crate::clock::Timestamp;
use crate::fixture::{
    Account, Application, ApplicationAccess, Credential, Fixture, Group, Identity, PasswordChange,
    PasswordDictionary, PasswordOrgConfig, PasswordPolicy, PolicyHolders, Section, Source,
};
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

/// A record that has a table.
pub(crate) trait Kept: Record {
    /// Its table.
    fn table(tables: &Tables) -> &Table<Self>;

    /// A write to its table, as one to any table.
    fn wrapped(write: WriteOf<Self>) -> Write;
}

/// Declares the tables: the fixture's section, and the type of its records.
///
/// A section is a list, or one thing that may be absent.
macro_rules! tables {
    ($($section:ident: $record:ident $(= $take:path, $give:path)?;)*) => {
        /// The tables.
        #[derive(Clone, Debug)]
        pub(crate) struct Tables {
            $($section: Table<$record>,)*
        }

        /// What is written to one record; in a box, since records differ in size.
        #[derive(Clone, Debug)]
        pub(crate) enum Write {
            $(
                $record(Box<WriteOf<$record>>),
            )*
        }

        impl Tables {
            fn of(fixture: &Arc<Fixture>) -> Self {
                Self {
                    $($section: {
                        let fixture = Arc::clone(fixture);
                        Table::beginning_with(move || {
                            Content::of(&tables!(@take fixture.$section, &fixture $(, $take)?))
                        })
                    },)*
                }
            }

            fn bytes(&self) -> usize {
                0 $(+ self.$section.bytes())*
            }

            fn own_bytes(&self) -> usize {
                0 $(+ self.$section.own_bytes())*
            }

            fn forget_history(&mut self) {
                $(self.$section.forget_history();)*
            }

            fn growth(&self, write: &Write) -> usize {
                match write {
                    $(Write::$record(write) => growth_of(&self.$section, write),)*
                }
            }

            fn fill(&self, fixture: &mut Fixture) {
                $(tables!(@give fixture.$section, fixture, self.$section.to_records() $(, $give)?);)*
            }
        }

        $(
            impl Kept for $record {
                fn table(tables: &Tables) -> &Table<Self> {
                    &tables.$section
                }

                fn wrapped(write: WriteOf<Self>) -> Write {
                    Write::$record(Box::new(write))
                }
            }
        )*

        /// The resource of each table, and the field of the organisation that has its records.
        pub(crate) const SECTIONS: &[(&str, &str)] =
            &[$((<$record as Record>::RESOURCE, stringify!($section)),)*];

        impl Organisation {
            /// Writes to one record, and to no other.
            pub(super) fn put(&mut self, write: Write, author: Author<'_>) -> Option<Changed> {
                self.links.note(&write);
                match write {
                    $(Write::$record(write) => {
                        self.note_made(&write);
                        write_to(&mut self.tables.$section, *write, author)
                    })*
                }
            }
        }
    };

    (@take $section:expr, $fixture:expr) => { Filled::things(&$section) };
    (@take $section:expr, $fixture:expr, $take:path) => { $take($fixture) };
    (@give $section:expr, $fixture:expr, $records:expr) => { $section = Filled::of($records) };
    (@give $section:expr, $fixture:expr, $records:expr, $give:path) => { $give($fixture, $records) };
}

tables! {
    sources: Source;
    password_policies: PasswordPolicy;
    password_policy_holders: PolicyHolders;
    password_org_config: PasswordOrgConfig;
    password_dictionary: PasswordDictionary;
    applications: Application;
    application_access: ApplicationAccess;
    identities: Identity = credentials::identities, credentials::put_identities;
    accounts: Account = credentials::accounts, credentials::put_accounts;
    credentials: Credential = credentials::of_everybody, credentials::put;
    groups: Group;
    password_changes: PasswordChange;
}

/// A section of the fixture.
trait Filled<R> {
    /// The section that has these records.
    fn of(records: impl Iterator<Item = R>) -> Self;

    /// Its records.
    fn things(&self) -> Cow<'_, [R]>
    where
        R: Clone;
}

impl<R> Filled<R> for Vec<R> {
    fn of(records: impl Iterator<Item = R>) -> Self {
        records.collect()
    }

    fn things(&self) -> Cow<'_, [R]>
    where
        R: Clone,
    {
        Cow::Borrowed(self)
    }
}

impl<R> Filled<R> for Section<R> {
    fn of(records: impl Iterator<Item = R>) -> Self {
        records.collect()
    }

    fn things(&self) -> Cow<'_, [R]>
    where
        R: Clone,
    {
        self.to_things()
    }
}

impl<R> Filled<R> for Option<R> {
    fn of(mut records: impl Iterator<Item = R>) -> Self {
        records.next()
    }

    fn things(&self) -> Cow<'_, [R]>
    where
        R: Clone,
    {
        Cow::Borrowed(self.as_slice())
    }
}

/// The organisation of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Organisation {
    tables: Tables,
    links: Links,
    ahead: Ahead,
    /// How many ids were drawn under each label.
    made: BTreeMap<&'static str, u64>,
}

impl Organisation {
    /// What a fixture holds. `now` replaces the times that it leaves out.
    pub(crate) fn of(fixture: Fixture, now: Timestamp) -> Self {
        let fixture = Arc::new(fixture.dated(now));
        Self {
            tables: Tables::of(&fixture),
            links: Links::of(&fixture),
            ahead: Ahead::of(&fixture),
            made: BTreeMap::new(),
        }
    }

    /// Makes all that would be made when somebody looks, so that what it is made of need not be kept; returns how many bytes
    /// it takes.
    pub(crate) fn make(&self) -> usize {
        self.links.make();
        self.tables.bytes()
    }

    /// What it takes beside what it began with, in bytes, with what stale reads go back to.
    pub(crate) fn own_bytes(&self) -> usize {
        self.tables.own_bytes()
    }

    /// How much more it takes after a write, in bytes.
    pub(crate) fn growth(&self, write: &Write) -> usize {
        self.tables.growth(write)
    }

    /// Forgets what stale reads go back to.
    pub(crate) fn forget_history(&mut self) {
        self.tables.forget_history();
    }

    /// The same for a tenant with this choice about the service's prerequisites.
    pub(crate) fn with(&self, prerequisites: Prerequisites) -> Self {
        Self { links: self.links.with(prerequisites), ..self.clone() }
    }

    /// Writes to one record, and to those that must follow it. Everything that can be refused has been refused by now.
    pub(crate) fn apply(&mut self, write: Write, author: Author<'_>) -> Option<Changed> {
        self.follow(&write, author);
        self.put(write, author)
    }

    /// Has accounts say of a source what it says now as soon as they are made; returns false when they are made already.
    pub(super) fn follow_ahead(&mut self, source: &Source) -> bool {
        self.ahead.follow(source, &mut self.tables.accounts)
    }

    /// The table of a kind of record.
    pub(crate) fn table<R: Kept>(&self) -> &Table<R> {
        R::table(&self.tables)
    }

    /// What follows from the tables.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// Everything except the clients, which are not the organisation's, in the fixture format.
    pub(crate) fn fixture(&self) -> Fixture {
        let mut fixture = Fixture::default();
        self.tables.fill(&mut fixture);
        fixture
    }

    /// How many ids were drawn under a label.
    pub(crate) fn made(&self, label: &'static str) -> u64 {
        self.made.get(label).copied().unwrap_or_default()
    }

    /// Notes which draw of an id was made, so that it is not made again.
    fn note_made<R>(&mut self, write: &WriteOf<R>) {
        if let WriteOf::Create { made: Some((label, nth)), .. } = *write {
            self.made.insert(label, nth);
        }
    }
}

fn growth_of<R: Record>(table: &Table<R>, write: &WriteOf<R>) -> usize {
    match write {
        WriteOf::Create { record, rendered, .. } | WriteOf::Replace { record, rendered, .. } => {
            table.growth(record.id(), rendered)
        }
        WriteOf::Delete { .. } => 0,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_was_drawn_for_any_record_is_not_drawn_again() {
        let mut organisation = Organisation::of(Fixture::default(), Timestamp::from_millis(0));
        let policy = PasswordPolicy { id: "p".to_owned(), ..PasswordPolicy::default() };
        let rendered = Table::render(&policy);
        let write = WriteOf::Create { record: policy, rendered, made: Some(("policy", 3)) };
        let author = Author { client: &Arc::default(), at: Timestamp::from_millis(0), horizon: None };
        let changed = organisation.apply(Kept::wrapped(write), author).unwrap();
        assert_eq!((changed.kind, changed.resource), (ChangeKind::Created, "password-policies"));
        assert_eq!((organisation.made("policy"), organisation.made("group")), (3, 0));
        assert!(organisation.table::<PasswordPolicy>().contains("p"));
    }
}
