//! Calls about verdicts: what the clients did that a good client does not do, and whether that is a failure.

use hyper::StatusCode;

use crate::control::read::document;
use crate::control::{Answer, ControlRequest, json_of, ok};
use crate::verdict::VerdictsWish;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.verdicts(&VerdictsWish::default(), asked.wall))
}

pub(in crate::control) fn judge(asked: &ControlRequest<'_>) -> Answer {
    let wish = document(asked.request)?.or_empty_into(|wish: VerdictsWish, _| Some(wish))?;
    let report = asked.located.tenant.verdicts(&wish, asked.wall);
    let status = if wish.is_failed_by(&report) { StatusCode::CONFLICT } else { StatusCode::OK };
    json_of(status, &report)
}
