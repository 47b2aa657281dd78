//! HTTP/1 as RFC 9110 and 9112 have it, byte by byte: what a request may look like, where it ends, and which ones are
//! refused. What counts everywhere: one answer to one request, a body is never taken for a request, and where the
//! framing is in doubt the connection is closed.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::journal::Filter;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::simulator::Config;

use crate::harness::client::{scenario, together};
use crate::harness::http::{RawReply, connect, exchange, parse, token};
use crate::harness::served::Served;

/// A request that is open to everybody.
const INFO: &str = "GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A request that ends its connection, and whose answer no other request here has: it came through as it is.
const LAST: &str = "GET /oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// The status of [`LAST`].
const ON: u16 = 405;
/// What must never be taken for a request.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A body that makes a group.
const BODY: &str = "{\"name\":\"x\"}";
/// The same in one chunk.
const CHUNKED: &str = "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n";

/// A server that takes any group, and its administrator's token.
struct Target {
    served: Served,
    token: String,
}

impl Target {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.options.prerequisites = Prerequisites::Ignore;
        change(&mut config);
        let served = Served::start(config);
        Self { token: token(served.address()), served }
    }

    fn address(&self) -> SocketAddr {
        self.served.address()
    }

    /// A request with a token: `line` is its method and target.
    fn request(&self, line: &str, headers: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{headers}\r\n", self.token)
    }

    /// A creation with the given framing and whatever follows its head.
    fn create(&self, framing: &str, rest: &str) -> String {
        let json = "Content-Type: application/json\r\n";
        self.request("POST /v3/password-sync-groups", &format!("{json}{framing}")) + rest
    }

    /// Sends bytes, reads until the server closes, and expects these answers in this order and no more; then the
    /// server still serves others, and it has seen no smuggled request.
    fn check(&self, name: &str, bytes: impl AsRef<[u8]>, expected: &[u16]) -> Vec<RawReply> {
        let answer = exchange(self.address(), bytes.as_ref());
        let replies = replies(&answer);
        let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, expected, "{name}: {}", String::from_utf8_lossy(&answer));
        assert_eq!(parse(&exchange(self.address(), LAST.as_bytes())).status, ON, "after {name}");
        let tenant = self.served.running().simulator().default_tenant();
        let exchanges = tenant.journal(&Filter::default()).exchanges;
        assert!(exchanges.iter().all(|exchange| exchange["path"] != "/smuggled"), "{name}: smuggled");
        replies
    }

    /// The same for a target that is asked for with a token.
    fn get(&self, target: &str, status: u16) -> RawReply {
        let get = self.request(&format!("GET {target}"), "");
        self.check(target, get + LAST, &[status, ON]).remove(0)
    }
}

/// All answers on a connection, each of which has its length, or is a 1xx or 204 and has no body.
fn replies(mut bytes: &[u8]) -> Vec<RawReply> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let mut reply = parse(bytes);
        let rest = reply.body.len();
        let len = reply.header("content-length").map_or(0, |len| len.parse().unwrap());
        assert!(len <= rest, "an answer breaks off: {}", String::from_utf8_lossy(bytes));
        bytes = &bytes[bytes.len() - rest + len..];
        reply.body.truncate(len);
        found.push(reply);
    }
    found
}

fn text(reply: &RawReply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

#[test]
fn pipelined_requests_with_bodies_are_answered_in_order() {
    let target = Target::new();
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let bytes = [
        INFO.to_owned(),
        target.create(&length, BODY),
        target.request("GET /v3/password-sync-groups/none", ""),
        target.create(chunked, CHUNKED),
        target.create("", ""),
        target.request("DELETE /v3/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd", ""),
        target.create(&length, BODY),
        LAST.to_owned(),
    ];
    target.check("pipeline", bytes.concat(), &[200, 200, 404, 200, 400, 204, 200, ON]);
}

#[test]
fn a_held_answer_delays_those_after_it_and_keeps_their_order() {
    let began = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
    let target = Target::with(|config| {
        let text = "name: t\nrules: [{when: {query: {late: {present: true}}}, fault: {hold: 1h}}]\n";
        config.scenarios = together([scenario(text)]);
        config.options.clock = Clock::manual(began);
        config.options.token_lifetime = Duration::from_hours(9);
    });
    let bytes = [
        target.request("GET /v3/password-sync-groups/none?late", ""),
        target.create(&format!("Content-Length: {}\r\n", BODY.len()), BODY),
        LAST.to_owned(),
    ];
    let mut socket = connect(target.address());
    socket.write_all(bytes.concat().as_bytes()).unwrap();
    let tenant = target.served.running().simulator().default_tenant();
    // The token call, and the exchange whose answer is held.
    while tenant.exchanges(&Filter::default()).len() < 2 {
        std::thread::yield_now();
    }
    tenant.set_time(began.plus(Duration::from_hours(1)));
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let statuses: Vec<_> = replies(&answer).iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [404, 200, ON]);
}

