//! The five operations on password sync groups. What the service's documentation requires of a group is in
//! `prerequisites.rs`.

mod prerequisites;

use std::collections::HashSet;

use hyper::StatusCode;
use serde_json::Value;

use super::assignment::Assignments;
use super::{Call, Change, Done, View, next_moment};
use crate::clock::Timestamp;
use crate::fixture::{Group, PasswordPolicy, Reference, Source};
use crate::org::{Table, WriteOf};
use crate::prerequisites::Prerequisites;
use crate::wire::json::Object;
use crate::wire::{Refusal, Reply};

/// The label under which ids of groups are drawn.
const LABEL: &str = "group";

/// All sources that a new group could have, as far as the feature and other groups are concerned.
pub(super) fn list_available_sources(view: &View<'_>, call: &Call<'_>) -> Done {
    let groups = view.table::<Group>();
    // What follows from the groups is kept for the present, and only where prerequisites are enforced.
    let is_known = view.past.is_none() && call.prerequisites == Prerequisites::Enforce;
    let members: HashSet<String> = if is_known {
        HashSet::new()
    } else {
        groups
            .iter()
            .flat_map(|group| group.source_ids.iter().flatten().cloned().collect::<Vec<_>>())
            .collect()
    };
    let is_free =
        |id: &str| if is_known { view.links().group_of(id).is_none() } else { !members.contains(id) };
    let sources = view.table::<Source>();
    let mut list = vec![b'['];
    for source in sources.iter().filter(|source| source.has_feature("PASSWORD") && is_free(&source.id)) {
        if list.len() > 1 {
            list.push(b',');
        }
        Object::begin(&mut list).text("id", &source.id).text("name", &source.name).end();
    }
    list.push(b']');
    Reply::json(StatusCode::OK, list).into()
}

/// A new group: 200, not 201, as documented.
pub(super) fn create(view: &View<'_>, call: Call<'_>) -> Result<Done, Refusal> {
    let mut group = asked_for(call.arguments.body);
    if call.prerequisites == Prerequisites::Enforce {
        prerequisites::check(view, &group)?;
    }
    let (id, nth) = view.next_id(LABEL, |id| view.table::<Group>().contains(id));
    group.id = id;
    (group.created, group.modified) = (Some(call.now), Some(call.now));
    let rendered = Table::render(&group);
    let reply = Reply::json(StatusCode::OK, rendered.clone());
    let write = WriteOf::Create { record: group, rendered, made: Some((LABEL, nth)) };
    Ok(Done::new(reply, vec![Change::record(write)]))
}

/// One group.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<Group>().rendered(&call.route.id).ok_or_else(no_group)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// A whole replacement: `id` and `created` stay, `modified` moves on, by a millisecond at least. Sources that
/// leave keep the group's former policy, as they do when it is deleted.
/// Invented: the latter; what the service does with them is not known.
pub(super) fn update(view: &View<'_>, call: Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Group>().get(&call.route.id).ok_or_else(no_group)?;
    let mut group = asked_for(call.arguments.body);
    group.id.clone_from(&former.id);
    if call.prerequisites == Prerequisites::Enforce {
        prerequisites::check(view, &group)?;
    }
    group.created = former.created;
    group.modified = Some(next_moment(former.modified, call.now));
    let rendered = Table::render(&group);
    let reply = Reply::json(StatusCode::OK, rendered.clone());
    let left = leave(view, call.now, &former, group.source_ids.as_deref().unwrap_or_default());
    let write = WriteOf::Replace { former, record: group, rendered };
    Ok(Done::new(reply, with(Change::record(write), left)))
}

/// The group goes; its policy is assigned directly to each of its sources.
/// Differs: the vendor lists no 404 here; what it answers for an unknown id is not known.
pub(super) fn delete(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Group>().get(&call.route.id).ok_or_else(no_group)?;
    let left = leave(view, call.now, &former, &[]);
    let changes = with(Change::record(WriteOf::Delete { former }), left);
    Ok(Done::new(Reply::empty(StatusCode::NO_CONTENT), changes))
}

fn no_group() -> Refusal {
    Refusal::NotFound.because("no password sync group has this id")
}

/// What a client may choose: name, policy and sources. `id`, `created`, `modified` and anything else it sent
/// are the service's to choose or unknown to it, and are ignored.
fn asked_for(body: Value) -> Group {
    let mut group = Group::default();
    let Value::Object(members) = body else { return group };
    for (field, value) in members {
        match (&*field, value) {
            ("name", Value::String(name)) => group.name = Some(name),
            ("passwordPolicyId", Value::String(id)) => group.password_policy_id = Some(id),
            ("sourceIds", Value::Array(ids)) => {
                group.source_ids = Some(ids.into_iter().filter_map(text).collect());
            }
            _ => {}
        }
    }
    group
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// What happens to the sources that leave `group` (all but those in `staying`): each becomes independent, with the
/// group's policy assigned directly to it.
fn leave(view: &View<'_>, now: Timestamp, group: &Group, staying: &[String]) -> Vec<Change> {
    let policy_id = group.password_policy_id.as_deref().unwrap_or_default();
    let Some(policy) =
        view.table::<PasswordPolicy>().get(policy_id).map(|policy| Reference::to_policy(&policy))
    else {
        return Vec::new();
    };
    let staying: HashSet<&str> = staying.iter().map(String::as_str).collect();
    let leaving = group.source_ids.iter().flatten().filter(|id| !staying.contains(id.as_str()));
    let mut assignments = Assignments::new(view, now);
    for former in leaving.filter_map(|id| view.table::<Source>().get(id)) {
        let mut record = (*former).clone();
        record.password_policies = vec![policy.clone()];
        assignments.replace(former, record);
    }
    assignments.finish()
}

fn with(first: Change, mut further: Vec<Change>) -> Vec<Change> {
    further.insert(0, first);
    further
}
