//! What the server allows its clients, seen from a socket: a client that exceeds a limit is refused, and others are
//! still served.

use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::journal::Filter;
use sync_group_sim::{Config, ControlPolicy, Fixture, Limits, Request, Simulator};

use crate::harness::client::{scenario, together};
use crate::harness::held::read;
use crate::harness::http::{connect, exchange, parse, send, token};
use crate::harness::process::{Server, binary, file};
use crate::harness::served::Served;

/// A server with other limits than usual.
fn limited(change: impl FnOnce(&mut Limits)) -> Served {
    let mut config = Config::default();
    change(&mut config.limits);
    Served::start(config)
}

#[test]
fn bodies_in_flight_keep_a_budget_and_one_more_is_refused_before_it_is_read() {
    let served = limited(|limits| limits.max_bodies_in_flight = 1_000);
    let address = served.address();
    let post = |head: &str| format!("POST /v2024/nothing HTTP/1.1\r\nHost: localhost\r\n{head}\r\n");
    let mut first = connect(address);
    first.write_all(post("Content-Length: 900\r\nExpect: 100-continue\r\n").as_bytes()).unwrap();
    assert!(read(&mut first).starts_with("HTTP/1.1 100"));
    first.write_all(&[b' '; 100]).unwrap();
    let small = |len: usize| send(address, "POST", "/v2024/nothing", &[], &vec![b' '; len]);
    let refused = small(200);
    let text = String::from_utf8(refused.body.clone()).unwrap();
    assert!(
        text.contains("1000 bytes of request bodies") && text.contains("--max-bodies-in-flight"),
        "{text}"
    );
    assert_eq!(refused.header("connection"), Some("close"));
    // A body that waits for leave to be sent is refused without it, and one in chunks as soon as it is too long.
    let mut waiting = connect(address);
    waiting.write_all(post("Content-Length: 200\r\nExpect: 100-continue\r\n").as_bytes()).unwrap();
    assert!(read(&mut waiting).starts_with("HTTP/1.1 503"));
    let chunk = format!("c8\r\n{}\r\n", " ".repeat(200));
    let chunked = exchange(address, [&*post("Transfer-Encoding: chunked\r\n"), &chunk].concat().as_bytes());
    assert!(chunked.starts_with(b"HTTP/1.1 503"));
    assert_eq!(small(50).status, 401);
    // What was taken is free again.
    first.write_all(&[b' '; 800]).unwrap();
    assert!(read(&mut first).starts_with("HTTP/1.1 401"));
    assert_eq!([small(900).status, small(900).status], [401, 401]);
    assert_eq!(small(1_001).status, 503);
}

