//! Which classes of faults a client met, and whether it survived them: one line at the end that says what was tried at all.

use std::collections::BTreeSet;

use super::entry::Entry;
use super::judge::{Broken, Judged};
use super::report::{Coverage, Mark, Purpose, Survival};
use crate::verdict::{Answer, Call, End, Run};

/// A class of faults, as a call shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Limited,
    Unavailable,
    LostAnswer,
    DeadToken,
    BrokenBody,
    BrokenConnection,
    Silence,
    SlowAnswer,
}

const CLASSES: [(Class, &str); 8] = [
    (Class::Limited, "429"),
    (Class::Unavailable, "5xx"),
    (Class::LostAnswer, "lost answer"),
    (Class::DeadToken, "dead token"),
    (Class::BrokenBody, "broken body"),
    (Class::BrokenConnection, "broken connection"),
    (Class::Silence, "silence"),
    (Class::SlowAnswer, "slow answer"),
];

/// What was survived, and what was not.
pub(super) fn coverage(
    runs: &[Run],
    entries: &[Entry],
    judged: &[Judged],
    broken: &[Broken<'_>],
) -> Vec<Coverage> {
    let is_counted = |place: &usize| {
        matches!(entries[*place].purpose, Purpose::Scenario | Purpose::Confirmation)
            && judged[*place].says_nothing.is_none()
    };
    let places: Vec<usize> = (0..runs.len()).filter(is_counted).collect();
    CLASSES
        .into_iter()
        .map(|(class, what)| Coverage { what, state: survival(class, &places, runs, broken) })
        .collect()
}

fn survival(class: Class, places: &[usize], runs: &[Run], broken: &[Broken<'_>]) -> Survival {
    let met: Vec<usize> =
        places.iter().copied().filter(|place| classes(&runs[*place]).contains(&class)).collect();
    if met.is_empty() {
        return Survival::NotSeen;
    }
    if met.iter().any(|place| fails(class, &runs[*place], *place, broken)) {
        return Survival::Failed;
    }
    let succeeds = |place: &usize| runs[*place].ended.as_ref().is_some_and(|ended| ended.is_success);
    if met.iter().any(succeeds) { Survival::Survived } else { Survival::GaveUp }
}

/// Whether something was found in the run that this class of faults led to: its own calls show it, or no other class is
/// to blame.
fn fails(class: Class, run: &Run, place: usize, broken: &[Broken<'_>]) -> bool {
    let is_alone = classes(run).len() == 1;
    let bad = broken.iter().filter(|broken| broken.run == place && broken.severity >= Mark::Warning);
    bad.into_iter().any(|broken| {
        let shown = broken.finding.exchanges.iter().filter_map(|seq| run.call(*seq));
        is_alone || shown.into_iter().any(|call| class_of(call) == Some(class))
    })
}

fn classes(run: &Run) -> BTreeSet<Class> {
    run.calls.iter().filter_map(class_of).collect()
}

fn class_of(call: &Call) -> Option<Class> {
    if call.faults.is_empty() {
        return None;
    }
    if call.is_ambiguous() {
        return Some(Class::LostAnswer);
    }
    match (call.status, call.answer, call.end) {
        (_, _, End::Hung(_)) => Some(Class::Silence),
        (_, _, End::Closed | End::Reset) => Some(Class::BrokenConnection),
        (Some(429), ..) => Some(Class::Limited),
        (Some(401), ..) => Some(Class::DeadToken),
        (Some(500..), ..) => Some(Class::Unavailable),
        (_, Answer::Partial | Answer::Garbled | Answer::Html | Answer::Empty, _) => Some(Class::BrokenBody),
        (_, _, End::Trickled) => Some(Class::SlowAnswer),
        (_, _, End::ClientLeft) if call.hold.is_none() && call.status.is_none() => Some(Class::Silence),
        _ if call.hold.is_some() => Some(Class::SlowAnswer),
        _ => None,
    }
}
