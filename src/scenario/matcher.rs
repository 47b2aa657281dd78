//! Whether a subject is one that a rule is about. A new matcher is a field of [`When`] and a field here; the build then
//! names [`Matcher::compile`], `check/cover.rs`, `explain.rs` and `drill/reason.rs`. Its line in
//! [`Matcher::exchange_mismatches`] follows, and a test.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;

use super::glob::compile_glob;
use super::mistake::{Mistake, escaped};
use super::subject::{ExchangeView, JobView, Subject};
use super::text::{Text, Wanted};
use super::written::{Connection, Operations, Page, TextMatch, ValueMatch, When};
use crate::operation::Operation;
use crate::wire::{path, query};

/// A rule's `when`, compiled.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    about: About,
    version: Option<Text>,
    method: Option<Text>,
    path: Option<Regex>,
    client: Option<Text>,
    query: Vec<(String, Text)>,
    header: Vec<(String, Text)>,
    body: Vec<(String, Wanted)>,
    page: Option<Page>,
    connection: Option<Connection>,
    source: Option<Text>,
}

/// The kind of subject a rule is about.
#[derive(Clone, Debug)]
enum About {
    /// Every exchange.
    Exchanges,
    /// Exchanges with these operations.
    Operations(Vec<Operation>),
    /// Attempts at jobs.
    Jobs,
}

/// A rule may be about an operation, requests that lead to none, or jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// An exchange with this operation, or with none.
    Exchange(Option<Operation>),
    /// A job.
    Job,
}

impl Topic {
    /// How many there are.
    pub(super) const COUNT: usize = Operation::ALL.len() + 2;

    /// Every topic, in the order of their indices.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let operations = Operation::ALL.into_iter().map(Some);
        operations.chain([None]).map(Self::Exchange).chain([Self::Job])
    }

    /// Its place among all.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Exchange(Some(operation)) => operation as usize,
            Self::Exchange(None) => Operation::ALL.len(),
            Self::Job => Operation::ALL.len() + 1,
        }
    }

    /// The topic of a subject.
    pub(super) fn of(subject: Subject<'_>) -> Self {
        match subject {
            Subject::Exchange(exchange) => Self::Exchange(exchange.operation),
            Subject::Job(_) => Self::Job,
        }
    }
}

impl Matcher {
    /// Compiles a `when`. The place in an error begins below the `when`.
    pub(super) fn compile(when: &When) -> Result<Self, Mistake> {
        // All of it by name: a part that is written and not looked at would match everything.
        let When { operation, version, method, path, client, query, header, body, page, connection, source } =
            when;
        Ok(Self {
            about: match operation {
                None | Some(Operations::Any) => About::Exchanges,
                Some(Operations::These(operations)) => About::Operations(operations.clone()),
                Some(Operations::Attempts) => About::Jobs,
            },
            version: one("version", version.as_ref())?,
            method: one("method", method.as_ref())?,
            path: path
                .as_ref()
                .map(|path| compile_glob(path))
                .transpose()
                .map_err(|message| Mistake::new("/path", message))?,
            client: one("client", client.as_ref())?,
            query: many("query", query)?,
            header: many("header", header)?,
            body: wanted(body)?,
            page: *page,
            connection: *connection,
            source: one("source", source.as_ref())?,
        })
    }

    /// Whether it is about a topic at all, no matter what else it requires.
    pub(super) fn is_about(&self, topic: Topic) -> bool {
        match (&self.about, topic) {
            (About::Exchanges, Topic::Exchange(_)) | (About::Jobs, Topic::Job) => true,
            (About::Operations(wanted), Topic::Exchange(Some(found))) => wanted.contains(&found),
            _ => false,
        }
    }

    /// The first part that does not hold; `None` when the subject matches.
    pub(super) fn first_mismatch<'a>(&'a self, subject: Subject<'a>) -> Option<Mismatch<'a>> {
        if let Some(mismatch) = self.topic_mismatch(subject) {
            return Some(mismatch);
        }
        match subject {
            Subject::Exchange(exchange) => self.exchange_mismatches(exchange).next(),
            Subject::Job(job) => self.job_mismatches(job).next(),
        }
    }