#[test]
fn a_client_that_sends_a_control_body_in_chunks_and_stops_keeps_no_other_waiting() {
    let served = limited(|limits| limits.body_timeout = Duration::from_hours(1));
    let post = "POST /_sim/tenants HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n";
    let mut stalled = connect(served.address());
    stalled.write_all(format!("{post}Expect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    assert!(read(&mut stalled).starts_with("HTTP/1.1 100"), "it is being read");
    let whole = format!("{post}Connection: close\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    assert_eq!(parse(&exchange(served.address(), whole.as_bytes())).status, 201);
}

#[test]
fn a_client_that_announces_a_large_control_body_and_stops_keeps_no_other_waiting() {
    let served = limited(|limits| limits.body_timeout = Duration::from_hours(1));
    let put = |len: usize| {
        format!(
            "PUT /_sim/state HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n"
        )
    };
    // Together they announce more than all bodies may have.
    let stalled = [0, 1, 2].map(|_| {
        let mut stalled = connect(served.address());
        stalled.write_all(format!("{}Expect: 100-continue\r\n\r\n", put(40 << 20)).as_bytes()).unwrap();
        assert!(read(&mut stalled).starts_with("HTTP/1.1 100"), "it is being read");
        stalled.write_all(b"{").unwrap();
        stalled
    });
    let body = format!("{{{}}}", " ".repeat(2 << 20));
    let whole = format!("{}Connection: close\r\n\r\n{body}", put(body.len()));
    assert_eq!(parse(&exchange(served.address(), whole.as_bytes())).status, 200);
    drop(stalled);
}

#[test]
fn one_connection_has_half_of_the_bodies_in_flight_at_most() {
    let served = limited(|limits| limits.max_bodies_in_flight = 1_000);
    let address = served.address();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (sender, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let post = || {
            let request = hyper::Request::post(format!("http://{address}/v2024/nothing"));
            request.header("content-length", 300).body(()).unwrap()
        };
        let mut ready = sender.ready().await.unwrap();
        let (mut first, mut of_first) = ready.send_request(post(), false).unwrap();
        let mut ready = ready.ready().await.unwrap();
        let (mut second, mut of_second) = ready.send_request(post(), false).unwrap();
        // One of them, whichever is read later.
        let (refused, other) = tokio::select! {
            refused = &mut first => (refused.unwrap(), second),
            refused = &mut second => (refused.unwrap(), first),
        };
        assert_eq!(refused.status(), 503);
        let text = refused.into_body().data().await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(text.contains("500 bytes") && text.contains("half of --max-bodies-in-flight"), "{text}");
        // Others have the other half, and what one connection sends alone may be longer.
        let others = |len: usize| {
            std::thread::spawn(move || send(address, "POST", "/v2024/nothing", &[], &vec![b' '; len]).status)
        };
        assert_eq!(others(600).join().unwrap(), 401);
        for body in [&mut of_first, &mut of_second] {
            let _ = body.send_data(vec![b' '; 300].into(), true);
        }
        assert_eq!(other.await.unwrap().status(), 401);
        assert_eq!(others(900).join().unwrap(), 401);
    });
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "how long a call takes is the machine's time")]
#[test]
fn a_large_state_or_fixture_is_read_while_others_are_answered() {
    let policies = |number: usize| {
        let policies: Vec<_> = (0..number).map(|nth| format!(r#"{{"id":"p{nth}","name":"P"}}"#)).collect();
        format!(r#"{{"passwordPolicies":[{}]}}"#, policies.join(","))
    };
    let watched = file("large-fixture", "mine.json", &policies(1));
    // On one core the server has one thread, which would stand still.
    let line = "taskset -c 0 true 2>&- && exec taskset -c 0 \"$0\" \"$@\"; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_sync-group-sim"), "--listen", "127.0.0.1:0"]);
    let mut server = Server::start(command.args(["--log-control", "--fixture"]).arg(&watched));
    let address = server.address();
    let log = std::io::BufReader::new(server.child.stderr.take().unwrap());
    let reloaded = std::thread::spawn(move || {
        log.lines().map_while(Result::ok).any(|line| line.contains("fixture reloaded"))
    });
    let health = || assert_eq!(send(address, "GET", "/_sim/health", &[], b"").status, 200);
    // As long as one of them is being read, some calls are answered.
    let state = policies(4_000);
    let mut socket = connect(address);
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!(
        "PUT /_sim/state HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        state.len()
    );
    socket.write_all(&[head.as_bytes(), state.as_bytes()].concat()).unwrap();
    let put = std::thread::spawn(move || {
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        parse(&answer).status
    });
    let mut meanwhile = 0;
    while !put.is_finished() {
        health();
        meanwhile += 1;
    }
    assert_eq!(put.join().unwrap(), 200);
    assert!(meanwhile > 5, "{meanwhile} calls were answered while a state was read");
    let began = std::time::Instant::now();
    std::fs::write(&watched, policies(20_000)).unwrap();
    let mut longest = Duration::ZERO;
    while !reloaded.is_finished() {
        let asked = std::time::Instant::now();
        health();
        longest = longest.max(asked.elapsed());
    }
    assert!(reloaded.join().unwrap());
    assert!(longest < began.elapsed() / 2, "a call took {longest:?} while a fixture was read");
}

#[test]
fn answers_that_nobody_takes_keep_a_budget() {
    let mut config = Config::default();
    config.limits.max_answers_in_flight = 1 << 20;
    // More than fits between server and client.
    config.fixture.sources[0].description = Some("x".repeat(16 << 20));
    let served = Served::start(config);
    let address = served.address();
    let mut idle = connect(address);
    idle.write_all(b"GET /_sim/state HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // The only one may be longer than all together.
    assert!(read(&mut idle).starts_with("HTTP/1.1 200"));
    let refused = send(address, "GET", "/_sim/state", &[], b"");
    let text = String::from_utf8(refused.body).unwrap();
    assert!(refused.status == 503 && text.contains("1048576 bytes of answers"), "{}", refused.status);
    // Short ones are not counted.
    assert_others_are_served(address);
    drop(idle);
    while send(address, "GET", "/_sim/state", &[], b"").status != 200 {}
}

/// A quarter of a megabyte in a body that leads to no operation, for a tenant that is made on sight.
fn post_large(simulator: &Simulator, tenant: &str) {
    let target = format!("/tenants/{tenant}/v2024/nothing");
    let request = Request::new(Method::POST, &target).unwrap();
    let outcome = simulator.answer(&request.body("application/json", vec![b' '; 256 << 10]));
    assert_eq!(outcome.reply.status, 401);
}

#[test]
fn all_journals_together_keep_a_budget_and_the_fullest_give_way() {
    let config = Config { journal_total_bytes: 8 << 20, ..Config::default() };
    let simulator = Simulator::new(config).unwrap();
    post_large(&simulator, "small");
    for _ in 0..20 {
        post_large(&simulator, "full");
    }
    for _ in 0..100 {
        post_large(&simulator, "fuller");
    }
    let kept = |name: &str| {
        let report = simulator.tenant(name, "").unwrap().journal(&Filter::default());
        (report.exchanges.len() as u64, report.dropped)
    };
    let ((full, full_dropped), (fuller, fuller_dropped)) = (kept("full"), kept("fuller"));
    assert_eq!((kept("small"), full + full_dropped, fuller + fuller_dropped), ((1, 0), 20, 100));
    // 32 of them fit, less what is kept free.
    assert!((28..=31).contains(&(1 + full + fuller)), "{full} {fuller}");
    assert!(full.abs_diff(fuller) <= 1, "{full} {fuller}");
    // Memory is free again when tenants go.
    let metrics = simulator.metrics_text();
    let dropped = format!("sync_group_sim_journal_dropped_total {}\n", full_dropped + fuller_dropped);
    assert!(metrics.contains(&dropped), "{metrics}");
    for name in ["full", "fuller"] {
        simulator.delete_tenant(name).unwrap();
    }
    for _ in 0..20 {
        post_large(&simulator, "later");
    }
    assert_eq!((kept("later"), kept("small")), ((20, 0), (1, 0)));
}

#[test]
fn many_small_journals_give_way_when_there_is_no_fuller_one() {
    let config = Config { journal_total_bytes: 4 << 20, ..Config::default() };
    let simulator = Simulator::new(config).unwrap();
    for nth in 0..40 {
        post_large(&simulator, &format!("t{nth}"));
    }
    let kept = |nth| simulator.tenant(&format!("t{nth}"), "").unwrap().journal(&Filter::default());
    let total: usize = (0..40).map(|nth| kept(nth).exchanges.len()).sum();
    assert!(total <= 15, "{total}");
    // A journal shows what it dropped.
    assert!((0..40).all(|nth| kept(nth).exchanges.len() as u64 + kept(nth).dropped == 1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_large_requests_without_credentials_cost_no_gigabyte() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]));
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    };
    let body = vec![b' '; 1 << 20];
    let most = std::thread::scope(|threads| {
        let clients = [0, 1].map(|client| {
            let (body, address, resident) = (&body, server.address(), &resident);
            threads.spawn(move || {
                let mut most = 0;
                for nth in 0..500 {
                    let target = format!("/tenants/t{}/v2024/nothing", (2 * nth + client) % 60);
                    let json = [("Content-Type".to_owned(), "application/json".to_owned())];
                    assert_eq!(send(address, "POST", &target, &json, body).status, 401);
                    most = most.max(resident());
                }
                most
            })
        });
        clients.map(|client| client.join().unwrap()).into_iter().max().unwrap()
    });
    assert!(most < 400 << 20, "{} MiB", most >> 20);
    assert_others_are_served(server.address());
}

/// What every test ends with: another client is answered.
fn assert_others_are_served(address: SocketAddr) {
    assert_eq!(send(address, "GET", "/oauth/info", &[], b"").status, 200);
}

