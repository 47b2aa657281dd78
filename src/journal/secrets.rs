//! How bodies and header fields are shown: without secrets, and bodies as JSON where they are. `wire::secrets` says
//! what a secret is.

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::wire::secrets::{Censor, HIDDEN};

/// What only a body in several parts has, whatever its media type says.
const PART: &str = "content-disposition:";

/// A body without secrets: as JSON if it is JSON, as pairs if it is a form, otherwise as text. `is_secret` says which
/// members of it are secrets.
pub(super) fn shown_body(
    body: &[u8],
    media_type: Option<&str>,
    censor: &Censor<'_>,
    is_secret: fn(&str) -> bool,
) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice(body) {
        censor.json(&mut value, is_secret);
        return value;
    }
    let text = String::from_utf8_lossy(body);
    // Zeros are in no text that is read here; in another encoding they would hide secrets from the search.
    let is_searchable = !text.contains('\0') && !text.to_ascii_lowercase().contains(PART);
    match media_type {
        Some("multipart/form-data") => HIDDEN.into(),
        _ if !is_searchable => HIDDEN.into(),
        Some("application/x-www-form-urlencoded") | None => censor.pairs(&text).into(),
        Some(_) => censor.text(&text).into(),
    }
}

/// Header fields as an object, without secrets; several of one name are joined, as HTTP allows.
pub(super) fn headers<'a>(
    fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    censor: &Censor<'_>,
) -> Value {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = censor.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
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
