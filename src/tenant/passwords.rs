//! The truth about passwords, for operators: whose accounts have the same one, whether one is right, and a change as a
//! person makes it in the service's own pages. A password itself is never shown.

use std::sync::Arc;

use serde::Serialize;

use super::{Tenant, TenantState};
use crate::clock::Timestamp;
use crate::crypt::PasswordDigest;
use crate::document::{Limit, nearest, record, shown};
use crate::fixture::{Account, ChangeState, Credential, Group, Identity, Outcome, PasswordChange, Source};
use crate::service::View;
use crate::service::password_management::{self, ChangeRequest};

record! {
    derive(Eq)
    /// A password that may be right.
    pub struct PasswordCheck as "passwordCheck" {
        /// The name that its owner signs in with.
        pub user_name: String = required("userName") within Limit::NotEmpty,
        /// The source, by id or name.
        pub source: String = required("source") within Limit::NotEmpty,
        /// Which account, by id or by what the source calls it; needed where its owner has several there.
        pub account_id: Option<String> = nullable("accountId"),
        /// The password.
        pub password: String = required("password"),
    }
}

record! {
    derive(Eq)
    /// A password change, as a person makes it in the service's own pages.
    pub struct PasswordChangeRequest as "passwordChangeRequest" {
        /// The name that its owner signs in with.
        pub user_name: String = required("userName") within Limit::NotEmpty,
        /// The source, by id or name; all of its group changes.
        pub source: Option<String> = nullable("source"),
        /// The group, by id or name; this or `source`.
        pub group: Option<String> = nullable("group"),
        /// Which account, by id or by what the source calls it; with `source` only, and needed where its owner has several there.
        pub account_id: Option<String> = nullable("accountId"),
        /// The new password.
        pub password: String = required("password"),
    }
}

/// Who has which accounts, and which of these have the same password.
#[derive(Debug, Serialize)]
pub struct PasswordsReport {
    /// In the order of creation.
    pub identities: Vec<IdentityPasswords>,
}

/// The accounts of one identity.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityPasswords {
    /// The name to sign in with.
    pub user_name: String,
    /// Its accounts.
    pub accounts: Vec<AccountPassword>,
}

/// What is known of the password of one account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPassword {
    /// The source's name.
    pub source: String,
    /// What the source calls the account.
    pub account_id: String,
    /// When the password was last changed here.
    pub changed: Option<Timestamp>,
    /// A letter; accounts of one identity with the same letter have the same password. `null` when it is not known.
    pub same: Option<String>,
}

/// How a change that an operator began stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChangeReport {
    /// What its status is asked for by.
    pub request_id: String,
    /// How it stands.
    pub state: ChangeState,
    /// A line for each source on which its owner has an account.
    pub results: Vec<SourceOutcome>,
}

