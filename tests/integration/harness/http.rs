//! A plain HTTP/1.1 client: it sends bytes and returns the reply, or what came instead.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use sync_group_sim::simulator::Config;

use super::ask::token_call;

/// A reply as received over the socket.
#[derive(Debug)]
pub(crate) struct RawReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl RawReply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A connection whose reads give up after ten seconds.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Sends bytes and reads until the server closes the connection.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = connect(address);
    // Megabytes take their time in a build that is not optimised.
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    socket.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is the server's way of not reading the rest.
    let _ = socket.read_to_end(&mut answer);
    answer
}

/// Sends a request of its own connection and reads the reply.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> RawReply {
    let mut lines = vec![format!("{method} {target} HTTP/1.1"), "Connection: close".to_owned()];
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        lines.push(format!("Host: {address}"));
    }
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !body.is_empty() {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    let bytes = [lines.join("\r\n").as_bytes(), b"\r\n\r\n", body].concat();
    parse(&exchange(address, &bytes))
}

/// Reads a reply that ends with its connection or has a length.
pub(crate) fn parse(bytes: &[u8]) -> RawReply {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no reply: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    RawReply {
        status,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

/// A token of the administrator of the tenant `default`.
pub(crate) fn token(address: SocketAddr) -> String {
    let client = &Config::default().fixture.clients[0];
    let call = token_call("", &client.client_id, &client.client_secret);
    let body: serde_json::Value =
        serde_json::from_slice(&send(address, "POST", &call, &[], b"").body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}
