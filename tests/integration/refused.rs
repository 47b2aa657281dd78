//! What is refused below the application, where a head or a body cannot be read: it is answered in the service's shape,
//! counted, logged, and kept in the journal of the tenant it was for. And what the service's gateway reads although it is
//! not quite HTTP.

use std::io::{Read, Write};
use std::net::SocketAddr;

use serde_json::Value;
use sync_group_sim::Config;
use sync_group_sim::journal::Filter;

use crate::harness::client::{scenario, together};
use crate::harness::http::{RawReply, connect, exchange, parse, send, token};
use crate::harness::process::{Server, binary};
use crate::harness::served::Served;

const LIST: &str = "/v3/password-sync-groups";

fn serve(change: impl FnOnce(&mut Config)) -> Served {
    let mut config = Config::default();
    change(&mut config);
    Served::start(config)
}

/// What the tenant `default` has in its journal.
fn journal(served: &Served) -> Vec<Value> {
    served.running().simulator().default_tenant().journal(&Filter::default()).exchanges
}

fn body(reply: &RawReply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&reply.body)))
}

/// An error of the service, by its code and its first text.
fn error(reply: &RawReply) -> (String, String) {
    let body = body(reply);
    assert_eq!(body["trackingId"].as_str(), reply.header("slpt-request-id"), "{body}");
    assert_eq!(reply.header("connection"), Some("close"));
    assert!(reply.header("content-type").unwrap().starts_with("application/json"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&body["detailCode"]), text(&body["messages"][0]["text"]))
}