/// Sends a head and then one byte after the other for as long as the server reads, and returns what it said.
/// Between two bytes it looks whether there is an answer.
fn drip(address: SocketAddr, head: &str) -> Vec<u8> {
    let mut socket = connect(address);
    socket.write_all(head.as_bytes()).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    let mut answer = Vec::new();
    for _ in 0..10_000 {
        let _ = socket.write_all(b"x");
        match socket.read_to_end(&mut answer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return answer,
        }
    }
    panic!("the server let the client drip on and on");
}

/// A server of large answers that waits for nothing else than what a test is about.
fn patient(change: impl FnOnce(&mut Limits)) -> Served {
    let mut config = Config { fixture: Fixture::built_in("large").unwrap(), ..Config::default() };
    // A part of its state is a megabyte, which is long enough.
    (config.fixture.identities, config.fixture.accounts) = Default::default();
    config.fixture.sources.truncate(700);
    config.fixture.applications.clear();
    config.fixture.groups.truncate(350);
    let long = Duration::from_hours(1);
    let limits = &mut config.limits;
    (limits.header_timeout, limits.body_timeout, limits.write_timeout) = (long, long, long);
    (limits.idle_timeout, limits.drain_timeout) = (long, long);
    change(limits);
    Served::start(config)
}

/// A connection that asks for more than fits between server and client, and reads nothing.
fn stalled(address: SocketAddr) -> TcpStream {
    let mut socket = connect(address);
    let request = format!("GET /_sim/state HTTP/1.1\r\nHost: {address}\r\n\r\n");
    socket.write_all(request.repeat(32).as_bytes()).unwrap();
    socket
}

#[test]
fn a_head_that_is_too_long_is_a_431() {
    let served = limited(|limits| limits.max_header_bytes = 10_000);
    let request = |len: usize| {
        format!(
            "GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(len)
        )
    };
    for (len, expected) in [(9_900, 200), (10_001, 431), (30_000, 431), (300_000, 431)] {
        assert_eq!(parse(&exchange(served.address(), request(len).as_bytes())).status, expected, "{len}");
    }
    assert_others_are_served(served.address());
}

#[test]
fn too_many_header_fields_are_a_431() {
    for (max, in_all) in [(3, 3), (3, 4), (100, 100), (100, 101), (150, 150), (150, 151)] {
        let served = limited(|limits| limits.max_headers = max);
        let fields = "X-One-More: 1\r\n".repeat(in_all - 2);
        let request =
            format!("GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
        let expected = if in_all > max { 431 } else { 200 };
        assert_eq!(
            parse(&exchange(served.address(), request.as_bytes())).status,
            expected,
            "{in_all} of {max}"
        );
        let mut other = connect(served.address());
        other.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut first = [0; 12];
        other.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    }
}

#[test]
fn heads_are_limited_over_http_2_too() {
    let served = limited(|limits| (limits.max_headers, limits.max_header_bytes) = (10, 8_192));
    let statuses = http2(served.address(), |address| {
        let get = || hyper::Request::get(format!("http://{address}/oauth/info"));
        let many = (0..11).fold(get(), |request, nth| request.header(format!("x-{nth}"), "1"));
        vec![get().header("x-long", "x".repeat(9_000)).body(()), many.body(()), get().body(())]
    });
    assert_eq!(statuses, [431, 431, 200]);
}

/// The statuses of requests on one HTTP/2 connection, one after the other.
fn http2(
    address: SocketAddr,
    requests: impl FnOnce(SocketAddr) -> Vec<hyper::http::Result<hyper::Request<()>>>,
) -> Vec<u16> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let mut statuses = Vec::new();
        for request in requests(address) {
            sender = sender.ready().await.unwrap();
            let (response, _) = sender.send_request(request.unwrap(), true).unwrap();
            statuses.push(response.await.unwrap().status().as_u16());
        }
        statuses
    })
}