#[test]
fn chunks_are_read_with_extensions_and_trailers() {
    let target = Target::new();
    for (name, body) in [
        ("one chunk", CHUNKED),
        ("many chunks", "1\r\n{\r\n6\r\n\"name\"\r\n00005\r\n:\"x\"}\r\n0\r\n\r\n"),
        ("digits in capitals", "C\r\n{\"name\":\"x\"}\r\n000\r\n\r\n"),
        ("extensions", "c;a=b;c=\"d;e\"\r\n{\"name\":\"x\"}\r\n0;last\r\n\r\n"),
        (
            "trailers that change nothing",
            "c\r\n{\"name\":\"x\"}\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n",
        ),
        ("a blank behind the size", "c \r\n{\"name\":\"x\"}\r\n0\r\n\r\n"),
    ] {
        let bytes = target.create("Transfer-Encoding: chunked\r\n", body) + LAST;
        let replies = target.check(name, bytes, &[200, ON]);
        assert!(text(&replies[0]).contains("\"name\":\"x\""), "{name}");
    }
    let upper = target.create("Transfer-Encoding: CHUNKED\r\n", CHUNKED) + LAST;
    target.check("the coding's name in any case", upper, &[200, ON]);
    // The body's end is not taken for more of it, and an empty body is one.
    let empty = target.create("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + LAST;
    target.check("no chunks", empty, &[400, ON]);
}

#[test]
fn a_request_may_come_a_byte_at_a_time() {
    let target = Target::new();
    let body = "3;x=y\r\n{\"n\r\n9\r\name\":\"x\"}\r\n0\r\nX-T: 1\r\n\r\n";
    let bytes = target.create("Transfer-Encoding: chunked\r\n", body) + LAST;
    let mut socket = connect(target.address());
    socket.set_nodelay(true).unwrap();
    for byte in bytes.as_bytes() {
        socket.write_all(&[*byte]).unwrap();
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let replies = replies(&answer);
    assert_eq!(replies.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, ON]);
    assert!(text(&replies[0]).contains("\"name\":\"x\""));
}

#[test]
fn malformed_chunks_are_a_400_and_end_the_connection() {
    let target = Target::new();
    for size in [
        "zz",
        "-c",
        "+c",
        "0xc",
        " c",
        "",
        ";",
        "c\n",
        "10000000000000001",
        "c;a\nb",
        "b",
        "c\r\n\r\n",
        "\0c",
    ] {
        let body = format!("{size}\r\n{BODY}\r\n0\r\n\r\n{SMUGGLED}");
        let replies = target.check(size, target.create("Transfer-Encoding: chunked\r\n", &body), &[400]);
        assert_eq!(replies[0].header("connection"), Some("close"), "{size:?}");
        assert!(text(&replies[0]).contains("The request body could not be read."), "{size:?}");
    }
    let groups = target.request("GET /v3/password-sync-groups?count=true", "") + LAST;
    assert_eq!(target.check("count", groups, &[200, ON])[0].header("x-total-count"), Some("2"));
}

#[test]
fn a_chunk_that_is_longer_than_anything_ends_with_the_clients_time() {
    let target = Target::with(|config| config.limits.body_timeout = Duration::from_millis(50));
    let body = format!("fffffffffffffff0\r\n{BODY}\r\n0\r\n\r\n{SMUGGLED}");
    target.check("overflow", target.create("Transfer-Encoding: chunked\r\n", &body), &[408]);
}

#[test]
fn what_two_servers_could_read_differently_is_refused() {
    let target = Target::new();
    let plain = format!("{BODY}{SMUGGLED}");
    let chunked = format!("{CHUNKED}{SMUGGLED}");
    // The framing, and what follows the head: whichever way it were read, a request would stand at the end.
    for (framing, rest) in [
        ("Transfer-Encoding: xchunked\r\n", &chunked),
        ("Transfer-Encoding: chunkedx\r\n", &chunked),
        ("Transfer-Encoding: \"chunked\"\r\n", &chunked),
        ("Transfer-Encoding: \u{b}chunked\r\n", &chunked),
        ("Transfer-Encoding: chunked;q=1\r\n", &chunked),
        ("Transfer-Encoding: identity\r\n", &chunked),
        ("Transfer-Encoding: gzip, chunked\r\n", &chunked),
        ("Transfer-Encoding: chunked, gzip\r\n", &chunked),
        ("Transfer-Encoding: chunked, chunked\r\n", &chunked),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", &chunked),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", &chunked),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", &chunked),
        ("Transfer-Encoding:\r\nContent-Length: 12\r\n", &plain),
        ("Transfer-Encoding : chunked\r\n", &chunked),
        ("Transfer-Encoding\t: chunked\r\nContent-Length: 12\r\n", &plain),
        ("Content-Length : 12\r\n", &plain),
        ("Content-Length: 12\r\nContent-Length: 13\r\n", &plain),
        ("Content-Length: 12, 12\r\n", &plain),
        ("Content-Length: +12\r\n", &plain),
        ("Content-Length: -12\r\n", &plain),
        ("Content-Length: 1 2\r\n", &plain),
        ("Content-Length: 0xc\r\n", &plain),
        ("Content-Length: 12.0\r\n", &plain),
        ("Content-Length: 1e1\r\n", &plain),
        ("Content-Length:\r\n", &plain),
        ("Content-Length: 18446744073709551628\r\n", &plain),
        ("X-Fold: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 12\r\n", &plain),
        ("X-Fold: a\r\n\tb\r\nContent-Length: 12\r\n", &plain),
        ("X-Return: a\rTransfer-Encoding: chunked\r\nContent-Length: 12\r\n", &plain),
        ("X-Nul: a\0b\r\nContent-Length: 12\r\n", &plain),
        ("X\0: a\r\nContent-Length: 12\r\n", &plain),
        ("X Y: a\r\nContent-Length: 12\r\n", &plain),
        (": a\r\nContent-Length: 12\r\n", &plain),
        ("no colon\r\nContent-Length: 12\r\n", &plain),
    ] {
        let replies = target.check(framing, target.create(framing, rest), &[400]);
        assert_eq!(replies[0].header("connection"), Some("close"), "{framing:?}");
    }
    // hyper's own number for a length that is beyond what it counts to.
    let endless = target.create("Content-Length: 18446744073709551615\r\n", &plain);
    target.check("the longest length", endless, &[431]);
    let old = target.create("Transfer-Encoding: chunked\r\n", &chunked).replace("HTTP/1.1", "HTTP/1.0");
    target.check("chunks in HTTP/1.0", old, &[400]);
    let first = format!("GET /oauth/info HTTP/1.1\r\n X: a\r\nHost: localhost\r\n\r\n{SMUGGLED}");
    target.check("a fold with nothing to fold", first, &[400]);
}

