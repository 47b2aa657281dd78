//! What `serve` prints at start: the address in the first line, for scripts; then what a person needs, in 80 columns.

use std::net::SocketAddr;
use std::path::Path;

use sync_group_sim::drill::shell_word;
use sync_group_sim::scenario::Rulesets;
use sync_group_sim::{Client, ControlPolicy};

use super::wrap::wrapped;
use crate::cli::ServeArgs;

/// Where values stand, in columns from the left.
const VALUES: usize = 13;

/// What is printed at start.
pub(super) struct Banner<'a> {
    pub(super) address: SocketAddr,
    pub(super) args: &'a ServeArgs,
    pub(super) seed: u64,
    pub(super) scenarios: &'a Rulesets,
    pub(super) clients: Vec<Client>,
    pub(super) control: &'a ControlPolicy,
    /// Where the generated CA certificate was written.
    pub(super) authority: Option<&'a Path>,
}

impl Banner<'_> {
    /// The server's own base URL, as clients on this machine call it.
    pub(super) fn base_url(&self) -> String {
        format!("{}://{}", self.scheme(), reachable(self.address))
    }

    pub(super) fn text(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let mut lines = vec![
            format!("listening on {}://{}", self.scheme(), self.address),
            String::new(),
            format!("sync-group-sim {version}, a stand-in for SailPoint's Password Sync Groups API"),
            line("fixture", &self.args.tenant.fixture),
            self.seed_line(),
        ];
        for (name, ruleset) in self.args.scenario.iter().zip(self.scenarios.iter()) {
            lines.push(line("scenario", name));
            lines.extend(ruleset.lesson().map(|lesson| wrapped(lesson, VALUES)));
        }
        lines.extend(self.authority.map(|path| line("trust", &path.display().to_string())));
        lines.extend(self.control_lines());
        let width = self.clients.iter().map(|client| client.name.chars().count()).max().unwrap_or_default();
        lines.extend(self.clients.iter().flat_map(|client| client_lines(client, width.clamp(10, 24))));
        lines.extend(self.clients.first().map(|admin| self.try_it(admin)));
        lines.join("\n")
    }

    fn scheme(&self) -> &'static str {
        let is_https = self.args.tls_self_signed || self.args.tls_cert.is_some();
        if is_https { "https" } else { "http" }
    }

    fn seed_line(&self) -> String {
        let repeats = if self.args.tenant.seed.is_some() {
            "ids, faults, secrets, tokens follow from it".to_owned()
        } else {
            format!("--seed {} repeats ids and faults", self.seed)
        };
        line("seed", &format!("{} ({repeats})", self.seed))
    }

    fn control_lines(&self) -> Vec<String> {
        let base_url = self.base_url();
        match self.control {
            ControlPolicy::Off => vec![line("control", "off")],
            ControlPolicy::Local => vec![line("control", &format!("{base_url}/_sim (this machine only)"))],
            ControlPolicy::Token(token) if self.args.control_token.is_none() => vec![
                line("control", &format!("{base_url}/_sim with")),
                line("", &format!("Authorization: Bearer {token}")),
            ],
            ControlPolicy::Token(_) => vec![line("control", &format!("{base_url}/_sim with your token"))],
        }
    }

    /// Commands that work when they are pasted.
    fn try_it(&self, admin: &Client) -> String {
        let base_url = self.base_url();
        let curl = match self.authority {
            Some(path) => format!("curl --cacert {} -s", shell_word(&path.display().to_string())),
            None => "curl -s".to_owned(),
        };
        let (id, secret) = (shell_word(&admin.client_id), shell_word(&admin.client_secret));
        format!(
            "\nTry it:\n  \
             SECRET={secret}\n  \
             TOKEN=$({curl} '{base_url}/oauth/token' \\\n    \
             -d grant_type=client_credentials -d client_secret=\"$SECRET\" \\\n    \
             -d client_id={id} |\n    \
             sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n  \
             {curl} '{base_url}/v2024/password-sync-groups' \\\n    \
             -H \"Authorization: Bearer $TOKEN\""
        )
    }
}

/// What something is, and its value.
fn line(what: &str, value: &str) -> String {
    format!("  {what:<10} {value}")
}

/// A client with its credentials; both on one line would be too long for one.
fn client_lines(client: &Client, width: usize) -> [String; 2] {
    let Client { name, client_id, client_secret, .. } = client;
    [format!("  {name:<width$} id {client_id}"), format!("      secret {client_secret}")]
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}
