//! What is fuzzed, and what must hold for any input.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::Value;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::document::{Document, DocumentError, Format};
use sync_group_sim::fixture::Fixture;
use sync_group_sim::handle::TenantHandle;
use sync_group_sim::journal::Filter;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::query::{
    Field, FieldKind, Filter as ListFilter, Filterable, Mistake, Operator, Operators, Selectable, Sortable,
    Sorters,
};
use sync_group_sim::scenario::{Ruleset, Rulesets, explain};
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::{Body, Reply, Request, Stopwatch};
use sync_group_sim::world::{NamedOr, TenantRequest};

/// What clients call the server.
const ROOT: &str = "http://localhost";

fn simulator() -> Simulator {
    let mut config = Config::default();
    config.options.clock = Clock::manual(Timestamp::parse("2026-11-24T09:30:00Z").unwrap());
    config.options.journal_limit = 100;
    Simulator::new(config).unwrap()
}

/// The access token of each client of the fixture, and the refresh token of those that get one; of others it is empty.
fn tokens(simulator: &Simulator) -> Vec<(String, [String; 2])> {
    let tokens = simulator.clients().into_iter().map(|client| {
        let call = format!(
            "/oauth/token?grant_type=client_credentials&client_id={}&client_secret={}",
            client.client_id, client.client_secret
        );
        let reply = simulator.answer(&Request::new(Method::POST, &call).unwrap()).reply.value();
        (
            client.name,
            ["access_token", "refresh_token"].map(|key| reply[key].as_str().unwrap_or_default().to_owned()),
        )
    });
    tokens.collect()
}

/// Requests, one after the other, with `%%` on a line between them: a method and a target, header fields, an empty
/// line, a body. `$admin` and so on stand for that client's token, `$id` and `$secret` for the administrator's, and
/// `$group` for the id of the group that was made last.
pub(super) fn request() -> impl Fn(&[u8]) {
    let simulator = simulator();
    let admin = simulator.clients()[0].clone();
    let mut words: Vec<_> =
        tokens(&simulator).into_iter().map(|(name, [token, _])| (format!("${name}"), token)).collect();
    words.extend([("$id".to_owned(), admin.client_id), ("$secret".to_owned(), admin.client_secret)]);
    move |input| {
        let mut group = "none".to_owned();
        for text in split(input, b"\n%%\n") {
            let mut text = replace(text, b"$group", group.as_bytes());
            for (word, meaning) in &words {
                text = replace(&text, word.as_bytes(), meaning.as_bytes());
            }
            let Some(request) = read_request(&text) else { continue };
            let reply = simulator.answer(&request).reply;
            check_reply(&request, &reply);
            if request.method == Method::POST
                && let Some(id) = reply.value()["id"].as_str()
            {
                id.clone_into(&mut group);
            }
        }
        for name in simulator.tenant_names() {
            let tenant = simulator.tenant(&name, ROOT).expect("a tenant that is named exists");
            check_tenant(&tenant);
            if name == "default" {
                tenant.reset();
            } else {
                simulator.delete_tenant(&name).unwrap();
            }
        }
    }
}

fn split<'a>(input: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        pieces.push(&rest[..at]);
        rest = &rest[at + mark.len()..];
    }
    pieces.push(rest);
    pieces
}

fn replace(input: &[u8], word: &[u8], meaning: &[u8]) -> Vec<u8> {
    split(input, word).join(meaning)
}

