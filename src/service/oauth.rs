//! The token endpoint and the description of the organisation.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::json;

use super::{Call, Change, Done, View};
use crate::auth::POD;
use crate::wire::{Refusal, Reply};

/// `POST /oauth/token`.
pub(super) fn token(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let issued = view.auth.decide_token(call.context.form(), call.token_lifetime, call.now)?;
    // RFC 6749, 5.1.
    let reply = Reply::json(StatusCode::OK, issued.body.clone())
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(Done::new(reply, vec![Change::Token(Box::new(issued))]))
}

/// `GET /oauth/info`.
pub(super) fn info(view: &View<'_>, call: &Call<'_>) -> Done {
    let issuer = view.auth.issuer();
    let base_url = call.base_url;
    let body = json!({
        "tenantId": issuer.id,
        "tenantName": issuer.name,
        "authorizeEndpoint": format!("{base_url}/oauth/authorize"),
        "tokenEndpoint": format!("{base_url}/oauth/token"),
        "cloudDomainUrl": base_url.to_string(),
        "logoutUrl": format!("{base_url}/logout"),
        "pod": POD,
    });
    Reply::json(StatusCode::OK, body.to_string()).into()
}
