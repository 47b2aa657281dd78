//! What operations do, a file or folder per resource. A handler gets a request that was allowed, counted, routed and
//! checked. It looks at a [`View`] of the organisation and decides: a reply and changes, or a refusal. It changes
//! nothing; the tenant applies what was decided, unless it was only a rehearsal.

mod accounts;
mod assignment;
mod change;
mod collection;
mod identities;
mod oauth;
mod password_dictionary;
pub(crate) mod password_management;
mod password_org_config;
mod password_policies;
mod password_sync_groups;
mod patch;
mod platform;
mod source_apps;
mod sources;
mod total;

use std::sync::Arc;

use serde_json::Value;

use crate::auth::{Auth, Session};
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::{Arguments, Contract, Route};
use crate::crypt::{Decrypted, KeyRing};
use crate::fixture::{Account, Group, Identity, PasswordPolicy};
use crate::journal::RequestContext;
use crate::operation::Operation;
use crate::org::{Kept, Links, Organisation, Past, TableView};
use crate::prerequisites::Prerequisites;
use crate::wire::{BaseUrl, Refusal, Reply};
pub(crate) use change::{Change, Job};
pub(crate) use total::total;

/// What a handler is given.
pub(crate) struct Call<'a> {
    /// Where the request led.
    pub(crate) route: &'a Route<'a>,
    /// What requests must keep, and what a JSON Patch may make of a record.
    pub(crate) contract: &'a Contract,
    /// What it asks for, in types.
    pub(crate) arguments: Arguments,
    /// Who asks; `None` where no token is asked for.
    pub(crate) session: Option<&'a Session>,
    /// The request itself.
    pub(crate) context: &'a RequestContext<'a>,
    /// What the client calls the base URL.
    pub(crate) base_url: BaseUrl<'a>,
    /// Whether the service's prerequisites are enforced.
    pub(crate) prerequisites: Prerequisites,
    /// How long a token lives when its client has no lifetime of its own.
    pub(crate) token_lifetime: std::time::Duration,
    /// How long the platform takes to change a password.
    pub(crate) password_change_time: std::time::Duration,
    /// The keys with which clients encrypt passwords.
    pub(crate) keys: &'a KeyRing,
    /// The password that the request brings, decrypted.
    pub(crate) decrypted: Decrypted,
    /// The exchange's number.
    pub(crate) nth: u64,
    /// The tenant's time.
    pub(crate) now: Timestamp,
}

/// What a handler sees: the organisation as it is or, for a stale read, as it was.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) organisation: &'a Organisation,
    /// Clients and tokens.
    pub(crate) auth: &'a Auth,
    /// Where ids come from.
    pub(crate) chance: Chance,
    /// How often the key with which clients encrypt passwords was rotated.
    pub(crate) key_rotations: u64,
    /// The time that a read goes back to, if it is stale.
    pub(crate) past: Option<Past<'a>>,
}

impl<'a> View<'a> {
    /// The table of a kind of record.
    pub(crate) fn table<R: Kept>(&self) -> TableView<'a, R> {
        self.organisation.table::<R>().view(self.past)
    }

    /// What follows from the tables.
    pub(crate) fn links(&self) -> &'a Links {
        self.organisation.links()
    }

    /// The group that a source is in; of several, where prerequisites are ignored, the oldest.
    pub(crate) fn group_of(&self, source_id: &str) -> Option<Arc<Group>> {
        let groups = self.table::<Group>();
        // What follows from the tables is kept for the present alone.
        if self.past.is_none() {
            if let Some(id) = self.links().group_of(source_id) {
                return groups.get(id);
            }
            if self.links().are_sources_kept_apart() {
                return None;
            }
        }
        let has = |group: &Group| group.source_ids.iter().flatten().any(|id| id == source_id);
        groups.iter().find(|group| has(group)).map(Arc::clone)
    }

    /// An identity's accounts, in the order of creation.
    pub(crate) fn own_accounts(&self, identity_id: &str) -> Vec<Arc<Account>> {
        let accounts = self.table::<Account>();
        if self.past.is_none() {
            let ids = self.links().accounts_of(identity_id);
            return ids.iter().filter_map(|id| accounts.get(id)).collect();
        }
        // Some of them may be gone by now. Reading every account would take long, and its text tells whose it is not.
        let id = Value::from(identity_id).to_string();
        let mentions = |text: &[u8]| text.windows(id.len()).any(|part| part == id.as_bytes());
        let likely =
            accounts.rows().filter(|row| mentions(row.rendered())).map(|row| Arc::clone(row.typed()));
        likely.filter(|account| account.identity_id.as_deref() == Some(identity_id)).collect()
    }

    /// The identities that sign in by this name, in any case.
    pub(crate) fn identities_named(&self, user_name: &str) -> Vec<Arc<Identity>> {
        let ids = self.links().identities_named(user_name);
        ids.iter().filter_map(|id| self.table::<Identity>().get(id)).collect()
    }

    /// The id of the next record drawn under `label`, a dashed UUID, and its number among these, from 1.
    fn next_id(&self, label: &'static str, is_taken: impl Fn(&str) -> bool) -> (String, u64) {
        self.next(label, |nth| self.chance.uuid(label, nth).to_string(), is_taken)
    }

    /// The same, of 32 hexadecimal digits.
    fn next_hex_id(&self, label: &'static str, is_taken: impl Fn(&str) -> bool) -> (String, u64) {
        self.next(label, |nth| self.chance.hex(label, nth), is_taken)
    }

    fn next(
        &self,
        label: &'static str,
        draw: impl Fn(u64) -> String,
        is_taken: impl Fn(&str) -> bool,
    ) -> (String, u64) {
        let mut nth = self.organisation.made(label);
        loop {
            nth += 1;
            let id = draw(nth);
            if !is_taken(&id) {
                return (id, nth);
            }
        }
    }
}

