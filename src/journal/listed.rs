//! Exchanges in a form that is written one by one, so that a long journal is never in memory as a tree.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Exchange;
use crate::wire::secrets::Secrets;

/// Exchanges that are to be written as a list.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Oldest first.
    pub(crate) exchanges: Vec<Exchange>,
    /// What is left out of them.
    pub(crate) secrets: Arc<Secrets>,
    /// How each is shown.
    pub(crate) show: fn(&Exchange, &Secrets) -> Value,
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.exchanges.iter().map(|exchange| (self.show)(exchange, &self.secrets)))
    }
}
