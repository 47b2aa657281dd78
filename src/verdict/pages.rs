//! Pages of lists: which records a call asked for, whether another asked for the same, and whether the client reads several
//! at once. Whoever does may have found what it looks for on another page, and leave one that failed unread.

use hashbrown::{HashMap, HashSet};
use std::time::Duration;

use super::{Call, Case, End, Run};
use crate::wire::query;

/// The page size where the client leaves it out.
const USUAL: u64 = 250;
/// No client gives up an answer as soon as this; what it asks for meanwhile it asks for beside it.
const TOO_SOON_TO_GIVE_UP: Duration = Duration::from_millis(500);

impl Case<'_> {
    /// Whether the client read on its way what it then did not need: it has reads under way beside others, and neither the
    /// data nor its output shows that anything is missing.
    pub(super) fn may_leave_pages(&self) -> bool {
        let reads_ahead = || {
            self.is_concurrent()
                || self.clean.into_iter().chain(self.all).chain([self.run]).any(reads_pages_beside_others)
        };
        !self.falls_short() && reads_ahead()
    }
}

impl Case<'_> {
    /// Whether the client came back for what a read did not bring: as `is_same` says, in its next call, which may also begin
    /// the list anew, or more often than it reads that anyway. Where it makes calls at the same time, any later one may be that.
    pub(super) fn comes_back_for(&self, read: &Call, is_same: impl Fn(&Call) -> bool) -> bool {
        let later = || self.run.calls.iter().skip(read.number).filter(|call| call.client == read.client);
        let Some(clean) = self.clean.filter(|_| !self.is_concurrent()) else { return later().any(is_same) };
        let begins_anew =
            |next: &Call| next.offset.is_some() && next.offset <= read.offset && path(next) == path(read);
        let next = later().find(|call| !call.is_token());
        let times = |run: &Run| run.calls.iter().filter(|call| is_same(call)).count();
        next.is_some_and(|next| is_same(next) || begins_anew(next)) || times(self.run) > times(clean)
    }
}

/// Whether a page is asked for while another call is open, or over another connection although the former page's is kept,
/// or before an earlier one. Whoever begins a list anew over another connection may be the next program.
fn reads_pages_beside_others(run: &Run) -> bool {
    let keeps_connections = run.calls.iter().any(|call| call.is_on_reused_connection);
    let mut latest: HashMap<_, &Call> = HashMap::new();
    let mut lowest: HashMap<_, u64> = HashMap::new();
    let mut asked = HashSet::new();
    run.calls.iter().any(|call| {
        let Some(offset) = call.offset else { return false };
        let list = (call.client.as_deref(), path(call));
        let lowest = lowest.entry(list).or_insert(offset);
        let former = latest.insert(list, call);
        let is_other = |former: &&Call| former.offset != call.offset && limit(former) == limit(call);
        let is_out_of_order =
            |former: &Call| former.offset > call.offset && offset > *lowest && !former.has_failed();
        let is_first = asked.insert((list, offset));
        let is_elsewhere = |former: &Call| {
            let is_kept = keeps_connections && former.end == End::Whole && !former.has_failed();
            is_kept && is_first && former.connection != call.connection
        };
        let is_beside =
            former.filter(is_other).is_some_and(|former| is_out_of_order(former) || is_elsewhere(former));
        *lowest = offset.min(*lowest);
        is_beside || run.calls.iter().skip(call.number).take(8).any(|next| is_soon_beside(call, next))
    })
}

fn is_soon_beside(call: &Call, next: &Call) -> bool {
    next.client == call.client
        && call.arrived.until(next.arrived) < TOO_SOON_TO_GIVE_UP
        && call.is_open_beside(next)
}

fn limit(call: &Call) -> u64 {
    let query = call.target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let limit =
        query::pairs(query).find(|(name, _)| name == "limit").and_then(|(_, value)| value.parse().ok());
    limit.unwrap_or(USUAL)
}

pub(super) fn path(call: &Call) -> &str {
    call.target.split('?').next().unwrap_or_default()
}

/// Whether a later call asked again for what a list was asked for, or for where it begins, in pages of another size.
pub(super) fn covers(later: &Call, page: &Call) -> bool {
    if later.key == page.key {
        return true;
    }
    let (Some(from), Some(offset)) = (later.offset, page.offset) else { return false };
    path(later) == path(page)
        && (from..from.saturating_add(limit(later))).contains(&offset)
        && limit(later) != limit(page)
}