#[test]
fn more_header_fields_than_the_http_libraries_take_are_a_431_whatever_is_allowed() {
    let served = limited(|limits| (limits.max_headers, limits.max_header_bytes) = (usize::MAX, 16 << 20));
    for (in_all, expected) in [(10_000, 200), (10_001, 431), (30_000, 431)] {
        let fields = (0..in_all - 2).map(|nth| format!("X-{nth}: 1\r\n")).collect::<Vec<_>>().concat();
        let request =
            format!("GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
        assert_eq!(parse(&exchange(served.address(), request.as_bytes())).status, expected, "{in_all}");
    }
    let statuses = http2(served.address(), |address| {
        let get = |fields: usize| {
            let request = hyper::Request::get(format!("http://{address}/oauth/info"));
            (0..fields).fold(request, |request, nth| request.header(format!("x-{nth}"), "1")).body(())
        };
        vec![get(10_000), get(10_001), get(0)]
    });
    assert_eq!(statuses, [200, 431, 200]);
    // More than a client's library would send; another stream of the same connection is answered.
    let mut frames = Frames::connect(served.address());
    let fields: Vec<_> = (0..30_000).map(|nth| format!("x-{nth}")).collect();
    frames.0.write_all(&[Frames::get_with(1, &fields), Frames::get(3)].concat()).unwrap();
    for _ in 0..2 {
        let (stream, block) = frames.next_of(HEADERS).unwrap();
        // The digits of 431 and 401 in Huffman's code.
        let status: &[u8] = if stream == 1 { &[0x83, 0x69, 0x90, 0xff] } else { &[0x82, 0x68, 0x01] };
        assert!(block.windows(status.len()).any(|bytes| bytes == status), "{stream}: {block:x?}");
    }
    assert_others_are_served(served.address());
}

#[test]
fn a_head_that_arrives_too_slowly_closes_the_connection() {
    let served = limited(|limits| limits.header_timeout = Duration::from_millis(60));
    let answer = drip(served.address(), "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
    assert_eq!(answer, b"");
    assert_others_are_served(served.address());
}

#[test]
fn a_body_that_arrives_too_slowly_is_a_408() {
    let served = limited(|limits| limits.body_timeout = Duration::from_millis(60));
    let answer = drip(
        served.address(),
        "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n",
    );
    assert_eq!(parse(&answer).status, 408);
    assert_others_are_served(served.address());
}

#[test]
fn a_client_that_reads_nothing_loses_the_connection() {
    let served = patient(|limits| limits.write_timeout = Duration::from_millis(60));
    let mut socket = stalled(served.address());
    // The server reads no further while it cannot write; once it has closed, writing fails.
    let broke = (0..100_000).any(|_| {
        assert_others_are_served(served.address());
        socket.write_all(b"x").is_err()
    });
    assert!(broke, "the server waits for a client that takes nothing");
}

#[test]
fn a_stream_of_which_the_client_takes_nothing_ends_alone() {
    let served = patient(|limits| limits.write_timeout = Duration::from_millis(60));
    // Whether all of the answer waits, or all but a part.
    for window in [0, 1, 100] {
        let mut frames = Frames::connect_with_window(served.address(), window);
        frames.0.write_all(&Frames::info(1)).unwrap();
        assert_eq!(frames.rest_of(1), (window as usize, Some(CANCEL)), "{window}");
        frames.0.write_all(&[Frames::info(3), Frames::widen(3, 10_000)].concat()).unwrap();
        let (len, reset) = frames.rest_of(3);
        assert!(len > 200 && reset.is_none(), "{window}: {len} {reset:?}");
    }
    // A long answer, which also uses up the connection's window.
    let mut frames = Frames::connect(served.address());
    frames.0.write_all(&Frames::state(1)).unwrap();
    assert_eq!(frames.rest_of(1), (65_535, Some(CANCEL)));
    frames.0.write_all(&[Frames::widen(0, 10_000), Frames::info(3)].concat()).unwrap();
    assert_eq!(frames.rest_of(3).1, None);
    assert_others_are_served(served.address());
}

#[test]
fn a_stream_whose_client_takes_some_of_it_now_and_then_goes_on() {
    let write_timeout = Duration::from_millis(600);
    let served = patient(|limits| limits.write_timeout = write_timeout);
    let mut frames = Frames::connect(served.address());
    frames.0.write_all(&[Frames::widen(0, 1 << 30), Frames::state(1)].concat()).unwrap();
    frames.0.set_read_timeout(Some(write_timeout / 12)).unwrap();
    // When nothing more comes, the client makes room; in all that takes longer than one piece may.
    for _ in 0..24 {
        let mut taken = [0; 16_384];
        while let Ok(len) = frames.0.read(&mut taken) {
            assert!(len > 0, "the connection was closed");
        }
        frames.0.write_all(&Frames::widen(1, 20_000)).unwrap();
    }
    let reset = [0, 0, 4, RST_STREAM, 0, 0, 0, 0, 1];
    let mut rest = Vec::new();
    frames.0.set_read_timeout(Some(write_timeout / 12)).unwrap();
    let _ = frames.0.read_to_end(&mut rest);
    assert!(!rest.windows(reset.len()).any(|bytes| bytes == reset), "it was reset");
    assert!(rest.len() >= 20_000, "nothing more came: {}", rest.len());
}

#[test]
fn a_stream_that_has_nothing_to_send_is_not_slow() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: {trickle: {chunk: 50, pause: 1h}}}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.options.clock = Clock::manual(Timestamp::from_millis(0));
    config.limits.write_timeout = Duration::from_millis(60);
    let served = Served::start(config);
    let tenant = served.running().simulator().default_tenant();
    let mut frames = Frames::connect_with_window(served.address(), 0);
    frames.0.write_all(&Frames::info(1)).unwrap();
    // The first piece waits for a moment; then it is taken, and there is no other.
    assert_eq!(frames.next_of(HEADERS).map(|(stream, _)| stream), Some(1));
    frames.0.write_all(&Frames::widen(1, 50)).unwrap();
    assert_eq!(frames.next_of(DATA).map(|(stream, data)| (stream, data.len())), Some((1, 50)));
    // Others, for whose answers there is no window, are reset one after the other.
    for stream in [3, 5] {
        frames.0.write_all(&Frames::state(stream)).unwrap();
        assert_eq!(frames.next_of(RST_STREAM).map(|(stream, _)| stream), Some(stream));
    }
    frames.0.write_all(&Frames::widen(1, 50)).unwrap();
    tenant.advance(Duration::from_hours(1));
    assert_eq!(frames.next_of(DATA).map(|(stream, data)| (stream, data.len())), Some((1, 50)));
    // Now it has, and the client takes none of it.
    tenant.advance(Duration::from_hours(1));
    assert_eq!(frames.next_of(RST_STREAM).map(|(stream, _)| stream), Some(1));
}

#[test]
fn an_idle_connection_is_closed_in_the_end() {
    let served = limited(|limits| limits.idle_timeout = Duration::from_millis(60));
    let mut socket = connect(served.address());
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    assert_eq!(parse(&bytes).status, 200);
    assert_others_are_served(served.address());
}

/// Waits until the server has closed two connections, one after the other, whose heads took too long.
fn outlast_slow_heads(address: SocketAddr) {
    for _ in 0..2 {
        assert_eq!(exchange(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "), b"");
    }
}

#[test]
fn an_http_2_connection_that_waits_before_its_first_request_is_idle_and_not_slow() {
    let served = limited(|limits| limits.header_timeout = Duration::from_millis(30));
    let mut frames = Frames::connect(served.address());
    outlast_slow_heads(served.address());
    frames.0.write_all(&Frames::get(1)).unwrap();
    assert_eq!(frames.next_of(HEADERS).map(|(stream, _)| stream), Some(1));
    let served = patient(|limits| limits.idle_timeout = Duration::from_millis(30));
    let mut frames = Frames::connect(served.address());
    assert_eq!(frames.next_of(HEADERS), None);
}

#[test]
fn an_http_2_connection_that_is_never_completely_opened_is_slow() {
    let served = patient(|limits| limits.header_timeout = Duration::from_millis(30));
    for opening in [&b"PRI * HT"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04"] {
        let mut frames = Frames(connect(served.address()));
        frames.0.write_all(opening).unwrap();
        assert_eq!(frames.next_of(HEADERS), None);
    }
    assert_others_are_served(served.address());
}

#[test]
fn an_http_2_head_without_an_end_closes_the_connection_whatever_else_is_open() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: hang}]\n";
    let timeouts: [fn(&mut Limits) -> &mut Duration; 2] =
        [|limits| &mut limits.header_timeout, |limits| &mut limits.idle_timeout];
    for timeout in timeouts {
        let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
        (config.limits.header_timeout, config.limits.idle_timeout) =
            (Duration::from_hours(1), Duration::from_hours(1));
        *timeout(&mut config.limits) = Duration::from_millis(60);
        let served = Served::start(config);
        let mut hung = Frames::connect(served.address());
        hung.0.write_all(&Frames::info(1)).unwrap();
        let mut frames = Frames::connect(served.address());
        let mut unfinished = Frames::get(3);
        unfinished[4] = 1;
        frames.0.write_all(&[Frames::info(1), unfinished].concat()).unwrap();
        assert_eq!(frames.next_of(HEADERS), None);
        // A stream that hangs closes nothing.
        let ping = [&[0, 0, 8, PING, 0, 0, 0, 0, 0][..], b"is alive"].concat();
        hung.0.write_all(&ping).unwrap();
        assert_eq!(hung.next_of(PING), Some((0, b"is alive".to_vec())));
    }
}

