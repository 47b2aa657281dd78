//! What tokens say (their claims), and what a token call is told, as the vendor documents both.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Issuer, POD};
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::fixture::Client;
use crate::wire::json::{self, Object};

/// The claims of an access token, as the vendor documents them.
#[expect(clippy::struct_excessive_bools, reason = "the vendor's claims")]
#[derive(Debug, Deserialize)]
pub(super) struct Claims<'a> {
    pub(super) tenant_id: Cow<'a, str>,
    pub(super) internal: bool,
    pub(super) pod: Cow<'a, str>,
    pub(super) org: Cow<'a, str>,
    #[serde(default)]
    pub(super) identity_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) user_name: Option<Cow<'a, str>>,
    pub(super) strong_auth: bool,
    pub(super) authorities: Cow<'a, [String]>,
    pub(super) client_id: Cow<'a, str>,
    pub(super) strong_auth_supported: bool,
    #[serde(default)]
    pub(super) user_id: Option<Cow<'a, str>>,
    pub(super) scope: Cow<'a, [String]>,
    pub(super) exp: i64,
    pub(super) jti: Cow<'a, str>,
    pub(super) enabled: bool,
    #[serde(rename = "accessType")]
    pub(super) access_type: Cow<'a, str>,
    /// The access token that a refresh token was issued with; only refresh tokens have it.
    #[serde(default)]
    pub(super) ati: Option<Cow<'a, str>>,
}

/// The authority of a token without a user.
const API_AUTHORITY: &str = "API";

/// The answer to a token call: the tokens, beside what the access token says.
pub(super) struct Answer<'a> {
    pub(super) access_token: &'a str,
    /// Of a client that may use one.
    pub(super) refresh_token: Option<&'a str>,
    pub(super) expires_in: u64,
}

impl Claims<'_> {
    /// The claims as JSON.
    pub(super) fn to_json(&self) -> Vec<u8> {
        self.write(&self.jti, self.exp, None)
    }

    /// The claims of the refresh token that goes with an access token with these claims, as JSON.
    pub(super) fn of_refresh_token(&self, jti: &str, expires: Timestamp) -> Vec<u8> {
        self.write(jti, expires.as_seconds(), Some(&self.jti))
    }

    /// By hand, because every token call writes them twice.
    fn write(&self, jti: &str, exp: i64, ati: Option<&str>) -> Vec<u8> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        let mut object = Object::begin(&mut text);
        object.text("tenant_id", &self.tenant_id).flag("internal", self.internal).text("pod", &self.pod);
        object.text("org", &self.org).text_if("identity_id", self.identity_id.as_deref());
        object.text_if("user_name", self.user_name.as_deref()).flag("strong_auth", self.strong_auth);
        json::texts(object.member("authorities"), self.authorities.iter().map(String::as_str));
        object.text("client_id", &self.client_id).flag("strong_auth_supported", self.strong_auth_supported);
        object.text_if("user_id", self.user_id.as_deref());
        json::texts(object.member("scope"), self.scope.iter().map(String::as_str));
        json::value(object.member("exp"), &exp);
        object.text("jti", jti).flag("enabled", self.enabled).text("accessType", &self.access_type);
        object.text_if("ati", ati);
        object.end();
        text
    }

    /// The body of the answer to a token call, when these are the access token's claims.
    pub(super) fn answer(&self, answer: &Answer<'_>) -> Vec<u8> {
        let Answer { access_token, refresh_token, expires_in } = *answer;
        let mut text =
            Vec::with_capacity(access_token.len() + refresh_token.map_or(0, str::len) + USUAL_BYTES);
        let mut object = Object::begin(&mut text);
        object.text("access_token", access_token).text("token_type", "bearer");
        object.text_if("refresh_token", refresh_token);
        json::value(object.member("expires_in"), &expires_in);
        object.text("scope", &self.scope.join(" ")).text("accessType", &self.access_type);
        object.text("tenant_id", &self.tenant_id).flag("internal", self.internal).text("pod", &self.pod);
        object.flag("strong_auth_supported", self.strong_auth_supported).text("org", &self.org);
        object.text_if("user_id", self.user_id.as_deref());
        object.text_if("identity_id", self.identity_id.as_deref());
        object.text_if("user_name", self.user_name.as_deref()).flag("strong_auth", self.strong_auth);
        object.flag("enabled", self.enabled).text("jti", &self.jti);
        object.end();
        text
    }
}

/// Room for nearly all claims, so that it need not grow.
const USUAL_BYTES: usize = 1_024;

/// The number that tokens call an identity by, beside its id: six digits that follow from it.
fn user_number(identity: &str) -> String {
    (100_000 + Chance::new(0, identity).mask(b"user number ") % 900_000).to_string()
}

/// The claims of a new access token.
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
        user_id: user.map(|user| user_number(&user.id).into()),
        scope: scopes.into(),
        exp: expires.as_seconds(),
        jti: jti.into(),
        enabled: true,
        access_type: "OFFLINE".into(),
        ati: None,
    }
}
