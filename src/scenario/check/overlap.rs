//! Rules that can never fire, because another one always fires on all that they match.

use std::collections::BTreeMap;

use crate::scenario::fault::Fault;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Operations, Rule, Stage, TextMatch, Then, When};

/// Whether the rule at `index` can never fire because of another one.
pub(super) fn check_reachable(rules: &[Rule], index: usize) -> Result<(), Mistake> {
    let rule = &rules[index];
    if let Some(stronger) = rules.iter().find(|other| forestalls(other, rule)) {
        return Err(Mistake::new(
            "",
            format!(
                "rule `{}` can never fire: `{}` always answers before the operation happens; expected another `when`",
                rule.name, stronger.name
            ),
        ));
    }
    if let Some(earlier) = rules[..index].iter().find(|earlier| hides(earlier, rule)) {
        return Err(Mistake::new(
            "",
            format!(
                "rule `{}` can never fire: `{}` before it always fires on all that it matches; expected it first, or \
             another `when`",
                rule.name, earlier.name
            ),
        ));
    }
    Ok(())
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
