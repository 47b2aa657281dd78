//! The three operations on how passwords work in the organisation as a whole. Every organisation has a configuration;
//! until a client writes one, it is the API's defaults.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Call, Change, Done, View};
use crate::document::{Written, from_json};
use crate::fixture::PasswordOrgConfig;
use crate::org::{Record, Table, WriteOf};
use crate::wire::{DetailCode, Refusal, Reply};

/// The configuration.
pub(super) fn get(view: &View<'_>) -> Done {
    reply(&current(view)).into()
}

/// A new configuration: what the request does not say is the API's default.
pub(super) fn create(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    write(view, &PasswordOrgConfig::default(), &call.arguments.body)
}

/// What the request says; the rest stays.
pub(super) fn put(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    write(view, &current(view), &call.arguments.body)
}

fn current(view: &View<'_>) -> PasswordOrgConfig {
    let kept = view.table::<PasswordOrgConfig>().get(PasswordOrgConfig::RESOURCE);
    kept.map(|kept| (*kept).clone()).unwrap_or_default()
}

fn reply(config: &PasswordOrgConfig) -> Reply {
    Reply::json(StatusCode::OK, json!(config).to_string())
}

fn write(view: &View<'_>, before: &PasswordOrgConfig, body: &Value) -> Result<Done, Refusal> {
    let mut members = json!(before);
    for (field, value) in body.as_object().into_iter().flatten() {
        if PasswordOrgConfig::keys().contains(&&**field) && !value.is_null() {
            members[field] = value.clone();
        }
    }
    let record: PasswordOrgConfig =
        from_json(&members).map_err(|why| Refusal::bad_request(DetailCode::IllegalValue, why))?;
    let (reply, rendered) = (reply(&record), Table::render(&record));
    let write = match view.table::<PasswordOrgConfig>().get(PasswordOrgConfig::RESOURCE) {
        Some(former) => WriteOf::Replace { former, record, rendered },
        None => WriteOf::Create { record, rendered, made: None },
    };
    Ok(Done::new(reply, vec![Change::record(write)]))
}
