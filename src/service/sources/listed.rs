//! The list of sources: whose they are, and the platform's own source, which is listed only where it is asked for.

use hyper::StatusCode;
use hyper::header::HeaderName;

use super::super::{Call, Done, View};
use crate::auth::Session;
use crate::fixture::Source;
use crate::wire::{Refusal, Reply};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The user level whose holders look after some of the sources.
const SUBADMIN: &str = "SOURCE_SUBADMIN";
/// The user levels that see all sources.
const HIGHER: [&str; 3] = ["ORG_ADMIN", "SOURCE_ADMIN", "ROLE_SUBADMIN"];

/// One page, in the order of creation.
pub(in super::super) fn list(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let sources = view.table::<Source>();
    let (offset, limit) = (call.checked.integer("offset"), call.checked.integer("limit"));
    let (page, total) = match owner_asked_for(call)? {
        None => (sources.page(offset, limit), sources.len()),
        Some(owner) => {
            sources.page_of(offset, limit, |source| source.owner.as_ref().is_some_and(|own| own.id == owner))
        }
    };
    let reply = Reply::json(StatusCode::OK, page);
    let is_counted = call.checked.boolean("count");
    Ok(if is_counted { reply.with(TOTAL_COUNT, total).into() } else { reply.into() })
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
