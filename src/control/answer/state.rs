//! Calls about everything that a tenant holds.

use crate::control::read::document;
use crate::control::{Answer, ControlRequest, done, in_pieces};
use crate::document::Node;
use crate::fixture::{Fixture, least_bytes};

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    // It takes its size again until it is written.
    let _turn = asked.world.turn_of(tenant);
    in_pieces(tenant.state(asked.wall).into_text())
}

pub(in crate::control) fn replace(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    let text = document(asked.request)?;
    let _room = asked.world.preparing(text.len());
    let (former, budget) = tenant.counted_bytes();
    let admit = |node: &Node<'_>| budget.admit_instead(least_bytes(node), former);
    let fixture = Fixture::read_where(&text.as_document(), tenant.options().prerequisites, admit)
        .map_err(|error| text.told(&error))??;
    tenant.set_state(fixture, asked.wall)?;
    asked.world.fit_journals();
    show(asked)
}

pub(in crate::control) fn reset(asked: &ControlRequest<'_>) -> Answer {
    asked.located.tenant.reset(asked.wall);
    done()
}
