//! Heads that are too large, and heads that could be read in two ways. hyper refuses what breaks the grammar of HTTP;
//! here are the requests that a proxy in between could read as meant for another host, as ending at another place, or as
//! somebody else's: they are refused, and the connection is closed, before they are looked at any further.

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Version};

use super::Limits;

/// Why a head is refused; `None` for one with a single meaning.
pub(super) fn ambiguity(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // RFC 9112, 3.2: all three are a 400. HTTP/1.0 knows no Host, HTTP/2 has a field of its own for it.
        (None, _) if version == Version::HTTP_11 => return Some("The header field Host is missing."),
        (_, Some(_)) => return Some("The header field Host occurs more than once."),
        (Some(host), _) if !is_host(host) => {
            return Some("The value of the header field Host is not a host.");
        }
        _ => {}
    }
    // Nearly no request has any header field twice.
    if headers.len() > headers.keys_len() {
        for (name, why) in [
            (AUTHORIZATION, "The header field Authorization occurs more than once."),
            (CONTENT_TYPE, "The header field Content-Type occurs more than once."),
        ] {
            if headers.get_all(name).iter().nth(1).is_some() {
                return Some(why);
            }
        }
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => None,
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => None,
        // RFC 9112, 6.1 and 7. It would have a 501 for unknown codings, but here only scenarios answer 5xx.
        _ => Some("Transfer-Encoding must be chunked, and nothing else."),
    }
}

/// How a head is too large, if it is. The parsers keep these limits roughly, so that nothing much larger is ever
/// read; here they are exact.
pub(super) fn excess<B>(request: &hyper::Request<B>, limits: &Limits) -> Option<String> {
    let (headers, target) = (request.headers(), request.uri().path_and_query());
    if headers.len() > limits.max_headers {
        return Some(format!("More than {} header fields (--max-headers).", limits.max_headers));
    }
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let bytes = target.map_or(0, |target| target.as_str().len()) + fields.sum::<usize>();
    let max = limits.max_header_bytes;
    (bytes > max as usize)
        .then(|| format!("The request's head is longer than {max} bytes (--max-header-bytes)."))
}

/// Which bytes may occur in a host and port (RFC 3986, 3.2.2 and 3.2.3), which leaves out `@` and `/`.
const IN_HOST: [bool; 256] = {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%:[]";
    let mut allowed = [false; 256];
    let mut letter = 0;
    while letter < letters.len() {
        allowed[letters[letter] as usize] = true;
        letter += 1;
    }
    allowed
};

fn is_host(value: &HeaderValue) -> bool {
    value.as_bytes().iter().all(|&byte| IN_HOST[usize::from(byte)])
}
