//! An exchange as one line for people: when, what was asked, what was told, and what was wrong with that. A terminal shows
//! what is told in one column, and goes on below the path where a line would be too long for it.

use std::fmt::Write;

use serde_json::Value;

use crate::commands::wrap::wrapped_within;

/// A path with its query takes at most this many columns.
const LONGEST_PATH: usize = 48;
/// And so does why it was refused.
const LONGEST_REASON: usize = 120;

/// Where a terminal shows the path, and what did not fit into the line.
const INDENT: usize = 26;
/// How many columns a path takes there at least, so that most statuses stand below each other.
const PATH: usize = 36;
/// As much of a client's id is shown there: enough to tell clients apart.
const CLIENT: usize = 8;

/// The line; for a terminal of so many columns, or without an end of its own.
pub(super) fn of(exchange: &Value, columns: Option<usize>) -> String {
    let text = |name: &str| exchange[name].as_str().unwrap_or_default();
    let path_columns = columns.map_or(0, |_| PATH);
    let mut lines = visible(&format!(
        "{:<12} {:>4}  {:<6} {:<path_columns$}",
        time(text("at")),
        exchange["seq"].as_u64().unwrap_or_default(),
        text("method"),
        target(text("path"), text("query")),
    ));
    let mut used = lines.chars().count();
    for part in parts(exchange, columns.is_some()) {
        let part = visible(&part);
        let len = part.chars().count();
        let Some(columns) = columns.filter(|columns| used + 2 + len > *columns) else {
            let _ = write!(lines, "  {part}");
            used += 2 + len;
            continue;
        };
        let below = wrapped_within(&part, INDENT, columns);
        used = below.lines().last().unwrap_or_default().chars().count();
        let _ = write!(lines, "\n{below}");
    }
    lines
}

/// What was told, the rules that fired, whose it was, and what was wrong with it.
fn parts(exchange: &Value, is_short: bool) -> Vec<String> {
    let mut parts = vec![told(exchange)];
    let fired = exchange["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fired = fired.iter().filter(|rule| rule["fired"] == true);
    parts.extend(fired.map(|rule| format!("fault {}", rule["rule"].as_str().unwrap_or_default())));
    if let Some(client) = exchange["client"].as_str() {
        parts.push(if is_short { cut(client, CLIENT) } else { client.to_owned() });
    }
    parts.extend(why(exchange));
    parts
}

/// What a client sent must not move the terminal's cursor.
fn visible(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// The beginning of a text that is longer than this.
fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why the service refused it, which it told the client in fewer words; of a long list the beginning.
fn why(exchange: &Value) -> Option<String> {
    let violations = exchange["violations"].as_array()?.iter().filter_map(Value::as_str);
    let why = violations.collect::<Vec<_>>().join("; ");
    (!why.is_empty()).then(|| cut(&why, LONGEST_REASON))
}

/// The time of day, to the millisecond.
fn time(at: &str) -> &str {
    let time = at.split_once('T').map_or(at, |(_, time)| time);
    time.get(..12).unwrap_or(time).trim_end_matches('Z')
}

/// The path below the tenant's base URL, as every line is about the same tenant.
fn target(path: &str, query: &str) -> String {
    let below = path.strip_prefix("/tenants/").and_then(|rest| rest.find('/').map(|end| &rest[end..]));
    let path = below.unwrap_or(path);
    cut(&if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }, LONGEST_PATH)
}

/// What the client was told, and what the service itself said or did where that differs.
fn told(exchange: &Value) -> String {
    let mut told = match exchange["status"].as_u64() {
        Some(status) => status.to_string(),
        None => "no status".to_owned(),
    };
    match exchange["fate"]["kind"].as_str() {
        None | Some("whole") => {}
        Some("clientLeft") => told.push_str(", the client left"),
        Some(fate) => {
            told.push_str(", ");
            told.push_str(fate);
        }
    }
    if let Some(answered) = exchange["answered"].as_u64() {
        let _ = write!(told, " (the service said {answered})");
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_what_was_asked_what_was_told_and_what_really_happened() {
        let exchange = json!({
            "seq": 7, "at": "2026-11-24T09:30:00.125Z", "method": "POST", "path": "/v2024/password-sync-groups",
            "query": "", "status": 500, "answered": 201, "client": "0a1b\u{1b}", "fate": {"kind": "whole"},
            "rules": [{"rule": "s/lost", "fired": true}, {"rule": "s/other", "fired": false}],
        });
        let expected = "09:30:00.125    7  POST   /v2024/password-sync-groups  500 (the service said 201)  fault s/lost  0a1b\u{fffd}";
        assert_eq!(of(&exchange, None), expected);
        let exchange = json!({
            "seq": 8, "at": "2026-11-24T09:30:00Z", "method": "GET", "path": format!("/{}", "x".repeat(60)),
            "query": "limit=1", "status": null, "client": null, "fate": {"kind": "closed"}, "rules": [],
        });
        let expected = format!("09:30:00        8  GET    /{}…  no status, closed", "x".repeat(47));
        assert_eq!(of(&exchange, None), expected);
        let exchange = json!({
            "seq": 9, "at": "2026-11-24T09:30:00Z", "method": "GET", "path": "/tenants/a/v3/roles", "query": "",
            "status": 404, "client": "c", "fate": {"kind": "whole"}, "rules": [],
            "violations": ["no such path in v3", "y".repeat(200)],
        });
        let expected =
            format!("09:30:00        9  GET    /v3/roles  404  c  no such path in v3; {}…", "y".repeat(100));
        assert_eq!(of(&exchange, None), expected);
    }

    #[test]
    fn a_terminal_has_statuses_below_each_other_and_no_line_that_is_too_long_for_it() {
        let exchange = json!({
            "seq": 7, "at": "2026-11-24T09:30:00.125Z", "method": "POST", "path": "/v2024/password-sync-groups",
            "query": "", "status": 400, "client": "0a1b2c3d4e5f6071", "fate": {"kind": "whole"},
            "rules": [{"rule": "rate-limited/fourth-call", "fired": true}],
            "violations": ["Field \"sourceIds\": source \"2c918084660f45d6016617daa9210584\" (Active Directory) is in a group."],
        });
        assert_eq!(
            of(&exchange, Some(80)),
            "09:30:00.125    7  POST   /v2024/password-sync-groups           400\n\
             \u{20}                         fault rate-limited/fourth-call  0a1b2c3d…\n\
             \u{20}                         Field \"sourceIds\": source\n\
             \u{20}                         \"2c918084660f45d6016617daa9210584\" (Active Directory)\n\
             \u{20}                         is in a group."
        );
        let exchange = json!({
            "seq": 8, "at": "2026-11-24T09:30:00.125Z", "method": "GET", "path": "/v2024/sources", "query": "",
            "status": 200, "client": "0a1b2c3d4e5f6071", "fate": {"kind": "whole"}, "rules": [],
        });
        let expected = "09:30:00.125    8  GET    /v2024/sources                        200  0a1b2c3d…";
        assert_eq!(of(&exchange, Some(80)), expected);
    }
}
