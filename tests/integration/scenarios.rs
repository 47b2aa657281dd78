//! What scenarios do to exchanges: each built-in file fires, and each fault does or does not let the operation
//! happen, as its stage says. Without sockets; what faults look like on the wire is in `wire_faults.rs`.

use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderName;
use serde_json::{Value, json};
use sync_group_sim::fixture::Fixture;
use sync_group_sim::scenario::{SCHEMA, explain, library};
use sync_group_sim::wire::{Manner, Outcome, Reply, Request};

use crate::harness::client::{Client, scenario};
use crate::harness::password::encrypt;

fn status(outcome: &Outcome) -> u16 {
    outcome.reply.status.as_u16()
}

/// The id of a source of `demo` that is in no group.
const OKTA: &str = "2c918084660f45d6016617daa9210500";

/// The id of the first group of `demo`.
const FIRST: &str = "6881f631-3bd5-4213-9c75-8e05cc3e35dd";

#[test]
fn every_built_in_scenario_is_named_explained_and_valid() {
    let schema = jsonschema::draft7::new(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    assert!(library::BUILT_IN.len() >= 25);
    for (name, text) in library::BUILT_IN {
        let scenario = scenario(text);
        assert_eq!(scenario.name(), *name);
        assert!(scenario.lesson().is_some_and(|lesson| lesson.len() > 20), "{name} has no lesson");
        assert!(text.starts_with("# yaml-language-server: $schema=scenario.schema.json\n#\n# "), "{name}");
        let found = schema
            .validate(&serde_json::to_value(scenario.written()).unwrap())
            .map_err(|error| error.to_string());
        assert_eq!(found, Ok(()), "{name}");
        let lines = explain(&scenario).lines().count();
        assert_eq!(lines, 2 + scenario.rules().len(), "{}", explain(&scenario));
    }
}

/// An ordinary client, a second apart: token, creations, pages, get, update, delete.
fn one_round(client: &mut Client, round: usize) {
    client.buy_token();
    client.advance(Duration::from_secs(1));
    let body = |name: String| Some(json!({ "name": name, "passwordPolicyId": "p", "sourceIds": ["a", "b"] }));
    let created = client.ask(Method::POST, "/v3/password-sync-groups", body(format!("Group {round}")));
    let id = created.reply.value()["id"].as_str().unwrap_or(FIRST).to_owned();
    client.advance(Duration::from_secs(1));
    for query in ["", "?limit=1&offset=0&count=true", "?limit=1&offset=1", "?limit=250&offset=250"] {
        client.get(query);
        client.advance(Duration::from_secs(1));
    }
    for path in [format!("/{FIRST}"), format!("/{id}")] {
        client.get(&path);
        client.ask(Method::PUT, &format!("/v3/password-sync-groups{path}"), body(format!("Renamed {round}")));
        client.advance(Duration::from_secs(1));
    }
    client.ask(Method::DELETE, &format!("/v3/password-sync-groups/{id}"), None);
    client.get(&format!("/{id}"));
    for query in ["", "?filters=features+ca+(%22PASSWORD%22)"] {
        client.ask(Method::GET, &format!("/v3/sources{query}"), None);
    }
    client.ask(Method::PATCH, &format!("/v3/sources/{OKTA}"), Some(json!([])));
    client.advance(Duration::from_secs(1));
}

/// A program that changes the passwords of the administrator's own accounts, and looks at each status twice.
fn change_passwords(client: &mut Client) {
    for source in ["Active Directory", "GitHub"] {
        let asked = json!({ "userName": "amelia.admin", "sourceName": source });
        let info = client.ask(Method::POST, "/v2026/query-password-info", Some(asked)).reply.value();
        let Some(key) = info["publicKey"].as_str() else { continue };
        let change = json!({
            "identityId": info["identityId"],
            "encryptedPassword": encrypt(key, "Correct-Horse-7"),
            "publicKeyId": info["publicKeyId"],
            "accountId": info["accounts"][0]["accountId"],
            "sourceId": info["sourceId"],
        });
        let begun = client.ask(Method::POST, "/v2026/set-password", Some(change)).reply.value();
        let id = begun["requestId"].as_str().unwrap_or_default().to_owned();
        for _ in 0..2 {
            client.advance(Duration::from_secs(5));
            client.ask(Method::GET, &format!("/v2026/password-change-status/{id}"), None);
        }
    }
}

#[test]
fn every_rule_of_every_built_in_scenario_fires_and_is_journalled() {
    for (name, text) in library::BUILT_IN {
        let scenario = scenario(text);
        let mut client = Client::new(vec![scenario.clone()], |_| {});
        let is_about = |operation: &str| text.contains(operation);
        if ["changePassword", "setPassword", "queryPasswordInfo", "getPasswordChangeStatus"]
            .into_iter()
            .any(is_about)
        {
            client.buy_token();
            change_passwords(&mut client);
        }
        // What strikes by chance needs more of them.
        let rounds = if is_about("chance") { 30 } else { 15 };
        for round in 0..rounds {
            one_round(&mut client, round);
            if client.rules().iter().all(|rule| rule.fired > 0) {
                break;
            }
        }
        let journal = client.journal();
        for rule in scenario.rules() {
            let label = format!("{name}/{}", rule.name);
            let fired = journal["exchanges"].as_array().unwrap().iter().filter(|exchange| {
                let jobs = exchange["jobs"].as_array().into_iter().flatten();
                let rules = jobs.chain([*exchange]).filter_map(|of| of["rules"].as_array()).flatten();
                rules
                    .into_iter()
                    .any(|look| look["rule"] == *label && look["fired"] == true && look["why"] != "")
            });
            assert!(fired.count() > 0, "{label} never fired");
        }
    }
}

#[test]
fn a_write_under_a_stale_rule_changes_what_is_there_now() {
    let client = Client::with("name: t\nrules: [{fault: {stale: {by: 1h}}}]\n");
    let body =
        |sources: [&str; 2]| Some(json!({ "name": "n", "passwordPolicyId": "p", "sourceIds": sources }));
    let made = client.ask(Method::POST, "/v3/password-sync-groups", body(["a", "b"])).reply.value();
    let target = format!("/v3/password-sync-groups/{}", made["id"].as_str().unwrap());
    let ask = |method, body| status(&client.ask(method, &target, body));
    assert_eq!((ask(Method::GET, None), ask(Method::PUT, body(["c", "d"]))), (404, 200));
    assert_eq!((ask(Method::DELETE, None), ask(Method::DELETE, None)), (204, 404));
}

#[test]
fn every_example_of_the_reference_is_a_valid_scenario() {
    let reference = include_str!("../../scenarios/README.md");
    let blocks: Vec<_> =
        reference.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() > 20, "{}", blocks.len());
    for block in blocks {
        scenario(block);
    }
    let names: Vec<_> = library::BUILT_IN.iter().map(|(name, _)| *name).collect();
    for name in names {
        assert!(reference.contains(name), "{name} is not in scenarios/README.md");
    }
}

