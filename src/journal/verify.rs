//! Whether clients did what was expected of them: how often, in which order, and how far apart; and when not,
//! which exchanges came closest and where they differ.

use serde::Serialize;

use super::Exchange;
use crate::clock::{Span, Timestamp, format_duration};
use crate::document::{Limit, Place, record};
use crate::scenario::written::When;
use crate::scenario::{self, MOST_REGEXES, Pattern};
use crate::wire::secrets::{Censor, Secrets};

record! {
    derive(Default)
    /// What is expected.
    pub struct Expectation as "expectation" checked by Expectation::look {
        /// Which exchanges, in the words of a scenario's `when`.
        pub matching: When = optional("match"),
        /// Only with this status.
        pub status: Option<u16> = nullable("status") within STATUS,
        /// How many; at least one when absent.
        pub count: Option<Quantity> = nullable("count"),
        /// The time between each one and the one before it, in the tenant's time.
        pub apart: Option<Apart> = nullable("apart"),
        /// What follows the first of them, in this order; other exchanges may come between.
        pub then: Vec<Next> = optional("then") within Limit::Entries(0, MOST_STEPS),
    }
}

record! {
    derive(Copy, Default, Eq)
    /// How many.
    pub struct Quantity as "quantity" {
        /// This many and no other.
        pub exactly: Option<u64> = nullable("exactly"),
        /// This many or more.
        pub at_least: Option<u64> = nullable("atLeast"),
        /// This many or fewer.
        pub at_most: Option<u64> = nullable("atMost"),
    }
}

record! {
    derive(Copy, Default, Eq)
    /// How far apart.
    pub struct Apart as "distance" {
        /// At least this far.
        pub at_least: Option<Span> = nullable("atLeast"),
        /// At most this far.
        pub at_most: Option<Span> = nullable("atMost"),
    }
}

record! {
    derive(Default)
    /// What comes next.
    pub struct Next as "followingStep" {
        /// Which exchanges.
        pub matching: When = optional("match"),
        /// Only with this status.
        pub status: Option<u16> = nullable("status") within STATUS,
    }
}

/// What a reply's status may be.
const STATUS: Limit = Limit::Between(200, 599);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether everything is as expected.
    pub passed: bool,
    /// How many exchanges matched.
    pub count: u64,
    /// What is not as expected; absent when everything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Exchanges that came closest to matching, and where they differ; those that matched, where they were too many or
    /// not far enough apart.
    pub nearest: Vec<NearMiss>,
}

/// An exchange that nearly matched, or that matched too often or at the wrong time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// Its number.
    pub seq: u64,
    /// When it was decided, in the tenant's time.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, without secrets.
    pub path: String,
    /// What the client was told; `None` when nothing.
    pub status: Option<u16>,
    /// The rules that fired, as `scenario/rule`; `None` when none did.
    pub fault: Option<String>,
    /// The parts that differ. Of one that matched, what it was, in a line.
    pub differs: Vec<String>,
}

/// How many near misses are reported.
const NEAREST: usize = 5;
/// How many exchanges are reported that matched although they should not have.
const SURPLUS: usize = 100;

/// How many steps `then` may have.
const MOST_STEPS: usize = 100;

/// A valid expectation.
pub(crate) struct CompiledExpectation<'a> {
    expectation: &'a Expectation,
    pattern: CompiledStep,
    then: Vec<CompiledStep>,
}

impl Expectation {
    /// Notes what is wrong with it.
    fn look(&self, place: &mut Place<'_, '_, '_>) {
        for (pointer, message) in self.mistakes() {
            place.mistake(&pointer, message);
        }
    }

    /// What is invalid in it, each with its JSON Pointer.
    fn mistakes(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut wrong = |pointer: &str, message: String| found.push((pointer.to_owned(), message));
        if self.then.len() > MOST_STEPS {
            wrong("/then", format!("{} steps; expected {MOST_STEPS} at most", self.then.len()));
        }
        let whens = std::iter::once(&self.matching).chain(self.then.iter().map(|next| &next.matching));
        let regexes: usize = whens.map(scenario::regexes).sum();
        if regexes > MOST_REGEXES {
            wrong("", format!("{regexes} regular expressions; expected {MOST_REGEXES} or fewer"));
        }
        if self.count.is_some_and(Quantity::is_impossible) {
            wrong(
                "/count",
                "no number satisfies it; expected `exactly`, or `atLeast` up to `atMost`".to_owned(),
            );
        }
        if let Some(Apart { at_least: Some(least), at_most: Some(most) }) = self.apart
            && least > most
        {
            wrong("/apart", "`atLeast` is more than `atMost`; expected `atLeast` up to `atMost`".to_owned());
        }
        let of_steps =
            (0..).zip(&self.then).map(|(index, next)| (format!("/then/{index}/status"), next.status));
        for (pointer, status) in of_steps.chain([("/status".to_owned(), self.status)]) {
            if let Some(status) = status.filter(|status| !(200..=599).contains(status)) {
                wrong(&pointer, format!("status {status} is never sent; expected 200 to 599"));
            }
        }
        found
    }
}

