//! `respond`: a reply of the scenario's choosing.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use super::{Answer, Call, Effect, Kind};
use crate::clock::Timestamp;
use crate::document::{Limit, record};
use crate::scenario::mistake::{Mistake, escaped};
use crate::scenario::written::Rule;
use crate::wire::{Reply, TrackingId, refusal};

/// How many header fields one reply may set. Clients take about as many, and the HTTP library has a limit of its own
/// beyond which it panics.
const MOST_FIELDS: usize = 100;
/// How long they may be together, in bytes.
const MOST_BYTES: usize = 64 << 10;

record! {
    derive(Default)
    /// A reply of the scenario's choosing. Anything left out is what the service would send with that status.
    pub struct Respond as "reply" {
        /// 200 to 599.
        pub status: u16 = required("status") within Limit::Between(200, 599),
        /// The message in the service's own body.
        pub text: Option<String> = optional("text"),
        /// The `detailCode` in the service's own body.
        pub detail_code: Option<String> = optional("detailCode"),
        /// Header fields that are added, or set where the service sets them: up to 100, of 64 KiB together.
        pub headers: BTreeMap<String, String> = optional("headers") within Limit::Entries(0, MOST_FIELDS),
        /// Replaces the service's own body: a text as it is, anything else as JSON.
        pub body: Option<Value> = optional("body"),
    }
}

impl Kind for Respond {
    fn effect(&self) -> Effect<'_> {
        Effect::Instead(self)
    }

    fn in_words(&self) -> String {
        format!("a {}", self.status)
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        self.check_status()?;
        self.check_body()?;
        self.check_headers()?;
        self.headers.iter().try_for_each(|(name, value)| check_header(name, value))
    }
}

impl Respond {
    fn check_status(&self) -> Result<(), Mistake> {
        if (200..=599).contains(&self.status) {
            return Ok(());
        }
        Err(Mistake::new("/status", format!("status {}; expected 200 to 599", self.status)))
    }

    fn check_body(&self) -> Result<(), Mistake> {
        let status = self.status;
        let mistake = |place: &str, message: String| Err(Mistake::new(place, message));
        if self.body.is_some() && matches!(status, 204 | 205 | 304) {
            return mistake("/body", format!("a body beside status {status}; expected none"));
        }
        if self.body.is_some() && (self.text.is_some() || self.detail_code.is_some()) {
            let message =
                "`body` beside `text` or `detailCode`, which belong to the service's own body; expected one";
            return mistake("/body", message.to_owned());
        }
        if self.detail_code.is_some() && matches!(status, 200..=399 | 401 | 405 | 409 | 412 | 415 | 429) {
            let message = format!("the body of a {status} has no `detailCode`; expected none, or a `body`");
            return mistake("/detailCode", message);
        }
        if self.text.is_some() && matches!(status, 200..=299 | 304) {
            let message = format!("the body of a {status} has no message; expected no `text`, or a `body`");
            return mistake("/text", message);
        }
        Ok(())
    }

    fn check_headers(&self) -> Result<(), Mistake> {
        let mistake = |message: String| Err(Mistake::new("/headers", message));
        let number = self.headers.len();
        if number > MOST_FIELDS {
            return mistake(format!("{number} header fields; expected {MOST_FIELDS} or fewer"));
        }
        let fields = self.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
        let bytes: usize = fields.sum();
        if bytes > MOST_BYTES {
            return mistake(format!(
                "header fields of {bytes} bytes; expected {MOST_BYTES} or fewer together"
            ));
        }
        Ok(())
    }
}

fn check_header(name: &str, value: &str) -> Result<(), Mistake> {
    let mistake = |message: String| Err(Mistake::new(format!("/headers/{}", escaped(name)), message));
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return mistake(format!("`{name}` cannot be a header; expected a field name"));
    }
    if HeaderValue::from_str(value).is_err() {
        return mistake(format!("`{value}` cannot be sent; expected text without control characters"));
    }
    if ["content-length", "transfer-encoding", "connection"].contains(&&*name.to_ascii_lowercase()) {
        return mistake(format!(
            "`{name}` is set by the server; expected another header, or the fault cut or close"
        ));
    }
    Ok(())
}

