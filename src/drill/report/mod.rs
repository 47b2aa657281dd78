//! What a drill came to, as one value from which everything is written: the terminal, HTML, JSON, JUnit and Markdown. Here
//! is the type; each of the others in this folder writes it in one form. Everything in it may be shown: secrets are left
//! out before it is made.

mod html;
mod json;
mod junit;
mod lines;
mod markdown;
#[cfg(test)]
mod tests;
pub mod text;
mod words;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;

pub use html::html;
pub use json::json;
pub use junit::junit;
pub use markdown::{annotations, markdown};

/// What a drill came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this format: 1.
    pub schema: u32,
    /// The version of the simulator.
    pub version: String,
    /// The command, as it was given.
    pub command: Vec<String>,
    /// What ids and faults were drawn from.
    pub seed: u64,
    /// How many runs there were at the same time, at most.
    pub jobs: usize,
    /// What every run started with.
    pub fixture: String,
    /// When it began, by the machine's clock.
    pub began: Timestamp,
    /// How long it took.
    pub took_seconds: f64,
    /// How it ended.
    pub conclusion: Conclusion,
    /// What makes what follows worth less than it seems, most important first: no evidence, lost evidence, a command that
    /// is not the same twice. A sentence or two each, with what to do.
    pub notices: Vec<String>,
    /// The command without faults; `None` when it did not come so far.
    pub clean: Option<CleanReport>,
    /// How many scenarios came to what.
    pub counts: Counts,
    /// The titles of the matrix' columns.
    pub columns: Vec<&'static str>,
    /// The scenarios, in the order in which they are told.
    pub scenarios: Vec<ScenarioReport>,
    /// What was survived, and what was not.
    pub coverage: Vec<Coverage>,
    /// The rules of good conduct that were broken, worst first; one entry for a verdict in a scenario.
    pub findings: Vec<FindingReport>,
    /// What each verdict came to over all runs.
    pub verdicts: Vec<VerdictReport>,
    /// Every run, in the order of their numbers.
    pub runs: Vec<RunReport>,
    /// What no drill sees.
    pub cannot_see: &'static [&'static str],
}

/// What something came to, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mark {
    /// There was no occasion.
    NotApplicable,
    /// There was, and the client was good.
    Ok,
    /// Worth knowing.
    Note,
    /// There was an occasion, but what was seen does not decide it.
    Inconclusive,
    /// It may do harm.
    Warning,
    /// It does harm.
    Error,
}

/// How a drill ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conclusion {
    /// The exit code: 0 nothing found, 1 findings, 3 inconclusive, 130 interrupted.
    pub exit_code: u8,
    /// Why it is that, in a sentence.
    pub why: String,
    /// Whether it was interrupted before all runs were done.
    pub is_interrupted: bool,
}

/// How many scenarios came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// All of them.
    pub scenarios: usize,
    /// Those in which the client was good, notes aside.
    pub ok: usize,
    /// Those with an error.
    pub failed: usize,
    /// Those with a warning and no error.
    pub warned: usize,
    /// Those that do not apply.
    pub not_applicable: usize,
    /// Those that say nothing.
    pub inconclusive: usize,
}

/// The command without faults.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanReport {
    /// How long it took.
    pub took_seconds: f64,
    /// How many calls it made.
    pub calls: usize,
    /// How often it asked for which operation, in order of the first call.
    pub operations: Vec<OperationCount>,
    /// How many connections it opened.
    pub connections: usize,
    /// Whether it did the same twice.
    pub is_repeatable: bool,
    /// What it did to the data, a sentence each.
    pub effects: Vec<String>,
}

/// How often an operation was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationCount {
    /// Its id; `none` for requests that led to no operation.
    pub operation: &'static str,
    /// How often.
    pub calls: usize,
}

/// A scenario: a row of the matrix.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioReport {
    /// Its name.
    pub scenario: String,
    /// What it teaches.
    pub lesson: Option<String>,
    /// The worst of its runs.
    pub mark: Mark,
    /// Why it does not apply, or says nothing.
    pub reason: Option<String>,
    /// How it was changed to strike this command, in a few words each: `nth 2 → 1`.
    pub aimed: Vec<String>,
    /// The numbers of its runs, confirmations among them.
    pub runs: Vec<usize>,
    /// The verdicts with a finding.
    pub found: Vec<&'static str>,
    /// What each column came to; as many as there are columns.
    pub cells: Vec<Mark>,
    /// How many calls it made, in the first of its runs, and how many more that is than in the clean run.
    pub calls: usize,
    /// How many more that is than in the clean run.
    pub more_calls: i64,
}

impl ScenarioReport {
    /// How many calls the clean run makes, to which `more_calls` are added: so people are told.
    fn clean_calls(&self) -> i64 {
        i64::try_from(self.calls).unwrap_or(i64::MAX) - self.more_calls
    }
}

/// A class of faults, and whether the client survived it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Such as `429`, `lost answer`.
    pub what: &'static str,
    /// What came of it.
    pub state: Survival,
}

