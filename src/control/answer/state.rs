//! Calls about everything that a tenant holds.

use crate::control::read::document;
use crate::control::{Answer, ControlRequest, done, ok};
use crate::document::Node;
use crate::fixture::{Fixture, least_bytes};

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.state(asked.wall))
}

pub(in crate::control) fn replace(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    let text = document(asked.request)?;
    let (former, budget) = tenant.counted_bytes();
    let admit = |node: &Node<'_>| budget.admit_instead(least_bytes(node), former);
    let fixture = Fixture::read_where(&text.as_document(), tenant.options().prerequisites, admit)
        .map_err(|error| text.told(&error))??;
    tenant.set_state(fixture, asked.wall)?;
    show(asked)
}

pub(in crate::control) fn reset(asked: &ControlRequest<'_>) -> Answer {
    asked.located.tenant.reset(asked.wall);
    done()
}
