//! Whether an exchange is one that a rule is about. A new matcher is a field of
//! `When`, a line in [`Matcher::compile`], one in [`Matcher::parts`], and a test.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper::HeaderMap;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::format::{Operations, TextMatch, When};
use crate::operation::Operation;
use crate::wire::query;

/// What rules can ask about an exchange.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The operation; `None` where the route leads to none.
    pub operation: Option<Operation>,
    /// The API version's name.
    pub version: Option<&'static str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path below the base URL.
    pub path: &'a str,
    /// The query as sent.
    pub query: &'a str,
    /// The OAuth client's id.
    pub client: Option<&'a str>,
    /// The id in the path; empty when there is none.
    pub group: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The body as sent, or a token call's parameters as JSON.
    pub body: &'a [u8],
    parsed: OnceCell<Value>,
}

impl<'a> Exchange<'a> {
    /// An exchange of which only these parts are known yet.
    pub fn new(method: &'a str, path: &'a str, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        Self {
            operation: None,
            version: None,
            method,
            path,
            query: "",
            client: None,
            group: "",
            headers,
            body,
            parsed: OnceCell::new(),
        }
    }

    /// The body as JSON; null when it is none.
    fn json(&self) -> &Value {
        self.parsed.get_or_init(|| serde_json::from_slice(self.body).unwrap_or_default())
    }
}

/// A rule's `when`, compiled.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    operation: Option<Operations>,
    version: Option<Text>,
    method: Option<Text>,
    path: Option<Regex>,
    client: Option<Text>,
    query: Vec<(String, Text)>,
    header: Vec<(String, Text)>,
    body: Vec<(String, Text)>,
}

/// A rule's `when` as it was compiled, if it was: rules that are copied share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Compiled(OnceLock<Arc<Matcher>>);

impl Compiled {
    /// The matcher of `when`, compiled by the first who asks.
    pub(super) fn of(&self, when: &When) -> Result<Arc<Matcher>, (String, String)> {
        if let Some(matcher) = self.0.get() {
            return Ok(Arc::clone(matcher));
        }
        let matcher = Arc::new(Matcher::compile(when)?);
        Ok(Arc::clone(self.0.get_or_init(|| matcher)))
    }
}

impl PartialEq for Compiled {
    /// It follows from the `when`, which is compared by itself.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A text match, compiled.
#[derive(Clone, Debug)]
enum Text {
    Exact(String),
    Regex(Regex),
    Present(bool),
}

impl Text {
    fn compile(text: &TextMatch) -> Result<Self, String> {
        Ok(match text {
            TextMatch::Exact(text) => Self::Exact(text.clone()),
            TextMatch::Regex(regex) => Self::Regex(compile_regex(regex)?),
            TextMatch::Present(present) => Self::Present(*present),
        })
    }

    fn fits(&self, found: Option<&str>) -> bool {
        match (self, found) {
            (Self::Exact(text), Some(found)) => text == found,
            (Self::Regex(regex), Some(found)) => regex.is_match(found),
            (Self::Present(present), found) => *present == found.is_some(),
            (_, None) => false,
        }
    }
}

/// The most memory that a regular expression may take, in bytes: ten times what a useful one does, and
/// little enough for as many as a tenant may have.
const LARGEST_REGEX: usize = 512 << 10;

fn build_regex(regex: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(regex).size_limit(LARGEST_REGEX).dfa_size_limit(LARGEST_REGEX).build()
}

fn compile_regex(regex: &str) -> Result<Regex, String> {
    build_regex(regex).map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("regex `{regex}`: {why}; expected a regular expression")
    })
}

