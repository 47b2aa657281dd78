//! Source apps: three lists, one app, and what changes one. What a patch may do is in `patch.rs`.

mod patch;

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::Value;

use super::{Call, Change, Done, View, collection};
use crate::auth::Session;
use crate::contract::Arguments;
use crate::fixture::{AccountSource, Application, ApplicationAccess, Source};
use crate::org::{Table, WriteOf};
use crate::prerequisites::Prerequisites;
use crate::wire::{DetailCode, Refusal, Reply};
pub(super) use patch::patch;

/// The label under which ids of apps are drawn.
const LABEL: &str = "source-app";

/// One page of the apps that people may ask for.
// Invented: which these are; documented is only that they are available for access requests.
pub(super) fn list_available(view: &View<'_>, call: &Call<'_>) -> Done {
    collection::list_visible(view, call, is_available)
}

/// How many there are of them.
pub(super) fn available_total(view: &View<'_>, arguments: &Arguments) -> usize {
    collection::total(view, arguments, Some(&is_available))
}

fn is_available(app: &Application) -> bool {
    app.enabled && app.provision_request_enabled
}

/// One page of all apps.
pub(super) fn list_all(view: &View<'_>, call: &Call<'_>) -> Done {
    collection::list::<Application>(view, call)
}

/// One page of the caller's apps: those that are enabled and on whose source the caller has an account. A token without
/// a user has none.
// Invented: which apps are the caller's.
pub(super) fn list_assigned(view: &View<'_>, call: &Call<'_>) -> Done {
    collection::list_visible(view, call, is_assigned(view, call.session))
}

/// How many there are of them.
pub(super) fn assigned_total(view: &View<'_>, arguments: &Arguments, session: Option<&Session>) -> usize {
    collection::total(view, arguments, Some(&is_assigned(view, session)))
}

fn is_assigned(view: &View<'_>, session: Option<&Session>) -> impl Fn(&Application) -> bool + use<> {
    let caller = session.and_then(|session| session.identity_id.as_deref());
    let accounts = caller.map(|caller| view.own_accounts(caller)).unwrap_or_default();
    let sources: Vec<String> = accounts.iter().map(|account| account.source_id.clone()).collect();
    move |app| app.enabled && sources.contains(&app.account_source.id)
}

/// One app.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<Application>().rendered(&call.route.id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// A new app: 200, not 201, as documented. What else it has is given to it by a patch.
pub(super) fn create(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let body = &call.arguments.body;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let account_source = account_source(view, call.prerequisites, &text(&body["accountSource"]["id"]))?;
    let (id, nth) = view.next_hex_id(LABEL, |id| view.table::<Application>().contains(id));
    let mut app = Application {
        id,
        name: text(&body["name"]),
        description: text(&body["description"]),
        match_all_accounts: body["matchAllAccounts"].as_bool().unwrap_or(false),
        app_center_enabled: true,
        account_source,
        ..Application::default()
    };
    app.complete(call.now);
    let rendered = Table::render(&app);
    let reply = Reply::json(StatusCode::OK, rendered.clone());
    let write = WriteOf::Create { record: app, rendered, made: Some((LABEL, nth)) };
    Ok(Done::new(reply, vec![Change::record(write)]))
}

/// The app goes, and is returned as it was.
/// Differs: the vendor lists no 404 here; what it answers for an unknown id is not known.
pub(super) fn delete(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let id = &call.route.id;
    let former = view.table::<Application>().get(id).ok_or(Refusal::NotFound)?;
    check_needed(view, call.prerequisites, &former, "be deleted")?;
    let reply = Reply::json(StatusCode::OK, Table::render(&*former));
    let mut changes = vec![Change::record(WriteOf::Delete { former })];
    if let Some(former) = view.table::<ApplicationAccess>().get(id) {
        changes.push(Change::record(WriteOf::Delete { former }));
    }
    Ok(Done::new(reply, changes))
}

/// What an app says of its source.
fn account_source(view: &View<'_>, prerequisites: Prerequisites, id: &str) -> Result<AccountSource, Refusal> {
    if id.is_empty() {
        return Err(Refusal::missing("accountSource.id"));
    }
    match view.table::<Source>().get(id) {
        Some(source) => Ok(AccountSource::to(&source)),
        None if prerequisites == Prerequisites::Ignore => Ok(AccountSource::unknown(id)),
        None => Err(Refusal::unknown_reference("source", id, "accountSource.id")),
    }
}

/// Whether an app may stop being one that uses its source for password management: a source of a group that people sign
/// in with needs one.
// Invented: that the API says so here, and the text. It is what a source is told that would be such a one.
fn check_needed(
    view: &View<'_>,
    prerequisites: Prerequisites,
    app: &Application,
    what: &str,
) -> Result<(), Refusal> {
    let source = &app.account_source;
    let signs_in = |source: Arc<Source>| source.has_feature(Source::AUTHENTICATE);
    let is_needed = prerequisites == Prerequisites::Enforce
        && view.links().is_only_application(&app.id, &source.id)
        && view.table::<Source>().get(&source.id).is_some_and(signs_in);
    let Some(group) = is_needed.then(|| view.group_of(&source.id)).flatten() else { return Ok(()) };
    let group = group.name.as_deref().unwrap_or(&group.id);
    let text = format!(
        "The \"{}\" source app can't {what} because the \"{}\" source, which people sign in with, has no other and is in \
         the password sync group \"{group}\".",
        app.name, source.name
    );
    Err(Refusal::bad_request(DetailCode::InUse, text))
}
