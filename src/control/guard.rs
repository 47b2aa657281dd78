//! Who may use the control API. On loopback everybody on this machine, beyond it anybody with the token; but in neither
//! case a page of another site. It is checked once per request, from its head: before its body is read, before its tenant
//! is looked for.

use hyper::StatusCode;
use hyper::header::{HOST, HeaderName, ORIGIN};

use super::ControlError;
use crate::wire::Request;
use crate::world::{ControlPolicy, World};

/// How a browser says whose page makes a request.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses callers that the control policy does not allow. A call that `is_open` needs no token.
pub(super) fn admit(world: &World, request: &Request, is_open: bool) -> Result<(), ControlError> {
    match &world.control {
        ControlPolicy::Off => {
            Err(ControlError::new(StatusCode::NOT_FOUND, "the control API is off; start with `--control on`"))
        }
        ControlPolicy::Token(token) => {
            own_site(request)?;
            if is_open || credential(request).is_some_and(|given| is_same(given, token)) {
                return Ok(());
            }
            let message = "no valid control token; expected `Authorization: Bearer <token>` with the token \
                that was printed at start or given as `--control-token`";
            Err(ControlError::new(StatusCode::UNAUTHORIZED, message))
        }
        ControlPolicy::Local => {
            own_host(world, request)?;
            own_origin(world, request)?;
            own_site(request)
        }
    }
}

/// The caller's credential. A browser cannot be told to send this field and will send a cookie: that is checked
/// here.
fn credential(request: &Request) -> Option<&str> {
    request.bearer_token()
}

fn own_host(world: &World, request: &Request) -> Result<(), ControlError> {
    // There may be several, and any may be the one that is meant: all must be ours.
    let hosts = request.headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    let mut hosts = hosts.chain(request.authority());
    match hosts.find(|host| !world.is_own(host)) {
        Some(host) => Err(foreign("Host", host)),
        None => Ok(()),
    }
}

fn own_origin(world: &World, request: &Request) -> Result<(), ControlError> {
    let mut origins = request.headers.get_all(ORIGIN).iter().map(|origin| origin.to_str().unwrap_or("?"));
    let is_own = |origin: &str| {
        origin
            .split_once("://")
            .is_some_and(|(_, authority)| !authority.contains(['/', '?', '#']) && world.is_own(authority))
    };
    match origins.find(|origin| !is_own(origin)) {
        Some(origin) => Err(foreign("Origin", origin)),
        None => Ok(()),
    }
}

/// A browser says when a page of another site is behind a request; a client that is not a browser says nothing.
fn own_site(request: &Request) -> Result<(), ControlError> {
    let sites = request.headers.get_all(SEC_FETCH_SITE).iter();
    if sites.into_iter().any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site")) {
        let message = "`Sec-Fetch-Site: cross-site` says that a page of another site asks; expected one of this \
            machine's, or a client that is not a browser";
        return Err(ControlError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

fn foreign(what: &str, found: &str) -> ControlError {
    let message =
        format!("{what} `{found}` is foreign; expected a loopback name or a tenant's, and a port if any");
    ControlError::new(StatusCode::FORBIDDEN, message)
}

/// Compares every byte, so that the time taken reveals nothing about the token.
fn is_same(given: &str, token: &str) -> bool {
    let differing = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && differing == 0
}
