//! Accounts, identities and source apps beyond single exchanges: stale reads, a state that moves to another tenant, and
//! what the journal says of paths that are not simulated. Without sockets.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::fixture::Fixture;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::wire::Request;

use crate::harness::client::{Client, scenario};

const OKTA: &str = "2c918084660f45d6016617daa9210500";
const SALESFORCE: &str = "2c918084660f45d6016617daa9210602";
const APP_ID: &str = "2c9180888d3f1b1c018d4a5e6f708004";
const APP: &str = "/beta/source-apps/2c9180888d3f1b1c018d4a5e6f708004";

fn status(client: &Client, method: Method, target: &str) -> u16 {
    client.ask(method, target, None).reply.status.as_u16()
}

/// How many entries a list has.
fn count(client: &Client, target: &str) -> usize {
    client.ask(Method::GET, target, None).reply.value().as_array().unwrap().len()
}

#[test]
fn a_deleted_app_is_shown_for_a_moment_longer_by_a_stale_rule() {
    let mut client = Client::with("name: t\nrules: [{when: {method: GET}, fault: {stale: {by: 5s}}}]\n");
    assert_eq!(status(&client, Method::DELETE, APP), 200);
    let filtered = "/beta/source-apps?filters=name%20eq%20%22salesforce%22&count=true";
    let seen = |client: &Client| {
        (status(client, Method::GET, APP), count(client, "/beta/source-apps/all"), count(client, filtered))
    };
    assert_eq!(seen(&client), (200, 10, 1));
    client.advance(Duration::from_secs(5));
    assert_eq!(seen(&client), (404, 9, 0));
}

#[test]
fn an_app_that_went_with_its_source_is_still_had_under_a_stale_rule() {
    let mut client = Client::with(
        "name: t\nrules: [{when: {operation: listAssignedSourceApp}, fault: {stale: {by: 5s}}}]\n",
    );
    let assigned = "/beta/source-apps/assigned";
    let before = count(&client, assigned);
    assert_eq!(status(&client, Method::DELETE, &format!("/v3/sources/{OKTA}")), 202);
    assert_eq!(count(&client, assigned), before);
    client.advance(Duration::from_secs(5));
    assert_eq!(count(&client, assigned), before - 1);
}

#[test]
fn the_sources_that_can_be_grouped_are_those_of_the_past_under_a_stale_rule() {
    let rule = "name: t\nrules: [{when: {operation: listAvailableSources}, fault: {stale: {by: 5s}}}]\n";
    let available = "/v2026/password-sync-groups/available-sources";
    let group = "/v3/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd";
    for prerequisites in [Prerequisites::Ignore, Prerequisites::Enforce] {
        let mut client =
            Client::new(vec![scenario(rule)], |config| config.options.prerequisites = prerequisites);
        client.buy_token();
        assert_eq!(status(&client, Method::DELETE, group), 204);
        assert_eq!(count(&client, available), 6, "{prerequisites:?}");
        client.advance(Duration::from_secs(5));
        assert_eq!(count(&client, available), 8, "{prerequisites:?}");
    }
}

#[test]
fn a_state_with_people_moves_whole_to_another_tenant() {
    let with =
        |name: &str| Client::new(Vec::new(), |config| config.fixture = Fixture::built_in(name).unwrap());
    let (one, other) = (with("demo"), with("empty"));
    let state = one.ask(Method::GET, "/_sim/state", None).reply.value();
    let put = other.ask(Method::PUT, "/_sim/state", Some(state.clone())).reply;
    assert_eq!((put.status.as_u16(), put.value()), (200, state.clone()));
    assert_eq!(other.ask(Method::GET, "/_sim/state", None).reply.value(), state);
}