/// How a change stands on one source.
#[derive(Debug, Serialize)]
pub struct SourceOutcome {
    /// The source's name.
    pub source: String,
    /// How it stands.
    pub outcome: Outcome,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Tenant {
    /// Who has which accounts, and which of these have the same password.
    pub fn passwords(&self, wall: Timestamp) -> PasswordsReport {
        let state = self.enter(wall);
        let view = state.view(None);
        let identities = view.table::<Identity>();
        PasswordsReport {
            identities: identities.iter().map(|identity| of_identity(&view, identity)).collect(),
        }
    }

    /// Whether a password is right.
    pub fn check_password(&self, check: &PasswordCheck, wall: Timestamp) -> Result<bool, String> {
        let state = self.enter(wall);
        let view = state.view(None);
        let identity = identity(&view, &check.user_name)?;
        let source = source(&view, &check.source)?;
        let account = account(&view, &identity, &source, check.account_id.as_deref())?;
        let kept = view.table::<Credential>().get(&account.id).and_then(|kept| kept.password_digest.clone());
        let digest = PasswordDigest::of(&identity.id, &check.password).into_text();
        Ok(kept == Some(digest))
    }

    /// Begins a password change as a person does in the service's own pages. Fails when something that it names does not
    /// exist; a password that the policy refuses is a change that has failed.
    pub fn change_password(
        &self,
        request: &PasswordChangeRequest,
        wall: Timestamp,
    ) -> Result<PasswordChangeReport, String> {
        let state = &mut *self.enter(wall);
        let now = state.clock.now(wall);
        let begun = self.begun(state, request, now)?;
        let report = report(&state.view(None), &begun.record);
        state.apply(begun.changes, &Arc::default(), 0, now);
        Ok(report)
    }

    fn begun(
        &self,
        state: &TenantState,
        request: &PasswordChangeRequest,
        now: Timestamp,
    ) -> Result<password_management::Begun, String> {
        let view = state.view(None);
        let identity = identity(&view, &request.user_name)?;
        let (group, named) = match (&request.source, &request.group) {
            (Some(name), None) => {
                let source = source(&view, name)?;
                if !source.has_feature(Source::PASSWORD) {
                    return Err(format!(
                        "source `{name}` does not have the feature PASSWORD; expected one whose passwords are managed"
                    ));
                }
                let account = account(&view, &identity, &source, request.account_id.as_deref())?;
                (view.group_of(&source.id), vec![account])
            }
            (None, Some(_)) if request.account_id.is_some() => {
                return Err("`accountId` and `group`; expected `accountId` with `source`: all accounts on a group's sources change".to_owned());
            }
            (None, Some(name)) => {
                let group = group(&view, name)?;
                let accounts = first_accounts(&view, &identity, &group);
                if accounts.is_empty() {
                    return Err(format!(
                        "`{}` has no account on a source of group `{name}`; expected someone who has",
                        identity.user_name
                    ));
                }
                (Some(group), accounts)
            }
            _ => return Err("expected `source` or `group`, and only one of the two".to_owned()),
        };
        let asked = ChangeRequest {
            identity_id: &identity.id,
            source_id: &named[0].source_id,
            group: group.as_deref(),
            client: None,
            now,
            duration: self.options.password_change_time,
        };
        let accounts: Vec<&Account> = named.iter().map(|account| &**account).collect();
        Ok(password_management::begin(&view, &asked, &accounts, &request.password))
    }
}

fn of_identity(view: &View<'_>, identity: &Identity) -> IdentityPasswords {
    let ids = view.links().accounts_of(&identity.id);
    let mut known: Vec<String> = Vec::new();
    let accounts = ids.iter().filter_map(|id| view.table::<Account>().get(id));
    // The account on the platform itself is told of where anything is known of its password.
    let on_platform = View::account_on_platform(identity);
    let is_known = |account: &Account| view.table::<Credential>().contains(&account.id);
    let accounts = accounts.chain(Some(Arc::new(on_platform)).filter(|account| is_known(account)));
    let accounts = accounts.map(|account| {
        let kept = view.table::<Credential>().get(&account.id);
        let digest = kept.as_ref().and_then(|kept| kept.password_digest.clone());
        let place = digest.map(|digest| {
            known.iter().position(|other| *other == digest).unwrap_or_else(|| {
                known.push(digest);
                known.len() - 1
            })
        });
        AccountPassword {
            source: name_of(view, &account.source_id),
            account_id: account.native_identity.clone(),
            changed: kept.and_then(|kept| kept.changed),
            same: place.map(letters),
        }
    });
    let accounts = accounts.collect();
    IdentityPasswords { user_name: identity.user_name.clone(), accounts }
}

/// 0 as `a`, 25 as `z`, 26 as `aa`.
fn letters(mut place: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(b'a' + u8::try_from(place % 26).unwrap_or_default());
        match (place / 26).checked_sub(1) {
            Some(rest) => place = rest,
            None => break,
        }
    }
    letters.reverse();
    String::from_utf8(letters).unwrap_or_default()
}

