//! Chains: attempts at the same thing, one after the other. Equal calls that overlap are not attempts of one another,
//! so they begin chains of their own, and threads do not add up.

use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{Call, Moment};
use crate::clock::Timestamp;

/// Attempts at the same thing, each begun after the one before had failed.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
    pub(super) calls: Vec<&'a Call>,
    /// How many of its calls, beyond the first, the client makes when nothing goes wrong, too.
    pub(super) spare: usize,
}

impl<'a> Chain<'a> {
    pub(super) fn first(&self) -> &'a Call {
        self.calls[0]
    }

    pub(super) fn last(&self) -> &'a Call {
        self.calls[self.calls.len() - 1]
    }

    /// Each attempt with the next one.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a Call, &'a Call)> {
        self.calls.iter().copied().zip(self.calls.iter().copied().skip(1))
    }

    /// The parts of it whose attempts belong together, as `goes_on` says of each and the next.
    pub(super) fn split(&self, goes_on: impl Fn(&Call, &Call) -> bool) -> Vec<Self> {
        let mut parts = vec![Self { calls: vec![self.first()], spare: self.spare }];
        for (one, next) in self.pairs() {
            match parts.last_mut() {
                Some(part) if goes_on(one, next) => part.calls.push(next),
                _ => parts.push(Self { calls: vec![next], spare: self.spare }),
            }
        }
        parts
    }

    /// How often the client tried again, at least: calls that an HTTP library made by itself, and those that the client
    /// makes anyway, are not counted.
    pub(super) fn repetitions(&self) -> usize {
        let meant = self.pairs().filter(|(_, next)| !next.is_replay).count();
        meant.saturating_sub(self.spare)
    }

    /// How long the client waited before each further attempt. One that the HTTP library made by itself, because a
    /// kept connection was closed, is not waited for.
    pub(super) fn waits(&self) -> Vec<Duration> {
        let meant = self.pairs().filter(|(_, next)| !next.is_replay);
        meant.filter_map(|(one, next)| Some(one.ended()?.until(next.arrived))).collect()
    }
}

/// The chains among calls, in the order of their first calls. A call that succeeded ends its chain, and so does one that
/// the client left because an equal call had been answered.
pub(super) fn chains(calls: &[Call]) -> Vec<Chain<'_>> {
    linked(calls, Moment::is_before)
}

/// The same; `is_before` is asked once for each call, however many failed calls may go on.
fn linked(calls: &[Call], mut is_before: impl FnMut(Moment, Moment) -> bool) -> Vec<Chain<'_>> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    // Chains that may go on, by client and key: those whose last call failed, the one that ended first on top.
    let mut open: HashMap<(Option<&str>, u64), BinaryHeap<Waiting>> = HashMap::new();
    for call in calls {
        let waiting = open.entry((call.client.as_deref(), call.key)).or_default();
        let goes_on = waiting.peek().is_some_and(|first| is_before(first.ended(), call.arrived));
        let place = if let Some(first) = goes_on.then(|| waiting.pop()).flatten() {
            chains[first.place].calls.push(call);
            first.place
        } else {
            chains.push(Chain { calls: vec![call], spare: 0 });
            chains.len() - 1
        };
        if let Some(ended) = call.ended().filter(|_| call.has_failed() && !call.is_outrun) {
            waiting.push(Waiting { ended: Reverse((ended.ns, ended.at)), place });
        }
    }
    chains
}

/// A chain that may go on.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    ended: Reverse<(u64, Timestamp)>,
    place: usize,
}

impl Waiting {
    fn ended(&self) -> Moment {
        let Reverse((ns, at)) = self.ended;
        Moment { at, ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::example::{LIST, tenant};

    #[test]
    fn however_many_equal_calls_are_open_each_is_compared_once() {
        const CALLS: usize = 2_000;
        let overlapping = (0..CALLS).fold(tenant(), |script, _| script.get(LIST).at(0.0).told(500)).done();
        let mut comparisons = 0;
        let chains = linked(&overlapping.calls, |ended, arrived| {
            comparisons += 1;
            ended.is_before(arrived)
        });
        assert_eq!(chains.len(), CALLS);
        assert!(comparisons <= CALLS, "{comparisons} comparisons");
    }

    #[test]
    fn a_chain_goes_on_from_the_call_that_ended_first() {
        let script = tenant().get(LIST).told(500).took(2.0).get(LIST).at(0.5).told(500).took(0.5);
        let run = script.get(LIST).at(3.0).get(LIST).at(4.0).done();
        let numbers = chains(&run.calls)
            .iter()
            .map(|chain| chain.calls.iter().map(|call| call.number).collect::<Vec<_>>())
            .collect::<Vec<_>>();
        assert_eq!(numbers, [vec![1, 4], vec![2, 3]]);
    }
}