/// A request from its text; `None` when HTTP could not carry it.
fn read_request(text: &[u8]) -> Option<Request> {
    let pieces = split(text, b"\n\n");
    let (head, body) = (pieces[0], pieces[1..].join(&b"\n\n"[..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(halves.next()?).ok()?;
        headers.append(name, HeaderValue::from_bytes(halves.next()?.trim_ascii()).ok()?);
    }
    let body = Body::Whole(body.into());
    let (is_secure, connection, local_address) = (false, 1, None);
    let (is_reused_connection, is_multiplexed, stopwatch) = (false, false, Stopwatch::default());
    Some(Request {
        method,
        uri,
        headers,
        body,
        is_secure,
        connection,
        local_address,
        is_reused_connection,
        is_multiplexed,
        stopwatch,
    })
}

/// What holds for every reply: no failures except those of a scenario, and JSON where JSON is promised.
fn check_reply(request: &Request, reply: &Reply) {
    let asked = || format!("{} {}", request.method, request.uri);
    let status = reply.status.as_u16();
    let is_faulted = reply.header("sim-fault").is_some();
    assert!(status < 500 || is_faulted, "{}: {status} {:?}", asked(), reply.body);
    let content_type = reply.header("content-type").unwrap_or_default();
    if is_faulted || !content_type.starts_with("application/json") {
        let may_be_other = reply.body.is_empty() || request.uri.path().contains("_sim") || is_faulted;
        assert!(may_be_other, "{}: {content_type}", asked());
        return;
    }
    let body: Value = serde_json::from_slice(&reply.body)
        .unwrap_or_else(|error| panic!("{}: {error} in {:?}", asked(), reply.body));
    if status >= 400 {
        let keys = ["detailCode", "errorName", "error", "message", "passed"];
        assert!(keys.iter().any(|key| body.get(key).is_some()), "{}: {status} {body}", asked());
    }
}

/// What holds for every tenant after any request: its state is one that a fixture may have, and everything that can be
/// shown of it can be shown.
fn check_tenant(tenant: &TenantHandle) {
    let state = tenant.state();
    let text = serde_json::to_string(&state).unwrap();
    let document = Document { name: "state.json", text: &text, format: Format::Json };
    let read =
        Fixture::read(&document, Prerequisites::Ignore).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read, state);
    let all = Filter::default();
    let _ = (tenant.journal(&all), tenant.har(&all), tenant.scenario());
}

/// Scenario files, as YAML and as JSON: what is read can be explained, written, read again and run.
pub(super) fn scenario() -> impl Fn(&[u8]) {
    let simulator = simulator();
    let token = tokens(&simulator).remove(0).1[0].clone();
    move |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        for format in [Format::Yaml, Format::Json] {
            let ruleset = match Ruleset::read(&Document { name: "input", text, format }) {
                Ok(ruleset) => ruleset,
                Err(error) => {
                    check_place(&error, text);
                    continue;
                }
            };
            assert!(explain(&ruleset).contains(ruleset.name()));
            let scenario = ruleset.written();
            let written = serde_json::to_string(&scenario).unwrap();
            let document = Document { name: "written", text: &written, format: Format::Json };
            assert_eq!(Ruleset::read(&document).map(|read| read.written()), Ok(scenario), "{written}");
            let tenant = simulator.tenant("default", ROOT).unwrap();
            let Ok(rulesets) = Rulesets::new([ruleset], 1_000) else { continue };
            tenant.set_scenarios(&rulesets);
            let call =
                format!("/oauth/token?grant_type=client_credentials&client_id=x&client_secret={token}");
            let list = "/v3/password-sync-groups?limit=1&count=true";
            for request in [
                Request::new(Method::GET, list).unwrap().bearer(&token),
                Request::new(Method::POST, list)
                    .unwrap()
                    .bearer(&token)
                    .json(&serde_json::json!({"name": "x"})),
                Request::new(Method::GET, list).unwrap(),
                Request::new(Method::POST, &call).unwrap(),
                Request::new(Method::GET, "/oauth/info").unwrap(),
            ] {
                check_reply(&request, &simulator.answer(&request).reply);
            }
            check_tenant(&tenant);
            tenant.reset();
        }
    }
}

/// Fixture files, as YAML and as JSON: what is read can be written, read again, and used to start a tenant.
pub(super) fn fixture() -> impl Fn(&[u8]) {
    let simulator = simulator();
    move |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        for format in [Format::Yaml, Format::Json] {
            for prerequisites in [Prerequisites::Enforce, Prerequisites::Ignore] {
                let fixture = match Fixture::read(&Document { name: "input", text, format }, prerequisites) {
                    Ok(fixture) => fixture,
                    Err(error) => {
                        check_place(&error, text);
                        continue;
                    }
                };
                let written = serde_json::to_string(&fixture).unwrap();
                let document = Document { name: "written", text: &written, format: Format::Json };
                assert_eq!(Fixture::read(&document, prerequisites), Ok(fixture.clone()), "{written}");
                let asked = TenantRequest {
                    fixture: Some(NamedOr::Inline(Box::new(fixture))),
                    prerequisites: Some(prerequisites),
                    ..TenantRequest::default()
                };
                let tenant = simulator.create_tenant(&asked, ROOT).unwrap();
                check_tenant(&tenant);
                simulator.delete_tenant(tenant.name()).unwrap();
            }
        }
    }
}

/// The places of mistakes are in the file, on one of its lines or right after it, and in order.
fn check_place(error: &DocumentError, text: &str) {
    let place = format!("{error:?} in {text:?}");
    assert!((1..=50).contains(&error.mistakes.len()), "{place}");
    // To YAML a carriage return by itself ends a line, too.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<_> = text.split('\n').collect();
    let mut before = (0, 0);
    for mistake in &error.mistakes {
        assert!(!mistake.message.is_empty(), "{place}");
        let line = lines.get(mistake.line.checked_sub(1).expect("lines count from 1"));
        let line = line.unwrap_or_else(|| panic!("no such line: {place}"));
        assert!((1..=line.chars().count() + 1).contains(&mistake.column), "no such column: {place}");
        assert!(before <= (mistake.line, mistake.column), "not in order: {place}");
        before = (mistake.line, mistake.column);
    }
}