#[test]
fn what_a_fixture_says_at_the_least_is_told_as_a_whole() {
    let mut client = Client::new(Vec::new(), |config| config.fixture = Fixture::built_in("empty").unwrap());
    let least = json!({
        "sources": [{ "id": "s", "name": "S", "connectionType": "direct" }],
        "applications": [{ "id": "p", "name": "P", "accountSource": { "id": "s" } }],
        "identities": [{ "id": "i", "name": "Ada Lovelace", "userName": "ada" }],
        "accounts": [{ "id": "a", "sourceId": "s", "identityId": "i" }],
    });
    assert_eq!(client.ask(Method::PUT, "/_sim/state", Some(least)).reply.status, 200);
    client.buy_token();
    let get = |target: &str| client.ask(Method::GET, target, None).reply.value();
    let account = get("/v3/accounts/a");
    assert_eq!((&account["sourceName"], &account["identity"]["name"]), (&json!("S"), &json!("Ada Lovelace")));
    assert_eq!(account["nativeIdentity"], "a");
    let identity = get("/v2026/identities/i");
    assert_eq!(identity["attributes"]["lastname"], "Lovelace");
    assert_eq!((&identity["isManager"], &identity["managerRef"]), (&json!(false), &Value::Null));
    let app = get("/beta/source-apps/p");
    assert_eq!((&app["enabled"], &app["appCenterEnabled"]), (&json!(false), &json!(true)));
    assert_eq!((&app["owner"], &app["accountSource"]["name"]), (&Value::Null, &json!("S")));
    assert!(app["cloudAppId"].as_str().is_some_and(|id| id.len() == 7), "{app}");
}

#[test]
fn the_journal_says_in_words_what_is_not_simulated() {
    let client = Client::with("name: t\nrules: []\n");
    assert_eq!(status(&client, Method::GET, "/v2026/roles"), 404);
    assert_eq!(status(&client, Method::POST, "/v2026/accounts"), 404);
    assert_eq!(status(&client, Method::GET, "/v2026/accounts/none"), 404);
    let journal = client.journal();
    let words: Vec<_> = journal["exchanges"].as_array().unwrap().iter().map(|e| &e["violations"]).collect();
    let (nowhere, method) = (
        "no such path in v2026: it does not exist, or is not simulated",
        "`/v2026/accounts` has this method in the service, but it is not simulated",
    );
    assert_eq!(words[1..4], [&json!([nowhere]), &json!([method]), &json!([])]);
}

#[test]
fn a_change_of_an_app_is_told_in_the_journal_with_that_of_its_access_profiles() {
    let client = Client::with("name: t\nrules: []\n");
    let patch = r#"[{"op": "add", "path": "/accessProfiles", "value": ["p"]}]"#;
    let request = Request::new(Method::PATCH, APP).unwrap().bearer(&client.token);
    let request = request.body("application/json-patch+json", patch);
    assert_eq!(client.simulator.answer_at(&request, client.wall).reply.status, 200);
    let journal = client.journal();
    assert_eq!(
        journal["exchanges"].as_array().unwrap().last().unwrap()["changes"],
        json!([
            { "kind": "replaced", "resource": "source-apps", "id": APP_ID },
            { "kind": "created", "resource": "source-apps/access-profiles", "id": APP_ID },
        ])
    );
}

#[test]
fn what_was_said_of_a_source_and_its_apps_goes_with_it() {
    let client = Client::with("name: t\nrules: []\n");
    let patch = |target: &str, kind: &str, body: &str| {
        let request = Request::new(Method::PATCH, target).unwrap().bearer(&client.token);
        let reply = client.simulator.answer_at(&request.body(kind, body.to_owned()), client.wall).reply;
        assert_eq!(reply.status, 200, "{target}");
    };
    let access = r#"[{"op": "add", "path": "/accessProfiles", "value": ["p"]}]"#;
    patch(APP, "application/json-patch+json", access);
    let holders = r#"[{"policyId": "2c91808d744ba0ce01746f93b6204503",
        "selectors": {"identityAttr": [{"name": "lastname", "value": "Case"}]}}]"#;
    patch(&format!("/v2024/sources/{SALESFORCE}/password-policies"), "application/json", holders);
    let kept = || {
        let state = client.ask(Method::GET, "/_sim/state", None).reply.value();
        ["applicationAccess", "passwordPolicyHolders"].map(|list| state[list].as_array().unwrap().len())
    };
    assert_eq!(kept(), [1, 1]);
    assert_eq!(status(&client, Method::DELETE, &format!("/v3/sources/{SALESFORCE}")), 202);
    assert_eq!(kept(), [0, 0]);
}
