//! The report of a drill, from everything that was observed.

use std::time::Duration;

use super::calls;
use super::conclude::conclude;
use super::course::Drill;
use super::coverage::coverage;
use super::judge::{Broken, COLUMNS, Judged, broken, cell};
use super::plan::{Planned, Skipped};
use super::replay::line;
use super::report::{
    CleanReport, Counts, FindingReport, JudgementReport, Mark, OperationCount, Report, RuleCount, RunReport,
    ScenarioReport, VerdictReport,
};
use super::waits;
use crate::operation::Operation;
use crate::verdict::{ALL, Judgement, Outcome};

/// What no drill sees.
const CANNOT_SEE: &[&str] = &[
    "What the client believes, beyond its exit code and its output.",
    "Attempts that something between the client and this server swallowed.",
    "Whether the waits of a single run are random.",
    "Whether two equal creates were both meant, unless the clean run has both.",
    "Timeouts of the client that are longer than its run was given.",
    "What a command does only at certain times, or by chance.",
    "Calls to other servers.",
];

impl Drill {
    /// What it came to so far.
    pub fn report(&self, took: Duration) -> Report {
        let judged: Vec<Judged> = (0..self.runs.len()).map(|place| self.judged(place)).collect();
        let broken = if self.trouble.is_some() { Vec::new() } else { broken(&self.entries, &judged) };
        let scenarios = self.scenario_reports(&judged, &broken);
        let counts = counts(&scenarios);
        let settings = &self.settings;
        Report {
            schema: 1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: settings.command.clone(),
            seed: settings.seed,
            jobs: settings.jobs,
            fixture: settings.fixture.clone(),
            began: settings.began,
            took_seconds: seconds(took),
            conclusion: conclude(self, &scenarios, &broken),
            notices: self.trouble.iter().chain(&self.notices).cloned().collect(),
            clean: clean_report(self),
            counts,
            columns: COLUMNS.iter().map(|(_, title)| *title).collect(),
            coverage: coverage(&self.runs, &self.entries, &judged, &broken),
            findings: broken.iter().map(|broken| self.finding_report(broken)).collect(),
            verdicts: Self::verdict_reports(&judged, &broken),
            runs: (0..self.runs.len()).map(|place| self.run_report(place, &judged[place], &broken)).collect(),
            scenarios,
            cannot_see: CANNOT_SEE,
        }
    }

