//! Calls about the server, no matter which tenant they name: its calls, health, counters, documents and built-in files.

use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde_json::{Map, json};

use crate::control::calls::{CALLS, ControlCall};
use crate::control::description::description;
use crate::control::read::parameter;
use crate::control::{Answer, ControlError, ControlRequest, PREFIX, json_reply, ok, reply};
use crate::fixture;
use crate::scenario::library;
use crate::version::{ApiVersion, DEFAULT_VERSION, version_names};
use crate::wire::Reply;
use crate::world::Located;

pub(in crate::control) fn calls(asked: &ControlRequest<'_>) -> Answer {
    let base_url = asked.located.base_url;
    let line =
        |ControlCall { method, path, .. }: &ControlCall| format!("{method} {base_url}/{PREFIX}/{path}");
    let calls: Vec<_> = CALLS.iter().map(line).collect();
    let what: Map<_, _> = calls.iter().cloned().zip(CALLS.iter().map(|call| call.summary.into())).collect();
    // It is read by people, too.
    let text = serde_json::to_string_pretty(&json!({ "calls": calls, "what": what }));
    let text = text.expect("a list of texts can be written as JSON");
    reply(json_reply(StatusCode::OK, text + "\n"))
}

pub(in crate::control) fn health(asked: &ControlRequest<'_>) -> Answer {
    ok(&asked.world.health(asked.wall))
}

pub(in crate::control) fn metrics(asked: &ControlRequest<'_>) -> Answer {
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let metrics = asked.world.metrics_text();
    reply(Reply::empty(StatusCode::OK).with_content_type(content_type).with_body(metrics))
}

pub(in crate::control) fn openapi(asked: &ControlRequest<'_>) -> Answer {
    let wanted = parameter(asked.request, "version").unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let version = ApiVersion::named(&wanted).ok_or_else(|| {
        ControlError::bad(format!("version `{wanted}` does not exist; expected one of {}", version_names()))
    })?;
    let Located { tenant, base_url, .. } = asked.located;
    ok(&asked.world.contract.document(version, tenant.options().prerequisites, &base_url.to_string()))
}

pub(in crate::control) fn control_openapi(asked: &ControlRequest<'_>) -> Answer {
    ok(&description(&asked.located.base_url.to_string()))
}

pub(in crate::control) fn scenarios(_: &ControlRequest<'_>) -> Answer {
    ok(&json!({ "scenarios": library::BUILT_IN.iter().map(|(name, _)| name).collect::<Vec<_>>() }))
}

pub(in crate::control) fn fixtures(_: &ControlRequest<'_>) -> Answer {
    ok(&json!({ "fixtures": fixture::names() }))
}
