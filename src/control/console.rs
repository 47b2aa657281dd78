//! What a browser gets at a base URL and at `/_sim`: a page that says what this is and where to go. The console's page and
//! files have their place here.

use std::fmt::Write;

use hyper::StatusCode;
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, VARY};

use super::calls::CALLS;
use super::{PREFIX, method_name, steps};
use crate::version::DEFAULT_VERSION;
use crate::wire::{BaseUrl, Reply, Request};
use crate::world::{ControlPolicy, World};

/// The page runs nothing and loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// An empty icon, so that no browser asks the service for one.
const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<link rel=\"icon\" href=\"data:,\">
<title>sync-group-sim</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { overflow-wrap: anywhere; }
td { padding: 0 1rem 0 0; vertical-align: top; }
@media (max-width: 40rem) { tr { display: block; margin: 0 0 .5rem; } td { display: inline; } td:last-child { display: block; } }
</style>
";

/// Whether a request comes from a browser that wants a page where others get JSON.
pub(super) fn is_wanted(request: &Request, path: &str) -> bool {
    let accepts = || request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    method_name(&request.method) == "GET"
        && steps(path).next().is_none()
        && accepts().any(|accept| accept.contains("text/html"))
}

/// The page of a base URL; `absent` says that its tenant does not exist.
pub(super) fn page(world: &World, base_url: &BaseUrl<'_>, absent: Option<&str>) -> Reply {
    let base_url = escaped(&base_url.to_string());
    let mut page = HEAD.to_owned();
    let _ = write!(
        page,
        "<h1>sync-group-sim {version}</h1>\n\
         <p>A local stand-in for the Password Sync Groups API of SailPoint Identity Security Cloud, for tests. It keeps \
         everything in memory and misbehaves where a scenario says so. Not affiliated with SailPoint.</p>\n",
        version = env!("CARGO_PKG_VERSION")
    );
    if let Some(absent) = absent {
        let _ = writeln!(page, "<p><strong>{}.</strong></p>", escaped(absent));
    }
    let _ = write!(
        page,
        "<h2>For clients</h2>\n<p>Base URL: <code>{base_url}</code></p>\n\
         <p>Tokens: <code>POST {base_url}/oauth/token</code></p>\n\
         <p>Groups: <code>GET {base_url}/{DEFAULT_VERSION}/password-sync-groups</code></p>\n\
         <p>What was printed at the start has a command that works as it stands.</p>\n\
         <h2>For tests, and for you: the control API</h2>\n"
    );
    match world.control {
        ControlPolicy::Off => page.push_str("<p>It is off; <code>--control on</code> brings it back.</p>\n"),
        ControlPolicy::Token(_) => {
            page.push_str("<p>It asks for the control token: <code>Authorization: Bearer …</code></p>\n");
            push_calls(&mut page, &base_url, false);
        }
        ControlPolicy::Local => push_calls(&mut page, &base_url, true),
    }
    page.push_str("</html>\n");
    let status = if absent.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    Reply::empty(status)
        .with_content_type(HeaderValue::from_static("text/html; charset=utf-8"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with(CONTENT_SECURITY_POLICY, POLICY)
        .with(VARY, HeaderValue::from_static("Accept"))
        .with_body(page)
}

/// The calls; those that a browser can follow are links.
fn push_calls(page: &mut String, base_url: &str, can_follow: bool) {
    page.push_str("<table>\n");
    for call in CALLS {
        let path = format!("/{PREFIX}/{}", call.path);
        let path = path.trim_end_matches('/');
        let place = if can_follow && call.method == "GET" {
            format!("<a href=\"{base_url}{path}\">{path}</a>")
        } else {
            path.to_owned()
        };
        let _ = writeln!(page, "<tr><td>{}<td><code>{place}</code><td>{}", call.method, call.summary);
    }
    page.push_str("</table>\n");
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::HEAD;

    /// A path does not break by itself, and three columns of calls are wider than a telephone.
    #[test]
    fn the_page_is_dark_where_the_browser_is_and_no_wider_than_a_telephone() {
        for rule in [
            ":root { color-scheme: light dark; }",
            "code { overflow-wrap: anywhere; }",
            "tr { display: block;",
        ] {
            assert!(HEAD.contains(rule), "{rule}");
        }
    }
}