/// A decision.
#[derive(Debug)]
pub(crate) struct Done {
    /// The answer.
    pub(crate) reply: Reply,
    /// The changes.
    pub(crate) changes: Vec<Change>,
    /// What only the journal and the log say.
    pub(crate) remarks: Vec<String>,
}

impl Done {
    /// An answer, and what changes.
    pub(crate) fn new(reply: Reply, changes: Vec<Change>) -> Self {
        Self { reply, changes, remarks: Vec::new() }
    }
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Self {
        Self::new(reply, Vec::new())
    }
}

/// When a record is modified that was last modified at `former`: now, but a millisecond later at least.
fn next_moment(former: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let earliest = former.map(|at| Timestamp::from_millis(at.as_millis() + 1));
    earliest.map_or(now, |earliest| now.max(earliest))
}

/// What an operation computes before the tenant is looked at, because it takes long: a key pair that is not made yet, and
/// a password that is decrypted.
pub(crate) fn compute(operation: Operation, body: &Value, keys: &KeyRing, rotations: u64) -> Decrypted {
    match operation {
        Operation::QueryPasswordInfo => {
            keys.pair(rotations);
            Decrypted::default()
        }
        Operation::SetPassword => password_management::decrypt(body, keys),
        _ => Decrypted::default(),
    }
}

/// Whether a token whose scopes and user are good enough may call an operation, whatever it asks for. What depends on
/// what is asked for, such as whose password is changed, its handler decides.
pub(crate) fn permit(route: &Route<'_>, session: &Session) -> Result<(), Refusal> {
    if password_management::keeps_out(route, session) {
        return Err(Refusal::Forbidden.because("in beta only tokens without a user may ask"));
    }
    Ok(())
}

/// Decides an operation.
pub(crate) fn decide(view: &View<'_>, call: Call<'_>) -> Result<Done, Refusal> {
    match call.route.operation {
        Operation::GetPasswordSyncGroups => Ok(collection::list::<Group>(view, &call)),
        Operation::CreatePasswordSyncGroup => password_sync_groups::create(view, call),
        Operation::GetPasswordSyncGroup => password_sync_groups::get(view, &call),
        Operation::UpdatePasswordSyncGroup => password_sync_groups::update(view, call),
        Operation::DeletePasswordSyncGroup => password_sync_groups::delete(view, &call),
        Operation::ListSources => sources::list(view, &call),
        Operation::CreateSource => sources::create(view, call),
        Operation::GetSource => sources::get(view, &call),
        Operation::PutSource => sources::put(view, call),
        Operation::UpdateSource => sources::patch(view, call),
        Operation::DeleteSource => sources::delete(view, &call),
        Operation::ListPasswordPolicyHoldersOnSource => sources::list_holders(view, &call),
        Operation::UpdatePasswordPolicyHolders => sources::update_holders(view, call),
        Operation::ListPasswordPolicies => Ok(collection::list::<PasswordPolicy>(view, &call)),
        Operation::CreatePasswordPolicy => password_policies::create(view, call),
        Operation::GetPasswordPolicyById => password_policies::get(view, &call),
        Operation::SetPasswordPolicy => password_policies::set(view, call),
        Operation::DeletePasswordPolicy => password_policies::delete(view, &call),
        Operation::GetPasswordOrgConfig => Ok(password_org_config::get(view)),
        Operation::CreatePasswordOrgConfig => password_org_config::create(view, &call),
        Operation::PutPasswordOrgConfig => password_org_config::put(view, &call),
        Operation::GetPasswordDictionary => password_dictionary::get(view),
        Operation::PutPasswordDictionary => password_dictionary::put(view, &call),
        Operation::ListAvailableSources => Ok(password_sync_groups::list_available_sources(view, &call)),
        Operation::ListAccounts => Ok(accounts::list(view, &call)),
        Operation::GetAccount => accounts::get(view, &call),
        Operation::ListIdentities => Ok(identities::list(view, &call)),
        Operation::GetIdentity => identities::get(view, &call),
        Operation::GetPublicIdentities => Ok(identities::list_public(view, &call)),
        Operation::ListAvailableSourceApps => Ok(source_apps::list_available(view, &call)),
        Operation::ListAllSourceApp => Ok(source_apps::list_all(view, &call)),
        Operation::ListAssignedSourceApp => Ok(source_apps::list_assigned(view, &call)),
        Operation::CreateSourceApp => source_apps::create(view, &call),
        Operation::GetSourceApp => source_apps::get(view, &call),
        Operation::PatchSourceApp => source_apps::patch(view, call),
        Operation::DeleteSourceApp => source_apps::delete(view, &call),
        Operation::QueryPasswordInfo => password_management::query(view, &call),
        Operation::SetPassword => password_management::set(view, &call),
        Operation::GetPasswordChangeStatus => password_management::status(view, &call),
        Operation::CreateDigitToken => password_management::create_digits(view, &call),
        Operation::Token => oauth::token(view, &call),
        Operation::OauthInfo => Ok(oauth::info(view, &call)),
    }
}
