//! `sync-group-sim health`: asks a server whether it is up.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{Failure, Outcome, print};

/// How long `health` waits.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks over plain HTTP, so that an image needs no other client.
pub(super) fn health(url: &str) -> Outcome {
    let failed = |why: String| Failure::Failed(format!("{url}: {why}"));
    let authority = url
        .strip_prefix("http://")
        .map(|rest| rest.split('/').next().unwrap_or_default())
        .ok_or_else(|| {
            Failure::Usage(format!(
                "`{url}` is not a base URL that `health` can ask; expected http://host:port"
            ))
        })?;
    let with_port = if authority.rsplit(']').next().unwrap_or_default().contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let address = with_port
        .to_socket_addrs()
        .map_err(|error| failed(error.to_string()))?
        .next()
        .ok_or_else(|| failed("the host has no address".to_owned()))?;
    let answer = ask(address, authority).map_err(|error| failed(format!("no answer: {error}")))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => print(body.trim_end()),
        _ => Err(failed(format!("answered {}", answer.lines().next().unwrap_or_default()))),
    }
}

fn ask(address: SocketAddr, authority: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    socket.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    write!(socket, "GET /_sim/health HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}
