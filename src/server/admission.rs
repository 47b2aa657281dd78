//! Which connections are served. One beyond the limit waits a moment for a place, and is then told that
//! there is none and closed. That cost is bounded, too: beyond a few hundred at once they are closed unanswered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections are refused at the same time.
const AT_ONCE: usize = 256;
/// How long a connection waits for a place. A client that closes one and opens another is not refused because
/// we have not yet seen the first one's end.
const FOR_A_PLACE: Duration = Duration::from_millis(50);
/// How long a client may take to send a request, and then to read the refusal.
const FOR_THE_CLIENT: Duration = Duration::from_secs(1);

/// The places that connections take, and the refusal when there is none.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Places for connections that wait, or are being told that they are refused.
    refusals: Arc<Semaphore>,
    message: String,
    /// Over TLS nothing can be sent before the handshake.
    is_silent: bool,
}

/// What happens to a new connection.
pub(super) enum Admission {
    /// It has a place.
    Admitted(OwnedSemaphorePermit),
    /// It waits for a place, and is told when there is none.
    Queued(OwnedSemaphorePermit),
    /// It is closed.
    Refused,
}

impl Places {
    pub(super) fn new(max_connections: usize, is_silent: bool) -> Self {
        Self {
            free: Arc::new(Semaphore::new(max_connections)),
            refusals: Arc::new(Semaphore::new(AT_ONCE)),
            message: format!(
                "{max_connections} connections are open, which is the limit (--max-connections)"
            ),
            is_silent,
        }
    }

    /// What happens to the next connection.
    pub(super) fn admit(&self) -> Admission {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Admission::Admitted(place);
        }
        Arc::clone(&self.refusals).try_acquire_owned().map_or(Admission::Refused, Admission::Queued)
    }

    /// A place, if one becomes free soon.
    pub(super) async fn soon(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(FOR_A_PLACE, Arc::clone(&self.free).acquire_owned()).await.ok()?.ok()
    }

    /// Tells a client, in its HTTP version, that there is no place.
    pub(super) async fn refuse(&self, mut socket: TcpStream) {
        tracing::warn!("a connection was refused: {}", self.message);
        if self.is_silent {
            return;
        }
        // The answer follows the client's first bytes: anything sent before them confuses some clients.
        let mut first = [0; 3];
        let _ = tokio::time::timeout(FOR_THE_CLIENT, socket.read_exact(&mut first)).await;
        let refusal = if first == *b"PRI" { self.over_http2() } else { self.over_http1() };
        let told = async {
            socket.write_all(&refusal).await?;
            socket.shutdown().await?;
            // Closing a socket with unread bytes resets it, and the refusal would be lost.
            let mut rest = [0; 4_096];
            while socket.read(&mut rest).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = tokio::time::timeout(FOR_THE_CLIENT, told).await;
    }

    fn over_http1(&self) -> Vec<u8> {
        let body = json!({ "error": self.message }).to_string();
        let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close";
        format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// An empty SETTINGS frame, and GOAWAY: nothing was done, ENHANCE_YOUR_CALM, and why.
    fn over_http2(&self) -> Vec<u8> {
        let reason = self.message.as_bytes();
        let len = u8::try_from(8 + reason.len()).expect("the message is short");
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        [&settings[..], &[0, 0, len, 7, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 0, 0, 0, 11], reason].concat()
    }
}
