//! How large a rule may be. Everything is counted before any of it is compiled: a compiled regular expression takes up to
//! half a megabyte, and every rule looks at every exchange.

use crate::document::Limit;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Operations, Rule, TextMatch, ValueMatch, When};

/// Conditions on query parameters, on header fields, or in the body, of one `when`.
pub(in crate::scenario) const CONDITIONS: Limit = Limit::Entries(0, MOST_CONDITIONS);
const MOST_CONDITIONS: usize = 64;
/// Operations that one `when` names.
const MOST_OPERATIONS: usize = 100;
/// Faults of a sequence.
pub(in crate::scenario) const SEQUENCE: Limit = Limit::Entries(1, MOST_FAULTS);
const MOST_FAULTS: usize = 1_000;
/// Numbers that `nth` lists.
pub(in crate::scenario) const MOST_NUMBERS: usize = 1_000;
/// Faults of all sequences of a scenario, and numbers of all `nth`: each takes memory as long as the scenario runs.
const MOST_FAULTS_TOGETHER: usize = 20_000;
const MOST_NUMBERS_TOGETHER: usize = 100_000;
/// Regular expressions of all rules that run together, or of one scenario or expectation.
pub const MOST_REGEXES: usize = 256;

/// What is too large in a `when`; pointers begin below it.
pub(super) fn check_size(when: &When) -> Option<Mistake> {
    let conditions = [("query", when.query.len()), ("header", when.header.len()), ("body", when.body.len())];
    let conditions = conditions.into_iter().map(|(part, count)| (part, count, MOST_CONDITIONS));
    let operations = match &when.operation {
        Some(Operations::These(operations)) => operations.len(),
        _ => 0,
    };
    too_many(conditions.chain([("operation", operations, MOST_OPERATIONS)]))
}

/// What is too large in a rule beside its `when`.
pub(super) fn check_rule_size(rule: &Rule) -> Option<Mistake> {
    let (faults, numbers) = entries(rule);
    too_many([("sequence", faults, MOST_FAULTS), ("fires/nth", numbers, MOST_NUMBERS)].into_iter())
}

/// What is too large in all of these rules together, in words.
pub(crate) fn too_large_together<'a>(rules: impl Iterator<Item = &'a Rule>) -> Option<String> {
    let (mut faults, mut numbers, mut expressions) = (0, 0, 0);
    for rule in rules {
        let (of_sequence, of_nth) = entries(rule);
        (faults, numbers, expressions) =
            (faults + of_sequence, numbers + of_nth, expressions + regexes(&rule.when));
    }
    let counts = [
        ("regular expressions", expressions, MOST_REGEXES),
        ("faults in sequences", faults, MOST_FAULTS_TOGETHER),
        ("numbers in `nth`", numbers, MOST_NUMBERS_TOGETHER),
    ];
    let (what, count, most) = counts.into_iter().find(|(_, count, most)| count > most)?;
    Some(format!("{count} {what}; expected {most} or fewer in all rules"))
}

/// How many faults a rule's sequence has, and how many numbers its `nth`.
fn entries(rule: &Rule) -> (usize, usize) {
    (rule.sequence.as_ref().map_or(0, Vec::len), rule.fires.nth.as_ref().map_or(0, |nth| nth.0.len()))
}

fn too_many<'a>(mut counts: impl Iterator<Item = (&'a str, usize, usize)>) -> Option<Mistake> {
    let (part, count, most) = counts.find(|(_, count, most)| count > most)?;
    Some(Mistake::new(format!("/{part}"), format!("{count} entries; expected {most} or fewer")))
}

/// How many regular expressions a `when` has.
pub(crate) fn regexes(when: &When) -> usize {
    expressions(when).count()
}

/// The regular expressions of a `when`.
pub(in crate::scenario) fn expressions(when: &When) -> impl Iterator<Item = &str> {
    let single = [&when.version, &when.method, &when.client, &when.source].into_iter().flatten();
    let texts = single.chain(when.query.values()).chain(when.header.values());
    let in_texts = texts.filter_map(|text| match text {
        TextMatch::Regex(regex) => Some(&**regex),
        _ => None,
    });
    in_texts.chain(when.body.values().filter_map(|value| match value {
        ValueMatch::Regex(regex) => Some(&**regex),
        _ => None,
    }))
}
