//! What the service's documentation requires of a group: a known policy, and sources each of which is known, is
//! connected directly, has the feature `PASSWORD` and no policy for some people only, has an application if users sign in
//! with it (feature `AUTHENTICATE`), and is in no other group. That there are two sources and a name is checked by the contract.

use crate::fixture::{ConnectionType, Group, PasswordPolicy, PolicyHolders, Source};
use crate::org::TableView;
use crate::service::View;
use crate::wire::refusal::unknown_reference;
use crate::wire::{DetailCode, Refusal};

/// How many mistakes in a group are reported.
const MOST_MISTAKES: usize = 50;

// Invented: the texts below, and that the API enforces what the documentation and the user interface ask
// for. The codes are the ones other parts of the service use for such mistakes.

/// Whether `group` may be created or changed as requested.
pub(super) fn check(view: &View<'_>, group: &Group) -> Result<(), Refusal> {
    let exceptions = view.table::<PolicyHolders>();
    // Rare, so nobody looks for any where there are none.
    let exceptions = (!exceptions.is_empty()).then_some(&exceptions);
    let members = group.source_ids.iter().flatten().enumerate();
    let members = members.filter_map(|member| source_mistake(view, member, &group.id, exceptions));
    let mut mistakes = policy_mistake(view, group).into_iter().chain(members).take(MOST_MISTAKES);
    match mistakes.next() {
        None => Ok(()),
        Some((code, text)) => Err(Refusal::BadRequest {
            code,
            text,
            further: mistakes.map(|(_, text)| text).collect(),
            aside: None,
        }),
    }
}

fn policy_mistake(view: &View<'_>, group: &Group) -> Option<(DetailCode, String)> {
    let id = group.password_policy_id.as_deref().unwrap_or_default();
    if view.table::<PasswordPolicy>().contains(id) {
        return None;
    }
    Some(unknown_reference("password policy", id, "passwordPolicyId"))
}

fn source_mistake(
    view: &View<'_>,
    (place, id): (usize, &String),
    group_id: &str,
    exceptions: Option<&TableView<'_, PolicyHolders>>,
) -> Option<(DetailCode, String)> {
    let Some(source) = view.table::<Source>().get(id) else {
        let field = if id.trim().is_empty() { format!("sourceIds[{place}]") } else { "sourceIds".to_owned() };
        return Some(unknown_reference("source", id, &field));
    };
    let illegal = |why: String| {
        let text = format!("Field \"sourceIds\": source \"{id}\" ({}) {why}.", source.name);
        Some((DetailCode::IllegalValue, text))
    };
    if source.connection_type != ConnectionType::Direct {
        return illegal("is not connected directly, so its passwords cannot be managed".to_owned());
    }
    if !source.has_feature(Source::PASSWORD) {
        return illegal("does not have the feature PASSWORD".to_owned());
    }
    if exceptions.is_some_and(|exceptions| exceptions.contains(id)) {
        return illegal("has a password policy for some people only (selectors)".to_owned());
    }
    if source.has_feature(Source::AUTHENTICATE) && !view.links().has_application(id) {
        return illegal("is an authentication source, but no application uses it".to_owned());
    }
    match view.links().group_of(id) {
        Some(other) if **other != *group_id => {
            illegal(format!("is already in password sync group \"{other}\""))
        }
        _ => None,
    }
}
