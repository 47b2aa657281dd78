//! A client that does a bit of everything: all five operations and tokens, in an order that its number fixes. It
//! fetches a new token when it is told to, forgets groups that are gone, and says of every answer whether it
//! can be right.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::http::{Connection, Seen, find};

/// Sources and policies of the fixture `large` that creators choose from.
const SOURCES: u32 = 2_000;
const POLICIES: u32 = 20;
/// Groups that a client remembers.
const REMEMBERED: usize = 20;
const GROUPS: &str = "/v2024/password-sync-groups";

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Get,
    List,
    Update,
    Delete,
    Token,
}

impl Kind {
    /// The statuses that the service may give when nothing goes wrong on purpose.
    fn statuses(self) -> &'static [u16] {
        match self {
            Self::Create => &[200, 400, 401, 403],
            Self::Get => &[200, 401, 404],
            Self::List => &[200, 401],
            Self::Update => &[200, 400, 401, 403, 404],
            Self::Delete => &[204, 401, 403, 404],
            Self::Token => &[200],
        }
    }
}

/// One request and its outcome.
#[derive(Debug)]
pub(crate) struct Step {
    /// What the request says of itself in `X-Request`: the client's number and the request's.
    pub(crate) label: String,
    pub(crate) seen: Seen,
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    connection: Connection,
    address: SocketAddr,
    /// The OAuth client's id and secret.
    credentials: (String, String),
    number: usize,
    asked: usize,
    token: Option<String>,
    groups: Vec<String>,
    random: Xoshiro256PlusPlus,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, number: usize, credentials: (String, String)) -> Self {
        Self {
            connection: Connection::to(address),
            address,
            credentials,
            number,
            asked: 0,
            token: None,
            groups: Vec::new(),
            random: Xoshiro256PlusPlus::seed_from_u64(number as u64),
        }
    }

    /// Makes one request. Fails when no connection can be made, or for an answer that cannot be right;
    /// `faults` are statuses that a scenario gives.
    pub(crate) async fn step(&mut self, faults: &[u16]) -> io::Result<Step> {
        self.asked += 1;
        let label = format!("{}-{}", self.number, self.asked);
        let (kind, group) = self.choose();
        let request = self.request(kind, &group, &label);
        let seen = self.connection.ask(&request).await?;
        if let Seen::Answer { status, body } = &seen {
            if !kind.statuses().contains(status) && !faults.contains(status) {
                return Err(wrong(kind, &label, &seen));
            }
            self.learn(kind, &group, *status, body).ok_or_else(|| wrong(kind, &label, &seen))?;
        }
        Ok(Step { label, seen })
    }

    /// What to ask next, and about which group.
    fn choose(&mut self) -> (Kind, String) {
        let wanted = match self.random.random_range(0..100) {
            _ if self.token.is_none() => Kind::Token,
            0..30 => Kind::Create,
            30..50 => Kind::Get,
            50..58 => Kind::List,
            58..75 => Kind::Update,
            75..97 => Kind::Delete,
            _ => Kind::Token,
        };
        let is_about_one = matches!(wanted, Kind::Get | Kind::Update | Kind::Delete);
        match self.groups.len() {
            0 if is_about_one => (Kind::List, String::new()),
            len if is_about_one => (wanted, self.groups[self.random.random_range(0..len)].clone()),
            _ => (wanted, String::new()),
        }
    }

    fn request(&mut self, kind: Kind, group: &str, label: &str) -> Vec<u8> {
        let (method, target, body) = match kind {
            Kind::Create => ("POST", GROUPS.to_owned(), self.group(label)),
            Kind::Get => ("GET", format!("{GROUPS}/{group}"), String::new()),
            Kind::List => {
                let offset = self.random.random_range(0..1_000);
                ("GET", format!("{GROUPS}?limit=20&offset={offset}"), String::new())
            }
            Kind::Update => ("PUT", format!("{GROUPS}/{group}"), self.group(label)),
            Kind::Delete => ("DELETE", format!("{GROUPS}/{group}"), String::new()),
            Kind::Token => {
                let (id, secret) = &self.credentials;
                let query = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
                ("POST", format!("/oauth/token?{query}"), String::new())
            }
        };
        let mut head =
            format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nX-Request: {label}\r\n", self.address);
        if let (Some(token), true) = (&self.token, kind != Kind::Token) {
            let _ = write!(head, "Authorization: Bearer {token}\r\n");
        }
        if !body.is_empty() {
            let _ = write!(head, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        format!("{head}\r\n{body}").into_bytes()
    }

    /// A group that may be made, unless another one has its sources. Its name is the request's label.
    fn group(&mut self, label: &str) -> String {
        let first = self.random.random_range(0..SOURCES - 1);
        let policy = self.random.random_range(0..POLICIES);
        format!(
            r#"{{"name":"{label}","passwordPolicyId":"2c9180870000000000000000{policy:08x}","sourceIds":["2c9180860000000000000000{first:08x}","2c9180860000000000000000{:08x}"]}}"#,
            first + 1
        )
    }

    /// Takes in what an answer says; `None` when it cannot be right.
    fn learn(&mut self, kind: Kind, group: &str, status: u16, body: &[u8]) -> Option<()> {
        match (kind, status) {
            (_, 401) => self.token = None,
            (Kind::Token, 200) => {
                let answer: Value = serde_json::from_slice(body).ok()?;
                self.token = Some(answer["access_token"].as_str()?.to_owned());
            }
            (Kind::Create, 200) => self.remember(id_in(body)?),
            (Kind::Get | Kind::Update, 200) => {
                find(body, group.as_bytes())?;
            }
            (Kind::List, 200) => {
                let groups: Vec<Value> = serde_json::from_slice(body).ok()?;
                for group in groups.iter().take(3) {
                    self.remember(group["id"].as_str()?.to_owned());
                }
            }
            (Kind::Delete, 204) if !body.is_empty() => return None,
            (Kind::Get | Kind::Update | Kind::Delete, 204 | 404) => {
                self.groups.retain(|known| known != group);
            }
            _ => {}
        }
        Some(())
    }

    fn remember(&mut self, group: String) {
        if self.groups.len() >= REMEMBERED {
            self.groups.remove(0);
        }
        self.groups.push(group);
    }
}

/// The first id in a group's JSON, which is its own.
pub(crate) fn id_in(body: &[u8]) -> Option<String> {
    let mark = br#""id":""#;
    let at = find(body, mark)? + mark.len();
    let end = at + body[at..].iter().position(|byte| *byte == b'"')?;
    String::from_utf8(body[at..end].to_vec()).ok()
}

fn wrong(kind: Kind, label: &str, seen: &Seen) -> io::Error {
    let shown = match seen {
        Seen::Answer { status, body } => {
            format!("{status} {}", String::from_utf8_lossy(&body[..body.len().min(400)]))
        }
        Seen::Broken { after } => format!("a break after {after} bytes"),
    };
    io::Error::other(format!("{kind:?} {label}: {shown}"))
}
