//! A scenario in plain words: what each of its rules will do.

use std::collections::BTreeMap;

use super::fault::Fault;
use super::ruleset::Ruleset;
use super::written::{Connection, Operations, Page, Per, Rule, Stage, TextMatch, Then, ValueMatch, When};

/// A line for the scenario and one for each rule.
pub fn explain(ruleset: &Ruleset) -> String {
    let count = ruleset.rules().len();
    let plural = if count == 1 { "rule" } else { "rules" };
    let mut lines = vec![format!("scenario {}: {count} {plural}", ruleset.name())];
    if let Some(lesson) = ruleset.lesson() {
        lines.push(format!("  lesson: {}", lesson.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    lines.extend(ruleset.rules().map(|rule| format!("  {}: {}", rule.name, rule_in_words(rule))));
    lines.join("\n")
}

fn rule_in_words(rule: &Rule) -> String {
    let per = match rule.fires.per {
        None | Some(Per::Tenant) => "",
        Some(Per::Client) => ", counted for each client",
        Some(Per::Group) => ", counted for each group",
    };
    let happens = match rule.stage {
        Stage::Before => "",
        Stage::After => "the operation happens, and ",
    };
    let hold = rule.hold.map(|hold| format!(", {}", hold.in_words())).unwrap_or_default();
    let who = if rule.when.operation == Some(Operations::Attempts) { "the platform" } else { "the client" };
    format!(
        "of {}, {}{per}: {happens}{who} gets {}{hold}.",
        when_in_words(&rule.when),
        rule.fires.in_words(),
        faults_in_words(rule)
    )
}

fn faults_in_words(rule: &Rule) -> String {
    let Some(sequence) = &rule.sequence else {
        return rule.fault.as_ref().map_or_else(|| "the right answer".to_owned(), Fault::in_words);
    };
    let steps: Vec<_> = sequence.iter().map(Fault::in_words).collect();
    let then = match rule.then.unwrap_or_default() {
        Then::Pass => "then the right answer forever",
        Then::Repeat => "and so on from the first",
        Then::Last => "and the last forever",
    };
    format!("in turn {}, {then}", steps.join("; "))
}

fn when_in_words(when: &When) -> String {
    let When { operation, version, method, path, client, query, header, body, page, connection, source } =
        when;
    let mut parts = vec![match operation {
        None | Some(Operations::Any) => "all requests".to_owned(),
        Some(Operations::These(operations)) => {
            format!(
                "{} calls",
                operations.iter().map(|operation| operation.id()).collect::<Vec<_>>().join(" and ")
            )
        }
        Some(Operations::Attempts) => "attempts to change a password".to_owned(),
    }];
    let mut one = |name: &str, text: &Option<TextMatch>| {
        parts.extend(text.as_ref().map(|text| format!("{name} {}", text_in_words(text))));
    };
    one("in version", version);
    one("by method", method);
    one("by client", client);
    one("on source", source);
    if let Some(path) = path {
        parts.push(format!("on path {path}"));
    }
    let mut many = |name: &str, texts: &BTreeMap<String, TextMatch>| {
        parts.extend(texts.iter().map(|(key, text)| format!("with {name} {key} {}", text_in_words(text))));
    };
    many("query", query);
    many("header", header);
    parts.extend(body.iter().map(|(key, value)| format!("with body {key} {}", value_in_words(value))));
    parts.extend(page.map(|Page::PastEnd| "for a page past the end of the list".to_owned()));
    parts.extend(connection.map(|connection| match connection {
        Connection::New => "as the first on their connection".to_owned(),
        Connection::Reused => "on a connection that had an earlier request".to_owned(),
    }));
    parts.join(" ")
}

fn value_in_words(value: &ValueMatch) -> String {
    match value {
        ValueMatch::Exact(value) => format!("`{value}`").replace("`\"", "`").replace("\"`", "`"),
        ValueMatch::Regex(regex) => format!("matching /{regex}/"),
        ValueMatch::Present(true) => "present".to_owned(),
        ValueMatch::Present(false) => "absent".to_owned(),
    }
}

fn text_in_words(text: &TextMatch) -> String {
    match text {
        TextMatch::Exact(text) => format!("`{text}`"),
        TextMatch::Regex(regex) => format!("matching /{regex}/"),
        TextMatch::Present(true) => "present".to_owned(),
        TextMatch::Present(false) => "absent".to_owned(),
    }
}
