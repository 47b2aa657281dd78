//! Hosts: how they are compared (without user and port, in lower case), which are ours, which name a tenant, and what
//! clients call this server.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::World;
use crate::wire::Request;

/// This machine, whose first label may name a tenant, too.
const LOOPBACK: &str = "localhost";
/// The vendor's hosts, whose first label names a tenant, beside those of `--tenant-domain`.
const VENDORS: &str = "api.identitynow.com";

/// A host in the form in which hosts are compared; nearly all are written that way.
pub(super) fn lower_case(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    }
}

/// The host of an authority, without user and port.
pub(crate) fn host_of(authority: &str) -> &str {
    // Authorities are short: looking at each byte costs less than setting up a search.
    let last = |text: &str, wanted: u8| text.bytes().rposition(|byte| byte == wanted);
    let host = last(authority, b'@').map_or(authority, |at| &authority[at + 1..]);
    let host = match last(host, b':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    };
    // The same name, fully qualified.
    host.strip_suffix('.').unwrap_or(host)
}

/// Whether what follows an authority's host is nothing, or a colon and a port.
fn has_no_odd_port(authority: &str) -> bool {
    // The colons of an IPv6 address stand in brackets.
    let end = authority.rsplit_once(']').map_or(authority, |(_, end)| end);
    end.split_once(':')
        .is_none_or(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

impl World {
    /// The tenant that a host names, as its first label. Of several domains that fit, the longest leaves the shortest name.
    pub(super) fn named_by_host<'a>(&self, host: &'a str) -> Option<&'a str> {
        std::iter::once(LOOPBACK)
            .chain(self.vendors_domains())
            .filter_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'))
            .filter(|name| !name.is_empty())
            .min_by_key(|name| name.len())
    }

    /// Whether an authority is one that this server's own users write: loopback or a tenant's host, with a port or
    /// without, and no user.
    pub fn is_own(&self, authority: &str) -> bool {
        !authority.contains('@') && has_no_odd_port(authority) && self.is_own_host(host_of(authority))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let host = lower_case(host);
        let is_loopback = host == LOOPBACK
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        is_loopback || self.named_by_host(&host).is_some()
    }

    /// The base URL of the server itself, as whoever made a request can call it: the authority that was called. A host of
    /// the vendor's leads here by a proxy or a hosts file at most for the tenant that it names, and so the address that
    /// the connection came in on takes its place.
    pub fn root(&self, request: &Request) -> String {
        let called = request.authority().filter(|called| !called.is_empty() && !self.is_vendors(called));
        let authority = match (called, request.local_address) {
            (Some(called), _) => Cow::Borrowed(called),
            (None, Some(address)) => {
                SocketAddr::new(address.ip().to_canonical(), address.port()).to_string().into()
            }
            (None, None) => Cow::Borrowed(LOOPBACK),
        };
        format!("{}://{authority}", request.scheme())
    }

    /// Whether an authority is one of the vendor's hosts, or of those that stand in for them.
    fn is_vendors(&self, authority: &str) -> bool {
        let host = lower_case(host_of(authority));
        let is_below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|name| name.is_empty() || name.ends_with('.'))
        };
        self.vendors_domains().any(is_below)
    }

    fn vendors_domains(&self) -> impl Iterator<Item = &str> {
        std::iter::once(VENDORS).chain(self.tenant_domains.iter().map(String::as_str))
    }
}
