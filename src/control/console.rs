//! What a browser gets at `/_sim`. It is a list of the calls; the console's page and files have their
//! place here.

use std::fmt::Write;

use hyper::StatusCode;
use hyper::header::{ACCEPT, CACHE_CONTROL, HeaderValue, VARY};

use super::calls::CALLS;
use super::{PREFIX, method_name, steps};
use crate::wire::{BaseUrl, Reply, Request};

/// Whether a request comes from a browser that wants the page at `/_sim`.
pub(super) fn is_wanted(request: &Request, path: &str) -> bool {
    let accepts = || request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    method_name(&request.method) == "GET"
        && steps(path).next().is_none()
        && accepts().any(|accept| accept.contains("text/html"))
}

/// The page.
pub(super) fn page(base_url: &BaseUrl<'_>) -> Reply {
    let mut page =
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>sync-group-sim</title>\n\
         <h1>sync-group-sim</h1>\n<table>\n"
            .to_owned();
    let prefix = escaped(base_url.prefix);
    for call in CALLS {
        let _ = writeln!(
            page,
            "<tr><td>{}<td><code>{prefix}/{PREFIX}/{}</code><td>{}",
            call.method, call.path, call.summary
        );
    }
    page.push_str("</table>\n</html>\n");
    Reply::empty(StatusCode::OK)
        .with_content_type(HeaderValue::from_static("text/html; charset=utf-8"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with(VARY, HeaderValue::from_static("Accept"))
        .with_body(page)
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
