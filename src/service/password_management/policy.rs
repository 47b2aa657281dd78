//! Which policy is in force for a source.

use std::sync::Arc;

use serde_json::Value;

use crate::fixture::{Identity, PasswordPolicy, PolicyHolder, PolicyHolders, Selector, Source};
use crate::org::{Table, WriteOf};
use crate::scenario::fault::TightenPolicy;
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
pub(crate) fn tighten(view: &View<'_>, body: &[u8], fields: &TightenPolicy) -> Option<Change> {
    let body = serde_json::from_slice(body).ok()?;
    let former = of_call(view, &body)?;
    let mut policy = serde_json::to_value(&*former).ok()?;
    let fields = serde_json::to_value(fields).ok()?;
    for (name, value) in fields.as_object().into_iter().flatten() {
        policy[name] = value.clone();
    }
    let record: PasswordPolicy = serde_json::from_value(policy).ok()?;
    let rendered = Table::render(&record);
    Some(Change::record(WriteOf::Replace { former, record, rendered }))
}

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
