//! Whether a scenario makes sense: values that are possible, and rules that can fire. A mistake is the JSON
//! Pointer of its place and what was found and expected there.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

use super::fault::{Fault, Respond};
use super::format::{Hold, Operations, Rule, Scenario, Stage, TextMatch, Then, When};
use crate::version::{ApiVersion, version_names};

type Mistake = (String, String);

/// The most rules that `--max-rules` can allow. Each is compared with every other, so that their number is
/// looked at before anything else is.
pub const MOST_RULES: usize = 10_000;

/// The first mistake in a scenario whose rules all have names.
pub(super) fn check(scenario: &Scenario) -> Result<(), Mistake> {
    check_name("scenario", &scenario.name).map_err(|message| ("/name".to_owned(), message))?;
    let rules = scenario.rules.len();
    if rules > MOST_RULES {
        return Err(("/rules".to_owned(), format!("{rules} rules; expected {MOST_RULES} or fewer")));
    }
    let mut names = HashSet::new();
    for (index, rule) in scenario.rules.iter().enumerate() {
        let below = |(pointer, message): Mistake| (format!("/rules/{index}{pointer}"), message);
        check_rule(rule).map_err(below)?;
        if !names.insert(&rule.name) {
            let message = format!("rule `{}` stands here twice; expected each name once", rule.name);
            return Err(below(("/name".to_owned(), message)));
        }
        if let Some(stronger) = scenario.rules.iter().find(|other| forestalls(other, rule)) {
            let message = format!(
                "rule `{}` can never fire: `{}` always answers before the operation happens; expected another `when`",
                rule.name, stronger.name
            );
            return Err(below((String::new(), message)));
        }
        if let Some(earlier) = scenario.rules[..index].iter().find(|earlier| hides(earlier, rule)) {
            let message = format!(
                "rule `{}` can never fire: `{}` before it always fires on all that it matches; expected it first, or \
                 another `when`",
                rule.name, earlier.name
            );
            return Err(below((String::new(), message)));
        }
    }
    Ok(())
}

/// The first mistake in one rule.
pub(super) fn check_rule(rule: &Rule) -> Result<(), Mistake> {
    check_name("rule", &rule.name).map_err(|message| ("/name".to_owned(), message))?;
    let matcher = rule.compiled.of(&rule.when);
    matcher
        .and_then(|_| check_when(&rule.when))
        .map_err(|(pointer, message)| (format!("/when{pointer}"), message))?;
    if let Some((field, message)) = rule.fires.mistake() {
        return Err((format!("/fires/{field}"), message));
    }
    if let Some(hold) = &rule.hold {
        check_hold(hold).map_err(|message| ("/hold".to_owned(), message))?;
    }
    match (&rule.fault, &rule.sequence) {
        (Some(_), Some(_)) => return mistake("/sequence", "`fault` and `sequence`; expected one of the two"),
        (None, None) if rule.hold.is_none() => {
            return mistake("", "a rule without `fault` or `sequence`; expected one of the two");
        }
        (None, Some(sequence)) if sequence.is_empty() => {
            return mistake("/sequence", "an empty sequence can never fire; expected faults");
        }
        (_, None) if rule.then.is_some() => {
            return mistake("/then", "`then` without `sequence`; expected a sequence");
        }
        _ => {}
    }
    for (pointer, fault) in faults(rule) {
        check_fault(fault, rule).map_err(|(below, message)| (format!("{pointer}{below}"), message))?;
    }
    Ok(())
}

fn mistake(pointer: &str, message: &str) -> Result<(), Mistake> {
    Err((pointer.to_owned(), message.to_owned()))
}

/// A rule's faults with their places.
fn faults(rule: &Rule) -> Vec<(String, &Fault)> {
    let single = rule.fault.iter().map(|fault| ("/fault".to_owned(), fault));
    let sequence = rule.sequence.iter().flatten().enumerate();
    single.chain(sequence.map(|(index, fault)| (format!("/sequence/{index}"), fault))).collect()
}

/// Names go into the `Sim-Fault` header, with a slash between them.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'/' || byte == b' ';
    if (1..=100).contains(&name.len()) && name.bytes().all(fits) && name.trim() == name {
        return Ok(());
    }
    Err(format!("{what} name `{name}`; expected 1 to 100 printable ASCII characters without `/`"))
}

