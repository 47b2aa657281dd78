//! Scenarios: rules that say which exchanges go wrong, when, and how. All of it is decided here, in pure code, from
//! the subject, the tenant's time and its draws; the pipeline and the server carry it out.
//!
//! What people write is in `written`; `check` finds its mistakes. The result is a [`Ruleset`], the
//! only thing that can run: a [`matcher`], a [`trigger`] and a [`fault`] for each rule. An [`Engine`] runs rulesets
//! in one tenant.

mod build;
mod check;
mod count;
mod engine;
mod explain;
mod expression;
pub mod fault;
mod glob;
mod hold;
mod known;
pub mod library;
mod look;
mod matcher;
mod mistake;
mod pattern;
mod plan;
mod pushed;
mod ruleset;
mod subject;
mod text;
mod trigger;
mod turn;
mod weight;
pub mod written;

pub use check::MOST_REGEXES;
pub(crate) use check::regexes;
pub use engine::{Engine, RuleReport};
pub use explain::explain;
pub use known::KnownNames;
pub(crate) use known::PLATFORM_SOURCE;
pub use look::{Look, Looks, OpenLooks, Why};
pub use mistake::{Mistake, Mistakes};
pub use pattern::Pattern;
pub use ruleset::{CompiledRule, LoadError, MOST_RULES, Ruleset, Rulesets};
pub use subject::{ExchangeView, JobView, Subject};
pub use turn::Fired;
pub(crate) use weight::{bytes_of_when, too_many_bytes};
pub use written::{Rule, Scenario, Stage};

