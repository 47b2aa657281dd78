//! Why a scenario does not apply to a command: the first thing that its rules are about and that the clean run never does.

use std::collections::BTreeSet;

use super::rehearsal::Rehearsal;
use crate::journal::Exchange;
use crate::operation::Operation;
use crate::scenario::Scenario;
use crate::scenario::written::{Connection, Operations, TextMatch, When};

/// Why nothing was struck.
pub(super) fn why_not(scenario: &Scenario, rehearsal: &Rehearsal, clean: &[Exchange]) -> String {
    if rehearsal.matched.values().any(|matched| *matched > 0) {
        let by_chance = scenario.rules.iter().any(|rule| rule.fires.chance.is_some());
        let why = if by_chance {
            "its chance strikes nothing under 20 seeds; make more calls, or try another --seed"
        } else {
            "its trigger is never met by what the clean run does"
        };
        return why.to_owned();
    }
    let whys: Vec<String> = scenario.rules.iter().filter_map(|rule| missing(&rule.when, clean)).collect();
    let mut told = BTreeSet::new();
    let whys: Vec<String> = whys.into_iter().filter(|why| told.insert(why.clone())).take(2).collect();
    if whys.is_empty() {
        "no call of the clean run is one that it is about".to_owned()
    } else {
        whys.join("; ")
    }
}

/// The first part of a `when` that no call of the clean run has.
fn missing(when: &When, clean: &[Exchange]) -> Option<String> {
    // All of it by name; a source belongs to attempts, which are seen by their operation.
    let When { operation, version, method, path, client, query, header, body, page, connection, source: _ } =
        when;
    let mut left: Vec<&Exchange> = clean.iter().collect();
    match operation {
        None | Some(Operations::Any) => {}
        Some(Operations::Attempts) => return Some(no_change(clean)),
        Some(Operations::These(operations)) => {
            left.retain(|exchange| exchange.operation.is_some_and(|found| operations.contains(&found)));
            if left.is_empty() {
                return Some(never_calls(operations));
            }
        }
    }
    if page.is_some() {
        return Some("never asks for a page past the end of a list".to_owned());
    }
    if *connection == Some(Connection::Reused)
        && !left.iter().any(|exchange| exchange.request.unpack().is_reused_connection)
    {
        return Some("opens a new connection for each of these calls".to_owned());
    }
    if let Some((name, _)) = query.first_key_value() {
        return Some(if name == "offset" {
            "reads its lists in one page; try --fixture large".to_owned()
        } else {
            format!("makes no such call with the query parameter `{name}` that it is about")
        });
    }
    if let Some((name, _)) = header.first_key_value() {
        return Some(format!("sends no header field `{name}` that it is about"));
    }
    if let Some((pointer, _)) = body.first_key_value() {
        return Some(format!("sends no body with the `{pointer}` that it is about"));
    }
    if let Some(client) = client {
        let who = if let TextMatch::Exact(name) = client { format!(" `{name}`") } else { String::new() };
        return Some(format!("is not the client{who} that it is about"));
    }
    if let Some(path) = path {
        return Some(format!("calls no path like {path}"));
    }
    (method.is_some() || version.is_some())
        .then(|| "makes no call with the method or in the API version that it is about".to_owned())
}

fn never_calls(operations: &[Operation]) -> String {
    const SHOWN: usize = 2;
    let names: Vec<&str> = operations.iter().take(SHOWN).map(|operation| operation.id()).collect();
    let more = if operations.len() > SHOWN { " and the like" } else { "" };
    format!("never calls {}{more}", names.join(" or "))
}

/// Why no attempt to change a password was seen.
fn no_change(clean: &[Exchange]) -> String {
    let asks =
        clean.iter().any(|exchange| exchange.operation == Some(Operation::SetPassword) && exchange.performed);
    if asks {
        "ends before the platform tries to change the password; wait for its status".to_owned()
    } else {
        "changes no password".to_owned()
    }
}