pub(super) fn check_when(when: &When) -> Result<(), Mistake> {
    if let Some(TextMatch::Exact(version)) = &when.version
        && ApiVersion::named(version).is_none()
    {
        let message = format!("version `{version}` does not exist; expected one of {}", version_names());
        return Err(("/version".to_owned(), message));
    }
    if let (Some(_), Some(Operations::These(operations))) = (&when.version, &when.operation)
        && operations.iter().all(|operation| !operation.is_versioned())
    {
        let message = "the token endpoints have no version; expected none, or another operation".to_owned();
        return Err(("/version".to_owned(), message));
    }
    if let Some(TextMatch::Exact(method)) = &when.method
        && (method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'))
    {
        let message = format!("method `{method}` can never match; expected capitals such as GET");
        return Err(("/method".to_owned(), message));
    }
    if let Some(path) = &when.path
        && !path.starts_with(['/', '*', '?'])
    {
        let message =
            format!("path `{path}` can never match; expected one that begins with `/` or a wildcard");
        return Err(("/path".to_owned(), message));
    }
    for name in when.header.keys() {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err((
                format!("/header/{}", escaped(name)),
                format!("`{name}` cannot be a header; expected a field name"),
            ));
        }
    }
    for pointer in when.body.keys() {
        let is_escaped = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if !pointer.is_empty() && !pointer.starts_with('/') || !is_escaped {
            let place = format!("/body/{}", escaped(pointer));
            let message =
                format!("`{pointer}` is no JSON Pointer; expected one such as `/name` or `/sourceIds/0`");
            return Err((place, message));
        }
    }
    Ok(())
}