impl Matcher {
    /// Compiles a `when`; an error comes with the JSON Pointer of its place below the `when`.
    pub(super) fn compile(when: &When) -> Result<Self, (String, String)> {
        let one = |name: &str, text: &Option<TextMatch>| {
            text.as_ref().map(Text::compile).transpose().map_err(|error| (format!("/{name}"), error))
        };
        let many = |name: &str, texts: &BTreeMap<String, TextMatch>| {
            let compile = |(key, text): (&String, &TextMatch)| match Text::compile(text) {
                Ok(text) => Ok((key.clone(), text)),
                Err(error) => Err((format!("/{name}/{}", key.replace('~', "~0").replace('/', "~1")), error)),
            };
            texts.iter().map(compile).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            operation: when.operation.clone(),
            version: one("version", &when.version)?,
            method: one("method", &when.method)?,
            path: when
                .path
                .as_ref()
                .map(|path| compile_glob(path))
                .transpose()
                .map_err(|error| ("/path".to_owned(), error))?,
            client: one("client", &when.client)?,
            query: many("query", &when.query)?,
            header: many("header", &when.header)?,
            body: many("body", &when.body)?,
        })
    }

    /// The first part that does not hold; `None` when the exchange matches.
    pub(super) fn misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        self.parts(exchange).next()
    }

    /// Whether it is about an operation at all, whatever else it asks.
    pub(super) fn is_about(&self, operation: Option<Operation>) -> bool {
        match &self.operation {
            None | Some(Operations::Any) => true,
            Some(Operations::These(wanted)) => operation.is_some_and(|found| wanted.contains(&found)),
        }
    }

    /// Every part that does not hold.
    pub(super) fn all_misses(&self, exchange: &Exchange<'_>) -> Vec<String> {
        self.parts(exchange).map(|miss| miss.to_string()).collect()
    }

    /// The parts that do not hold, each looked at only when it is asked for.
    fn parts<'a>(&'a self, exchange: &Exchange<'a>) -> impl Iterator<Item = Miss<'a>> {
        let parts: [fn(&'a Self, &Exchange<'a>) -> Option<Miss<'a>>; 8] = [
            |matcher, exchange| matcher.operation_misses(exchange),
            |matcher, exchange| differs("version", matcher.version.as_ref(), exchange.version),
            |matcher, exchange| differs("method", matcher.method.as_ref(), Some(exchange.method)),
            |matcher, exchange| matcher.path_misses(exchange),
            |matcher, exchange| differs("client", matcher.client.as_ref(), exchange.client),
            |matcher, exchange| matcher.query_misses(exchange),
            |matcher, exchange| matcher.header_misses(exchange),
            |matcher, exchange| matcher.body_misses(exchange),
        ];
        parts.into_iter().filter_map(move |part| part(self, exchange))
    }

    fn operation_misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        (!self.is_about(exchange.operation)).then_some(Miss::Operation(exchange.operation))
    }

    fn path_misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        let glob = self.path.as_ref()?;
        let found = trimmed(exchange.path);
        (!glob.is_match(&found)).then(|| Miss::Found { part: "path", found: found.into() })
    }

    fn query_misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        let missed = self.query.iter().find(|(name, text)| {
            let found = query::pairs(exchange.query).find(|(given, _)| given == name);
            !text.fits(found.as_ref().map(|(_, value)| &**value))
        });
        missed.map(|(name, _)| Miss::Named { part: "query", name })
    }

    fn header_misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        let missed = self.header.iter().find(|(name, text)| {
            !text.fits(exchange.headers.get(name).map(|value| value.to_str().unwrap_or_default()))
        });
        missed.map(|(name, _)| Miss::Named { part: "header", name })
    }

    fn body_misses<'a>(&'a self, exchange: &Exchange<'a>) -> Option<Miss<'a>> {
        let missed = self.body.iter().find(|(pointer, text)| match exchange.json().pointer(pointer) {
            None => !text.fits(None),
            Some(Value::String(found)) => !text.fits(Some(found)),
            Some(found) => !text.fits(Some(&found.to_string())),
        });
        missed.map(|(pointer, _)| Miss::Named { part: "body", name: pointer })
    }
}

/// A part of a `when` that does not hold; put into words only when somebody reads them.
pub(super) enum Miss<'a> {
    /// The exchange is about this operation instead.
    Operation(Option<Operation>),
    /// The part is this instead.
    Found { part: &'static str, found: Cow<'a, str> },
    /// The part is not there.
    Absent { part: &'static str },
    /// The query parameter, header field or body member of that name is not as it should be.
    Named { part: &'static str, name: &'a str },
}

impl fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(Some(operation)) => write!(f, "operation is {operation}"),
            Self::Operation(None) => f.write_str("no operation"),
            Self::Found { part, found } => write!(f, "{part} is `{found}`"),
            Self::Absent { part } => write!(f, "{part} is absent"),
            Self::Named { part, name } => write!(f, "{part} `{name}` differs"),
        }
    }
}

fn differs<'a>(part: &'static str, text: Option<&Text>, found: Option<&'a str>) -> Option<Miss<'a>> {
    let fits = text.is_none_or(|text| text.fits(found));
    (!fits).then(|| match found {
        Some(found) => Miss::Found { part, found: found.into() },
        None => Miss::Absent { part },
    })
}

