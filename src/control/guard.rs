//! Who may use the control API. On loopback everybody on this machine, but no page of another site; beyond it
//! anybody with the token. It is checked once per request, from its head: before its body is read, before its tenant
//! is looked for.

use hyper::StatusCode;
use hyper::header::{HOST, ORIGIN};

use super::ControlError;
use crate::wire::Request;
use crate::world::{ControlPolicy, World, host_of};

/// Refuses callers that the control policy does not allow. A call that `is_open` needs no token.
pub(super) fn admit(world: &World, request: &Request, is_open: bool) -> Result<(), ControlError> {
    match &world.control {
        ControlPolicy::Off => {
            Err(ControlError::new(StatusCode::NOT_FOUND, "the control API is off; start with `--control on`"))
        }
        ControlPolicy::Token(token) => {
            if is_open || credential(request).is_some_and(|given| is_same(given, token)) {
                return Ok(());
            }
            let message = "no valid control token; expected `Authorization: Bearer <token>` with the token \
                that was printed at start or given as `--control-token`";
            Err(ControlError::new(StatusCode::UNAUTHORIZED, message))
        }
        ControlPolicy::Local => own_host(world, request).and_then(|()| own_origin(world, request)),
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
    match hosts.find(|host| host.contains('@') || !world.is_own_host(host_of(host))) {
        Some(host) => Err(foreign("Host", host)),
        None => Ok(()),
    }
}

fn own_origin(world: &World, request: &Request) -> Result<(), ControlError> {
    let mut origins = request.headers.get_all(ORIGIN).iter().map(|origin| origin.to_str().unwrap_or("?"));
    let is_own = |origin: &str| {
        origin.split_once("://").is_some_and(|(_, authority)| {
            !authority.contains(['/', '?', '#', '@']) && world.is_own_host(host_of(authority))
        })
    };
    match origins.find(|origin| !is_own(origin)) {
        Some(origin) => Err(foreign("Origin", origin)),
        None => Ok(()),
    }
}

fn foreign(what: &str, found: &str) -> ControlError {
    let message = format!("{what} `{found}` is foreign; expected a loopback name or a tenant's");
    ControlError::new(StatusCode::FORBIDDEN, message)
}

/// Compares every byte, so that the time taken reveals nothing about the token.
fn is_same(given: &str, token: &str) -> bool {
    let differing = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && differing == 0
}
