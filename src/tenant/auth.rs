//! Tokens: issuing them for a client's credentials, recognising them, and what each allows. Tokens are signed
//! and carry their own claims, as the service's are; what is kept here is a bounded memory of those seen
//! lately, so that the usual request costs one look-up.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::jwt::JwtError;
use super::jwt::{self, Key};
use super::latest::Latest;
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::Access;
use crate::fixture::Client;
use crate::wire::Refusal;
use crate::wire::form::Form;

/// How many sessions are remembered; a token beyond them is verified anew.
const SESSIONS: usize = 4_096;
/// How long a refresh token lives: a day (vendor's OAuth client example, 2026-08).
const REFRESH_LIFETIME: Duration = Duration::from_hours(24);
/// The scope that allows everything.
const ALL_SCOPES: &str = "sp:scopes:all";
/// The scopes' names until 2025-11-18; whether the service still takes them is not known, we do.
const FORMER_SCOPES: [(&str, &str); 2] = [
    ("idn:password-sync-group-management:read", "idn:password-sync-group:read"),
    ("idn:password-sync-group-management:write", "idn:password-sync-group:manage"),
];

/// What a tenant knows of clients and tokens.
#[derive(Clone, Debug)]
pub struct Auth {
    organisation: Organisation,
    key: Key,
    chance: Chance,
    clients: Arc<Vec<Client>>,
    issued: u64,
    sessions: HashMap<Box<str>, Arc<Session>, BuildHasherDefault<TailHasher>>,
    last_issued: String,
    /// Tokens that faults made expire.
    expired: Latest<()>,
    /// Scopes that faults took from tokens.
    lost_scopes: Latest<Vec<String>>,
}

/// What tokens and `GET /oauth/info` say of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    /// The tenant's name.
    pub name: String,
    /// A UUID drawn from the tenant's seed.
    pub id: String,
}

/// The name of the pod that every tenant is said to live in.
pub const POD: &str = "sim";

/// Whose token a request carries.
#[derive(Clone, Debug)]
pub enum Identified {
    /// It carries none.
    Nobody,
    /// It is no token of this tenant's.
    Stranger(JwtError),
    /// A token of this tenant's, expired or not.
    Known(Arc<Session>),
}

impl Identified {
    /// The session, where the token has one.
    pub fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Known(session) => Some(session),
            Self::Nobody | Self::Stranger(_) => None,
        }
    }
}

/// Hashes a token by its end: a signature is as random as a hash, and only tokens that were verified are kept.
#[derive(Clone, Copy, Debug, Default)]
struct TailHasher(u64);