    /// Every part that does not hold of an exchange.
    pub(super) fn mismatches(&self, exchange: &ExchangeView<'_>) -> Vec<String> {
        let topic = self.topic_mismatch(Subject::Exchange(exchange));
        topic
            .into_iter()
            .chain(self.exchange_mismatches(exchange))
            .map(|mismatch| mismatch.to_string())
            .collect()
    }

    fn topic_mismatch<'a>(&self, subject: Subject<'a>) -> Option<Mismatch<'a>> {
        if self.is_about(Topic::of(subject)) {
            return None;
        }
        Some(match (&self.about, subject) {
            (About::Jobs, _) => Mismatch::Request,
            (_, Subject::Exchange(exchange)) => Mismatch::Operation(exchange.operation),
            (_, Subject::Job(_)) => Mismatch::Job,
        })
    }

    /// The parts that do not hold, each evaluated only when needed.
    fn exchange_mismatches<'a>(
        &'a self,
        exchange: &'a ExchangeView<'a>,
    ) -> impl Iterator<Item = Mismatch<'a>> {
        let parts: [fn(&'a Self, &'a ExchangeView<'a>) -> Option<Mismatch<'a>>; 9] = [
            |matcher, exchange| differs("version", matcher.version.as_ref(), exchange.version),
            |matcher, exchange| differs("method", matcher.method.as_ref(), Some(exchange.method)),
            |matcher, exchange| matcher.path_mismatch(exchange),
            |matcher, exchange| matcher.client_mismatch(Subject::Exchange(exchange)),
            |matcher, exchange| matcher.query_mismatch(exchange),
            |matcher, exchange| matcher.header_mismatch(exchange),
            |matcher, exchange| matcher.body_mismatch(exchange),
            |matcher, exchange| matcher.page_mismatch(exchange),
            |matcher, exchange| matcher.connection_mismatch(exchange),
        ];
        parts.into_iter().filter_map(move |part| part(self, exchange))
    }

    /// The same of a job, which has neither path nor body.
    fn job_mismatches<'a>(&'a self, job: &'a JobView<'a>) -> impl Iterator<Item = Mismatch<'a>> {
        let source = either("source", self.source.as_ref(), Some(job.source), Some(job.source_name));
        source.into_iter().chain(self.client_mismatch(Subject::Job(job)))
    }

    fn client_mismatch<'a>(&'a self, subject: Subject<'a>) -> Option<Mismatch<'a>> {
        either("client", self.client.as_ref(), subject.client(), subject.client_name())
    }

    fn path_mismatch<'a>(&'a self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let glob = self.path.as_ref()?;
        let found = path::canonical(exchange.path);
        (!glob.is_match(&found)).then_some(Mismatch::Found { part: "path", found })
    }

    fn query_mismatch<'a>(&'a self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let other = self.query.iter().find(|(name, text)| {
            let found = query::pairs(exchange.query).find(|(given, _)| given == name);
            !text.fits(found.as_ref().map(|(_, value)| &**value))
        });
        other.map(|(name, _)| Mismatch::Named { part: "query", name })
    }

    fn header_mismatch<'a>(&'a self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let other = self.header.iter().find(|(name, text)| {
            !text.fits(exchange.headers.get(name).map(|value| value.to_str().unwrap_or_default()))
        });
        other.map(|(name, _)| Mismatch::Named { part: "header", name })
    }

    fn body_mismatch<'a>(&'a self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let other = self.body.iter().find(|(pointer, wanted)| !wanted.fits(exchange.json().pointer(pointer)));
        other.map(|(pointer, _)| Mismatch::Named { part: "body", name: pointer })
    }

    fn page_mismatch<'a>(&self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let Page::PastEnd = self.page?;
        (!exchange.is_past_end).then_some(Mismatch::WithinList)
    }

    fn connection_mismatch<'a>(&self, exchange: &ExchangeView<'a>) -> Option<Mismatch<'a>> {
        let wanted = self.connection?;
        let found = if exchange.is_reused_connection { Connection::Reused } else { Connection::New };
        (wanted != found).then(|| Mismatch::Found { part: "connection", found: found.word().into() })
    }
}

