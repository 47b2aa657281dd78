//! What was observed, judged: each run by every verdict, and what several runs of one scenario say together. An error that
//! a second run with the same seed does not show again is a warning.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::report::{Mark, Purpose};
use crate::verdict::{Case, Finding, Group, Judgement, Limits, Outcome, Run, Severity, judge};

/// The columns of the matrix.
pub(super) const COLUMNS: [(Group, &str); 6] = [
    (Group::Waits, "waits"),
    (Group::Tries, "tries"),
    (Group::Token, "token"),
    (Group::Writes, "writes"),
    (Group::Reads, "reads"),
    (Group::Ends, "ends"),
];

impl From<Severity> for Mark {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Note,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

/// What one run came to.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) judgements: Vec<Judgement>,
    /// Why the run says nothing, if it does not.
    pub(super) says_nothing: Option<String>,
}

/// Judges one of the runs.
pub(super) fn judge_run(
    runs: &[Run],
    place: usize,
    clean: Option<usize>,
    entry: &Entry,
    limits: Limits,
) -> Judged {
    let case = Case { run: &runs[place], clean: clean.map(|clean| &runs[clean]), all: runs, limits };
    let mut judgements = judge(&case);
    if let Some(clean) = case.clean.filter(|_| entry.purpose != Purpose::Clean)
        && judgements.iter().any(|judgement| !judgement.findings().is_empty())
    {
        leave_to_clean(&mut judgements, &judge(&Case { run: clean, ..case }));
    }
    Judged { judgements, says_nothing: says_nothing(&runs[place], entry) }
}

/// Takes away what the clean run shows, too: it is a habit of the command, is told once, and says nothing of what the
/// command makes of a fault. Errors stay: each is confirmed where it was seen.
fn leave_to_clean(judgements: &mut [Judgement], clean: &[Judgement]) {
    for (judgement, habit) in judgements.iter_mut().zip(clean) {
        let is_habit = |finding: &Finding| {
            let mut told = habit.findings().iter();
            told.any(|told| {
                finding.severity < Severity::Error
                    && told.severity >= finding.severity
                    && without_numbers(&told.message) == without_numbers(&finding.message)
            })
        };
        let Outcome::Found(findings) = &mut judgement.outcome else { continue };
        findings.retain(|finding| !is_habit(finding));
        if findings.is_empty() {
            judgement.outcome = Outcome::NotApplicable("the clean run shows the same".to_owned());
        }
    }
}

/// Why a run is not evidence.
fn says_nothing(run: &Run, entry: &Entry) -> Option<String> {
    if entry.is_interrupted() {
        return Some("the drill was interrupted".to_owned());
    }
    if run.calls.is_empty() {
        return Some(format!("it made no call ({})", entry.ending.in_words()));
    }
    if run.dropped > 0 {
        return Some(format!("the journal lost {} exchanges", run.dropped));
    }
    let fired: u64 = run.rules.iter().map(|rule| rule.fired).sum();
    let is_armed = matches!(entry.purpose, Purpose::Scenario | Purpose::Confirmation);
    (is_armed && fired == 0)
        .then(|| "the fault did not strike, though it does in the clean run's calls".to_owned())
}

/// A verdict that was broken in a scenario, over all runs of it.
#[derive(Clone, Debug)]
pub(super) struct Broken<'a> {
    pub(super) scenario: &'a str,
    pub(super) severity: Mark,
    /// The place of the run that shows it.
    pub(super) run: usize,
    pub(super) finding: &'a Finding,
    pub(super) seen: usize,
    pub(super) of: usize,
    /// What else was found of the same.
    pub(super) also: Vec<String>,
}

/// What was broken, a verdict in a scenario once; worst first, then in the order of verdicts and scenarios.
pub(super) fn broken<'a>(entries: &'a [Entry], judged: &'a [Judged]) -> Vec<Broken<'a>> {
    let mut by_scenario: Vec<(&str, Vec<usize>)> = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        match by_scenario.iter_mut().find(|(name, _)| *name == entry.scenario) {
            Some((_, places)) => places.push(place),
            None => by_scenario.push((&entry.scenario, vec![place])),
        }
    }
    let mut found: Vec<_> = by_scenario
        .iter()
        .flat_map(|(scenario, places)| in_scenario(scenario, places, entries, judged))
        .collect();
    found.sort_by_key(|broken| std::cmp::Reverse(broken.severity));
    found
}

