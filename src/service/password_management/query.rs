//! `queryPasswordInfo`: from a login name and a source's name to everything that a password change needs.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::{BETA, PASSWORD, has, policy, public_key_id, rules};
use crate::auth::Session;
use crate::contract::Route;
use crate::fixture::{Account, Identity, Source};
use crate::operation::Operation;
use crate::service::{Call, Done, View};
use crate::wire::{DetailCode, Refusal, Reply};

/// Whether beta's own text keeps a user's token out, whatever the user's level. The other versions let it in.
pub(in crate::service) fn keeps_out(route: &Route<'_>, session: &Session) -> bool {
    let is_query = route.operation == Operation::QueryPasswordInfo;
    is_query && route.version == Some(BETA) && session.identity_id.is_some()
}

/// What a password change needs.
pub(in crate::service) fn query(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let text = |field: &str| call.arguments.body[field].as_str().unwrap_or_default();
    let source = named_source(view, text("sourceName"))?;
    let identity = named_identity(view, text("userName"))?;
    let accounts = accounts(view, &identity, &source)?;
    let policy = policy::in_force(view, &source, Some(&identity));
    let body = json!({
        "identityId": identity.id,
        "sourceId": source.id,
        "publicKeyId": public_key_id(view),
        "publicKey": call.keys.pair(view.key_rotations).public(),
        "accounts": accounts
            .iter()
            .map(|account| json!({
                "accountId": account.native_identity,
                "accountName": account.name.as_deref().unwrap_or(&account.native_identity),
            }))
            .collect::<Vec<_>>(),
        "policies": policy.map(|policy| rules::in_force(&policy)).unwrap_or_default(),
    });
    Ok(Reply::json(StatusCode::OK, body.to_string()).into())
}

// Invented: that these are 400, and the texts. No 404 is declared.

fn named_source(view: &View<'_>, name: &str) -> Result<Arc<Source>, Refusal> {
    let source = match &*view.sources_named(name) {
        [] => return Err(Refusal::unknown_reference("source", name, "sourceName")),
        [source] => Arc::clone(source),
        _ => {
            return Err(illegal(format!("Field \"sourceName\": more than one source is called \"{name}\".")));
        }
    };
    if !has(&source, PASSWORD) {
        return Err(illegal(format!(
            "Field \"sourceName\": source \"{name}\" does not have the feature PASSWORD."
        )));
    }
    Ok(source)
}

fn named_identity(view: &View<'_>, name: &str) -> Result<Arc<Identity>, Refusal> {
    match &*view.identities_named(name) {
        [] => Err(Refusal::unknown_reference("identity", name, "userName")),
        [identity] => Ok(Arc::clone(identity)),
        _ => Err(illegal(format!("Field \"userName\": more than one identity is called \"{name}\"."))),
    }
}

fn accounts(view: &View<'_>, identity: &Identity, source: &Source) -> Result<Vec<Arc<Account>>, Refusal> {
    let accounts = view.accounts_of(&identity.id, &source.id);
    if accounts.is_empty() {
        let (who, name) = (&identity.user_name, &source.name);
        let text = format!("Identity \"{who}\" (userName) has no account on source \"{name}\".");
        return Err(Refusal::bad_request(DetailCode::ReferenceNotFound, text));
    }
    Ok(accounts)
}

fn illegal(text: String) -> Refusal {
    Refusal::bad_request(DetailCode::IllegalValue, text)
}
