//! What clients do to connections: bodies too long or too slow, both HTTP versions, stopping.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use sync_group_sim::journal::Filter;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::simulator::Config;

use crate::harness::client::{scenario, together};
use crate::harness::http::{connect, exchange, parse, send, token};
use crate::harness::served::Served;

fn small_bodies() -> Config {
    let mut config = Config::default();
    config.limits.max_body_bytes = 100;
    config.options.prerequisites = Prerequisites::Ignore;
    config
}

/// A request head for a creation, with a valid token and the given framing.
fn create(address: SocketAddr, framing: &str) -> String {
    let token = token(address);
    format!(
        "POST /v3/password-sync-groups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

fn group_count(address: SocketAddr) -> String {
    let headers = [("Authorization".to_owned(), format!("Bearer {}", token(address)))];
    let reply = send(address, "GET", "/v3/password-sync-groups?count=true", &headers, b"");
    reply.header("x-total-count").unwrap().to_owned()
}

#[test]
fn a_body_over_the_limit_is_a_413_and_stores_nothing() {
    let served = Served::start(small_bodies());
    let address = served.address();
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(100));
    let chunked = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let cases = [
        (create(address, &format!("Content-Length: {}", long.len())), long.as_str()),
        // The body never comes: a length beyond all reason is enough.
        (create(address, "Content-Length: 1000000000"), ""),
        (create(address, "Transfer-Encoding: chunked"), chunked.as_str()),
    ];
    for (head, body) in cases {
        let reply = parse(&exchange(address, format!("{head}{body}").as_bytes()));
        assert_eq!(reply.status, 413, "{head}");
        assert_eq!(reply.header("connection"), Some("close"));
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["detailCode"], "413 Payload too large");
        assert_eq!(body["trackingId"].as_str(), reply.header("slpt-request-id"));
    }
    assert_eq!(group_count(address), "2");
}

#[test]
fn a_body_in_chunks_is_one_body() {
    let served = Served::start(small_bodies());
    let head = create(served.address(), "Transfer-Encoding: chunked\r\nConnection: close");
    let reply = exchange(
        served.address(),
        format!("{head}8\r\n{{\"name\":\r\n5\r\n\"x\"}}\n\r\n0\r\n\r\n").as_bytes(),
    );
    let reply = parse(&reply);
    assert_eq!(reply.status, 200);
    assert!(String::from_utf8_lossy(&reply.body).contains("\"name\":\"x\""));
}

#[test]
fn a_body_that_never_comes_is_a_408() {
    let mut config = Config::default();
    config.limits.body_timeout = Duration::from_millis(50);
    let served = Served::start(config);
    let head = create(served.address(), "Content-Length: 10");
    let reply = parse(&exchange(served.address(), head.as_bytes()));
    assert_eq!(reply.status, 408);
    assert_eq!(group_count(served.address()), "2");
}

/// Sends bytes, closes the writing half, and reads until the server closes.
fn exchange_by_halves(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = connect(address);
    socket.write_all(bytes).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_client_that_closes_its_half_after_its_requests_is_answered() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: {hold: 1ms}}]\n";
    let mut config = small_bodies();
    config.scenarios = together([scenario(text)]);
    let served = Served::start(config);
    let create = create(served.address(), "Content-Length: 12") + "{\"name\":\"x\"}";
    let held = "GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let old = "GET /oauth/info HTTP/1.0\r\n\r\n";
    for (requests, answers) in [
        (create.clone(), 1),
        (held.to_owned(), 1),
        (old.to_owned(), 1),
        (held.repeat(3) + &create + held, 5),
        (create.repeat(2) + &held.repeat(2), 4),
    ] {
        let answer = exchange_by_halves(served.address(), requests.as_bytes());
        let statuses = answer.matches("HTTP/1.1 200").count() + answer.matches("HTTP/1.0 200").count();
        assert_eq!(statuses, answers, "{requests}: {answer}");
    }
    // Half a body, and half a head.
    assert!(exchange_by_halves(served.address(), &create.as_bytes()[..create.len() - 1]).contains(" 400 "));
    assert!(!exchange_by_halves(served.address(), &held.as_bytes()[..20]).contains(" 200 "));
}

