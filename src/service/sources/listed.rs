//! The list of sources: whose they are, and the platform's own source, which is listed only where it is asked for.

use super::super::collection;
use super::super::{Call, Done, View};
use crate::auth::Session;
use crate::clock::Timestamp;
use crate::fixture::Source;
use crate::wire::Refusal;

/// The user level whose holders look after some of the sources.
const SUBADMIN: &str = "SOURCE_SUBADMIN";
/// The user levels that see all sources.
const HIGHER: [&str; 3] = ["ORG_ADMIN", "SOURCE_ADMIN", "ROLE_SUBADMIN"];
/// 2026-01-01T00:00:00Z, since when the platform's own source is there.
const PLATFORM_SINCE_MILLIS: i64 = 1_767_225_600_000;

/// One page, in the order of creation unless sorters say otherwise.
pub(in super::super) fn list(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let owner = owner_asked_for(call)?;
    let is_own = |source: &Source| source.owner.as_ref().map(|own| &own.id) == owner.as_ref();
    let platform = call.checked.boolean("includeIDNSource").then(|| platform(view));
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

/// The source that stands for the platform itself.
/// Invented: everything but its name.
fn platform(view: &View<'_>) -> Source {
    let mut source = Source {
        id: view.chance.hex("platform-source", 1),
        name: "IdentityNow".to_owned(),
        connector: Some("identity-now".to_owned()),
        connector_name: Some("IdentityNow".to_owned()),
        kind: Some("IdentityNowConnector".to_owned()),
        healthy: true,
        ..Source::default()
    };
    source.complete(Timestamp::from_millis(PLATFORM_SINCE_MILLIS));
    source
}

/// The identity whose sources alone are listed; `None` for everybody's.
fn owner_asked_for(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let own = call.session.and_then(|session| session.identity_id.as_deref()).unwrap_or_default();
    let asked = call.checked.text("for-subadmin").map(|asked| if asked == "me" { own } else { asked });
    if call.session.is_some_and(is_subadmin_only) && asked != Some(own) {
        return Err(Refusal::Forbidden);
    }
    Ok(asked.map(str::to_owned))
}

fn is_subadmin_only(session: &Session) -> bool {
    let has = |level: &str| session.authorities.iter().flatten().any(|own| own == level);
    has(SUBADMIN) && !HIGHER.into_iter().any(has)
}
