//! What calls do to records: which of them create one, whether the client can know what became of it, and whether it
//! looked before it went on.

use hashbrown::HashMap;
use std::time::Duration;

use super::{Answer, Call, End, Run};
use crate::version::VERSIONS;

/// Whether it asks for a new record. A code that resets a password is none: each is good beside the others.
pub(super) fn is_create(call: &Call) -> bool {
    call.operation
        .map(crate::operation::Operation::id)
        .is_some_and(|id| id.starts_with("create") && id != "createDigitToken")
}

/// Whether its end does not tell the client if it was done: silence, rubbish, or an error that says nothing about it. A
/// 503 says that it was not; where that is a lie, it counts.
pub(super) fn is_unclear(call: &Call) -> bool {
    if matches!(call.end, End::Refused | End::Released) {
        return false;
    }
    match call.status {
        None | Some(500 | 502 | 504) => true,
        Some(503) => call.performed,
        Some(400..) => false,
        Some(_) => call.answer != Answer::Readable,
    }
}

/// Whether it was done, and the client cannot know.
pub(super) fn is_done_in_doubt(call: &Call) -> bool {
    call.performed && !call.is_read() && is_unclear(call)
}

/// Creates with the same once more, sent while they were under way, as only reads may be. Threads that happen to create the
/// same at the same time do so sooner.
pub(super) fn hedged(run: &Run) -> Vec<(&Call, &Call)> {
    const LATER: Duration = Duration::from_millis(100);
    let mut latest: HashMap<_, &Call> = HashMap::new();
    let creates = run.calls.iter().filter(|call| is_create(call));
    let pairs =
        creates.filter_map(|next| Some((latest.insert((next.client.as_deref(), next.key), next)?, next)));
    pairs.filter(|(one, next)| one.arrived.until(next.arrived) >= LATER && one.is_open_beside(next)).collect()
}

/// What a call is about: the step of its path that names the resource.
pub(super) fn collection(call: &Call) -> &str {
    let path = call.target.split('?').next().unwrap_or_default();
    let is_version = |step: &&str| VERSIONS.iter().any(|version| version.name == *step);
    path.split('/').filter(|step| !step.is_empty()).find(|step| !is_version(step)).unwrap_or_default()
}

/// What people call the records of a resource.
pub(super) fn noun(resource: &str) -> String {
    match resource {
        "password-sync-groups" => "groups".to_owned(),
        other => other.replace('-', " "),
    }
}

/// When somebody looked at which resource, and got an answer that says something. A program may look with another client than
/// the one that writes.
pub(super) struct Looks<'a>(HashMap<&'a str, Vec<usize>>);

impl<'a> Looks<'a> {
    pub(super) fn of(run: &'a Run) -> Self {
        let mut looks: HashMap<_, Vec<usize>> = HashMap::new();
        for call in run.calls.iter().filter(|call| call.is_read() && says_something(call)) {
            looks.entry(collection(call)).or_default().push(call.number);
        }
        Self(looks)
    }

    /// Whether there was a look between two calls.
    pub(super) fn is_between(&self, one: &Call, next: &Call) -> bool {
        let Some(looks) = self.0.get(collection(one)) else { return false };
        let first = looks.partition_point(|number| *number <= one.number);
        looks.get(first).is_some_and(|number| *number < next.number)
    }
}

/// Whether an answer tells what there is. That there were too many calls, or that the token is dead, says nothing of it.
fn says_something(look: &Call) -> bool {
    !look.has_failed()
        || look
            .status
            .is_some_and(|status| (400..500).contains(&status) && !matches!(status, 401 | 408 | 425 | 429))
}

/// How often something is there, or was asked for, as a word.
pub(super) fn number(count: usize) -> String {
    const WORDS: [&str; 11] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}
