//! How control calls' bodies and queries are read; mistakes come back with their place.

use hyper::StatusCode;
use serde::de::DeserializeOwned;

use super::ControlError;
use crate::document::{Document, Format};
use crate::journal::Filter;
use crate::wire::{Body, Request, query};

/// A body's text; JSON, or YAML when its media type says so.
pub(super) struct Text<'a> {
    text: &'a str,
    format: Format,
}

/// The body of a call that has one.
pub(super) fn document(request: &Request) -> Result<Text<'_>, ControlError> {
    let body = match &request.body {
        Body::Whole(body) => body,
        Body::TooLarge { limit } => {
            let message = format!(
                "the body is longer than {limit} bytes; expected less, or a higher `--max-control-body`"
            );
            return Err(ControlError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
    };
    let text = std::str::from_utf8(body)
        .map_err(|error| ControlError::bad(format!("the body is not UTF-8: {error}")))?;
    let is_yaml = request.media_type().is_some_and(|media_type| media_type.ends_with("yaml"));
    Ok(Text { text, format: if is_yaml { Format::Yaml } else { Format::Json } })
}

impl<'a> Text<'a> {
    pub(super) fn as_document(&self) -> Document<'a> {
        Document { name: "body", text: self.text, format: self.format }
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ControlError> {
        self.as_document().parse().map_err(|error| ControlError::bad(error.to_string()))
    }

    /// The same for a call whose body may be left out.
    pub(super) fn or_empty<T: DeserializeOwned + Default>(&self) -> Result<T, ControlError> {
        if self.text.trim().is_empty() { Ok(T::default()) } else { self.parse() }
    }

    /// Whether the document is an object with this key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        let parsed: Result<serde_json::Value, _> = self.as_document().parse();
        parsed.is_ok_and(|value| value.get(key).is_some())
    }
}

/// A query parameter's value.
pub(super) fn parameter(request: &Request, name: &str) -> Option<String> {
    let given = query::pairs(request.uri.query().unwrap_or_default()).find(|(given, _)| given == name);
    given.map(|(_, value)| value.into_owned())
}

/// Which exchanges a call asks for.
pub(super) fn filter(request: &Request) -> Result<Filter, ControlError> {
    let mut filter = Filter::default();
    for (name, value) in query::pairs(request.uri.query().unwrap_or_default()) {
        let not_a_number =
            || ControlError::bad(format!("`{name}` is `{value}`; expected a whole number from 0"));
        match &*name {
            "operation" => filter.operation = Some(value.parse().map_err(ControlError::bad)?),
            "status" => filter.status = Some(value.parse().map_err(|_| not_a_number())?),
            "client" => filter.client = Some(value.into_owned()),
            "rule" => filter.rule = Some(value.into_owned()),
            "after" => filter.after = value.parse().map_err(|_| not_a_number())?,
            "limit" => filter.limit = value.parse().map_err(|_| not_a_number())?,
            _ => {
                let expected = "operation, status, client, rule, after or limit";
                return Err(ControlError::bad(format!("`{name}` is no filter; expected {expected}")));
            }
        }
    }
    Ok(filter)
}