/// A path without the slashes that do not count: doubled ones and one at the end.
fn trimmed(path: &str) -> String {
    let mut trimmed = String::with_capacity(path.len());
    for piece in path.split('/').filter(|piece| !piece.is_empty()) {
        trimmed.push('/');
        trimmed.push_str(piece);
    }
    if trimmed.is_empty() { "/".to_owned() } else { trimmed }
}

/// A glob as a regular expression over the whole path.
fn compile_glob(glob: &str) -> Result<Regex, String> {
    let mut regex = String::from("^");
    let mut rest = glob;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '*' if rest.starts_with("**") => {
                regex.push_str(".*");
                2
            }
            '*' => {
                regex.push_str("[^/]*");
                1
            }
            '?' => {
                regex.push_str("[^/]");
                1
            }
            _ => {
                regex.push_str(&regex::escape(&rest[..c.len_utf8()]));
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    regex.push('$');
    build_regex(&regex).map_err(|_| format!("glob `{glob}` is too long; expected a shorter one"))
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::document::{Document, Format};

    fn matches(when: &str) -> Result<(), String> {
        let document = Document { name: "when", text: when, format: Format::Yaml };
        let matcher = Matcher::compile(&document.parse().unwrap()).unwrap();
        let headers = [("x-run", "7"), ("user-agent", "curl/8")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers = HeaderMap::from_iter(headers);
        let mut exchange = Exchange::new(
            "PUT",
            "//v3/password-sync-groups/a-1/",
            &headers,
            br#"{"name": "Staff", "sourceIds": ["s", "t"], "nested": {"deep": null, "count": 2}}"#,
        );
        exchange.operation = Some(Operation::UpdatePasswordSyncGroup);
        exchange.version = Some("v3");
        exchange.query = "dry=true&note=a%20b&empty=";
        exchange.client = Some("c-1");
        exchange.group = "a-1";
        matcher.misses(&exchange).map_or(Ok(()), |why| Err(why.to_string()))
    }

    #[test]
    fn each_matcher_turns_something() {
        for when in [
            "{}",
            "operation: '*'",
            "operation: updatePasswordSyncGroup",
            "operation: [token, updatePasswordSyncGroup]",
            "version: v3",
            "version: {regex: '^v\\d$'}",
            "method: PUT",
            "path: /v3/password-sync-groups/*",
            "path: /**/a-?",
            "client: c-1",
            "client: {present: true}",
            "query: {dry: true, note: a b, empty: '', other: {present: false}}",
            "header: {X-Run: 7, user-agent: {regex: curl}}",
            "body: {/name: {regex: ^St}, /sourceIds/1: t, /nested/count: 2, /nested/none: {present: false}}",
            "body: {/nested/deep: {present: true}}",
        ] {
            assert_eq!(matches(when), Ok(()), "{when}");
        }
        for (when, why) in [
            ("operation: token", "operation is updatePasswordSyncGroup"),
            ("version: v2024", "version is `v3`"),
            ("method: {regex: '^P.*T.$'}", "method is `PUT`"),
            ("path: /v3/*", "path is `/v3/password-sync-groups/a-1`"),
            ("client: {present: false}", "client is `c-1`"),
            ("query: {dry: false}", "query `dry` differs"),
            ("query: {other: {present: true}}", "query `other` differs"),
            ("header: {x-run: {present: false}}", "header `x-run` differs"),
            ("body: {/name: staff}", "body `/name` differs"),
            ("body: {/other: {regex: .*}}", "body `/other` differs"),
            ("{method: PUT, client: c-2}", "client is `c-1`"),
        ] {
            assert_eq!(matches(when), Err(why.to_owned()), "{when}");
        }
    }

    #[test]
    fn a_pattern_has_room_but_not_for_ever() {
        let compile = |when: &str| {
            let document = Document { name: "when", text: when, format: Format::Yaml };
            Matcher::compile(&document.parse().unwrap()).map(|_| ()).map_err(|(_, message)| message)
        };
        for when in [
            r"client: {regex: '^[\w.+-]+@[\w-]+\.[\w.-]+$'}",
            "client: {regex: '(?i)(alpha|beta|gamma|delta)[0-9a-f]{32}'}",
            "path: /**/password-sync-groups/????????-????-????-????-????????????",
        ] {
            assert_eq!(compile(when), Ok(()), "{when}");
        }
        let why = compile(r"client: {regex: '(\w{100}){100}'}").unwrap_err();
        assert!(why.contains("size limit"), "{why}");
        let why = compile(&format!("path: /{}", "*".repeat(30_000))).unwrap_err();
        assert!(why.contains("too long"), "{why}");
    }
}
