//! Faults as a client's kernel and its HTTP/2 library see them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sync_group_sim::journal::Filter;
use sync_group_sim::simulator::Config;

use crate::harness::client::{scenario, together};
use crate::harness::http::{connect, parse};
use crate::harness::served::Served;

/// A request that needs no token, and so is the fault's alone.
const REQUEST: &[u8] = b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn serve(fault: &str) -> Served {
    let text = format!("name: t\nrules: [{{when: {{operation: oauthInfo}}, fault: {fault}}}]\n");
    Served::start(Config { scenarios: together([scenario(&text)]), ..Config::default() })
}

/// Sends the request and reads until the connection ends; the bytes, and the error that ended it.
fn bytes_and_end(served: &Served) -> (Vec<u8>, Option<ErrorKind>) {
    let mut socket = connect(served.address());
    socket.write_all(REQUEST).unwrap();
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, end)
}

#[test]
fn reset_is_a_reset_of_the_connection() {
    let (bytes, end) = bytes_and_end(&serve("reset"));
    assert_eq!((bytes.len(), end), (0, Some(ErrorKind::ConnectionReset)));
}

#[test]
fn close_is_an_orderly_end_without_an_answer() {
    let (bytes, end) = bytes_and_end(&serve("close"));
    assert_eq!((bytes.len(), end), (0, None));
}

#[test]
fn cut_promises_more_than_it_sends() {
    for after in [0, 1, 20] {
        let (bytes, end) = bytes_and_end(&serve(&format!("{{cut: {{after: {after}}}}}")));
        let reply = parse(&bytes);
        let promised: usize = reply.header("content-length").unwrap().parse().unwrap();
        assert_eq!((reply.status, reply.body.len(), end), (200, after, None));
        assert!(promised > 200, "{promised}");
    }
    let (bytes, _) = bytes_and_end(&serve("{cut: {after: 1000000}}"));
    let reply = parse(&bytes);
    assert_eq!(reply.body.len() + 1, reply.header("content-length").unwrap().parse::<usize>().unwrap());
}

#[test]
fn trickle_sends_all_of_it_in_small_pieces() {
    let served = serve("{trickle: {chunk: 100, pause: 1ms}}");
    let mut socket = connect(served.address());
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    let reply = parse(&bytes);
    assert_eq!(reply.body.len(), reply.header("content-length").unwrap().parse::<usize>().unwrap());
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok());
}

#[test]
fn hang_sends_nothing_until_the_client_gives_up_and_then_others_are_served() {
    let served = serve("hang");
    let mut socket = TcpStream::connect(served.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    socket.write_all(REQUEST).unwrap();
    let error = socket.read(&mut [0]).unwrap_err();
    assert!([ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()), "{error}");
    drop(socket);
    let mut other = connect(served.address());
    other.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    other.read_to_end(&mut bytes).unwrap();
    assert_eq!(parse(&bytes).status, 401);
}

#[test]
fn a_hang_with_an_end_closes_the_connection() {
    assert_eq!(bytes_and_end(&serve("{hang: {for: 20ms}}")), (Vec::new(), None));
}

#[test]
fn a_truncated_body_has_a_matching_length() {
    let mut socket = connect(serve_and_keep("{corrupt: truncatedJson}"));
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    let reply = parse(&bytes);
    assert_eq!(reply.body.len(), reply.header("content-length").unwrap().parse::<usize>().unwrap());
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
    assert_eq!(reply.header("sim-fault"), Some("t/rule-1"));
}

/// The address of a server that lives as long as the test process.
fn serve_and_keep(fault: &str) -> std::net::SocketAddr {
    let served = serve(fault);
    let address = served.address();
    std::mem::forget(served);
    address
}

#[test]
fn a_held_answer_waits_for_the_tenants_clock() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: {hold: 1h}}]\n";
    let mut config = Config { scenarios: together([scenario(text)]), ..Config::default() };
    let began = sync_group_sim::clock::Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
    config.options.clock = sync_group_sim::clock::Clock::manual(began);
    let served = Served::start(config);
    let mut socket = connect(served.address());
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let tenant = served.running().simulator().default_tenant();
    // The answer is decided, and so the hold has begun, once the exchange is in the journal.
    while tenant.exchanges(&Filter::default()).is_empty() {
        std::thread::yield_now();
    }
    let at = |minutes| began.plus(Duration::from_mins(minutes));
    tenant.set_time(at(59));
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(socket.read(&mut [0]).is_err(), "the answer came too early");
    tenant.set_time(at(60));
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    assert_eq!(parse(&bytes).status, 200);
}

