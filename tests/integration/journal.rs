//! What the journal keeps: a limited number of bytes, and no secrets.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sync_group_sim::Config;
use sync_group_sim::journal::Filter;
use sync_group_sim::wire::Request;

use crate::harness::client::Client;
use crate::harness::control::Sim;
use crate::harness::http::{RawReply, connect, send};
use crate::harness::process::{Server, binary, file, run};
use crate::harness::served::Served;

#[test]
fn the_journal_leaves_secrets_out() {
    let client = Client::with("name: t\nrules: []\n");
    client.get("");
    let journal = client.journal().to_string();
    assert!(!journal.contains(&client.admin.1) && !journal.contains(&client.token), "{journal}");
    assert!(journal.contains("client_secret=…") && journal.contains("Bearer …"), "{journal}");
    assert_eq!(client.journal()["seed"], 1);
}

#[test]
fn a_long_journal_is_listed_whole_with_its_length_in_front() {
    let served = Served::start(Config::default());
    let address = served.address();
    let body = vec![b'a'; 200 << 10];
    for _ in 0..5 {
        assert_eq!(send(address, "POST", "/v2024/nothing", &[], &body).status, 401);
    }
    let listed = |path: &str| {
        let reply = send(address, "GET", path, &[], b"");
        let length = reply.header("content-length").unwrap().to_owned();
        assert_eq!(length, reply.body.len().to_string(), "{path}");
        let head = send(address, "HEAD", path, &[], b"");
        assert_eq!((head.header("content-length"), head.body.len()), (Some(&*length), 0), "{path}");
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let journal = listed("/_sim/journal");
    let seqs = |journal: &Value| -> Vec<u64> {
        let exchanges = journal["exchanges"].as_array().unwrap();
        exchanges.iter().map(|exchange| exchange["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!((seqs(&journal), &journal["dropped"]), (vec![1, 2, 3, 4, 5], &json!(0)));
    assert_eq!(journal["exchanges"][4]["request"]["body"].as_str().unwrap().len(), body.len());
    assert_eq!(seqs(&listed("/_sim/journal?after=1&limit=3")), [2, 3, 4]);
    assert_eq!(seqs(&listed("/_sim/journal?limit=0")), [0_u64; 0]);
    assert_eq!(listed("/_sim/journal.har")["log"]["entries"].as_array().unwrap().len(), 5);
    // Without a socket it is the same.
    let tenant = served.running().simulator().default_tenant();
    assert_eq!(json!(tenant.journal(&Filter::default()).exchanges), listed("/_sim/journal")["exchanges"]);
    assert_eq!(tenant.har(&Filter::default()), listed("/_sim/journal.har"));
}

#[test]
fn secrets_are_left_out_wherever_a_client_puts_them() {
    let client = Client::with("name: t\nrules: []\n");
    let (id, secret) = client.admin.clone();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let post = |target: &str| Request::new(Method::POST, target).unwrap();
    let token = client.token.clone();
    let basic = hyper::header::AUTHORIZATION;
    for request in [
        post("/oauth/token").body("text/plain", form.clone()),
        post("/oauth/token").body("", form.clone()),
        post("/oauth/token").body("application/xml", format!("<client_secret>{secret}</client_secret>")),
        post("/oauth/token").body("application/json", format!("{{\"client_secret\":\"{secret}")),
        post(&format!("/oauth/token?CLIENT_SECRET={secret}")),
        post("/oauth/token").header(hyper::header::HeaderName::from_static("x-api-key"), &secret),
        post("/v3/x").header(basic.clone(), &token),
        post("/v3/x").header(hyper::header::COOKIE, &format!("token={token}")),
        post("/v3/x").body("application/json", format!("{{\"note\": \"{token}\"}}")),
        post("/v3/x").body(
            "application/json",
            "[{\"op\": \"add\", \"path\": \"/password\", \"value\": \"hush-hush\"}]",
        ),
        post("/oauth/token").body("application/x-www-form-urlencoded", "client_assertion=hush-hush"),
        post("/oauth/token").body("application/x-www-form-urlencoded", format!("client_id={secret}")),
        post(&format!("/oauth/token?grant_type={secret}&client_id={id}&client_secret={secret}")),
        post(&format!("/v3/password-sync-groups/{token}")),
        post("/v3/x").header(hyper::header::USER_AGENT, &format!("agent {secret}")),
    ] {
        client.simulator.answer_at(&request, client.wall);
    }
    let journal = client.journal().to_string();
    assert!(!journal.contains(&secret) && !journal.contains("hush-hush"), "{journal}");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!journal.contains(signature), "{journal}");
}

#[test]
fn the_journal_is_bounded_by_bytes_too() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "a", "prerequisites": "ignore" }));
    // Each exchange carries a megabyte there and one back: 64 MiB hold fewer than forty of them.
    let name = "x".repeat(1_000_000);
    for _ in 0..40 {
        let body = Some(json!({ "name": name }));
        let outcome = sim.ask(&format!("POST {prefix}/v3/password-sync-groups"), Some(&token), body);
        assert_eq!(outcome.reply.status.as_u16(), 200);
    }
    let journal = sim.control(&format!("GET {prefix}/_sim/journal?limit=1"), None, 200);
    let (first, dropped) =
        (journal["exchanges"][0]["seq"].as_u64().unwrap(), journal["dropped"].as_u64().unwrap());
    assert!((5..20).contains(&dropped) && first == dropped + 1, "{first} {dropped}");
}