fn report(view: &View<'_>, change: &PasswordChange) -> PasswordChangeReport {
    let of_account = change.accounts.iter().map(|account| SourceOutcome {
        source: name_of(view, &account.source_id),
        outcome: account.outcome,
        error: account.error.clone(),
    });
    // What failed before any account was looked at failed for all of them.
    let refused = change.errors.first().filter(|_| change.accounts.is_empty());
    let of_source = refused.into_iter().flat_map(|error| {
        change.source_ids.iter().map(|id| SourceOutcome {
            source: name_of(view, id),
            outcome: Outcome::Failed,
            error: Some(error.clone()),
        })
    });
    PasswordChangeReport {
        request_id: change.id.clone(),
        state: change.state,
        results: of_account.chain(of_source).collect(),
    }
}

fn name_of(view: &View<'_>, source_id: &str) -> String {
    let source = view.any_source(source_id);
    source.map_or_else(|| source_id.to_owned(), |source| source.name.clone())
}

fn identity(view: &View<'_>, user_name: &str) -> Result<Arc<Identity>, String> {
    let found = view.identities_named(user_name);
    found.into_iter().next().ok_or_else(|| {
        format!(
            "userName {}: nobody signs in by that name; expected one that `GET /_sim/passwords` lists",
            shown(user_name)
        )
    })
}

fn source(view: &View<'_>, id_or_name: &str) -> Result<Arc<Source>, String> {
    let by_name = || view.sources_named(id_or_name).into_iter().next();
    let found = view.any_source(id_or_name).or_else(by_name);
    found.ok_or_else(|| {
        let names: Vec<_> = view.table::<Source>().iter().map(|source| source.name.clone()).collect();
        nowhere("source", id_or_name, names.iter().map(String::as_str))
    })
}

fn group(view: &View<'_>, id_or_name: &str) -> Result<Arc<Group>, String> {
    let groups = view.table::<Group>();
    let by_name = || groups.iter().find(|group| group.name.as_deref() == Some(id_or_name)).map(Arc::clone);
    let found = groups.get(id_or_name).or_else(by_name);
    found.ok_or_else(|| {
        let names: Vec<_> = groups.iter().filter_map(|group| group.name.clone()).collect();
        nowhere("group", id_or_name, names.iter().map(String::as_str))
    })
}

/// A source or a group that is not there, and the one that may be meant.
fn nowhere<'a>(what: &str, given: &str, names: impl Iterator<Item = &'a str>) -> String {
    let meant = nearest(given, names).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    let given = shown(given);
    format!("{what} {given} does not exist; expected the id or the name of one that does{meant}")
}

/// The account that is meant on a source.
fn account(
    view: &View<'_>,
    identity: &Identity,
    source: &Source,
    named: Option<&str>,
) -> Result<Arc<Account>, String> {
    let (who, place) = (&identity.user_name, &source.name);
    let mut accounts = view.accounts_of(&identity.id, &source.id);
    let ids: Vec<_> = accounts.iter().map(|account| account.native_identity.clone()).collect();
    if let Some(named) = named {
        accounts.retain(|account| account.id == named || account.native_identity == named);
        return accounts.pop().ok_or_else(|| {
            format!(
                "accountId {}: no account of `{who}` on {place}; expected one of {}",
                shown(named),
                ids.join(", ")
            )
        });
    }
    match accounts.len() {
        0 => Err(format!("`{who}` has no account on {place}; expected someone who has")),
        1 => Ok(accounts.remove(0)),
        count => Err(format!(
            "`{who}` has {count} accounts on {place}; expected `accountId`, one of {}",
            ids.join(", ")
        )),
    }
}

/// The accounts of an identity on the first source of a group where it has any whose passwords are managed.
fn first_accounts(view: &View<'_>, identity: &Identity, group: &Group) -> Vec<Arc<Account>> {
    let is_managed =
        |id: &&String| view.any_source(id).is_some_and(|source| source.has_feature(Source::PASSWORD));
    let members = group.source_ids.iter().flatten().filter(is_managed);
    let accounts = members.map(|id| view.accounts_of(&identity.id, id));
    accounts.into_iter().find(|accounts| !accounts.is_empty()).unwrap_or_default()
}
