//! Whether a request keeps the contract: its header, its parameters and its body. Each way in which it does not is
//! a violation with the code and the text that the client is told; several come in a fixed order.

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::Value;

use super::body::Content;
use super::facts::Parameter;
use super::parameter::{self, ParameterValue};
use super::route::{Found, Route};
use super::{Contract, Violation, body, selection};
use crate::prerequisites::Prerequisites;
use crate::query::Selection;
use crate::wire::{Body, Refusal, Request};

/// What a valid request asks for, in types.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    parameters: &'static [Parameter],
    values: Vec<ParameterValue>,
    /// The JSON body, a JSON Patch included; null for an operation without one.
    pub body: Value,
    /// Which records of a list are asked for, and in what order; `None` for the list as it is.
    pub selection: Option<Box<Selection>>,
    /// The body of a `multipart/form-data` request as it was sent.
    pub multipart: Option<Box<Multipart>>,
}

/// A `multipart/form-data` body that has not been read yet.
#[derive(Clone, Debug)]
pub struct Multipart {
    /// The `Content-Type`, which names the boundary.
    pub content_type: HeaderValue,
    /// All of it.
    pub bytes: Bytes,
}

impl Arguments {
    /// A whole-number parameter, given or by default; 0 when it is neither.
    pub fn integer(&self, name: &str) -> usize {
        match self.parameter(name) {
            Some(ParameterValue::Integer(number)) => usize::try_from(*number).unwrap_or_default(),
            _ => 0,
        }
    }

    /// A yes-or-no parameter, given or by default; no when it is neither.
    pub fn boolean(&self, name: &str) -> bool {
        matches!(self.parameter(name), Some(ParameterValue::Boolean(true)))
    }

    /// A text parameter, given or by default.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.parameter(name) {
            Some(ParameterValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn parameter(&self, name: &str) -> Option<&ParameterValue> {
        let place = self.parameters.iter().position(|parameter| parameter.name == name)?;
        self.values.get(place)
    }
}

/// The header by which a client says that it knows an operation to be experimental.
const EXPERIMENTAL: &str = "x-sailpoint-experimental";

impl Contract {
    /// Checks a request against the contract of the operation it leads to.
    pub fn check(
        &self,
        route: &Route<'_>,
        request: &Request,
        prerequisites: Prerequisites,
    ) -> Result<Arguments, Refusal> {
        self.check_found(&route.found, request, prerequisites)
    }

    /// Checks what a JSON Patch, the body of the request that `route` led to, made of a record.
    pub fn check_result(&self, route: &Route<'_>, record: &Value) -> Result<(), Refusal> {
        let mut violations = Vec::new();
        if let Some(facts) = &route.found.facts.body {
            self.bodies[route.found.index].check_result(facts, record, &mut violations);
        }
        refusal(violations).map_or(Ok(()), Err)
    }