fn metrics(served: &Served) -> String {
    let headers = [("Host".to_owned(), "localhost".to_owned())];
    let reply = send(served.address(), "GET", "/_sim/metrics", &headers, b"");
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn a_head_that_cannot_be_read_is_answered_counted_and_journalled_as_others_are() {
    let long = format!("GET /v3/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(70_000));
    let wide = format!("GET /v3/wide HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(1_000_000));
    let cases: [(&[u8], u16, &str, &str, &str); 11] = [
        (
            b"GET /v3/x\0y HTTP/1.1\r\nHost: localhost\r\n\r\n",
            400,
            "must be percent-encoded",
            "GET",
            "/v3/x%00y",
        ),
        (b"GET /v3?q=\xe4 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "must be percent-encoded", "GET", "/v3"),
        (b"GET v3/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "neither a path nor a URL", "GET", "/"),
        (b"GET /v3/x HTTP/3.0\r\nHost: localhost\r\n\r\n", 400, "does not end with HTTP/1.1", "GET", "/v3/x"),
        (b"GET  /v3/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "with one space between", "GET", "/"),
        (b"nonsense\r\n\r\n", 400, "not a method, a target and HTTP/1.1", "nonsense", "/"),
        (b"\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03 and so on\r\n\r\n", 400, "A TLS handshake came", "-", "/"),
        (
            b"PUT /v3/x HTTP/1.1\r\nHost: localhost\r\nX Y: z\r\n\r\n",
            400,
            "A header field is malformed",
            "PUT",
            "/v3/x",
        ),
        (b"PUT /v3/x HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400, "an impossible length", "PUT", "/v3/x"),
        (long.as_bytes(), 431, "--max-header-bytes", "GET", ""),
        (wide.as_bytes(), 431, "--max-header-bytes", "GET", "/v3/wide"),
    ];
    let served = serve(|_| ());
    for (nth, (bytes, status, why, method, path)) in cases.into_iter().enumerate() {
        let name = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let reply = parse(&exchange(served.address(), bytes));
        let (_, text) = error(&reply);
        assert_eq!(reply.status, status, "{name}");
        assert!(text.contains(why), "{name}: {text}");
        let kept = journal(&served);
        assert_eq!(kept.len(), nth + 1, "{name}");
        let kept = &kept[nth];
        assert_eq!((&kept["fate"]["kind"], &kept["status"]), (&"refused".into(), &status.into()), "{name}");
        assert_eq!(kept["method"], method, "{name}: {kept}");
        assert!(path.is_empty() || kept["path"] == path, "{name}: {kept}");
        assert!(kept["violations"][0].as_str().unwrap().contains(why), "{name}: {kept}");
        assert_eq!(kept["performed"], false);
    }
    let counted = metrics(&served);
    assert!(counted.contains("{operation=\"none\",status=\"400\"} 9"), "{counted}");
    assert!(counted.contains("{operation=\"none\",status=\"431\"} 2"), "{counted}");
}

#[test]
fn a_target_that_is_too_long_for_a_url_is_a_414() {
    let served = serve(|config| config.limits.max_header_bytes = 1 << 20);
    let long = format!("GET /v3/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(70_000));
    let reply = parse(&exchange(served.address(), long.as_bytes()));
    assert_eq!((reply.status, &*error(&reply).0), (414, "414 URI Too Long"));
    assert_eq!(journal(&served)[0]["fate"]["kind"], "refused");
}

#[test]
fn a_body_that_cannot_be_read_and_a_head_with_two_meanings_are_journalled_where_they_belong() {
    let served = serve(|_| ());
    let token = token(served.address());
    let create = |framing: &str, rest: &str| {
        let head = format!("POST {LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n");
        format!("{head}Content-Type: application/json\r\n{framing}\r\n{rest}")
    };
    for (bytes, status, why) in [
        (create("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400, "body could not be read"),
        (create("Transfer-Encoding: gzip, chunked\r\n", ""), 400, "must be chunked"),
        (create("Authorization: Basic eA==\r\n", ""), 400, "Authorization occurs more than once"),
        (create(&"X: y\r\n".repeat(100), ""), 431, "--max-headers"),
    ] {
        let reply = parse(&exchange(served.address(), bytes.as_bytes()));
        assert_eq!(reply.status, status, "{why}");
        error(&reply);
        let kept = journal(&served).pop().unwrap();
        assert_eq!(kept["operation"], "createPasswordSyncGroup", "{kept}");
        assert_eq!((&kept["fate"]["kind"], &kept["status"]), (&"refused".into(), &status.into()), "{kept}");
        assert!(kept["violations"][0].as_str().unwrap().contains(why), "{kept}");
        assert!(!kept.to_string().contains(&token), "{kept}");
    }
    let counted = metrics(&served);
    assert!(counted.contains("{operation=\"createPasswordSyncGroup\",status=\"400\"} 3"), "{counted}");
}

#[test]
fn the_tenant_is_found_by_path_or_host_and_none_is_made() {
    let served = serve(|_| ());
    let simulator = served.running().simulator();
    assert_eq!(send(served.address(), "GET", "/tenants/acme/oauth/info", &[], b"").status, 200);
    let acme = simulator.tenant("acme", "http://localhost").unwrap();
    for (nth, head) in
        ["GET /tenants/acme/v3/\0 HTTP/1.1\r\n\r\n", "GET /v3/\0 HTTP/1.1\r\nHost: acme.localhost\r\n\r\n"]
            .into_iter()
            .enumerate()
    {
        assert_eq!(parse(&exchange(served.address(), head.as_bytes())).status, 400);
        assert_eq!(acme.exchanges(&Filter::default()).len(), 2 + nth, "{head}");
    }
    let unknown = "GET /tenants/unknown/v3/\0 HTTP/1.1\r\n\r\n";
    assert_eq!(parse(&exchange(served.address(), unknown.as_bytes())).status, 400);
    assert!(simulator.tenant("unknown", "http://localhost").is_none());
    assert!(journal(&served).is_empty());
    // Control calls are in no journal, refused ones neither.
    let control = "GET /_sim/\0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(parse(&exchange(served.address(), control.as_bytes())).status, 400);
    assert!(journal(&served).is_empty());
}

#[test]
fn a_head_behind_others_is_refused_after_their_answers_and_blamed_on_none_of_them() {
    let served = serve(|_| ());
    let good = "GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = exchange(served.address(), format!("{good}{good}GET /v3/\0 HTTP/1.1\r\n\r\n").as_bytes());
    let text = String::from_utf8(answer).unwrap();
    assert_eq!(
        (text.matches("HTTP/1.1 200").count(), text.matches("HTTP/1.1 400").count()),
        (2, 1),
        "{text}"
    );
    assert!(text.ends_with('}'), "{text}");
    let kept = journal(&served);
    assert_eq!((kept.len(), &kept[2]["method"], &kept[2]["path"]), (3, &"-".into(), &"/".into()));
}

#[test]
fn a_refused_head_has_a_line_in_the_log() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0"]));
    let secret = "GET /v3/\0?client_secret=hush HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(parse(&exchange(server.address(), secret.as_bytes())).status, 400);
    let (_, log) = server.terminate();
    let line = log.lines().find(|line| line.contains("GET /v3/%00")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("400") && line.contains("The request's target has bytes"), "{line}");
    assert!(!log.contains("hush") && !log.contains("ended early"), "{log}");
}

/// The statuses of a list for each of these pieces of a head, sent one after the other.
fn list_in_pieces(address: SocketAddr, head: &str, size: usize) -> RawReply {
    let mut socket = connect(address);
    socket.set_nodelay(true).unwrap();
    for piece in head.as_bytes().chunks(size) {
        socket.write_all(piece).unwrap();
        std::thread::yield_now();
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    parse(&answer)
}

#[test]
fn bare_quotes_in_a_request_line_are_taken_as_the_gateway_takes_them() {
    let served = serve(|_| ());
    let bearer = format!("Authorization: Bearer {}\r\n", token(served.address()));
    let rest = format!("Host: localhost\r\nX-Tag: \"<a>\"\r\n{bearer}Connection: close\r\n\r\n");
    let head = format!("GET {LIST}?filters=alias+eq+\"x\"&a=<b> HTTP/1.1\r\n{rest}");
    for size in [head.len(), 1, 24, 60] {
        assert_eq!(list_in_pieces(served.address(), &head, size).status, 200, "{size}");
        let kept = journal(&served).pop().unwrap();
        assert_eq!(kept["query"], "filters=alias+eq+%22x%22&a=%3Cb%3E", "{kept}");
        assert_eq!(kept["request"]["headers"]["x-tag"], "\"<a>\"", "{kept}");
    }
}

#[test]
fn bodies_and_pipelined_heads_stay_as_they_were_sent() {
    let served = serve(|config| config.options.prerequisites = sync_group_sim::Prerequisites::Ignore);
    let bearer = format!("Host: localhost\r\nAuthorization: Bearer {}\r\n", token(served.address()));
    let body_text = "PUT /\"x\" HTTP/1.1\r\n";
    let group = serde_json::json!({ "name": body_text }).to_string();
    let length = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", group.len());
    let mut socket = connect(served.address());
    // The body comes by itself, and looks like a request line.
    for piece in [&format!("POST {LIST} HTTP/1.1\r\n{bearer}{length}"), &group] {
        socket.write_all(piece.as_bytes()).unwrap();
        std::thread::yield_now();
    }
    let last = format!("GET {LIST}?a=\"b\" HTTP/1.1\r\n{bearer}Connection: close\r\n\r\n");
    let mut first = [0; 4_096];
    let len = socket.read(&mut first).unwrap();
    let created = parse(&first[..len]);
    assert_eq!((created.status, body(&created)["name"].as_str().unwrap()), (200, body_text));
    // The next one on the same connection, with quotes again.
    socket.write_all(last.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(parse(&answer).status, 200);
    let piped = format!("GET {LIST} HTTP/1.1\r\n{bearer}\r\n{last}");
    let text = String::from_utf8(exchange(served.address(), piped.as_bytes())).unwrap();
    assert_eq!(
        (text.matches("HTTP/1.1 200").count(), text.matches("HTTP/1.1 400").count()),
        (1, 1),
        "{text}"
    );
}

#[test]
fn a_status_without_a_name_has_a_reason_phrase() {
    for (status, line) in [
        (299, "HTTP/1.1 299 Unknown\r\n"),
        (419, "HTTP/1.1 419 Unknown\r\n"),
        (520, "HTTP/1.1 520 Unknown\r\n"),
        (599, "HTTP/1.1 599 Unknown\r\n"),
        (503, "HTTP/1.1 503 Service Unavailable\r\n"),
    ] {
        let text = format!("name: t\nrules: [{{fault: {{respond: {{status: {status}}}}}}}]\n");
        let served = serve(|config| config.scenarios = together([scenario(&text)]));
        let request = b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = String::from_utf8(exchange(served.address(), request)).unwrap();
        assert!(answer.starts_with(line), "{answer}");
    }
}

#[test]
fn a_head_that_asks_for_no_body_is_whole_under_a_cut() {
    let text = "name: t\nrules: [{fault: {cut: {after: 3}}}]\n";
    let served = serve(|config| config.scenarios = together([scenario(text)]));
    let ask = |method: &str| {
        let request =
            format!("{method} /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        parse(&exchange(served.address(), request.as_bytes()))
    };
    let (get, head) = (ask("GET"), ask("HEAD"));
    assert_eq!((get.body.len(), head.body.len(), head.status), (3, 0, 200));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("sim-fault"), Some("t/rule-1"));
    assert_eq!(journal(&served)[1]["fate"]["kind"], "whole");
}
