//! Calls about passwords: which are equal, whether one is right, and a change as a person makes it.

use serde_json::json;

use crate::control::read::document;
use crate::control::{Answer, ControlError, ControlRequest, ok};
use crate::tenant::passwords::{PasswordChangeRequest, PasswordCheck};

pub(in crate::control) fn list(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.passwords(asked.wall))
}

pub(in crate::control) fn check(asked: &ControlRequest<'_>) -> Answer {
    let check: PasswordCheck = document(asked.request)?.read()?;
    let matches = asked.located.tenant.check_password(&check, asked.wall).map_err(ControlError::bad)?;
    ok(&json!({ "matches": matches }))
}

pub(in crate::control) fn change(asked: &ControlRequest<'_>) -> Answer {
    let request: PasswordChangeRequest = document(asked.request)?.read()?;
    ok(&asked.located.tenant.change_password(&request, asked.wall).map_err(ControlError::bad)?)
}
