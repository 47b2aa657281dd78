//! The course of a drill: what was observed so far, what is to be run next, and what it came to. It is told of each run as
//! it ends; how runs are started, and how many at a time, is the binary's matter.

use std::time::Duration;

use super::attempts;
use super::clean::{self, Volatile};
use super::entry::{Entry, Order};
use super::judge::{Judged, judge_run};
use super::made::Made;
use super::observed::{Ending, Observed};
use super::passing::passes;
use super::plan::{Plan, SelectedScenario, plan};
use super::rehearsal::Stagehand;
use super::report::{CleanReport, Mark, Purpose};
use super::said::Usual;
use crate::clock::Timestamp;
use crate::journal::Exchange;
use crate::verdict::{
    Ended, Exit, Judgement, Limits, Probe, RuleSeen, Run, RunKind, Severity, State, differences,
};

/// What the user set, as far as it matters for judging and telling.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The command as it was given, without secrets.
    pub command: Vec<String>,
    /// The options that a command which repeats a run needs beside `--only` and `--seed`.
    pub options: Vec<String>,
    /// What ids and faults are drawn from.
    pub seed: u64,
    /// The draw key of all runs.
    pub draw_key: String,
    /// Runs at the same time.
    pub jobs: usize,
    /// What every run starts with.
    pub fixture: String,
    /// Whether prerequisites are enforced.
    pub enforces: bool,
    /// The exit codes that mean success.
    pub success: Vec<i32>,
    /// More attempts than this are too many.
    pub max_attempts: usize,
    /// How long a silent answer is waited for.
    pub silence: Duration,
    /// Whether the user said how long a run may take.
    pub has_timeout: bool,
    /// The header field in which the client numbers its attempts.
    pub attempt_header: Option<String>,
    /// The least severe finding that fails the drill.
    pub fail_on: Mark,
    /// Whether what is inconclusive fails it.
    pub is_strict: bool,
    /// When it began, by the machine's clock.
    pub began: Timestamp,
}

/// A drill so far.
#[derive(Debug)]
pub struct Drill {
    pub(super) settings: Settings,
    pub(super) plans: Vec<Plan>,
    /// The runs as verdicts look at them, and what else is remembered of each; in the order in which they ended.
    pub(super) runs: Vec<Run>,
    pub(super) entries: Vec<Entry>,
    /// Why nothing can be judged, if that is so.
    pub(super) trouble: Option<String>,
    /// What makes what is told worth less.
    pub(super) notices: Vec<String>,
    /// Whether the clean run did the same twice.
    pub(super) is_repeatable: bool,
    pub(super) is_interrupted: bool,
    clean: Option<Box<Observed>>,
    volatile: Volatile,
    usual: Usual,
}