/// Bearer and refresh tokens: none is accepted but those that were issued, unchanged. Also returns those.
pub(super) fn token() -> (impl Fn(&[u8]), Vec<Vec<u8>>) {
    let simulator = simulator();
    let portal = simulator.clients().into_iter().find(|client| client.name == "portal").unwrap();
    let tokens = tokens(&simulator);
    let [access, refresh] = [0, 1].map(|kind| tokens.iter().map(|(_, pair)| pair[kind].clone()).collect());
    let (access, refresh): (Vec<String>, Vec<String>) = (access, refresh);
    let corpus = access
        .iter()
        .chain(&refresh)
        .filter(|token| !token.is_empty())
        .map(|token| token.clone().into_bytes())
        .collect();
    let target = move |input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        if let Ok(value) = HeaderValue::from_bytes(&[b"Bearer ", input].concat()) {
            let mut request = Request::new(Method::GET, "/v3/password-sync-groups").unwrap();
            request.headers.append(hyper::header::AUTHORIZATION, value);
            let is_known = access.iter().any(|token| *token == text.trim());
            let status = simulator.answer(&request).reply.status.as_u16();
            assert_eq!([200, 403].contains(&status), is_known, "{status} for {text}");
            assert!(is_known || status == 401, "{status} for {text}");
        }
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            portal.client_id,
            portal.client_secret,
            percent_encode(input, NON_ALPHANUMERIC)
        );
        let call = Request::new(Method::POST, "/oauth/token").unwrap();
        let call = call.body("application/x-www-form-urlencoded", form);
        let status = simulator.answer(&call).reply.status.as_u16();
        // It alone gets refresh tokens, and it asks.
        let is_its_own = !text.is_empty() && refresh.iter().any(|token| *token == text);
        assert_eq!(status == 200, is_its_own, "{status} for {text}");
        assert!([200, 400].contains(&status), "{status} for {text}");
    };
    (target, corpus)
}

/// A list that allows every operator that fits, on a field of each kind.
fn filtered_list() -> Selectable {
    const FIELDS: &[Field] = &[
        Field { path: "name", kind: FieldKind::Text },
        Field { path: "owner.id", kind: FieldKind::Text },
        Field { path: "size", kind: FieldKind::Number },
        Field { path: "healthy", kind: FieldKind::Boolean },
        Field { path: "created", kind: FieldKind::Time },
        Field { path: "features", kind: FieldKind::Texts },
    ];
    let filters = FIELDS.iter().enumerate().map(|(field, known)| {
        let fitting: Vec<Operator> =
            Operator::ALL.into_iter().filter(|operator| operator.fits(known.kind)).collect();
        Filterable { name: known.path, field, operators: Operators::of(&fitting) }
    });
    let sorters = FIELDS.iter().enumerate().map(|(field, known)| Sortable { name: known.path, field });
    Selectable {
        resource: "things",
        fields: FIELDS,
        filters: Vec::leak(filters.collect()),
        sorters: Vec::leak(sorters.collect()),
    }
}

/// Filters and sorters, by themselves and in a request: what cannot be read is refused with a place in the text.
pub(super) fn filter() -> impl Fn(&[u8]) {
    let list = filtered_list();
    let simulator = simulator();
    let token = tokens(&simulator).remove(0).1[0].clone();
    move |input| {
        let text = String::from_utf8_lossy(input);
        let is_filter = match ListFilter::read(&text, &list) {
            Ok(_) => true,
            Err(mistake) => {
                check_mistake(&mistake, &text);
                false
            }
        };
        // Each has room for one more level, or is refused for that alone.
        for around in [format!("({text})"), format!("not ({text})"), format!("{text} and size eq 7")] {
            match ListFilter::read(&around, &list) {
                Ok(_) => assert!(is_filter, "{around}"),
                Err(mistake) => {
                    check_mistake(&mistake, &around);
                    let is_bound = mistake.message.contains("expected at most");
                    assert!(!is_filter || is_bound, "{around}: {mistake}");
                }
            }
        }
        if let Err(mistake) = Sorters::read(&text, &list) {
            check_mistake(&mistake, &text);
        }
        let encoded = percent_encode(input, NON_ALPHANUMERIC);
        for path in ["/v2026/sources", "/beta/sources", "/v2026/password-sync-groups"] {
            let Ok(request) =
                Request::new(Method::GET, &format!("{path}?filters={encoded}&sorters={encoded}"))
            else {
                continue;
            };
            let request = request.bearer(&token);
            let reply = simulator.answer(&request).reply;
            check_reply(&request, &reply);
            assert!([200, 400].contains(&reply.status.as_u16()), "{text}: {}", reply.status);
        }
    }
}

/// A mistake lies in the text, or right after it, and says something.
fn check_mistake(mistake: &Mistake, text: &str) {
    assert!((1..=text.chars().count() + 1).contains(&mistake.at), "{mistake:?} in {text:?}");
    assert!(mistake.message.contains("expected"), "{mistake:?} in {text:?}");
    assert!(mistake.message.len() < 2_000, "{mistake:?}");
}
