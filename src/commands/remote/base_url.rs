//! A base URL as people write it. Credentials in it are kept apart, so that no message can show them.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Uri;
use hyper::http::uri::Authority;
use percent_encoding::percent_decode_str;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    pub(super) is_https: bool,
    /// A name or an address; an IPv6 address without its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Host and port as they were written, for people and for `Host`.
    pub(super) authority: String,
    /// Empty, or one that begins with a slash and ends with none.
    pub(super) path: String,
    /// `user:password` in Base64, as it is sent.
    pub(super) basic: Option<String>,
}

impl BaseUrl {
    /// Reads `http://host:port/path`, or https.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        Self::of(text).ok_or_else(|| {
            if let Some(port) = impossible_port(text) {
                return format!("`{}`: port {port}; expected 1 to 65535", shown(text));
            }
            let advice = meant(text).map_or_else(String::new, |meant| format!("; write {meant}"));
            format!(
                "`{}` is not a base URL; expected http://host:port or https://host:port{advice}",
                shown(text)
            )
        })
    }

    /// This machine's, on a port.
    pub(crate) fn local(is_https: bool, host: &str, port: u16) -> Self {
        let bare = host.trim_matches(['[', ']']);
        let host = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
        Self {
            is_https,
            host: bare.to_owned(),
            port,
            authority: format!("{host}:{port}"),
            path: String::new(),
            basic: None,
        }
    }

    fn of(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let is_https = match &*scheme {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.host().is_empty() || uri.query().is_some() || text.contains('#') {
            return None;
        }
        let (credentials, address) = match authority.as_str().rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority.as_str()),
        };
        Some(Self {
            is_https,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: port(authority, address, is_https)?,
            authority: address.to_owned(),
            path: without_control(uri.path()).to_owned(),
            basic: credentials.map(basic),
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether there were credentials in it.
    pub(crate) fn has_credentials(&self) -> bool {
        self.basic.is_some()
    }
}

/// Without credentials.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_https, authority, path, .. } = self;
        write!(f, "http{}://{authority}{path}", if *is_https { "s" } else { "" })
    }
}

/// The port; `None` where something stands that is none.
fn port(authority: &Authority, address: &str, is_https: bool) -> Option<u16> {
    let usual = if is_https { 443 } else { 80 };
    if address == authority.host() { Some(usual) } else { authority.port_u16().filter(|port| *port > 0) }
}

/// Credentials as curl sends those of a URL.
fn basic(credentials: &str) -> String {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let plain = |text| percent_decode_str(text).collect::<Vec<u8>>();
    BASE64_STANDARD.encode([plain(user), b":".to_vec(), plain(password)].concat())
}

/// A path, without the step of the control API, which people copy along.
fn without_control(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.strip_suffix("/_sim").unwrap_or(path)
}

/// The URL that was probably meant by an address or a port.
fn meant(text: &str) -> Option<String> {
    if text.contains("://") {
        return None;
    }
    let port = text.strip_prefix(':').unwrap_or(text);
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let url = if is_port { format!("http://127.0.0.1:{port}") } else { format!("http://{text}") };
    let is_address =
        is_port || text.starts_with("localhost") || (text.contains(':') && !text.starts_with(['/', '.']));
    BaseUrl::of(&url).filter(|url| is_address && !url.has_credentials()).map(|url| url.to_string())
}

/// What stands where the port of a URL does, if it is a number and no port. With credentials it may be a part of them.
fn impossible_port(text: &str) -> Option<&str> {
    if text.contains('@') {
        return None;
    }
    let (_, rest) = text.split_once("://")?;
    let (_, port) = rest.split('/').next()?.rsplit_once(':')?;
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_number && !is_port).then_some(port)
}

/// A URL that could not be read, for a message: without what may be a secret in it.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let between = if scheme.is_empty() { "" } else { "://" };
    match rest.rsplit_once('@') {
        Some((_, rest)) => format!("{scheme}{between}…@{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_shown_without_its_credentials() {
        for (text, host, port, shown) in [
            ("http://127.0.0.1:4580", "127.0.0.1", 4580, "http://127.0.0.1:4580"),
            ("http://localhost/", "localhost", 80, "http://localhost"),
            ("HTTPS://Sim.Example/a/", "Sim.Example", 443, "https://Sim.Example/a"),
            ("http://[::1]:8080/tenants/a", "::1", 8080, "http://[::1]:8080/tenants/a"),
            ("http://ada:hush@host:1/x", "host", 1, "http://host:1/x"),
            ("https://ada@host", "host", 443, "https://host"),
            ("http://localhost:4580/_sim/", "localhost", 4580, "http://localhost:4580"),
            ("http://localhost/tenants/a/_sim", "localhost", 80, "http://localhost/tenants/a"),
        ] {
            let url = BaseUrl::read(text).unwrap();
            assert_eq!((&*url.host, url.port, &*url.to_string()), (host, port, shown), "{text}");
        }
        let url = BaseUrl::read("http://a%40b:p%3Aw@host").unwrap();
        assert_eq!(url.basic.as_deref(), Some(&*BASE64_STANDARD.encode("a@b:p:w")));
        assert_eq!(BaseUrl::local(false, "::1", 7).to_string(), "http://[::1]:7");
    }

    #[test]
    fn a_number_that_is_no_port_is_told_which_are() {
        for (text, port) in [("http://localhost:99999/x", "99999"), ("https://[::1]:0", "0")] {
            let told = BaseUrl::read(text).unwrap_err();
            assert_eq!(told, format!("`{text}`: port {port}; expected 1 to 65535"));
        }
        assert!(BaseUrl::read("http://localhost:port").unwrap_err().contains("is not a base URL"));
    }

    #[test]
    fn an_address_without_a_scheme_is_answered_with_what_to_write() {
        for (text, meant) in [
            ("localhost:4580", "http://localhost:4580"),
            ("127.0.0.1:4580/tenants/a", "http://127.0.0.1:4580/tenants/a"),
            ("localhost", "http://localhost"),
            ("4580", "http://127.0.0.1:4580"),
            (":4580", "http://127.0.0.1:4580"),
        ] {
            let message = BaseUrl::read(text).unwrap_err();
            assert!(message.ends_with(&format!("; write {meant}")), "{message}");
        }
        for text in ["", "nowhere", "./port", "0", "ada:hush@host:1"] {
            assert!(!BaseUrl::read(text).unwrap_err().contains("; write"), "{text}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_told_without_its_credentials() {
        for text in [
            "ftp://ada:hush@host",
            "ada:hush@host",
            "http://ada:hush@",
            "http://ada:hush@host:99999",
            "http://ada:hush@host:x",
            "http://ada:hush@host:0",
            "http://ada:hush@ho st",
            "http://host/?token=hush",
            "http://host/#hush",
            "http://a:hush/hush@host",
            "http://a:99999/hush@host",
            "host:4580",
            "",
        ] {
            let message = BaseUrl::read(text).unwrap_err();
            assert!(message.contains("expected http://host:port") && !message.contains("hush"), "{message}");
        }
    }
}
