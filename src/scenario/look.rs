//! How rules judged a subject: matched or not, fired or not, and why. The journal keeps it.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use smallvec::SmallVec;

use super::count::Match;
use super::plan::Plan;
use super::subject::{ExchangeView, Subject};
use super::written::Stage;

/// How a rule judged a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// `scenario/rule`.
    pub rule: Arc<str>,
    /// When it would fire.
    pub stage: Stage,
    /// Whether its `when` holds.
    pub matched: bool,
    /// Whether it fired.
    pub fired: bool,
    /// Why, or why not: `nth 2`, `draw 0.137 < 0.3`.
    pub why: Why,
}

/// Why a rule fired, or why not. The usual reasons are put into words only when they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It always fires; this is the match's number.
    Nth(u64),
    /// Its trigger was not evaluated.
    NotAsked {
        /// Which match it was, from 1.
        nth: u64,
        /// Whether the service performed the operation.
        performed: bool,
    },
    /// Anything else, in words.
    Said(Box<str>),
}

impl Why {
    pub(super) fn said(words: impl Into<Box<str>>) -> Self {
        Self::Said(words.into())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(nth) => write!(f, "nth {nth}"),
            Self::NotAsked { nth, performed: true } => write!(f, "nth {nth}, not asked"),
            Self::NotAsked { nth, performed: false } => write!(f, "nth {nth}, the operation did not happen"),
            Self::Said(words) => f.write_str(words),
        }
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How the rules judged a subject. Only those that matched have something to remember: why another one did not
/// follows from the subject, and is found out when it is needed.
#[derive(Clone, Debug)]
pub struct Looks {
    plan: Arc<Plan>,
    /// The looks of the rules that matched, each with the rule's place in the plan.
    matched: Vec<(usize, Look)>,
}

impl Looks {
    pub(super) fn none_matched(plan: &Arc<Plan>) -> Self {
        Self { plan: Arc::clone(plan), matched: Vec::new() }
    }

    /// The looks of all rules at `exchange`, in order.
    pub fn all(&self, exchange: &ExchangeView<'_>) -> Vec<Look> {
        let mut matched = self.matched.iter().peekable();
        let rules = self.plan.rules().iter().enumerate();
        rules
            .map(|(place, placed)| match matched.next_if(|(next, _)| *next == place) {
                Some((_, look)) => look.clone(),
                None => Look {
                    rule: Arc::clone(&placed.label),
                    stage: placed.rule.written.stage,
                    matched: false,
                    fired: false,
                    why: placed
                        .rule
                        .matcher
                        .first_mismatch(Subject::Exchange(exchange))
                        .map_or_else(|| Why::said(""), |miss| Why::said(miss.to_string())),
                },
            })
            .collect()
    }

    /// The looks of the rules that matched.
    pub fn matched(&self) -> impl Iterator<Item = &Look> {
        self.matched.iter().map(|(_, look)| look)
    }

    /// Whether the same rules looked as at another subject.
    pub(crate) fn are_of_the_rules_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.plan, &other.plan)
    }

    /// About how many bytes those of the rules take that only one tenant has. They are kept as long as the looks.
    pub(crate) fn own_bytes(&self) -> usize {
        self.plan.own_bytes()
    }
}

/// The looks at a subject on which rules may still fire.
#[derive(Debug)]
pub struct OpenLooks {
    looks: Looks,
    /// For each rule that matched, how it was counted.
    matches: SmallVec<[Match; 2]>,
}

impl OpenLooks {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self { looks: Looks::none_matched(plan), matches: SmallVec::new() }
    }

    /// Notes that the rule at `place` matched, and how that was counted.
    pub(super) fn note(&mut self, place: usize, rule: &Arc<str>, stage: Stage, counted: Match) {
        let why = Why::NotAsked { nth: counted.nth, performed: true };
        let look = Look { rule: Arc::clone(rule), stage, matched: true, fired: false, why };
        self.looks.matched.push((place, look));
        self.matches.push(counted);
    }

    /// The looks of the rules that matched, each with the rule's place and how it was counted.
    pub(super) fn matched_mut(&mut self) -> impl Iterator<Item = (usize, &mut Look, &Match)> {
        self.looks
            .matched
            .iter_mut()
            .zip(&self.matches)
            .map(|((place, look), counted)| (*place, look, counted))
    }

    /// The final judgement of the rules. `performed` says whether the operation happened.
    pub fn close(mut self, performed: bool) -> Looks {
        for (_, look) in &mut self.looks.matched {
            if let Why::NotAsked { performed: known, .. } = &mut look.why {
                *known = performed;
            }
        }
        self.looks
    }
}
