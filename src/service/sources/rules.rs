//! What must hold between a source and the rest of the organisation: its owner and its policies exist, a source in a
//! group stays fit for it, and one that is in use stays.

// Invented: the texts below, and that the API enforces these rules. The codes are the ones that other parts of the
// service use for such mistakes.

use super::super::View;
use crate::fixture::{ConnectionType, Group, PasswordPolicy, Source};
use crate::wire::{DetailCode, Refusal};

/// Whether a source may be created.
pub(super) fn check_new(view: &View<'_>, source: &Source) -> Result<(), Refusal> {
    check_owner(view, source)?;
    for policy in &source.password_policies {
        if !view.table::<PasswordPolicy>().contains(&policy.id) {
            return Err(Refusal::unknown_reference("password policy", &policy.id, "passwordPolicies"));
        }
    }
    if !source.password_policies.is_empty() {
        check_password(source)?;
    }
    Ok(())
}

/// Whether a source may become another.
pub(super) fn check_changed(view: &View<'_>, former: &Source, source: &Source) -> Result<(), Refusal> {
    check_owner(view, source)?;
    match group_of(view, former) {
        None => Ok(()),
        Some(group) => check_grouped(view, former, source, &group),
    }
}

/// Whether a source may go.
pub(super) fn check_deleted(view: &View<'_>, source: &Source) -> Result<(), Refusal> {
    if let Some(group) = group_of(view, source) {
        return Err(in_use(source, "be deleted", &format!("it's in the password sync group \"{group}\"")));
    }
    if view.links().applications_on(&source.id).is_empty() {
        Ok(())
    } else {
        Err(in_use(source, "be deleted", "a source app uses its accounts"))
    }
}

fn in_use(source: &Source, what: &str, why: &str) -> Refusal {
    let text = format!("The \"{}\" source can't {what} because {why}.", source.name);
    Refusal::bad_request(DetailCode::InUse, text)
}

/// Whether passwords of a source are managed.
pub(super) fn check_password(source: &Source) -> Result<(), Refusal> {
    if source.has_feature(Source::PASSWORD) {
        return Ok(());
    }
    let text = format!("Source \"{}\" ({}) does not have the feature PASSWORD.", source.id, source.name);
    Err(Refusal::bad_request(DetailCode::IllegalValue, text))
}

/// The name of the group that a source is in.
pub(super) fn group_of(view: &View<'_>, source: &Source) -> Option<String> {
    let id = view.links().group_of(&source.id)?;
    let group = view.table::<Group>().get(id)?;
    Some(group.name.clone().unwrap_or_else(|| group.id.clone()))
}

/// An owner is an identity, or the user of a client.
fn check_owner(view: &View<'_>, source: &Source) -> Result<(), Refusal> {
    let Some(owner) = &source.owner else { return Ok(()) };
    if super::asked::name_of_person(view, &owner.id).is_some() {
        return Ok(());
    }
    Err(Refusal::unknown_reference("identity", &owner.id, "owner"))
}

fn check_grouped(view: &View<'_>, former: &Source, source: &Source, group: &str) -> Result<(), Refusal> {
    let why = format!("it's in the password sync group \"{group}\"");
    let refused = |what: &str| Err(in_use(former, what, &why));
    if former.has_feature(Source::PASSWORD) && !source.has_feature(Source::PASSWORD) {
        return refused("lose the feature PASSWORD");
    }
    if former.connection_type != source.connection_type && source.connection_type == ConnectionType::File {
        return refused("become one of files");
    }
    let signs_in = !former.has_feature(Source::AUTHENTICATE) && source.has_feature(Source::AUTHENTICATE);
    if signs_in && !view.links().has_application(&former.id) {
        return refused("get the feature AUTHENTICATE without an application");
    }
    Ok(())
}