#[test]
fn an_http_2_head_without_an_end_is_closed_as_idle() {
    let served = patient(|limits| limits.idle_timeout = Duration::from_millis(30));
    // The flags say that the stream ends, but not the head: a CONTINUATION would have the rest.
    let mut unfinished = Frames::get(1);
    unfinished[4] = 1;
    for (earlier, streams) in [(Vec::new(), 0), (Frames::get(1), 1)] {
        let mut frames = Frames::connect(served.address());
        frames.0.write_all(&earlier).unwrap();
        assert!((0..streams).all(|_| frames.next_of(HEADERS).is_some()));
        unfinished[8] = 2 * streams + 1;
        frames.0.write_all(&unfinished).unwrap();
        assert_eq!(frames.next_of(HEADERS), None);
    }
    assert_others_are_served(served.address());
}

#[test]
fn a_journal_that_is_followed_is_not_idle() {
    let served = limited(|limits| limits.idle_timeout = Duration::from_millis(30));
    let mut follower = connect(served.address());
    follower.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = [0; 4_096];
    let len = follower.read(&mut bytes).unwrap();
    assert!(bytes[..len].starts_with(b"HTTP/1.1 200"));
    // When a connection that began later was closed for being idle, this one has been quiet for longer.
    let mut idle = connect(served.address());
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert_others_are_served(served.address());
    let len = follower.read(&mut bytes).unwrap();
    assert!(String::from_utf8_lossy(&bytes[..len]).contains("event: exchange"));
}

#[test]
fn stopping_waits_no_longer_than_the_drain_timeout() {
    let served = patient(|limits| limits.drain_timeout = Duration::from_millis(60));
    let mut socket = stalled(served.address());
    let mut first = [0; 12];
    socket.read_exact(&mut first).unwrap();
    served.stop().unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest);
    assert_eq!(&first, b"HTTP/1.1 200");
}

#[test]
fn a_trickled_answer_is_whole_when_the_server_stops() {
    let text = "name: t\nrules: [{fault: {trickle: {chunk: 1, pause: 1h}}}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.limits.drain_timeout = Duration::from_hours(1);
    let served = Served::start(config);
    let mut socket = connect(served.address());
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = vec![0; 12];
    socket.read_exact(&mut bytes).unwrap();
    served.stop().unwrap();
    socket.read_to_end(&mut bytes).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&parse(&bytes).body).unwrap()["tenantName"], "default");
}

#[test]
fn a_control_call_may_be_longer_than_a_request_and_has_a_limit_of_its_own() {
    let token = ("Authorization".to_owned(), "Bearer t".to_owned());
    let mut config = Config { control: ControlPolicy::Token("t".to_owned()), ..Config::default() };
    (config.limits.max_body_bytes, config.limits.max_control_body_bytes) = (100, 1_000);
    let served = Served::start(config);
    let put = |headers: &[(String, String)], len: usize| {
        let reply = send(served.address(), "PUT", "/_sim/clock", headers, " ".repeat(len).as_bytes());
        (reply.status, String::from_utf8(reply.body).unwrap())
    };
    let own = [token];
    assert_eq!(put(&own, 1_000).0, 400, "it was read, and says nothing");
    let (status, body) = put(&own, 1_001);
    assert!(status == 413 && body.contains("--max-control-body"), "{status} {body}");
    // Who may not call is not read at length.
    assert_eq!(put(&[], 101).0, 401);
    assert_others_are_served(served.address());
}

#[test]
fn the_state_of_the_largest_fixture_can_be_put_back() {
    let config = Config { fixture: Fixture::built_in("large").unwrap(), ..Config::default() };
    let served = Served::start(config);
    let state = send(served.address(), "GET", "/_sim/state", &[], b"").body;
    assert!(state.len() > Limits::default().max_body_bytes);
    let reply = send(served.address(), "PUT", "/_sim/state", &[], &state);
    assert_eq!((reply.status, reply.body == state), (200, true));
    let bearer = [("Authorization".to_owned(), format!("Bearer {}", token(served.address())))];
    let long = vec![b' '; Limits::default().max_body_bytes + 1];
    let create = send(served.address(), "POST", "/v3/password-sync-groups", &bearer, &long);
    assert_eq!(create.status, 413);
}

/// A connection that is being served: its first request was answered.
fn served_connection(address: SocketAddr) -> TcpStream {
    let mut socket = connect(address);
    assert!(is_answered(&mut socket), "it was refused");
    socket
}

/// Whether a request on an open connection is answered with a 200.
fn is_answered(socket: &mut TcpStream) -> bool {
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = [0; 4_096];
    let len = socket.read(&mut bytes).unwrap();
    bytes[..len].starts_with(b"HTTP/1.1 200")
}

#[test]
fn one_connection_too_many_is_refused_and_open_ones_continue() {
    let served = limited(|limits| limits.max_connections = 2);
    let mut open = [served_connection(served.address()), served_connection(served.address())];
    for _ in 0..3 {
        let reply = send(served.address(), "GET", "/oauth/info", &[], b"");
        assert_eq!((reply.status, reply.header("connection")), (503, Some("close")));
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["error"], "2 connections are open, which is the limit (--max-connections)");
        assert!(open.iter_mut().all(is_answered));
    }
    let [first, mut second] = open;
    drop(first);
    assert_others_are_served(served.address());
    assert!(is_answered(&mut second));
}

#[test]
fn a_client_that_closes_one_connection_and_opens_the_next_is_never_refused() {
    let served = limited(|limits| limits.max_connections = 1);
    for _ in 0..200 {
        assert_others_are_served(served.address());
    }
}

