//! Chains: attempts at the same thing, one after the other. Equal calls that overlap are not attempts of one another,
//! so they begin chains of their own, and threads do not add up.

use std::collections::HashMap;
use std::time::Duration;

use super::Call;

/// Attempts at the same thing, each begun after the one before had failed.
#[derive(Clone, Debug)]
pub(super) struct Chain<'a> {
    pub(super) calls: Vec<&'a Call>,
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
    // Chains that may go on, by key: those whose last call failed.
    let mut open: HashMap<u64, Vec<usize>> = HashMap::new();
    for call in calls {
        let waiting = open.entry(call.key).or_default();
        let goes_on = waiting.iter().position(|&place| {
            let ended = chains[place].last().ended();
            ended.is_some_and(|ended| ended.is_before(call.arrived))
        });
        let place = if let Some(at) = goes_on {
            let place = waiting.swap_remove(at);
            chains[place].calls.push(call);
            place
        } else {
            chains.push(Chain { calls: vec![call] });
            chains.len() - 1
        };
        if call.has_failed() {
            waiting.push(place);
        }
    }
    chains
}
