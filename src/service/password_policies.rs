//! The five operations on password policies. One policy is the default, and one that is in use stays.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::assignment::Assignments;
use super::{Call, Change, Done, View};
use crate::clock::Timestamp;
use crate::document::{Written, from_json};
use crate::fixture::{Group, PasswordPolicy};
use crate::org::{Table, WriteOf};
use crate::prerequisites::Prerequisites;
use crate::wire::{DetailCode, Refusal, Reply};

/// The label under which ids of policies are drawn.
const LABEL: &str = "password-policy";

/// What a client cannot choose; which sources a policy is assigned to is said of the sources.
const COMPUTED: [&str; 6] = ["id", "dateCreated", "lastUpdated", "created", "modified", "sourceIds"];

/// One policy.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<PasswordPolicy>().rendered(&call.route.id).ok_or_else(no_policy)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// A new policy: 200, not 201, as documented.
pub(super) fn create(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let (id, nth) = view.next_hex_id(LABEL, |id| view.table::<PasswordPolicy>().contains(id));
    let mut policy = asked_for(call.arguments.body.take(), &id)?;
    policy.complete(call.now);
    check(&policy, call.prerequisites)?;
    let rendered = Table::render(&policy);
    let reply = Reply::json(StatusCode::OK, rendered.clone());
    let mut changes = former_default(view, &policy);
    changes.push(Change::record(WriteOf::Create { record: policy, rendered, made: Some((LABEL, nth)) }));
    Ok(Done::new(reply, changes))
}

/// A whole replacement; what the service computes stays.
pub(super) fn set(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<PasswordPolicy>().get(&call.route.id).ok_or_else(no_policy)?;
    let mut policy = asked_for(call.arguments.body.take(), &former.id)?;
    check(&policy, call.prerequisites)?;
    check_default(&former, &policy, call.prerequisites)?;
    policy.date_created = former.date_created;
    policy.last_updated = Some(updated_at(&former, call.now));
    policy.source_ids.clone_from(&former.source_ids);
    let rendered = Table::render(&policy);
    let reply = Reply::json(StatusCode::OK, rendered.clone());
    let mut changes = former_default(view, &policy);
    let mut assignments = Assignments::new(view, call.now);
    if policy.name != former.name {
        assignments.rename_policy(&policy);
    }
    changes.push(Change::record(WriteOf::Replace { former, record: policy, rendered }));
    changes.extend(assignments.finish());
    Ok(Done::new(reply, changes))
}

/// The policy goes, if nothing needs it.
pub(super) fn delete(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<PasswordPolicy>().get(&call.route.id).ok_or_else(no_policy)?;
    if call.prerequisites == Prerequisites::Enforce
        && let Some(why) = use_of(view, &former)
    {
        let text = format!("The \"{}\" password policy can't be deleted because {why}.", former.name);
        return Err(Refusal::bad_request(DetailCode::InUse, text));
    }
    let mut assignments = Assignments::new(view, call.now);
    assignments.delete_policy(former);
    Ok(Done::new(Reply::empty(StatusCode::NO_CONTENT), assignments.finish()))
}

/// What a request says of a policy; null counts as absent, and of what is absent the default holds.
fn asked_for(body: Value, id: &str) -> Result<PasswordPolicy, Refusal> {
    let mut members = if let Value::Object(members) = body { members } else { Map::new() };
    members.retain(|field, value| {
        PasswordPolicy::keys().contains(&&**field) && !COMPUTED.contains(&&**field) && !value.is_null()
    });
    members.insert("id".to_owned(), id.into());
    members.entry("name").or_insert_with(|| "".into());
    from_json(&members.into()).map_err(|why| Refusal::bad_request(DetailCode::IllegalValue, why))
}

// Invented: the texts below, and that the API enforces these rules.

fn check(policy: &PasswordPolicy, prerequisites: Prerequisites) -> Result<(), Refusal> {
    match policy.contradiction() {
        Some(why) if prerequisites == Prerequisites::Enforce => {
            let text = format!("No password could keep these rules: {why}.");
            Err(Refusal::bad_request(DetailCode::IllegalValue, text))
        }
        _ => Ok(()),
    }
}

/// There is always a default policy: it ceases to be that only when another becomes it.
fn check_default(
    former: &PasswordPolicy,
    policy: &PasswordPolicy,
    prerequisites: Prerequisites,
) -> Result<(), Refusal> {
    if prerequisites == Prerequisites::Ignore || policy.default_policy || !former.default_policy {
        return Ok(());
    }
    let text = format!(
        "Field \"defaultPolicy\" must be true: \"{}\" is the default policy until another one is.",
        former.name
    );
    Err(Refusal::bad_request(DetailCode::IllegalValue, text))
}

/// The policy that ceases to be the default when this one is.
fn former_default(view: &View<'_>, policy: &PasswordPolicy) -> Vec<Change> {
    if !policy.default_policy {
        return Vec::new();
    }
    let policies = view.table::<PasswordPolicy>();
    let former = policies.iter().filter(|other| other.default_policy && other.id != policy.id);
    former
        .map(|former| {
            let record = PasswordPolicy { default_policy: false, ..(**former).clone() };
            let rendered = Table::render(&record);
            Change::record(WriteOf::Replace { former: Arc::clone(former), record, rendered })
        })
        .collect()
}

/// When a policy is replaced: now, but a millisecond after the last time at least.
pub(super) fn updated_at(former: &PasswordPolicy, now: Timestamp) -> i64 {
    former.last_updated.map_or(now.as_millis(), |last| now.as_millis().max(last.saturating_add(1)))
}

/// Why a policy must stay.
fn use_of(view: &View<'_>, policy: &PasswordPolicy) -> Option<String> {
    if policy.default_policy {
        return Some("it's the default".to_owned());
    }
    if let Some(source) = policy.source_ids.first() {
        return Some(format!("it's in use by source \"{source}\""));
    }
    let groups = view.table::<Group>();
    let id = json!(policy.id).to_string();
    // Few groups have it, and reading them all would take longer than everything else.
    let mentions = |text: &[u8]| text.windows(id.len()).any(|part| part == id.as_bytes());
    let mut likely = groups.rows().filter(|row| mentions(row.rendered()));
    let group = likely.find(|row| row.typed().password_policy_id.as_ref() == Some(&policy.id))?.typed();
    let name = group.name.as_deref().unwrap_or(&group.id);
    Some(format!("it's in use by the password sync group \"{name}\""))
}

fn no_policy() -> Refusal {
    Refusal::NotFound.because("no password policy has this id")
}
