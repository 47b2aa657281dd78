//! The OAuth client that a request came from.

use std::sync::Arc;

/// The OAuth client that a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its public id.
    pub id: Arc<str>,
    /// What people call it; empty for an unknown id.
    pub name: String,
}
