//! Scenarios: rules that say which exchanges go wrong, when, and how. All of it is decided here, in pure code, from
//! the subject, the tenant's time and its draws; the pipeline and the server carry it out.
//!
//! What people write is in `written`; `check` finds what makes no sense in it. What comes out is a [`Ruleset`], the
//! only thing that can run: a [`matcher`], a [`trigger`] and a [`fault`] for each rule. An [`Engine`] runs rulesets
//! in one tenant.

mod build;
mod check;
mod count;
mod engine;
mod explain;
pub mod fault;
mod hold;
pub mod library;
mod look;
mod matcher;
mod mistake;
mod pattern;
mod plan;
mod ruleset;
mod subject;
mod text;
mod trigger;
mod turn;
pub mod written;

pub use engine::{Engine, RuleReport};
pub use explain::explain;
pub use look::{Look, Looks, OpenLooks, Why};
pub use mistake::{Mistake, Mistakes};
pub use pattern::Pattern;
pub use ruleset::{CompiledRule, LoadError, MOST_RULES, Ruleset, Rulesets};
pub use subject::{ExchangeView, JobView, Subject};
pub use turn::Fired;
pub use written::{Rule, Scenario, Stage};

/// The JSON Schema of the file format.
pub const SCHEMA: &str = include_str!("../../scenarios/scenario.schema.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{document_schema, is_golden};

    #[test]
    fn the_schema_in_the_repository_is_that_of_the_types() {
        is_golden(
            "scenarios/scenario.schema.json",
            SCHEMA,
            &document_schema::<Scenario>("sync-group-sim scenario"),
        );
    }
}