#[test]
fn hundreds_of_connections_too_many_do_no_harm() {
    let served = limited(|limits| limits.max_connections = 1);
    let mut open = served_connection(served.address());
    let crowd: Vec<_> = (0..400).filter_map(|_| TcpStream::connect(served.address()).ok()).collect();
    assert!(crowd.len() > 300, "{}", crowd.len());
    assert!(is_answered(&mut open));
    drop((crowd, open));
    // Some of the crowd have their turn before us.
    let is_free = |_| send_or_nothing(served.address()) == Some(200);
    assert!((0..1_000).any(is_free), "no connection is served any more");
}

/// The status of a request, unless it was closed without a word.
fn send_or_nothing(address: SocketAddr) -> Option<u16> {
    let bytes =
        exchange(address, b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    (!bytes.is_empty()).then(|| parse(&bytes).status)
}

#[test]
fn one_http_2_connection_too_many_is_refused() {
    let served = limited(|limits| limits.max_connections = 1);
    let _open = served_connection(served.address());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(served.address()).await.unwrap();
        let (sender, connection) = h2::client::handshake(socket).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut sender = sender.ready().await.unwrap();
        let request = hyper::Request::get("http://localhost/oauth/info").body(()).unwrap();
        let (response, _) = sender.send_request(request, true).unwrap();
        let error = response.await.unwrap_err();
        drop(sender);
        let _ = connection.await;
        error
    });
    assert_eq!((error.is_go_away(), error.reason()), (true, Some(h2::Reason::ENHANCE_YOUR_CALM)));
}

/// HTTP/2's frame types that matter here, by their numbers.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
/// Its error codes.
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// An HTTP/2 connection, frame by frame.
struct Frames(TcpStream);

impl Frames {
    fn connect(address: SocketAddr) -> Self {
        let mut socket = connect(address);
        socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
        Self(socket)
    }

    /// The same with a window of this many bytes for each stream.
    fn connect_with_window(address: SocketAddr, window: u32) -> Self {
        let mut socket = connect(address);
        let settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04";
        socket.write_all(&[&settings[..], &window.to_be_bytes()].concat()).unwrap();
        Self(socket)
    }

    /// A larger window; stream 0 stands for the connection.
    fn widen(stream: u32, by: u32) -> Vec<u8> {
        [&[0, 0, 4, WINDOW_UPDATE, 0], &stream.to_be_bytes()[..], &by.to_be_bytes()].concat()
    }

    /// The body of the next stream that has one to its end.
    fn next_body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let (kind, flags, _, content) = self.next_with_flags().expect("the connection stays open");
            body.extend(if kind == DATA { content } else { Vec::new() });
            if kind == DATA && flags & 1 == 1 {
                return body;
            }
        }
    }

    /// How many bytes of its answer a stream got, and the code with which it was reset before the end.
    fn rest_of(&mut self, wanted: u32) -> (usize, Option<u32>) {
        let mut len = 0;
        loop {
            let (kind, flags, stream, content) = self.next_with_flags().expect("the connection stays open");
            if stream != wanted {
                continue;
            }
            len += if kind == DATA { content.len() } else { 0 };
            if kind == RST_STREAM {
                return (len, Some(code_at(&content, 0)));
            }
            if flags & 1 == 1 {
                return (len, None);
            }
        }
    }

    /// `GET /` on a stream: method, scheme and path from HPACK's static table, the authority as text.
    fn get(stream: u32) -> Vec<u8> {
        let block = b"\x82\x86\x84\x41\x09localhost";
        let len = u8::try_from(block.len()).unwrap();
        [&[0, 0, len, 1, 5], &stream.to_be_bytes()[..], block].concat()
    }

    /// `GET /oauth/info` in the same way; the path is text without Huffman's code.
    fn info(stream: u32) -> Vec<u8> {
        let block = b"\x82\x86\x04\x0b/oauth/info\x41\x09localhost";
        [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5], &stream.to_be_bytes()[..], block].concat()
    }

    /// `GET /_sim/state`, whose answer may be long.
    fn state(stream: u32) -> Vec<u8> {
        let block = b"\x82\x86\x04\x0b/_sim/state\x41\x09localhost";
        [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5], &stream.to_be_bytes()[..], block].concat()
    }

    /// `GET /` with these fields, each `1`, in as many frames as they need.
    fn get_with(stream: u32, fields: &[String]) -> Vec<u8> {
        let literal =
            |name: &String| [&[0, u8::try_from(name.len()).unwrap()], name.as_bytes(), b"\x011"].concat();
        let fields = fields.iter().flat_map(literal);
        let block: Vec<u8> = b"\x82\x86\x84\x41\x09localhost".iter().copied().chain(fields).collect();
        let pieces = block.chunks(16_000);
        let last = pieces.len() - 1;
        let frame = |(nth, piece): (usize, &[u8])| {
            let len = u32::try_from(piece.len()).unwrap().to_be_bytes();
            let kind = if nth == 0 { HEADERS } else { CONTINUATION };
            let flags = u8::from(nth == 0) | if nth == last { 4 } else { 0 };
            [&len[1..], &[kind, flags], &stream.to_be_bytes(), piece].concat()
        };
        pieces.enumerate().flat_map(frame).collect()
    }

    fn reset(stream: u32) -> Vec<u8> {
        [&[0, 0, 4, RST_STREAM, 0], &stream.to_be_bytes()[..], &CANCEL.to_be_bytes()].concat()
    }

    /// The next frame's type, stream and content; `None` when the connection has ended.
    fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        self.next_with_flags().map(|(kind, _, stream, content)| (kind, stream, content))
    }

    fn next_with_flags(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        if let Err(error) = self.0.read_exact(&mut head) {
            assert!(error.kind() != ErrorKind::WouldBlock, "nothing comes, and the connection stays open");
            return None;
        }
        let mut content = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.read_exact(&mut content).ok()?;
        Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), content))
    }

    /// The content of the next frame of a type.
    fn next_of(&mut self, wanted: u8) -> Option<(u32, Vec<u8>)> {
        loop {
            let (kind, stream, content) = self.next()?;
            if kind == wanted {
                return Some((stream, content));
            }
        }
    }
}

fn code_at(content: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(content[at..at + 4].try_into().unwrap())
}

