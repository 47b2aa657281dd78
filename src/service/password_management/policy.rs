//! Which policy is in force for a source.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::fixture::{Identity, PasswordPolicy, PolicyHolder, PolicyHolders, Selector, Source};
use crate::org::{Table, WriteOf};
use crate::scenario::fault::TightenPolicy;
use crate::service::password_policies::updated_at;
use crate::service::{Change, View};

/// The policy of the source's group; of one that is in no group its own, for this identity; else the organisation's
/// default.
pub(super) fn in_force(
    view: &View<'_>,
    source: &Source,
    identity: Option<&Identity>,
) -> Option<Arc<PasswordPolicy>> {
    let policies = view.table::<PasswordPolicy>();
    let of_group = view.group_of(&source.id);
    let of_group = of_group.and_then(|group| policies.get(group.password_policy_id.as_deref()?));
    let own = || policies.get(&own_policy(view, source, identity)?);
    let default = || policies.iter().find(|policy| policy.default_policy).map(Arc::clone);
    of_group.or_else(own).or_else(default)
}

/// The policy that is assigned to a source: the first for people like this one, else the one for everybody.
// Invented: that the first wins, and that all its selectors must hold.
fn own_policy(view: &View<'_>, source: &Source, identity: Option<&Identity>) -> Option<String> {
    let Some(holders) = view.table::<PolicyHolders>().get(&source.id) else {
        return source.password_policies.first().map(|policy| policy.id.clone());
    };
    let selectors = |holder: &PolicyHolder| -> Vec<Selector> {
        holder.selectors.as_ref().map(|selectors| selectors.identity_attr.clone()).unwrap_or_default()
    };
    let is_for = |holder: &&PolicyHolder| {
        let selectors = selectors(holder);
        let has = |selector: &Selector| {
            let value = identity.and_then(|identity| identity.attributes.get(&selector.name));
            value.and_then(Value::as_str) == Some(&*selector.value)
        };
        !selectors.is_empty() && selectors.iter().all(has)
    };
    let for_all = || holders.holders.iter().find(|holder| selectors(holder).is_empty());
    holders.holders.iter().find(is_for).or_else(for_all).map(|holder| holder.policy_id.clone())
}

/// What changes when the policy in force for the source and the person that a call names asks for these fields from now on.
pub(crate) fn tighten(
    view: &View<'_>,
    body: &[u8],
    fields: &TightenPolicy,
    now: Timestamp,
) -> Option<Change> {
    let body = serde_json::from_slice(body).ok()?;
    let former = of_call(view, &body)?;
    let mut record = tightened(&former, fields)?;
    record.last_updated = Some(updated_at(&former, now));
    let rendered = Table::render(&record);
    Some(Change::record(WriteOf::Replace { former, record, rendered }))
}

/// A policy that asks for these fields. Where no password could keep them beside what it asked for before, that gives
/// way: the service has no such policy, and no state with one is taken back. One that contradicts itself before, as it may
/// where prerequisites are ignored, does so still.
fn tightened(former: &PasswordPolicy, fields: &TightenPolicy) -> Option<PasswordPolicy> {
    let fields = serde_json::to_value(fields).ok()?;
    let mut policy = serde_json::to_value(former).ok()?;
    for (name, value) in fields.as_object()? {
        policy[name] = value.clone();
    }
    let before = COUNTED.into_iter().filter(|(name, _)| fields.get(name).is_none());
    // Without an upper limit there is always a password.
    let mut gives_way = before.chain([NO_LIMIT]);
    loop {
        let record: PasswordPolicy = serde_json::from_value(policy.clone()).ok()?;
        if record.contradiction().is_none() || former.contradiction().is_some() {
            return Some(record);
        }
        let (name, off) = gives_way.next()?;
        policy[name] = off.into();
    }
}

const NO_LIMIT: (&str, i64) = ("maxLength", 0);

/// The fields that count characters, each with what switches it off, in the order in which they give way.
const COUNTED: [(&str, i64); 8] = [
    NO_LIMIT,
    ("minCharacterTypes", -1),
    ("minSpecial", 0),
    ("minNumeric", 0),
    ("minUpper", 0),
    ("minLower", 0),
    ("minAlpha", 0),
    ("minLength", 0),
];

/// The policy in force for the source and the person that a call names, by id (`sourceId`, `identityId`) or by name
/// (`sourceName`, `userName`).
fn of_call(view: &View<'_>, body: &Value) -> Option<Arc<PasswordPolicy>> {
    let source = match (body["sourceId"].as_str(), body["sourceName"].as_str()) {
        (Some(id), _) => view.any_source(id),
        (None, Some(name)) => view.sources_named(name).into_iter().next(),
        (None, None) => None,
    };
    let by_id = || view.table::<Identity>().get(body["identityId"].as_str()?);
    let by_name = || view.identities_named(body["userName"].as_str()?).into_iter().next();
    in_force(view, &*source?, by_id().or_else(by_name).as_deref())
}