/// Compiles an expectation. Fails for an invalid one.
pub(crate) fn compile(expectation: &Expectation) -> Result<CompiledExpectation<'_>, String> {
    if let Some((pointer, message)) = expectation.mistakes().into_iter().next() {
        return Err(format!("`{}`: {message}", pointer.trim_start_matches('/').replace('/', ".")));
    }
    let whens =
        std::iter::once(&expectation.matching).chain(expectation.then.iter().map(|next| &next.matching));
    if let Some(message) = scenario::too_many_bytes(whens.map(scenario::bytes_of_when).sum()) {
        return Err(message);
    }
    let pattern = CompiledStep::compile(&expectation.matching, expectation.status)?;
    let then: Vec<_> = expectation
        .then
        .iter()
        .map(|next| CompiledStep::compile(&next.matching, next.status))
        .collect::<Result<_, _>>()?;
    Ok(CompiledExpectation { expectation, pattern, then })
}

/// Compares exchanges, oldest first, with an expectation. How they differ is said without the `known` secrets.
pub(crate) fn verify(
    exchanges: &[Exchange],
    compiled: &CompiledExpectation<'_>,
    known: &Secrets,
) -> Verification {
    let CompiledExpectation { expectation, pattern, then } = compiled;
    let matched: Vec<&Exchange> =
        exchanges.iter().filter(|exchange| pattern.mismatches(exchange).is_empty()).collect();
    let count = matched.len() as u64;
    if let Some(expected) = count_problem(expectation.count, count) {
        let is_surplus = expectation.count.is_some_and(|wanted| wanted.is_below(count));
        let nearest = if is_surplus { surplus(&matched, known) } else { nearest(exchanges, pattern, known) };
        return failed(count, expected, nearest);
    }
    if let Some(expected) = spacing_problem(expectation.apart, &matched) {
        return failed(count, expected, surplus(&matched, known));
    }
    match order_problem(exchanges, matched.first(), then) {
        None => Verification { passed: true, count, expected: None, nearest: Vec::new() },
        Some((expected, step)) => failed(count, expected, nearest(exchanges, step, known)),
    }
}

fn failed(count: u64, expected: String, nearest: Vec<NearMiss>) -> Verification {
    Verification { passed: false, count, expected: Some(expected), nearest }
}

/// Exchanges that match although fewer should, or at other times, the latest first: they differ in nothing, and so each
/// is told in a line.
fn surplus(matched: &[&Exchange], known: &Secrets) -> Vec<NearMiss> {
    let told = (0..matched.len()).rev().take(SURPLUS).map(|place| {
        let before = place.checked_sub(1).map(|before| matched[before]);
        let miss = NearMiss::of(matched[place], known);
        NearMiss { differs: vec![miss.line(before)], ..miss }
    });
    told.collect()
}

impl NearMiss {
    fn of(exchange: &Exchange, known: &Secrets) -> Self {
        let request = exchange.request.unpack();
        let censor = Censor::of(&request, known);
        let fired: Vec<_> =
            exchange.rules.matched().filter(|look| look.fired).map(|look| &*look.rule).collect();
        Self {
            seq: exchange.seq,
            at: exchange.at,
            method: censor.text(request.method.as_str()),
            path: censor.text(request.uri.path()),
            status: exchange.told_status(),
            fault: (!fired.is_empty()).then(|| fired.join(", ")),
            differs: Vec::new(),
        }
    }

    /// What it was, and how long after the one before it: `at 2026-…, GET /v3/…, 200, fault t/rule-1, 2s after exchange 2`.
    fn line(&self, before: Option<&Exchange>) -> String {
        let Self { at, method, path, .. } = self;
        let status = self.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let fault = self.fault.as_ref().map(|fault| format!(", fault {fault}")).unwrap_or_default();
        let gap = before.map(|before| {
            format!(", {} after exchange {}", format_duration(at.since(before.at)), before.seq)
        });
        format!("at {at}, {method} {path}, {status}{fault}{}", gap.unwrap_or_default())
    }
}

