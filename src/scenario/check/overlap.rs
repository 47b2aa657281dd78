//! Rules that can never fire, because another one always fires on everything they match.

use std::collections::BTreeMap;

use super::numbers;
use crate::scenario::fault::Fault;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Operations, Rule, Stage, TextMatch, Then, ValueMatch, When};

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
                "rule `{}` can never fire: `{}` before it always fires on everything it matches; expected it first, or \
             another `when`",
                rule.name, earlier.name
            ),
        ));
    }
    check_numbers(rules, index)
}

/// Whether other rules that count the same matches fire on each of those that it would fire on: before it at its own
/// stage, or anywhere before the operation with a fault that keeps it from happening.
fn check_numbers(rules: &[Rule], index: usize) -> Result<(), Mistake> {
    let rule = &rules[index];
    let is_first = |(place, other): &(usize, &Rule)| {
        *place < index && other.stage == rule.stage
            || other.stage == Stage::Before && rule.stage == Stage::After && hides_always(other)
    };
    // A copy of a rule does no harm: what it says happens.
    let is_copy =
        |other: &Rule| other.fires == rule.fires && other.fault == rule.fault && other.hold == rule.hold;
    let counts_the_same =
        |other: &Rule| covers(&other.when, &rule.when) && covers(&rule.when, &other.when) && !is_copy(other);
    let others = rules.iter().enumerate().filter(is_first).map(|(_, other)| other);
    let others: Vec<&Rule> = others.filter(|other| counts_the_same(other)).collect();
    if !numbers::are_taken(rule, &others) {
        return Ok(());
    }
    let names: Vec<String> =
        others.iter().take(MOST_NAMED).map(|other| format!("`{}`", other.name)).collect();
    let message = format!(
        "rule `{}` can never fire: on each match that it is about, {} fires instead; expected another `fires`",
        rule.name,
        names.join(" or ")
    );
    Err(Mistake::new("/fires", message))
}

/// How many of the rules that come first are named.
const MOST_NAMED: usize = 3;

/// Whether each of its faults keeps the operation from happening.
fn hides_always(rule: &Rule) -> bool {
    let mut faults = rule.fault.iter().chain(rule.sequence.iter().flatten());
    faults.all(Fault::hides_the_answer)
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
        (None | Some(Operations::Any), narrow) => *narrow != Some(Operations::Attempts),
        (Some(Operations::Attempts), narrow) => *narrow == Some(Operations::Attempts),
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
        && all(&wide.query, &narrow.query, str::eq, text_covers)
        && all(&wide.header, &narrow.header, str::eq_ignore_ascii_case, text_covers)
        && all(&wide.body, &narrow.body, str::eq, value_covers)
        && one(wide.page.as_ref(), narrow.page.as_ref())
        && one(wide.connection.as_ref(), narrow.connection.as_ref())
        && text(wide.source.as_ref(), narrow.source.as_ref())
}

/// Whether the narrower `when` requires each of these texts or values as well.
fn all<T>(
    wide: &BTreeMap<String, T>,
    narrow: &BTreeMap<String, T>,
    same: fn(&str, &str) -> bool,
    covers: fn(&T, &T) -> bool,
) -> bool {
    wide.iter()
        .all(|(name, wide)| narrow.iter().any(|(other, narrow)| same(name, other) && covers(wide, narrow)))
}

fn text_covers(wide: &TextMatch, narrow: &TextMatch) -> bool {
    let is_there = matches!(narrow, TextMatch::Exact(_) | TextMatch::Regex(_));
    wide == narrow || *wide == TextMatch::Present(true) && is_there
}

fn value_covers(wide: &ValueMatch, narrow: &ValueMatch) -> bool {
    let is_there = matches!(narrow, ValueMatch::Exact(_) | ValueMatch::Regex(_));
    wide == narrow || *wide == ValueMatch::Present(true) && is_there
}

fn text(wide: Option<&TextMatch>, narrow: Option<&TextMatch>) -> bool {
    wide.is_none_or(|wide| narrow.is_some_and(|narrow| text_covers(wide, narrow)))
}

fn one<T: PartialEq>(wide: Option<&T>, narrow: Option<&T>) -> bool {
    wide.is_none() || wide == narrow
}
