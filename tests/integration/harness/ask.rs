//! What all clients ask: requests without a socket, and the token call.

use hyper::Method;
use serde_json::Value;
use sync_group_sim::wire::Request;

/// A request with a token and a JSON body, where there are any.
pub(crate) fn request(method: Method, target: &str, token: Option<&str>, body: Option<&Value>) -> Request {
    let mut request = Request::new(method, target).unwrap();
    if let Some(token) = token {
        request = request.bearer(token);
    }
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

/// The target of a token call; `prefix` is a tenant's, or empty.
pub(crate) fn token_call(prefix: &str, id: &str, secret: &str) -> String {
    format!("{prefix}/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}")
}
