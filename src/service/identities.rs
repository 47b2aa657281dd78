//! Identities, and the same people as everybody may see them.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{Call, Done, View, collection};
use crate::contract::Arguments;
use crate::fixture::Identity;
use crate::org::Visible;
use crate::wire::json::{self as written, Object};
use crate::wire::{Refusal, Reply};

/// Attributes that follow from the rest of an identity, so that they are not shown once more.
const NOT_SHOWN: [&str; 5] = ["uid", "displayName", "firstname", "lastname", "email"];

/// One page of identities. `defaultFilter` makes no difference: all of them are correlated.
pub(super) fn list(view: &View<'_>, call: &Call<'_>) -> Done {
    collection::list::<Identity>(view, call)
}

/// One identity.
pub(super) fn get(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let rendered = view.table::<Identity>().rendered(&call.route.id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(StatusCode::OK, rendered).into())
}

/// One page of what everybody may see.
pub(super) fn list_public(view: &View<'_>, call: &Call<'_>) -> Done {
    collection::list_shown(view, call, publicly_visible(&call.arguments), write_public)
}

/// How many there are of them.
pub(super) fn public_total(view: &View<'_>, arguments: &Arguments) -> usize {
    collection::total(view, arguments, publicly_visible(arguments))
}

fn publicly_visible(arguments: &Arguments) -> Visible<'static, Identity> {
    let is_visible: &dyn Fn(&Identity) -> bool = &is_complete;
    arguments.boolean("add-core-filters").then_some(is_visible)
}

/// Whether an identity has all that its use in the service takes.
fn is_complete(identity: &Identity) -> bool {
    let has = |attribute: &str| !identity.attributes.get(attribute).is_none_or(Value::is_null);
    has("uid") && has("lastname") && identity.email_address.is_some()
}

fn write_public(identity: &Identity, into: &mut Vec<u8>) {
    let mut object = Object::begin(into);
    object.text("id", &identity.id).text("name", &identity.name).text("alias", &identity.user_name);
    written::value(object.member("email"), &identity.email_address);
    let status = identity.lifecycle_state.as_ref().map(|state| &state.state_name);
    written::value(object.member("status"), &status);
    object.text("identityState", identity.state());
    written::value(object.member("manager"), &identity.manager_ref);
    let shown = identity.attributes.iter().filter(|(key, _)| !NOT_SHOWN.contains(&key.as_str()));
    let attributes: Vec<Value> =
        shown.map(|(key, value)| json!({ "key": key, "name": title(key), "value": text(value) })).collect();
    written::value(object.member("attributes"), &attributes);
    object.end();
}

/// What people call an attribute.
// Invented: the words of its key, as a title.
fn title(key: &str) -> String {
    let mut title = String::new();
    for c in key.chars() {
        if title.is_empty() {
            title.extend(c.to_uppercase());
        } else {
            title.extend(c.is_uppercase().then_some(' '));
            title.push(c);
        }
    }
    title
}

/// An attribute's value as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
