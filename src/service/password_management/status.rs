//! `getPasswordChangeStatus`: how a change goes.

use hyper::StatusCode;
use serde_json::json;

use super::BETA;
use crate::auth::Session;
use crate::fixture::PasswordChange;
use crate::org::{Table, WriteOf};
use crate::service::{Call, Change, Done, View};
use crate::wire::{Refusal, Reply};

/// The user level that may ask for anybody's change.
const ADMIN: &str = "ORG_ADMIN";

/// The status of one change.
pub(in crate::service) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let change = view.table::<PasswordChange>().get(&call.route.id);
    let change = change.filter(|change| !change.forgotten).ok_or(Refusal::NotFound)?;
    if call.route.version == Some(BETA) && is_somebody_elses(&change, call.session) {
        return Err(Refusal::Forbidden.because("beta tells a user of changes of its own identity only"));
    }
    let body = json!({
        "requestId": change.id,
        "state": change.state,
        "errors": change.errors,
        "sourceIds": change.source_ids,
    });
    Ok(Reply::json(StatusCode::OK, body.to_string()).into())
}

/// Whether a user asks for a change of another's password, and is not an administrator. Beta's own text lets the owner and
/// clients without a user ask; the other versions ask for the level.
fn is_somebody_elses(change: &PasswordChange, session: Option<&Session>) -> bool {
    let own = session.and_then(|session| session.identity_id.as_deref());
    let is_admin =
        session.is_some_and(|session| session.authorities.iter().flatten().any(|own| own == ADMIN));
    own.is_some_and(|own| change.identity_id.as_deref() != Some(own)) && !is_admin
}

/// What has the status of a change forgotten. The change itself goes on.
pub(crate) fn forget(view: &View<'_>, id: &str) -> Option<Change> {
    let former = view.table::<PasswordChange>().get(id)?;
    let record = PasswordChange { forgotten: true, ..(*former).clone() };
    let rendered = Table::render(&record);
    Some(Change::record(WriteOf::Replace { former, record, rendered }))
}
