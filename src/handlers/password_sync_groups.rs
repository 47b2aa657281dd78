//! The five operations on password sync groups.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::Value;

use super::Call;
use crate::fixture::Group;
use crate::prerequisites::Prerequisites;
use crate::tenant::TenantState;
use crate::wire::{Refusal, Reply};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// One page, in the order of creation.
pub(super) fn list(state: &TenantState, call: &Call<'_>) -> Reply {
    let groups = state.groups();
    let page = groups.page(call.checked.integer("offset"), call.checked.integer("limit"));
    let reply = Reply::json(StatusCode::OK, page);
    if call.checked.boolean("count") { reply.with(TOTAL_COUNT, groups.len()) } else { reply }
}

/// A new group: 200, not 201, as documented.
pub(super) fn create(state: &mut TenantState, call: Call<'_>) -> Result<Reply, Refusal> {
    let mut group = group_of(call.checked.body);
    if call.options.prerequisites == Prerequisites::Enforce {
        state.sources().check(&group)?;
    }
    group.id = state.next_group_id();
    if call.options.prerequisites == Prerequisites::Enforce {
        state.write().1.join(&group);
    }
    let rendered = state.write().0.insert(group, call.now);
    Ok(Reply::json(StatusCode::OK, rendered))
}

/// One group.
pub(super) fn get(state: &TenantState, call: &Call<'_>) -> Result<Reply, Refusal> {
    let rendered = state.groups().rendered(&call.route.id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(StatusCode::OK, rendered))
}

/// A whole replacement. Sources that leave keep the group's former policy, as they do when it is deleted.
/// Invented: the last; what the service does with them is not known.
pub(super) fn update(state: &mut TenantState, call: Call<'_>) -> Result<Reply, Refusal> {
    let former = state.groups().get(&call.route.id).ok_or(Refusal::NotFound)?;
    let mut group = group_of(call.checked.body);
    group.id.clone_from(&former.id);
    if call.options.prerequisites == Prerequisites::Enforce {
        state.sources().check(&group)?;
    }
    let (groups, sources) = state.write();
    sources.leave(&former, group.source_ids.as_deref().unwrap_or_default());
    if call.options.prerequisites == Prerequisites::Enforce {
        sources.join(&group);
    }
    let rendered = groups.replace(group, call.now).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(StatusCode::OK, rendered))
}

/// The group goes; its policy is assigned directly to each of its sources.
/// Differs: the vendor lists no 404 here; what it answers for an unknown id is not known.
pub(super) fn delete(state: &mut TenantState, call: &Call<'_>) -> Result<Reply, Refusal> {
    if state.groups().rendered(&call.route.id).is_none() {
        return Err(Refusal::NotFound);
    }
    let (groups, sources) = state.write();
    let group = groups.remove(&call.route.id).ok_or(Refusal::NotFound)?;
    sources.leave(&group, &[]);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// What a client may choose: name, policy and sources. `id`, `created`, `modified` and whatever else it sent
/// are the service's to choose or unknown to it, and are ignored.
fn group_of(mut body: Value) -> Group {
    let mut text = |field: &str| match body.get_mut(field).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (name, password_policy_id) = (text("name"), text("passwordPolicyId"));
    let source_ids = match body.get_mut("sourceIds").map(Value::take) {
        Some(Value::Array(ids)) => Some(
            ids.into_iter()
                .filter_map(|id| match id {
                    Value::String(id) => Some(id),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    };
    Group { name, password_policy_id, source_ids, ..Group::default() }
}
