//! What operations do, a file per resource. A handler gets a request that was allowed, counted, routed and
//! checked; it changes the tenant or refuses, never both.

mod oauth;
mod password_sync_groups;

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::contract::{Checked, Route};
use crate::operation::Operation;
use crate::tenant::history::Past;
use crate::tenant::{TenantOptions, TenantState};
use crate::wire::form::Form;
use crate::wire::{BaseUrl, Refusal, Reply};

/// What a handler is told.
#[derive(Debug)]
pub struct Call<'a> {
    /// Where the request led.
    pub route: &'a Route<'a>,
    /// What it asks, in types.
    pub checked: Checked,
    /// The parameters of a token call.
    pub form: Form,
    /// What the client calls the base URL.
    pub base_url: BaseUrl<'a>,
    /// How the tenant behaves.
    pub options: &'a TenantOptions,
    /// The OAuth client's id; empty for a call without token.
    pub client: Arc<str>,
    /// Whether only the answer is wanted: nothing is written, but for a token that is issued.
    pub is_rehearsal: bool,
    /// The time that a read goes back to, if it is stale.
    pub past: Option<Past<'a>>,
    /// The tenant's time.
    pub now: Timestamp,
}

/// Performs an operation.
pub fn perform(state: &mut TenantState, call: Call<'_>) -> Result<Reply, Refusal> {
    match call.route.operation {
        Operation::GetPasswordSyncGroups => Ok(password_sync_groups::list(state, &call)),
        Operation::CreatePasswordSyncGroup => password_sync_groups::create(state, call),
        Operation::GetPasswordSyncGroup => password_sync_groups::get(state, &call),
        Operation::UpdatePasswordSyncGroup => password_sync_groups::update(state, call),
        Operation::DeletePasswordSyncGroup => password_sync_groups::delete(state, &call),
        Operation::Token => oauth::token(state, &call),
        Operation::OauthInfo => Ok(oauth::info(state, &call)),
    }
}
