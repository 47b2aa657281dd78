//! One connection, from its first byte to its last: TLS, HTTP in both versions, and what ends it. Its requests are in
//! `exchanges.rs`.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::iter;
use std::sync::Arc;
use std::task::Poll;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::body::Broken;
use super::budget::Budget;
use super::exchanges::{Ended, Exchanges};
use super::heads::Heads;
use super::interrupt::Interruption;
use super::opening::Decrypted;
use super::socket::Socket;
use super::stream::Streams;
use super::vitals::Vitals;
use super::watchdog::{Interrupted, interrupted};
use super::{Limits, Shared};

/// Serves a connection, over TLS where the server has it, until either side closes it or the server stops.
pub(super) async fn serve(stream: TcpStream, number: u64, shared: Arc<Shared>) {
    let vitals = Arc::new(Vitals::default());
    let local_address = stream.local_addr().ok();
    let socket = Socket::new(stream, Arc::clone(&vitals), shared.tls.is_some());
    let exchanges = Exchanges {
        connection: number,
        local_address,
        vitals: Arc::clone(&vitals),
        bodies: Arc::new(Budget::new(shared.limits.max_bodies_in_flight.div_ceil(2))),
        shared: Arc::clone(&shared),
    };
    let Some(tls) = &shared.tls else { return serve_http(socket, exchanges).await };
    let shaking_hands = tls.acceptor().accept(socket);
    match tokio::time::timeout(shared.limits.header_timeout, shaking_hands).await {
        Ok(Ok(secured)) => {
            let decrypted = Decrypted::new(secured, Arc::clone(&vitals));
            serve_http(decrypted, exchanges).await;
        }
        Ok(Err(error)) => {
            tracing::info!(connection = number, %error, "the TLS handshake failed; expected an https:// client that trusts this server's certificate");
        }
        Err(_) => tracing::info!(connection = number, "the client took too long for the TLS handshake"),
    }
}

/// The number of header fields that hyper allows by default.
const HEADERS_OF_HYPER: usize = 100;

/// HTTP in both versions, with those of our limits that hyper enforces.
fn http(limits: &Limits, connection: u64) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(Streams { connection, write_timeout: limits.write_timeout });
    builder
        .http1()
        // hyper's own header timeout would count idle time, too; see `watchdog`.
        .header_read_timeout(None)
        .max_buf_size(limits.max_header_bytes as usize)
        .auto_date_header(false)
        // A client that has sent everything may close its half and still be answered; see `Socket::look_ahead`.
        .half_close(true)
        .title_case_headers(true);
    // hyper keeps no more than its own default without an allocation for every request.
    if limits.max_headers != HEADERS_OF_HYPER {
        builder.http1().max_headers(limits.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.max_header_bytes)
        .max_concurrent_streams(limits.max_streams)
        .max_pending_accept_reset_streams(limits.max_resets)
        .max_local_error_reset_streams(limits.max_resets)
        .auto_date_header(false);
    builder
}

async fn serve_http<S>(socket: S, exchanges: Exchanges)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Exchanges { connection: number, vitals, shared, .. } = exchanges.clone();
    let builder = http(&shared.limits, number);
    let wait =
        |is_stopping| Interruption::new(interrupted(Arc::clone(&vitals), Arc::clone(&shared), is_stopping));
    let (mut is_stopping, mut interruption) = (false, wait(false));
    let heads = Heads::new(socket, exchanges.clone());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(heads), exchanges));
    let ended = loop {
        let next = poll_fn(|context| match connection.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => interruption.poll(context).map(Ok),
        });
        match next.await {
            Err(ended) => break ended,
            Ok(Interrupted::TooSlow(why)) => {
                tracing::info!(connection = number, "a connection was closed: {why}");
                return;
            }
            // Half a request does not count: the server does not wait for the other half.
            Ok(Interrupted::Stopping) if vitals.is_reading_head() => return,
            Ok(Interrupted::Stopping) => is_stopping = true,
            Ok(Interrupted::Goodbye) => {}
        }
        connection.as_mut().graceful_shutdown();
        interruption = wait(is_stopping);
    };
    if let Err(error) = ended {
        log_early_end(number, &error);
    }
}

/// Logs why a connection ended early, unless that was on purpose.
fn log_early_end(number: u64, error: &Ended) {
    let is_on_purpose =
        error.is::<Broken>() || error.source().is_some_and(<dyn Error + 'static>::is::<Broken>);
    if is_on_purpose {
        return;
    }
    // Heads that cannot be read were answered, and have a line of their own.
    let is_head = error.downcast_ref().is_some_and(hyper::Error::is_parse);
    if !is_head {
        tracing::info!(connection = number, "a connection ended early: {}", early_end(error));
    }
}

/// An error, what caused it, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (**error).source())
}

/// Why a connection ended early, in our own words.
fn early_end(error: &Ended) -> &'static str {
    if causes(&**error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)) {
        return "the client left in the middle of a request";
    }
    match causes(&**error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe) => {
            "the client reset it"
        }
        Some(ErrorKind::UnexpectedEof) => "the client left without closing TLS",
        Some(ErrorKind::InvalidData) => "what the client sent breaks the rules of TLS or HTTP",
        Some(_) => "the operating system ended it",
        None => "what the client sent breaks the rules of HTTP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_end_is_told_in_our_own_words() {
        for (kind, expected) in [
            (ErrorKind::ConnectionReset, "the client reset it"),
            (ErrorKind::BrokenPipe, "the client reset it"),
            (ErrorKind::UnexpectedEof, "the client left without closing TLS"),
            (ErrorKind::PermissionDenied, "the operating system ended it"),
        ] {
            let error: Ended = Box::new(io::Error::new(kind, "a library's words"));
            assert_eq!(early_end(&error), expected);
        }
        assert_eq!(early_end(&"other".into()), "what the client sent breaks the rules of HTTP");
    }
}
