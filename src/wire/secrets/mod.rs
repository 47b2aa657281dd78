//! What is left out of everything that is shown: journals, archives, events, near misses, lines of the log. What has
//! parts (queries, forms, header fields) is taken apart first and its parts are judged by their names; only the rest is
//! searched as text. The secrets that a request carries itself are found by the reader of its parameters and then left
//! out wherever they come again.

mod known;
mod names;
mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, COOKIE, HOST};
use serde_json::Value;

use super::form::Form;
use super::query;
use super::request::{Body, Request};

pub use known::Secrets;
pub use names::{is_secret, is_secret_in_request};

/// What stands in the place of a secret.
pub const HIDDEN: &str = "…";

/// Leaves secrets out.
#[derive(Clone, Debug)]
pub struct Censor<'a> {
    known: &'a Secrets,
    /// Those that the request carries, whether the tenant knows them or not.
    own: Secrets,
}

impl<'a> Censor<'a> {
    /// Leaves `known` secrets out, and what looks like one.
    pub fn knowing(known: &'a Secrets) -> Self {
        Self { known, own: Secrets::default() }
    }

    /// The same for what a request is shown by, whose own secrets are left out, too.
    pub fn of(request: &Request, known: &'a Secrets) -> Self {
        Self { known, own: Secrets::new(carried(request)) }
    }

    /// The same for messages about a text in which secrets are written behind their names, such as a fixture. What is
    /// misspelt is quoted, and it may be a secret.
    pub fn of_text(text: &str, known: &'a Secrets) -> Self {
        Self { known, own: Secrets::new(written(text)) }
    }

    /// A text without secrets.
    pub fn text(&self, text: &str) -> String {
        let (mut shown, mut end) = (String::new(), 0);
        for secret in text::found(text, &[self.known, &self.own]) {
            let from = text.floor_char_boundary(secret.start.max(end));
            let to = text.ceil_char_boundary(secret.end);
            if from < to {
                shown.push_str(&text[end..from]);
                shown.push_str(HIDDEN);
                end = to;
            }
        }
        shown.push_str(&text[end..]);
        shown
    }

    /// A query or a form, without secrets: `name=…` for the value of a secret.
    pub fn pairs(&self, text: &str) -> String {
        text.split('&').map(|part| self.pair(part)).collect::<Vec<_>>().join("&")
    }

    fn pair(&self, part: &str) -> String {
        let Some((name, value)) = part.split_once('=') else { return self.part(part) };
        if is_secret_in_request(&query::decode_form(name)) {
            return format!("{}={HIDDEN}", self.part(name));
        }
        let shown = format!("{}={}", self.part(name), self.part(value));
        // A secret may have a `=` of its own.
        if shown == part { self.text(part) } else { shown }
    }

    /// A name or a value of a form. In a form a `+` is a blank, which the text alone does not say.
    fn part(&self, part: &str) -> String {
        let shown = self.text(part);
        let decoded = query::decode_form(part);
        if shown == part && self.text(&decoded) != *decoded { HIDDEN.to_owned() } else { shown }
    }

    /// The query, without secrets.
    pub fn query(&self, uri: &Uri) -> Option<String> {
        uri.query().map(|query| self.pairs(query))
    }

    /// Path and query, without secrets.
    pub fn target(&self, uri: &Uri) -> String {
        let path = self.text(uri.path());
        match self.query(uri) {
            None => path,
            Some(query) => format!("{path}?{query}"),
        }
    }

