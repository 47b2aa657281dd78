//! Calls about verdicts: what the clients did that a good client does not do, and whether that is a failure.

use hyper::StatusCode;

use crate::control::read::document;
use crate::control::{Answer, ControlRequest, json_of, ok};
use crate::verdict::VerdictsRequest;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.located.tenant.verdicts(&VerdictsRequest::default(), asked.wall))
}

pub(in crate::control) fn judge(asked: &ControlRequest<'_>) -> Answer {
    let request = document(asked.request)?.or_empty_into(|request: VerdictsRequest, _| Some(request))?;
    let report = asked.located.tenant.verdicts(&request, asked.wall);
    let status = if request.is_failed_by(&report) { StatusCode::CONFLICT } else { StatusCode::OK };
    json_of(status, &report)
}
