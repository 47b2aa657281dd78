//! Which exchanges are selected.

use super::Exchange;
use crate::operation::Operation;
use crate::scenario::Look;

/// Which exchanges are selected; all by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this operation.
    pub operation: Option<Operation>,
    /// With this status.
    pub status: Option<u16>,
    /// By the OAuth client with this id or name.
    pub client: Option<String>,
    /// On which this rule fired, as `rule` or `scenario/rule`.
    pub rule: Option<String>,
    /// After this number.
    pub after: u64,
    /// At most this many.
    pub limit: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { operation: None, status: None, client: None, rule: None, after: 0, limit: usize::MAX }
    }
}

impl Filter {
    /// Whether an exchange is selected.
    pub fn admits(&self, exchange: &Exchange) -> bool {
        let is_rule = |look: &Look, wanted: &str| {
            look.fired
                && (*look.rule == *wanted
                    || look.rule.split_once('/').is_some_and(|(_, rule)| rule == wanted))
        };
        exchange.seq > self.after
            && self.operation.is_none_or(|operation| exchange.operation == Some(operation))
            && self.status.is_none_or(|status| exchange.told_status() == Some(status))
            && self.client.as_ref().is_none_or(|wanted| exchange.is_by(wanted))
            && self.rule.as_ref().is_none_or(|rule| exchange.rules.matched().any(|look| is_rule(look, rule)))
    }
}
