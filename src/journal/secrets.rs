//! What is left out of everything that is shown: known secrets, values in places for secrets, and what looks like one.

use std::sync::LazyLock;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use regex::Regex;
use serde_json::{Map, Value};

/// What stands in the place of a secret.
const REDACTED: &str = "…";
/// Header fields whose values are never shown.
const SECRET_FIELDS: [&str; 5] = ["proxy-authorization", "cookie", "set-cookie", "x-api-key", "password"];
/// Members of bodies whose values are never shown, in lower case.
const SECRET_MEMBERS: [&str; 7] = [
    "client_secret",
    "refresh_token",
    "access_token",
    "client_assertion",
    "assertion",
    "encryptedpassword",
    "password",
];

/// Secrets in any text, wherever a client put them: tokens by their shape, and what follows a secret's
/// name.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let token = r"eyJ[\w-]+\.[\w-]+\.[\w-]*";
    let named = r#"(?i:client_secret|refresh_token|access_token|password|assertion)["']?\s*[=:>]\s*["']?[^&"'<\s,}]+"#;
    Regex::new(&format!("{token}|{named}")).expect("it is a regular expression")
});

/// A text without the secrets in it: `known` ones, and what looks like one.
pub(super) fn scrubbed(text: &str, known: &[String]) -> String {
    let keep_name = |found: &regex::Captures<'_>| {
        let found = &found[0];
        let end = found.find(['=', ':', '>']).map_or(0, |mark| mark + 1);
        format!("{}{REDACTED}", &found[..end])
    };
    let text = SECRETS.replace_all(text, keep_name);
    known.iter().filter(|secret| !secret.is_empty()).fold(text.into_owned(), |text, secret| {
        if text.contains(secret.as_str()) { text.replace(secret.as_str(), REDACTED) } else { text }
    })
}

/// A body without secrets: as JSON if it is JSON, otherwise as text.
pub(super) fn shown_body(body: &[u8], media_type: Option<&str>, known: &[String]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice(body) {
        redact(&mut value, known);
        return value;
    }
    match media_type {
        Some("multipart/form-data") => REDACTED.into(),
        _ => scrubbed(&String::from_utf8_lossy(body), known).into(),
    }
}

fn redact(value: &mut Value, known: &[String]) {
    match value {
        Value::Object(members) => {
            // A patch names the member in one place and has its value in another.
            let patches_a_secret = members
                .get("path")
                .and_then(Value::as_str)
                .and_then(|path| path.rsplit('/').next())
                .is_some_and(|name| SECRET_MEMBERS.contains(&name.to_ascii_lowercase().as_str()));
            if patches_a_secret && let Some(value) = members.get_mut("value") {
                *value = REDACTED.into();
            }
            for (name, member) in members {
                if SECRET_MEMBERS.contains(&name.to_ascii_lowercase().as_str()) {
                    *member = REDACTED.into();
                } else {
                    redact(member, known);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, known)),
        Value::String(text) => *text = scrubbed(text, known),
        _ => {}
    }
}

pub(super) fn request_headers(map: &HeaderMap, known: &[String]) -> Value {
    let mut shown = headers(map.iter(), known);
    for name in SECRET_FIELDS.into_iter().filter(|name| map.contains_key(*name)) {
        shown[name] = REDACTED.into();
    }
    if let Some(value) = map.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
        let shown_scheme = value.split_once(' ').map_or(String::new(), |(scheme, _)| format!("{scheme} "));
        shown["authorization"] = format!("{shown_scheme}{REDACTED}").into();
    }
    shown
}

/// Header fields as an object; several of one name are joined, as HTTP allows.
pub(super) fn headers<'a>(
    fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    known: &[String],
) -> Value {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = scrubbed(&String::from_utf8_lossy(value.as_bytes()), known);
        match shown.get_mut(name.as_str()) {
            Some(Value::String(first)) => {
                first.push_str(", ");
                first.push_str(&value);
            }
            _ => {
                shown.insert(name.as_str().to_owned(), value.into());
            }
        }
    }
    Value::Object(shown)
}
