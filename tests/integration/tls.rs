//! HTTP over TLS: certificates from files and generated ones, HTTP/1.1 and HTTP/2 by ALPN.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::harness::process::{Server, binary};

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