fn one(part: &str, text: Option<&TextMatch>) -> Result<Option<Text>, Mistake> {
    let compiled = text.map(Text::compile).transpose();
    compiled.map_err(|message| Mistake::new(format!("/{part}"), message))
}

fn many(part: &str, texts: &BTreeMap<String, TextMatch>) -> Result<Vec<(String, Text)>, Mistake> {
    let compile = |(key, text): (&String, &TextMatch)| match Text::compile(text) {
        Ok(text) => Ok((key.clone(), text)),
        Err(message) => Err(Mistake::new(format!("/{part}/{}", escaped(key)), message)),
    };
    texts.iter().map(compile).collect()
}

fn wanted(values: &BTreeMap<String, ValueMatch>) -> Result<Vec<(String, Wanted)>, Mistake> {
    let compile = |(pointer, value): (&String, &ValueMatch)| match Wanted::compile(value) {
        Ok(wanted) => Ok((pointer.clone(), wanted)),
        Err(message) => Err(Mistake::new(format!("/body/{}", escaped(pointer)), message)),
    };
    values.iter().map(compile).collect()
}

/// A part of a `when` that does not hold; put into words only when it is read.
pub(super) enum Mismatch<'a> {
    /// The exchange has this operation instead.
    Operation(Option<Operation>),
    /// The subject is a request, and the rule is about jobs.
    Request,
    /// The subject is a job, and the rule is about requests.
    Job,
    /// The part has this value instead.
    Found { part: &'static str, found: Cow<'a, str> },
    /// It asks for no page of a list that begins behind its end.
    WithinList,
    /// The part is absent.
    Absent { part: &'static str },
    /// The query parameter, header field or body member of that name does not match.
    Named { part: &'static str, name: &'a str },
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(Some(operation)) => write!(f, "operation is {operation}"),
            Self::Operation(None) => f.write_str("no operation"),
            Self::Request => f.write_str("a request; the rule is about jobs"),
            Self::Job => f.write_str("a job; the rule is about requests"),
            Self::Found { part, found } => write!(f, "{part} is `{found}`"),
            Self::WithinList => f.write_str("no page past the end of a list"),
            Self::Absent { part } => write!(f, "{part} is absent"),
            Self::Named { part, name } => write!(f, "{part} `{name}` differs"),
        }
    }
}

fn differs<'a>(part: &'static str, text: Option<&Text>, found: Option<&'a str>) -> Option<Mismatch<'a>> {
    either(part, text, found, None)
}

