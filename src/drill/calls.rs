//! The exchanges of a finding as people are shown them: with times since the run's first request, and connections by small
//! numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::CallReport;
use crate::operation::Operation;
use crate::verdict::{Answer, Call, End, RetryAfter, Run};

/// The calls with these numbers in the journal.
pub(super) fn report(run: &Run, seqs: &[u64]) -> Vec<CallReport> {
    let mut seqs = seqs.to_vec();
    seqs.sort_unstable();
    seqs.dedup();
    let connections = connections(run);
    let calls: Vec<&Call> = seqs.iter().filter_map(|seq| run.call(*seq)).take(MOST).collect();
    calls
        .iter()
        .enumerate()
        .map(|(place, call)| {
            let former = place.checked_sub(1).map(|before| calls[before]);
            let first = calls[..place].iter().find(|other| other.key == call.key);
            CallReport {
                waited_seconds: former.and_then(|former| waited(former, call)),
                repeats: first.map(|other| other.number),
                connection: connections.get(&call.connection).copied().unwrap_or(0),
                ..of(run, call)
            }
        })
        .collect()
}

/// As many calls as anybody reads.
const MOST: usize = 40;

fn of(run: &Run, call: &Call) -> CallReport {
    let began = run.calls.first().map_or(call.arrived, |first| first.arrived);
    CallReport {
        number: call.number,
        seq: call.seq,
        operation: call.operation.map(Operation::id),
        method: call.method.to_string(),
        target: call.target.clone(),
        at_seconds: seconds(began.until(call.arrived)),
        waited_seconds: None,
        took_seconds: call.ended().map(|ended| seconds(call.arrived.until(ended))),
        connection: 0,
        is_on_reused_connection: call.is_on_reused_connection,
        repeats: None,
        status: call.status,
        end: end(call),
        answered: call.answered,
        performed: call.performed,
        retry_after: call.retry_after.as_ref().map(|told| match told {
            RetryAfter::Seconds(seconds) => format!("{seconds} s"),
            RetryAfter::Date(until, _) => until.http_date(),
            RetryAfter::Unreadable(text) => text.clone(),
        }),
        faults: call.faults.iter().map(ToString::to_string).collect(),
    }
}

/// How long the client waited between two calls; `None` when they overlapped.
fn waited(former: &Call, call: &Call) -> Option<f64> {
    let ended = former.ended()?;
    ended.is_before(call.arrived).then(|| seconds(ended.until(call.arrived)))
}

/// In microseconds at best; more is noise.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

/// The connections of a run, by small numbers in the order of their first calls.
pub(super) fn connections(run: &Run) -> BTreeMap<u64, usize> {
    let mut numbers = BTreeMap::new();
    for call in &run.calls {
        let next = numbers.len() + 1;
        numbers.entry(call.connection).or_insert(next);
    }
    numbers
}

fn end(call: &Call) -> String {
    let (told, promised) = call.bytes;
    match (call.end, call.answer) {
        (End::Closed, _) => "connection closed".to_owned(),
        (End::Reset, _) => "connection reset".to_owned(),
        (End::Hung(_), _) if call.left.is_some() => "silence, and the client left".to_owned(),
        (End::Hung(_), _) => "silence".to_owned(),
        (End::ClientLeft, _) => "the client left".to_owned(),
        (End::Refused, _) => "refused".to_owned(),
        (End::Released, _) => "cut off with its run".to_owned(),
        (_, Answer::Partial) => format!("{told} of {promised} bytes"),
        (_, Answer::Garbled) => "unreadable".to_owned(),
        (_, Answer::Html) => "a page for people".to_owned(),
        (_, Answer::Empty) => "empty".to_owned(),
        (End::Trickled, _) => "in small pieces".to_owned(),
        (End::Cut, _) => "cut".to_owned(),
        (End::Whole, Answer::Nothing) => "nothing yet".to_owned(),
        (End::Whole, _) => "whole".to_owned(),
    }
}
