//! What a decision changes. A handler returns these, and the tenant applies them, all in one place.

use crate::auth::Issued;
use crate::clock::Timestamp;
use crate::org::{Kept, Write, WriteOf};

/// One change.
#[derive(Debug)]
pub(crate) enum Change {
    /// A record of the organisation.
    Record(Box<Write>),
    /// A token was issued.
    Token(Box<Issued>),
    /// A job for later.
    #[cfg_attr(not(test), expect(dead_code, reason = "no operation starts a job yet; tests do"))]
    Job(Box<Job>),
}

impl Change {
    /// A record is to change.
    pub(crate) fn record<R: Kept>(write: WriteOf<R>) -> Self {
        Self::Record(Box::new(R::wrapped(write)))
    }
}

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
    /// What it does: returns a word for the outcome, and the changes.
    pub(crate) perform: fn(&super::View<'_>, &Self, Timestamp) -> (&'static str, Vec<Change>),
}