fn check_hold(hold: &Hold) -> Result<(), String> {
    match hold {
        Hold::Uniform(least, most) if least > most => {
            Err("the least is longer than the most; expected [least, most]".to_owned())
        }
        Hold::Lognormal { median, .. } if median.0.is_zero() => {
            Err("a median of 0; expected more than no time".to_owned())
        }
        Hold::Lognormal { median, p99 } if median > p99 => {
            Err("the median is longer than the p99; expected the p99 longer".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_fault(fault: &Fault, rule: &Rule) -> Result<(), Mistake> {
    match fault {
        Fault::Respond(respond) => {
            check_respond(respond).map_err(|(pointer, message)| (format!("/respond{pointer}"), message))
        }
        Fault::Hold(hold) => check_hold(hold).map_err(|message| ("/hold".to_owned(), message)),
        Fault::Trickle(trickle) if trickle.chunk == 0 => {
            mistake("/trickle/chunk", "chunk 0; expected 1 or more bytes")
        }
        Fault::RateLimited(limited) if limited.window.is_some_and(|window| window.0 == Duration::ZERO) => {
            mistake("/rateLimited/window", "a window of no time; expected more")
        }
        Fault::RateLimited(limited) if limited.omit_header && limited.as_date => {
            mistake("/rateLimited/asDate", "`asDate` beside `omitHeader`; expected one of the two")
        }
        Fault::LoseScope(lost) if lost.scope.is_empty() => {
            mistake("/loseScope/scope", "an empty scope; expected its name")
        }
        Fault::Stale(stale) if stale.by.0.is_zero() => {
            mistake("/stale/by", "stale by no time; expected more")
        }
        Fault::Stale(_) if rule.stage == Stage::After => {
            mistake("/stale", "a read cannot go to the past after it happened; expected stage before")
        }
        Fault::Stale(_) if !may_match_reads(&rule.when) => mistake(
            "/stale",
            "only reads can be stale; expected the operation getPasswordSyncGroups or getPasswordSyncGroup",
        ),
        _ => Ok(()),
    }
}

fn check_respond(respond: &Respond) -> Result<(), Mistake> {
    let status = respond.status;
    if !(200..=599).contains(&status) {
        return Err(("/status".to_owned(), format!("status {status}; expected 200 to 599")));
    }
    if respond.body.is_some() && matches!(status, 204 | 205 | 304) {
        return Err(("/body".to_owned(), format!("a body beside status {status}; expected none")));
    }
    if respond.body.is_some() && (respond.text.is_some() || respond.detail_code.is_some()) {
        return mistake(
            "/body",
            "`body` beside `text` or `detailCode`, which are of the service's own body; expected one",
        );
    }
    if respond.detail_code.is_some() && matches!(status, 200..=399 | 401 | 405 | 409 | 412 | 415 | 429) {
        let message = format!("the body of a {status} has no `detailCode`; expected none, or a `body`");
        return Err(("/detailCode".to_owned(), message));
    }
    if respond.text.is_some() && matches!(status, 200..=299 | 304) {
        let message = format!("the body of a {status} has no message; expected no `text`, or a `body`");
        return Err(("/text".to_owned(), message));
    }
    for (name, value) in &respond.headers {
        let place = || format!("/headers/{}", escaped(name));
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err((place(), format!("`{name}` cannot be a header; expected a field name")));
        }
        if HeaderValue::from_str(value).is_err() {
            return Err((place(), format!("`{value}` cannot be sent; expected printable ASCII")));
        }
        if ["content-length", "transfer-encoding", "connection"].contains(&&*name.to_ascii_lowercase()) {
            let message =
                format!("`{name}` is the server's to set; expected other headers, or the fault cut or close");
            return Err((place(), message));
        }
    }
    Ok(())
}

/// A key as one step of a JSON Pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn may_match_reads(when: &When) -> bool {
    match &when.operation {
        None | Some(Operations::Any) => true,
        Some(Operations::These(operations)) => operations.iter().any(|operation| operation.is_read()),
    }
}

/// Whether `earlier` always fires on everything that `later` matches, at the same stage.
fn hides(earlier: &Rule, later: &Rule) -> bool {
    let fires_for_ever = match &earlier.sequence {
        None => true,
        Some(_) => matches!(earlier.then, Some(Then::Repeat | Then::Last)),
    };
    earlier.stage == later.stage
        && fires_for_ever
        && earlier.fires.is_always()
        && covers(&earlier.when, &later.when)
}

/// Whether `before` always keeps the operation from happening on everything that `after` matches.
fn forestalls(before: &Rule, after: &Rule) -> bool {
    before.stage == Stage::Before
        && after.stage == Stage::After
        && before.fault.as_ref().is_some_and(Fault::hides_the_answer)
        && before.fires.is_always()
        && covers(&before.when, &after.when)
}

/// Whether `wide` holds wherever `narrow` does, as far as can be told from their texts.
fn covers(wide: &When, narrow: &When) -> bool {
    let operations = match (&wide.operation, &narrow.operation) {
        (None | Some(Operations::Any), _) => true,
        (Some(Operations::These(wide)), Some(Operations::These(narrow))) => {
            narrow.iter().all(|operation| wide.contains(operation))
        }
        _ => false,
    };
    operations
        && text(wide.version.as_ref(), narrow.version.as_ref())
        && text(wide.method.as_ref(), narrow.method.as_ref())
        && (wide.path.as_deref() == Some("**") || one(wide.path.as_ref(), narrow.path.as_ref()))
        && text(wide.client.as_ref(), narrow.client.as_ref())
        && texts(&wide.query, &narrow.query, str::eq)
        && texts(&wide.header, &narrow.header, str::eq_ignore_ascii_case)
        && texts(&wide.body, &narrow.body, str::eq)
}

/// Whether each text that is asked for is asked for in the narrower `when` as well.
fn texts(
    wide: &BTreeMap<String, TextMatch>,
    narrow: &BTreeMap<String, TextMatch>,
    same: fn(&str, &str) -> bool,
) -> bool {
    wide.iter().all(|(name, wide)| {
        narrow.iter().any(|(other, narrow)| same(name, other) && text(Some(wide), Some(narrow)))
    })
}

fn text(wide: Option<&TextMatch>, narrow: Option<&TextMatch>) -> bool {
    let is_there = matches!(narrow, Some(TextMatch::Exact(_) | TextMatch::Regex(_)));
    one(wide, narrow) || wide == Some(&TextMatch::Present(true)) && is_there
}

fn one<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
    wide.is_none() || wide == narrow
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use crate::document::Document;

    fn error(text: &str) -> String {
        Scenario::read(&Document::new("my.yaml", text)).unwrap_err().to_string()
    }

    /// The error of a scenario with one rule, whose lines these are.
    fn rule_error(lines: &str) -> String {
        let lines = lines.lines().collect::<Vec<_>>().join("\n    ");
        error(&format!("name: mine\nrules:\n  - {lines}\n"))
    }

    #[test]
    fn a_mistake_in_a_rule_is_shown_with_place_found_and_expected() {
        for (lines, expected) in [
            ("fault:\n  respond:\n    status: 700", "my.yaml:5:17: status 700; expected 200 to 599"),
            ("{fires: {nth: 0}, fault: close}", "my.yaml:3:19: nth 0 can never fire; expected 1 or more"),
            ("{fires: {first: 0}, fault: close}", "my.yaml:3:21: first 0 can never fire; expected 1 or more"),
            ("{fires: {chance: 2}, fault: close}", "my.yaml:3:22: chance 2; expected 0 to 1"),
            (
                "{when: {version: v9}, fault: close}",
                "my.yaml:3:22: version `v9` does not exist; expected one of beta, v3, v2024, v2025, v2026, latest, v1",
            ),
            (
                "{when: {method: get}, fault: close}",
                "my.yaml:3:21: method `get` can never match; expected capitals such as GET",
            ),
            (
                "{when: {path: v3/x}, fault: close}",
                "my.yaml:3:19: path `v3/x` can never match; expected one that begins with `/` or a wildcard",
            ),
            (
                "{when: {query: {q: {regex: '('}}}, fault: close}",
                "my.yaml:3:21: regex `(`: unclosed group; expected a regular expression",
            ),
            (
                "{when: {header: {'a b': x}}, fault: close}",
                "my.yaml:3:29: `a b` cannot be a header; expected a field name",
            ),
            (
                "{when: {body: {name: x}}, fault: close}",
                "my.yaml:3:26: `name` is no JSON Pointer; expected one such as `/name` or `/sourceIds/0`",
            ),
            (
                "{name: a/b, fault: close}",
                "my.yaml:3:12: rule name `a/b`; expected 1 to 100 printable ASCII characters without `/`",
            ),
            (
                "{when: {operation: token}}",
                "my.yaml:3:5: a rule without `fault` or `sequence`; expected one of the two",
            ),
            (
                "{fault: close, sequence: [reset]}",
                "my.yaml:3:20: `fault` and `sequence`; expected one of the two",
            ),
            ("{sequence: []}", "my.yaml:3:6: an empty sequence can never fire; expected faults"),
            ("{fault: close, then: last}", "my.yaml:3:26: `then` without `sequence`; expected a sequence"),
            (
                "{sequence: [pass, {trickle: {chunk: 0, pause: 1s}}]}",
                "my.yaml:3:41: chunk 0; expected 1 or more bytes",
            ),
            (
                "{hold: {uniform: [2s, 1s]}, fault: close}",
                "my.yaml:3:6: the least is longer than the most; expected [least, most]",
            ),
            (
                "{fault: {hold: {lognormal: {median: 2s, p99: 1s}}}}",
                "my.yaml:3:14: the median is longer than the p99; expected the p99 longer",
            ),
            (
                "{stage: after, fault: {stale: {by: 1s}}}",
                "my.yaml:3:28: a read cannot go to the past after it happened; expected stage before",
            ),
            (
                "{when: {operation: token}, fault: {stale: {by: 1s}}}",
                "my.yaml:3:40: only reads can be stale; expected the operation getPasswordSyncGroups or getPasswordSyncGroup",
            ),
            (
                "{fault: {respond: {status: 204, body: x}}}",
                "my.yaml:3:43: a body beside status 204; expected none",
            ),
            (
                "{fault: {respond: {status: 500, headers: {Content-Length: '5'}}}}",
                "my.yaml:3:63: `Content-Length` is the server's to set; expected other headers, or the fault cut or close",
            ),
        ] {
            assert_eq!(rule_error(lines), expected, "{lines}");
        }
    }

    #[test]
    fn what_is_not_in_the_format_is_shown_with_its_place() {
        for (lines, place, expected) in [
            ("{wen: {}, fault: close}", "my.yaml:3:6", "unknown field `wen`, expected one of name, when"),
            (
                "{when: {operation: fly}, fault: close}",
                "my.yaml:3:24",
                "operation `fly` does not exist; expected one of getPasswordSyncGroups",
            ),
            (
                "{when: {operation: [token, fly]}, fault: close}",
                "my.yaml:3:32",
                "operation `fly` does not exist",
            ),
            ("{when: {operation: []}, fault: close}", "my.yaml:3:24", "an empty list can never match"),
            (
                "{fault: explode}",
                "my.yaml:3:13",
                "fault `explode`; expected pass, expireToken, hang, close or reset",
            ),
            (
                "{fault: {explode: {}}}",
                "my.yaml:3:14",
                "unknown variant `explode`, expected one of respond, rateLimited",
            ),
            (
                "{fault: {close: {}, reset: {}}}",
                "my.yaml:3:",
                "`reset` beside another fault; expected exactly one",
            ),
            ("{fault: {close: {now: true}}}", "my.yaml:3:22", "unknown field `now`"),
            (
                "{fault: {hold: soon}}",
                "my.yaml:3:20",
                "`soon` is not a duration; expected a number and a unit",
            ),
            (
                "{fault: {corrupt: badly}}",
                "my.yaml:3:23",
                "unknown variant `badly`, expected one of truncatedJson, html",
            ),
            ("{fault: {}}", "my.yaml:3:", "no fault; expected one such as {respond: {status: 500}}"),
            ("{fires: {nth: }, fault: close}", "my.yaml:3:", "expected"),
            (
                "{when: {operation: token, version: v3}, fault: close}",
                "my.yaml:3:40",
                "the token endpoints have no version",
            ),
            (
                "{fault: {respond: {status: 401, detailCode: x}}}",
                "my.yaml:3:49",
                "the body of a 401 has no `detailCode`",
            ),
            (
                "{stage: during, fault: close}",
                "my.yaml:3:13",
                "unknown variant `during`, expected one of before, after",
            ),
            (
                "{fires: {nth: two}, fault: close}",
                "my.yaml:3:14",
                "expected a whole number from 1, or a list of them",
            ),
            ("{fires: {nth: -1}, fault: close}", "my.yaml:3:19", "-1 can never come"),
            (
                "{when: {client: {like: x}}, fault: close}",
                "my.yaml:3:22",
                "unknown variant `like`, expected one of regex, present",
            ),
        ] {
            let found = rule_error(lines);
            assert!(found.starts_with(place) && found.contains(expected), "{lines}\n{found}");
        }
        assert!(error("rules: []\n").contains("missing field `name`"));
        assert!(error("name: ''\nrules: []\n").starts_with("my.yaml:1:7: scenario name ``; expected"));
    }

    #[test]
    fn a_rule_that_another_hides_is_a_mistake() {
        let scenario = |first: &str, second: &str| {
            format!("name: mine\nrules:\n  - {{name: a, {first}}}\n  - {{name: b, {second}}}\n")
        };
        for (first, second) in [
            ("fault: close", "when: {operation: token}, fault: reset"),
            (
                "when: {operation: [token, oauthInfo]}, fault: close",
                "when: {operation: token, client: c}, fault: reset",
            ),
            ("sequence: [close, reset], then: last", "fault: reset"),
            ("when: {path: '**'}, fault: close", "fault: reset, when: {path: /v3/x}"),
            (
                "when: {header: {X-A: {present: true}}}, fault: close",
                "when: {header: {x-a: b}}, fault: reset",
            ),
            ("fires: {chance: 1}, fault: pass", "fires: {nth: 2}, fault: reset"),
        ] {
            let found = error(&scenario(first, second));
            assert!(
                found.starts_with("my.yaml:4:5: rule `b` can never fire: `a` before it always fires"),
                "{found}"
            );
        }
        for (first, second) in [
            ("fault: {hold: 1s}", "stage: after, fault: reset"),
            ("fires: {times: 3}, fault: close", "stage: after, fault: reset"),
            ("fires: {times: 3}, fault: close", "fault: reset"),
            ("sequence: [close, reset]", "fault: reset"),
            ("when: {operation: token}, fault: close", "fault: reset"),
        ] {
            let text = scenario(first, second);
            assert!(Scenario::read(&Document::new("my.yaml", &text)).is_ok(), "{text}");
        }
        let found = error(&scenario("stage: after, fault: reset", "fault: close"));
        assert!(
            found.contains("rule `a` can never fire: `b` always answers before the operation happens"),
            "{found}"
        );
        assert!(
            error("name: mine\nrules: [{name: a, fires: {nth: 1}, fault: close}, {name: a, fault: close}]\n")
                .ends_with("rule `a` stands here twice; expected each name once")
        );
    }
}
