//! Calls about what a tenant's clients did: shown, followed, exported, forgotten, and compared with what was expected.

use hyper::StatusCode;

use crate::control::read::{document, filter, last_event};
use crate::control::{Answer, ControlError, ControlRequest, Followed, Said, done, json_of};
use crate::journal::Form;
use crate::journal::verify::Expectation;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    Ok(Said::List(Form::Journal, filter(asked.request)?))
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
    Ok(Said::List(Form::Archive, filter(asked.request)?))
}

pub(in crate::control) fn verify(asked: &ControlRequest<'_>) -> Answer {
    let expectation: Expectation = document(asked.request)?.read()?;
    let verification = asked.located.tenant.verify(&expectation, asked.wall).map_err(ControlError::bad)?;
    json_of(if verification.passed { StatusCode::OK } else { StatusCode::CONFLICT }, &verification)
}
