//! Exchanges as an HTTP archive (HAR 1.2), which browsers' developer tools and others read.

use serde_json::{Value, json};

use super::Exchange;
use super::show::show;
use crate::wire::query;
use crate::wire::reply::reason;
use crate::wire::secrets::Secrets;

/// An exchange as an entry of the archive.
pub(super) fn entry(exchange: &Exchange, known: &Secrets) -> Value {
    let shown = show(exchange, known);
    let fields = |headers: &Value| -> Vec<Value> {
        let pair = |(name, value): (&String, &Value)| json!({ "name": name, "value": value });
        headers.as_object().into_iter().flatten().map(pair).collect()
    };
    let text = |body: &Value| match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let asked = exchange.request.unpack();
    let host = asked.authority().unwrap_or("localhost");
    // The user is not part of the host.
    let host = host.rsplit('@').next().unwrap_or_default();
    let below = [&shown["path"], &shown["query"]].map(|part| part.as_str());
    let below = below.into_iter().flatten().collect::<Vec<_>>().join("?");
    let url = format!("{}://{host}{below}", asked.scheme());
    let query: Vec<_> = query::pairs(shown["query"].as_str().unwrap_or_default())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let (request, reply) = (&shown["request"], &shown["reply"]);
    let (sent, received) = (text(&request["body"]), text(&reply["body"]));
    let content_type = |headers: &Value| headers["content-type"].as_str().unwrap_or_default().to_owned();
    let status = exchange.told_status().unwrap_or(0);
    let version = if asked.is_multiplexed { "HTTP/2" } else { "HTTP/1.1" };
    let milliseconds = milliseconds(exchange);
    json!({
        "startedDateTime": exchange.at,
        "time": milliseconds,
        "request": {
            "method": shown["method"],
            "url": url,
            "httpVersion": version,
            "cookies": [],
            "headers": fields(&request["headers"]),
            "queryString": query,
            "postData": { "mimeType": content_type(&request["headers"]), "text": sent },
            "headersSize": -1,
            "bodySize": sent.len(),
        },
        "response": {
            "status": status,
            "statusText": exchange.told_reply().map(|reply| reason(reply.status)).unwrap_or_default(),
            "httpVersion": version,
            "cookies": [],
            "headers": fields(&reply["headers"]),
            "content": { "size": received.len(), "mimeType": content_type(&reply["headers"]), "text": received },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": received.len(),
        },
        "cache": {},
        "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
        "comment": comment(exchange, &shown["fate"]),
    })
}

/// How long the client waited for its answer, or until it left, by the machine's clock; 0 while that is not known.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a hundred days fit a double exactly")]
fn milliseconds(exchange: &Exchange) -> f64 {
    let told = exchange.told.map(|told| told.ns);
    let ended = told.or(exchange.left.map(|(_, ns)| ns)).unwrap_or(exchange.arrived_ns);
    ended.saturating_sub(exchange.arrived_ns) as f64 / 1e6
}

/// The number in the journal, how the delivery ended, and the rules that fired.
fn comment(exchange: &Exchange, fate: &Value) -> String {
    let kind = fate["kind"].as_str().unwrap_or_default();
    let fired = exchange.rules.matched().filter(|look| look.fired);
    let rules: Vec<_> = fired.map(|look| &*look.rule).collect();
    if rules.is_empty() {
        format!("seq {}, {kind}", exchange.seq)
    } else {
        format!("seq {}, {kind}, {}", exchange.seq, rules.join(", "))
    }
}
