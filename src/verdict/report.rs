//! What a test is told about its clients: an outcome per verdict, and the findings. What it may ask for is here, too:
//! from which severity on a finding is a failure, which verdicts count, and which findings are known and accepted.

use serde::Serialize;

use super::{ALL, Case, Finding, Judgement, Limits, OutcomeKind, Run, Severity, Verdict, judge_by};
use crate::document::{Place, record, unknown};

record! {
    derive(Default)
    /// Which findings are a failure; everything may be left out.
    pub struct VerdictsRequest as "verdictsRequest" checked by VerdictsRequest::look {
        /// The least severity that is a failure; `error` when absent.
        pub fail_on: Option<Severity> = nullable("failOn"),
        /// Verdicts whose findings are known: they are left out of `findings` and are not a failure.
        pub accept: Vec<String> = optional("accept"),
        /// Judge only these verdicts; all when absent.
        pub only: Option<Vec<String>> = nullable("only"),
    }
}

/// What the verdicts say of a tenant's clients.
#[derive(Clone, Debug, Serialize)]
pub struct VerdictsReport {
    /// Each rule that was broken, and how, in the order of the verdicts.
    pub findings: Vec<Finding>,
    /// Each verdict, and what it came to.
    pub verdicts: Vec<VerdictLine>,
}

/// A verdict and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictLine {
    /// Which one.
    pub verdict: &'static str,
    /// What it came to; of findings, the worst.
    pub outcome: OutcomeKind,
    /// Why it could not be judged, or does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl VerdictsRequest {
    /// Notes names that no verdict has.
    fn look(&self, place: &mut Place<'_, '_, '_>) {
        for (list, ids) in [("accept", &self.accept), ("only", self.only.as_ref().unwrap_or(&Vec::new()))] {
            let unknowns = ids.iter().enumerate().filter(|(_, id)| super::named(id).is_none());
            for (index, id) in unknowns {
                let message = unknown("no verdict is named", id, &super::names());
                place.mistake(&format!("/{list}/{index}"), message);
            }
        }
    }

    fn asks_for(&self, verdict: &Verdict) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|id| id == verdict.id))
    }

    fn accepts(&self, verdict: &Verdict) -> bool {
        self.accept.iter().any(|id| id == verdict.id)
    }

    /// Whether a report has a finding that is a failure.
    pub fn is_failed_by(&self, report: &VerdictsReport) -> bool {
        let least = self.fail_on.unwrap_or(Severity::Error);
        report.findings.iter().any(|finding| finding.severity >= least)
    }
}

impl VerdictsReport {
    /// What the verdicts say of what was done in one tenant.
    pub(crate) fn of(run: &Run, request: &VerdictsRequest) -> Self {
        let case = Case { run, clean: None, all: std::slice::from_ref(run), limits: Limits::default() };
        let asked: Vec<_> = ALL.iter().copied().filter(|verdict| request.asks_for(verdict)).collect();
        let judged = judge_by(&asked, &case);
        let counts = |judgement: &&Judgement| !request.accepts(judgement.verdict);
        Self {
            findings: judged.iter().filter(counts).flat_map(Judgement::findings).cloned().collect(),
            verdicts: judged.iter().map(|judgement| line(judgement, request)).collect(),
        }
    }
}

fn line(judgement: &Judgement, request: &VerdictsRequest) -> VerdictLine {
    let is_accepted = request.accepts(judgement.verdict) && !judgement.findings().is_empty();
    let reason = judgement.outcome.reason().map(str::to_owned);
    VerdictLine {
        verdict: judgement.verdict.id,
        outcome: judgement.outcome.kind(),
        reason: reason.or_else(|| is_accepted.then(|| "accepted".to_owned())),
    }
}