    pub(super) fn check_found(
        &self,
        found: &Found<'_>,
        request: &Request,
        prerequisites: Prerequisites,
    ) -> Result<Arguments, Refusal> {
        if let Body::TooLarge { limit } = request.body {
            return Err(Refusal::PayloadTooLarge { limit });
        }
        if let Some(coding) = request.content_coding() {
            return Err(Refusal::UnsupportedCoding { coding: coding.into_owned() });
        }
        let says_experimental = || {
            let value = request.headers.get(EXPERIMENTAL);
            value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
        };
        if found.in_version.is_experimental && !says_experimental() {
            return Err(Refusal::NotExperimental);
        }
        let mut arguments = Arguments::default();
        let mut violations = Vec::new();
        check_parameters(found, request, &mut arguments, &mut violations);
        if let (Some(listing), Some(query)) = (&found.in_version.listing, request.uri.query()) {
            let rows = &self.service.rows[listing.rows];
            arguments.selection = selection::read(rows, listing, query, &mut violations).map(Box::new);
        }
        if let Some(facts) = &found.facts.body
            && let Some(content) = body::read(facts, request)?
        {
            match content {
                Content::Json(value) => {
                    self.bodies[found.index].check(facts, &value, prerequisites, &mut violations);
                    arguments.body = value;
                }
                Content::Multipart(multipart) => arguments.multipart = Some(Box::new(multipart)),
            }
        }
        refusal(violations).map_or(Ok(arguments), Err)
    }
}

fn check_parameters(
    found: &Found<'_>,
    request: &Request,
    arguments: &mut Arguments,
    violations: &mut Vec<Violation>,
) {
    let parameters = found.facts.parameters.0;
    if parameters.is_empty() {
        return;
    }
    arguments.parameters = parameters;
    arguments.values.reserve_exact(parameters.len());
    let query = request.uri.query().unwrap_or_default();
    for parameter in parameters {
        match parameter::check(parameter, query, &request.headers) {
            Ok(value) => arguments.values.push(value),
            Err(violation) => violations.push(violation),
        }
    }
}

/// The refusal that names all violations, in their order; `None` when there are none.
fn refusal(mut violations: Vec<Violation>) -> Option<Refusal> {
    violations.sort_by_key(|violation| violation.code);
    let asides = violations.iter_mut().filter_map(|violation| violation.aside.take());
    let aside = asides.reduce(|first, next| first + "; " + &next);
    let mut violations = violations.into_iter();
    let Violation { code, text, .. } = violations.next()?;
    let further = violations.map(|violation| violation.text).collect();
    Some(Refusal::BadRequest { code, text, further, aside })
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::super::Routed;
    use super::*;
    use crate::wire::DetailCode;

    fn check(method: Method, target: &str, body: Option<&str>) -> Result<Arguments, (DetailCode, String)> {
        let contract = Contract::built_in();
        let mut request = Request::new(method, target).unwrap();
        if let Some(body) = body {
            request = request.body("application/json", body.to_owned());
        }
        let Routed::Found(route) = contract.route(&request.method, request.uri.path()) else {
            panic!("{target}")
        };
        contract.check(&route, &request, Prerequisites::Enforce).map_err(|refusal| match refusal {
            Refusal::BadRequest { code, text, .. } => (code, text),
            other => panic!("{other:?}"),
        })
    }

    fn list(query: &str) -> Result<(usize, usize, bool), String> {
        let arguments = check(Method::GET, &format!("/v3/password-sync-groups?{query}"), None);
        arguments
            .map(|arguments| {
                (arguments.integer("limit"), arguments.integer("offset"), arguments.boolean("count"))
            })
            .map_err(|(code, text)| {
                assert_eq!(code, DetailCode::IllegalValue);
                text
            })
    }

    #[test]
    fn page_parameters_have_bounds_and_defaults() {
        assert_eq!(list(""), Ok((250, 0, false)));
        assert_eq!(list("limit=0&offset=2147483647&count=True"), Ok((0, 2_147_483_647, true)));
        assert_eq!(list("limit=7&limit=9999&filters=x&count=FALSE"), Ok((7, 0, false)));
        for (query, text) in [
            ("limit=251", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"251\"."),
            ("limit=-1", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"-1\"."),
            ("offset=", "Query parameter \"offset\" must be an integer from 0 to 2147483647, but is \"\"."),
            (
                "offset=2147483648",
                "Query parameter \"offset\" must be an integer from 0 to 2147483647, but is \"2147483648\".",
            ),
            ("limit=1.0", "Query parameter \"limit\" must be an integer from 0 to 250, but is \"1.0\"."),
            ("count=yes", "Query parameter \"count\" must be true or false, but is \"yes\"."),
        ] {
            assert_eq!(list(query), Err(text.to_owned()), "{query}");
        }
    }

    #[test]
    fn a_violation_in_a_body_names_the_field_and_the_reason() {
        let good = r#""name": "n", "passwordPolicyId": "p""#;
        for (body, code, text) in [
            ("", DetailCode::Syntax, "The request could not be parsed."),
            ("{", DetailCode::Syntax, "The request could not be parsed."),
            (
                "[]",
                DetailCode::Syntax,
                "The request could not be parsed. The body must be an object, but is an array.",
            ),
            (
                r#"{"name": 7, "passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Syntax,
                "The request could not be parsed. Field \"name\" must be a string, but is a number.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", 1]}}"),
                DetailCode::Syntax,
                "The request could not be parsed. Field \"sourceIds[1]\" must be a string, but is a number.",
            ),
            (
                r#"{"passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"name\" was missing or empty.",
            ),
            (
                r#"{"name": " ", "passwordPolicyId": "p", "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"name\" was missing or empty.",
            ),
            (
                r#"{"name": "n", "passwordPolicyId": null, "sourceIds": ["a", "b"]}"#,
                DetailCode::Missing,
                "Required field \"passwordPolicyId\" was missing or empty.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": []}}"),
                DetailCode::Missing,
                "Required field \"sourceIds\" was missing or empty.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\"]}}"),
                DetailCode::IllegalValue,
                "Field \"sourceIds\" must have at least 2 items, but has 1.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", \"a\"]}}"),
                DetailCode::IllegalValue,
                "Field \"sourceIds\" must not contain duplicates.",
            ),
            (
                &format!("{{{good}, \"sourceIds\": [\"a\", \"b\"], \"created\": \"yesterday\"}}"),
                DetailCode::IllegalValue,
                "Field \"created\" must be a date-time, but is \"yesterday\".",
            ),
        ] {
            let found = check(Method::POST, "/v3/password-sync-groups", Some(body));
            assert_eq!(found.unwrap_err(), (code, text.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_long_value_is_cut_where_it_is_quoted() {
        let long = "x".repeat(100_000);
        let body = format!(
            r#"{{"name": "n", "passwordPolicyId": "p", "sourceIds": ["a", "b"], "created": "{long}"}}"#
        );
        let (_, text) = check(Method::POST, "/v3/password-sync-groups", Some(&body)).unwrap_err();
        assert_eq!(text, format!("Field \"created\" must be a date-time, but is \"{} ….", "x".repeat(199)));
    }

    #[test]
    fn what_clients_echo_is_accepted() {
        let body = r#"{"id": "x", "name": "n", "passwordPolicyId": "p", "sourceIds": ["a", "b"], "extra": {},
            "created": "2026-11-23T21:27:31.965000+00:00", "modified": null}"#;
        assert!(check(Method::POST, "/v3/password-sync-groups", Some(body)).is_ok());
    }
}
