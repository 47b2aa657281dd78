//! `getPasswordChangeStatus`: how a change goes.

use hyper::StatusCode;
use serde_json::json;

use crate::fixture::PasswordChange;
use crate::org::{Table, WriteOf};
use crate::service::{Call, Change, Done, View};
use crate::wire::{Refusal, Reply};

/// The status of one change.
pub(in crate::service) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let change = view.table::<PasswordChange>().get(&call.route.id);
    let change = change.filter(|change| !change.forgotten).ok_or(Refusal::NotFound)?;
    let body = json!({
        "requestId": change.id,
        "state": change.state,
        "errors": change.errors,
        "sourceIds": change.source_ids,
    });
    Ok(Reply::json(StatusCode::OK, body.to_string()).into())
}

/// What has the status of a change forgotten. The change itself goes on.
pub(crate) fn forget(view: &View<'_>, id: &str) -> Option<Change> {
    let former = view.table::<PasswordChange>().get(id)?;
    let record = PasswordChange { forgotten: true, ..(*former).clone() };
    let rendered = Table::render(&record);
    Some(Change::record(WriteOf::Replace { former, record, rendered }))
}
