//! Keys: equal for calls that ask for the same, whatever the order of a query or of an object's members, and in whatever
//! tenant. Attempts at one thing are found by it, and what a client does anyway is compared by it between runs.

use std::hash::{DefaultHasher, Hash, Hasher};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use crate::operation::Operation;
use crate::wire::form::Form;
use crate::wire::path::canonical;
use crate::wire::{Body, Request, multipart, query};

/// A longer body is compared as it was written.
const LONGEST_JSON: usize = 1 << 20;

pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A digest of a body; of an absent one, 0. Some clients write the members of an object in another order each time, and
/// all draw the boundary of a multipart body anew.
pub(super) fn of_body(request: &Request) -> u64 {
    let Body::Whole(body) = &request.body else { return 0 };
    if body.is_empty() {
        return 0;
    }
    if let Some(parts) = multipart::of(request) {
        return hash(&parts);
    }
    let looks_like_json =
        body.len() <= LONGEST_JSON && matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    let json = looks_like_json.then(|| serde_json::from_slice::<Value>(body).ok()).flatten();
    match json {
        Some(mut value) => {
            value.sort_all_objects();
            hash(&value.to_string())
        }
        None => hash(&&body[..]),
    }
}

/// How a call asks: the types that it sends and takes, what it asks to be shown, and its conditions. A service that refused
/// one of them may well do the same with another.
pub(super) fn of_manner(request: &Request) -> u64 {
    const FIELDS: [&str; 6] = [
        "accept",
        "accept-encoding",
        "content-encoding",
        "x-sailpoint-experimental",
        "if-match",
        "if-none-match",
    ];
    let fields = FIELDS.map(|name| request.headers.get(name).map(HeaderValue::as_bytes));
    let kind = request.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    // The boundary of a multipart body is drawn anew each time.
    let is_multipart = kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    hash(&(fields, if is_multipart { &kind[..10] } else { kind }))
}

/// What a call asks for. Of a token call only the grant counts: its credentials are the tenant's own, they may stand in
/// several places, and the boundary of a multipart body is drawn anew each time.
pub(super) fn of(request: &Request, operation: Option<Operation>, path: &str, body: u64) -> u64 {
    if operation == Some(Operation::Token) {
        let form = Form::gather(request);
        return hash(&("token", form.get("grant_type")));
    }
    let mut query: Vec<_> = query::pairs(request.uri.query().unwrap_or_default()).collect();
    query.sort();
    hash(&(request.method.as_str(), canonical(path), query, body))
}

#[cfg(test)]
mod tests {
    use hyper::Method;
    use hyper::header::{ACCEPT, HeaderName};

    use super::*;

    fn key(request: &Request) -> u64 {
        let operation = (request.uri.path() == "/oauth/token").then_some(Operation::Token);
        of(request, operation, request.uri.path(), of_body(request))
    }

    fn post(target: &str, kind: &str, body: &str) -> u64 {
        key(&Request::new(Method::POST, target).unwrap().body(kind, body.to_owned()))
    }

    #[test]
    fn the_order_of_members_and_of_parameters_does_not_matter() {
        let json = "application/json";
        assert_eq!(post("/a", json, r#"{"x": 1, "y": 2}"#), post("/a", json, r#"{"y":2,"x":1}"#));
        assert_ne!(post("/a", json, r#"{"x": 1}"#), post("/a", json, r#"{"x":2}"#));
        assert_eq!(post("/a?b=1&c=2", json, ""), post("/a?c=2&b=1", json, ""));
    }

    #[test]
    fn a_header_field_that_may_mend_a_refusal_makes_another_manner_of_asking() {
        let request = || Request::new(Method::GET, "/v2024/sources").unwrap();
        let experimental = request().header(HeaderName::from_static("x-sailpoint-experimental"), "true");
        assert_ne!(of_manner(&request()), of_manner(&experimental));
        assert_ne!(
            of_manner(&request().header(ACCEPT, "text/html")),
            of_manner(&request().header(ACCEPT, "*/*"))
        );
        assert_eq!(of_manner(&request().bearer("a")), of_manner(&request().bearer("b")));
        let upload = |boundary: &str| {
            of_manner(&request().body(&format!("multipart/form-data; boundary={boundary}"), "x"))
        };
        assert_eq!(upload("one"), upload("two"));
    }

    #[test]
    fn the_boundary_of_a_multipart_body_does_not_matter() {
        let upload = |boundary: &str, words: &str| {
            let part = "Content-Disposition: form-data; name=\"file\"; filename=\"words.txt\"";
            let body = format!("--{boundary}\r\n{part}\r\n\r\n{words}\r\n--{boundary}--\r\n");
            post("/v2024/password-dictionary", &format!("multipart/form-data; boundary={boundary}"), &body)
        };
        assert_eq!(upload("one", "# dictionary"), upload("two", "# dictionary"));
        assert_ne!(upload("one", "# dictionary"), upload("one", "# other"));
    }

    #[test]
    fn token_calls_are_equal_whatever_their_boundary_and_credentials_are() {
        let multipart = |boundary: &str, secret: &str| {
            let part = |name: &str, value: &str| {
                format!("--{boundary}\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
            };
            let body = part("grant_type", "client_credentials") + &part("client_secret", secret);
            let kind = format!("multipart/form-data; boundary={boundary}");
            post("/oauth/token", &kind, &format!("{body}--{boundary}--\r\n"))
        };
        let form = "application/x-www-form-urlencoded";
        let usual = post("/oauth/token", form, "grant_type=client_credentials&client_secret=c");
        assert_eq!(multipart("one", "a"), multipart("two", "b"));
        assert_eq!(multipart("one", "a"), usual);
        assert_ne!(usual, post("/oauth/token", form, "grant_type=refresh_token&refresh_token=d"));
    }
}
