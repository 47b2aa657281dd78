//! Rules that can never fire, because another one always fires on everything they match.

use super::cover::Covers;
use super::numbers;
use crate::scenario::fault::Fault;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Rule, Stage, Then};

/// Whether the rule at `index` can never fire because of others.
pub(super) fn check_reachable(covers: &Covers<'_>, index: usize) -> Result<(), Mistake> {
    let rules = covers.rules;
    let rule = &rules[index];
    let never = |why: String| {
        Err(Mistake::new("", format!("rule `{}` can never fire: {why}; expected another `when`", rule.name)))
    };
    let mut others = rules.iter().enumerate();
    if let Some((_, stronger)) =
        others.find(|(place, other)| forestalls(other, rule) && covers.covers(*place, index))
    {
        return never(format!("`{}` always answers before the operation happens", stronger.name));
    }
    let earlier: Vec<usize> = (0..index).filter(|place| hides(&rules[*place], rule)).collect();
    if let Some(place) = earlier.iter().find(|place| covers.covers(**place, index)) {
        let name = &rules[*place].name;
        let message = format!(
            "rule `{}` can never fire: `{name}` before it always fires on everything it matches; expected it first, or \
             another `when`",
            rule.name
        );
        return Err(Mistake::new("", message));
    }
    if let Some(places) = covers.cover_together(&earlier, index) {
        let names = named(places.iter().map(|place| &rules[*place]), " and ");
        return never(format!("{names} before it always fire on everything it matches"));
    }
    check_numbers(covers, index)
}

/// Some rules by name.
fn named<'a>(rules: impl Iterator<Item = &'a Rule>, between: &str) -> String {
    let names: Vec<String> = rules.take(MOST_NAMED).map(|rule| format!("`{}`", rule.name)).collect();
    names.join(between)
}

/// Whether other rules that count the same matches fire on each of those that it would fire on: before it at its own
/// stage, or anywhere before the operation with a fault that keeps it from happening.
fn check_numbers(covers: &Covers<'_>, index: usize) -> Result<(), Mistake> {
    let rules = covers.rules;
    let rule = &rules[index];
    let is_first = |(place, other): &(usize, &Rule)| {
        *place < index && other.stage == rule.stage
            || other.stage == Stage::Before && rule.stage == Stage::After && hides_always(other)
    };
    // A copy of a rule does no harm: what it says happens.
    let is_copy =
        |other: &Rule| other.fires == rule.fires && other.fault == rule.fault && other.hold == rule.hold;
    let counts_the_same = |(place, other): &(usize, &Rule)| {
        !is_copy(other) && covers.covers(*place, index) && covers.covers(index, *place)
    };
    let others = rules.iter().enumerate().filter(is_first).filter(counts_the_same);
    let others: Vec<&Rule> = others.map(|(_, other)| other).collect();
    if !numbers::are_taken(rule, &others) {
        return Ok(());
    }
    let message = format!(
        "rule `{}` can never fire: on each match that it is about, {} fires instead; expected another `fires`",
        rule.name,
        named(others.iter().copied(), " or ")
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

/// Whether `earlier` fires on everything that it matches, at the stage of `later`.
fn hides(earlier: &Rule, later: &Rule) -> bool {
    let fires_for_ever = match &earlier.sequence {
        None => true,
        Some(_) => matches!(earlier.then, Some(Then::Repeat | Then::Last)),
    };
    earlier.stage == later.stage && fires_for_ever && earlier.fires.is_always()
}

/// Whether `before` keeps the operation from happening on everything that it matches, and `after` waits for it to happen.
fn forestalls(before: &Rule, after: &Rule) -> bool {
    before.stage == Stage::Before
        && after.stage == Stage::After
        && before.fault.as_ref().is_some_and(Fault::hides_the_answer)
        && before.fires.is_always()
}