#[test]
fn headers_that_never_end_close_the_connection() {
    let mut config = Config::default();
    config.limits.header_timeout = Duration::from_millis(50);
    let served = Served::start(config);
    let answer = exchange(served.address(), b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn requests_sent_in_one_go_are_answered_in_order() {
    let served = Served::start(Config::default());
    let one = "GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let last = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = exchange(served.address(), format!("{one}{one}{last}").as_bytes());
    let answer = String::from_utf8(answer).unwrap();
    let statuses: Vec<_> =
        answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "401"]);
}

#[test]
fn what_is_not_http_is_a_400() {
    let served = Served::start(Config::default());
    let answer = exchange(served.address(), b"NOT HTTP\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn http_2_is_spoken_on_the_same_port() {
    let served = Served::start(Config::default());
    let mut socket = connect(served.address());
    // The preface and an empty SETTINGS frame; the server answers with a SETTINGS frame of its own.
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let mut frame = [0; 9];
    socket.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "the first frame is not a SETTINGS frame: {frame:?}");
}

#[test]
fn stopping_lets_idle_connections_go() {
    let served = Served::start(Config::default());
    let mut idle = connect(served.address());
    idle.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    served.stop().unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[test]
fn eight_clients_at_once_lose_nothing() {
    let mut config = Config::default();
    config.options.prerequisites = Prerequisites::Ignore;
    let served = Served::start(config);
    let address = served.address();
    let headers = vec![
        ("Authorization".to_owned(), format!("Bearer {}", token(address))),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    std::thread::scope(|scope| {
        for client in 0..8 {
            let headers = &headers;
            scope.spawn(move || {
                for nth in 0..25 {
                    let body = format!("{{\"name\": \"{client}-{nth}\"}}");
                    let reply = send(address, "POST", "/v3/password-sync-groups", headers, body.as_bytes());
                    assert_eq!(reply.status, 200);
                }
            });
        }
    });
    assert_eq!(group_count(address), "202");
}

#[test]
fn an_idle_connection_outlives_the_header_timeout() {
    let mut config = Config::default();
    config.limits.header_timeout = Duration::from_millis(20);
    let served = Served::start(config);
    let mut idle = connect(served.address());
    let mut other = connect(served.address());
    other.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").unwrap();
    let request = b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";
    idle.write_all(request).unwrap();
    let mut bytes = [0; 4_096];
    assert!(idle.read(&mut bytes).unwrap() > 12);
    // When the slow one has been cut off, the idle one has been idle for longer than that.
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
    idle.write_all(request).unwrap();
    let len = idle.read(&mut bytes).unwrap();
    assert!(bytes[..len].starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&bytes[..len]));
}

#[test]
fn stopping_does_not_wait_for_clients_that_cannot_be_served() {
    let text =
        "name: t\nrules: [{when: {query: {hang: {present: true}}}, fault: hang}, {fault: {hold: 1h}}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.limits.drain_timeout = Duration::from_hours(1);
    let served = Served::start(config);
    let open = |bytes: &[u8]| {
        let mut socket = connect(served.address());
        socket.write_all(bytes).unwrap();
        socket
    };
    let mut hung = open(b"GET /oauth/info?hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut held = open(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut half = open(b"GET /oauth/info HTTP/1.1\r\nHo");
    let mut body = open(b"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n");
    let tenant = served.running().simulator().default_tenant();
    while tenant.exchanges(&Filter::default()).len() < 2 {
        std::thread::yield_now();
    }
    served.stop().unwrap();
    let rest = |socket: &mut std::net::TcpStream| {
        let mut bytes = Vec::new();
        let _ = socket.read_to_end(&mut bytes);
        bytes
    };
    assert!(rest(&mut held).starts_with(b"HTTP/1.1 200"));
    assert_eq!([rest(&mut hung), rest(&mut half), rest(&mut body)], [b"", b"", b""]);
}

#[test]
fn a_client_that_sends_first_and_reads_later_still_gets_its_413() {
    let served = Served::start(small_bodies());
    let head = create(served.address(), "Content-Length: 2000000");
    let mut socket = connect(served.address());
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&vec![b'x'; 2_000_000]).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(parse(&answer).status, 413);
    let token = format!(
        "POST /oauth/token?grant_type=client_credentials HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n\r\n{}",
        "x".repeat(101)
    );
    assert_eq!(parse(&exchange(served.address(), token.as_bytes())).status, 413);
}