/// What came of a class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Survival {
    /// Every run in which such a fault struck ended without an error or a warning, and at least one reached its aim.
    Survived,
    /// One did not.
    Failed,
    /// The client gave up honestly each time.
    GaveUp,
    /// No such fault struck.
    NotSeen,
}

/// A rule of good conduct that was broken in a scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingReport {
    /// Which rule.
    pub verdict: &'static str,
    /// How bad it is here.
    pub severity: Mark,
    /// Where; `clean` for the run without faults.
    pub scenario: String,
    /// The number of the run that shows it.
    pub run: usize,
    /// The operation that it is about.
    pub operation: Option<&'static str>,
    /// What happened, in a sentence or two.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
    /// Who says that it is a rule.
    pub source: &'static str,
    /// What was measured; times in seconds.
    pub evidence: Map<String, Value>,
    /// The exchanges that show it.
    pub exchanges: Vec<CallReport>,
    /// In how many of the scenario's runs it was seen.
    pub seen: usize,
    /// How many could show it.
    pub of: usize,
    /// The same in the other runs or places of the scenario, in a sentence each.
    pub also: Vec<String>,
    /// The command that repeats it.
    pub replay: String,
}

/// An exchange in a finding.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallReport {
    /// Its number among the run's calls, from 1.
    pub number: usize,
    /// Its number in the run's journal.
    pub seq: u64,
    /// The operation; `None` where the route leads to none.
    pub operation: Option<&'static str>,
    /// The HTTP method.
    pub method: String,
    /// The path below the base URL, with the query but for its secrets.
    pub target: String,
    /// When it arrived, in seconds since the run's first request.
    pub at_seconds: f64,
    /// How long the client had waited since the call before it in this list was over for it, in seconds; `None` for the
    /// first, and where that call was not over.
    pub waited_seconds: Option<f64>,
    /// How long it was open, in seconds; `None` when it was so to the end.
    pub took_seconds: Option<f64>,
    /// The number of its connection within the run, from 1.
    pub connection: usize,
    /// Whether an earlier request came over the same connection.
    pub is_on_reused_connection: bool,
    /// The number of the call in this list that asked for the same, if one did.
    pub repeats: Option<usize>,
    /// The status that the client was told; `None` when it was told none.
    pub status: Option<u16>,
    /// What became of the answer, in a few words: `whole`, `60 of 4812 bytes`, `connection closed`.
    pub end: String,
    /// The service's own status, where a fault replaced or hid it.
    pub answered: Option<u16>,
    /// Whether the service performed the operation.
    pub performed: bool,
    /// The wait that the answer asked for, as it was written.
    pub retry_after: Option<String>,
    /// The rules that struck it, as `scenario/rule`.
    pub faults: Vec<String>,
}

/// A verdict over all runs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictReport {
    /// Which.
    pub verdict: &'static str,
    /// The worst that it came to.
    pub mark: Mark,
    /// Why it does not apply, or says nothing.
    pub reason: Option<String>,
    /// The scenarios in which it was broken.
    pub scenarios: Vec<String>,
}

/// One execution of the command.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its number, from 1.
    pub number: usize,
    /// What it was for.
    pub kind: Purpose,
    /// The scenario; `clean` for a run without faults, `probe-503` and `probe-429` for a probe.
    pub scenario: String,
    /// What its faults were drawn from.
    pub seed: u64,
    /// What it came to.
    pub mark: Mark,
    /// Why it says nothing.
    pub reason: Option<String>,
    /// How long it took.
    pub took_seconds: f64,
    /// How long it was given from its first request.
    pub deadline_seconds: f64,
    /// How it ended, in a few words: `exit 0`, `SIGSEGV`, `stopped at its deadline`.
    pub ended: String,
    /// Whether that is a success.
    pub is_success: bool,
    /// How often a fault struck.
    pub fired: u64,
    /// Each rule with its counts.
    pub rules: Vec<RuleCount>,
    /// How many calls it made.
    pub calls: usize,
    /// What the client was told to wait and how long it waited, in a few words; `None` when nothing was asked for.
    pub waits: Option<String>,
    /// What each verdict came to.
    pub verdicts: Vec<JudgementReport>,
    /// How the data differs from what was intended, a sentence each.
    pub differences: Vec<String>,
    /// The end of what it wrote to stdout.
    pub stdout: String,
    /// The end of what it wrote to stderr.
    pub stderr: String,
    /// Its folder, below that of the report.
    pub folder: String,
    /// The command that repeats it.
    pub replay: String,
}

/// What a run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To see what the command does when nothing goes wrong.
    Clean,
    /// A scenario.
    Scenario,
    /// The same once more, to confirm what was seen.
    Confirmation,
    /// To see how the client spaces its attempts.
    Probe,
}

/// A rule with its counts in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCount {
    /// `scenario/rule`.
    pub rule: String,
    /// How many calls it was about.
    pub matched: u64,
    /// How many of them it struck.
    pub fired: u64,
}

/// What a verdict came to in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgementReport {
    /// Which.
    pub verdict: &'static str,
    /// What it came to.
    pub mark: Mark,
    /// Why it does not apply, or says nothing.
    pub reason: Option<String>,
}
