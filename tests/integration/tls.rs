//! HTTP over TLS: certificates from files and generated ones, HTTP/1.1 and HTTP/2 by ALPN.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::{Config, JournalFilter, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::client::{scenario, together};
use crate::harness::process::{Server, binary};
use crate::harness::served::Served;

fn curl(arguments: &[&str]) -> (String, bool) {
    let output = Command::new("curl").args(["-sS", "-m", "20"]).args(arguments).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.success())
}

/// A server with these options.
fn serve(options: &[&str]) -> Server {
    Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]).args(options))
}

fn port(server: &Server) -> &str {
    server.banner[0].strip_prefix("listening on https://127.0.0.1:").unwrap()
}

#[test]
fn a_generated_certificate_is_trusted_by_clients_that_trust_its_ca() {
    let server = serve(&["--tls-self-signed"]);
    let authority =
        server.banner.iter().find(|line| line.contains("trust")).unwrap().split_whitespace().nth(1).unwrap();
    for (version, status) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let url = format!("https://localhost:{}/oauth/info", port(&server));
        let (text, ok) = curl(&["--cacert", authority, version, "-i", &url]);
        assert!(ok && text.starts_with(status), "{text}");
        assert!(
            text.contains(&format!("\"tokenEndpoint\":\"https://localhost:{}/oauth/token\"", port(&server))),
            "{text}"
        );
    }
    let (text, ok) = curl(&[&format!("https://localhost:{}/oauth/info", port(&server))]);
    assert!(!ok, "a client that does not trust us was content: {text}");
    let banner = server.banner.join("\n");
    let pasted = banner.split("Try it:\n").nth(1).unwrap();
    let output = Command::new("sh").args(["-c", pasted]).output().unwrap();
    let groups: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(groups[0]["name"], "Password Sync Group 1");
}

#[test]
fn a_given_certificate_is_used() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tls");
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let server = serve(&["--tls-cert", certificate, "--tls-key", key]);
    let (text, ok) =
        curl(&["--cacert", certificate, &format!("https://localhost:{}/oauth/info", port(&server))]);
    assert!(ok && text.contains("\"tenantName\":\"default\""), "{text}");

    for (options, expected) in [
        (["--tls-cert", key, "--tls-key", key], "no certificate found; expected a certificate chain in PEM"),
        (["--tls-cert", certificate, "--tls-key", certificate], "expected a private key in PEM"),
        (["--tls-cert", "nowhere.pem", "--tls-key", key], "nowhere.pem: "),
    ] {
        let output = binary().args(options).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && stderr.contains(expected), "{options:?}: {stderr}");
    }
}

/// A server with a generated certificate, and a client that trusts it.
fn secured(change: impl FnOnce(&mut Config)) -> (Served, TlsConnector) {
    let (tls, authority) = Tls::self_signed(&[]).unwrap();
    let mut config = Config { tls: Some(tls), ..Config::default() };
    change(&mut config);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Served::start(config), TlsConnector::from(Arc::new(client)))
}

async fn shake_hands(served: &Served, client: &TlsConnector) -> TlsStream<TcpStream> {
    let socket = TcpStream::connect(served.address()).await.unwrap();
    client.connect(ServerName::try_from("localhost").unwrap(), socket).await.unwrap()
}

/// Sends bytes and reads until the connection ends, however it does.
async fn exchange(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_connection_that_waits_before_its_first_request_is_idle_and_not_slow() {
    let slow = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    let whole = b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let (served, client) = secured(|config| config.limits.header_timeout = Duration::from_millis(200));
    runtime().block_on(async {
        let mut waiting = shake_hands(&served, &client).await;
        // When two others were cut off, one after the other, this one has waited for longer than either.
        for _ in 0..2 {
            assert_eq!(exchange(&mut shake_hands(&served, &client).await, slow).await, "");
        }
        assert!(exchange(&mut waiting, whole).await.starts_with("HTTP/1.1 200"));
    });
    let (served, client) = secured(|config| {
        let limits = &mut config.limits;
        (limits.header_timeout, limits.idle_timeout) = (Duration::from_hours(1), Duration::from_millis(200));
    });
    runtime().block_on(async {
        assert_eq!(exchange(&mut shake_hands(&served, &client).await, b"").await, "");
    });
}

#[test]
fn bare_quotes_in_a_request_line_are_taken_over_tls_too() {
    let (served, client) = secured(|_| ());
    let head =
        "GET /oauth/info?filters=alias+eq+\"x\"&a=<b> HTTP/1.1\r\nHost: localhost\r\nX-Tag: \"<a>\"\r\n";
    let closing = format!("{head}Connection: close\r\n\r\n");
    runtime().block_on(async {
        // In one piece, a byte a record, and cut within the target.
        for size in [closing.len(), 1, 30] {
            let mut stream = shake_hands(&served, &client).await;
            for piece in closing.as_bytes().chunks(size) {
                stream.write_all(piece).await.unwrap();
                stream.flush().await.unwrap();
            }
            assert!(exchange(&mut stream, b"").await.starts_with("HTTP/1.1 200"), "{size}");
        }
    });
    let journal = served.running().simulator().default_tenant().journal(&JournalFilter::default());
    assert_eq!(journal.exchanges.len(), 3);
    for kept in &journal.exchanges {
        assert_eq!(kept["query"], "filters=alias+eq+%22x%22&a=%3Cb%3E", "{kept}");
        assert_eq!(kept["request"]["headers"]["x-tag"], "\"<a>\"", "{kept}");
    }
}

#[test]
fn a_client_that_closes_its_half_while_it_is_held_is_seen_to_do_so_and_is_answered() {
    let text = "name: t\nrules: [{when: {operation: oauthInfo}, fault: {hold: 1h}}]\n";
    let (served, client) = secured(|config| {
        config.scenarios = together([scenario(text)]);
        config.options.clock = Clock::manual(Timestamp::from_millis(0));
    });
    let tenant = served.running().simulator().default_tenant();
    runtime().block_on(async {
        let mut stream = shake_hands(&served, &client).await;
        stream.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        let has_left = |exchange: &Value| !exchange["leftAt"].is_null();
        while !tenant.journal(&JournalFilter::default()).exchanges.first().is_some_and(has_left) {
            std::thread::yield_now();
        }
        tenant.advance(Duration::from_hours(1));
        assert!(exchange(&mut stream, b"").await.starts_with("HTTP/1.1 200"));
    });
}
