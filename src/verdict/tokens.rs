//! Tokens as a client used them: which it was given, which it was told are dead, and what it did then. A token that was
//! neither given in the journal nor ever accepted is none of these: tests send such on purpose.

use hashbrown::HashSet;

use super::{Bearer, Call, Run};

/// A token and the first call that was told that it is dead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Death<'a> {
    pub(super) token: u64,
    pub(super) call: &'a Call,
}

/// The tokens that were refused in a run with 401, in the order in which that was told.
pub(super) fn deaths(run: &Run) -> Vec<Death<'_>> {
    let (mut known, mut dead) = (HashSet::new(), HashSet::new());
    let mut deaths = Vec::new();
    for call in &run.calls {
        known.extend(call.token_given);
        let Some(token) = carried(call) else { continue };
        match call.status {
            Some(401) if known.contains(&token) && call.told.is_some() && dead.insert(token) => {
                deaths.push(Death { token, call });
            }
            Some(401) | None => {}
            Some(_) => {
                known.insert(token);
            }
        }
    }
    deaths
}

/// The token that a call to the API came with.
pub(super) fn carried(call: &Call) -> Option<u64> {
    match call.bearer {
        Bearer::Token(token) if !call.is_token() => Some(token),
        _ => None,
    }
}

/// Whether it is a call of the same client that arrived after this one was told.
pub(super) fn is_after(call: &Call, other: &Call) -> bool {
    let ended = call.ended();
    other.number > call.number && ended.is_some_and(|ended| ended.is_before(other.arrived))
}

/// The client's calls that arrived after this one was told.
pub(super) fn later<'a>(run: &'a Run, call: &'a Call) -> impl Iterator<Item = &'a Call> {
    run.calls
        .iter()
        .skip(call.number)
        .filter(move |other| is_after(call, other) && other.client == call.client)
}
