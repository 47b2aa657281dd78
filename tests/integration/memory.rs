//! What a full journal costs in resident memory, measured on a process: little more than its bound, whatever is in it,
//! and however often it was filled anew. What is counted towards the bound is in `journal/exchange.rs`; here is whether
//! that is right.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;

use serde_json::Value;

use crate::harness::http::{exchange, send};
use crate::harness::process::{Server, binary, file};

/// What a journal of these tests may keep, in bytes.
const BOUND: usize = 8 << 20;
/// How much resident memory may grow while it is filled, in bytes: an allocator rounds up, and keeps some of what was
/// freed.
const MOST: usize = BOUND + BOUND / 2 + (2 << 20);
/// How many requests go over one connection.
const BATCH: usize = 50;

fn start(options: &[&str]) -> Server {
    let bounds = ["--journal-bytes", &BOUND.to_string(), "--journal-limit", "1000000000"];
    let always = ["--listen", "127.0.0.1:0", "--log", "off"];
    Server::start(binary().args(always).args(bounds).args(options))
}

fn resident(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

fn journal(address: SocketAddr, query: &str) -> Value {
    let answer = send(address, "GET", &format!("/_sim/journal?{query}"), &[], b"");
    serde_json::from_slice(&answer.body).unwrap()
}

/// Sends this many requests, over connections that are made anew now and then.
fn send_all(address: SocketAddr, numbers: std::ops::Range<usize>, request: &impl Fn(usize) -> Vec<u8>) {
    for begin in numbers.clone().step_by(BATCH) {
        let batch = begin..numbers.end.min(begin + BATCH);
        let mut bytes: Vec<u8> = batch.clone().flat_map(request).collect();
        bytes.extend_from_slice(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answers = exchange(address, &bytes);
        let answered = answers.windows(9).filter(|window| window == b"HTTP/1.1 ").count();
        assert_eq!(answered, batch.len() + 1);
    }
}

/// Fills a journal three times over with requests, of which it takes `full` to fill it, and looks at how much resident
/// memory grows meanwhile.
fn assert_bounded(options: &[&str], full: usize, request: impl Fn(usize) -> Vec<u8>) {
    let server = start(options);
    let address = server.address();
    // What any server needs that has answered a few requests.
    send_all(address, 0..full / 20, &request);
    let before = resident(&server);
    let mut most = before;
    for nth in 1..60 {
        send_all(address, nth * full / 20..(nth + 1) * full / 20, &request);
        most = most.max(resident(&server));
    }
    let listed = journal(address, "limit=1");
    let dropped = listed["dropped"].as_u64().unwrap();
    assert!(
        (3 * full as u64 / 2..5 * full as u64 / 2).contains(&dropped),
        "{dropped} of {} were dropped",
        3 * full
    );
    let grown = most - before;
    assert!(grown < MOST, "{grown} bytes resident for a journal of at most {BOUND}");
}

/// A request without credentials, which costs the journal as much as any other.
fn request(nth: usize, body: &[u8]) -> Vec<u8> {
    // Header fields that differ are kept each time.
    let head = format!(
        "POST /v2024/password-sync-groups?n={nth} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: client {nth}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn a_journal_of_short_requests_is_bounded_in_resident_memory() {
    assert_bounded(&[], 7_000, |nth| request(nth, b"{}"));
}

#[test]
fn a_journal_of_bodies_of_many_lengths_is_bounded_in_resident_memory() {
    // Shorter and longer than what is read at once, and than what is copied.
    assert_bounded(&[], 500, |nth| request(nth, &vec![b' '; 100 + nth * 7_919 % 33_000]));
}

#[test]
fn a_journal_of_long_explanations_is_cut_and_bounded_in_resident_memory() {
    let numbers: Vec<String> = (1..1_000).map(|number| (2 * number).to_string()).collect();
    let rule = format!(
        "{{name: listed, fires: {{nth: [{}]}}, fault: {{respond: {{status: 503}}}}}}",
        numbers.join(", ")
    );
    let scenario = file("long-explanations", "it.yaml", &format!("name: it\nrules: [{rule}]\n"));
    let scenario = scenario.to_str().unwrap();
    assert_bounded(&["--scenario", scenario], 7_000, |nth| request(nth, b"{}"));
    let server = start(&["--scenario", scenario]);
    send_all(server.address(), 0..10, &|nth| request(nth, b"{}"));
    for exchange in journal(server.address(), "")["exchanges"].as_array().unwrap() {
        let why = exchange["rules"][0]["why"].as_str().unwrap();
        assert!(why.contains("nth in [2, 4, 6, ") && why.len() < 100, "{why}");
    }
}
