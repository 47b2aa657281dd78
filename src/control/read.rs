//! How control calls' bodies and queries are read; mistakes come back with their place.

use std::borrow::Cow;

use hyper::StatusCode;
use hyper::header::HeaderName;

use super::ControlError;
use crate::document::{Document, DocumentError, Format, Node, Place, Written, decode, shown, unknown};
use crate::journal::Filter;
use crate::tenant::ExchangeId;
use crate::wire::secrets::{Censor, Secrets};
use crate::wire::{Body, Request, query};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What a body is called in messages.
const NAME: &str = "body";

/// A body's text, and how it is written.
pub(super) struct Text<'a> {
    text: Cow<'a, str>,
    format: Format,
}

/// The body of a call that has one: YAML or JSON by its media type or, where that does not tell, by its looks.
pub(super) fn document(request: &Request) -> Result<Text<'_>, ControlError> {
    let body = match &request.body {
        Body::Whole(body) => body,
        Body::TooLarge { limit } => {
            let message = format!(
                "the body is longer than {limit} bytes; expected a shorter one, or a higher `--max-control-body`"
            );
            return Err(ControlError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
    };
    if let Some(coding) = request.content_coding() {
        let message = format!(
            "the body is compressed (`Content-Encoding: {coding}`); expected it as it is, without that header field"
        );
        return Err(ControlError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if request.media_type().is_some_and(|media_type| media_type.starts_with("multipart/")) {
        let message = "the body is a form with files (`multipart/…`); expected the document itself; with curl, write \
            `--data-binary @FILE` for `-F`";
        return Err(ControlError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let text = decode(NAME, body).map_err(|error| ControlError::bad(error.to_string()))?;
    let format = match request.media_type() {
        Some(media_type) if media_type.ends_with("yaml") => Format::Yaml,
        Some(media_type) if media_type.ends_with("json") => Format::Json,
        _ => Format::of_text(&text),
    };
    Ok(Text { text, format })
}

/// What is wrong with a text, without the secrets in it.
pub(super) fn told(text: &str, error: &DocumentError) -> ControlError {
    ControlError::bad(Censor::of_text(text, &Secrets::default()).text(&error.to_string()))
}

impl Text<'_> {
    /// What is wrong with it, without the secrets in it.
    pub(super) fn told(&self, error: &DocumentError) -> ControlError {
        told(&self.text, error)
    }

    /// How long it is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn as_document(&self) -> Document<'_> {
        Document { name: NAME, text: &self.text, format: self.format }
    }

    pub(super) fn read<T: Written>(&self) -> Result<T, ControlError> {
        self.as_document().read().map_err(|error| self.told(&error))
    }

    /// The same for a call whose body may be left out; `make` turns it into something else.
    pub(super) fn or_empty_into<T: Written, R>(
        &self,
        make: impl FnOnce(T, &mut Place<'_, '_, '_>) -> Option<R>,
    ) -> Result<R, ControlError> {
        self.or_empty_where(|_| Ok::<_, ControlError>(()), make)
    }

    /// The same for one that `admit` has nothing against; `make` turns it into something
    /// else.
    pub(super) fn or_empty_where<T: Written, R, E: Into<ControlError>>(
        &self,
        admit: impl FnOnce(&Node<'_>) -> Result<(), E>,
        make: impl FnOnce(T, &mut Place<'_, '_, '_>) -> Option<R>,
    ) -> Result<R, ControlError> {
        let empty = Document { name: NAME, text: "{}", format: Format::Json };
        let document = if self.text.trim().is_empty() { empty } else { self.as_document() };
        document.read_where(admit, make).map_err(|error| self.told(&error))?.map_err(Into::into)
    }
}

/// A query parameter's value.
pub(super) fn parameter(request: &Request, name: &str) -> Option<String> {
    let given = query::pairs(request.uri.query().unwrap_or_default()).find(|(given, _)| given == name);
    given.map(|(_, value)| value.into_owned())
}

/// The event after which a follower that comes back goes on, as it was told: `EPOCH-SEQ`.
pub(super) fn last_event(request: &Request) -> Result<Option<ExchangeId>, ControlError> {
    let Some(given) = request.headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let given = given.to_str().unwrap_or_default().trim();
    if given.is_empty() {
        return Ok(None);
    }
    let read = given
        .split_once('-')
        .and_then(|(epoch, seq)| Some(ExchangeId { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? }));
    let wrong = || format!("`Last-Event-ID` is {}; expected EPOCH-SEQ, the id of an event", shown(given));
    read.map(Some).ok_or_else(|| ControlError::bad(wrong()))
}

/// Which exchanges a call asks for.
pub(super) fn filter(request: &Request) -> Result<Filter, ControlError> {
    let mut filter = Filter::default();
    for (name, value) in query::pairs(request.uri.query().unwrap_or_default()) {
        let not_a_number = || {
            let is_whole = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let most = if is_whole { format!(" to {}", u64::MAX) } else { String::new() };
            ControlError::bad(format!("`{name}` is `{value}`; expected a whole number from 0{most}"))
        };
        match &*name {
            "operation" => filter.operation = Some(value.parse().map_err(ControlError::bad)?),
            "status" => {
                let wrong = || ControlError::bad(format!("`status` is `{value}`; expected one such as 404"));
                filter.status = Some(value.parse().map_err(|_| wrong())?);
            }
            "client" => filter.client = Some(value.into_owned()),
            "rule" => filter.rule = Some(value.into_owned()),
            "after" => filter.after = value.parse().map_err(|_| not_a_number())?,
            "limit" => filter.limit = value.parse().map_err(|_| not_a_number())?,
            _ => {
                let known = ["operation", "status", "client", "rule", "after", "limit"];
                return Err(ControlError::bad(unknown("unknown filter", &name, &known)));
            }
        }
    }
    Ok(filter)
}