#[test]
fn chunks_win_over_a_length_and_end_the_connection() {
    // RFC 9112, 6.1, lets a server refuse or go by the chunks alone; either way the connection must close.
    let target = Target::new();
    for framing in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 100\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let bytes = target.create(framing, &format!("{CHUNKED}{SMUGGLED}"));
        let replies = target.check(framing, bytes, &[200]);
        assert!(text(&replies[0]).contains("\"name\":\"x\""), "{framing}");
    }
}

#[test]
fn a_body_is_never_a_request() {
    let target = Target::new();
    let length = format!("Content-Length: {}\r\n", SMUGGLED.len());
    for line in ["GET /v3/password-sync-groups", "DELETE /v3/password-sync-groups/none", "OPTIONS *"] {
        let bytes = target.request(line, &length) + SMUGGLED + LAST;
        let replies = replies(&exchange(target.address(), bytes.as_bytes()));
        assert_eq!((replies.len(), replies[1].status), (2, ON), "{line}");
    }
    target.check("a text", target.create(&length, SMUGGLED) + LAST, &[400, ON]);
    // Line ends without a carriage return are line ends (RFC 9112, 2.2), for bodies' places too.
    let bare = target.create(&length, "").replace("\r\n", "\n") + SMUGGLED + LAST;
    target.check("bare line feeds", bare, &[400, ON]);
}

