//! Request and reply pairs from the files under `tests/exchanges`: a file or a folder for each resource. Each case runs
//! twice, through `Simulator::answer` and over a socket, with the same seed and a clock that stands still; both must be
//! as the case says, and byte for byte the same.
//!
//! A case is a list of steps against a fresh simulator. A step sends a request, `as` a client of the fixture
//! (its token is fetched first) or with `headers` of its own, with `json`, or with a `body` of some `type`.
//! It expects a `status`, and where given: `headers` (null: absent), a `reply` that is exactly this JSON, or
//! a `text` that is in the body. In all of them `$name` stands for whatever was found there first, `*` for
//! anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hyper::Method;
use hyper::header::{HOST, HeaderName};
use serde::Deserialize;
use serde_json::Value;
use sync_group_sim::clock::{Clock, Span, Timestamp};
use sync_group_sim::document::{Document, Format};
use sync_group_sim::fixture::Fixture;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::tenant::TenantOptions;
use sync_group_sim::tenant::rate_limit::Limit;
use sync_group_sim::wire::Request;
use sync_group_sim::world::UnknownTenants;

use crate::harness::ask::token_call;
use crate::harness::http::send;
use crate::harness::served::Served;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    #[serde(default)]
    options: Options,
    steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    fixture: Option<String>,
    prerequisites: Option<Prerequisites>,
    rate_limit: Option<Limit>,
    token_lifetime: Option<Span>,
    max_body: Option<usize>,
    strict_tenants: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    send: String,
    #[serde(rename = "as")]
    client: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    body: Option<String>,
    #[serde(rename = "type")]
    content_type: Option<String>,
    expect: Expected,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    reply: Option<Value>,
    text: Option<String>,
    /// The number of items of the list in the body.
    items: Option<usize>,
}

/// A reply, however it came.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// How a case's requests are sent.
enum Way {
    Direct(Box<Simulator>),
    Socket(Box<Served>),
}

/// What the tenants' clock shows in every case.
const TENANT_DATE: &str = "Tue, 24 Nov 2026 09:30:00 GMT";
const HOST_NAME: &str = "sim.localhost:4580";

impl Way {
    fn send(&self, method: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> Said {
        match self {
            Self::Direct(simulator) => {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let mut request = Request::new(method, target).unwrap();
                for (name, value) in headers {
                    request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
                }
                request.body = sync_group_sim::wire::Body::Whole(body.to_vec().into());
                let reply = simulator.answer(&request).reply;
                let headers = reply
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
                Said { status: reply.status.as_u16(), headers: headers.collect(), body: reply.body.to_vec() }
            }
            Self::Socket(served) => {
                let reply = send(served.address(), method, target, headers, body);
                // What the server adds for the connection's sake is not part of the answer.
                let framing = ["content-length", "connection", "transfer-encoding"];
                let headers = reply
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name.to_ascii_lowercase(), value))
                    .filter(|(name, _)| !framing.contains(&name.as_str()));
                Said { status: reply.status, headers: headers.collect(), body: reply.body }
            }
        }
    }
}

fn config(options: &Options) -> Config {
    let mut config = Config::default();
    if let Some(name) = &options.fixture {
        config.fixture = Fixture::built_in(name).unwrap();
    }
    config.options = TenantOptions {
        seed: 1,
        prerequisites: options.prerequisites.unwrap_or_default(),
        rate_limit: options.rate_limit.and_then(|limit| limit.0),
        clock: Clock::manual(Timestamp::parse("2026-11-24T09:30:00.250Z").unwrap()),
        ..TenantOptions::default()
    };
    if let Some(Span(lifetime)) = options.token_lifetime {
        config.options.token_lifetime = lifetime;
    }
    if let Some(max_body) = options.max_body {
        config.limits.max_body_bytes = max_body;
    }
    if options.strict_tenants == Some(true) {
        config.unknown_tenants = UnknownTenants::Refused;
    }
    config
}