/// What every secret of these tests ends with; nothing that is shown may have it.
const TAIL: &str = "t41l";
/// Signs that may stand in the middle of a secret.
const SIGNS: [&str; 16] = [",", "\"", "'", "&", "+", "%", " ", ";", "<", ">", "=", ":", "/", "\\", "ü", "]"];
/// What clients encode that encode as little as they can.
const LITTLE: &AsciiSet =
    &CONTROLS.add(b'&').add(b'+').add(b'%').add(b' ').add(b'<').add(b'>').add(b'"').add(b'\\');

/// A request: its target, header fields and body.
type Sent = (String, Vec<(&'static str, String)>, String);

/// Requests with a secret in places for secrets, in every spelling that is accepted, and with the same again elsewhere.
fn with_secret_fields(secret: &str) -> Vec<Sent> {
    let mut requests = Vec::new();
    for set in [LITTLE, NON_ALPHANUMERIC] {
        let s = utf8_percent_encode(secret, set).to_string();
        let plus = s.replace("%20", "+");
        let urlencoded = || vec![("Content-Type", "application/x-www-form-urlencoded".to_owned())];
        requests.extend([
            (format!("/oauth/token?grant_type={s}&client_id={s}&client%5Fsecret={s}"), vec![], String::new()),
            (format!("/oauth/token?{s}=1&clientSecret={plus}&code={s}&{plus}"), vec![], String::new()),
            (
                format!("/v3/{s}/x?Access-Token={s}"),
                vec![("User-Agent", format!("agent {s}"))],
                String::new(),
            ),
            (
                "/oauth/token".to_owned(),
                urlencoded(),
                format!("client%5Fsecret={plus}&client_id={s}&scope={s}"),
            ),
            (
                "/oauth/token".to_owned(),
                urlencoded(),
                format!("refresh_token={s}&grant_type={plus}&client_id=i"),
            ),
            ("/oauth/token".to_owned(), vec![], format!("code={s}&client_id={plus}")),
        ]);
    }
    let quoted = json!(secret).to_string();
    let as_json = || vec![("Content-Type", "application/json".to_owned())];
    let part = |name: &str| {
        format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{secret}\r\n--b--\r\n")
    };
    let of_parts = || vec![("Content-Type", "multipart/form-data; boundary=b".to_owned())];
    let basic = STANDARD.encode(format!("id:{}", utf8_percent_encode(secret, NON_ALPHANUMERIC)));
    let path = format!("/v3/{}", utf8_percent_encode(secret, NON_ALPHANUMERIC));
    requests.extend([
        (
            "/v3/x".to_owned(),
            as_json(),
            format!("{{\"newPassword\": {quoted}, \"note\": {quoted}, {quoted}: 1}}"),
        ),
        (
            "/v3/x".to_owned(),
            as_json(),
            format!("{{\"a\": [{{\"client\\u005fsecret\": [{quoted}]}}], \"b\": {quoted}}}"),
        ),
        ("/v3/x".to_owned(), as_json(), format!("{{\"clientSecret\": {quoted}, \"b\": [")),
        ("/v3/x".to_owned(), as_json(), format!("[[\"clientSecret\", {quoted}], {quoted}]")),
        ("/oauth/token".to_owned(), as_json(), format!("{{\"otp\": {quoted}, \"PIN\": [{quoted}]}}")),
        (format!("{path}?pass-code={}", &path[4..]), vec![("X-Fault", "1".to_owned())], String::new()),
        (
            "/v3/x".to_owned(),
            as_json(),
            format!("[{{\"op\": \"add\", \"path\": \"/a/password\", \"value\": {quoted}}}]"),
        ),
        ("/oauth/token".to_owned(), of_parts(), part("client_secret")),
        ("/oauth/token".to_owned(), of_parts(), part("\"password\"")),
        ("/oauth/token".to_owned(), vec![("Content-Type", "text/plain".to_owned())], part("client_secret")),
        ("/oauth/token".to_owned(), vec![("Authorization", format!("Basic {basic}"))], String::new()),
        (path.clone(), vec![("Authorization", format!("bEARER {secret}"))], String::new()),
        (path, vec![("X-Client-Secret", secret.to_owned())], String::new()),
        ("/v3/x".to_owned(), vec![("Authorization", secret.to_owned())], String::new()),
        (
            "/v3/x".to_owned(),
            vec![("Authorization", format!("{TAIL} {secret}")), ("Authorization", format!("Basic {secret}"))],
            String::new(),
        ),
        ("/v3/x".to_owned(), vec![("Cookie", format!("session={secret}"))], String::new()),
    ]);
    requests
}

/// Requests with a secret in places where only its text gives it away.
fn with_secret_text(secret: &str) -> Vec<Sent> {
    let s = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let note = json!({ "note": secret }).to_string();
    vec![
        (format!("/v3/{s}?a={s}"), vec![("User-Agent", format!("agent {secret}"))], String::new()),
        (format!("/oauth/token?grant_type={s}&client_id={s}&client_secret=no"), vec![], String::new()),
        ("/v3/x".to_owned(), vec![("Content-Type", "application/json".to_owned())], note.clone()),
        (
            "/v3/x".to_owned(),
            vec![("Content-Type", "text/plain".to_owned())],
            format!("see {secret} and {note}"),
        ),
        (
            "/v3/x".to_owned(),
            vec![("Referer", format!("https://x/?next=%2F{}", s.replace('%', "%25")))],
            String::new(),
        ),
    ]
}

fn ask(address: SocketAddr, (target, headers, body): &Sent) -> RawReply {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    send(address, "POST", target, &headers, body.as_bytes())
}

fn control(address: SocketAddr, call: &str, body: &Value) -> String {
    let (method, target) = call.split_once(' ').unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
    String::from_utf8(send(address, method, target, &headers, body.as_bytes()).body).unwrap()
}

/// What a follower of the journal gets of its first exchanges.
fn followed(address: SocketAddr, exchanges: usize) -> String {
    let mut socket = connect(address);
    socket.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let lines = BufReader::new(socket).lines().map(Result::unwrap).filter(|line| line.starts_with("data: "));
    lines.take(exchanges).collect::<Vec<_>>().join("\n")
}

/// Fails if a secret stands in anything that is shown of a tenant's `exchanges` exchanges.
fn assert_nothing_leaks(address: SocketAddr, exchanges: usize) {
    let journal = control(address, "GET /_sim/journal", &Value::Null);
    let shown: Value = serde_json::from_str(&journal).unwrap();
    for exchange in shown["exchanges"].as_array().unwrap() {
        assert!(!exchange.to_string().contains(TAIL), "{exchange:#}");
    }
    assert_eq!(shown["exchanges"].as_array().unwrap().len(), exchanges);
    let archive: Value =
        serde_json::from_str(&control(address, "GET /_sim/journal.har", &Value::Null)).unwrap();
    for entry in archive["log"]["entries"].as_array().unwrap() {
        assert!(!entry.to_string().contains(TAIL), "{entry:#}");
    }
    let events = followed(address, exchanges);
    assert!(!events.contains(TAIL) && events.lines().count() == exchanges);
}

/// Makes requests; the near misses of `verify`, which are the latest five, must not show a secret either.
fn make(address: SocketAddr, requests: &[Sent]) {
    let expectation = json!({ "match": { "path": "/nowhere", "client": "nobody" } });
    for five in requests.chunks(5) {
        for request in five {
            assert_ne!(ask(address, request).status, 500, "{request:?}");
        }
        let verified = control(address, "POST /_sim/verify", &expectation);
        assert!(verified.contains("path is `/") && !verified.contains(TAIL), "{verified}");
    }
}

fn clients(secrets: impl IntoIterator<Item = String>) -> Vec<Value> {
    let client = |(nth, secret): (usize, String)| json!({ "name": format!("c{nth}"), "clientId": format!("id{nth}"), "clientSecret": secret, "scopes": [], "user": null });
    secrets.into_iter().enumerate().map(client).collect()
}

#[test]
fn no_spelling_of_a_secret_is_shown_anywhere() {
    let secrets: Vec<_> = SIGNS.iter().map(|sign| format!("s3{sign}{TAIL}")).collect();
    let fixture = json!({ "sources": [], "groups": [], "clients": clients(secrets.clone()) });
    let fixture = file("no-spelling", "fixture.json", &fixture.to_string());
    // Why a rule did not match quotes the path and the client.
    let rules = "name: r\nrules:\n- {when: {path: /nowhere}, fault: close}\n- {when: {client: nobody}, fault: close}\n- {when: {header: {x-fault: '1'}}, fault: {rateLimited: {retryAfter: 1s}}}\n";
    let rules = file("no-spelling", "rules.yaml", rules);
    let mut options = binary();
    options
        .args(["--listen", "127.0.0.1:0", "--log-control", "--fixture"])
        .arg(fixture)
        .arg("--scenario")
        .arg(rules);
    let server = Server::start(&mut options);
    let address = server.address();
    let fields = secrets.iter().flat_map(|secret| with_secret_fields(secret));
    let texts = secrets.iter().flat_map(|secret| with_secret_text(secret));
    let known: Vec<_> = fields.chain(texts).collect();
    make(address, &known);
    assert_nothing_leaks(address, known.len());
    // Nobody knows these: wrong secrets, foreign tokens.
    control(address, "POST /_sim/reset", &Value::Null);
    let unknown: Vec<_> =
        SIGNS.iter().flat_map(|sign| with_secret_fields(&format!("other{sign}{TAIL}"))).collect();
    make(address, &unknown);
    assert_nothing_leaks(address, unknown.len());
    let (code, log) = server.terminate();
    let leaks: Vec<_> = log.lines().filter(|line| line.contains(TAIL)).collect();
    assert_eq!((code, leaks), (0, vec![]));
    assert!(
        log.lines().filter(|line| line.contains("POST /")).count() > known.len() + unknown.len(),
        "{log}"
    );
}

#[test]
fn secrets_of_former_clients_stay_hidden() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0"]));
    let address = server.address();
    let state = |secret: &str| json!({ "sources": [], "clients": clients([secret.to_owned()]) });
    let put = |secret: &str| assert!(control(address, "PUT /_sim/state", &state(secret)).contains(secret));
    put(&format!("first,{TAIL}"));
    let requests = with_secret_text(&format!("first,{TAIL}"));
    make(address, &requests);
    put("another");
    assert_nothing_leaks(address, requests.len());
    make(address, &requests);
    assert_nothing_leaks(address, 2 * requests.len());
    control(address, "POST /_sim/reset", &Value::Null);
    make(address, &requests);
    assert_nothing_leaks(address, requests.len());
    let (_, log) = server.terminate();
    assert!(log.contains("POST /v3/") && !log.contains(TAIL), "{log}");
}

#[test]
fn messages_about_mistakes_quote_no_secret() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]));
    for (body, expected) in [
        (
            format!("{{\"clients\": [{{\"clientSecret\": {TAIL}, \"scopes\": []}}]}}"),
            "not JSON: `…`; expected a value",
        ),
        (format!("clients: [{{name: a, clientSecret: *{TAIL}}}]"), "expected text in quotes: '*…'"),
        (format!("clients:\n- name: a\n  clientSecret: !{TAIL} x\n"), "the tag `!…`; expected none"),
    ] {
        let reply = send(server.address(), "PUT", "/_sim/state", &[], body.as_bytes());
        let told = String::from_utf8(reply.body).unwrap();
        assert!(reply.status == 400 && told.contains(expected) && !told.contains(TAIL), "{told}");
        let path = file("messages", if body.starts_with('{') { "it.json" } else { "it.yaml" }, &body);
        let (code, _, told) = run(&["check", path.to_str().unwrap()]);
        assert!(code == 1 && told.contains(expected) && !told.contains(TAIL), "{told}");
    }
    let (code, _, told) = run(&["--control-token", &format!("two {TAIL}")]);
    let expected =
        "--control-token: characters that cannot be sent; expected visible ASCII characters without spaces\n";
    assert_eq!((code, &*told), (2, expected));
}

#[test]
fn fields_that_come_twice_are_shown_together_and_a_text_in_another_encoding_is_not_searched_in_vain() {
    let client = Client::with("name: t\nrules: []\n");
    // In UTF-16 a secret's name has a zero between any two letters.
    let body: Vec<u8> = "client_secret=hunter2".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let request = Request::new(Method::POST, "http://me@sim.test/oauth/info?a=1").unwrap();
    let request = request.header("x-tag".parse().unwrap(), "one").header("x-tag".parse().unwrap(), "two");
    client.simulator.answer_at(&request.body("text/plain; charset=utf-16", body), client.wall);
    let tenant = client.simulator.default_tenant();
    let shown = tenant.journal(&Filter::default()).exchanges.pop().unwrap();
    assert_eq!(shown["request"]["headers"]["x-tag"], "one, two");
    assert_eq!(shown["request"]["body"], "…");
    // Who is named in front of the host is no part of a URL that others may open.
    let entry = tenant.har(&Filter::default())["log"]["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(entry["request"]["url"], "http://sim.test/oauth/info?a=1");
}