impl Hasher for TailHasher {
    fn write(&mut self, bytes: &[u8]) {
        // `str` ends what it writes with a byte of its own, which says nothing.
        if let Some(tail) = bytes.last_chunk::<16>() {
            let [low, high] = [&tail[..8], &tail[8..]].map(|half| half.try_into().expect("eight bytes"));
            self.0 = u64::from_le_bytes(low) ^ u64::from_le_bytes(high).rotate_left(31);
            // The letters of base64 leave bits unused: spread what there is.
            self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 ^= self.0 >> 32;
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A valid token's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The token's id.
    pub jti: String,
    /// The OAuth client's id.
    pub client_id: Arc<str>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The user levels; `None` for a token without a user.
    pub authorities: Option<Vec<String>>,
    /// To the millisecond while it is remembered; to the second, rounded down, when it is read from the token.
    expires: Timestamp,
}

impl Session {
    fn of(claims: &Claims<'_>, expires: Timestamp) -> Self {
        Self {
            jti: claims.jti.to_string(),
            client_id: (&*claims.client_id).into(),
            scopes: claims.scope.to_vec(),
            authorities: claims.user_id.is_some().then(|| claims.authorities.to_vec()),
            expires,
        }
    }

    fn may(&self, access: &Access, lost: &[String]) -> Result<(), Refusal> {
        let allowed = match &self.authorities {
            Some(authorities) => {
                let is_high_enough = |level: &String| access.user_levels.contains(&level.as_str());
                self.has_scope(&access.user_scopes, lost)
                    && (access.user_levels.is_empty() || authorities.iter().any(is_high_enough))
            }
            None => access.application_scopes.as_ref().is_some_and(|scopes| self.has_scope(scopes, lost)),
        };
        if allowed { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// Whether one of the wanted scopes is there and not lost, if any is wanted.
    fn has_scope(&self, wanted: &[&str], lost: &[String]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let is_lost = |scope: &str| lost.iter().any(|lost| lost == scope);
        self.scopes.iter().map(|scope| current_name(scope)).filter(|scope| !is_lost(scope)).any(|scope| {
            wanted.iter().any(|wanted| (scope == ALL_SCOPES || *wanted == scope) && !is_lost(wanted))
        })
    }
}

/// A scope's name today.
fn current_name(scope: &str) -> &str {
    FORMER_SCOPES.iter().find(|(former, _)| *former == scope).map_or(scope, |(_, current)| current)
}

/// The claims of an access token, as the vendor documents them.
#[expect(clippy::struct_excessive_bools, reason = "the vendor's claims")]
#[derive(Debug, Serialize, Deserialize)]
struct Claims<'a> {
    tenant_id: Cow<'a, str>,
    internal: bool,
    pod: Cow<'a, str>,
    org: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_name: Option<Cow<'a, str>>,
    strong_auth: bool,
    authorities: Cow<'a, [String]>,
    client_id: Cow<'a, str>,
    strong_auth_supported: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_id: Option<Cow<'a, str>>,
    scope: Cow<'a, [String]>,
    exp: i64,
    jti: Cow<'a, str>,
    enabled: bool,
    #[serde(rename = "accessType")]
    access_type: Cow<'a, str>,
    /// The access token that a refresh token was issued with; only refresh tokens have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ati: Option<Cow<'a, str>>,
}

/// The authority of a token without a user.
const API_AUTHORITY: &str = "API";

impl Auth {
    /// The tokens of a tenant whose luck is `chance`.
    pub fn new(name: &str, chance: Chance, clients: Arc<Vec<Client>>) -> Self {
        let organisation = Organisation { name: name.to_owned(), id: chance.uuid("tenant", 0).to_string() };
        Self {
            organisation,
            key: Key::new(chance.bytes("token-key", 0)),
            chance,
            clients,
            issued: 0,
            sessions: HashMap::default(),
            last_issued: String::new(),
            expired: Latest::default(),
            lost_scopes: Latest::default(),
        }
    }

    /// The clients.
    pub fn clients(&self) -> &Arc<Vec<Client>> {
        &self.clients
    }

    /// Replaces the clients; tokens of those that stay remain valid.
    pub fn set_clients(&mut self, clients: Arc<Vec<Client>>) {
        self.clients = clients;
        self.sessions.clear();
    }

    /// The clients' secrets, for leaving them out of what is shown.
    pub fn secrets(&self) -> Vec<String> {
        self.clients.iter().map(|client| client.client_secret.clone()).collect()
    }

    /// What tokens say of the organisation.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// The tenant that a token says it is for, whoever signed it.
    pub fn organisation_of(token: &str) -> Option<String> {
        if let Some(name) = jwt::early_claim(token, "org") {
            return Some(name);
        }
        let claims: Value = serde_json::from_slice(&jwt::claims(token)?).ok()?;
        Some(claims["org"].as_str()?.to_owned())
    }

    /// Whose token a request carries, expired or not.
    pub fn identify(&mut self, token: Option<&str>, now: Timestamp) -> Identified {
        match token.map(|token| self.session(token, now)) {
            None => Identified::Nobody,
            Some(Ok(session)) => Identified::Known(session),
            Some(Err(error)) => Identified::Stranger(error),
        }
    }

    /// The session of a request that may go on, or the 401.
    pub fn admit<'a>(&self, identified: &'a Identified, now: Timestamp) -> Result<&'a Session, Refusal> {
        let unauthorized = |text: &str| Err(Refusal::Unauthorized(text.to_owned()));
        // Invented: the texts for strangers; only those for no token and for an expired one are known.
        match identified {
            Identified::Nobody => unauthorized("JWT is required"),
            Identified::Stranger(JwtError::Malformed) => {
                unauthorized("JWT validation failed: JWT is malformed")
            }
            Identified::Stranger(JwtError::Signature) => {
                unauthorized("JWT validation failed: JWT was not issued by this tenant")
            }
            Identified::Known(session) => {
                let is_expired = self.expired.of(&session.jti).is_some();
                if is_expired || now >= session.expires { Err(Refusal::expired_token()) } else { Ok(session) }
            }
        }
    }

    fn session(&mut self, token: &str, now: Timestamp) -> Result<Arc<Session>, JwtError> {
        if let Some(session) = self.sessions.get(token) {
            return Ok(Arc::clone(session));
        }
        let session = self.read(token)?;
        Ok(self.remember(token, session, now))
    }

    /// Refuses (403) a session without one of the scopes, the user level, or the user that an operation asks
    /// for, going by what faults left of it.
    pub fn permit(&self, session: &Session, access: &Access) -> Result<(), Refusal> {
        let lost = self.lost_scopes.of(&session.jti).map_or(&[][..], Vec::as_slice);
        session.may(access, lost)
    }

    /// Makes a token expire, for good.
    pub fn expire(&mut self, jti: &str) {
        self.expired.of_mut(jti);
    }

    /// Makes a token lose a scope, for good.
    pub fn lose_scope(&mut self, jti: &str, scope: &str) {
        let (lost, scope) = (self.lost_scopes.of_mut(jti), current_name(scope));
        if !lost.iter().any(|known| known == scope) {
            lost.push(scope.to_owned());
        }
    }

    /// The id of the access token that was issued last.
    pub fn last_issued(&self) -> &str {
        &self.last_issued
    }

    fn read(&self, token: &str) -> Result<Session, JwtError> {
        let claims: Claims<'_> = self.key.verify(token)?;
        if claims.ati.is_some() {
            return Err(JwtError::Malformed);
        }
        // A tenant of a name that another had before has its key, but not its clients.
        if !self.clients.iter().any(|client| client.client_id == *claims.client_id) {
            return Err(JwtError::Signature);
        }
        Ok(Session::of(&claims, Timestamp::from_millis(claims.exp.saturating_mul(1_000))))
    }

    fn remember(&mut self, token: &str, session: Session, now: Timestamp) -> Arc<Session> {
        if self.sessions.len() >= SESSIONS {
            self.sessions.retain(|_, session| now < session.expires);
        }
        if self.sessions.len() >= SESSIONS {
            self.sessions.clear();
        }
        let session = Arc::new(session);
        self.sessions.insert(token.into(), Arc::clone(&session));
        session
    }

    /// Answers a token call: the body of a 200, or an OAuth error.
    pub fn issue(&mut self, form: &Form, lifetime: Duration, now: Timestamp) -> Result<Vec<u8>, Refusal> {
        let clients = Arc::clone(&self.clients);
        let client = client_of(&clients, form)?;
        let grant = form
            .get("grant_type")
            .ok_or_else(|| oauth(StatusCode::BAD_REQUEST, "invalid_request", "Missing grant type"))?;
        // The vendor's own table writes grants in capitals, its examples in lower case.
        let scopes = match grant.to_ascii_lowercase().as_str() {
            "client_credentials" => Cow::Borrowed(&client.scopes[..]),
            "refresh_token" => Cow::Owned(self.refreshed_scopes(form, client, now)?),
            _ => {
                let description = format!("Unsupported grant type: {grant}");
                return Err(oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", &description));
            }
        };
        let scopes = narrow(scopes, form.get("scope"))?;
        let lifetime = client.token_lifetime.map_or(lifetime, |span| span.0);
        Ok(self.tokens(client, &scopes, lifetime, now))
    }

    /// The scopes of the refresh token in `form`, when it is the client's own and has not expired.
    fn refreshed_scopes(&self, form: &Form, client: &Client, now: Timestamp) -> Result<Vec<String>, Refusal> {
        let token = form
            .get("refresh_token")
            .ok_or_else(|| oauth(StatusCode::BAD_REQUEST, "invalid_request", "Missing refresh token"))?;
        let refused = |why: &str| {
            let description = format!("Invalid refresh token{why}");
            Err(oauth(StatusCode::BAD_REQUEST, "invalid_grant", &description))
        };
        let Ok(claims) = self.key.verify::<Claims<'_>>(token) else {
            return refused("");
        };
        if claims.ati.is_none() || *claims.client_id != client.client_id {
            return refused("");
        }
        if now.as_seconds() >= claims.exp {
            return refused(" (expired)");
        }
        Ok(claims.scope.into_owned())
    }

    /// A new access token and refresh token, in the shape of the service's answer.
    fn tokens(&mut self, client: &Client, scopes: &[String], lifetime: Duration, now: Timestamp) -> Vec<u8> {
        self.issued += 1;
        let jti = self.chance.uuid("access-token", self.issued).to_string();
        let refresh_jti = self.chance.uuid("refresh-token", self.issued).to_string();
        let mut claims = claims(&self.organisation, client, scopes, &jti, now.plus(lifetime));
        let access_token = self.key.sign(&claims);
        let session = Session::of(&claims, now.plus(lifetime));
        claims.exp = now.plus(REFRESH_LIFETIME).as_seconds();
        claims.ati = Some(std::mem::replace(&mut claims.jti, refresh_jti.into()));
        let refresh_token = self.key.sign(&claims);
        let user = client.user.as_ref();
        let body = Tokens {
            access_token: &access_token,
            token_type: "bearer",
            refresh_token: &refresh_token,
            expires_in: lifetime.as_secs(),
            scope: &scopes.join(" "),
            access_type: "OFFLINE",
            tenant_id: &self.organisation.id,
            internal: false,
            pod: POD,
            strong_auth_supported: true,
            org: &self.organisation.name,
            user_id: user.map(|user| &*user.id),
            identity_id: user.map(|user| &*user.id),
            user_name: user.map(|user| &*user.user_name),
            strong_auth: true,
            enabled: true,
            jti: &jti,
        };
        let mut text = Vec::with_capacity(access_token.len() + refresh_token.len() + 1_024);
        serde_json::to_writer(&mut text, &body).expect("texts can be written as JSON");
        // Remembered as it is meant: a token of one second lives for one second, whatever the clock's fraction.
        self.remember(&access_token, session, now);
        self.last_issued = jti;
        text
    }
}

/// The answer to a token call, as the vendor documents it.
#[expect(clippy::struct_excessive_bools, reason = "the vendor's members")]
#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    refresh_token: &'a str,
    expires_in: u64,
    scope: &'a str,
    #[serde(rename = "accessType")]
    access_type: &'static str,
    tenant_id: &'a str,
    internal: bool,
    pod: &'static str,
    strong_auth_supported: bool,
    org: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    strong_auth: bool,
    enabled: bool,
    jti: &'a str,
}