/// Runs one case one way, and returns what was said.
fn run(case: &Case, way: &Way) -> Vec<Said> {
    let clients = config(&case.options).fixture.clients;
    let mut tokens: BTreeMap<String, String> = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut said = Vec::new();
    for (index, step) in case.steps.iter().enumerate() {
        let at = format!("{}, step {}: {}", case.name, index + 1, step.send);
        let (method, target) = step.send.split_once(' ').expect("`send` is a method and a target");
        let target = fill(target, &names);
        let mut headers: Vec<(String, String)> =
            step.headers.iter().map(|(name, value)| (name.clone(), fill(value, &names))).collect();
        if !step.headers.keys().any(|name| name.eq_ignore_ascii_case("host")) {
            headers.push((HOST.to_string(), HOST_NAME.to_owned()));
        }
        if let Some(name) = &step.client {
            let prefix = target.find("/tenants/").map_or("", |_| {
                let end = target[9..].find('/').map_or(target.len(), |slash| slash + 9);
                &target[..end]
            });
            let token = tokens.entry(format!("{prefix}{name}")).or_insert_with(|| {
                let client =
                    clients.iter().find(|client| client.name == *name).expect("a client of the fixture");
                let target = token_call(prefix, &client.client_id, &client.client_secret);
                let reply = way.send("POST", &target, &[("host".to_owned(), HOST_NAME.to_owned())], b"");
                let body: Value = serde_json::from_slice(&reply.body).unwrap();
                body["access_token"].as_str().expect("a token").to_owned()
            });
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let body = match (&step.json, &step.body) {
            (Some(json), _) => fill(&json.to_string(), &names),
            (None, body) => body.as_deref().map(|body| fill(body, &names)).unwrap_or_default(),
        };
        let content_type = step.content_type.as_deref().or(step.json.as_ref().map(|_| "application/json"));
        if let Some(content_type) = content_type {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        let reply = way.send(method, &target, &headers, body.as_bytes());
        compare(&at, &step.expect, &reply, &mut names);
        said.push(reply);
    }
    said
}

fn compare(at: &str, expected: &Expected, reply: &Said, names: &mut BTreeMap<String, String>) {
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(reply.status, expected.status, "{at}\n{body}");
    for (name, value) in &expected.headers {
        let found = reply.headers.get(&name.to_ascii_lowercase());
        match value {
            None => assert_eq!(found, None, "{at}: {name}"),
            Some(pattern) => {
                let found = found.unwrap_or_else(|| panic!("{at}: no {name} in {:?}", reply.headers));
                assert!(fits_text(pattern, found, names), "{at}: {name} is {found}; expected {pattern}");
            }
        }
    }
    if let Some(pattern) = &expected.reply {
        let found: Value =
            serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{at}: no JSON: {body}"));
        assert!(fits(pattern, &found, names), "{at}\n   found {found}\nexpected {pattern}\n{names:?}");
    }
    if let Some(text) = &expected.text {
        assert!(body.contains(&fill(text, names)), "{at}: {body}\nhas no {text}");
    }
    if let Some(items) = expected.items {
        let found: Vec<Value> =
            serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{at}: no list: {body}"));
        assert_eq!(found.len(), items, "{at}");
    }
}

/// Whether JSON fits a pattern: the same shape and values, with `*` and `$name` for text or whole values.
fn fits(pattern: &Value, found: &Value, names: &mut BTreeMap<String, String>) -> bool {
    match (pattern, found) {
        (Value::String(pattern), Value::String(found)) => fits_text(pattern, found, names),
        (Value::String(pattern), _) => pattern == "*",
        (Value::Array(patterns), Value::Array(items)) => {
            patterns.len() == items.len() && patterns.iter().zip(items).all(|(p, f)| fits(p, f, names))
        }
        (Value::Object(patterns), Value::Object(members)) => {
            patterns.len() == members.len()
                && patterns.iter().all(|(key, p)| members.get(key).is_some_and(|f| fits(p, f, names)))
        }
        _ => pattern == found,
    }
}

fn fits_text(pattern: &str, found: &str, names: &mut BTreeMap<String, String>) -> bool {
    match pattern.strip_prefix('$') {
        _ if pattern == "*" => true,
        Some(name) => names.entry(name.to_owned()).or_insert_with(|| found.to_owned()) == found,
        None => fill(pattern, names) == found,
    }
}

/// Text with every `$name` that is known filled in.
fn fill(text: &str, names: &BTreeMap<String, String>) -> String {
    // Longer names first, so that `$id2` is not taken for `$id`.
    let mut known: Vec<_> = names.iter().collect();
    known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    known.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
}

/// Every file under a folder of `tests/exchanges`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_exchange_is_as_written_without_a_socket_and_over_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchanges");
    let mut found = Vec::new();
    files(&folder, &mut found);
    assert!(!found.is_empty(), "{} is empty", folder.display());
    std::thread::scope(|scope| {
        for path in &found {
            let name = path.strip_prefix(&folder).unwrap().display().to_string();
            // A panic is told with the name of its thread, which is the file's.
            std::thread::Builder::new().name(name).spawn_scoped(scope, || check(path)).unwrap();
        }
    });
}

/// Runs every case of a file both ways.
fn check(file: &Path) {
    let (name, text) = (file.display().to_string(), std::fs::read_to_string(file).unwrap());
    let document = Document { name: &name, text: &text, format: Format::Yaml };
    let cases: Vec<Case> = document.parse().unwrap_or_else(|error| panic!("{error}"));
    assert!(!cases.is_empty(), "{name} has no cases");
    for case in cases {
        let direct = run(&case, &Way::Direct(Box::new(Simulator::new(config(&case.options)).unwrap())));
        let socket = run(&case, &Way::Socket(Box::new(Served::start(config(&case.options)))));
        for (step, (direct, socket)) in direct.iter().zip(&socket).enumerate() {
            let (mut direct, mut socket) = (direct.clone(), socket.clone());
            // Outside every tenant there is only the wall clock, and it runs between the two ways.
            if direct.headers.get("date").is_none_or(|date| date != TENANT_DATE) {
                direct.headers.remove("date");
                socket.headers.remove("date");
            }
            if case.steps[step].send.starts_with("HEAD ") {
                direct.body.clear();
            }
            assert_eq!(direct, socket, "{}, step {}: the two ways differ", case.name, step + 1);
        }
    }
}
