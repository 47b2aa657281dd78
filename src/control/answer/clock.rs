//! Calls about a tenant's time.

use crate::clock::Span;
use crate::control::read::document;
use crate::control::{Answer, Asked, ControlError, ok};
use crate::tenant::operator::ClockChange;

pub(in crate::control) fn show(asked: &Asked<'_>) -> Answer {
    ok(&asked.located.tenant.clock(asked.wall))
}

pub(in crate::control) fn agenda(asked: &Asked<'_>) -> Answer {
    ok(&asked.located.tenant.agenda(asked.wall))
}

pub(in crate::control) fn set(asked: &Asked<'_>) -> Answer {
    let change: ClockChange = document(asked.request)?.parse()?;
    if change == ClockChange::default() {
        return Err(ControlError::bad("nothing to change; expected `mode`, `now` or both"));
    }
    ok(&asked.located.tenant.change_clock(change, asked.wall))
}

/// `{"by": "13m"}`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: Span,
}

pub(in crate::control) fn advance(asked: &Asked<'_>) -> Answer {
    let advance: Advance = document(asked.request)?.parse()?;
    ok(&asked.located.tenant.advance(advance.by.0, asked.wall))
}