#[test]
fn equal_lengths_are_one_length() {
    let target = Target::new();
    for framing in ["Content-Length: 12\r\nContent-Length: 12\r\n", "Content-Length: 0012\r\n"] {
        target.check(framing, target.create(framing, BODY) + LAST, &[200, ON]);
    }
}

#[test]
fn a_host_is_named_once_or_the_request_is_refused() {
    let target = Target::new();
    for (hosts, why) in [
        ("", "Host is missing"),
        ("Host: localhost\r\nHost: other.localhost\r\n", "more than once"),
        ("Host: localhost\r\nHost: localhost\r\n", "more than once"),
        ("Host: local host\r\n", "is not a host"),
        ("Host: localhost/v3\r\n", "is not a host"),
        ("Host: user@localhost\r\n", "is not a host"),
        ("Host: localhost, other.localhost\r\n", "is not a host"),
        ("Host: http://localhost\r\n", "is not a host"),
    ] {
        let bytes = format!("GET /oauth/info HTTP/1.1\r\n{hosts}\r\n{LAST}");
        let replies = target.check(hosts, bytes, &[400]);
        let (body, request_id) = (text(&replies[0]), replies[0].header("slpt-request-id").unwrap());
        assert!(body.contains(why) && body.contains(request_id), "{hosts:?}: {body}");
        assert_eq!(replies[0].header("connection"), Some("close"), "{hosts:?}");
    }
    for host in ["Host:", "Host: LOCALHOST:4580", "Host: [::1]:4580", "Host: my_host.example"] {
        let bytes = format!("GET /oauth/info HTTP/1.1\r\n{host}\r\n\r\n{LAST}");
        target.check(host, bytes, &[200, ON]);
    }
}

#[test]
fn a_credential_or_a_media_type_that_is_given_twice_is_refused() {
    let target = Target::new();
    let list = |authorizations: &str| {
        format!("GET /v3/password-sync-groups HTTP/1.1\r\nHost: localhost\r\n{authorizations}\r\n{LAST}")
    };
    let (valid, other) =
        (format!("Authorization: Bearer {}\r\n", target.token), "Authorization: Bearer x\r\n");
    for both in [format!("{valid}{other}"), format!("{other}{valid}"), format!("{valid}{valid}")] {
        let replies = target.check("two tokens", list(&both), &[400]);
        assert!(text(&replies[0]).contains("Authorization occurs more than once"));
        assert_eq!(replies[0].header("connection"), Some("close"));
    }
    let (json, plain) = ("Content-Type: application/json\r\n", "content-type: text/plain\r\n");
    for both in [format!("{json}{plain}"), format!("{plain}{json}")] {
        let headers = format!("{both}Content-Length: {}\r\n", BODY.len());
        let create = target.request("POST /v3/password-sync-groups", &headers) + BODY + LAST;
        let replies = target.check("two types", create, &[400]);
        assert!(text(&replies[0]).contains("Content-Type occurs more than once"));
    }
    // Fields that lists are made of may come in several lines.
    let several = target.request("GET /oauth/info", "Accept: a/b\r\nAccept: c/d\r\n");
    target.check("several", several + LAST, &[200, ON]);
}

