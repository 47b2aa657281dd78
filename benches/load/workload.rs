//! What is measured: a request each, and how our server is set up to answer it. Everything is on: tokens,
//! contract, journal, and a scenario whose rules look at every exchange and do not fire.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::generator::ask;

/// A workload.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    kind: Kind,
    /// The status of every answer.
    pub(crate) status: u16,
    pub(crate) connections: usize,
    /// A file of `benches/load`, beside the one that never fires.
    scenario: Option<&'static str>,
    /// How long the scenario holds every answer.
    pub(crate) hold_millis: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Get,
    List,
    Create,
    CreateInvalid,
    Token,
}

impl Workload {
    const fn new(name: &'static str, kind: Kind, status: u16) -> Self {
        Self { name, kind, status, connections: 32, scenario: None, hold_millis: 0 }
    }

    const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    const fn scenario(mut self, file: &'static str) -> Self {
        self.scenario = Some(file);
        self
    }

    const fn hold(mut self, millis: u64) -> Self {
        self.hold_millis = millis;
        self
    }
}

/// The workloads, in the order of the table.
pub(crate) const WORKLOADS: [Workload; 8] = [
    Workload::new("get one group", Kind::Get, 200),
    Workload::new("get one group, one at a time", Kind::Get, 200).connections(1),
    Workload::new("list 250 groups", Kind::List, 200),
    Workload::new("create, valid", Kind::Create, 200),
    Workload::new("create, invalid", Kind::CreateInvalid, 400),
    Workload::new("token", Kind::Token, 200),
    Workload::new("get, faulted: 429", Kind::Get, 429).scenario("rate-limited.yaml"),
    Workload::new("get, held 50 ms", Kind::Get, 200).connections(64).scenario("held.yaml").hold(50),
];

impl Workload {
    /// Our server, set up for the workload.
    pub(crate) fn ours(&self, binary: &Path) -> Command {
        let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load").join(name);
        let mut command = Command::new(binary);
        command.args(["--listen", "127.0.0.1:0", "--log", "off", "--seed", "1", "--fixture", "large"]);
        // Millions of groups are created, which is more than the default leaves room for.
        command.args(["--prerequisites", "ignore", "--state-total-bytes", "17179869184"]);
        command.arg("--scenario").arg(file("never.yaml"));
        if let Some(scenario) = self.scenario {
            command.arg("--scenario").arg(file(scenario));
        }
        command
    }

    /// The request, as bytes.
    pub(crate) fn request(&self, address: SocketAddr) -> Result<Vec<u8>, Box<dyn Error>> {
        let token_request = token_request(address);
        if matches!(self.kind, Kind::Token) {
            return Ok(token_request);
        }
        let token: Value = serde_json::from_slice(&ask(address, &token_request)?.body)?;
        let token = token["access_token"].as_str().ok_or("no token")?;
        let groups = "/v2024/password-sync-groups";
        let (method, target, body) = match self.kind {
            Kind::Get => {
                let list = ask(address, &request("GET", &format!("{groups}?limit=1"), address, token, ""))?;
                let list: Value = serde_json::from_slice(&list.body)?;
                ("GET", format!("{groups}/{}", list[0]["id"].as_str().ok_or("no group")?), "")
            }
            Kind::List => ("GET", format!("{groups}?limit=250"), ""),
            Kind::Create => ("POST", groups.to_owned(), VALID),
            Kind::CreateInvalid => ("POST", groups.to_owned(), INVALID),
            Kind::Token => unreachable!("it was returned above"),
        };
        Ok(request(method, &target, address, token, body))
    }
}

const VALID: &str = r#"{"name":"Password Sync Group 2","passwordPolicyId":"2c91808d744ba0ce01746f93b6204501","sourceIds":["2c918084660f45d6016617daa9210584","2c918084660f45d6016617daa9210500"]}"#;
const INVALID: &str = r#"{"name":"Password Sync Group 2","passwordPolicyId":17,"sourceIds":["2c918084660f45d6016617daa9210584",null]}"#;

// The administrator of the built-in fixtures. Asking the library would have it optimised into each benchmark.
const CLIENT_ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const CLIENT_SECRET: &str = "00aa11bb22cc33dd44ee55ff66007711889922aa33bb44cc55dd66ee77ff0088";

fn token_request(address: SocketAddr) -> Vec<u8> {
    let form = format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    format!(
        "POST /oauth/token HTTP/1.1\r\nHost: {address}\r\nUser-Agent: load\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
    .into_bytes()
}

fn request(method: &str, target: &str, address: SocketAddr, token: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: load\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n"
    );
    let body = if body.is_empty() {
        "\r\n".to_owned()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    (head + &body).into_bytes()
}
