//! What `serve` prints at start: the address in the first line, for scripts; then what a person needs.

use std::net::SocketAddr;
use std::path::Path;

use sync_group_sim::{Client, ControlPolicy};

use super::quoted;
use crate::cli::ServeArgs;

/// What is printed at start: the address first, for scripts; then what a person needs.
pub(super) struct Banner<'a> {
    pub(super) address: SocketAddr,
    pub(super) args: &'a ServeArgs,
    pub(super) seed: u64,
    pub(super) clients: Vec<Client>,
    pub(super) control: &'a ControlPolicy,
    /// Where the generated CA certificate was written.
    pub(super) authority: Option<&'a Path>,
}

impl Banner<'_> {
    pub(super) fn text(&self) -> String {
        let is_https = self.args.tls_self_signed || self.args.tls_cert.is_some();
        let scheme = if is_https { "https" } else { "http" };
        let base_url = format!("{scheme}://{}", reachable(self.address));
        let mut lines = vec![format!("listening on {scheme}://{}", self.address), String::new()];
        for client in &self.clients {
            lines.push(format!(
                "  {:<10} id {}  secret {}",
                client.name, client.client_id, client.client_secret
            ));
        }
        let repeats = if self.args.seed.is_some() {
            "ids, faults, secrets and tokens follow from it".to_owned()
        } else {
            format!("--seed {} repeats ids and faults", self.seed)
        };
        lines.push(format!("  seed       {} ({repeats})", self.seed));
        lines.extend(self.args.scenario.iter().map(|scenario| format!("  scenario   {scenario}")));
        lines.extend(
            self.authority.map(|path| format!("  trust      {} (the CA's certificate)", path.display())),
        );
        lines.push(format!("  control    {}", self.control_line(&base_url)));
        lines.extend(self.clients.first().map(|admin| self.try_it(admin, &base_url)));
        lines.join("\n")
    }

    fn control_line(&self, base_url: &str) -> String {
        match self.control {
            ControlPolicy::Off => "off".to_owned(),
            ControlPolicy::Local => format!("{base_url}/_sim (this machine only)"),
            ControlPolicy::Token(token) if self.args.control_token.is_none() => {
                format!("{base_url}/_sim with Authorization: Bearer {token}")
            }
            ControlPolicy::Token(_) => format!("{base_url}/_sim with your token"),
        }
    }

    /// A command that works when it is pasted.
    fn try_it(&self, admin: &Client, base_url: &str) -> String {
        let curl = match self.authority {
            Some(path) => format!("curl --cacert {} -s", quoted(&path.display().to_string())),
            None => "curl -s".to_owned(),
        };
        format!(
            "\nTry it:\n  TOKEN=$({curl} '{base_url}/oauth/token' -d grant_type=client_credentials -d client_id={} \
             -d client_secret={} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'); \
             {curl} '{base_url}/v2024/password-sync-groups' -H \"Authorization: Bearer $TOKEN\"",
            quoted(&admin.client_id),
            quoted(&admin.client_secret)
        )
    }
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}
