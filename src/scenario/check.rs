//! Whether a scenario makes sense: values that are possible, and rules that can fire. A mistake is the JSON
//! Pointer of its place and what was found and expected there.

use std::collections::HashSet;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

use super::fault::{Fault, Respond};
use super::format::{Hold, Operations, Rule, Scenario, Stage, TextMatch, Then, When};
use super::matcher::Matcher;
use crate::operation::Operation;
use crate::version::{ApiVersion, version_names};

type Mistake = (String, String);

/// The first mistake in a scenario whose rules all have names.
pub(super) fn check(scenario: &Scenario) -> Result<(), Mistake> {
    check_name("scenario", &scenario.name).map_err(|message| ("/name".to_owned(), message))?;
    let mut names = HashSet::new();
    for (index, rule) in scenario.rules.iter().enumerate() {
        let below = |(pointer, message): Mistake| (format!("/rules/{index}{pointer}"), message);
        check_rule(rule).map_err(below)?;
        if !names.insert(&rule.name) {
            let message = format!("rule `{}` stands here twice; expected each name once", rule.name);
            return Err(below(("/name".to_owned(), message)));
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
    check_when(&rule.when).map_err(|(pointer, message)| (format!("/when{pointer}"), message))?;
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

fn check_when(when: &When) -> Result<(), Mistake> {
    Matcher::compile(when)?;
    if let Some(TextMatch::Exact(version)) = &when.version
        && ApiVersion::named(version).is_none()
    {
        let message = format!("version `{version}` does not exist; expected one of {}", version_names());
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
                format!("/header/{name}"),
                format!("`{name}` cannot be a header; expected a field name"),
            ));
        }
    }
    for pointer in when.body.keys() {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            let place = format!("/body/{}", pointer.replace('~', "~0").replace('/', "~1"));
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
    for (name, value) in &respond.headers {
        let place = || format!("/headers/{name}");
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

fn may_match_reads(when: &When) -> bool {
    match &when.operation {
        None | Some(Operations::Any) => true,
        Some(Operations::These(operations)) => {
            operations.contains(&Operation::GetPasswordSyncGroups)
                || operations.contains(&Operation::GetPasswordSyncGroup)
        }
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

/// Whether `wide` holds wherever `narrow` does, as far as can be told from their texts.
fn covers(wide: &When, narrow: &When) -> bool {
    let operations = match (&wide.operation, &narrow.operation) {
        (None | Some(Operations::Any), _) => true,
        (Some(Operations::These(wide)), Some(Operations::These(narrow))) => {
            narrow.iter().all(|operation| wide.contains(operation))
        }
        _ => false,
    };
    let many = |wide: &std::collections::BTreeMap<String, TextMatch>,
                narrow: &std::collections::BTreeMap<_, _>| {
        wide.iter().all(|(name, text)| narrow.get(name) == Some(text))
    };
    operations
        && one(wide.version.as_ref(), narrow.version.as_ref())
        && one(wide.method.as_ref(), narrow.method.as_ref())
        && one(wide.path.as_ref(), narrow.path.as_ref())
        && one(wide.client.as_ref(), narrow.client.as_ref())
        && many(&wide.query, &narrow.query)
        && many(&wide.header, &narrow.header)
        && many(&wide.body, &narrow.body)
}

fn one<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
    wide.is_none() || wide == narrow
}