#[test]
fn one_stream_too_many_is_refused_and_the_connection_stays_open() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: hang}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.limits.max_streams = 2;
    let served = Served::start(config);
    let mut frames = Frames::connect(served.address());
    frames.0.write_all(&[Frames::info(1), Frames::info(3), Frames::info(5)].concat()).unwrap();
    let (stream, content) = frames.next_of(RST_STREAM).unwrap();
    assert_eq!((stream, code_at(&content, 0)), (5, REFUSED_STREAM));
    // A place is free again, on the same connection.
    frames.0.write_all(&[Frames::reset(1), Frames::get(7)].concat()).unwrap();
    let (stream, _) = frames.next_of(HEADERS).unwrap();
    assert_eq!(stream, 7);
    assert_eq!(send(served.address(), "GET", "/nothing", &[], b"").status, 401);
}

#[test]
fn a_flood_of_resets_closes_the_connection() {
    let served = limited(|limits| limits.max_resets = 20);
    let mut frames = Frames::connect(served.address());
    let streams = (1..4_000).step_by(2);
    let flood: Vec<_> =
        streams.flat_map(|stream| [Frames::get(stream), Frames::reset(stream)].concat()).collect();
    // The server may have closed before it has read all of it.
    let _ = frames.0.write_all(&flood);
    let (_, content) = frames.next_of(GOAWAY).expect("it says goodbye");
    assert_eq!(code_at(&content, 4), ENHANCE_YOUR_CALM);
    assert_eq!(frames.next_of(GOAWAY), None);
    assert_others_are_served(served.address());
}

#[test]
fn a_client_that_resets_as_many_streams_as_allowed_is_still_served() {
    // In one go, and more than the HTTP/2 library would take if it were not told.
    let served = limited(|limits| limits.max_resets = 1_000);
    let mut frames = Frames::connect(served.address());
    let streams = (1..600).step_by(2);
    let resets: Vec<_> =
        streams.flat_map(|stream| [Frames::get(stream), Frames::reset(stream)].concat()).collect();
    frames.0.write_all(&[resets, Frames::get(601)].concat()).unwrap();
    while frames.next_of(HEADERS).expect("it is answered").0 != 601 {}
}

/// A scenario with this many rules, as JSON.
fn scenario_of(rules: usize) -> Value {
    let rule = serde_json::json!({ "fires": { "nth": 9 }, "fault": "pass" });
    serde_json::json!({ "name": "many", "rules": vec![rule; rules] })
}

/// A control call with a JSON body.
fn call(address: SocketAddr, method: &str, path: &str, body: &Value) -> (u16, String) {
    let reply = send(address, method, path, &[], body.to_string().as_bytes());
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn one_rule_too_many_is_refused_and_running_ones_continue() {
    let mut config = Config::default();
    config.options.max_rules = 3;
    let served = Served::start(config);
    let address = served.address();
    let refusal = "more than 3 rules would run; expected 3 or fewer together (--max-rules)";
    let refused = (400, serde_json::json!({ "error": refusal }).to_string());
    let at_the_rules = (400, serde_json::json!({ "error": format!("body:1:16: {refusal}") }).to_string());
    assert_eq!(call(address, "PUT", "/_sim/scenario", &scenario_of(4)), at_the_rules);
    let tenant = serde_json::json!({ "scenarios": [scenario_of(4)] });
    let placed = (400, serde_json::json!({ "error": format!("body:1:2: {refusal}") }).to_string());
    assert_eq!(call(address, "POST", "/_sim/tenants", &tenant), placed);
    // Far too many are counted before they are compared with each other.
    let (status, text) = call(address, "PUT", "/_sim/scenario", &scenario_of(10_001));
    assert!(status == 400 && text.contains("10001 rules; expected 10000 or fewer"), "{text}");
    assert_eq!(call(address, "PUT", "/_sim/scenario", &scenario_of(2)).0, 200);
    let down = serde_json::json!({ "fault": { "respond": { "status": 503 } } });
    assert_eq!(call(address, "POST", "/_sim/scenario/rules", &down).0, 201);
    assert_eq!(call(address, "POST", "/_sim/scenario/rules", &down), refused);
    assert_eq!(send(address, "GET", "/oauth/info", &[], b"").status, 503, "the rules that run are gone");
    assert_eq!(call(address, "DELETE", "/_sim/scenario", &Value::Null).0, 204);
    assert_eq!(call(address, "POST", "/_sim/scenario/rules", &down).0, 201);
}

#[test]
fn a_reply_of_too_many_header_fields_is_refused_when_it_is_read() {
    let served = Served::start(Config::default());
    let rule = |fields: usize| {
        let headers: serde_json::Map<_, _> =
            (0..fields).map(|nth| (format!("x-{nth}"), Value::from("1"))).collect();
        serde_json::json!({ "name": format!("r{fields}"), "fault": { "respond": { "status": 418, "headers": headers } } })
    };
    for fields in [101, 24_580] {
        let (status, text) = call(served.address(), "POST", "/_sim/scenario/rules", &rule(fields));
        let expected = format!("{fields} entries in headers; expected 100 or fewer");
        assert!(status == 400 && text.contains(&expected), "{status} {text}");
        let scenario = serde_json::json!({ "name": "t", "rules": [rule(fields)] });
        let (status, text) = call(served.address(), "PUT", "/_sim/scenario", &scenario);
        assert!(status == 400 && text.contains(&expected), "{status} {text}");
    }
    assert_eq!(call(served.address(), "POST", "/_sim/scenario/rules", &rule(100)).0, 201);
    let reply = send(served.address(), "GET", "/oauth/info", &[], b"");
    assert_eq!((reply.status, reply.header("x-99")), (418, Some("1")));
}

#[test]
fn one_tenant_too_many_is_refused_and_existing_ones_are_still_served() {
    let served = Served::start(Config { max_tenants: 3, ..Config::default() });
    let address = served.address();
    let status = |target: &str| send(address, "GET", target, &[], b"").status;
    assert_eq!(call(address, "POST", "/_sim/tenants", &serde_json::json!({ "name": "a" })).0, 201);
    assert_eq!(status("/tenants/b/oauth/info"), 200);
    let reply = send(address, "GET", "/tenants/c/oauth/info", &[], b"");
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let refusal = "3 tenants exist, which is the limit (--max-tenants); expected one to be deleted first";
    assert_eq!((reply.status, &body["messages"][0]["text"]), (503, &Value::from(refusal)));
    assert_eq!(body["trackingId"].as_str(), reply.header("slpt-request-id"));
    let refused = (503, serde_json::json!({ "error": refusal }).to_string());
    assert_eq!(call(address, "POST", "/_sim/tenants", &serde_json::json!({})), refused);
    assert_eq!(call(address, "PUT", "/_sim/tenants/c", &serde_json::json!({})), refused);
    let others = ["/oauth/info", "/tenants/a/oauth/info", "/tenants/b/oauth/info"];
    assert_eq!(others.map(status), [200, 200, 200]);
    assert_eq!(call(address, "DELETE", "/_sim/tenants/a", &Value::Null).0, 204);
    assert_eq!(status("/tenants/c/oauth/info"), 200);
}

#[test]
fn a_journal_keeps_no_more_bytes_than_it_may() {
    let mut config = Config::default();
    config.options.journal_bytes = 20_000;
    let served = Served::start(config);
    let long = format!("/oauth/info?x={}", "x".repeat(4_000));
    for _ in 0..20 {
        assert_eq!(send(served.address(), "GET", &long, &[], b"").status, 200);
    }
    let journal: Value =
        serde_json::from_slice(&send(served.address(), "GET", "/_sim/journal", &[], b"").body).unwrap();
    let exchanges = journal["exchanges"].as_array().unwrap();
    assert!((2..=4).contains(&exchanges.len()), "{} exchanges", exchanges.len());
    assert_eq!(
        (&exchanges.last().unwrap()["seq"], journal["dropped"].as_u64()),
        (&Value::from(20), Some(20 - exchanges.len() as u64))
    );
}

#[test]
fn one_waiting_answer_too_many_is_a_503_at_once() {
    let text = "name: t\nrules:\n  - {when: {query: {held: {present: true}}}, fault: {hold: 1h}}\n  - {when: {query: {hung: {present: true}}}, fault: hang}\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    config.limits.max_holds = 3;
    let served = Served::start(config);
    let address = served.address();
    let open = |target: &str| {
        let mut socket = connect(address);
        socket.write_all(format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
        socket
    };
    assert_eq!(call(address, "PUT", "/_sim/tenants/other", &serde_json::json!({})).0, 201);
    let mut follower = open("/tenants/other/_sim/journal/stream");
    follower.read_exact(&mut [0; 12]).unwrap();
    // Two wait beside the follower; later ones are answered.
    let mut waiting = Vec::new();
    loop {
        let mut socket = open("/oauth/info?hung");
        if !is_waiting(&mut socket) {
            break;
        }
        waiting.push(socket);
    }
    assert_eq!(waiting.len(), 2);
    let refusal = "3 answers are waiting, which is the limit (--max-holds)";
    for target in ["/oauth/info?held", "/oauth/info?hung"] {
        let reply = send(address, "GET", target, &[], b"");
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.status, &body["messages"][0]["text"]), (503, &Value::from(refusal)), "{target}");
    }
    let refused = (503, serde_json::json!({ "error": refusal }).to_string());
    assert_eq!(call(address, "GET", "/_sim/journal/stream", &Value::Null), refused);
    let (_, journal) = call(address, "GET", "/_sim/journal?after=3", &Value::Null);
    let journal: Value = serde_json::from_str(&journal).unwrap();
    let last = &journal["exchanges"][1];
    assert_eq!(
        (&last["status"], &last["fate"]),
        (&Value::from(503), &serde_json::json!({ "kind": "refused", "why": refusal }))
    );
    assert_others_are_served(address);
    drop((waiting, follower));
    // The places are free again as soon as the server has seen them leave.
    assert!((0..100).any(|_| is_waiting(&mut open("/oauth/info?hung"))), "the places stay taken");
}

