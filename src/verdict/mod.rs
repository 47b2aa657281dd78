//! Verdicts: rules of good client conduct, each judged by a pure function over what a client did ([`Call`]s), what
//! became of the data ([`State`]) and how its command ended ([`Ended`]). A file per verdict in `list/`; here is what
//! they have in common, and the order in which they are told.
//!
//! What makes them sound: time is judged by lower bounds alone (a busy machine makes a client look more patient,
//! never less); attempts are counted per chain (`chain.rs`), so that threads do not add up; nothing is *ok* for want
//! of evidence; and where one defect breaks several rules, the one that explains the others is told alone.

mod aim;
mod attempts;
mod call;
mod calls;
mod chain;
#[cfg(test)]
pub(crate) mod example;
mod finding;
mod key;
mod list;
mod pace;
mod pages;
mod report;
mod run;
mod spacing;
mod state;
mod text;
mod tokens;
mod told_wait;
mod writes;

use std::time::Duration;

pub(crate) use aim::differences;
pub(crate) use call::{Answer, Bearer, Call, End, Moment, RetryAfter};
pub use finding::{Finding, OutcomeKind, Severity};
pub(crate) use finding::{Judgement, Outcome};
pub use list::ALL;
pub use report::{VerdictLine, VerdictsReport, VerdictsRequest};
pub(crate) use run::{Ended, Exit, Probe, RuleSeen, Run, RunKind};
pub(crate) use state::State;

/// The longest that widespread policies wait before another attempt: 60 s, and what is added at random.
pub(crate) const LONGEST_BACKOFF: Duration = Duration::from_secs(65);

/// A rule of good conduct.
#[derive(Debug)]
pub struct Verdict {
    /// What it is called, such as `retry-after-ignored`.
    pub id: &'static str,
    /// How bad it is to break it; a finding may be milder.
    pub severity: Severity,
    /// The column of the drill's matrix that shows it.
    pub group: Group,
    /// What it needs to be judged.
    pub needs: Needs,
    /// The built-in scenarios that give occasion to break it; none where any does, or no fault is needed.
    pub scenarios: &'static [&'static str],
    /// Findings of these in the same run have the same cause and are not told beside it.
    pub explains: &'static [&'static str],
    /// What it looks at, in a sentence or two.
    pub checks: &'static str,
    /// Why it matters, in a sentence or two.
    pub why: &'static str,
    /// What to do, in a sentence or two; every finding says it.
    pub advice: &'static str,
    /// Who says so.
    pub source: &'static str,
    /// Judges one run.
    pub(crate) judge: fn(&Case<'_>) -> Outcome,
}

/// What a verdict is about: a column of the drill's matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// How long the client waits.
    Waits,
    /// How often it tries.
    Tries,
    /// How it treats its token.
    Token,
    /// What it writes.
    Writes,
    /// What it reads.
    Reads,
    /// How it ends.
    Ends,
}

impl Group {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Waits, Self::Tries, Self::Token, Self::Writes, Self::Reads, Self::Ends];

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Tries => "tries",
            Self::Token => "token",
            Self::Writes => "writes",
            Self::Reads => "reads",
            Self::Ends => "ends",
        }
    }
}

impl Needs {
    /// Where a verdict that needs this can be judged.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Journal => "In a drill, and in any test: `GET /_sim/verdicts`.",
            Self::CleanRun => "In a drill, which knows what the command does when nothing goes wrong.",
            Self::Ending => "In a drill, which knows how the command ended.",
        }
    }
}

/// What a verdict needs to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// A journal.
    Journal,
    /// Also what the client does when nothing goes wrong.
    CleanRun,
    /// Also how the command ended.
    Ending,
}

/// What is judged: a run among the others, or one journal alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// The run that is judged.
    pub(crate) run: &'a Run,
    /// The run without a fault.
    pub(crate) clean: Option<&'a Run>,
    /// All runs, this one among them.
    pub(crate) all: &'a [Run],
    /// What the user set.
    pub(crate) limits: Limits,
}

/// What the user of the verdicts may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Attempts in a chain above which they count as without end; 10 by default.
    pub(crate) max_attempts: usize,
    /// How long a silent answer has to be waited for before that counts as waiting for ever; 110 s by default, above the
    /// 100 s for which .NET's `HttpClient` waits.
    pub(crate) silence: Duration,
    /// Whether the user said how long a run may take.
    pub(crate) has_timeout: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_attempts: 10, silence: Duration::from_secs(110), has_timeout: false }
    }
}

/// Every verdict on one run, in the list's order. What another finding of the run explains is not told.
pub(crate) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    judge_by(ALL, case)
}

/// These verdicts on one run, in their order.
fn judge_by(verdicts: &[&'static Verdict], case: &Case<'_>) -> Vec<Judgement> {
    let mut judged: Vec<_> = verdicts
        .iter()
        .copied()
        .map(|verdict| Judgement { verdict, outcome: outcome(verdict, case) })
        .collect();
    let found = judged.iter().filter(|judgement| !judgement.findings().is_empty());
    let explained: Vec<_> = found
        .flat_map(|judgement| judgement.verdict.explains.iter().map(|id| (*id, judgement.verdict.id)))
        .collect();
    for judgement in &mut judged {
        let by = explained.iter().find(|(id, _)| *id == judgement.verdict.id);
        if let (Outcome::Found(_), Some((_, by))) = (&judgement.outcome, by) {
            judgement.outcome = Outcome::NotApplicable(format!("explained by {by}"));
        }
    }
    judged
}

fn outcome(verdict: &Verdict, case: &Case<'_>) -> Outcome {
    let lacks_clean = verdict.needs >= Needs::CleanRun && case.clean.is_none();
    let lacks_ending = verdict.needs >= Needs::Ending && case.run.ended.is_none();
    if lacks_clean || lacks_ending {
        return Outcome::not_applicable("needs a clean run");
    }
    let outcome = (verdict.judge)(case);
    // What was dropped from the journal may be what would have convicted, or acquitted.
    match outcome {
        Outcome::Ok if case.run.dropped > 0 => {
            Outcome::inconclusive(format!("the journal lost {} exchanges", case.run.dropped))
        }
        outcome => outcome,
    }
}

/// The verdict of that name.
pub fn named(id: &str) -> Option<&'static Verdict> {
    ALL.iter().copied().find(|verdict| verdict.id == id)
}

/// The names of all verdicts.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|verdict| verdict.id).collect()
}

/// Those whose finding has the same cause as one of this verdict, and is told in its place.
pub fn explaining(verdict: &Verdict) -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|other| other.explains.contains(&verdict.id)).map(|other| other.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::library;

    #[test]
    fn every_verdict_explains_later_ones_and_names_scenarios_that_there_are() {
        for (place, verdict) in ALL.iter().enumerate() {
            for explained in verdict.explains {
                let other = ALL.iter().position(|other| other.id == *explained);
                assert!(other.is_none_or(|other| other > place), "{} stands after {explained}", verdict.id);
            }
            for scenario in verdict.scenarios {
                assert!(library::names().contains(scenario), "{}: no scenario {scenario}", verdict.id);
            }
        }
    }
}