fn in_scenario<'a>(
    scenario: &'a str,
    places: &[usize],
    entries: &'a [Entry],
    judged: &'a [Judged],
) -> Vec<Broken<'a>> {
    let mut verdicts: BTreeMap<usize, Vec<(usize, &'a [Finding])>> = BTreeMap::new();
    for &place in places {
        for (nth, judgement) in judged[place].judgements.iter().enumerate() {
            if !judgement.findings().is_empty() {
                verdicts.entry(nth).or_default().push((place, judgement.findings()));
            }
        }
    }
    // All of a probe are one look at the client, and say the same.
    let is_probe = places.iter().any(|place| entries[*place].purpose == Purpose::Probe);
    let of = if is_probe {
        1
    } else {
        places.iter().filter(|place| judged[**place].says_nothing.is_none()).count()
    };
    verdicts
        .into_values()
        .map(|found| told_once(scenario, &found, of.max(1), is_probe, entries, places))
        .collect()
}

fn told_once<'a>(
    scenario: &'a str,
    found: &[(usize, &'a [Finding])],
    of: usize,
    is_probe: bool,
    entries: &[Entry],
    places: &[usize],
) -> Broken<'a> {
    let all =
        found.iter().flat_map(|(place, findings)| findings.iter().map(move |finding| (*place, finding)));
    let worst = all.clone().max_by_key(|(place, finding)| (finding.severity, std::cmp::Reverse(*place)));
    let (run, finding) = worst.expect("a verdict is listed here because of a finding");
    let mut told = BTreeSet::from([without_numbers(&finding.message)]);
    let also = all
        .map(|(_, finding)| finding.message.as_str())
        .filter(|message| told.insert(without_numbers(message)));
    let also: Vec<_> = also.take(MOST_TOLD).map(str::to_owned).collect();
    let seen = if is_probe { 1 } else { found.len() };
    let mut severity = Mark::from(finding.severity);
    if severity == Mark::Error && !is_probe && !is_confirmed(found, entries, places) {
        severity = Mark::Warning;
    }
    Broken { scenario, severity, run, finding, seen, of: of.max(seen), also }
}

/// A sentence without what differs each time; it tells nothing new where the rest is the same.
fn without_numbers(message: &str) -> String {
    message.chars().filter(|letter| !letter.is_ascii_digit() && *letter != '.').collect()
}

/// How many sentences more are told of one verdict in one scenario.
const MOST_TOLD: usize = 5;

/// Whether an error was seen in every run of some seed, or was not looked for again.
fn is_confirmed(found: &[(usize, &[Finding])], entries: &[Entry], places: &[usize]) -> bool {
    let has_error = |place: usize| {
        let findings = found.iter().find(|(other, _)| *other == place).map(|(_, findings)| *findings);
        findings.into_iter().flatten().any(|finding| finding.severity == Severity::Error)
    };
    let seeds: BTreeSet<u64> = found.iter().map(|(place, _)| entries[*place].seed).collect();
    seeds.into_iter().any(|seed| {
        let same: Vec<usize> = places
            .iter()
            .copied()
            .filter(|place| entries[*place].seed == seed && entries[*place].made_calls)
            .collect();
        !same.is_empty() && same.iter().all(|place| has_error(*place))
    })
}

/// What a run, or a scenario, came to in one column.
pub(super) fn cell<'a>(
    judgements: impl Iterator<Item = &'a Judgement>,
    group: Group,
    broken: &[&Broken<'_>],
) -> Mark {
    let in_group: Vec<_> = judgements.filter(|judgement| judgement.verdict.group == group).collect();
    let is_in_group = |id: &str| in_group.iter().any(|judgement| judgement.verdict.id == id);
    let worst =
        broken.iter().filter(|broken| is_in_group(broken.finding.verdict)).map(|broken| broken.severity);
    let outcomes = in_group.iter().map(|judgement| match judgement.outcome {
        Outcome::Ok => Mark::Ok,
        Outcome::Inconclusive(_) | Outcome::Found(_) | Outcome::NotApplicable(_) => Mark::NotApplicable,
    });
    worst.chain(outcomes).max().unwrap_or(Mark::NotApplicable)
}