/// Whether neither the id nor the name matches. The id says whether there is one at all.
fn either<'a>(
    part: &'static str,
    text: Option<&Text>,
    id: Option<&'a str>,
    name: Option<&'a str>,
) -> Option<Mismatch<'a>> {
    let text = text?;
    if text.fits(id) || id.is_some() && name.is_some_and(|name| text.fits(Some(name))) {
        return None;
    }
    Some(id.map_or(Mismatch::Absent { part }, |found| Mismatch::Found { part, found: found.into() }))
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::document::{Document, Format};

    fn matches(when: &str) -> Result<(), String> {
        let document = Document { name: "when", text: when, format: Format::Yaml };
        let matcher = Matcher::compile(&document.read().unwrap()).unwrap();
        let headers = [("x-run", "7"), ("user-agent", "curl/8")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers = HeaderMap::from_iter(headers);
        let mut exchange = ExchangeView::new(
            "PUT",
            "//v3/password-sync-groups/a-1/",
            &headers,
            br#"{"name": "Staff", "sourceIds": ["s", "t"], "nested": {"deep": null, "count": 2}}"#,
        );
        exchange.operation = Some(Operation::UpdatePasswordSyncGroup);
        exchange.version = Some("v3");
        exchange.query = "dry=true&note=a%20b&empty=";
        exchange.client = Some("c-1");
        exchange.client_name = Some("reader");
        exchange.id = "a-1";
        (exchange.is_past_end, exchange.is_reused_connection) = (true, true);
        matcher.first_mismatch(Subject::Exchange(&exchange)).map_or(Ok(()), |why| Err(why.to_string()))
    }

    #[test]
    fn each_matcher_has_an_effect() {
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
            "path: //v3/password%2Dsync-groups/%61-1/",
            "client: c-1",
            "client: reader",
            "client: {regex: '^read'}",
            "client: {present: true}",
            "query: {dry: true, note: a b, empty: '', other: {present: false}}",
            "header: {X-Run: 7, user-agent: {regex: curl}}",
            "body: {/name: {regex: ^St}, /sourceIds/1: t, /nested/count: 2, /nested/none: {present: false}}",
            "body: {/nested/deep: {present: true}}",
            "page: pastEnd",
            "connection: reused",
        ] {
            assert_eq!(matches(when), Ok(()), "{when}");
        }
        for (when, why) in [
            ("operation: token", "operation is updatePasswordSyncGroup"),
            ("version: v2024", "version is `v3`"),
            ("method: {regex: '^P.*T.$'}", "method is `PUT`"),
            ("path: /v3/*", "path is `/v3/password-sync-groups/a-1`"),
            ("path: /v3/password-sync-groups%2Fa-1", "path is `/v3/password-sync-groups/a-1`"),
            ("client: {present: false}", "client is `c-1`"),
            ("query: {dry: false}", "query `dry` differs"),
            ("query: {other: {present: true}}", "query `other` differs"),
            ("header: {x-run: {present: false}}", "header `x-run` differs"),
            ("body: {/name: staff}", "body `/name` differs"),
            ("body: {/other: {regex: .*}}", "body `/other` differs"),
            ("{method: PUT, client: c-2}", "client is `c-1`"),
            ("client: Reader", "client is `c-1`"),
            ("connection: new", "connection is `reused`"),
        ] {
            assert_eq!(matches(when), Err(why.to_owned()), "{when}");
        }
    }

    #[test]
    fn a_pattern_may_be_large_but_not_unlimited() {
        let compile = |when: &str| {
            let document = Document { name: "when", text: when, format: Format::Yaml };
            Matcher::compile(&document.read().unwrap()).map(|_| ()).map_err(|mistake| mistake.message)
        };
        for when in [
            r"client: {regex: '^[\w.+-]+@[\w-]+\.[\w.-]+$'}",
            "client: {regex: '(?i)(alpha|beta|gamma|delta)[0-9a-f]{32}'}",
            "path: /**/password-sync-groups/????????-????-????-????-????????????",
        ] {
            assert_eq!(compile(when), Ok(()), "{when}");
        }
        let why = compile(r"client: {regex: '(\w{100}){100}'}").unwrap_err();
        assert!(why.contains("too much memory"), "{why}");
        let why = compile(&format!("path: /{}", "*".repeat(30_000))).unwrap_err();
        assert!(why.contains("expected 1024 or fewer"), "{why}");
    }

    #[test]
    fn a_rule_about_requests_is_never_about_a_job() {
        let job = JobView { source: "s-1", source_name: "Okta", ..JobView::default() };
        for when in ["{}", "operation: '*'", "operation: token", "client: {present: false}"] {
            let document = Document { name: "when", text: when, format: Format::Yaml };
            let matcher = Matcher::compile(&document.read().unwrap()).unwrap();
            assert!(!matcher.is_about(Topic::Job), "{when}");
            assert!(matcher.first_mismatch(Subject::Job(&job)).is_some(), "{when}");
        }
    }

    #[test]
    fn a_job_is_matched_by_source_and_client_each_by_id_or_name() {
        let job = JobView {
            source: "s-1",
            source_name: "Okta",
            client: Some("c-1"),
            client_name: Some("admin"),
            ..JobView::default()
        };
        let exact = |text: &str| Some(TextMatch::Exact(text.to_owned()));
        for (source, client, expected) in [
            (None, None, None),
            (exact("s-1"), None, None),
            (exact("Okta"), exact("admin"), None),
            (exact("Okta"), exact("c-2"), Some("client is `c-1`")),
            (exact("okta"), None, Some("source is `s-1`")),
        ] {
            let when = When { client, source, operation: Some(Operations::Attempts), ..When::default() };
            let matcher = Matcher::compile(&when).unwrap();
            let mismatch = matcher.first_mismatch(Subject::Job(&job)).map(|mismatch| mismatch.to_string());
            assert_eq!(mismatch.as_deref(), expected, "{when:?}");
        }
    }
}
