//! Hosts as they are compared: without user and port, in lower case.

use std::borrow::Cow;

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
