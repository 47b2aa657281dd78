//! A client that creates groups until the server is gone, and remembers what it was told.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::http::{Connection, Seen};

/// What clients that only create were told until their connections ended.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Names of groups whose creation was answered.
    pub(crate) created: HashSet<String>,
    /// How many bytes had come of an answer when a connection ended.
    pub(crate) halves: Vec<usize>,
}

/// Creates groups one after the other until the server is gone.
pub(crate) async fn create(
    address: SocketAddr,
    number: usize,
    token: String,
    answered: Arc<AtomicUsize>,
) -> io::Result<Told> {
    let (mut connection, mut told) = (Connection::to(address), Told::default());
    for nth in 0.. {
        let name = format!("{number}-{nth}");
        let body = format!("{{\"name\":\"{name}\"}}");
        let request = format!(
            "POST /v3/password-sync-groups HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        match connection.ask(request.as_bytes()).await {
            // The server has stopped listening.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => break,
            Err(error) => return Err(error),
            Ok(Seen::Broken { after }) => told.halves.push(after),
            Ok(Seen::Answer { status: 200, .. }) => {
                told.created.insert(name);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Seen::Answer { status, .. }) => return Err(io::Error::other(format!("{status} for {name}"))),
        }
    }
    Ok(told)
}
