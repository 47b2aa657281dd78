//! What `--listen` takes: an address and a port, or a port alone. Whatever else people write there is answered with what
//! to write instead.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port of an address that names none, in advice.
const USUAL_PORT: u16 = 4580;

/// Reads an address to listen on. A port alone, with or without a colon, means this machine only.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = parts(text);
    let port = port.filter(|port| is_number(port)).ok_or_else(|| wrong(text))?;
    let port: u16 = port.parse().map_err(|_| format!("port {port}; expected 0 to 65535"))?;
    let is_this_machine = host.is_empty() || host.eq_ignore_ascii_case("localhost");
    if is_this_machine { Ok((Ipv4Addr::LOCALHOST, port).into()) } else { Err(wrong(text)) }
}

/// The host and the port; a number alone is a port.
fn parts(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None if is_number(text) => ("", Some(text)),
        None => (text, None),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is wrong with an address, and what to write.
fn wrong(text: &str) -> String {
    const EXPECTED: &str = "expected ADDRESS:PORT such as 127.0.0.1:4580, a port, or :0 for a free one";
    let advice = meant(text).map_or_else(String::new, |meant| format!("; write {meant}"));
    format!("`{text}`; {EXPECTED}{advice}")
}

/// What was probably meant.
fn meant(text: &str) -> Option<String> {
    let after_scheme = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if let Some(rest) = after_scheme {
        return if address(rest).is_ok() { Some(rest.to_owned()) } else { meant(rest) };
    }
    // One bracket is missing, so that which of the colons parts the port is known.
    if let (true, (host, Some(port))) = (text.contains('[') != text.contains(']'), parts(text))
        && let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>()
        && port.parse::<u16>().is_ok()
    {
        return Some(format!("[{ip}]:{port}"));
    }
    // `::1:80` is an address by itself, and hardly ever what is meant.
    if let (host, Some(port)) = parts(text)
        && let Ok(IpAddr::V6(ip)) = host.parse::<IpAddr>()
        && (ip.is_loopback() || ip.is_unspecified())
        && is_number(port)
        && port.parse::<u16>().is_ok()
    {
        return Some(format!("[{ip}]:{port}"));
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, USUAL_PORT).to_string());
    }
    let (host, port) = parts(text);
    let port = port.filter(|port| is_number(port) && port.parse::<u16>().is_ok());
    match (host, port) {
        ("*", port) => Some(format!("0.0.0.0:{}", port.unwrap_or("4580"))),
        (name, None) if name.eq_ignore_ascii_case("localhost") => Some("localhost:4580".to_owned()),
        (_, Some(port)) => {
            Some(format!("127.0.0.1:{port}, or 0.0.0.0:{port} for every address of this machine"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_means_this_machine_only() {
        for (text, expected) in [
            ("127.0.0.1:4580", "127.0.0.1:4580"),
            ("[::1]:0", "[::1]:0"),
            ("localhost:0", "127.0.0.1:0"),
            ("LocalHost:80", "127.0.0.1:80"),
            (":0", "127.0.0.1:0"),
            ("4580", "127.0.0.1:4580"),
            ("0", "127.0.0.1:0"),
            (" :0 ", "127.0.0.1:0"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_written_is_answered_with_what_to_write() {
        const EXPECTED: &str = "expected ADDRESS:PORT such as 127.0.0.1:4580, a port, or :0 for a free one";
        for (text, advice) in [
            ("somewhere", ""),
            ("", ""),
            (":", ""),
            ("-1", ""),
            ("0.0.0.0", "; write 0.0.0.0:4580"),
            ("::1", "; write [::1]:4580"),
            ("[::]", "; write [::]:4580"),
            ("[::1:0", "; write [::1]:0"),
            ("::1]:80", "; write [::1]:80"),
            ("[::1:", ""),
            ("localhost", "; write localhost:4580"),
            ("*:80", "; write 0.0.0.0:80"),
            ("*", "; write 0.0.0.0:4580"),
            ("http://127.0.0.1:4580/", "; write 127.0.0.1:4580"),
            ("http://localhost", "; write localhost:4580"),
            ("myhost:80", "; write 127.0.0.1:80, or 0.0.0.0:80 for every address of this machine"),
            ("127.0.0.1:", ""),
            ("127.0.0.1:+80", ""),
            ("::1:80", "; write [::1]:80"),
            (":::80", "; write [::]:80"),
            ("::2:80", "; write [::2:80]:4580"),
        ] {
            assert_eq!(address(text), Err(format!("`{text}`; {EXPECTED}{advice}")), "{text}");
        }
        for port in ["65536", "99999999999"] {
            assert_eq!(address(port), Err(format!("port {port}; expected 0 to 65535")));
            assert_eq!(address(&format!("[::1]:{port}")), Err(format!("port {port}; expected 0 to 65535")));
        }
    }
}
