//! The list of sources: whose they are, and the platform's own source, which is listed only where it is asked for.

use super::super::{Call, Done, View, collection, platform};
use crate::auth::Session;
use crate::contract::Arguments;
use crate::fixture::Source;
use crate::org::Visible;
use crate::wire::Refusal;

/// The user level whose holders look after some of the sources.
const SUBADMIN: &str = "SOURCE_SUBADMIN";
/// The user levels that see all sources.
const HIGHER: [&str; 3] = ["ORG_ADMIN", "SOURCE_ADMIN", "ROLE_SUBADMIN"];
/// One page, in the order of creation unless sorters say otherwise.
pub(in super::super) fn list(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let owner = owner_asked_for(&call.arguments, call.session)?;
    let is_own = |source: &Source| is_owned(source, owner.as_ref());
    let platform = call.arguments.boolean("includeIDNSource").then(platform::source);
    Ok(match (&owner, &platform) {
        (None, None) => collection::list::<Source>(view, call),
        (Some(_), None) => collection::list_visible(view, call, is_own),
        (None, Some(platform)) => collection::list_with(view, call, None, platform),
        (Some(_), Some(platform)) => {
            let is_shown = |source: &Source| source.id == platform.id || is_own(source);
            collection::list_with(view, call, Some(&is_shown), platform)
        }
    })
}

/// How many there are, on all pages; `None` where the caller is refused.
pub(in super::super) fn total(
    view: &View<'_>,
    arguments: &Arguments,
    session: Option<&Session>,
) -> Option<usize> {
    let owner = owner_asked_for(arguments, session).ok()?;
    let platform = arguments.boolean("includeIDNSource").then(platform::source);
    let is_shown = |source: &Source| {
        is_owned(source, owner.as_ref()) || platform.as_ref().is_some_and(|platform| platform.id == source.id)
    };
    let is_shown: Visible<'_, Source> = if owner.is_some() { Some(&is_shown) } else { None };
    Some(match &platform {
        None => collection::total(view, arguments, is_shown),
        Some(platform) => {
            let table = view.table::<Source>().with(platform);
            table.select(arguments.selection.as_deref(), is_shown, collection::COUNTED).total
        }
    })
}

fn is_owned(source: &Source, owner: Option<&String>) -> bool {
    source.owner.as_ref().map(|own| &own.id) == owner
}

/// The identity whose sources alone are listed; `None` for everybody's.
fn owner_asked_for(arguments: &Arguments, session: Option<&Session>) -> Result<Option<String>, Refusal> {
    let own = session.and_then(|session| session.identity_id.as_deref()).unwrap_or_default();
    let asked = arguments.text("for-subadmin").map(|asked| if asked == "me" { own } else { asked });
    if session.is_some_and(is_subadmin_only) && asked != Some(own) {
        let why = "a user with the level SOURCE_SUBADMIN must send for-subadmin=me, or its own id";
        return Err(Refusal::Forbidden.because(why));
    }
    Ok(asked.map(str::to_owned))
}

fn is_subadmin_only(session: &Session) -> bool {
    let has = |level: &str| session.authorities.iter().flatten().any(|own| own == level);
    has(SUBADMIN) && !HIGHER.into_iter().any(has)
}
