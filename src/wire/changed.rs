//! What was done to one record of the organisation, as the journal shows it.

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;

/// What was done to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What was done.
    pub kind: ChangeKind,
    /// The kind of record, such as `password-sync-groups`.
    pub resource: &'static str,
    /// The record as the API shows it; for a deleted one, what it was.
    pub record: Bytes,
}

/// What was done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// It was replaced.
    Replaced,
    /// It was deleted.
    Deleted,
}

impl Changed {
    /// The record's id; it is extracted only when needed, which is rare.
    pub fn id(&self) -> String {
        let record: Value = serde_json::from_slice(&self.record).unwrap_or_default();
        record["id"].as_str().unwrap_or_default().to_owned()
    }

    /// What it costs to keep, in bytes, as though nothing were shared.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.record.len()
    }
}