    /// Removes secrets from JSON; `is_secret` says by their names which members are some.
    pub fn json(&self, value: &mut Value, is_secret: fn(&str) -> bool) {
        match value {
            Value::Object(members) => {
                // A patch, or a list of pairs, names the secret in one place and has its value in another.
                let is_named = |key: &str| {
                    members.get(key).and_then(Value::as_str).is_some_and(|name| names_one(name, is_secret))
                };
                if ["path", "name", "key"].into_iter().any(is_named)
                    && let Some(value) = members.get_mut("value")
                {
                    *value = HIDDEN.into();
                }
                let shown = std::mem::take(members).into_iter().map(|(name, mut member)| {
                    if is_secret(&name) {
                        member = HIDDEN.into();
                    } else {
                        self.json(&mut member, is_secret);
                    }
                    (self.text(&name), member)
                });
                *members = shown.collect();
            }
            Value::Array(items) => {
                // A pair of a name and a value.
                if let [Value::String(name), value] = &mut items[..]
                    && is_secret(name)
                {
                    *value = HIDDEN.into();
                }
                for item in items {
                    self.json(item, is_secret);
                }
            }
            Value::String(text) => *text = self.text(text),
            Value::Number(number) => {
                let text = number.to_string();
                if self.text(&text) != text {
                    *value = HIDDEN.into();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The value of a header field, without secrets.
    pub fn header(&self, name: &str, value: &str) -> String {
        if !is_secret(name) {
            // Before the host may be a user with a password.
            let host = if name == HOST { value.rsplit_once('@') } else { None };
            return host
                .map_or_else(|| self.text(value), |(_, host)| format!("{HIDDEN}@{}", self.text(host)));
        }
        match value.split_once(' ') {
            Some((scheme, _)) if is_scheme(scheme) => format!("{scheme} {HIDDEN}"),
            None if is_scheme(value) => value.to_owned(),
            _ => HIDDEN.to_owned(),
        }
    }
}

/// Whether a word is the scheme of credentials that may follow it.
fn is_scheme(word: &str) -> bool {
    text::SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(word))
}

/// Whether a name, or a step of a path, is a secret's.
fn names_one(path: &str, is_secret: fn(&str) -> bool) -> bool {
    path.split('/').any(is_secret)
}

/// The secrets that a request carries where they belong.
fn carried(request: &Request) -> Vec<String> {
    let form = Form::gather(request);
    let mut found: Vec<_> = form
        .fields()
        .filter(|(name, _)| is_secret_in_request(name))
        .map(|(_, value)| value.to_owned())
        .collect();
    if let Body::Whole(body) = &request.body {
        match serde_json::from_slice(body) {
            Ok(value) => collect(&value, false, &mut found),
            Err(_) => found.extend(written(&String::from_utf8_lossy(body))),
        }
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| is_secret(name.as_str())) {
        let value = String::from_utf8_lossy(value.as_bytes());
        match value.split_once(' ') {
            _ if name == COOKIE => {
                found.extend(
                    value.split(';').filter_map(|pair| Some(pair.split_once('=')?.1.trim().to_owned())),
                );
            }
            Some((_, credentials)) if name == AUTHORIZATION => {
                found.push(credentials.trim().to_owned());
                found.extend(basic(credentials));
            }
            // A scheme alone, whose token was left out, is no secret: it is what people are told.
            None if name == AUTHORIZATION && is_scheme(value.trim()) => {}
            _ => found.push(value.trim().to_owned()),
        }
    }
    found
}

/// The secrets that a text has behind their names, and the first word of each: where one ends, only who can read the text
/// knows. `null` is none.
fn written(text: &str) -> Vec<String> {
    let marks = |mark: char| mark.is_whitespace() || "\"',}]*&!".contains(mark);
    let values = text::found(text, &[]).into_iter().filter_map(|range| text.get(range));
    let words = values.flat_map(|value| {
        let value = value.trim_matches(marks);
        [value, value.split(marks).next().unwrap_or_default()]
    });
    words.filter(|word| *word != "null").map(str::to_owned).collect()
}

/// The password in Basic credentials.
fn basic(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    Some(decoded.split_once(':')?.1.to_owned())
}

/// The texts and numbers in members that are secrets by their names.
fn collect(value: &Value, is_inside: bool, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, is_inside || is_secret_in_request(name), found);
            }
        }
        Value::Array(items) => match &items[..] {
            [Value::String(name), value] if is_secret_in_request(name) => collect(value, true, found),
            items => items.iter().for_each(|item| collect(item, is_inside, found)),
        },
        Value::String(text) if is_inside => found.push(text.clone()),
        Value::Number(number) if is_inside => found.push(number.to_string()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::*;

    #[test]
    fn secrets_are_left_out_of_any_text() {
        let known = Secrets::new(["s&cr et".to_owned(), "hush\"hush".to_owned()]);
        let censor = Censor::knowing(&known);
        for (text, shown) in [
            ("nothing to hide: 1", "nothing to hide: 1"),
            ("a s&cr et b", "a … b"),
            ("/x/s%26cr%20et/y", "/x/…/y"),
            ("/x/%2573%2526cr%2520et/y", "/x/…/y"),
            (r#"{"a": "hush\"hush", "b"#, r#"{"a": "…", "b"#),
            (r#"{"a": "\u0068ush\u0022hush", "b"#, r#"{"a": "…", "b"#),
            ("client_secret=a,b'c\"d&x=1", "client_secret=…&x=1"),
            ("client%5Fsecret=a%26b&x=1", "client%5Fsecret=…&x=1"),
            (r#"{"clientSecret": "a,\"b", "x": 1"#, r#"{"clientSecret": "…", "x": 1"#),
            ("<ns:password kind=\"x\">a&amp;b</ns:password>", "<ns:password kind=\"x\">…</ns:password>"),
            ("<password><![CDATA[a]]></password><a>", "<password>…</password><a>"),
            ("https://user:pass@host/x", "https://…@host/x"),
            ("agent (Basic aWQ6aHVzaA==)", "agent (Basic …)"),
            ("Bearer token is required", "Bearer token is required"),
            ("lacks idn:password-digit-token:create, x", "lacks idn:password-digit-token:create, x"),
            ("scope=idn%3Apassword-digit-token%3Acreate+x", "scope=idn%3Apassword-digit-token%3Acreate+x"),
            ("idn:password-digit-token:created", "idn:password-digit-token:…"),
            ("password-digit-token:create", "password-digit-token:…"),
            (
                "a client {clientSecret: …, scopes: …}; write x",
                "a client {clientSecret: …, scopes: …}; write x",
            ),
            ("password: …hush}", "password: …"),
            ("see eyJh.eyJi.c-_ there", "see … there"),
            ("see eyJh%2EeyJi%2Ec there", "see … there"),
            ("the password must be longer", "the password must be longer"),
            ("ä password: ö ü\nß", "ä password: …\nß"),
            (
                "https://x/?next=%2Fy%3Fclient_secret%3Dhu%2526sh&a=b",
                "https://x/?next=%2Fy%3Fclient_secret%3D…&a=b",
            ),
        ] {
            assert_eq!(censor.text(text), shown);
        }
    }

    #[test]
    fn a_code_in_a_url_is_a_secret_and_one_in_other_text_a_number() {
        let known = Secrets::default();
        let censor = Censor::knowing(&known);
        for (text, shown) in [
            ("http://x/cb?code=s3cret&state=1", format!("http://x/cb?code={HIDDEN}&state=1")),
            ("http://x/cb#state=1&code=s3cret", format!("http://x/cb#state=1&code={HIDDEN}")),
            ("exit code=7", "exit code=7".to_owned()),
        ] {
            assert_eq!(censor.text(text), shown);
        }
    }

    #[test]
    fn a_long_text_is_read_once() {
        let known = Secrets::new(["hush".to_owned()]);
        for piece in ["eyJ", "eyJ.", "a=", "://", "<a>", "basic ", "\\u0041", "%41", "\"a\": \""] {
            let text = piece.repeat(100_000);
            assert_eq!(Censor::knowing(&known).text(&text), text);
        }
    }

    #[test]
    fn secrets_are_left_out_of_pairs_whatever_their_values_are() {
        let known = Secrets::new(["two words".to_owned()]);
        for (text, shown) in [
            ("client_secret=a,b'\"c&x=y", "client_secret=…&x=y"),
            ("client%5Fsecret=hush&a", "client%5Fsecret=…&a"),
            ("CLIENTSECRET=hush&code=hush", "CLIENTSECRET=…&code=…"),
            ("x=two+words&two%20words=y&two+words", "x=…&…=y&…"),
        ] {
            assert_eq!(Censor::knowing(&known).pairs(text), shown);
        }
    }

    #[test]
    fn a_request_s_own_secrets_are_left_out_wherever_they_come_again() {
        let post = |target: &str| Request::new(Method::POST, target).unwrap();
        let known = Secrets::default();
        for request in [
            post("/oauth/token?refresh%5Ftoken=hu%2Csh"),
            post("/x").body("application/x-www-form-urlencoded", "client%5Fsecret=hu%2Csh"),
            post("/x").body("", "code=hu,sh"),
            post("/x").body("application/json", "{\"a\": [{\"client\\u0053ecret\": [\"hu,sh\"]}]}"),
            post("/x").body(
                "multipart/form-data; boundary=b",
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhu,sh\r\n--b--\r\n",
            ),
            post("/x").body("application/json", "{\"clientSecret\": \"hu,sh\", "),
            post("/x").body("text/plain", "client_secret=hu,sh&a=b"),
            post("/x").header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode("id:hu%2Csh"))),
            post("/x").header(AUTHORIZATION, "bearer  hu,sh"),
            post("/x").header(COOKIE, "a=b; session=hu,sh"),
            post("/x").body("application/json", "[[\"clientSecret\", \"hu,sh\"]]"),
        ] {
            let censor = Censor::of(&request, &known);
            assert_eq!(censor.text("Invalid grant: hu,sh"), "Invalid grant: …", "{request:?}");
        }
    }

    #[test]
    fn a_secret_that_is_left_empty_is_called_null() {
        let text = "{\"clientSecret\": \"hush\", \"password\": null}";
        let shown = Censor::of_text(text, &Secrets::default()).text("`null` hush");
        assert_eq!(shown, "`null` …");
    }

    #[test]
    fn a_scheme_without_its_token_is_no_secret() {
        let known = Secrets::default();
        for value in ["Bearer", "bearer", "Basic"] {
            let request = Request::new(Method::GET, "/x").unwrap().header(AUTHORIZATION, value);
            let censor = Censor::of(&request, &known);
            assert_eq!(censor.header("authorization", value), value);
            assert_eq!(censor.text("no token after `Bearer`"), "no token after `Bearer`");
        }
        assert_eq!(Censor::knowing(&known).header("authorization", "hush"), HIDDEN);
    }

    #[test]
    fn a_user_before_a_host_is_left_out() {
        let known = Secrets::default();
        for (host, shown) in [("localhost:1", "localhost:1"), ("user:p@ss@localhost:1", "…@localhost:1")] {
            assert_eq!(Censor::knowing(&known).header("host", host), shown);
        }
    }
}
