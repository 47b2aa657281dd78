//! What a decision changes. A handler returns these, and the tenant applies them, all in one place.

use crate::auth::Issued;
use crate::clock::Timestamp;
use crate::org::{Kept, Write, WriteOf};
use crate::scenario::fault::Connector;

/// One change.
#[derive(Debug)]
pub(crate) enum Change {
    /// A record of the organisation.
    Record(Write),
    /// A token was issued.
    Token(Box<Issued>),
    /// A job for later.
    Job(Box<Job>),
}

impl Change {
    /// A record is to change.
    pub(crate) fn record<R: Kept>(write: WriteOf<R>) -> Self {
        Self::Record(R::wrapped(write))
    }
}

/// What a job does when it is due.
pub(crate) type Perform =
    fn(&super::View<'_>, &Job, Timestamp, Option<Connector>) -> (&'static str, Vec<Change>);

/// Something that the platform does later, by itself: one attempt to change something on a source.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// When it is due, in the tenant's time.
    pub(crate) due: Timestamp,
    /// What it is, in a few words.
    pub(crate) what: String,
    /// The source concerned: its id and name.
    pub(crate) source: (String, String),
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
    /// The id of the password change that it belongs to.
    pub(crate) change: String,
    /// Which of its accounts it is about.
    pub(crate) account: usize,
    /// The id of the OAuth client that asked for the change.
    pub(crate) client: Option<String>,
    /// The id of the group whose password changes.
    pub(crate) group: Option<String>,
    /// Whether a scenario has held it. Rules looked at it then, and do not again.
    pub(crate) is_held: bool,
    /// What they found wrong with the connector.
    pub(crate) connector: Option<Connector>,
    /// What it does, with a connector that may have something wrong with it: returns a word for the outcome, and the
    /// changes.
    pub(crate) perform: Perform,
}