impl Drill {
    /// A drill that is about to begin.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            plans: Vec::new(),
            runs: Vec::new(),
            entries: Vec::new(),
            trouble: None,
            notices: Vec::new(),
            is_repeatable: true,
            is_interrupted: false,
            clean: None,
            volatile: Volatile::default(),
            usual: Usual::default(),
        }
    }

    /// Notes a clean run. Fails when the drill cannot go on, with what to do about it.
    pub fn add_clean(&mut self, order: &Order, observed: Observed) -> Result<(), String> {
        let trouble = clean::trouble(&observed, self.is_success(observed.ending));
        self.usual.note(&observed);
        self.note_oddities(&observed);
        if let Some(first) = self.clean.take() {
            self.volatile = Volatile::between(&first.exchanges, &observed.exchanges);
            if trouble.is_none() {
                self.compare_clean(&first, &observed);
            }
            // The first was noted before anybody knew what is volatile.
            rekey(&mut self.runs[0], &self.volatile, &first.exchanges);
            if let Some(header) = &self.settings.attempt_header {
                attempts::tell_apart(&mut self.runs[0], header, &first.exchanges);
            }
            self.clean = Some(first);
            self.push(order, &observed, RunKind::Clean);
            self.compare_states();
        } else {
            self.push(order, &observed, RunKind::Clean);
            self.clean = Some(Box::new(observed));
        }
        self.trouble = self.trouble.take().or(trouble);
        self.trouble.clone().map_or(Ok(()), Err)
    }

    /// What is odd about what the command writes, or leaves behind.
    fn note_oddities(&mut self, observed: &Observed) {
        let mut add = |notice: &str| {
            if !self.notices.iter().any(|known| known == notice) {
                self.notices.push(notice.to_owned());
            }
        };
        if !observed.stdout.is_text || !observed.stderr.is_text {
            add(
                "The command writes bytes that are not UTF-8; they are shown as �. Have it write UTF-8 to read its output here.",
            );
        }
        if observed.left_processes && !observed.exchanges.is_empty() {
            add(
                "The command leaves processes behind when it ends; they were ended with the run, and calls that they would \
                 still have made were not seen. Have it wait for what it starts.",
            );
        }
    }

    fn compare_clean(&mut self, first: &Observed, second: &Observed) {
        if let Some(difference) = clean::difference(first, second, &self.volatile) {
            self.is_repeatable = false;
            self.trouble = Some(difference);
        }
    }

    /// Where two clean runs end with different data, nobody knows what was intended.
    fn compare_states(&mut self) {
        let [first, second, ..] = &mut self.runs[..] else { return };
        let differences = differences(second, first).unwrap_or_default();
        if !differences.is_empty() {
            self.notices.push(format!(
                "Two runs without faults end with different data ({}), so that whether a run reached its aim is not judged. \
                 Give the command fixed names to have it judged.",
                differences[0]
            ));
            (first.state, second.state) = (None, None);
        }
    }

    /// Plans the scenarios, under this seed and as many after it as there are repetitions.
    pub fn plan(&mut self, asked: &[SelectedScenario], repeat: u64) -> &[Plan] {
        if let Some(clean) = &self.clean {
            let stage = Stagehand {
                exchanges: &clean.exchanges,
                loaded: clean.loaded,
                sources: Stagehand::sources_in(&clean.before),
                silence: self.settings.silence,
            };
            let seeds = (0..repeat).map(|step| self.settings.seed.wrapping_add(step));
            self.plans = seeds
                .map(|seed| Plan {
                    scenarios: asked
                        .iter()
                        .map(|asked| plan(asked, &stage, seed, &self.settings.draw_key))
                        .collect(),
                })
                .collect();
        }
        &self.plans
    }

    /// What ids and faults are drawn from.
    pub fn seed(&self) -> u64 {
        self.settings.seed
    }

    /// What is run, under each of the seeds.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// Notes something that went wrong around the runs.
    pub fn note(&mut self, notice: String) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// What the clean run did.
    pub fn clean_report(&self) -> Option<CleanReport> {
        super::assemble::clean_report(self)
    }

    /// How long the clean run took, from its start; zero before there is one.
    pub fn clean_time(&self) -> Duration {
        self.clean.as_ref().map_or(Duration::ZERO, |clean| clean.took)
    }

    /// How long it went on after its first call.
    pub fn clean_calling_time(&self) -> Duration {
        let clean = self.clean.as_ref();
        let first = clean.and_then(|clean| Some((clean, clean.exchanges.first()?)));
        let nanos = first.map_or(0, |(clean, first)| clean.ended_ns.saturating_sub(first.arrived_ns));
        Duration::from_nanos(nanos)
    }

    /// How many calls the clean run made.
    pub fn clean_calls(&self) -> usize {
        self.clean.as_ref().map_or(0, |clean| clean.exchanges.len())
    }

    /// The operation against which attempts are looked at: a read whose first call the clean run makes least often, so
    /// that attempts are told from calls that are made anyway, and of those the one that it makes most often; else its
    /// first call that is not for a token.
    pub fn probed_operation(&self) -> Option<&'static str> {
        use crate::operation::Operation;
        let calls = &self.runs.first()?.calls;
        let operations = || calls.iter().filter_map(|call| call.operation);
        let count = |operation: Operation| operations().filter(|other| *other == operation).count();
        let planned = |operation: Operation| {
            let first = calls.iter().find(|call| call.operation == Some(operation));
            first.map_or(0, |first| calls.iter().filter(|call| call.key == first.key).count())
        };
        let reads = operations().filter(|operation| operation.is_read());
        let best = reads.min_by_key(|operation| (planned(*operation), std::cmp::Reverse(count(*operation))));
        let other = || operations().find(|operation| *operation != Operation::Token);
        best.or_else(other).map(Operation::id)
    }

    /// Notes a run that has ended, and says what is known of it at once.
    pub fn add(&mut self, order: &Order, observed: &Observed) -> RunNews {
        let kind = match (order.purpose, order.scenario.as_str()) {
            (Purpose::Clean, _) => RunKind::Clean,
            (Purpose::Probe, PROBE_LIMITED) => RunKind::Probe(Probe::Limited),
            (Purpose::Probe, _) => RunKind::Probe(Probe::Unavailable),
            (Purpose::Scenario | Purpose::Confirmation, name) => RunKind::Scenario(name.into()),
        };
        self.note_oddities(observed);
        self.push(order, observed, kind);
        self.news(self.runs.len() - 1)
    }

    /// Notes that the user stopped the drill.
    pub fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    /// Whether some call was made again after it had failed: then the client retries.
    pub fn has_retries(&self) -> bool {
        self.runs.iter().any(|run| {
            run.calls.iter().enumerate().any(|(place, call)| {
                call.is_struck()
                    && call.has_failed()
                    && run.calls[place + 1..].iter().any(|next| next.key == call.key)
            })
        })
    }

    fn push(&mut self, order: &Order, observed: &Observed, kind: RunKind) {
        let mut run = Run::of_tenant(&observed.exchanges, observed.dropped);
        rekey(&mut run, &self.volatile, &observed.exchanges);
        if let Some(header) = &self.settings.attempt_header {
            attempts::tell_apart(&mut run, header, &observed.exchanges);
        }
        run.kind = kind;
        run.rules = observed
            .rules
            .iter()
            .map(|report| RuleSeen {
                rule: format!("{}/{}", report.scenario, report.rule.name).into(),
                matched: report.matched,
                fired: report.fired,
                passes: passes(&report.rule),
            })
            .collect();
        run.enforces = self.settings.enforces;
        // Without what was intended there is nothing to compare it with.
        let is_known = self.runs.first().is_none_or(|clean| clean.state.is_some());
        run.state = is_known.then(|| State::new(&observed.before, &observed.after));
        run.ended = Some(Ended {
            exit: match observed.ending {
                Ending::Code(code) => Exit::Code(code),
                Ending::Signal(signal) => Exit::Signal(signal),
                Ending::Stopped(_) => Exit::Deadline,
            },
            is_success: self.is_success(observed.ending),
            at_ns: observed.ended_ns,
            deadline: observed.deadline,
            said_something: self.usual.lacks_any_of(observed),
            said_less: self.usual.is_more_than(observed),
            said_none: self.usual.is_all_more_than(observed),
            left_processes: observed.left_processes,
        });
        self.runs.push(run);
        self.entries.push(Entry::new(order, observed));
    }

    pub(super) fn is_success(&self, ending: Ending) -> bool {
        matches!(ending, Ending::Code(code) if self.settings.success.contains(&code))
    }

    /// The place of the clean run that others are compared with.
    pub(super) fn clean_place(&self) -> Option<usize> {
        self.runs.iter().position(|run| run.kind == RunKind::Clean).filter(|_| self.trouble.is_none())
    }

    pub(super) fn judged(&self, place: usize) -> Judged {
        let Settings { max_attempts, silence, has_timeout, .. } = self.settings;
        let limits = Limits { max_attempts, silence, has_timeout };
        judge_run(&self.runs, place, self.clean_place(), &self.entries[place], limits)
    }

    /// Runs with an error, as is known now that others have ended, too, that were not made again.
    pub fn unconfirmed(&self) -> Vec<Order> {
        let is_alone = |entry: &Entry| {
            let same = |other: &&Entry| (&other.scenario, other.seed) == (&entry.scenario, entry.seed);
            entry.purpose == Purpose::Scenario && self.entries.iter().filter(same).count() == 1
        };
        let has_error = |place: usize| {
            let judgements = self.judged(place).judgements;
            let mut findings = judgements.iter().flat_map(Judgement::findings);
            findings.any(|finding| finding.severity == Severity::Error)
        };
        let alone = self.entries.iter().enumerate().filter(|(_, entry)| is_alone(entry));
        alone.filter(|(place, _)| has_error(*place)).map(|(_, entry)| entry.order()).collect()
    }

    fn news(&self, place: usize) -> RunNews {
        let judged = self.judged(place);
        let (run, entry) = (&self.runs[place], &self.entries[place]);
        let found = judged.judgements.iter().filter_map(|judgement| {
            let worst = judgement.findings().iter().map(|finding| Mark::from(finding.severity)).max()?;
            Some((judgement.verdict.id, worst))
        });
        let found: Vec<(&'static str, Mark)> = found.collect();
        let worst = found.iter().map(|(_, mark)| *mark).max();
        let quiet = if judged.says_nothing.is_some() { Mark::Inconclusive } else { Mark::Ok };
        RunNews {
            mark: worst.unwrap_or(quiet),
            found: found.into_iter().map(|(id, _)| id).collect(),
            reason: judged.says_nothing.filter(|_| worst.is_none()),
            fired: run.rules.iter().map(|rule| rule.fired).sum(),
            waits: super::waits::in_words(run),
            took: entry.took,
        }
    }
}