/// How an HTTP/2 exchange ended: status and body so far, and the error with its reason.
struct Http2End {
    status: Option<u16>,
    body_len: usize,
    stream_error: Option<h2::Error>,
    said_goodbye: bool,
}

async fn http2(address: std::net::SocketAddr) -> Http2End {
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (sender, connection) = h2::client::handshake(socket).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = hyper::Request::get(format!("http://{address}/oauth/info")).body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let mut end = Http2End { status: None, body_len: 0, stream_error: None, said_goodbye: false };
    match response.await {
        Err(error) => end.stream_error = Some(error),
        Ok(response) => {
            end.status = Some(response.status().as_u16());
            let mut body = response.into_body();
            while let Some(piece) = body.data().await {
                match piece {
                    Ok(piece) => end.body_len += piece.len(),
                    Err(error) => {
                        end.stream_error = Some(error);
                        break;
                    }
                }
            }
        }
    }
    // A server that said goodbye closes the connection by itself; another waits for us.
    let sender_alive = tokio::time::timeout(Duration::from_millis(200), connection).await;
    end.said_goodbye = sender_alive.is_ok();
    end
}

fn http2_end(fault: &str) -> Http2End {
    let served = serve(fault);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(http2(served.address()))
}

#[test]
fn reset_over_http_2_resets_the_stream_and_keeps_the_connection() {
    let end = http2_end("reset");
    let error = end.stream_error.unwrap();
    assert!(error.is_reset() && error.is_remote(), "{error}");
    assert_eq!((end.status, end.said_goodbye), (None, false));
}

#[test]
fn close_over_http_2_sends_goaway() {
    let end = http2_end("close");
    assert!(end.stream_error.is_some());
    assert_eq!((end.status, end.said_goodbye), (None, true));
}

#[test]
fn cut_over_http_2_resets_the_stream_in_the_middle() {
    let end = http2_end("{cut: {after: 20}}");
    let error = end.stream_error.unwrap();
    assert!(error.is_reset(), "{error}");
    assert_eq!((end.status, end.body_len), (Some(200), 20));
}

#[test]
fn a_response_over_http_2_is_a_response() {
    let end = http2_end("{respond: {status: 503}}");
    assert_eq!((end.status, end.stream_error.is_none()), (Some(503), true));
}

/// The same request 50 times over one connection of HTTP/2; the last status.
fn fifty_over_http_2(served: &Served) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpStream::connect(served.address()).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let mut status = 0;
        for _ in 0..50 {
            sender = sender.ready().await.unwrap();
            let request =
                hyper::Request::get(format!("http://{}/oauth/info", served.address())).body(()).unwrap();
            let (response, _) = sender.send_request(request, true).unwrap();
            let response = response.await.unwrap();
            status = response.status().as_u16();
            let mut body = response.into_body();
            while let Some(piece) = body.data().await {
                let len = piece.unwrap().len();
                body.flow_control().release_capacity(len).unwrap();
            }
        }
        status
    })
}

#[test]
fn many_requests_share_one_http_2_connection() {
    assert_eq!(fifty_over_http_2(&Served::start(Config::default())), 200);
}

#[test]
fn requests_that_share_an_http_2_connection_are_not_taken_for_attempts_of_one_caller() {
    let served = serve("{respond: {status: 503}}");
    assert_eq!(fifty_over_http_2(&served), 503);
    let tenant = served.running().default_tenant();
    let report = tenant.verdicts();
    assert!(report.findings.is_empty(), "{report:?}");
    let entry = &tenant.har(&Filter::default())["log"]["entries"][0];
    let versions = [&entry["request"]["httpVersion"], &entry["response"]["httpVersion"]];
    assert_eq!(versions, ["HTTP/2", "HTTP/2"]);
}
