//! The token endpoint and the description of the organisation.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::json;

use super::Call;
use crate::tenant::TenantState;
use crate::tenant::auth::POD;
use crate::wire::{Refusal, Reply};

/// `POST /oauth/token`.
pub(super) fn token(state: &mut TenantState, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = state.auth.issue(&call.form, call.options.token_lifetime, call.now)?;
    // RFC 6749, 5.1.
    Ok(Reply::json(StatusCode::OK, body).with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

/// `GET /oauth/info`.
pub(super) fn info(state: &TenantState, call: &Call<'_>) -> Reply {
    let organisation = state.auth.organisation();
    let base_url = call.base_url;
    let body = json!({
        "tenantId": organisation.id,
        "tenantName": organisation.name,
        "authorizeEndpoint": format!("{base_url}/oauth/authorize"),
        "tokenEndpoint": format!("{base_url}/oauth/token"),
        "cloudDomainUrl": base_url.to_string(),
        "logoutUrl": format!("{base_url}/logout"),
        "pod": POD,
    });
    Reply::json(StatusCode::OK, body.to_string())
}
