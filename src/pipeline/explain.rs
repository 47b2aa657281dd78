//! Why a request was taken for one without a valid token, for people: the service says only that it was. Nothing that
//! was sent is repeated, except words that are not secrets.

use hyper::header::AUTHORIZATION;

use super::Prepared;
use crate::auth::Identified;
use crate::contract::Routed;
use crate::wire::{Refusal, Request};

/// What variables hold that were never set.
const UNSET: [&str; 4] = ["null", "undefined", "None", "nil"];
/// The longest name of a scheme that is repeated.
const LONGEST_SCHEME: usize = 20;

/// The refusal with what can be said about the token, and about a path that does not exist: a token call that goes
/// astray gets a 401, too.
pub(super) fn unauthorized(refusal: Refusal, prepared: &Prepared<'_>, identified: &Identified) -> Refusal {
    let about_token = match identified {
        Identified::Nobody => no_token(prepared.request),
        Identified::Stranger(_) => prepared.token.and_then(strange_token),
        Identified::Known(_) => None,
    };
    let about_path = match &prepared.routed {
        Routed::Unknown { version } => Some(prepared.contract.why_nowhere(prepared.located.path, *version)),
        _ => None,
    };
    let why = [about_path, about_token].into_iter().flatten();
    // What is added last is told first.
    why.rev().fold(refusal, Refusal::because)
}

/// Why no token was found in a request that has an `Authorization`.
fn no_token(request: &Request) -> Option<String> {
    const EXPECTED: &str = "expected `Bearer`, a space and the token";
    let value = request.headers.get(AUTHORIZATION)?.as_bytes().trim_ascii();
    let (scheme, has_more) = match value.iter().position(u8::is_ascii_whitespace) {
        Some(end) => (&value[..end], true),
        None => (value, false),
    };
    let is_name = scheme.len() <= LONGEST_SCHEME && scheme.iter().all(u8::is_ascii_alphabetic);
    Some(match str::from_utf8(scheme) {
        Ok("") => format!("Authorization is empty; {EXPECTED}"),
        Ok(scheme) if scheme.eq_ignore_ascii_case("bearer") => {
            let what = if has_more { "another blank than a space" } else { "no token" };
            format!("Authorization has {what} after `{scheme}`; {EXPECTED}")
        }
        Ok(scheme) if has_more && is_name => {
            format!("Authorization is of the scheme `{scheme}`; {EXPECTED}")
        }
        _ => format!("Authorization does not begin with `Bearer `; {EXPECTED}"),
    })
}

/// What is odd about a token that is none of the tenant's.
fn strange_token(token: &[u8]) -> Option<String> {
    let text = str::from_utf8(token).ok()?;
    let is_quoted = text.starts_with(['"', '\'', '`']) || text.ends_with(['"', '\'', '`']);
    if is_quoted {
        return Some("the token is in quotes; expected it without them".to_owned());
    }
    if text.starts_with('{') {
        return Some("the token is JSON; expected the `access_token` in it alone".to_owned());
    }
    if UNSET.contains(&text) {
        // Which of them it is would be taken for a secret, as every token is.
        let why = "the token looks like the value of an unset variable; expected the `access_token` of a token call";
        return Some(why.to_owned());
    }
    if text.starts_with(['$', '<', '%']) {
        return Some(
            "the token is a placeholder that was not filled in; expected the token itself".to_owned(),
        );
    }
    let begins_anew =
        text.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("bearer"));
    begins_anew.then(|| "the scheme `Bearer` is there twice; expected it once".to_owned())
}