/// A server of whose `oauthInfo` nothing comes, with this many places for answers that wait.
fn hanging(change: impl FnOnce(&mut Limits)) -> Served {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: hang}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    change(&mut config.limits);
    Served::start(config)
}

/// A connection that asks for what hangs in a tenant, and whether it waits: nothing was said within a moment.
fn hung(address: SocketAddr, tenant: &str) -> (TcpStream, bool) {
    let mut socket = connect(address);
    let head = format!("GET /tenants/{tenant}/oauth/info HTTP/1.1\r\nHost: {address}\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    let waits = is_waiting(&mut socket);
    (socket, waits)
}

fn is_waiting(socket: &mut TcpStream) -> bool {
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    socket.peek(&mut [0]).is_err()
}

#[test]
fn one_tenant_cannot_take_the_places_of_all_others() {
    let served = hanging(|limits| limits.max_holds = 6);
    let address = served.address();
    let refused = |tenant: &str| {
        let reply = send(address, "GET", &format!("/tenants/{tenant}/oauth/info"), &[], b"");
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        (reply.status, body["messages"][0]["text"].as_str().unwrap().to_owned())
    };
    let greedy = [(); 3].map(|()| hung(address, "greedy"));
    assert!(greedy.iter().all(|(_, waits)| *waits));
    let share =
        "3 answers of tenant `greedy` are waiting, which is the limit for one tenant (half of --max-holds)";
    assert_eq!(refused("greedy"), (503, share.to_owned()));
    let others = ["a", "b", "b"].map(|tenant| hung(address, tenant));
    assert!(others.iter().all(|(_, waits)| *waits));
    let all = "6 answers are waiting, which is the limit (--max-holds)";
    assert_eq!(refused("c"), (503, all.to_owned()));
}

#[test]
fn one_connection_cannot_take_the_places_of_all_others() {
    let served = hanging(|limits| (limits.max_streams, limits.max_holds) = (1_000, 1_000));
    let mut frames = Frames::connect(served.address());
    let streams: Vec<_> = (0..129).flat_map(|nth| Frames::info(2 * nth + 1)).collect();
    frames.0.write_all(&streams).unwrap();
    // One of them is answered, and only one.
    let body: Value = serde_json::from_slice(&frames.next_body()).unwrap();
    let refusal = "128 answers are waiting on this connection, which is the limit for one connection, whatever \
                   --max-holds is";
    assert_eq!(body["messages"][0]["text"], refusal);
    let (_other, waits) = hung(served.address(), "default");
    assert!(waits, "another connection has no place");
    assert!(is_waiting(&mut frames.0), "another stream was answered");
}
