//! Calls about everything that a tenant holds.

use crate::control::read::document;
use crate::control::{Answer, ControlRequest, done, ok};
use crate::fixture::Fixture;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.state(asked.wall))
}

pub(in crate::control) fn replace(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    let text = document(asked.request)?;
    let fixture = Fixture::read(&text.as_document(), tenant.options().prerequisites)
        .map_err(|error| text.told(&error))?;
    tenant.set_state(&fixture, asked.wall);
    show(asked)
}

pub(in crate::control) fn reset(asked: &ControlRequest<'_>) -> Answer {
    asked.located.tenant.reset(asked.wall);
    done()
}
