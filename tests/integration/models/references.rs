//! References between sources, password policies, groups and what policies are for: after any sequence of calls both
//! sides of each say the same, nothing that is referred to is missing, one policy is the default, what was refused
//! changed nothing, and the state can be put back as it is.

use std::collections::BTreeSet;

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_group_sim::wire::Request;
use sync_group_sim::world::TenantRequest;

use super::{Service, check};

/// What a step does. Numbers choose among what is there, counted around.
#[derive(Clone, Debug)]
enum Step {
    CreateSource {
        has_password: bool,
        policy: Option<usize>,
    },
    /// The feature `PASSWORD` is put on or taken off.
    Feature {
        source: usize,
        has_password: bool,
    },
    Rename {
        source: usize,
    },
    /// It becomes one of files, or one that is connected directly.
    Connect {
        source: usize,
        is_file: bool,
    },
    DeleteSource(usize),
    /// The policies of a source: each with or without selectors.
    Hold {
        source: usize,
        policies: Vec<(usize, bool)>,
    },
    CreatePolicy {
        is_default: bool,
        min: i64,
        max: i64,
    },
    SetPolicy {
        policy: usize,
        name: usize,
        is_default: bool,
    },
    DeletePolicy(usize),
    CreateGroup {
        policy: usize,
        sources: Vec<usize>,
    },
    UpdateGroup {
        group: usize,
        policy: usize,
        sources: Vec<usize>,
    },
    DeleteGroup(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let place = || 0..16_usize;
    let members = || prop::collection::vec(place(), 1..4);
    prop_oneof![
        2 => (any::<bool>(), prop::option::of(place()))
            .prop_map(|(has_password, policy)| Step::CreateSource { has_password, policy }),
        2 => (place(), any::<bool>()).prop_map(|(source, has_password)| Step::Feature { source, has_password }),
        1 => place().prop_map(|source| Step::Rename { source }),
        1 => (place(), any::<bool>()).prop_map(|(source, is_file)| Step::Connect { source, is_file }),
        2 => place().prop_map(Step::DeleteSource),
        4 => (place(), prop::collection::vec((place(), any::<bool>()), 0..3))
            .prop_map(|(source, policies)| Step::Hold { source, policies }),
        2 => (any::<bool>(), 0..12_i64, 0..12_i64)
            .prop_map(|(is_default, min, max)| Step::CreatePolicy { is_default, min, max }),
        2 => (place(), place(), any::<bool>())
            .prop_map(|(policy, name, is_default)| Step::SetPolicy { policy, name, is_default }),
        2 => place().prop_map(Step::DeletePolicy),
        4 => (place(), members()).prop_map(|(policy, sources)| Step::CreateGroup { policy, sources }),
        2 => (place(), place(), members())
            .prop_map(|(group, policy, sources)| Step::UpdateGroup { group, policy, sources }),
        2 => place().prop_map(Step::DeleteGroup),
    ]
}

/// The `nth` id of a list in the state; one that nobody has when the list is empty, or for every seventh number.
fn id(state: &Value, list: &str, nth: usize) -> String {
    let list = state[list].as_array().unwrap();
    let chosen = list.get(nth % list.len().max(1)).filter(|_| nth % 7 != 6);
    chosen.map_or("nobody's", |record| record["id"].as_str().unwrap()).to_owned()
}

/// The call that a step makes.
fn call(step: &Step, state: &Value) -> (Method, String, Value) {
    let source = |nth: &usize| id(state, "sources", *nth);
    let policy = |nth: &usize| id(state, "passwordPolicies", *nth);
    let group = |nth: &usize| id(state, "groups", *nth);
    let features =
        |has: bool| if has { json!(["PASSWORD", "PROVISIONING"]) } else { json!(["PROVISIONING"]) };
    let (sources, policies, groups) = ("/v3/sources", "/v3/password-policies", "/v3/password-sync-groups");
    let group_body = |nth: &usize, members: &[usize]| {
        let members: Vec<String> = members.iter().map(source).collect();
        json!({ "name": "G", "passwordPolicyId": policy(nth), "sourceIds": members })
    };
    match step {
        Step::CreateSource { has_password, policy: nth } => {
            let assigned: Vec<Value> = nth.iter().map(|nth| json!({ "id": policy(nth) })).collect();
            let body = json!({
                "name": "S", "owner": null, "connector": "c", "features": features(*has_password),
                "passwordPolicies": assigned
            });
            (Method::POST, sources.to_owned(), body)
        }
        Step::Feature { source: nth, has_password } => {
            let patch = json!([{ "op": "replace", "path": "/features", "value": features(*has_password) }]);
            (Method::PATCH, format!("{sources}/{}", source(nth)), patch)
        }
        Step::Rename { source: nth } => {
            let patch = json!([{ "op": "replace", "path": "/name", "value": "Renamed" }]);
            (Method::PATCH, format!("{sources}/{}", source(nth)), patch)
        }
        Step::Connect { source: nth, is_file } => {
            let value = if *is_file { "file" } else { "direct" };
            let patch = json!([{ "op": "replace", "path": "/connectionType", "value": value }]);
            (Method::PATCH, format!("{sources}/{}", source(nth)), patch)
        }
        Step::DeleteSource(nth) => (Method::DELETE, format!("{sources}/{}", source(nth)), Value::Null),
        Step::Hold { source: nth, policies } => {
            let selectors =
                |has: bool| has.then(|| json!({ "identityAttr": [{ "name": "a", "value": "b" }] }));
            let holders: Vec<Value> = policies
                .iter()
                .map(|(nth, is_for_some)| json!({ "policyId": policy(nth), "selectors": selectors(*is_for_some) }))
                .collect();
            (Method::PATCH, format!("/v2026/sources/{}/password-policies", source(nth)), json!(holders))
        }
        Step::CreatePolicy { is_default, min, max } => {
            let body =
                json!({ "name": "P", "defaultPolicy": is_default, "minLength": min, "maxLength": max });
            (Method::POST, policies.to_owned(), body)
        }
        Step::SetPolicy { policy: nth, name, is_default } => {
            let body = json!({ "name": format!("P {name}"), "defaultPolicy": is_default });
            (Method::PUT, format!("{policies}/{}", policy(nth)), body)
        }
        Step::DeletePolicy(nth) => (Method::DELETE, format!("{policies}/{}", policy(nth)), Value::Null),
        Step::CreateGroup { policy, sources } => {
            (Method::POST, groups.to_owned(), group_body(policy, sources))
        }
        Step::UpdateGroup { group: nth, policy, sources } => {
            (Method::PUT, format!("{groups}/{}", group(nth)), group_body(policy, sources))
        }
        Step::DeleteGroup(nth) => (Method::DELETE, format!("{groups}/{}", group(nth)), Value::Null),
    }
}

fn state(service: &Service<'_>) -> Value {
    service.ask(Method::GET, "/_sim/state", None, None).value()
}

/// Performs a step in this state, and returns the next one.
fn perform(service: &Service<'_>, token: &str, step: &Step, before: &Value) -> Value {
    let (method, target, body) = call(step, before);
    let target = format!("/tenants/{}{target}", service.tenant.name());
    let media = if body[0]["op"].is_string() { "application/json-patch+json" } else { "application/json" };
    let mut request = Request::new(method, &target).unwrap().bearer(token);
    if !body.is_null() {
        request = request.body(media, body.to_string());
    }
    let reply = service.simulator.answer(&request).reply;
    let after = state(service);
    match reply.status.as_u16() {
        200..=204 => check_state(&after),
        400 | 404 => assert_eq!(&after, before, "{} changed something: {}", reply.status, reply.value()),
        status => panic!("{status}: {}", reply.value()),
    }
    after
}

fn check_state(state: &Value) {
    let list = |name: &str| state[name].as_array().unwrap();
    let ids = |name: &str| -> BTreeSet<&str> {
        list(name).iter().map(|record| record["id"].as_str().unwrap()).collect()
    };
    let (sources, policies) = (ids("sources"), ids("passwordPolicies"));
    let mut by_source = BTreeSet::new();
    for source in list("sources") {
        for policy in source["passwordPolicies"].as_array().into_iter().flatten() {
            assert!(
                by_source.insert((source["id"].clone().to_string(), policy["id"].to_string())),
                "{source}"
            );
            let named = list("passwordPolicies").iter().find(|known| known["id"] == policy["id"]);
            assert_eq!(named.expect("a policy that is there")["name"], policy["name"]);
        }
    }
    let mut by_policy = BTreeSet::new();
    for policy in list("passwordPolicies") {
        for source in policy["sourceIds"].as_array().unwrap() {
            assert!(by_policy.insert((source.to_string(), policy["id"].to_string())), "{policy}");
        }
        let (min, max) = (policy["minLength"].as_i64().unwrap(), policy["maxLength"].as_i64().unwrap());
        assert!(max == 0 || min <= max, "{policy}");
    }
    assert_eq!(by_source, by_policy);
    assert_eq!(list("passwordPolicies").iter().filter(|policy| policy["defaultPolicy"] == true).count(), 1);
    let mut grouped = BTreeSet::new();
    for group in list("groups") {
        assert!(policies.contains(group["passwordPolicyId"].as_str().unwrap()), "{group}");
        for member in group["sourceIds"].as_array().unwrap() {
            assert!(grouped.insert(member.as_str().unwrap()) && sources.contains(member.as_str().unwrap()));
            let source = list("sources").iter().find(|source| source["id"] == *member).unwrap();
            assert!(source["features"].as_array().unwrap().contains(&json!("PASSWORD")), "{source}");
            assert_eq!(source["connectionType"], "direct", "{source}");
        }
    }
    for held in list("passwordPolicyHolders") {
        let source = list("sources").iter().find(|source| source["id"] == held["id"]).expect("a source");
        let held_ids: BTreeSet<String> =
            held["holders"].as_array().unwrap().iter().map(|holder| holder["policyId"].to_string()).collect();
        let own: BTreeSet<String> = source["passwordPolicies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|policy| policy["id"].to_string())
            .collect();
        assert_eq!(held_ids, own, "{held}");
        assert!(!grouped.contains(held["id"].as_str().unwrap()), "{held}");
    }
    for application in list("applications") {
        let id = application["accountSource"]["id"].as_str().unwrap();
        let source = list("sources").iter().find(|source| source["id"] == id).expect("a source");
        assert_eq!(application["accountSource"]["name"], source["name"]);
    }
    for account in list("accounts") {
        let source =
            list("sources").iter().find(|source| source["id"] == account["sourceId"]).expect("a source");
        assert_eq!(account["sourceName"], source["name"]);
        assert_eq!(account["connectionType"], source["connectionType"]);
    }
}

#[test]
fn both_sides_of_a_reference_say_the_same_and_nothing_dangles() {
    check(&TenantRequest::default(), 24, 24, step(), |service, steps| {
        let token = service.token(0);
        let whole = steps.iter().fold(state(service), |before, step| perform(service, &token, step, &before));
        let put = service.ask(Method::PUT, "/_sim/state", None, Some(&whole));
        assert_eq!((put.status.as_u16(), put.value()), (200, whole.clone()));
        assert_eq!(state(service), whole);
    });
}
