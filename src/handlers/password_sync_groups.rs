//! The five operations on password sync groups.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::Value;

use super::Call;
use crate::fixture::Group;
use crate::prerequisites::Prerequisites;
use crate::tenant::TenantState;
use crate::tenant::groups::Groups;
use crate::wire::{Refusal, Reply};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// One page, in the order of creation.
pub(super) fn list(state: &mut TenantState, call: &Call<'_>) -> Reply {
    let (offset, limit) = (call.checked.integer("offset"), call.checked.integer("limit"));
    let (page, total) = match call.past {
        None => (state.page(offset, limit), state.groups().len()),
        Some(past) => state.groups().other_page(state.history().differences(past), offset, limit),
    };
    let reply = Reply::json(StatusCode::OK, page);
    if call.checked.boolean("count") { reply.with(TOTAL_COUNT, total) } else { reply }
}

/// A new group: 200, not 201, as documented.
pub(super) fn create(state: &mut TenantState, call: Call<'_>) -> Result<Reply, Refusal> {
    let mut group = group_of(call.checked.body);
    if call.options.prerequisites == Prerequisites::Enforce {
        state.sources().check(&group)?;
    }
    let (id, number) = state.next_group_id();
    group.id = id;
    if call.is_rehearsal {
        return Ok(Reply::json(StatusCode::OK, Groups::would_insert(group, call.now)));
    }
    state.count_created(number);
    let rendered = state.change_group(&call.client, call.now, |groups, sources| {
        if call.options.prerequisites == Prerequisites::Enforce {
            sources.join(&group);
        }
        Some(groups.insert(group, call.now))
    });
    Ok(Reply::json(StatusCode::OK, rendered.unwrap_or_default()))
}

/// One group.
pub(super) fn get(state: &TenantState, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = &call.route.id;
    let rendered = match call.past {
        None => state.groups().rendered(id),
        Some(past) => {
            let sequence = state.groups().sequence(id).or_else(|| state.history().sequence(id));
            let mut differences = state.history().differences(past);
            match sequence.and_then(|sequence| differences.remove(&sequence)) {
                Some(version) => version,
                None => state.groups().rendered(id),
            }
        }
    };
    Ok(Reply::json(StatusCode::OK, rendered.ok_or(Refusal::NotFound)?))
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
    let rendered = if call.is_rehearsal {
        state.groups().would_replace(group, call.now)
    } else {
        state.change_group(&call.client, call.now, |groups, sources| {
            sources.leave(&former, group.source_ids.as_deref().unwrap_or_default());
            if call.options.prerequisites == Prerequisites::Enforce {
                sources.join(&group);
            }
            groups.replace(group, call.now)
        })
    };
    Ok(Reply::json(StatusCode::OK, rendered.ok_or(Refusal::NotFound)?))
}

/// The group goes; its policy is assigned directly to each of its sources.
/// Differs: the vendor lists no 404 here; what it answers for an unknown id is not known.
pub(super) fn delete(state: &mut TenantState, call: &Call<'_>) -> Result<Reply, Refusal> {
    let group = state.groups().get(&call.route.id).ok_or(Refusal::NotFound)?;
    if !call.is_rehearsal {
        state.change_group(&call.client, call.now, |groups, sources| {
            sources.leave(&group, &[]);
            groups.remove(&group.id)
        });
    }
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
