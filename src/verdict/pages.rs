//! Pages of lists: which records a call asked for, and whether another asked for the same.

use super::Call;
use crate::wire::query;

/// The page size where the client leaves it out.
const USUAL: u64 = 250;

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
