//! One GET over HTTP/1.1, with TLS or without. What can go wrong on the way is told in words.

use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::pin::Pin;

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderName, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{Remote, Trouble, trust};
use crate::commands::system::NO_LOOPBACK;

/// After which event a follower goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What is asked of a server.
pub(super) struct GetRequest<'a> {
    /// Below the base URL; begins with a slash.
    pub(super) path: &'a str,
    pub(super) accept: &'static str,
    /// Where a follower was.
    pub(super) last_event: Option<&'a str>,
}

/// Sends a request, and reads the head of its answer.
pub(super) async fn send(remote: &Remote, asked: &GetRequest<'_>) -> Result<Response<Incoming>, Trouble> {
    let url = &remote.url;
    let socket = TcpStream::connect((&*url.host, url.port))
        .await
        .map_err(|error| no_answer(remote, &unconnected(&url.host, &error)))?;
    let Some(trust) = &remote.trust else { return exchange(remote, asked, TokioIo::new(socket)).await };
    let name = ServerName::try_from(url.host.clone()).map_err(|_| {
        Trouble::Usage(format!("{url}: not a name that a certificate can have; expected another"))
    })?;
    let stream = trust
        .connector()
        .connect(name, socket)
        .await
        .map_err(|error| no_answer(remote, &tls_failure(&error)))?;
    exchange(remote, asked, TokioIo::new(stream)).await
}

async fn exchange<S>(
    remote: &Remote,
    asked: &GetRequest<'_>,
    stream: S,
) -> Result<Response<Incoming>, Trouble>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| no_answer(remote, broken(&error, remote.url.is_https));
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    tokio::spawn(connection);
    sender.send_request(request(remote, asked)?).await.map_err(broken)
}

fn request(remote: &Remote, asked: &GetRequest<'_>) -> Result<Request<String>, Trouble> {
    let url = &remote.url;
    let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let mut request = Request::get(format!("{}{}", url.path, asked.path))
        .header(HOST, &url.authority)
        .header(USER_AGENT, agent)
        .header(ACCEPT, asked.accept);
    if let Some(token) = &remote.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    } else if let Some(basic) = &url.basic {
        request = request.header(AUTHORIZATION, format!("Basic {basic}"));
    }
    if let Some(event) = asked.last_event {
        request = request.header(LAST_EVENT_ID, event);
    }
    request.body(String::new()).map_err(|_| {
        let message =
            "the token for the control API cannot be sent; expected visible ASCII characters without spaces";
        Trouble::Usage(message.to_owned())
    })
}

/// The next piece of a body; `None` at its end.
pub(super) async fn next_piece(remote: &Remote, body: &mut Incoming) -> Result<Option<Bytes>, Trouble> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(piece) = frame.into_data() {
                    return Ok(Some(piece));
                }
            }
            Some(Err(_)) => {
                return Err(no_answer(remote, "the connection ended in the middle of the answer"));
            }
        }
    }
}

fn no_answer(remote: &Remote, why: &str) -> Trouble {
    Trouble::NoAnswer(format!("{}: no answer: {why}", remote.url))
}

/// Why nobody was reached, and what to do where that would be this machine itself.
fn unconnected(host: &str, error: &io::Error) -> String {
    let is_unreachable = matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let advice = if is_unreachable && is_here { format!("; {NO_LOOPBACK}") } else { String::new() };
    format!("{}{advice}", why(error))
}

/// Why no connection came about.
fn why(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            "nothing listens there; expected a server that runs (`sync-group-sim serve`)"
        }
        ErrorKind::TimedOut => "nothing there accepts the connection",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "the connection was closed",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no route to that address",
        ErrorKind::PermissionDenied => "the system does not allow the connection",
        ErrorKind::AddrNotAvailable => "the address cannot be reached from here",
        // Names are looked up by the system, whose failure has no kind of its own.
        _ => "the host was not found; expected a name or an address that exists",
    }
    .to_owned()
}

fn tls_failure(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => trust::in_words(error),
        None if error.kind() == ErrorKind::UnexpectedEof => {
            "it closed the connection in the TLS handshake; expected http:// if it has no TLS".to_owned()
        }
        None => why(error),
    }
}

fn broken(error: &hyper::Error, is_https: bool) -> &'static str {
    let is_cut_off =
        error.is_incomplete_message() || error.source().is_some_and(<dyn Error>::is::<io::Error>);
    match (is_https, error.is_parse() || is_cut_off) {
        (false, true) => "the answer is not HTTP; expected https:// if the server has TLS",
        (true, true) => "the answer is not HTTP",
        (_, false) => "the connection was closed",
    }
}