impl Quantity {
    /// Whether this many are too many.
    fn is_below(self, found: u64) -> bool {
        self.exactly.or(self.at_most).is_some_and(|most| found > most)
    }

    /// Whether no number satisfies it.
    fn is_impossible(self) -> bool {
        let least = self.at_least.unwrap_or(0).max(self.exactly.unwrap_or(0));
        let most = self.at_most.unwrap_or(u64::MAX).min(self.exactly.unwrap_or(u64::MAX));
        least > most
    }
}

/// One set of conditions.
struct CompiledStep {
    pattern: Pattern,
    status: Option<u16>,
}

impl CompiledStep {
    fn compile(when: &When, status: Option<u16>) -> Result<Self, String> {
        Ok(Self { pattern: Pattern::compile(when)?, status })
    }

    /// The parts in which an exchange differs; none when it matches.
    fn mismatches(&self, exchange: &Exchange) -> Vec<String> {
        let mut mismatches = exchange.with_view(|view| self.pattern.mismatches(view));
        let told = exchange.told_status();
        if let Some(wanted) = self.status
            && told != Some(wanted)
        {
            mismatches.push(match told {
                Some(status) => format!("status is {status}, not {wanted}"),
                None => format!("no status was sent, instead of {wanted}"),
            });
        }
        mismatches
    }
}

fn count_problem(count: Option<Quantity>, found: u64) -> Option<String> {
    let count = count.unwrap_or(Quantity { at_least: Some(1), ..Quantity::default() });
    let wrong = |holds: Option<bool>| holds == Some(false);
    if wrong(count.exactly.map(|exactly| found == exactly)) {
        return Some(format!("exactly {} to match; found {found}", count.exactly.unwrap_or_default()));
    }
    if wrong(count.at_least.map(|least| found >= least)) {
        return Some(format!("at least {} to match; found {found}", count.at_least.unwrap_or_default()));
    }
    if wrong(count.at_most.map(|most| found <= most)) {
        return Some(format!("at most {} to match; found {found}", count.at_most.unwrap_or_default()));
    }
    None
}

fn spacing_problem(apart: Option<Apart>, matched: &[&Exchange]) -> Option<String> {
    let apart = apart?;
    let gap = |first: Timestamp, second: Timestamp| second.since(first);
    matched.windows(2).find_map(|pair| {
        let found = gap(pair[0].at, pair[1].at);
        let told = |what: &str, wanted: Span| {
            let (wanted, found) = (format_duration(wanted.0), format_duration(found));
            format!("{what} {wanted} apart; exchanges {} and {} are {found} apart", pair[0].seq, pair[1].seq)
        };
        match (apart.at_least, apart.at_most) {
            (Some(least), _) if found < least.0 => Some(told("at least", least)),
            (_, Some(most)) if found > most.0 => Some(told("at most", most)),
            _ => None,
        }
    })
}

fn order_problem<'a>(
    exchanges: &[Exchange],
    first: Option<&&Exchange>,
    then: &'a [CompiledStep],
) -> Option<(String, &'a CompiledStep)> {
    let step = then.first()?;
    let Some(first) = first else {
        return Some(("a first matching exchange before `then`; found none".to_owned(), step));
    };
    let mut after = first.seq;
    for (index, step) in then.iter().enumerate() {
        let later = exchanges.partition_point(|exchange| exchange.seq <= after);
        let next = exchanges[later..].iter().find(|exchange| step.mismatches(exchange).is_empty());
        match next {
            Some(exchange) => after = exchange.seq,
            None => {
                return Some((
                    format!("step {} of `then` after exchange {after}; found none", index + 1),
                    step,
                ));
            }
        }
    }
    None
}

/// The exchanges that differ in the fewest parts, the latest first among equals.
fn nearest(exchanges: &[Exchange], step: &CompiledStep, known: &Secrets) -> Vec<NearMiss> {
    let mut misses: Vec<_> = exchanges
        .iter()
        .map(|exchange| (exchange, step.mismatches(exchange)))
        .filter(|(_, differs)| !differs.is_empty())
        .collect();
    misses.sort_by_key(|(exchange, differs)| (differs.len(), std::cmp::Reverse(exchange.seq)));
    misses.truncate(NEAREST);
    let without_secrets = |(exchange, differs): (&Exchange, Vec<String>)| {
        let request = exchange.request.unpack();
        let censor = Censor::of(&request, known);
        let differs = differs.iter().map(|part| censor.text(part)).collect();
        NearMiss { differs, ..NearMiss::of(exchange, known) }
    };
    misses.into_iter().map(without_secrets).collect()
}