#[test]
fn a_target_in_absolute_form_names_the_host() {
    let target = Target::new();
    for (line, name) in [
        ("GET http://localhost/oauth/info", "default"),
        ("GET http://t1.localhost:4580/oauth/info", "t1"),
        ("GET HTTP://T1.LocalHost/oauth/info", "t1"),
        ("GET http://localhost/tenants/t2/oauth/info", "t2"),
    ] {
        let bytes = format!("{line} HTTP/1.1\r\nHost: t3.localhost\r\n\r\n{LAST}");
        let body = text(&target.check(line, bytes, &[200, ON])[0]);
        assert!(body.contains(&format!("\"tenantName\":\"{name}\"")), "{line}: {body}");
    }
    // Even then HTTP/1.1 wants a Host (RFC 9112, 3.2).
    target.check("no Host", format!("GET http://localhost/oauth/info HTTP/1.1\r\n\r\n{LAST}"), &[400]);
    target.check(
        "authority form",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned() + LAST,
        &[405, ON],
    );
    target.check("no form", "GET oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned() + LAST, &[400]);
}

#[test]
fn expect_is_answered_once_and_never_before_a_refusal() {
    let target = Target::with(|config| config.limits.max_body_bytes = 100);
    let framing = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", BODY.len());
    target.check("with the body", target.create(&framing, BODY) + LAST, &[100, 200, ON]);
    let upper = target.create(&framing.replace("100-continue", "100-CONTINUE"), BODY);
    target.check("in capitals", upper + LAST, &[100, 200, ON]);
    target.check(
        "no body to wait for",
        target.request("GET /oauth/info", "Expect: 100-continue\r\n") + LAST,
        &[200, ON],
    );
    target.check(
        "another expectation",
        target.create(&framing.replace("100-continue", "tea"), BODY) + LAST,
        &[200, ON],
    );
    let old = (target.create(&framing, BODY) + LAST).replace("HTTP/1.1", "HTTP/1.0");
    target.check("HTTP/1.0", old, &[200]);
    let long = target.create("Expect: 100-continue\r\nContent-Length: 101\r\n", "");
    target.check("a body over the limit, not sent yet", &long, &[413]);
    target.check("a body over the limit, sent at once", long + &"x".repeat(101), &[413]);
    let refused = target.create(&format!("{framing}Transfer-Encoding: gzip, chunked\r\n"), "");
    target.check("a refused head", refused, &[400]);

    let mut socket = connect(target.address());
    socket.write_all(target.create(&framing, "").as_bytes()).unwrap();
    let mut leave = [0; 25];
    socket.read_exact(&mut leave).unwrap();
    assert_eq!(&leave, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all((BODY.to_owned() + LAST).as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(replies(&answer).iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, ON]);
}

#[test]
fn head_is_get_without_the_body() {
    let target = Target::new();
    for path in [
        "/v3/password-sync-groups?count=true",
        "/v3/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd",
        "/v3/password-sync-groups/none",
        "/v3/password-sync-groups?limit=x",
        "/oauth/info",
        "/oauth/token",
        "/nothing",
        "/_sim/health",
        "/_sim/state",
    ] {
        // What an exchange is called, and when it was, is its own.
        let told = |reply: &RawReply| {
            let same = |name: &str| !["slpt-request-id", "date"].contains(&&*name.to_ascii_lowercase());
            let headers = reply.headers.iter().filter(|(name, _)| same(name)).cloned();
            (reply.status, headers.collect::<BTreeMap<_, _>>())
        };
        let ask = |method: &str| {
            let bytes = target.request(&format!("{method} {path}"), "Connection: close\r\n");
            parse(&exchange(target.address(), bytes.as_bytes()))
        };
        let (get, head) = (ask("GET"), ask("HEAD"));
        assert_eq!(told(&head), told(&get), "{path}");
        assert_eq!(head.body, b"", "{path}");
        assert_eq!(head.header("content-length").unwrap(), get.body.len().to_string(), "{path}");
    }
}

#[test]
fn a_wrong_method_is_answered_with_the_allowed_ones() {
    let target = Target::new();
    for method in ["OPTIONS", "TRACE", "PATCH", "get", "Post", "BREW", "QUERY", "CONNECT", "!#$%&'*+-.^_`|~"]
    {
        let asked = target.request(&format!("{method} /v3/password-sync-groups"), "") + LAST;
        let reply = target.check(method, asked, &[405, ON]).remove(0);
        assert_eq!(reply.header("allow"), Some("GET, POST"), "{method}");
    }
    // Nobody needs a token to be told that there is no tunnel.
    for line in ["CONNECT localhost:80", "CONNECT example.com:443", "CONNECT /v3/password-sync-groups"] {
        let asked = format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n{LAST}");
        let reply = target.check(line, asked, &[405, ON]).remove(0);
        assert!(reply.header("allow").unwrap().starts_with("GET, POST"), "{line}");
        assert!(text(&reply).contains("NotAllowedException"), "{line}");
    }
    let line = "OPTIONS /v3/password-sync-groups/x";
    let reply = target.check(line, target.request(line, "") + LAST, &[405, ON]).remove(0);
    assert_eq!(reply.header("allow"), Some("GET, PUT, DELETE"));
    // The server as a whole is not a resource of the service.
    target.check("OPTIONS *", target.request("OPTIONS *", "") + LAST, &[404, ON]);
    target.check("GET *", target.request("GET *", "") + LAST, &[404, ON]);
}

#[test]
fn a_request_line_is_three_words_and_one_version() {
    let target = Target::new();
    let tls = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03 and so on\r\n\r\n";
    let lines: [&[u8]; 17] = [
        b"GET /oauth/info\r\n\r\n",
        b"GET /oauth/info HTTP/0.9\r\n\r\n",
        b"GET /oauth/info HTTP/1.2\r\nHost: localhost\r\n\r\n",
        b"GET /oauth/info HTTP/2.0\r\nHost: localhost\r\n\r\n",
        b"GET /oauth/info http/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /oauth/info HTTP/1.1 x\r\nHost: localhost\r\n\r\n",
        b"GE T /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /oauth /info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET  /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b" GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET\t/oauth/info\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /oauth\0/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"G\xc3\x89T /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nnot the preface\r\n\r\n",
        b"\x00\x01\x02\xff\xfe\xfd\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        tls,
    ];
    for line in lines {
        let name = String::from_utf8_lossy(line).into_owned();
        let reply = target.check(&name, [line, SMUGGLED.as_bytes()].concat(), &[400]).remove(0);
        assert_eq!(reply.header("connection"), Some("close"), "{name:?}");
    }
    target.check("empty lines in front", format!("\r\n\r\n{INFO}{LAST}"), &[200, ON]);
}

#[test]
fn http_1_0_closes_unless_it_is_asked_to_stay() {
    let target = Target::new();
    let old = |headers: &str| format!("GET /oauth/info HTTP/1.0\r\n{headers}\r\n");
    target.check("no Host, and closed", old("") + LAST, &[200]);
    target.check("a Host", old("Host: localhost\r\n") + LAST, &[200]);
    let replies = target.check("kept", old("Connection: keep-alive\r\n") + &old("") + SMUGGLED, &[200, 200]);
    assert_eq!(replies[0].header("connection"), Some("keep-alive"));
    target.check(
        "closed in HTTP/1.1",
        INFO.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n") + SMUGGLED,
        &[200],
    );
    let torn = INFO.replace("\r\n\r\n", "\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n");
    target.check("closed and kept at once", torn + SMUGGLED, &[200]);
}

#[test]
fn an_upgrade_that_is_not_offered_is_not_made() {
    let target = Target::new();
    for upgrade in ["h2c", "websocket", "TLS/1.3, HTTP/2.0"] {
        let headers = format!(
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABk\r\n"
        );
        target.check(upgrade, target.request("GET /oauth/info", &headers) + LAST, &[200, ON]);
    }
}

#[test]
fn paths_are_taken_apart_before_they_are_decoded() {
    let target = Target::new();
    let list = "/v3/password-sync-groups";
    for (path, status) in [
        ("/%36881f631-3bd5-4213-9c75-8e05cc3e35dd", 200),
        ("//6881f631-3bd5-4213-9c75-8e05cc3e35dd/", 200),
        ("/6881f631%2D3bd5-4213-9c75-8e05cc3e35d%64?x#y", 200),
        ("/a%2Fb", 404),
        ("/a%5Cb", 404),
        ("/%2e%2e", 404),
        ("/..", 404),
        ("/../password-sync-groups", 404),
        ("/%00", 404),
        ("/%zz", 404),
        ("/%", 404),
        ("/%ff%fe", 404),
        ("/%c0%af", 404),
        ("/a+b", 404),
        ("/;a=b", 404),
        ("/ä", 404),
    ] {
        target.get(&format!("{list}{path}"), status);
    }
    // Each step is the same however it is spelt; an encoded slash does not divide steps.
    for (path, status) in [
        ("/v3/password%2Dsync-groups", 200),
        ("/%763/password-sync-groups", 200),
        ("/v3%2Fpassword-sync-groups", 404),
        ("/v3/password%252Dsync-groups", 404),
        ("/V3/password-sync-groups", 404),
        ("/v3/./password-sync-groups", 404),
    ] {
        target.get(path, status);
    }
    target.check("%2F in a tenant's name", INFO.replace("/oauth", "/tenants/a%2Fb/oauth") + LAST, &[404, ON]);
}

#[test]
fn queries_are_decoded_and_checked_as_they_then_are() {
    let target = Target::new();
    for (query, status) in [
        ("limit=%31", 200),
        ("%6Cimit=1", 200),
        ("count=TRUE&x=%zz&y=%ff&&=", 200),
        ("x=ä", 200),
        ("limit=+1", 400),
        ("limit=1%00", 400),
        ("limit=%zz", 400),
        ("limit=%ff", 400),
        ("limit=%EF%BC%91", 400),
        ("count=true+", 400),
        ("offset=99999999999999999999", 400),
    ] {
        let reply = target.get(&format!("/v3/password-sync-groups?{query}"), status);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body.is_array(), status == 200, "{query}: {body}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_refused_where_they_matter() {
    let target = Target::new();
    let line = |line: &[u8]| [line, b" HTTP/1.1\r\nHost: localhost\r\n\r\n", LAST.as_bytes()].concat();
    target.check("a path", line(b"GET /v3/password-sync-groups/\xe4"), &[400]);
    target.check("a query", line(b"GET /v3/password-sync-groups?x=\xe4"), &[400]);
    let header = |header: &[u8]| {
        let line = b"GET /v3/password-sync-groups HTTP/1.1\r\nHost: localhost\r\n";
        [line, header, b"\r\n\r\n", LAST.as_bytes()].concat()
    };
    let token = format!("Authorization: Bearer {}\r\nX-Name: ", target.token);
    target.check(
        "a header field that is not read",
        header(&[token.as_bytes(), b"\xe4"].concat()),
        &[200, ON],
    );
    target.check("a token", header(b"Authorization: Bearer \xe4"), &[401, ON]);
    target.check("a header field's name", header(b"X-N\xe4me: x"), &[400]);
    target.check("a host", line(b"GET /oauth/info HTTP/1.1\r\nHost: \xe4"), &[400]);
    // PowerShell before 7.4 sends a text in Latin-1, which no JSON is, whatever it says of itself.
    for charset in ["", "; charset=utf-8", "; charset=iso-8859-1"] {
        let create = |body: &[u8]| {
            let headers =
                format!("Content-Type: application/json{charset}\r\nContent-Length: {}\r\n", body.len());
            let head = target.request("POST /v3/password-sync-groups", &headers);
            [head.as_bytes(), body, LAST.as_bytes()].concat()
        };
        let replies = target.check("Latin-1", create(b"{\"name\": \"B\xfcro\"}"), &[400, ON]);
        assert!(text(&replies[0]).contains("The request could not be parsed."), "{charset}");
        target.check("a byte order mark", create(b"\xef\xbb\xbf{\"name\": \"x\"}"), &[400, ON]);
        target.check("UTF-16", create(b"\xff\xfe{\0}\0"), &[400, ON]);
        let replies = target.check("UTF-8", create("{\"name\": \"Büro\"}".as_bytes()), &[200, ON]);
        assert!(text(&replies[0]).contains("\"name\":\"Büro\""), "{charset}");
    }
}

#[test]
fn targets_and_heads_may_be_long_but_not_endless() {
    let target = Target::new();
    target.get(&format!("/v3/password-sync-groups/{}", "a".repeat(60_000)), 404);
    target.get(&format!("/v3/password-sync-groups?x={}", "%41".repeat(20_000)), 200);
    target.get(&format!("/v3{}/password-sync-groups", "/".repeat(60_000)), 200);
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n{SMUGGLED}", "a".repeat(70_000));
    target.check("a target", long, &[431]);
    let fields = |count: usize| (0..count).map(|nth| format!("X-{nth}: x\r\n")).collect::<Vec<_>>().concat();
    target.check("97 fields beside two", target.request("GET /oauth/info", &fields(97)) + LAST, &[200, ON]);
    target.check("101 fields", target.request("GET /oauth/info", &fields(99)) + SMUGGLED, &[431]);
    let wide = format!("X: {}\r\n", "a".repeat(1_000_000));
    target.check("a field", target.request("GET /oauth/info", &wide) + SMUGGLED, &[431]);
}
