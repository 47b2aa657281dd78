//! Calls about what a tenant's clients did: shown, followed, exported, forgotten, and compared with what was expected.

use hyper::StatusCode;

use crate::control::read::{document, filter, last_event};
use crate::control::{Answer, ControlError, ControlRequest, Followed, Said, done, json_of, ok};
use crate::journal::verify::Expectation;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.written_journal(&filter(asked.request)?, asked.wall))
}

pub(in crate::control) fn forget(asked: &ControlRequest<'_>) -> Answer {
    asked.located.tenant.clear_journal(&filter(asked.request)?);
    done()
}

/// The server sends what is followed, as it happens.
pub(in crate::control) fn follow(asked: &ControlRequest<'_>) -> Answer {
    Ok(Said::Follow(Followed { filter: filter(asked.request)?, last: last_event(asked.request)? }))
}

pub(in crate::control) fn har(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.archive(&filter(asked.request)?, asked.wall))
}

pub(in crate::control) fn verify(asked: &ControlRequest<'_>) -> Answer {
    let expectation: Expectation = document(asked.request)?.read()?;
    let verification = asked.located.tenant.verify(&expectation, asked.wall).map_err(ControlError::bad)?;
    json_of(if verification.passed { StatusCode::OK } else { StatusCode::CONFLICT }, &verification)
}
