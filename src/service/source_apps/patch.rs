//! A patch of a source app: JSON Patch on the app with its access profiles, which the reply shows and nothing else does.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::Value;

use super::super::patch::patched;
use super::super::{Call, Change, Done, View, next_moment};
use super::{account_source, check_needed};
use crate::document::from_json;
use crate::fixture::{Application, ApplicationAccess, Identity, IdentityReference};
use crate::org::{Table, WriteOf};
use crate::prerequisites::Prerequisites;
use crate::wire::{DetailCode, Refusal, Reply};

/// Fields that a patch cannot change.
const FIXED: [&str; 4] = ["id", "cloudAppId", "created", "modified"];
/// What only a patch shows.
const ACCESS_PROFILES: &str = "accessProfiles";

/// Changes an app. `modified` moves on, by a millisecond at least, where anything is another than before.
pub(in super::super) fn patch(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let id = &call.route.id;
    let former = view.table::<Application>().get(id).ok_or(Refusal::NotFound)?;
    let former_access = view.table::<ApplicationAccess>().get(id);
    let mut before = serde_json::to_value(&*former).expect("an app can be written as JSON");
    before[ACCESS_PROFILES] =
        former_access.as_ref().map_or_else(Vec::new, |access| access.access_profiles.clone()).into();
    let mut after = patched(&before, call.arguments.body.take(), &FIXED)?;
    call.contract.check_result(call.route, &after)?;
    let access_profiles = after.as_object_mut().and_then(|members| members.shift_remove(ACCESS_PROFILES));
    let access_profiles: Vec<String> =
        access_profiles.and_then(|profiles| serde_json::from_value(profiles).ok()).unwrap_or_default();
    settle(view, &call, &former, &mut after)?;
    let mut app: Application =
        from_json(&after).map_err(|why| Refusal::bad_request(DetailCode::IllegalValue, why))?;
    if app.account_source.id != former.account_source.id {
        check_needed(view, call.prerequisites, &former, "move to another source")?;
    } else if !app.account_source.use_for_password_management {
        check_needed(view, call.prerequisites, &former, "stop being used for password management")?;
    }
    let of_access = access_change(id, former_access, access_profiles.clone());
    let is_changed = app != *former || of_access.is_some();
    if is_changed {
        app.modified = Some(next_moment(former.modified, call.now));
    }
    let mut shown = serde_json::to_value(&app).expect("an app can be written as JSON");
    shown[ACCESS_PROFILES] = access_profiles.into();
    let mut changes = Vec::new();
    if is_changed {
        let rendered = Table::render(&app);
        changes.push(Change::record(WriteOf::Replace { former, record: app, rendered }));
    }
    changes.extend(of_access);
    Ok(Done::new(Reply::json(StatusCode::OK, shown.to_string()), changes))
}

/// Has a patched app keep the service's rules, and say of its source and its owner what follows from these.
fn settle(view: &View<'_>, call: &Call<'_>, former: &Application, after: &mut Value) -> Result<(), Refusal> {
    for (field, before) in [("name", &former.name), ("description", &former.description)] {
        let is_blank = after[field].as_str().is_none_or(|text| text.trim().is_empty());
        if is_blank && after[field] != **before {
            return Err(Refusal::missing(field));
        }
    }
    let owner = owner(view, call.prerequisites, former, &after["owner"])?;
    after["owner"] = serde_json::to_value(owner).expect("a reference can be written as JSON");
    let source_id = after["accountSource"]["id"].as_str().unwrap_or_default().to_owned();
    let mut source = former.account_source.clone();
    if source_id == source.id {
        let manages = after["accountSource"]["useForPasswordManagement"].as_bool();
        source.use_for_password_management = manages.unwrap_or(source.use_for_password_management);
    } else {
        source = account_source(view, call.prerequisites, &source_id)?;
    }
    after["accountSource"] = serde_json::to_value(source).expect("a reference can be written as JSON");
    Ok(())
}

/// The owner of a patched app, by the id that the patch gave it.
fn owner(
    view: &View<'_>,
    prerequisites: Prerequisites,
    former: &Application,
    after: &Value,
) -> Result<Option<IdentityReference>, Refusal> {
    let id = after["id"].as_str().unwrap_or_default();
    match &former.owner {
        None if after.is_null() => Ok(None),
        Some(owner) if owner.id == id => Ok(Some(owner.clone())),
        _ if id.is_empty() => Err(Refusal::missing("owner")),
        _ => match view.table::<Identity>().get(id) {
            Some(identity) => Ok(Some(IdentityReference::to(&identity))),
            None if prerequisites == Prerequisites::Ignore => Ok(Some(IdentityReference::unknown(id))),
            None => Err(Refusal::unknown_reference("identity", id, "owner.id")),
        },
    }
}

/// What happens to the record of an app's access profiles; there is none where there are none.
fn access_change(
    id: &str,
    former: Option<Arc<ApplicationAccess>>,
    access_profiles: Vec<String>,
) -> Option<Change> {
    let record = ApplicationAccess { id: id.to_owned(), access_profiles };
    let rendered = Table::render(&record);
    Some(Change::record(match (former, record.access_profiles.is_empty()) {
        (None, true) => return None,
        (Some(former), false) if *former == record => return None,
        (Some(former), true) => WriteOf::Delete { former },
        (Some(former), false) => WriteOf::Replace { former, record, rendered },
        (None, false) => WriteOf::Create { record, rendered, made: None },
    }))
}