/// The name of the runs that meet 429 for ever.
pub const PROBE_LIMITED: &str = "probe-429";
/// The name of the runs that meet 503 for ever.
pub const PROBE_UNAVAILABLE: &str = "probe-503";

/// What is known of a run when it has ended; others may change it.
#[derive(Clone, Debug)]
pub struct RunNews {
    /// What it came to.
    pub mark: Mark,
    /// The verdicts with a finding.
    pub found: Vec<&'static str>,
    /// Why it says nothing.
    pub reason: Option<String>,
    /// How often a fault struck.
    pub fired: u64,
    /// How the client waited.
    pub waits: Option<String>,
    /// How long it took.
    pub took: Duration,
}

impl RunNews {
    /// Whether the same is to be run once more: an error has to be seen twice, and a fault that did not strike may the
    /// next time.
    pub fn wants_another(&self) -> bool {
        self.mark == Mark::Error || self.mark == Mark::Inconclusive
    }
}

/// Gives calls keys without what is volatile, and without ids that depend on the order of calls.
fn rekey(run: &mut Run, volatile: &Volatile, exchanges: &[Exchange]) {
    let made = Made::of(exchanges, volatile);
    for (call, exchange) in run.calls.iter_mut().zip(exchanges) {
        if call.seq == exchange.seq
            && let Some(key) = volatile.key(exchange, &made)
        {
            call.key = key;
        }
    }
}
