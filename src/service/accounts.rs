//! Accounts: a list and a look at one. `SLIM` is another shape of the same.

use hyper::StatusCode;

use super::{Call, Done, View, collection};
use crate::fixture::Account;
use crate::wire::json::{self, Object};
use crate::wire::{Refusal, Reply};

/// One page of accounts.
pub(super) fn list(view: &View<'_>, call: &Call<'_>) -> Done {
    match call.arguments.text("detailLevel") {
        Some("SLIM") => collection::list_shown::<Account>(view, call, None, write_slim),
        _ => collection::list::<Account>(view, call),
    }
}

/// One account.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<Account>().rendered(&call.route.id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// An account in few words.
// Invented: what is left out. The vendor's example of beta leaves out what its schema requires, and SDKs cannot read it.
fn write_slim(account: &Account, into: &mut Vec<u8>) {
    let Account { id, name, created, modified, source_id, source_name, identity_id, .. } = account;
    let mut object = Object::begin(into);
    object.text("id", id);
    json::value(object.member("name"), name);
    for (key, at) in [("created", created), ("modified", modified)] {
        object.text_if(key, at.map(|at| at.to_string()).as_deref());
    }
    object.text("sourceId", source_id);
    json::value(object.member("sourceName"), source_name);
    object.text_if("identityId", identity_id.as_deref());
    object.member("attributes").extend_from_slice(b"null");
    object.flag("authoritative", account.authoritative);
    json::value(object.member("description"), &account.description);
    object.flag("disabled", account.disabled).flag("locked", account.locked);
    object.text("nativeIdentity", &account.native_identity);
    object.flag("systemAccount", account.system_account).flag("uncorrelated", account.uncorrelated);
    json::value(object.member("uuid"), &account.uuid);
    object.flag("manuallyCorrelated", account.manually_correlated);
    object.flag("hasEntitlements", account.has_entitlements);
    json::value(object.member("features"), &account.features);
    object.end();
}
