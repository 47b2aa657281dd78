//! Token calls: credentials and a grant in, tokens or an OAuth error out. A token is decided here; that it was
//! issued is a change, which the tenant applies ([`Auth::note_issued`]).

use std::borrow::Cow;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;

use super::Auth;
use super::claims::{Answer, Claims, claims};
use super::session::{ALL_SCOPES, DEFAULT_SCOPE, Session};
use crate::clock::Timestamp;
use crate::fixture::{Client, Grant};
use crate::wire::Refusal;
use crate::wire::form::Form;

/// How long a refresh token lives: a day (vendor's OAuth client example, 2026-08).
const REFRESH_LIFETIME: Duration = Duration::from_hours(24);

/// A token that was decided on, and the answer that carries it.
#[derive(Debug)]
pub(crate) struct Issued {
    /// The body of the 200.
    pub(crate) body: Bytes,
    pub(super) access_token: String,
    pub(super) session: Session,
}

impl Issued {
    /// The access token's id.
    pub(crate) fn jti(&self) -> &str {
        &self.session.jti
    }
}

impl Auth {
    /// Decides a token call.
    pub(crate) fn decide_token(
        &self,
        form: &Form,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Issued, Refusal> {
        let client = client_of(&self.clients, form)?;
        let grant = form
            .get("grant_type")
            .ok_or_else(|| oauth(StatusCode::BAD_REQUEST, "invalid_request", "Missing grant type"))?;
        // The vendor's own table writes grants in capitals, its examples in lower case.
        let scopes = match grant.to_ascii_lowercase().as_str() {
            "client_credentials" => {
                granted(client, Grant::ClientCredentials, grant)?;
                Cow::Borrowed(&client.scopes[..])
            }
            "refresh_token" => {
                granted(client, Grant::RefreshToken, grant)?;
                Cow::Owned(self.refreshed_scopes(form, client, now)?)
            }
            _ => {
                let description = format!("Unsupported grant type: {grant}");
                return Err(oauth(StatusCode::BAD_REQUEST, "unsupported_grant_type", &description));
            }
        };
        let scopes = narrow(scopes, form.get("scope"), client.user.is_some())?;
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
        if now >= self.ids.expiry(&claims) {
            return refused(" (expired)");
        }
        Ok(claims.scope.into_owned())
    }

    /// A new access token and, for a client that may use one, a refresh token, in the shape of the service's answer.
    fn tokens(&self, client: &Client, scopes: &[String], lifetime: Duration, now: Timestamp) -> Issued {
        let nth = self.issued + 1;
        let jti = self.ids.id("access-token", nth);
        let claims = claims(&self.issuer, client, scopes, &jti, now.plus(lifetime));
        let access_token = self.key.sign(&claims.to_json());
        let session = Session::of(&claims, &client.name, now.plus(lifetime));
        let refresh_token = client.grants.contains(&Grant::RefreshToken).then(|| {
            let refresh_jti = self.ids.id("refresh-token", nth);
            self.key.sign(&claims.of_refresh_token(&refresh_jti, now.plus(REFRESH_LIFETIME)))
        });
        let expires_in = lifetime.as_secs();
        let answer =
            Answer { access_token: &access_token, refresh_token: refresh_token.as_deref(), expires_in };
        let text = claims.answer(&answer);
        Issued { body: text.into(), access_token, session }
    }
}

/// The client whose credentials `form` has.
fn client_of<'a>(clients: &'a [Client], form: &Form) -> Result<&'a Client, Refusal> {
    let unauthorized = || {
        let description = "Full authentication is required to access this resource";
        oauth(StatusCode::UNAUTHORIZED, "unauthorized", description)
    };
    let (Some(id), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else {
        return Err(unauthorized().because(why_incomplete(form)));
    };
    let named = clients.iter().find(|client| client.client_id == id);
    let client = named.filter(|client| client.client_secret == secret);
    let refusal = || {
        // Users of a third party's client saw this at the real service, where the credentials are sent as Basic.
        if form.is_basic("client_secret") {
            return unauthorized();
        }
        oauth(StatusCode::UNAUTHORIZED, "invalid_client", "Bad client credentials")
    };
    client.ok_or_else(|| {
        refusal().because(match named {
            Some(_) => "the client_secret is not that of the client with this client_id",
            None => "no client of this tenant has this client_id",
        })
    })
}

/// Which credentials are missing, and where they may have been.
fn why_incomplete(form: &Form) -> String {
    let missing = match (form.get("client_id"), form.get("client_secret")) {
        (None, None) => "no client_id and no client_secret were found",
        (None, _) => "no client_id was found",
        _ => "no client_secret was found",
    };
    match form.unread() {
        [] => missing.to_owned(),
        unread => format!("{missing}: {}", unread.join(", and ")),
    }
}

/// Refuses a client that may not ask for tokens this way.
fn granted(client: &Client, needed: Grant, asked: &str) -> Result<(), Refusal> {
    if client.grants.contains(&needed) {
        return Ok(());
    }
    // Invented: the words of the framework that the service is known to use.
    let description = format!("Unauthorized grant type: {asked}");
    Err(oauth(StatusCode::UNAUTHORIZED, "invalid_client", &description))
}

/// The requested scopes, each of which must be among (or under) those that may be granted, or the one that every user has.
fn narrow<'a>(
    given: Cow<'a, [String]>,
    asked: Option<&str>,
    has_user: bool,
) -> Result<Cow<'a, [String]>, Refusal> {
    let Some(asked) = asked.filter(|asked| !asked.trim().is_empty()) else { return Ok(given) };
    let may_all = given.iter().any(|scope| scope == ALL_SCOPES);
    let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
    let is_default = |scope: &&String| has_user && *scope == DEFAULT_SCOPE;
    match asked.iter().find(|scope| !may_all && !given.contains(scope) && !is_default(scope)) {
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