impl Answer for Respond {
    fn reply(&self, tracking_id: TrackingId, _now: Timestamp, to: Call) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (text, code) = (self.text.as_deref(), self.detail_code.as_deref());
        let mut reply = match &self.body {
            None => {
                // A code belongs to the body of all other calls.
                let oauth = (to == Call::Token && code.is_none())
                    .then(|| refusal::own_oauth_body(status, text))
                    .flatten();
                oauth.unwrap_or_else(|| refusal::own_body(status, text, code, tracking_id))
            }
            Some(Value::String(text)) => Reply::empty(status)
                .with(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"))
                .with_body(text.clone()),
            Some(value) => Reply::json(status, value.to_string()),
        };
        for (name, value) in &self.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                reply.headers.retain(|(known, _)| *known != name);
                reply = reply.with(name, value.as_str());
            }
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::{Document, Format};
    use crate::scenario::fault::testing::mistake;

    fn reply(respond: &Respond) -> Reply {
        respond.reply(TrackingId([0; 16]), Timestamp::from_millis(0), Call::Api)
    }

    #[test]
    fn a_header_that_the_service_sets_is_replaced() {
        let headers = BTreeMap::from([("content-TYPE".to_owned(), "text/html".to_owned())]);
        let reply = reply(&Respond { status: 504, headers, ..Respond::default() });
        assert_eq!(reply.headers.iter().filter(|(name, _)| *name == CONTENT_TYPE).count(), 1);
        assert_eq!(reply.header("content-type"), Some("text/html"));
    }

    #[test]
    fn header_fields_are_counted_before_anything_else_is_made_of_them() {
        let checked = |number: usize, len: usize| {
            let headers = (0..number).map(|nth| (format!("x-{nth:05}"), "v".repeat(len))).collect();
            let respond = Respond { status: 500, headers, ..Respond::default() };
            respond.check(&Rule::new("a")).map_err(|mistake| mistake.to_string())
        };
        assert_eq!(checked(100, 600), Ok(()));
        assert_eq!(checked(101, 1), Err("/headers: 101 header fields; expected 100 or fewer".to_owned()));
        let bytes = "/headers: header fields of 65559 bytes; expected 65536 or fewer together";
        assert_eq!(checked(1, 65_548), Err(bytes.to_owned()));
        assert_eq!(checked(1, 65_525), Ok(()));
    }

    #[test]
    fn a_body_is_sent_as_text_or_as_json() {
        let of = |body| reply(&Respond { status: 200, body: Some(body), ..Respond::default() });
        let (text, object) = (of(json!("a <b>")), of(json!({ "a": 1 })));
        assert_eq!(
            (&*text.body, text.header("content-type")),
            (&b"a <b>"[..], Some("text/plain;charset=UTF-8"))
        );
        assert_eq!(object.value(), json!({ "a": 1 }));
    }

    #[test]
    fn what_the_service_could_not_send_is_a_mistake() {
        for (settings, expected) in [
            ("status: 204, body: x", "/body: a body beside status 204; expected none"),
            ("status: 500, text: x, body: y", "/body: `body` beside `text` or `detailCode`"),
            ("status: 401, detailCode: x", "/detailCode: the body of a 401 has no `detailCode`"),
            ("status: 200, text: x", "/text: the body of a 200 has no message"),
            ("status: 500, headers: {a b: x}", "/headers/a b: `a b` cannot be a header"),
            (
                "status: 500, headers: {Content-Length: '5'}",
                "/headers/Content-Length: `Content-Length` is set by",
            ),
        ] {
            let fault: Respond = read(settings);
            let mistake = fault.check(&Rule::new("a")).unwrap_err().to_string();
            assert!(mistake.starts_with(expected), "{mistake}");
        }
        assert_eq!(
            mistake("{fault: {respond: {status: 199}}}"),
            "rule:1:28: status 199; expected 200 to 599"
        );
        let text = "{fault: {respond: {status: 500, headers: {X-A: \"\\n\"}}}}";
        assert!(mistake(text).starts_with("rule:1:48: `\n` cannot be sent"), "{}", mistake(text));
    }

    fn read(settings: &str) -> Respond {
        let text = format!("{{{settings}}}");
        Document { name: "settings", text: &text, format: Format::Yaml }.read().unwrap()
    }
}
