//! What comes of judging: an outcome per verdict and, where a rule was broken, findings with their evidence.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Call, Verdict};
use crate::document::words;
use crate::operation::Operation;

words! {
    /// How bad a finding is.
    pub enum Severity {
        /// It does harm.
        Error = "error",
        /// It may do harm.
        Warning = "warning",
        /// Worth knowing.
        Note = "note",
    }
}

impl Severity {
    fn rank(self) -> u8 {
        match self {
            Self::Note => 0,
            Self::Warning => 1,
            Self::Error => 2,
        }
    }
}

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

words! {
    /// What a verdict came to, in a word.
    pub enum OutcomeKind {
        /// There was occasion to break the rule, and the client did not.
        Ok = "ok",
        /// It was broken, and that does harm.
        Error = "error",
        /// It was broken, and that may do harm.
        Warning = "warning",
        /// It was broken; worth knowing.
        Note = "note",
        /// There was no occasion.
        NotApplicable = "not applicable",
        /// There was an occasion, but what was seen does not decide it.
        Inconclusive = "inconclusive",
    }
}

/// What a verdict comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// There was occasion to break the rule, and the client did not.
    Ok,
    /// It was broken, at these places.
    Found(Vec<Finding>),
    /// There was no occasion; why.
    NotApplicable(String),
    /// There was an occasion, but what was seen does not decide it; why.
    Inconclusive(String),
}

impl Outcome {
    pub(super) fn not_applicable(why: impl Into<String>) -> Self {
        Self::NotApplicable(why.into())
    }

    pub(super) fn inconclusive(why: impl Into<String>) -> Self {
        Self::Inconclusive(why.into())
    }

    /// What it came to in a word: of findings, the worst.
    pub(crate) fn kind(&self) -> OutcomeKind {
        match self {
            Self::Ok => OutcomeKind::Ok,
            Self::Found(findings) => match findings.iter().map(|finding| finding.severity).max() {
                Some(Severity::Error) => OutcomeKind::Error,
                Some(Severity::Warning) => OutcomeKind::Warning,
                Some(Severity::Note) | None => OutcomeKind::Note,
            },
            Self::NotApplicable(_) => OutcomeKind::NotApplicable,
            Self::Inconclusive(_) => OutcomeKind::Inconclusive,
        }
    }

    /// Why it could not be judged.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::NotApplicable(why) | Self::Inconclusive(why) => Some(why),
            Self::Ok | Self::Found(_) => None,
        }
    }

    /// The findings, or that all is well when there are none.
    pub(super) fn of(findings: Vec<Finding>) -> Self {
        if findings.is_empty() { Self::Ok } else { Self::Found(findings) }
    }
}

/// A verdict and what it came to.
#[derive(Clone, Debug)]
pub(crate) struct Judgement {
    /// The verdict.
    pub(crate) verdict: &'static Verdict,
    /// What it came to.
    pub(crate) outcome: Outcome,
}

impl Judgement {
    /// What was found.
    pub(crate) fn findings(&self) -> &[Finding] {
        if let Outcome::Found(findings) = &self.outcome { findings } else { &[] }
    }
}

/// A rule broken once.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which rule.
    pub verdict: &'static str,
    /// How bad it is here.
    pub severity: Severity,
    /// What happened, in a sentence or two.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
    /// The operation that it is about.
    pub operation: Option<&'static str>,
    /// The exchanges that show it, by their numbers in the journal.
    pub exchanges: Vec<u64>,
    /// What was measured; times in seconds.
    pub evidence: Map<String, Value>,
    /// Who says that it is a rule.
    pub source: &'static str,
}

impl Verdict {
    /// A finding of this verdict: what happened, and the calls that show it. The first of them says which operation
    /// it is about.
    pub(super) fn finding<'a>(
        &self,
        message: impl Into<String>,
        calls: impl IntoIterator<Item = &'a Call>,
    ) -> Finding {
        let calls: Vec<_> = calls.into_iter().collect();
        Finding {
            verdict: self.id,
            severity: self.severity,
            message: message.into(),
            advice: self.advice,
            operation: calls.first().and_then(|call| call.operation).map(Operation::id),
            exchanges: calls.iter().map(|call| call.seq).collect(),
            evidence: Map::new(),
            source: self.source,
        }
    }
}

impl Finding {
    /// The same, as bad as this.
    pub(super) fn graded(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same with something that was measured.
    pub(super) fn measured(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
