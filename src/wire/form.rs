//! The parameters of a token call, wherever a client puts them: the query, an urlencoded body, a
//! multipart/form-data body, Basic credentials, or a mix. The vendor documents the first three; its own
//! clients use all of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};

use serde_json::{Map, Value};

use super::request::{Body, Request};
use super::{multipart, query};

/// Parameters by name, in the order of precedence: body, query, Basic credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    /// How many of them came before the Basic credentials, which are the last.
    before_basic: Option<usize>,
    /// What could not be read, and what was expected in its place.
    unread: Vec<String>,
}

impl Form {
    /// Gathers the parameters of `request`. Anything unreadable counts as absent, so that the call is answered
    /// with the OAuth error for the parameter that is missing.
    pub fn gather(request: &Request) -> Self {
        let mut form = Self::default();
        if let Body::Whole(body) = &request.body {
            match request.media_type().as_deref() {
                Some("multipart/form-data") => form.add_multipart(request, body),
                Some("application/x-www-form-urlencoded") | None => {
                    if body.trim_ascii_start().starts_with(b"{") {
                        form.note_body("JSON");
                    }
                    form.add_pairs(&String::from_utf8_lossy(body));
                }
                Some(other) if !body.is_empty() => form.note_body(other),
                Some(_) => {}
            }
        }
        form.add_pairs(request.uri.query().unwrap_or_default());
        form.add_basic(request);
        form
    }

    /// The value of a parameter; empty counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// What could not be read, and what was expected in its place.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Whether the value of a parameter stood in Basic credentials.
    pub fn is_basic(&self, name: &str) -> bool {
        let place = self.fields.iter().position(|(field, value)| field == name && !value.is_empty());
        place.is_some_and(|place| self.before_basic.is_some_and(|first| place >= first))
    }

    /// All parameters, those that are hidden by others of their name included.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameters as a JSON object; of several of one name the first.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        for (name, value) in &self.fields {
            object.entry(name.clone()).or_insert_with(|| value.as_str().into());
        }
        Value::Object(object)
    }

    /// Notes a body that is none with parameters.
    fn note_body(&mut self, what: &str) {
        let expected = "application/x-www-form-urlencoded or multipart/form-data";
        self.unread.push(format!("the body is {what}; expected {expected}"));
    }

    fn add_pairs(&mut self, text: &str) {
        self.fields.extend(query::pairs(text).map(|(name, value)| (name.into_owned(), value.into_owned())));
    }

    fn add_basic(&mut self, request: &Request) {
        let Some(value) = request.headers.get(AUTHORIZATION) else { return };
        let value = String::from_utf8_lossy(value.as_bytes());
        let (scheme, encoded) = value.split_once(' ').unwrap_or((&value, ""));
        if !scheme.eq_ignore_ascii_case("basic") {
            return;
        }
        let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        // RFC 6749, 2.3.1: both halves are urlencoded before they are joined.
        match decoded.as_deref().and_then(|text| text.split_once(':')) {
            Some((id, secret)) => {
                self.before_basic = Some(self.fields.len());
                self.fields.push(("client_id".to_owned(), query::decode_segment(id).into_owned()));
                self.fields.push(("client_secret".to_owned(), query::decode_segment(secret).into_owned()));
            }
            None => self.unread.push(
                "what follows `Basic` in Authorization cannot be read; expected `client_id:client_secret` in Base64"
                    .to_owned(),
            ),
        }
    }

    fn add_multipart(&mut self, request: &Request, body: &Bytes) {
        let content_type =
            request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (parts, is_whole) = multipart::read_some(content_type, body);
        if !is_whole && !body.is_empty() {
            self.unread.push(
                "the multipart body cannot be read as a whole; expected `boundary=…` in its Content-Type, `--…` before each \
                 part, `--…--` after the last, and lines that end in CR LF"
                    .to_owned(),
            );
        }
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        self.fields.extend(parts.into_iter().map(|(name, bytes)| (name, text(bytes))));
    }
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::*;

    fn post(target: &str) -> Request {
        Request::new(Method::POST, target).unwrap()
    }

    fn credentials(request: &Request) -> [Option<String>; 3] {
        let form = Form::gather(request);
        ["grant_type", "client_id", "client_secret"].map(|name| form.get(name).map(str::to_owned))
    }

    const ALL: [&str; 3] = ["client_credentials", "id", "s&cret"];

    #[test]
    fn parameters_are_found_wherever_they_are_put() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=grant_type\r\n\
            Content-Type: text/plain; charset=utf-8\r\n\r\nclient_credentials\r\n\
            --b\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nid\r\n\
            --b\r\nContent-Disposition: form-data; name=client_secret\r\n\r\ns&cret\r\n--b--\r\n";
        let urlencoded = "application/x-www-form-urlencoded";
        for request in [
            post("/oauth/token?grant_type=client_credentials&client_id=id&client_secret=s%26cret"),
            post("/oauth/token")
                .body(urlencoded, "client_id=id&client_secret=s%26cret&grant_type=client_credentials"),
            post("/oauth/token?grant_type=client_credentials")
                .body(urlencoded, "client_id=id&client_secret=s%26cret"),
            post("/oauth/token").body("multipart/form-data; boundary=\"b\"", multipart),
            post("/oauth/token")
                .body(urlencoded, "grant_type=client_credentials")
                .header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode("id:s%26cret"))),
        ] {
            assert_eq!(credentials(&request), ALL.map(|value| Some(value.to_owned())), "{request:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        for request in [
            post("/oauth/token?client_id="),
            post("/oauth/token").body("multipart/form-data", "--b\r\n"),
            post("/oauth/token").body("multipart/form-data; boundary=b", "no parts"),
            post("/oauth/token").header(AUTHORIZATION, "Basic ???"),
            post("/oauth/token").body("application/json", "{\"client_id\": \"id\"}"),
        ] {
            assert_eq!(credentials(&request), [None, None, None], "{request:?}");
        }
    }

    #[test]
    fn the_body_wins_over_the_query() {
        let request =
            post("/oauth/token?client_id=query").body("application/x-www-form-urlencoded", "client_id=body");
        assert_eq!(credentials(&request)[1].as_deref(), Some("body"));
    }
}
