//! An exchange as one line for people: when, what was asked, what was told, and what was wrong with that.

use std::fmt::Write;

use serde_json::Value;

/// A path with its query takes at most this many columns.
const LONGEST_PATH: usize = 48;
/// And so does why it was refused.
const LONGEST_REASON: usize = 120;

/// The line.
pub(super) fn of(exchange: &Value) -> String {
    let text = |name: &str| exchange[name].as_str().unwrap_or_default();
    let mut line = format!(
        "{} {:>4}  {:<6} {}  {}",
        time(text("at")),
        exchange["seq"].as_u64().unwrap_or_default(),
        text("method"),
        target(text("path"), text("query")),
        told(exchange)
    );
    let fired = exchange["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    for rule in fired.iter().filter(|rule| rule["fired"] == true) {
        line.push_str("  fault ");
        line.push_str(rule["rule"].as_str().unwrap_or_default());
    }
    if let Some(client) = exchange["client"].as_str() {
        line.push_str("  ");
        line.push_str(client);
    }
    if let Some(why) = why(exchange) {
        line.push_str("  ");
        line.push_str(&why);
    }
    line.replace(char::is_control, "\u{fffd}")
}

/// Why the service refused it, which it told the client in fewer words; of a long list the beginning.
fn why(exchange: &Value) -> Option<String> {
    let violations = exchange["violations"].as_array()?.iter().filter_map(Value::as_str);
    let why = violations.collect::<Vec<_>>().join("; ");
    match why.char_indices().nth(LONGEST_REASON) {
        _ if why.is_empty() => None,
        Some((end, _)) => Some(format!("{}…", &why[..end])),
        None => Some(why),
    }
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
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    match target.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => format!("{}…", &target[..end]),
        None => target,
    }
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
        assert_eq!(of(&exchange), expected);
        let exchange = json!({
            "seq": 8, "at": "2026-11-24T09:30:00Z", "method": "GET", "path": format!("/{}", "x".repeat(60)),
            "query": "limit=1", "status": null, "client": null, "fate": {"kind": "closed"}, "rules": [],
        });
        let expected = format!("09:30:00    8  GET    /{}…  no status, closed", "x".repeat(47));
        assert_eq!(of(&exchange), expected);
        let exchange = json!({
            "seq": 9, "at": "2026-11-24T09:30:00Z", "method": "GET", "path": "/tenants/a/v3/roles", "query": "",
            "status": 404, "client": "c", "fate": {"kind": "whole"}, "rules": [],
            "violations": ["no such path in v3", "y".repeat(200)],
        });
        let expected =
            format!("09:30:00    9  GET    /v3/roles  404  c  no such path in v3; {}…", "y".repeat(100));
        assert_eq!(of(&exchange), expected);
    }
}
