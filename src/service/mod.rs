//! What operations do, a file or folder per resource. A handler gets a request that was allowed, counted, routed and
//! checked. It looks at a [`View`] of the organisation and decides: a reply and changes, or a refusal. It changes
//! nothing; the tenant applies what was decided, unless it was only a rehearsal.

mod assignment;
mod change;
mod collection;
mod oauth;
mod password_dictionary;
mod password_org_config;
mod password_policies;
mod password_sync_groups;
mod patch;
mod sources;

use crate::auth::{Auth, Session};
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::contract::{Checked, Contract, Route};
use crate::fixture::{Group, PasswordPolicy, Source};
use crate::journal::Asked;
use crate::operation::Operation;
use crate::org::{Kept, Links, Organisation, Past, TableView};
use crate::prerequisites::Prerequisites;
use crate::wire::{BaseUrl, Refusal, Reply};
pub(crate) use change::{Change, Job};

/// What a handler is given.
pub(crate) struct Call<'a> {
    /// Where the request led.
    pub(crate) route: &'a Route<'a>,
    /// What requests must keep, and what a JSON Patch may make of a record.
    pub(crate) contract: &'a Contract,
    /// What it asks for, in types.
    pub(crate) checked: Checked,
    /// Who asks; `None` where no token is asked for.
    #[allow(dead_code, reason = "operations about the caller use it")]
    pub(crate) session: Option<&'a Session>,
    /// The request itself.
    pub(crate) asked: &'a Asked<'a>,
    /// What the client calls the base URL.
    pub(crate) base_url: BaseUrl<'a>,
    /// Whether the service's prerequisites are enforced.
    pub(crate) prerequisites: Prerequisites,
    /// How long a token lives when its client has no lifetime of its own.
    pub(crate) token_lifetime: std::time::Duration,
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
    /// The time that a read goes back to, if it is stale.
    pub(crate) past: Option<Past<'a>>,
}

impl<'a> View<'a> {
    /// The table of a kind of record.
    pub(crate) fn table<R: Kept>(&self) -> TableView<'a, R> {
        self.organisation.table::<R>().view(self.past)
    }

    /// What follows from the tables.
    fn links(&self) -> &'a Links {
        self.organisation.links()
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
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Self {
        Self { reply, changes: Vec::new() }
    }
}

/// How many entries there are behind an operation that lists them page by page, below the record with this id; `None` for
/// the others.
pub(crate) fn total(view: &View<'_>, operation: Operation, id: &str) -> Option<usize> {
    match operation {
        Operation::GetPasswordSyncGroups => Some(view.table::<Group>().len()),
        Operation::ListSources => Some(view.table::<Source>().len()),
        Operation::ListPasswordPolicies => Some(view.table::<PasswordPolicy>().len()),
        Operation::ListPasswordPolicyHoldersOnSource => Some(sources::holders_total(view, id)),
        _ => None,
    }
}

/// When a record is modified that was last modified at `former`: now, but a millisecond later at least.
fn next_moment(former: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let earliest = former.map(|at| Timestamp::from_millis(at.as_millis() + 1));
    earliest.map_or(now, |earliest| now.max(earliest))
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
        Operation::CreatePasswordOrgConfig => password_org_config::create(view, call),
        Operation::PutPasswordOrgConfig => password_org_config::put(view, call),
        Operation::GetPasswordDictionary => password_dictionary::get(view),
        Operation::PutPasswordDictionary => password_dictionary::put(view, &call),
        Operation::Token => oauth::token(view, &call),
        Operation::OauthInfo => Ok(oauth::info(view, &call)),
    }
}
