//! What a browser needs so that a page of another origin may call the API, and that the control API never gives it.

use std::io::{Read, Write};

use serde_json::Value;
use sync_group_sim::journal::Filter;
use sync_group_sim::{Config, Cors};

use crate::harness::client::{scenario, together};
use crate::harness::http::{RawReply, connect, exchange, parse, send};
use crate::harness::process::run;
use crate::harness::served::Served;

const ORIGIN: &str = "http://localhost:3000";

fn served(rules: &str) -> Served {
    let text = format!("name: t\nrules: [{rules}]\n");
    Served::start(Config { scenarios: together([scenario(&text)]), ..Config::default() })
}

fn ask(served: &Served, method: &str, target: &str, headers: &[(&str, &str)]) -> RawReply {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    send(served.address(), method, target, &headers, b"")
}

fn from_page(served: &Served, method: &str, target: &str) -> RawReply {
    ask(served, method, target, &[("Origin", ORIGIN)])
}

fn is_shown(reply: &RawReply) -> bool {
    let exposed = reply.header("access-control-expose-headers");
    let is_shown = reply.header("access-control-allow-origin") == Some(ORIGIN);
    assert_eq!(exposed.is_some(), is_shown);
    assert!(!is_shown || exposed == Some("Retry-After, SLPT-Request-ID, X-Total-Count"), "{exposed:?}");
    assert!(!is_shown || reply.header("vary") == Some("Origin"), "{reply:?}");
    is_shown
}

#[test]
fn every_answer_of_the_api_to_a_page_is_shown_to_it_and_no_other_answer_changes() {
    let served =
        served("{when: {query: {limited: {present: true}}}, fault: {rateLimited: {retryAfter: 2s}}}");
    for (method, target, status) in [
        ("GET", "/oauth/info", 200),
        ("HEAD", "/oauth/info", 200),
        ("GET", "/v3/password-sync-groups", 401),
        ("GET", "/v3/password-sync-groups?limited", 429),
        ("GET", "/nothing", 401),
        ("OPTIONS", "/oauth/info", 405),
        ("POST", "/oauth/token", 401),
        ("GET", "/tenants/No_Name/oauth/info", 404),
    ] {
        let reply = from_page(&served, method, target);
        assert_eq!((reply.status, is_shown(&reply)), (status, true), "{method} {target}");
        let plain = ask(&served, method, target, &[]);
        assert!(plain.headers.iter().all(|(name, _)| !name.to_lowercase().starts_with("access-control")));
        assert_eq!(plain.header("vary"), None, "{method} {target}");
    }
    // What cannot be read is answered where its sender can see it, too.
    let bad = format!("GET /oauth/info HTTP/1.1\r\nHost: a\r\nHost: b\r\nOrigin: {ORIGIN}\r\n\r\n");
    assert!(is_shown(&parse(&exchange(served.address(), bad.as_bytes()))));
    let told = served.running().simulator().default_tenant().journal(&Filter::default());
    assert_eq!(told.exchanges[0]["reply"]["headers"]["access-control-allow-origin"], ORIGIN);
}

#[test]
fn faulted_cut_and_trickled_answers_are_shown_as_far_as_they_go() {
    for fault in
        ["{cut: {after: 7}}", "{trickle: {chunk: 100, pause: 1ms}}", "{corrupt: html}", "{hold: 1ms}"]
    {
        let served = served(&format!("{{when: {{operation: oauthInfo}}, fault: {fault}}}"));
        let mut socket = connect(served.address());
        let request =
            format!("GET /oauth/info HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: {ORIGIN}\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes);
        assert!(is_shown(&parse(&bytes)), "{fault}");
    }
}

#[test]
fn a_scenario_may_say_itself_to_whom_its_reply_is_shown() {
    let served =
        served("{fault: {respond: {status: 200, headers: {Access-Control-Allow-Origin: 'https://other'}}}}");
    let reply = from_page(&served, "GET", "/oauth/info");
    let found: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("access-control-allow-origin"))
        .collect();
    assert_eq!((found.len(), &*found[0].1), (1, "https://other"));
}

#[test]
fn a_preflight_is_answered_without_token_rule_limit_tenant_or_journal() {
    let served = served("{fault: close}");
    let preflight = |target: &str| {
        let headers = [
            ("Origin", ORIGIN),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ];
        ask(&served, "OPTIONS", target, &headers)
    };
    for target in
        ["/v3/password-sync-groups/x", "/oauth/token", "/nothing", "/tenants/new/v3/password-sync-groups"]
    {
        let reply = preflight(target);
        assert_eq!((reply.status, &*reply.body), (204, &b""[..]), "{target}");
        assert_eq!(reply.header("access-control-allow-origin"), Some(ORIGIN));
        assert!(reply.header("access-control-allow-methods").unwrap().contains("PUT"));
        assert_eq!(reply.header("access-control-allow-headers"), Some("authorization,content-type"));
        assert!(reply.header("vary").unwrap().starts_with("Origin"));
    }
    let simulator = served.running().simulator();
    assert!(simulator.default_tenant().exchanges(&Filter::default()).is_empty());
    assert!(simulator.tenant("new", "http://localhost").is_none());
}

#[test]
fn the_control_api_is_never_shown_to_another_page() {
    let served = served("{fault: close}");
    for (method, target) in [("GET", "/_sim/health"), ("OPTIONS", "/_sim/journal"), ("GET", "/_sim/nothing")]
    {
        let headers = [("Origin", ORIGIN), ("Access-Control-Request-Method", "GET"), ("Host", "localhost")];
        let reply = ask(&served, method, target, &headers);
        assert_eq!(reply.header("access-control-allow-origin"), None, "{method} {target}");
        assert_ne!(reply.status, 204);
    }
    let foreign = ask(
        &served,
        "OPTIONS",
        "/_sim/journal",
        &[("Origin", "https://example.com"), ("Access-Control-Request-Method", "GET"), ("Host", "localhost")],
    );
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, None));
}

#[test]
fn it_can_be_turned_off() {
    let served = Served::start(Config { cors: Cors::Off, ..Config::default() });
    assert!(!is_shown(&from_page(&served, "GET", "/oauth/info")));
    let preflight = [("Origin", ORIGIN), ("Access-Control-Request-Method", "GET")];
    assert_eq!(ask(&served, "OPTIONS", "/oauth/info", &preflight).status, 405);
    let body: Value = serde_json::from_slice(&from_page(&served, "GET", "/oauth/info").body).unwrap();
    assert_eq!(body["tenantName"], "default");
    let (code, _, stderr) = run(&["--cors", "maybe"]);
    assert!(code == 2 && stderr.contains("--cors"), "{stderr}");
}

#[test]
fn an_answer_for_which_there_is_no_place_is_shown_as_well() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: {hold: 1h}}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.limits.max_holds = 0;
    let served = Served::start(config);
    let reply = from_page(&served, "GET", "/oauth/info");
    assert_eq!((reply.status, is_shown(&reply)), (503, true));
    assert_eq!(ask(&served, "GET", "/oauth/info", &[]).header("access-control-allow-origin"), None);
}