/// The JSON Schema of the file format.
pub const SCHEMA: &str = include_str!("../../scenarios/scenario.schema.json");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, document_schema, is_golden};

    #[test]
    fn the_schema_in_the_repository_is_that_of_the_types() {
        is_golden(
            "scenarios/scenario.schema.json",
            SCHEMA,
            &document_schema::<Scenario>("sync-group-sim scenario"),
        );
    }

    fn told(text: &str) -> String {
        Ruleset::read(&Document::new("my.yaml", text)).unwrap_err().to_string()
    }

    #[test]
    fn common_mistakes_are_answered_with_what_to_write() {
        for (rule, expected) in [
            (
                "when:\n    operation: token\n    fault: close",
                "my.yaml:4:5: the key `operation` belongs under `when`; expected it there, indented further",
            ),
            (
                "when: {path: **/x}\n    fault: close",
                "`**/x`, where `*` begins an alias; expected text in quotes: '**/x'",
            ),
            ("fires: {chance: 5%}\n    fault: close", "my.yaml:3:21: `5%`; expected a number; write 0.05"),
            (
                "fault: {respond: 500}",
                "my.yaml:3:22: `500`; expected a reply {status: …}; write {status: 500}",
            ),
            ("fault: {respond: '503'}", "the text `503`; expected a reply {status: …}; write {status: 503}"),
            ("fault: {respond: 'x'}", "the text `x`; expected a reply {status: …}"),
            ("fires: {chance: 1.5}\n    fault: close", "my.yaml:3:21: chance 1.5; expected 0 to 1"),
            ("fires: {chance: 15}\n    fault: close", "chance 15; expected 0 to 1; write 0.15"),
            ("fault: {cut: 100}", "my.yaml:3:18: `100`; expected a cut {after: …}; write {after: 100}"),
            ("fault: {hang: 5s}", "`5s`; expected a hang {for: …}; write {for: 5s}"),
            ("fault: {loseScope: x}", "`x`; expected a lost scope {scope: …}; write {scope: x}"),
            (
                "when: {operation: token}\n    respond: {status: 500}",
                "my.yaml:4:5: the key `respond` belongs under `fault`; expected it there, indented further",
            ),
            ("fault: respond", "the fault `respond` without its settings; expected {respond: {status: …}}"),
            ("fault: clsoe", "; did you mean `close`?"),
            ("when: {operation: createGroup}\n    fault: close", "; did you mean `createPasswordSyncGroup`?"),
            (
                "wehn: {operation: token}\n    fault: close",
                "unknown key `wehn`; expected name, when, fires, stage, hold, fault, sequence or then; did you mean `when`?",
            ),
            (
                "when: token\n    fault: close",
                "my.yaml:3:11: `token`; expected a matcher {operation: …, version: …, method: …, …}; write {operation: token}",
            ),
            (
                "fires: 2\n    fault: close",
                "`2`; expected a trigger {nth: …, first: …, after: …, …}; write {nth: 2}",
            ),
            (
                "fires: {nth: '2'}\n    fault: close",
                "the text `2`; expected a whole number from 1; write 2 without quotes",
            ),
            ("fires: {first: two}\n    fault: close", "`two`; expected a whole number from 1"),
            (
                "fires: {from: 5}\n    fault: close",
                "`5` is not a duration; expected a number and a unit: `200ms`, `5s`, `13m`, `1h`",
            ),
            ("stage: After\n    fault: close", "`After`; expected before or after; did you mean `after`?"),
            (
                "sequence: close",
                "`close`; expected a list, each entry a fault such as {respond: {status: 500}}, {close: {}} or pass; write [close]",
            ),
            (
                "fault: [close]",
                "a list; expected a fault such as {respond: {status: 500}}, {close: {}} or pass",
            ),
            ("fault: {stale: {by: 1s, readYourWrites: yes}}", "`yes`; expected true or false; write true"),
            ("fault: {rateLimited: {retryAfter: 3, window: 2s}}", "`3` is not a duration"),
            ("fault: {rateLimited: {retry_after: 3s}}", "; did you mean `retryAfter`?"),
            (
                "fault: {respond: {status: '500'}}",
                "the text `500`; expected a whole number from 200 to 599; write 500 without quotes",
            ),
            ("fault: {respond: {status: 500, headers: [a]}}", "a list; expected names, each with text"),
            ("fault: {respond: {status: 500, headers: {X-A: [a]}}}", "a list; expected text"),
            ("fault: {hold: {uniform: [1s]}}", "a list of 1; expected [min, max]"),
            (
                "fault: {hold: {lognorm: {median: 1s}}}",
                "unknown key `lognorm`; expected uniform or lognormal; did you mean `lognormal`?",
            ),
            (
                "hold:\n    fault: close",
                "nothing; expected a duration such as `5s`, {uniform: [min, max]} or {lognormal: {median: …, p99: …}}",
            ),
            (
                "when: {query: {limit: [5]}}\n    fault: close",
                "a list; expected text, {regex: …} or {present: true|false}",
            ),
            ("when: {client: {present: maybe}}\n    fault: close", "`maybe`; expected true or false"),
            (
                "when: {body: {/a: }}\n    fault: close",
                "nothing; expected a value, {regex: …} or {present: true|false}; write null if that is meant",
            ),
        ] {
            let found = told(&format!("name: mine\nrules:\n  - {rule}\n"));
            assert!(found.contains(expected), "{rule}\n{found}\n{expected}");
        }
    }

    #[test]
    fn all_mistakes_of_a_file_are_told_in_order() {
        assert_eq!(
            told(
                "nmae: mine\nrules:\n  - {when: {method: get}, fault: clsoe}\n  - {fires: {nth: 0}, fault: {respond: {status: 700}}}\n"
            ),
            "my.yaml:1:1: unknown key `nmae`; expected name, lesson or rules; did you mean `name`?\n\
             my.yaml:3:21: method `get` can never match; expected capitals such as GET\n\
             my.yaml:3:34: fault `clsoe`; did you mean `close`?\n\
             my.yaml:4:49: status 700; expected 200 to 599"
        );
        let text = "name: mine\nrules:\n  when: {operation: token}\n  fault: close\n";
        assert_eq!(
            told(text),
            "my.yaml:3:3: keys and values; expected a list, each entry a rule {name: …, when: …, fires: …, …}; begin each \
             entry with `- `"
        );
    }

    #[test]
    fn a_scenario_is_written_as_it_is_read() {
        let text = "name: mine\nrules:\n  - {when: {operation: '*', client: 6881e631, query: {count: True}, body: {/a: [1, null], /b: 0x10}}, fires: {nth: [1, 3]}, fault: close}\n";
        let ruleset = Ruleset::read(&Document::new("my.yaml", text)).unwrap();
        let written = serde_json::to_string(&ruleset.written()).unwrap();
        assert_eq!(
            written,
            r#"{"name":"mine","rules":[{"name":"rule-1","when":{"operation":"*","client":"6881e631","query":{"count":"True"},"body":{"/a":[1,null],"/b":"0x10"}},"fires":{"nth":[1,3]},"fault":{"close":{}}}]}"#
        );
        let again = Ruleset::read(&Document::new("again.json", &written)).unwrap();
        assert_eq!(again.written(), ruleset.written());
    }
}
