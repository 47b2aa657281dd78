//! Calls about a tenant's time.

use crate::clock::Span;
use crate::control::read::document;
use crate::control::{Answer, ControlError, ControlRequest, ok};
use crate::document::record;
use crate::tenant::operator::ClockChange;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.clock(asked.wall))
}

pub(in crate::control) fn agenda(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.agenda(asked.wall))
}

pub(in crate::control) fn set(asked: &ControlRequest<'_>) -> Answer {
    let change: ClockChange = document(asked.request)?.read()?;
    if change == ClockChange::default() {
        return Err(ControlError::bad("nothing to change; expected `mode`, `now` or both"));
    }
    ok(&asked.located.tenant.change_clock(change, asked.wall))
}

record! {
    /// How far to move the clock.
    pub(in crate::control) struct Advance as "advance" {
        /// By how much, such as `13m`.
        by: Span = required("by"),
    }
}

pub(in crate::control) fn advance(asked: &ControlRequest<'_>) -> Answer {
    let advance: Advance = document(asked.request)?.read()?;
    ok(&asked.located.tenant.advance(advance.by.0, asked.wall))
}
