//! The password policies of one source, and whom each of them is for.

use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::{Value, json};

use super::super::assignment::Assignments;
use super::super::{Call, Done, View};
use super::{no_source, rules};
use crate::fixture::{PasswordPolicy, PolicyHolder, PolicyHolders, Reference, Selector, Selectors, Source};
use crate::prerequisites::Prerequisites;
use crate::wire::{DetailCode, Refusal, Reply};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// One page of the policies of a source, in the order in which they were given.
pub(in super::super) fn list(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let source = view.table::<Source>().get(&call.route.id).ok_or_else(no_source)?;
    let holders = holders_of(view, &source);
    let (offset, limit) = (call.arguments.integer("offset"), call.arguments.integer("limit"));
    let page: Vec<&PolicyHolder> = holders.iter().skip(offset).take(limit).collect();
    let reply = Reply::json(StatusCode::OK, json!(page).to_string());
    let is_counted = call.arguments.boolean("count");
    Ok(if is_counted { reply.with(TOTAL_COUNT, holders.len()).into() } else { reply.into() })
}

/// How many policies a source has.
pub(in super::super) fn total(view: &View<'_>, source_id: &str) -> usize {
    view.table::<Source>().get(source_id).map_or(0, |source| holders_of(view, &source).len())
}

/// The policies of a source are replaced by those in the request, all of them.
pub(in super::super) fn update(view: &View<'_>, mut call: Call<'_>) -> Result<Done, Refusal> {
    let former = view.table::<Source>().get(&call.route.id).ok_or_else(no_source)?;
    let holders = asked_for(view, call.arguments.body.take());
    if call.prerequisites == Prerequisites::Enforce {
        check(view, &former, &holders)?;
    }
    let reply = Reply::json(StatusCode::OK, json!(holders).to_string());
    let holders = PolicyHolders { id: former.id.clone(), holders };
    let mut record = (*former).clone();
    record.password_policies = holders.policies();
    let mut assignments = Assignments::new(view, call.now);
    assignments.replace_with(former, record, Some(holders));
    Ok(Done::new(reply, assignments.finish()))
}

/// What is kept of them, or else what the source's policies say: they are for everybody.
fn holders_of(view: &View<'_>, source: &Source) -> Vec<PolicyHolder> {
    match view.table::<PolicyHolders>().get(&source.id) {
        Some(kept) => kept.holders.clone(),
        None => source.password_policies.iter().map(for_everybody).collect(),
    }
}

fn for_everybody(policy: &Reference) -> PolicyHolder {
    PolicyHolder { policy_id: policy.id.clone(), policy_name: Some(policy.name.clone()), selectors: None }
}

/// The entries that name a policy; each has the name that its policy has.
fn asked_for(view: &View<'_>, body: Value) -> Vec<PolicyHolder> {
    let Value::Array(entries) = body else { return Vec::new() };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let holder = |entry: Value| {
        let id = text(&entry["policyId"]);
        let policy = view.table::<PasswordPolicy>().get(&id);
        let name = policy.map_or_else(|| text(&entry["policyName"]), |policy| policy.name.clone());
        let attributes = entry["selectors"]["identityAttr"].as_array().into_iter().flatten();
        let identity_attr: Vec<Selector> = attributes
            .map(|attribute| Selector { name: text(&attribute["name"]), value: text(&attribute["value"]) })
            .collect();
        let selectors = (!identity_attr.is_empty()).then_some(Selectors { identity_attr });
        PolicyHolder { policy_id: id, policy_name: Some(name), selectors }
    };
    entries.into_iter().map(holder).filter(|holder| !holder.policy_id.is_empty()).collect()
}

// Invented: the rules and their texts. Only that the source must have the feature PASSWORD is documented, and that
// sources in a sync group have no exceptions.

fn check(view: &View<'_>, source: &Source, holders: &[PolicyHolder]) -> Result<(), Refusal> {
    rules::check_password(source)?;
    let policies = view.table::<PasswordPolicy>();
    if let Some((place, unknown)) =
        holders.iter().enumerate().find(|(_, holder)| !policies.contains(&holder.policy_id))
    {
        let field = format!("[{place}].policyId");
        return Err(Refusal::unknown_reference("password policy", &unknown.policy_id, &field));
    }
    let illegal = |text: String| Err(Refusal::bad_request(DetailCode::IllegalValue, text));
    let mut general = holders.iter().enumerate().filter(|(_, holder)| !holder.is_exception());
    if let (Some(_), Some((place, _))) = (general.next(), general.next()) {
        return illegal(format!("Field \"[{place}].selectors\": another policy is for everybody already."));
    }
    let exception = holders.iter().position(PolicyHolder::is_exception);
    match exception.zip(rules::group_of(view, source)) {
        Some((place, group)) => illegal(format!(
            "Field \"[{place}].selectors\": source \"{}\" is in the password sync group \"{group}\", whose policy is \
             for everybody.",
            source.name
        )),
        None => Ok(()),
    }
}