/// What was added to the format and forgotten here would be found by nobody.
#[test]
fn each_part_of_the_format_has_its_place_in_the_reference_and_each_fault_a_scenario_that_shows_it() {
    let reference = include_str!("../../scenarios/README.md");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let definitions = &schema["definitions"];
    let names = |schema: &Value| -> Vec<String> {
        schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    for part in ["matcher", "trigger"].iter().flat_map(|kind| names(&definitions[kind])) {
        assert!(reference.contains(&format!("`{part}`")), "{part} is not in scenarios/README.md");
    }
    let written = |text: &str| serde_json::to_value(scenario(text).written()).unwrap().to_string();
    let shown: String = library::BUILT_IN.iter().map(|(_, text)| written(text)).collect();
    let faults: Vec<_> = definitions["fault"]["anyOf"].as_array().unwrap().iter().flat_map(names).collect();
    assert!(faults.len() >= 17, "{faults:?}");
    for fault in faults {
        assert!(reference.contains(&format!("**`{fault}`**: ")), "{fault} is not in scenarios/README.md");
        // `pass` is for sequences of people's own.
        let is_shown = shown.contains(&format!("\"{fault}\"")) || fault == "pass";
        assert!(is_shown, "{fault} is in no file of scenarios/");
    }
}

/// The faults that answer something else or nothing, and whether the client sees a complete answer.
const FAULTS: [&str; 12] = [
    "{respond: {status: 500}}",
    "{rateLimited: {retryAfter: 1s}}",
    "expireToken",
    "{loseScope: {scope: 'idn:password-sync-group:manage'}}",
    "hang",
    "{hang: {for: 5s}}",
    "{cut: {after: 10}}",
    "close",
    "reset",
    "{corrupt: truncatedJson}",
    "{corrupt: html}",
    "{corrupt: empty}",
];

#[test]
fn a_fault_before_keeps_every_write_from_happening_and_one_after_does_not() {
    let body = json!({ "name": "Written", "passwordPolicyId": "p", "sourceIds": ["a", "b"] });
    let path = format!("/v3/password-sync-groups/{FIRST}");
    let writes = [
        ("createPasswordSyncGroup", Method::POST, "/v3/password-sync-groups", Some(&body)),
        ("updatePasswordSyncGroup", Method::PUT, path.as_str(), Some(&body)),
        ("deletePasswordSyncGroup", Method::DELETE, path.as_str(), None),
    ];
    let untouched = ["Password Sync Group 1", "Research accounts"];
    for (operation, method, target, body) in writes {
        let written: &[&str] = match operation {
            "createPasswordSyncGroup" => &["Password Sync Group 1", "Research accounts", "Written"],
            "updatePasswordSyncGroup" => &["Written", "Research accounts"],
            _ => &["Research accounts"],
        };
        for fault in FAULTS {
            for (stage, expected) in [("before", &untouched[..]), ("after", written)] {
                let at = format!("{operation} {fault} {stage}");
                let client = Client::with(&format!(
                    "name: t\nrules: [{{when: {{operation: {operation}}}, stage: {stage}, fault: {fault}}}]\n"
                ));
                let before = client.ask(Method::GET, "/_sim/state", None).reply.value();
                let outcome = client.ask(method.clone(), target, body.cloned());
                assert_eq!(outcome.reply.header("sim-fault"), Some("t/rule-1"), "{at}");
                assert_eq!(client.names(), expected, "{at}");
                if stage == "before" {
                    let after = client.ask(Method::GET, "/_sim/state", None).reply.value();
                    assert_eq!(after, before, "{at}");
                }
            }
        }
    }
}

#[test]
fn a_fault_that_only_delays_lets_the_operation_happen_at_either_stage() {
    for fault in ["{hold: 1m}", "{trickle: {chunk: 1, pause: 1s}}", "pass"] {
        for stage in ["before", "after"] {
            let client = Client::with(&format!(
                "name: t\nrules: [{{when: {{operation: deletePasswordSyncGroup}}, stage: {stage}, fault: {fault}}}]\n"
            ));
            client.ask(Method::DELETE, &format!("/v3/password-sync-groups/{FIRST}"), None);
            assert_eq!(client.names(), ["Research accounts"], "{fault} {stage}");
        }
    }
}

#[test]
fn a_fault_after_does_not_fire_on_what_the_service_refused() {
    let client = Client::with(
        "name: t\nrules: [{stage: after, when: {operation: getPasswordSyncGroup}, fault: {respond: {status: 500}}}]\n",
    );
    let refused = client.get("/no-such-group");
    assert_eq!((status(&refused), refused.reply.header("sim-fault")), (404, None));
    assert_eq!(status(&client.get(&format!("/{FIRST}"))), 500);
    let rules = &client.journal()["exchanges"][1]["rules"][0];
    assert_eq!(rules["why"], "nth 1, the operation did not happen");
}

#[test]
fn a_response_is_the_services_own_unless_the_scenario_says_otherwise() {
    let respond = |settings: &str| {
        let client = Client::with(&format!(
            "name: t\nrules: [{{when: {{method: GET}}, fault: {{respond: {{{settings}}}}}}}]\n"
        ));
        client.get("").reply
    };
    for (settings, code) in [
        ("status: 400", "400.1 Bad request content"),
        ("status: 400, detailCode: 400.1.3 Illegal value", "400.1.3 Illegal value"),
        ("status: 403", "403 Forbidden"),
        ("status: 404", "404 Not found"),
        ("status: 500", "500.0 Internal Fault"),
        ("status: 503", "503 Service Unavailable"),
    ] {
        let reply = respond(settings);
        let body = reply.value();
        assert_eq!(body["detailCode"], code, "{settings}");
        assert_eq!(body["trackingId"].as_str(), reply.header("slpt-request-id"), "{settings}");
    }
    let token_call = |settings: &str| {
        // The first token is the client's own.
        let mut client = Client::with(&format!(
            "name: t\nrules: [{{when: {{operation: token}}, fires: {{nth: 2}}, fault: {{respond: {{{settings}}}}}}}]\n"
        ));
        client.buy_token().reply.value()
    };
    for (settings, error, description) in [
        ("status: 401", "invalid_client", "Bad client credentials"),
        ("status: 401, text: Gone", "invalid_client", "Gone"),
        ("status: 400", "invalid_request", "The token call is not valid"),
    ] {
        let expected = json!({"error": error, "error_description": description});
        assert_eq!(token_call(settings), expected, "{settings}");
    }
    assert_eq!(token_call("status: 400, detailCode: '400.1'")["detailCode"], "400.1");
    assert_eq!(token_call("status: 503")["detailCode"], "503 Service Unavailable");
    assert_eq!(respond("status: 401").value(), json!({ "error": "JWT validation failed: JWT is expired" }));
    assert_eq!(respond("status: 409").value()["errorName"], "ConflictException");
    assert_eq!(
        respond("status: 412").value(),
        json!({ "message": " API/Feature not enabled for your organization." })
    );
    assert_eq!(respond("status: 429").value(), json!({ "message": " Rate Limit Exceeded " }));
    assert_eq!(respond("status: 500, text: Boom").value()["messages"][0]["text"], "Boom");
    let reply = respond("status: 502, headers: {Content-Type: text/html, X-Why: gateway}, body: '<p>'");
    assert_eq!((&reply.body[..], reply.header("content-type")), (&b"<p>"[..], Some("text/html")));
    assert_eq!((status_of(&reply), reply.header("x-why")), (502, Some("gateway")));
    assert_eq!(respond("status: 200, body: [1]").value(), json!([1]));
}

fn status_of(reply: &Reply) -> u16 {
    reply.status.as_u16()
}

#[test]
fn retry_after_comes_as_the_scenario_says() {
    let retry_after = |fault: &str| {
        let client = Client::with(&format!("name: t\nrules: [{{when: {{method: GET}}, fault: {fault}}}]\n"));
        let reply = client.get("").reply;
        assert_eq!(status_of(&reply), 429);
        reply.header("retry-after").map(str::to_owned)
    };
    for (fault, expected) in [
        ("{rateLimited: {retryAfter: 2s}}", Some("2")),
        ("{rateLimited: {retryAfter: 1500ms}}", Some("2")),
        ("{rateLimited: {retryAfter: 0s}}", Some("0")),
        ("{rateLimited: {retryAfter: 87600h}}", Some("315360000")),
        ("{rateLimited: {retryAfter: 2s, omitHeader: true}}", None),
        ("{rateLimited: {retryAfter: 90s, asDate: true}}", Some("Tue, 24 Nov 2026 09:31:30 GMT")),
        ("{respond: {status: 429, headers: {Retry-After: soon}}}", Some("soon")),
        ("{respond: {status: 429}}", None),
    ] {
        assert_eq!(retry_after(fault).as_deref(), expected, "{fault}");
    }
}

#[test]
fn a_window_ends_when_the_scenario_says_and_not_when_retry_after_does() {
    for (window, refused) in [("5s", vec![0, 3]), ("15s", vec![0, 3, 6, 9, 12])] {
        let mut client = Client::with(&format!(
            "name: t\nrules: [{{when: {{method: GET}}, fires: {{nth: 1}}, fault: {{rateLimited: {{retryAfter: 10s, window: {window}}}}}}}]\n"
        ));
        let mut found = Vec::new();
        for second in (0..20).step_by(3) {
            if status(&client.get("")) == 429 {
                found.push(second);
            }
            client.advance(Duration::from_secs(3));
        }
        assert_eq!(found, refused, "{window}");
    }
}

#[test]
fn an_expired_token_stays_expired_and_a_new_one_works() {
    let mut client =
        Client::with("name: t\nrules: [{when: {method: GET}, fires: {nth: 2}, fault: expireToken}]\n");
    let expired = json!({ "error": "JWT validation failed: JWT is expired" });
    assert_eq!(status(&client.get("")), 200);
    let first = client.get("").reply;
    assert_eq!(
        (status_of(&first), first.value(), first.header("sim-fault")),
        (401, expired.clone(), Some("t/rule-1"))
    );
    let again = client.get("").reply;
    assert_eq!((status_of(&again), again.value(), again.header("sim-fault")), (401, expired, None));
    client.buy_token();
    assert_eq!(status(&client.get("")), 200);
}

#[test]
fn a_token_can_be_expired_or_narrowed_when_it_is_issued() {
    let mut client =
        Client::with("name: t\nrules: [{when: {operation: token}, fires: {nth: 1}, fault: expireToken}]\n");
    assert_eq!(status(&client.get("")), 401);
    client.buy_token();
    assert_eq!(status(&client.get("")), 200);
    let client = Client::with(
        "name: t\nrules: [{when: {operation: token}, fault: {loseScope: {scope: 'idn:password-sync-group:manage'}}}]\n",
    );
    assert_eq!(status(&client.get("")), 200);
    assert_eq!(status(&client.ask(Method::POST, "/v3/password-sync-groups", Some(json!({})))), 403);
}

#[test]
fn a_scope_that_is_taken_away_is_missed_from_then_on() {
    let mut client = Client::with(
        "name: t\nrules: [{when: {operation: createPasswordSyncGroup}, fires: {nth: 2}, fault: {loseScope: {scope: 'idn:password-sync-group:manage'}}}]\n",
    );
    let create =
        |client: &Client| status(&client.ask(Method::POST, "/v3/password-sync-groups", Some(json!({}))));
    assert_eq!([create(&client), create(&client), create(&client)], [200, 403, 403]);
    assert_eq!(status(&client.get("")), 200);
    client.buy_token();
    assert_eq!(create(&client), 200);
}

#[test]
fn the_token_call_can_fail_like_any_other() {
    for (fault, expected) in [
        ("{respond: {status: 500}}", 500),
        ("{rateLimited: {retryAfter: 1s}}", 429),
        ("{corrupt: html}", 200),
        ("{respond: {status: 401, body: {error: invalid_client}}}", 401),
    ] {
        let mut client = Client::new(
            vec![scenario(&format!(
                "name: t\nrules: [{{when: {{operation: token, body: {{/grant_type: client_credentials}}}}, fault: {fault}}}]\n"
            ))],
            |_| {},
        );
        let outcome = client.buy_token();
        assert_eq!(status(&outcome), expected, "{fault}");
        assert_eq!(outcome.reply.value()["access_token"], Value::Null, "{fault}");
    }
}

#[test]
fn corrupt_bodies_are_not_what_they_claim() {
    let corrupt = |kind: &str| {
        let client = Client::with(&format!(
            "name: t\nrules: [{{when: {{method: GET}}, fault: {{corrupt: {kind}}}}}]\n"
        ));
        client.get("").reply
    };
    let whole = Client::with("name: t\nrules: []\n").get("").reply;
    let truncated = corrupt("truncatedJson");
    assert!(whole.body.starts_with(&truncated.body) && truncated.body.len() < whole.body.len());
    assert_eq!(truncated.value(), Value::Null);
    assert_eq!(corrupt("html").header("content-type"), Some("text/html"));
    assert!(corrupt("html").body.starts_with(b"<html>"));
    assert_eq!(corrupt("wrongContentType").header("content-type"), Some("text/plain;charset=UTF-8"));
    assert_eq!(corrupt("wrongContentType").body, whole.body);
    assert_eq!(corrupt("bogusEncoding").header("content-encoding"), Some("UTF-8"));
    assert_eq!(corrupt("bogusEncoding").body, whole.body);
    assert!(corrupt("empty").body.is_empty());
    let client =
        Client::with("name: t\nrules: [{stage: after, when: {method: DELETE}, fault: {corrupt: html}}]\n");
    assert_eq!(status(&client.ask(Method::DELETE, &format!("/v3/password-sync-groups/{FIRST}"), None)), 200);
}

#[test]
fn a_sequence_is_consumed_one_per_firing() {
    for (then, expected) in [
        ("pass", [200, 503, 500, 200, 200, 200, 200]),
        ("repeat", [200, 503, 500, 200, 503, 500, 200]),
        ("last", [200, 503, 500, 500, 500, 500, 500]),
    ] {
        let client = Client::with(&format!(
            "name: t\nrules: [{{when: {{method: GET}}, sequence: [pass, {{respond: {{status: 503}}}}, {{respond: {{status: 500}}}}], then: {then}}}]\n"
        ));
        let found: Vec<_> = (0..7).map(|_| status(&client.get(""))).collect();
        assert_eq!(found, expected, "{then}");
    }
}

#[test]
fn a_rule_is_about_a_client_by_its_id_or_its_name() {
    let id = Client::new(Vec::new(), |_| {}).admin.0;
    for (wanted, expected) in [("admin", 503), (id.as_str(), 503), ("reader", 200)] {
        let when = format!("{{operation: getPasswordSyncGroups, client: {wanted}}}");
        let client = Client::with(&format!(
            "name: n\nrules: [{{when: {when}, fault: {{respond: {{status: 503}}}}}}]\n"
        ));
        assert_eq!(status(&client.get("")), expected, "{wanted}");
    }
}

#[test]
fn counts_are_kept_for_the_tenant_a_client_or_a_group() {
    let statuses = |per: &str| {
        let mut client = Client::with(&format!(
            "name: t\nrules: [{{when: {{operation: getPasswordSyncGroup}}, fires: {{first: 1, per: {per}}}, fault: {{respond: {{status: 503}}}}}}]\n"
        ));
        let admin = client.admin.clone();
        let mut found = Vec::new();
        for name in ["admin", "service"] {
            let clients = Fixture::built_in("demo").unwrap().clients;
            let other = clients.iter().find(|other| other.name == name).unwrap();
            client.admin = (other.client_id.clone(), other.client_secret.clone());
            client.buy_token();
            for id in [FIRST, FIRST, "7b0c2f7e-5d36-4c9e-9d0a-3f1f3b9b2a10"] {
                found.push(status(&client.get(&format!("/{id}"))));
            }
        }
        client.admin = admin;
        found
    };
    assert_eq!(statuses("tenant"), [503, 200, 200, 200, 200, 200]);
    assert_eq!(statuses("client"), [503, 200, 200, 503, 200, 200]);
    assert_eq!(statuses("group"), [503, 200, 503, 200, 200, 200]);
}

#[test]
fn an_outage_begins_and_ends_in_the_tenants_time() {
    let mut client = Client::with(
        "name: t\nrules: [{when: {method: GET}, fires: {from: 10s, until: 20s}, fault: {respond: {status: 503}}}]\n",
    );
    let mut found = Vec::new();
    for _ in 0..6 {
        found.push(status(&client.get("")));
        client.advance(Duration::from_secs(5));
    }
    assert_eq!(found, [200, 200, 503, 503, 200, 200]);
}

#[test]
fn a_hold_may_accompany_any_fault_and_the_first_rule_wins_at_each_stage() {
    let client = Client::with(
        "name: t\nrules:\n  - {name: one, when: {method: GET}, hold: 2s, fault: {respond: {status: 503}}, fires: {nth: 1}}\n  \
         - {name: two, when: {method: GET}, fault: {respond: {status: 500}}}\n",
    );
    let first = client.get("");
    assert_eq!((status(&first), first.delivery.hold), (503, Some(Duration::from_secs(2))));
    assert_eq!(first.reply.header("sim-fault"), Some("t/one"));
    let rules = client.journal()["exchanges"][1]["rules"].clone();
    assert_eq!(rules[1]["why"], "nth 1, but t/one came first");
    assert_eq!(rules[1]["fired"], false);
    assert_eq!(status(&client.get("")), 500);
}

#[test]
fn stale_reads_show_the_tenant_as_it_was() {
    let text = |own: bool| {
        format!(
            "name: t\nrules: [{{when: {{operation: [getPasswordSyncGroups, getPasswordSyncGroup]}}, fault: {{stale: {{by: 5s, readYourWrites: {own}}}}}}}]\n"
        )
    };
    let mut client = Client::with(&text(false));
    let count = |client: &Client| client.get("?count=true").reply.header("x-total-count").unwrap().to_owned();
    let created = client.ask(Method::POST, "/v3/password-sync-groups", Some(json!({ "name": "New" })));
    let id = created.reply.value()["id"].as_str().unwrap().to_owned();
    client.ask(Method::DELETE, &format!("/v3/password-sync-groups/{FIRST}"), None);
    // Neither the creation nor the deletion shows yet.
    assert_eq!(
        (status(&client.get(&format!("/{id}"))), status(&client.get(&format!("/{FIRST}")))),
        (404, 200)
    );
    assert_eq!((count(&client).as_str(), client.get("").reply.value()[0]["id"].as_str()), ("2", Some(FIRST)));
    client.advance(Duration::from_secs(5));
    assert_eq!(
        (status(&client.get(&format!("/{id}"))), status(&client.get(&format!("/{FIRST}")))),
        (200, 404)
    );
    assert_eq!(client.get("").reply.value()[1]["id"], id.as_str());

    let client = Client::with(&text(true));
    let created = client.ask(Method::POST, "/v3/password-sync-groups", Some(json!({ "name": "New" })));
    let id = created.reply.value()["id"].as_str().unwrap().to_owned();
    assert_eq!(status(&client.get(&format!("/{id}"))), 200);
    assert_eq!(count(&client), "3");
    let mut other = client;
    let service = Fixture::built_in("demo").unwrap().clients.swap_remove(2);
    other.admin = (service.client_id, service.client_secret);
    other.buy_token();
    assert_eq!(status(&other.get(&format!("/{id}"))), 404);
    assert_eq!(count(&other), "2");
}

#[test]
fn drawn_waits_keep_to_what_was_asked() {
    let holds = |hold: &str| -> Vec<Duration> {
        let client =
            Client::with(&format!("name: t\nrules: [{{when: {{method: GET}}, fault: {{hold: {hold}}}}}]\n"));
        let mut holds: Vec<_> = (0..2_000).map(|_| client.get("?limit=0").delivery.hold.unwrap()).collect();
        holds.sort();
        holds
    };
    let uniform = holds("{uniform: [100ms, 300ms]}");
    assert!(uniform[0] >= Duration::from_millis(100) && uniform[1_999] <= Duration::from_millis(300));
    let median = uniform[1_000].as_secs_f64();
    // Standard error of the median of 2,000: 2.2 ms; five of them.
    assert!((median - 0.2).abs() < 0.012, "{median}");
    let lognormal = holds("{lognormal: {median: 100ms, p99: 1s}}");
    let (median, p99) = (lognormal[1_000].as_secs_f64(), lognormal[1_980].as_secs_f64());
    // In logarithms one standard error is 2.8 % of sigma for the median and 8.4 % for the p99; five of them.
    assert!((0.087..0.115).contains(&median) && (0.66..1.52).contains(&p99), "{median} {p99}");
}

#[test]
fn what_is_delivered_is_journalled() {
    for (fault, fate, manner) in [
        ("close", json!({ "kind": "closed" }), Manner::Close),
        ("reset", json!({ "kind": "reset" }), Manner::Reset),
        (
            "{hang: {for: 5s}}",
            json!({ "kind": "hung", "for": "5s" }),
            Manner::Hang { limit: Some(Duration::from_secs(5)) },
        ),
        ("{cut: {after: 7}}", json!({ "kind": "cut", "afterBytes": 7 }), Manner::Cut { after_bytes: 7 }),
        (
            "{trickle: {chunk: 3, pause: 1s}}",
            json!({ "kind": "whole", "chunkBytes": 3, "pause": "1s" }),
            Manner::Trickle { chunk_bytes: 3, pause: Duration::from_secs(1) },
        ),
        ("{hold: 250ms}", json!({ "kind": "whole", "held": "250ms" }), Manner::Whole),
    ] {
        let client = Client::with(&format!("name: t\nrules: [{{when: {{method: GET}}, fault: {fault}}}]\n"));
        assert_eq!(client.get("").delivery.manner, manner);
        let exchange = client.journal()["exchanges"][1].clone();
        assert_eq!(exchange["fate"], fate, "{fault}");
        let is_silent = ["closed", "reset", "hung"].map(Value::from).contains(&fate["kind"]);
        assert_eq!(exchange["status"].is_null(), is_silent);
        assert_eq!(exchange["bytesPromised"].is_null(), is_silent);
    }
}

/// What a client is told on each of several calls of the list, one every so often.
fn told(client: &mut Client, calls: usize, apart: Duration) -> Vec<(u16, Option<String>)> {
    let told = (0..calls).map(|_| {
        let reply = client.get("").reply;
        client.advance(apart);
        (status_of(&reply), reply.header("retry-after").map(str::to_owned))
    });
    told.collect()
}

fn built_in(name: &str) -> Client {
    let mut client = Client::new(vec![library::ruleset(name).unwrap()], |config| {
        config.options.token_lifetime = Duration::from_hours(12);
    });
    client.buy_token();
    client
}

#[test]
fn a_client_that_keeps_coming_back_early_is_pushed_back_further_and_further() {
    let mut eager = built_in("rate-limited-escalating");
    let mut waits: Vec<_> =
        told(&mut eager, 30, Duration::from_secs(1)).into_iter().filter_map(|(_, wait)| wait).collect();
    waits.dedup();
    assert_eq!(waits, ["2", "60", "300", "600", "1200"]);
    let mut patient = built_in("rate-limited-escalating");
    let mut waits: Vec<_> =
        told(&mut patient, 30, Duration::from_secs(2)).into_iter().filter_map(|(_, wait)| wait).collect();
    assert_eq!(waits.len(), 7);
    waits.dedup();
    assert_eq!(waits, ["2"]);
}

#[test]
fn a_longer_wait_ends_is_remembered_and_is_forgotten_and_the_journal_says_why() {
    let mut client = Client::with(
        "name: t\nrules: [{when: {method: GET}, fires: {every: 2}, fault: {rateLimited: {retryAfter: 10s, escalates: {after: 1, within: 20s, to: [60s, 300s], forget: 100s}}}}]\n",
    );
    let mut waits = |apart: &[u64]| -> Vec<String> {
        let mut found = Vec::new();
        for apart in apart {
            found.extend(told(&mut client, 1, Duration::from_secs(*apart)).pop().unwrap().1);
        }
        found
    };
    // The second call is limited, the third comes early; the fourth comes in time and is limited, the fifth comes early.
    assert_eq!(waits(&[0, 1, 60, 0, 1]), ["10", "60", "10", "300"]);
    assert_eq!(waits(&[300 + 100]), ["300"]);
    // Calls that pass and are limited in turn; nothing is held against the client any more.
    assert_eq!(waits(&[0, 1, 60]), ["10", "60"]);
    let journal = client.journal();
    let why = &journal["exchanges"][3]["rules"][0]["why"];
    assert!(why.as_str().unwrap().ends_with("; early calls: 0, longer waits: 1, told 1m"), "{why}");
}

#[test]
fn clients_are_pushed_back_each_on_its_own() {
    let mut client = Client::with(
        "name: t\nrules: [{when: {method: GET}, fires: {per: client}, fault: {rateLimited: {escalates: {after: 1, to: [60s]}}}}]\n",
    );
    let wait = |client: &Client| client.get("").reply.header("retry-after").map(str::to_owned);
    assert_eq!([wait(&client), wait(&client)], [Some("1".to_owned()), Some("60".to_owned())]);
    let reader = &sync_group_sim::Config::default().fixture.clients[1];
    client.admin = (reader.client_id.clone(), reader.client_secret.clone());
    client.buy_token();
    assert_eq!(wait(&client).as_deref(), Some("1"));
}

#[test]
fn a_page_past_the_end_is_told_from_the_last_page_and_from_an_empty_list() {
    let client = built_in("offset-past-the-end");
    let page = |query: &str| status(&client.get(query));
    assert_eq!((page(""), page("?offset=1"), page("?offset=1&limit=0")), (200, 200, 200));
    assert_eq!((page("?offset=2"), page("?offset=250&limit=250"), page("?offset=-1")), (400, 400, 400));
    let past = client.get("?offset=2").reply;
    assert_eq!(past.value()["detailMessage"], "Specified offset is invalid.");
    assert_eq!(client.get("?offset=-1").reply.header("sim-fault"), None);
    let asked = json!({ "match": { "page": "pastEnd" }, "count": { "exactly": 3 } });
    assert_eq!(status(&client.ask(Method::POST, "/_sim/verify", Some(asked))), 200);
    let mut client = Client::new(vec![library::ruleset("offset-past-the-end").unwrap()], |config| {
        config.fixture = Fixture::built_in("empty").unwrap();
    });
    client.buy_token();
    assert_eq!((status(&client.get("")), status(&client.get("?offset=5"))), (200, 200));
}

#[test]
fn the_end_of_a_list_is_where_its_caller_sees_it() {
    let rule = "name: t\nrules: [{when: {page: pastEnd}, fault: {respond: {status: 400}}}]\n";
    let client = Client::with(rule);
    let page = |path: &str| {
        let reply = client.ask(Method::GET, &format!("/beta/{path}"), None).reply;
        let items = reply.value().as_array().map_or(0, Vec::len);
        (reply.status.as_u16(), items)
    };
    for list in [
        "source-apps?limit=250",
        "source-apps/all?limit=250",
        "source-apps/assigned?limit=250",
        "sources?limit=250",
        "sources?limit=250&includeIDNSource=true",
        "sources?limit=250&for-subadmin=2c9180835d2e5168015d32f890ca1581",
        "sources?limit=250&for-subadmin=me&includeIDNSource=true",
        "identities?limit=250",
    ] {
        let (first, items) = page(list);
        assert!(first == 200 && items > 0, "{list}: {first}, {items}");
        assert_eq!(page(&format!("{list}&offset={}", items - 1)), (200, 1), "{list}");
        assert_eq!(page(&format!("{list}&offset={items}")), (400, 0), "{list}");
    }
}

#[test]
fn a_create_on_a_reused_connection_happens_and_is_not_answered() {
    let client = built_in("committed-then-closed");
    let body = json!({ "name": "Written", "passwordPolicyId": "p", "sourceIds": ["a", "b"] });
    let create = || client.ask(Method::POST, "/v3/password-sync-groups", Some(body.clone()));
    assert_eq!(create().delivery.manner, Manner::Close);
    assert_eq!(create().delivery.manner, Manner::Whole);
    assert_eq!(client.names().iter().filter(|name| *name == "Written").count(), 2);
    let first = Client::new(vec![library::ruleset("committed-then-closed").unwrap()], |_| {});
    let reply = first.ask(Method::POST, "/v3/password-sync-groups", Some(body)).reply;
    assert_eq!((status_of(&reply), reply.header("sim-fault")), (401, None));
    let why = &first.journal()["exchanges"][0]["rules"][0]["why"];
    assert_eq!(why, "connection is `new`");
}

#[test]
fn a_wait_that_overflows_a_timer_and_a_500_about_the_request_are_told_as_they_were_seen() {
    let mut client = built_in("rate-limited-retry-after-overflow");
    let overflow = told(&mut client, 3, Duration::ZERO);
    assert_eq!(overflow, [(200, None), (429, Some("2147484".to_owned())), (200, None)]);
    let client = built_in("not-acceptable");
    let body = client.get("").reply.value();
    assert_eq!(body["errorName"], "NotAcceptableException");
    assert_eq!([status(&client.get("")), status(&client.get(""))], [500, 200]);
}

#[test]
fn a_source_is_shown_for_a_while_after_its_deletion_and_writes_see_that_it_is_gone() {
    let mut client = built_in("source-shown-after-delete");
    let target = format!("/v3/sources/{OKTA}");
    let name = |client: &Client| client.ask(Method::GET, &target, None).reply.value()["name"].clone();
    let count = |client: &Client| {
        client.ask(Method::GET, "/v3/sources", None).reply.value().as_array().unwrap().len()
    };
    client.advance(Duration::from_secs(10));
    assert_eq!((name(&client), count(&client)), (json!("Okta"), 11));
    assert_eq!(status(&client.ask(Method::DELETE, &target, None)), 202);
    assert_eq!((name(&client), count(&client)), (json!("Okta"), 11));
    assert_eq!(status(&client.ask(Method::DELETE, &target, None)), 404);
    client.advance(Duration::from_millis(4_999));
    assert_eq!((name(&client), count(&client)), (json!("Okta"), 11));
    client.advance(Duration::from_millis(1));
    assert_eq!((name(&client), count(&client)), (Value::Null, 10));
}

#[test]
fn a_stale_read_of_a_policy_shows_the_sources_that_it_had() {
    let client = Client::with(
        "name: t\nrules: [{when: {operation: [getPasswordPolicyById, listPasswordPolicyHoldersOnSource, getPasswordOrgConfig]}, fires: {every: 2}, fault: {stale: {by: 1h}}}]\n",
    );
    let ask = |method, target: &str, body| client.ask(method, target, body).reply.value();
    let policy = "2c91808d744ba0ce01746f93b6204502";
    let holders = format!("/v2026/sources/{OKTA}/password-policies");
    ask(Method::PATCH, &holders, Some(json!([{ "policyId": policy }])));
    ask(Method::PUT, "/v3/password-org-config", Some(json!({ "digitTokenLength": 9 })));
    let sources = || ask(Method::GET, &format!("/v3/password-policies/{policy}"), None)["sourceIds"].clone();
    assert_eq!((sources(), sources()), (json!([OKTA]), json!([])));
    let held = || ask(Method::GET, &holders, None).as_array().unwrap().len();
    assert_eq!((held(), held()), (1, 0));
    let digits = || ask(Method::GET, "/v3/password-org-config", None)["digitTokenLength"].clone();
    assert_eq!((digits(), digits()), (json!(9), json!(6)));
}

#[test]
fn sources_can_ask_for_a_header_refuse_a_filter_or_a_patch() {
    let client = built_in("experimental-header-missing");
    let refused = client.ask(Method::GET, "/v3/sources", None).reply;
    let told = json!({ "error": "Experimental Header is missing or invalid." });
    assert_eq!((status_of(&refused), refused.value()), (400, told));
    let request = Request::new(Method::GET, "/v3/sources").unwrap().bearer(&client.token);
    let request = request.header(HeaderName::from_static("x-sailpoint-experimental"), "true");
    assert_eq!(status(&client.simulator.answer_at(&request, client.wall)), 200);
    let client = built_in("filter-refused");
    let list = |query: &str| client.ask(Method::GET, &format!("/v3/sources{query}"), None);
    assert_eq!(status(&list("?filters=features+ca+(%22PASSWORD%22)")), 400);
    assert_eq!(status(&list("?limit=250")), 200);
    let client = built_in("patch-refused");
    let patch = || {
        let patch = json!([{ "op": "replace", "path": "/description", "value": "New" }]);
        let request = Request::new(Method::PATCH, &format!("/v3/sources/{OKTA}")).unwrap();
        let request = request.bearer(&client.token).body("application/json-patch+json", patch.to_string());
        client.simulator.answer_at(&request, client.wall).reply
    };
    let description = |reply: &Reply| reply.value()["description"].clone();
    assert_eq!(patch().value()["messages"][0]["text"], "Illegal attempt to modify \"healthy\" field");
    let source = client.ask(Method::GET, &format!("/v3/sources/{OKTA}"), None).reply;
    assert_eq!((description(&source), description(&patch())), (Value::Null, json!("New")));
}

#[test]
fn a_page_of_what_is_no_list_is_a_mistake() {
    let rule = "name: t\nrules: [{when: {operation: token, page: pastEnd}, fault: close}]\n";
    let error = sync_group_sim::scenario::Ruleset::read(&sync_group_sim::document::Document::new("t", rule));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("only a list has pages; expected one of ") && error.contains("getPasswordSyncGroups"),
        "{error}"
    );
}
