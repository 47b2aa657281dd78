//! What tokens say (their claims), and what a token call is told, as the vendor documents both.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Issuer, POD};
use crate::clock::Timestamp;
use crate::fixture::Client;

/// The claims of an access token, as the vendor documents them.
#[expect(clippy::struct_excessive_bools, reason = "the vendor's claims")]
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims<'a> {
    pub(super) tenant_id: Cow<'a, str>,
    pub(super) internal: bool,
    pub(super) pod: Cow<'a, str>,
    pub(super) org: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_name: Option<Cow<'a, str>>,
    pub(super) strong_auth: bool,
    pub(super) authorities: Cow<'a, [String]>,
    pub(super) client_id: Cow<'a, str>,
    pub(super) strong_auth_supported: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<Cow<'a, str>>,
    pub(super) scope: Cow<'a, [String]>,
    pub(super) exp: i64,
    pub(super) jti: Cow<'a, str>,
    pub(super) enabled: bool,
    #[serde(rename = "accessType")]
    pub(super) access_type: Cow<'a, str>,
    /// The access token that a refresh token was issued with; only refresh tokens have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ati: Option<Cow<'a, str>>,
}

/// The authority of a token without a user.
const API_AUTHORITY: &str = "API";
/// The answer to a token call, as the vendor documents it.
#[expect(clippy::struct_excessive_bools, reason = "the vendor's members")]
#[derive(Serialize)]
pub(super) struct Tokens<'a> {
    pub(super) access_token: &'a str,
    pub(super) token_type: &'static str,
    pub(super) refresh_token: &'a str,
    pub(super) expires_in: u64,
    pub(super) scope: &'a str,
    #[serde(rename = "accessType")]
    pub(super) access_type: &'static str,
    pub(super) tenant_id: &'a str,
    pub(super) internal: bool,
    pub(super) pod: &'static str,
    pub(super) strong_auth_supported: bool,
    pub(super) org: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_name: Option<&'a str>,
    pub(super) strong_auth: bool,
    pub(super) enabled: bool,
    pub(super) jti: &'a str,
}
pub(super) fn claims<'a>(
    issuer: &'a Issuer,
    client: &'a Client,
    scopes: &'a [String],
    jti: &'a str,
    expires: Timestamp,
) -> Claims<'a> {
    let user = client.user.as_ref();
    Claims {
        tenant_id: (&issuer.id).into(),
        internal: false,
        pod: POD.into(),
        org: (&issuer.name).into(),
        identity_id: user.map(|user| (&user.id).into()),
        user_name: user.map(|user| (&user.user_name).into()),
        strong_auth: true,
        authorities: user.map_or_else(
            || Cow::Owned(vec![API_AUTHORITY.to_owned()]),
            |user| Cow::Borrowed(&user.authorities[..]),
        ),
        client_id: (&client.client_id).into(),
        strong_auth_supported: true,
        user_id: user.map(|user| (&user.id).into()),
        scope: scopes.into(),
        exp: expires.as_seconds(),
        jti: jti.into(),
        enabled: true,
        access_type: "OFFLINE".into(),
        ati: None,
    }
}
