//! The six operations on sources. What a request says of one is read in `asked.rs`, what must hold between it and the
//! rest of the organisation is in `rules.rs`, and the policies of one source are in `holders.rs`.

mod asked;
mod holders;
mod listed;
mod rules;

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::assignment::Assignments;
use super::patch::{illegal_attempt, patched};
use super::{Call, Done, View};
use crate::fixture::Source;
use crate::org::Table;
use crate::prerequisites::Prerequisites;
use crate::wire::{Refusal, Reply};
pub(super) use holders::{list as list_holders, total as holders_total, update as update_holders};
pub(super) use listed::{list, total};

/// The label under which ids of sources are drawn.
const LABEL: &str = "source";

/// What a JSON Patch cannot change: the documented fields, then those that the service computes.
const FIXED: [&str; 11] = [
    "id",
    "type",
    "authoritative",
    "created",
    "modified",
    "connector",
    "connectorClass",
    "passwordPolicies",
    "healthy",
    "status",
    "since",
];

/// One source.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<Source>().rendered(&call.route.id).ok_or_else(no_source)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// A new source: 201, as documented.
pub(super) fn create(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let is_csv = call.arguments.boolean("provisionAsCsv");
    let body = call.arguments.body.take();
    let mut source = asked::created(view, body, is_csv)?;
    let (id, nth) = view.next_hex_id(LABEL, |id| view.table::<Source>().contains(id));
    source.id = id;
    source.complete(call.now);
    if call.prerequisites == Prerequisites::Enforce {
        rules::check_new(view, &source)?;
    }
    let mut assignments = Assignments::new(view, call.now);
    let rendered = assignments.create(source, LABEL, nth);
    Ok(Done::new(Reply::json(StatusCode::CREATED, rendered), assignments.finish()))
}

/// A whole replacement, but for what cannot be changed.
pub(super) fn put(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Source>().get(&call.route.id).ok_or_else(no_source)?;
    let mut source = asked::replaced(view, call.arguments.body.take(), &former)?;
    source.complete(call.now);
    replace(view, &call, former, source)
}

/// A JSON Patch, all of it or nothing.
pub(super) fn patch(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Source>().get(&call.route.id).ok_or_else(no_source)?;
    let record = json!(*former);
    let result = patched(&record, call.arguments.body.take(), &FIXED)?;
    check_added_attributes(&record, &result)?;
    call.contract.check_result(call.route, &result)?;
    let source = asked::patched(view, result, &former)?;
    if source == *former {
        return Ok(Reply::json(StatusCode::OK, Table::render(&source)).into());
    }
    replace(view, &call, former, source)
}

fn replace(view: &View<'_>, call: &Call<'_>, former: Arc<Source>, source: Source) -> Result<Done, Refusal> {
    if call.prerequisites == Prerequisites::Enforce {
        rules::check_changed(view, &former, &source)?;
    }
    let mut assignments = Assignments::new(view, call.now);
    let rendered = assignments.replace(former, source);
    Ok(Done::new(Reply::json(StatusCode::OK, rendered), assignments.finish()))
}

/// What the service added to `connectorAttributes` must stay, also when these are replaced as a whole. The text was seen
/// on a real tenant, for the first of them.
fn check_added_attributes(record: &Value, result: &Value) -> Result<(), Refusal> {
    let changed = Source::ADDED_ATTRIBUTES.into_iter().find(|key| {
        let before = &record["connectorAttributes"][*key];
        !before.is_null() && result["connectorAttributes"][*key] != *before
    });
    changed.map_or(Ok(()), |key| Err(illegal_attempt(key)))
}

/// The source goes, with its accounts: 202 and the task that does it, which is done already.
pub(super) fn delete(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Source>().get(&call.route.id).ok_or_else(no_source)?;
    if call.prerequisites == Prerequisites::Enforce {
        rules::check_deleted(view, &former)?;
    }
    let sequence = view.organisation.table::<Source>().sequence(&former.id).unwrap_or_default();
    let task =
        json!({"type": "TASK_RESULT", "id": view.chance.hex("source-deletion", sequence), "name": null});
    let mut assignments = Assignments::new(view, call.now);
    assignments.delete(former);
    Ok(Done::new(Reply::json(StatusCode::ACCEPTED, task.to_string()), assignments.finish()))
}

fn no_source() -> Refusal {
    Refusal::NotFound.because("no source has this id")
}
