//! How long the list behind an operation is, which tells a page past its end from one within it.

use super::{View, collection, identities, source_apps, sources};
use crate::auth::Session;
use crate::contract::Arguments;
use crate::fixture::{Account, Application, Group, Identity, PasswordPolicy};
use crate::operation::Operation;

/// How many entries a caller sees behind an operation that lists them page by page, below the record with this id and as
/// the request filters them, or enough of them to know that there are more than it skips; `None` for the others, and where
/// the caller sees no list.
pub(crate) fn total(
    view: &View<'_>,
    operation: Operation,
    id: &str,
    arguments: &Arguments,
    session: Option<&Session>,
) -> Option<usize> {
    match operation {
        Operation::GetPasswordSyncGroups => Some(collection::total::<Group>(view, arguments, None)),
        Operation::ListSources => sources::total(view, arguments, session),
        Operation::ListPasswordPolicies => Some(collection::total::<PasswordPolicy>(view, arguments, None)),
        Operation::ListPasswordPolicyHoldersOnSource => Some(sources::holders_total(view, id)),
        Operation::ListAccounts => Some(collection::total::<Account>(view, arguments, None)),
        Operation::ListIdentities => Some(collection::total::<Identity>(view, arguments, None)),
        Operation::GetPublicIdentities => Some(identities::public_total(view, arguments)),
        Operation::ListAvailableSourceApps => Some(source_apps::available_total(view, arguments)),
        Operation::ListAllSourceApp => Some(collection::total::<Application>(view, arguments, None)),
        Operation::ListAssignedSourceApp => Some(source_apps::assigned_total(view, arguments, session)),
        // The others by name, so that a new operation is decided about here too.
        Operation::CreatePasswordSyncGroup
        | Operation::GetPasswordSyncGroup
        | Operation::UpdatePasswordSyncGroup
        | Operation::DeletePasswordSyncGroup
        | Operation::CreateSource
        | Operation::GetSource
        | Operation::PutSource
        | Operation::UpdateSource
        | Operation::DeleteSource
        | Operation::UpdatePasswordPolicyHolders
        | Operation::CreatePasswordPolicy
        | Operation::GetPasswordPolicyById
        | Operation::SetPasswordPolicy
        | Operation::DeletePasswordPolicy
        | Operation::GetPasswordOrgConfig
        | Operation::CreatePasswordOrgConfig
        | Operation::PutPasswordOrgConfig
        | Operation::GetPasswordDictionary
        | Operation::PutPasswordDictionary
        | Operation::ListAvailableSources
        | Operation::GetAccount
        | Operation::GetIdentity
        | Operation::CreateSourceApp
        | Operation::GetSourceApp
        | Operation::PatchSourceApp
        | Operation::DeleteSourceApp
        | Operation::QueryPasswordInfo
        | Operation::SetPassword
        | Operation::GetPasswordChangeStatus
        | Operation::CreateDigitToken
        | Operation::Token
        | Operation::OauthInfo => None,
    }
}
