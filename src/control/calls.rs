//! The calls, a line each: method, path below `/_sim`, what it does, and the function that does it. A quick one is
//! answered where it was read; a slow one, which may have much to read, write or compute, on a thread where no other
//! connection waits for it.

use std::borrow::Cow;

use hyper::{Method, StatusCode};

use super::answer::{clock, journal, passwords, scenario, server, state, tenants, verdicts};
use super::{Answer, ControlError, ControlRequest, PREFIX, method_name, steps};
use crate::document::nearest;
use crate::wire::query;

/// A call of the control API.
#[derive(Debug)]
pub(crate) struct ControlCall {
    pub(super) method: &'static str,
    /// Below `/_sim/`; a step in braces stands for a name.
    pub(super) path: &'static str,
    /// What it does, word for word as in the control API's document.
    pub(super) summary: &'static str,
    is_slow: bool,
    is_open: bool,
    is_of_server: bool,
    answer: fn(&ControlRequest<'_>) -> Answer,
}

/// Every call.
#[rustfmt::skip]
pub(super) static CALLS: &[ControlCall] = &[
    quick("GET",    "",                      "List the control calls",                     server::calls),
    quick("GET",    "health",                "Report that the server is up",                  server::health).open(),
    slow( "GET",    "metrics",               "Read the counters",                          server::metrics),
    slow( "GET",    "openapi.json",          "Read the contract that the tenant serves",   server::openapi),
    slow( "GET",    "control.openapi.json",  "Read the contract of the control API",                         server::control_openapi),
    quick("GET",    "scenarios",             "List the built-in scenarios",                server::scenarios),
    quick("GET",    "fixtures",              "List the built-in fixtures",                 server::fixtures),
    slow( "GET",    "tenants",               "List the tenants",                           tenants::list).of_server(),
    slow( "POST",   "tenants",               "Create a tenant",                              tenants::make).of_server(),
    slow( "PUT",    "tenants/{name}",        "Create a tenant of that name",                 tenants::make_named).of_server(),
    slow( "DELETE", "tenants/{name}",        "Delete a tenant with everything in it",      tenants::delete).of_server(),
    slow( "GET",    "scenario",              "Show the rules that run",                    scenario::show),
    slow( "PUT",    "scenario",              "Replace the rules that run",                 scenario::replace),
    slow( "DELETE", "scenario",              "Stop all rules",                             scenario::stop),
    slow( "POST",   "scenario/rules",        "Add one rule, ahead of the others",          scenario::add_rule),
    quick("DELETE", "scenario/rules/{name}", "Remove a rule",                           scenario::remove_rule),
    slow( "GET",    "journal",               "Show what clients did and were told",        journal::show),
    slow( "DELETE", "journal",               "Forget exchanges",                           journal::forget),
    slow( "GET",    "journal/stream",        "Follow the journal",                         journal::follow),
    slow( "GET",    "journal.har",           "Export the journal as an HTTP archive",        journal::har),
    slow( "POST",   "verify",                "Compare what clients did with what was expected",  journal::verify),
    slow( "GET",    "verdicts",              "Judge the conduct of the clients",           verdicts::show),
    slow( "POST",   "verdicts",              "Fail where a client broke a rule",           verdicts::judge),
    quick("GET",    "clock",                 "Show the tenant's time",                     clock::show),
    slow( "PUT",    "clock",                 "Set the clock's mode, its time, or both",    clock::set),
    slow( "POST",   "clock/advance",         "Move the clock forward",                          clock::advance),
    quick("GET",    "agenda",                "Show what is due",                  clock::agenda),
    slow( "GET",    "passwords",             "Show which passwords are equal",             passwords::list),
    slow( "POST",   "passwords/check",       "Tell whether a password is right",           passwords::check),
    slow( "POST",   "passwords/change",      "Change a password as its owner does",        passwords::change),
    slow( "GET",    "state",                 "Show everything the tenant holds",           state::show),
    slow( "PUT",    "state",                 "Replace everything the tenant holds",        state::replace),
    slow( "POST",   "reset",                 "Reset the tenant to its initial state",      state::reset),
];

const fn quick(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: fn(&ControlRequest<'_>) -> Answer,
) -> ControlCall {
    ControlCall { method, path, summary, is_slow: false, is_open: false, is_of_server: false, answer }
}

const fn slow(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    answer: fn(&ControlRequest<'_>) -> Answer,
) -> ControlCall {
    ControlCall { is_slow: true, ..quick(method, path, summary, answer) }
}

impl ControlCall {
    /// The same without a token, for health checks that cannot send one.
    const fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// The same about the server: the tenant that the request's host names has no part in it, and need not exist.
    const fn of_server(self) -> Self {
        Self { is_of_server: true, ..self }
    }

    /// Whether it is about the server, not about the tenant that the request's host names.
    pub(crate) fn is_of_server(&self) -> bool {
        self.is_of_server
    }

    /// Whether it may take long.
    pub(crate) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// Whether it needs no token.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn carry_out(&self, asked: &ControlRequest<'_>) -> Answer {
        (self.answer)(asked)
    }

    /// The name that stands in a path where this call's has one.
    pub(super) fn name_in<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let place = self.path.split('/').position(is_name);
        let name = place.and_then(|place| steps(path).nth(place));
        name.map_or(Cow::Borrowed(""), query::decode_segment)
    }

    fn fits(&self, path: &str) -> bool {
        let mut steps = steps(path);
        let mut expected = self.path.split('/').filter(|step| !step.is_empty());
        let fits =
            expected.all(|expected| steps.next().is_some_and(|step| step == expected || is_name(expected)));
        fits && steps.next().is_none()
    }
}

/// Whether a step of a call's path stands for a name.
fn is_name(step: &str) -> bool {
    step.starts_with('{')
}

/// The call that a method and a path lead to.
pub(super) fn find(method: &Method, path: &str) -> Result<&'static ControlCall, ControlError> {
    let method = method_name(method);
    let fitting = || CALLS.iter().filter(|call| call.fits(path));
    if let Some(call) = fitting().find(|call| call.method == method) {
        return Ok(call);
    }
    let path = steps(path).collect::<Vec<_>>().join("/");
    let allow: Vec<_> = fitting().map(|call| call.method).collect();
    Err(if allow.is_empty() {
        let known = CALLS.iter().map(|call| call.path).filter(|known| !known.contains('{'));
        let advice = nearest(&path, known).map_or_else(
            || format!("`GET /{PREFIX}` lists what does"),
            |meant| format!("did you mean `/{PREFIX}/{meant}`?"),
        );
        let message = format!("`/{PREFIX}/{path}` does not exist; {advice}");
        ControlError::new(StatusCode::NOT_FOUND, message)
    } else {
        let message =
            format!("{method} is not supported on `/{PREFIX}/{path}`; expected {}", allow.join(" or "));
        ControlError { allow, ..ControlError::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_control_apis_document_say_the_same() {
        let document = crate::control::description::description("http://localhost");
        let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters");
            operations.map(move |(method, operation)| {
                let summary = operation["summary"].as_str().unwrap();
                format!("{} {path}: {summary}", method.to_uppercase())
            })
        });
        let listed = CALLS.iter().map(|ControlCall { method, path, summary, .. }| {
            format!("{method} {}: {summary}", format!("/{PREFIX}/{path}").trim_end_matches('/'))
        });
        let (mut described, mut listed): (Vec<_>, Vec<_>) = (described.collect(), listed.collect());
        described.sort();
        listed.sort();
        assert_eq!(described, listed);
    }

    #[test]
    fn a_path_leads_to_its_call_whatever_slashes_there_are_and_names_are_decoded() {
        let call = |method: Method, path: &str| {
            find(&method, path).map_or_else(
                |error| format!("{} {}", error.status, error.allow.join(",")),
                |call| format!("{} {}", call.path, call.name_in(path)),
            )
        };
        assert_eq!(call(Method::GET, "/_sim"), " ");
        assert_eq!(call(Method::HEAD, "//_sim//journal/"), "journal ");
        assert_eq!(call(Method::DELETE, "/_sim/scenario/rules/a%20b"), "scenario/rules/{name} a b");
        assert_eq!(call(Method::DELETE, "/_sim/scenario/rules/"), "405 Method Not Allowed POST");
        assert_eq!(call(Method::GET, "/_sim/tenants/a"), "405 Method Not Allowed PUT,DELETE");
        assert_eq!(call(Method::PUT, "/_sim/tenants/a/b"), "404 Not Found ");
    }
}