fn claims<'a>(
    organisation: &'a Organisation,
    client: &'a Client,
    scopes: &'a [String],
    jti: &'a str,
    expires: Timestamp,
) -> Claims<'a> {
    let user = client.user.as_ref();
    Claims {
        tenant_id: (&organisation.id).into(),
        internal: false,
        pod: POD.into(),
        org: (&organisation.name).into(),
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

/// The client whose credentials `form` has.
fn client_of<'a>(clients: &'a [Client], form: &Form) -> Result<&'a Client, Refusal> {
    let (Some(id), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else {
        let description = "Full authentication is required to access this resource";
        return Err(oauth(StatusCode::UNAUTHORIZED, "unauthorized", description));
    };
    clients
        .iter()
        .find(|client| client.client_id == id && client.client_secret == secret)
        .ok_or_else(|| oauth(StatusCode::UNAUTHORIZED, "invalid_client", "Bad client credentials"))
}

/// The scopes that are asked for, each of which must be among (or under) those that may be given.
fn narrow<'a>(given: Cow<'a, [String]>, asked: Option<&str>) -> Result<Cow<'a, [String]>, Refusal> {
    let Some(asked) = asked else { return Ok(given) };
    let may_all = given.iter().any(|scope| scope == ALL_SCOPES);
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    match asked.iter().find(|scope| !may_all && !given.contains(scope)) {
        Some(scope) => {
            let description = format!("Invalid scope: {scope}");
            Err(oauth(StatusCode::BAD_REQUEST, "invalid_scope", &description))
        }
        None => Ok(asked.into()),
    }
}

fn oauth(status: StatusCode, error: &'static str, description: &str) -> Refusal {
    Refusal::Oauth { status, error, description: description.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_lost_twice_is_remembered_once() {
        let mut auth = Auth::new("default", Chance::new(1, "default"), Arc::default());
        let id = "00000000-0000-4000-8000-000000000001";
        for scope in ["a:b", "a:b", "c:d"] {
            auth.lose_scope(id, scope);
        }
        assert_eq!(auth.lost_scopes.of(id).unwrap(), &["a:b", "c:d"]);
        assert!(auth.expired.of(id).is_none());
    }
}