    /// A row for each scenario, whether it was run or not; one that was run under several seeds has one row.
    fn scenario_reports(&self, judged: &[Judged], broken: &[Broken<'_>]) -> Vec<ScenarioReport> {
        let Some(first) = self.plans.first() else { return Vec::new() };
        let rows = first.scenarios.iter().enumerate().map(|(nth, _)| {
            let plans = self.plans.iter().map(|plan| &plan.scenarios[nth]);
            let planned: Vec<&Planned> = plans.clone().filter_map(|planned| planned.as_ref().ok()).collect();
            match (planned.first(), plans.clone().find_map(|planned| planned.as_ref().err())) {
                (Some(_), _) => self.ran(&planned, judged, broken),
                (None, Some(skipped)) => left_out(skipped),
                (None, None) => unreachable!("a scenario is planned or skipped"),
            }
        });
        rows.collect()
    }

    fn ran(&self, planned: &[&Planned], judged: &[Judged], broken: &[Broken<'_>]) -> ScenarioReport {
        let name = &planned[0].name;
        let places: Vec<usize> =
            (0..self.entries.len()).filter(|place| self.entries[*place].scenario == *name).collect();
        let found: Vec<&Broken<'_>> = broken.iter().filter(|broken| broken.scenario == name).collect();
        let silent = places.iter().find_map(|place| judged[*place].says_nothing.clone());
        let has_evidence = places.iter().any(|place| judged[*place].says_nothing.is_none());
        let (mark, reason) = match found.iter().map(|broken| broken.severity).max() {
            Some(worst) => (worst, None),
            None if has_evidence => (Mark::Ok, None),
            None => (Mark::Inconclusive, Some(silent.unwrap_or_else(|| "it was not run".to_owned()))),
        };
        let judgements = || places.iter().flat_map(|place| &judged[*place].judgements);
        let cell_of = |group| {
            if has_evidence || !found.is_empty() {
                cell(judgements(), group, &found)
            } else {
                Mark::Inconclusive
            }
        };
        let calls = places.first().map_or(0, |place| self.runs[*place].calls.len());
        let clean = self.clean_calls();
        let count = |calls: usize| i64::try_from(calls).unwrap_or(i64::MAX);
        ScenarioReport {
            scenario: name.clone(),
            lesson: planned[0].lesson.clone(),
            mark,
            reason,
            aimed: planned[0].aimed.clone(),
            runs: places.iter().map(|place| self.entries[*place].number).collect(),
            found: found.iter().map(|broken| broken.finding.verdict).collect(),
            cells: COLUMNS.iter().map(|(group, _)| cell_of(*group)).collect(),
            calls,
            more_calls: count(calls) - count(clean),
        }
    }

    fn finding_report(&self, broken: &Broken<'_>) -> FindingReport {
        let finding = broken.finding;
        FindingReport {
            verdict: finding.verdict,
            severity: broken.severity,
            scenario: broken.scenario.to_owned(),
            run: self.entries[broken.run].number,
            operation: finding.operation,
            message: finding.message.clone(),
            advice: finding.advice,
            source: finding.source,
            evidence: finding.evidence.clone(),
            exchanges: calls::report(&self.runs[broken.run], &finding.exchanges),
            seen: broken.seen,
            of: broken.of,
            also: broken.also.clone(),
            replay: self.replay(broken.run),
        }
    }

    /// The command that repeats a run.
    fn replay(&self, place: usize) -> String {
        let entry = &self.entries[place];
        let plans =
            self.plans.iter().flat_map(|plan| &plan.scenarios).filter_map(|planned| planned.as_ref().ok());
        let planned = plans.into_iter().find(|planned| planned.name == entry.scenario);
        line(&self.settings, planned.map(|planned| &*planned.source), entry.seed)
    }

    fn verdict_reports(judged: &[Judged], broken: &[Broken<'_>]) -> Vec<VerdictReport> {
        let rows = ALL.iter().enumerate().map(|(nth, verdict)| {
            let found: Vec<&Broken<'_>> =
                broken.iter().filter(|broken| broken.finding.verdict == verdict.id).collect();
            let mut worst = (Mark::NotApplicable, Some("there was no run".to_owned()));
            for judgement in judged.iter().filter_map(|judged| judged.judgements.get(nth)) {
                let outcome = outcome(judgement);
                // What the first run says of why stands for all.
                if outcome.0 > worst.0 || worst.1.as_deref() == Some("there was no run") {
                    worst = outcome;
                }
            }
            let mark = found.iter().map(|broken| broken.severity).max();
            VerdictReport {
                verdict: verdict.id,
                mark: mark.unwrap_or(worst.0),
                reason: if mark.is_some() { None } else { worst.1 },
                scenarios: found.iter().map(|broken| broken.scenario.to_owned()).collect(),
            }
        });
        rows.collect()
    }

    fn run_report(&self, place: usize, judged: &Judged, broken: &[Broken<'_>]) -> RunReport {
        let (run, entry) = (&self.runs[place], &self.entries[place]);
        let adjusted = |judgement: &Judgement| {
            let told = broken.iter().find(|broken| {
                broken.scenario == entry.scenario && broken.finding.verdict == judgement.verdict.id
            });
            let (mark, reason) = outcome(judgement);
            let mark = if judgement.findings().is_empty() {
                mark
            } else {
                told.map_or(mark, |told| mark.min(told.severity))
            };
            JudgementReport { verdict: judgement.verdict.id, mark, reason }
        };
        let verdicts: Vec<JudgementReport> = judged.judgements.iter().map(adjusted).collect();
        let found =
            verdicts.iter().zip(&judged.judgements).filter(|(_, judgement)| !judgement.findings().is_empty());
        let worst = found.map(|(report, _)| report.mark).max();
        let quiet = if judged.says_nothing.is_some() { Mark::Inconclusive } else { Mark::Ok };
        let intended = self.clean_place().and_then(|clean| self.runs[clean].state.as_ref());
        let differences =
            run.state.as_ref().zip(intended).map(|(state, intended)| state.differences(intended));
        RunReport {
            number: entry.number,
            kind: entry.purpose,
            scenario: entry.scenario.clone(),
            seed: entry.seed,
            mark: worst.unwrap_or(quiet),
            reason: judged.says_nothing.clone().filter(|_| worst.is_none()),
            took_seconds: seconds(entry.took),
            deadline_seconds: seconds(entry.deadline),
            ended: entry.ending.in_words(),
            is_success: self.is_success(entry.ending),
            fired: run.rules.iter().map(|rule| rule.fired).sum(),
            rules: run
                .rules
                .iter()
                .map(|rule| RuleCount {
                    rule: rule.rule.to_string(),
                    matched: rule.matched,
                    fired: rule.fired,
                })
                .collect(),
            calls: run.calls.len(),
            waits: waits::in_words(run),
            verdicts,
            differences: differences.unwrap_or_default(),
            stdout: entry.stdout.text.clone(),
            stderr: entry.stderr.text.clone(),
            folder: entry.folder.clone(),
            replay: self.replay(place),
        }
    }
}

/// What the clean run did.
pub(super) fn clean_report(drill: &Drill) -> Option<CleanReport> {
    let (run, entry) = (drill.runs.first()?, drill.entries.first()?);
    let mut operations: Vec<OperationCount> = Vec::new();
    for call in &run.calls {
        let operation = call.operation.map_or("none", Operation::id);
        match operations.iter_mut().find(|known| known.operation == operation) {
            Some(known) => known.calls += 1,
            None => operations.push(OperationCount { operation, calls: 1 }),
        }
    }
    let effects = run.calls.iter().flat_map(|call| &call.changes).map(|change| {
        format!(
            "{} “{}” {}",
            change.resource,
            change.name,
            serde_json::json!(change.kind).as_str().unwrap_or_default()
        )
    });
    Some(CleanReport {
        took_seconds: seconds(entry.took),
        calls: run.calls.len(),
        operations,
        connections: calls::connections(run).len(),
        is_repeatable: drill.is_repeatable && drill.runs.len() > 1,
        effects: effects.take(MOST_EFFECTS).collect(),
    })
}

/// As many changes of the clean run as are told.
const MOST_EFFECTS: usize = 50;

fn left_out(skipped: &Skipped) -> ScenarioReport {
    ScenarioReport {
        scenario: skipped.name.clone(),
        lesson: skipped.lesson.clone(),
        mark: Mark::NotApplicable,
        reason: Some(skipped.reason.clone()),
        aimed: Vec::new(),
        runs: Vec::new(),
        found: Vec::new(),
        cells: vec![Mark::NotApplicable; COLUMNS.len()],
        calls: 0,
        more_calls: 0,
    }
}

fn counts(scenarios: &[ScenarioReport]) -> Counts {
    let mut counts = Counts { scenarios: scenarios.len(), ..Counts::default() };
    for scenario in scenarios {
        *match scenario.mark {
            Mark::Ok | Mark::Note => &mut counts.ok,
            Mark::Error => &mut counts.failed,
            Mark::Warning => &mut counts.warned,
            Mark::NotApplicable => &mut counts.not_applicable,
            Mark::Inconclusive => &mut counts.inconclusive,
        } += 1;
    }
    counts
}

/// What a verdict came to, and why where it says nothing.
fn outcome(judgement: &Judgement) -> (Mark, Option<String>) {
    match &judgement.outcome {
        Outcome::Ok => (Mark::Ok, None),
        Outcome::NotApplicable(why) => (Mark::NotApplicable, Some(why.clone())),
        Outcome::Inconclusive(why) => (Mark::Inconclusive, Some(why.clone())),
        Outcome::Found(findings) => {
            let worst = findings.iter().map(|finding| Mark::from(finding.severity)).max();
            (worst.unwrap_or(Mark::Note), None)
        }
    }
}

/// In milliseconds at best.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}
