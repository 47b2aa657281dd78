//! Chains: attempts at the same thing, one after the other. Equal calls that overlap are not attempts of one another,
//! so they begin chains of their own, and threads do not add up.

use std::collections::HashMap;
use std::time::Duration;

use super::Call;

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

/// The chains among calls, in the order of their first calls. A call that succeeded ends its chain.
pub(super) fn chains(calls: &[Call]) -> Vec<Chain<'_>> {
    let mut chains: Vec<Chain<'_>> = Vec::new();
    // Chains that may go on, by client and key: those whose last call failed.
    let mut open: HashMap<(Option<&str>, u64), Vec<usize>> = HashMap::new();
    for call in calls {
        let waiting = open.entry((call.client.as_deref(), call.key)).or_default();
        let goes_on = waiting.iter().position(|&place| {
            let ended = chains[place].last().ended();
            ended.is_some_and(|ended| ended.is_before(call.arrived))
        });
        let place = if let Some(at) = goes_on {
            let place = waiting.swap_remove(at);
            chains[place].calls.push(call);
            place
        } else {
            chains.push(Chain { calls: vec![call], spare: 0 });
            chains.len() - 1
        };
        if call.has_failed() {
            waiting.push(place);
        }
    }
    chains
}
