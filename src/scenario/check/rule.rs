//! Whether one rule is valid, part by part.

use super::{check_name, check_when, size};
use crate::scenario::fault::Fault;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{ATTEMPT, Operations, Rule, Stage};

/// Everything that is wrong with one rule, at most one mistake for each of its parts. What is wrong with a
/// pattern is found when it is compiled.
pub(super) fn check_rule(rule: &Rule) -> Vec<Mistake> {
    let parts = [
        check_name("rule", &rule.name),
        rule.fires.check().map_err(|mistake| mistake.below("/fires")),
        rule.hold.as_ref().map_or(Ok(()), |hold| hold.check().map_err(|mistake| mistake.below("/hold"))),
        check_shape(rule),
    ];
    let attempt = check_attempt(rule);
    let when = check_when(&rule.when).into_iter().map(|mistake| mistake.below("/when"));
    let faults = faults(rule).into_iter();
    let faults = faults.map(|(place, fault)| fault.check(rule).map_err(|mistake| mistake.below(&place)));
    let size = size::check_rule_size(rule).into_iter();
    when.chain(attempt).chain(size).chain(parts.into_iter().chain(faults).filter_map(Result::err)).collect()
}

/// A rule about attempts to change a password has faults of its own, and a rule about requests has not.
fn check_attempt(rule: &Rule) -> Vec<Mistake> {
    let is_attempt = rule.when.operation == Some(Operations::Attempts);
    let mut found = Vec::new();
    if is_attempt && rule.stage == Stage::After {
        let message =
            format!("stage after of `{ATTEMPT}`; expected before: nobody is told what an attempt did");
        found.push(Mistake::new("/stage", message));
    }
    for (place, fault) in faults(rule) {
        let fits = match fault {
            Fault::Pass(_) => true,
            Fault::Hold(_) => continue,
            Fault::Connector(_) => is_attempt,
            _ => !is_attempt,
        };
        if !fits {
            let name = fault.name();
            found.push(Mistake::new(
                place,
                if is_attempt {
                    format!("`{name}` of an attempt to change a password; expected connector, hold or pass")
                } else {
                    format!("`{name}` of a request; expected `operation: {ATTEMPT}` in `when`")
                },
            ));
        }
    }
    found
}

/// Whether it says what goes wrong, exactly once.
fn check_shape(rule: &Rule) -> Result<(), Mistake> {
    match (&rule.fault, &rule.sequence) {
        (Some(_), Some(_)) => {
            Err(Mistake::new("/sequence", "`fault` and `sequence`; expected one of the two"))
        }
        (None, None) if rule.hold.is_none() => {
            Err(Mistake::new("", "a rule without `fault` or `sequence`; expected one of the two"))
        }
        (None, Some(sequence)) if sequence.is_empty() => {
            Err(Mistake::new("/sequence", "an empty sequence can never fire; expected faults"))
        }
        (_, None) if rule.then.is_some() => {
            Err(Mistake::new("/then", "`then` without `sequence`; expected a sequence"))
        }
        _ => Ok(()),
    }
}

/// A rule's faults with their places.
fn faults(rule: &Rule) -> Vec<(String, &Fault)> {
    let single = rule.fault.iter().map(|fault| ("/fault".to_owned(), fault));
    let sequence = rule.sequence.iter().flatten().enumerate();
    single.chain(sequence.map(|(index, fault)| (format!("/sequence/{index}"), fault))).collect()
}
