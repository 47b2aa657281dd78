//! HTTP over TLS: certificates from files and made-up ones, HTTP/1.1 and HTTP/2 by ALPN.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

fn curl(arguments: &[&str]) -> (String, bool) {
    let output = Command::new("curl").args(["-sS", "-m", "20"]).args(arguments).output().unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.success())
}

/// A server with these options, stopped with the test, and what it printed.
struct Server {
    child: std::process::Child,
    banner: String,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-group-sim"));
        command.args(["--listen", "127.0.0.1:0", "--log", "off"]).args(options);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(|line| line.unwrap());
        let mut banner = String::new();
        for line in lines {
            banner += &line;
            banner.push('\n');
            if line.contains("TOKEN=") {
                break;
            }
        }
        Self { child, banner }
    }

    fn port(&self) -> &str {
        self.banner.lines().next().unwrap().strip_prefix("listening on https://127.0.0.1:").unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_made_up_certificate_is_trusted_by_whoever_trusts_its_authority() {
    let server = Server::start(&["--tls-self-signed"]);
    let authority =
        server.banner.lines().find(|line| line.contains("trust")).unwrap().split_whitespace().nth(1).unwrap();
    for (version, status) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let url = format!("https://localhost:{}/oauth/info", server.port());
        let (text, ok) = curl(&["--cacert", authority, version, "-i", &url]);
        assert!(ok && text.starts_with(status), "{text}");
        assert!(
            text.contains(&format!("\"tokenEndpoint\":\"https://localhost:{}/oauth/token\"", server.port())),
            "{text}"
        );
    }
    let (text, ok) = curl(&[&format!("https://localhost:{}/oauth/info", server.port())]);
    assert!(!ok, "a client that does not trust us was content: {text}");
    let pasted = server.banner.split("Try it:\n").nth(1).unwrap();
    let output = Command::new("sh").args(["-c", pasted]).output().unwrap();
    let groups: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(groups[0]["name"], "Password Sync Group 1");
}

#[test]
fn a_certificate_of_ones_own_is_used() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tls");
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let server = Server::start(&["--tls-cert", certificate, "--tls-key", key]);
    let (text, ok) =
        curl(&["--cacert", certificate, &format!("https://localhost:{}/oauth/info", server.port())]);
    assert!(ok && text.contains("\"tenantName\":\"default\""), "{text}");

    for (options, expected) in [
        (["--tls-cert", key, "--tls-key", key], "no certificate in it; expected a certificate chain in PEM"),
        (["--tls-cert", certificate, "--tls-key", certificate], "expected a private key in PEM"),
        (["--tls-cert", "nowhere.pem", "--tls-key", key], "nowhere.pem: "),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_sync-group-sim")).args(options).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && stderr.contains(expected), "{options:?}: {stderr}");
    }
}
