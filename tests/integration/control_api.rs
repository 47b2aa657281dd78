//! The control API: every call, its errors, and that controlling one tenant changes nothing in another.

use std::io::{BufRead, BufReader, Write};
use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use serde_json::{Value, json};
use sync_group_sim::ControlPolicy;
use sync_group_sim::journal::Filter;
use sync_group_sim::operation::Operation;
use sync_group_sim::scenario::Rule;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::tenant::operator::ClockMode;
use sync_group_sim::wire::Request;

use crate::harness::ask::token_call;
use crate::harness::control::Sim;
use crate::harness::http::{connect, exchange, parse, send};
use crate::harness::served::Served;

#[test]
fn every_call_that_is_listed_is_answered() {
    let sim = Sim::new();
    let calls = sim.control("GET /_sim", None, 200)["calls"].clone();
    assert!(calls.as_array().unwrap().len() > 20);
    for call in calls.as_array().unwrap() {
        let (method, url) = call.as_str().unwrap().split_once(' ').unwrap();
        let path = url.strip_prefix("http://localhost:4580").unwrap();
        let outcome = sim.ask(&format!("{method} {}", path.replace("{name}", "x")), None, None);
        let status = outcome.reply.status.as_u16();
        assert!([200, 201, 204, 400, 404].contains(&status), "{call}: {status}");
        // A 404 or 400 here is about what the call was given, and says so.
        if status >= 400 {
            assert!(outcome.reply.value()["error"].as_str().is_some_and(|error| error.len() > 10), "{call}");
        }
    }
}

#[test]
fn the_control_apis_document_names_the_server_it_was_requested_from() {
    let document = Sim::new().control("GET /_sim/control.openapi.json", None, 200);
    assert_eq!(document["servers"], json!([{ "url": "http://localhost:4580" }]));
}

#[test]
fn a_tenant_has_clients_of_its_own_and_is_recognised_by_them() {
    let sim = Sim::new();
    let (prefix, token, made) = sim.tenant(json!({ "name": "mine", "seed": 7, "fixture": "empty" }));
    assert_eq!((made["name"].as_str(), made["seed"].as_u64()), (Some("mine"), Some(7)));
    assert_eq!(made["baseUrl"], "http://localhost:4580/tenants/mine");
    let admin = &made["clients"][0];
    assert_eq!(admin["name"], "admin");
    assert_eq!(
        (admin["clientId"].as_str().unwrap().len(), admin["clientSecret"].as_str().unwrap().len()),
        (32, 64)
    );
    // At the root, its client id and its tokens are its own alone.
    let at_root = sim.token("", admin);
    for token in [&token, &at_root] {
        let list = sim.ask("GET /v3/password-sync-groups?count=true", Some(token), None).reply;
        assert_eq!((list.status.as_u16(), list.header("x-total-count")), (200, Some("0")));
    }
    assert_eq!(sim.status(&format!("GET {prefix}/v3/password-sync-groups"), &token), 200);
    // In another tenant they are unknown.
    assert_eq!(sim.status("GET /tenants/other/v3/password-sync-groups", &token), 401);
    sim.control("DELETE /_sim/tenants/mine", None, 204);
    assert_eq!(sim.status("GET /v3/password-sync-groups", &token), 401);
}

#[test]
fn a_page_of_another_site_is_refused_whoever_may_call() {
    let token = ControlPolicy::Token("t".to_owned());
    for (control, status) in [(ControlPolicy::Local, 403), (token, 403), (ControlPolicy::Off, 404)] {
        let served = Served::start(Config { control, ..Config::default() });
        let ask = |site: &str| {
            let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = [field("Authorization", "Bearer t"), field("Sec-Fetch-Site", site)];
            send(served.address(), "GET", "/_sim/state", &headers, b"").status
        };
        assert_eq!((ask("cross-site"), ask("same-origin") == 200), (status, status != 404));
    }
}

#[test]
fn no_credentials_lead_away_from_the_tenant_default_where_it_is_named() {
    let sim = Sim::new();
    let (_, token, made) = sim.tenant(json!({ "name": "mine" }));
    let admin = &made["clients"][0];
    let (id, secret) = (admin["clientId"].as_str().unwrap(), admin["clientSecret"].as_str().unwrap());
    let statuses = |base: &str| {
        let buy = format!("POST {}", token_call(base, id, secret));
        let bought = sim.ask(&buy, None, None).reply.status.as_u16();
        (sim.status(&format!("GET {base}/v3/password-sync-groups"), &token), bought)
    };
    assert_eq!(statuses(""), (200, 200));
    let by_path = statuses("/tenants/default");
    assert_eq!(by_path.0, 401);
    assert!(by_path.1 >= 400);
    for base in
        ["http://default.localhost", "http://DEFAULT.localhost:4580", "http://default.api.identitynow.com"]
    {
        assert_eq!(statuses(base), by_path, "{base}");
    }
    assert_eq!(statuses("http://mine.localhost"), (200, 200));
}

#[test]
fn an_invalid_tenant_is_refused_with_the_reason() {
    let sim = Sim::new();
    sim.control("POST /_sim/tenants", Some(json!({ "name": "a" })), 201);
    for (asked, status, error) in [
        (json!({ "name": "a" }), 409, "tenant `a` exists already"),
        (json!({ "name": "default" }), 409, "tenant `default` exists already"),
        (json!({ "name": "No Name" }), 400, "expected 1 to 63 of a-z, 0-9 and -"),
        (json!({ "nam": "b" }), 400, "body:1:2: unknown key `nam`; expected name, "),
        (
            json!({ "fixture": "huge" }),
            400,
            "body:1:12: no built-in fixture is named `huge`; expected demo, large or empty",
        ),
        (json!({ "fixture": { "groups": [{ "id": "g" }] } }), 400, "body:1:23: a group without a name"),
        (json!({ "scenarios": ["nothing"] }), 400, "body:1:15: no built-in scenario is named `nothing`"),
        (json!({ "rateLimit": "fast" }), 400, "`fast` is not a rate limit"),
        (json!({ "seed": -1 }), 400, "body:1:"),
        (json!({ "tokenLifetime": "500ms" }), 400, "expected whole seconds, 1s or more"),
    ] {
        let body = sim.control("POST /_sim/tenants", Some(asked.clone()), status);
        assert!(body["error"].as_str().unwrap().contains(error), "{asked}: {body}");
    }
    sim.control("DELETE /_sim/tenants/nobody", None, 404);
    sim.control("DELETE /_sim/tenants/default", None, 400);
    assert_eq!(sim.control("GET /_sim/tenants", None, 200), json!({ "tenants": ["default", "a"] }));
    let made = sim.control("POST /_sim/tenants", None, 201);
    assert!(made["name"].as_str().unwrap().starts_with("t-"), "{made}");
}

#[test]
fn a_fixture_may_be_the_text_of_a_file() {
    let sim = Sim::new();
    for text in [
        "# Ours\npasswordPolicies:\n  - {id: p, name: P}\n",
        "\u{feff}%YAML 1.2\r\n---\r\npasswordPolicies:\r\n- id: p\r\n  name: P\r\n...\r\n",
        "{\"passwordPolicies\": [{\"id\": \"p\", \"name\": \"P\"}]}\n",
    ] {
        let (prefix, ..) = sim.tenant(json!({ "fixture": text, "seed": 5 }));
        let state = sim.control(&format!("GET {prefix}/_sim/state"), None, 200);
        assert_eq!(state["passwordPolicies"][0]["name"], "P", "{text}");
    }
    let group = "groups:\n  - {id: g, name: G, passwordPolicyId: p, sourceIds: [a, b]}\n";
    for (text, told) in [
        ("groups: []\ngrups: []\ngroups: []\n", "fixture:2:1: unknown key `grups`"),
        ("groups: []\ngrups: []\ngroups: []\n", "\nfixture:3:1: a repeated key, first on line 1"),
        ("{\"groups\": [}\n", "fixture:1:13: "),
        (group, "fixture:2:40: password policy `p`"),
        ("\n", "fixture:1:1: "),
        ("clients:\n  - {name: a, clientId: i, clientSecret: a-secret, user: a-secret}\n", "fixture:2:"),
    ] {
        for call in ["POST /_sim/tenants", "PUT /_sim/tenants/it"] {
            let body = sim.control(call, Some(json!({ "fixture": text })), 400);
            let said = body["error"].as_str().unwrap();
            assert!(
                said.contains(told) && !said.contains("a-secret") && !said.contains("body"),
                "{text}: {said}"
            );
        }
    }
    sim.tenant(json!({ "fixture": group, "prerequisites": "ignore" }));
}

#[test]
fn a_tenant_has_options_of_its_own() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({
        "fixture": { "passwordPolicies": [{ "id": "p", "name": "P" }] },
        "scenarios": ["rate-limited", { "name": "mine", "rules": [{ "fires": { "nth": 9 }, "fault": "close" }] }],
        "prerequisites": "ignore",
        "rateLimit": "2/10s",
        "tokenLifetime": "60s",
    }));
    let state = sim.control(&format!("GET {prefix}/_sim/state"), None, 200);
    assert_eq!(state["passwordPolicies"][0]["name"], "P");
    let rules = sim.control(&format!("GET {prefix}/_sim/scenario"), None, 200);
    assert_eq!(rules["rules"].as_array().unwrap().last().unwrap()["scenario"], "mine");
    sim.control(&format!("DELETE {prefix}/_sim/scenario"), None, 204);
    let list = format!("GET {prefix}/v3/password-sync-groups");
    assert_eq!([(); 3].map(|()| sim.status(&list, &token)), [200, 200, 429]);
    sim.control(&format!("POST {prefix}/_sim/clock/advance"), Some(json!({ "by": "60s" })), 200);
    assert_eq!(sim.status(&list, &token), 401);
}

#[test]
fn moving_a_tenants_clock_moves_only_its_own_time() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "a" }));
    let (other, other_token, _) = sim.tenant(json!({ "name": "b" }));
    let clock = |call: &str, body: Value| sim.control(call, Some(body), 200);
    let set = format!("PUT {prefix}/_sim/clock");
    assert_eq!(
        clock(&set, json!({ "mode": "manual" })),
        json!({ "mode": "manual", "now": "2026-11-24T09:30:00.000Z" })
    );
    let list = |prefix: &str| format!("GET {prefix}/v3/password-sync-groups");
    let advance = format!("POST {prefix}/_sim/clock/advance");
    assert_eq!(clock(&advance, json!({ "by": "748s" }))["now"], "2026-11-24T09:42:28.000Z");
    let reply = sim.ask(&list(&prefix), Some(&token), None).reply;
    assert_eq!((reply.status.as_u16(), reply.header("date")), (200, Some("Tue, 24 Nov 2026 09:42:28 GMT")));
    clock(&advance, json!({ "by": "1s" }));
    assert_eq!(sim.status(&list(&prefix), &token), 401);
    assert_eq!(sim.status(&list(&other), &other_token), 200);
    assert_eq!(
        clock(&set, json!({ "now": "2030-01-01T00:00:00Z", "mode": "auto" }))["now"],
        "2030-01-01T00:00:00.000Z"
    );
    for (call, body, error) in [
        (&advance, json!({ "by": "soon" }), "`soon` is not a duration"),
        (&advance, json!({}), "the key `by` is missing; expected a duration"),
        (&set, json!({}), "expected `mode`, `now` or both"),
        (&set, json!({ "now": "tomorrow" }), "`tomorrow` is not a time; expected RFC 3339"),
    ] {
        let body = sim.control(call, Some(body), 400);
        assert!(body["error"].as_str().unwrap().contains(error), "{body}");
    }
}

#[test]
fn a_test_asks_for_one_fault_ahead_of_all_others() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "scenarios": [{ "name": "base", "rules": [{ "name": "all", "when": { "method": "GET" }, "fault": { "respond": { "status": 503 } } }] }] }));
    let rules = format!("POST {prefix}/_sim/scenario/rules");
    let rule = json!({ "name": "one", "when": { "method": "GET" }, "fires": { "nth": 1 }, "fault": { "respond": { "status": 418 } } });
    assert_eq!(sim.control(&rules, Some(rule.clone()), 201)["scenario"], "rules");
    sim.control(&rules, Some(rule), 409);
    let list = format!("GET {prefix}/v3/password-sync-groups");
    let first = sim.ask(&list, Some(&token), None).reply;
    assert_eq!((first.status.as_u16(), first.header("sim-fault")), (418, Some("rules/one")));
    assert_eq!(sim.status(&list, &token), 503);
    sim.control(&format!("DELETE {prefix}/_sim/scenario/rules/all"), None, 204);
    sim.control(&format!("DELETE {prefix}/_sim/scenario/rules/all"), None, 404);
    assert_eq!(sim.status(&list, &token), 200);
    let report = sim.control(&format!("GET {prefix}/_sim/scenario"), None, 200);
    assert_eq!(
        (report["rules"][0]["matched"].as_u64(), report["rules"][0]["fired"].as_u64()),
        (Some(3), Some(1))
    );
    let wrong = sim.control(&rules, Some(json!({ "fires": { "nth": 0 }, "fault": "close" })), 400);
    assert!(wrong["error"].as_str().unwrap().contains("nth 0 can never fire; expected 1 or more"), "{wrong}");
}

#[test]
fn what_runs_is_replaced_by_a_document_or_by_names() {
    let sim = Sim::new();
    let put = |body: Value, status: u16| sim.control("PUT /_sim/scenario", Some(body), status);
    assert_eq!(
        put(json!({ "use": ["rate-limited", "flaky-5-percent"] }), 200)["rules"][0]["scenario"],
        "rate-limited"
    );
    let mine = json!({ "name": "mine", "rules": [{ "fault": "reset" }] });
    assert_eq!(put(mine, 200)["rules"].as_array().unwrap().len(), 1);
    assert!(
        put(json!({ "use": ["nothing"] }), 400)["error"]
            .as_str()
            .unwrap()
            .contains("body:1:9: no built-in scenario is named `nothing`")
    );
    assert!(
        put(json!({ "name": "x" }), 400)["error"].as_str().unwrap().contains("the key `rules` is missing")
    );
    assert_eq!(sim.control("GET /_sim/scenario", None, 200)["rules"][0]["scenario"], "mine");
    sim.control("DELETE /_sim/scenario", None, 204);
    assert_eq!(sim.control("GET /_sim/scenario", None, 200), json!({ "rules": [] }));
}

/// A tenant in which three calls were made, two gets and one create, a second apart.
fn with_three_calls(sim: &Sim) -> (String, String) {
    let (prefix, token, _) = sim.tenant(json!({ "name": "a", "prerequisites": "ignore" }));
    sim.control(&format!("PUT {prefix}/_sim/clock"), Some(json!({ "mode": "manual" })), 200);
    let advance =
        || sim.control(&format!("POST {prefix}/_sim/clock/advance"), Some(json!({ "by": "1s" })), 200);
    assert_eq!(sim.status(&format!("GET {prefix}/v3/password-sync-groups"), &token), 200);
    advance();
    sim.ask(&format!("POST {prefix}/v3/password-sync-groups"), Some(&token), Some(json!({ "name": "New" })));
    advance();
    assert_eq!(sim.status(&format!("GET {prefix}/v3/password-sync-groups/none"), &token), 404);
    (prefix, token)
}

#[test]
fn the_journal_is_filtered_cleared_and_exported() {
    let sim = Sim::new();
    let (prefix, _) = with_three_calls(&sim);
    let seqs = |query: &str| -> Vec<u64> {
        let body = sim.control(&format!("GET {prefix}/_sim/journal{query}"), None, 200);
        body["exchanges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|exchange| exchange["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs(""), [1, 2, 3, 4]);
    assert_eq!(seqs("?operation=createPasswordSyncGroup"), [3]);
    assert_eq!(seqs("?status=404"), [4]);
    assert_eq!(seqs("?client=nobody"), [0; 0]);
    assert_eq!(seqs("?after=1&limit=2"), [2, 3]);
    assert_eq!(seqs("?rule=none"), [0; 0]);
    let wrong = sim.control(&format!("GET {prefix}/_sim/journal?after=x"), None, 400);
    assert_eq!(wrong["error"], "`after` is `x`; expected a whole number from 0");
    let wrong = sim.control(&format!("GET {prefix}/_sim/journal?limit=18446744073709551616"), None, 400);
    let told = "`limit` is `18446744073709551616`; expected a whole number from 0 to 18446744073709551615";
    assert_eq!(wrong["error"], told);
    sim.control(&format!("GET {prefix}/_sim/journal?operation=fly"), None, 400);
    sim.control(&format!("GET {prefix}/_sim/journal?colour=red"), None, 400);
    let har = sim.control(&format!("GET {prefix}/_sim/journal.har"), None, 200);
    let entry = &har["log"]["entries"][2];
    assert_eq!(
        (entry["request"]["method"].as_str(), entry["response"]["status"].as_u64()),
        (Some("POST"), Some(200))
    );
    assert_eq!(entry["request"]["url"], "http://localhost:4580/tenants/a/v3/password-sync-groups");
    assert_eq!(entry["request"]["postData"]["text"], "{\"name\":\"New\"}");
    sim.control(&format!("DELETE {prefix}/_sim/journal?status=404"), None, 204);
    assert_eq!(seqs(""), [1, 2, 3]);
    sim.control(&format!("DELETE {prefix}/_sim/journal?limit=1"), None, 204);
    assert_eq!(seqs(""), [2, 3]);
    sim.control(&format!("DELETE {prefix}/_sim/journal"), None, 204);
    assert_eq!(seqs(""), [0; 0]);
}

#[test]
fn exchanges_are_found_by_a_rule_with_or_without_its_scenario_and_by_a_client_that_is_not_there() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "a" }));
    let rule = json!({ "name": "away", "when": { "operation": "oauthInfo" }, "fault": { "respond": { "status": 503 } } });
    sim.control(&format!("POST {prefix}/_sim/scenario/rules"), Some(rule), 201);
    assert_eq!(sim.status(&format!("GET {prefix}/oauth/info"), &token), 503);
    let token_call = "oauth/token?grant_type=client_credentials&client_id=ghost&client_secret=x";
    sim.ask(&format!("POST {prefix}/{token_call}"), None, None);
    let listed = |query: &str| {
        let journal = sim.control(&format!("GET {prefix}/_sim/journal?{query}"), None, 200);
        let exchanges = journal["exchanges"].as_array().unwrap();
        (exchanges.len(), journal["warning"].as_str().is_some())
    };
    for (query, found) in [
        ("rule=away", (1, false)),
        ("rule=rules/away", (1, false)),
        ("rule=other/away", (0, false)),
        // Whoever fetches a token may name any client.
        ("client=ghost", (1, false)),
        ("client=nobody", (0, true)),
    ] {
        assert_eq!(listed(query), found, "{query}");
    }
}

#[test]
fn a_new_tenant_says_which_of_its_rules_cannot_fire() {
    let sim = Sim::new();
    let made = |source: &str, client: &str| {
        let rules = json!([
            { "name": "a", "when": { "operation": "changePassword", "source": source }, "fault": { "connector": "refuses" } },
            { "name": "b", "when": { "client": client }, "fault": "close" },
        ]);
        let body = json!({ "name": client, "scenarios": [{ "name": "x", "rules": rules }] });
        sim.control("POST /_sim/tenants", Some(body), 201)["warnings"].clone()
    };
    assert_eq!(made("Okta", "admin"), Value::Null);
    let told = made("Oktopus", "nobody");
    let told: Vec<_> = told.as_array().unwrap().iter().map(|told| told.as_str().unwrap()).collect();
    let whose = "of tenant `nobody` has the id or name";
    assert!(
        told[0].starts_with(&format!(
            "scenario `x`, rule `a` cannot fire yet: so far no source {whose} `Oktopus`; expected "
        )),
        "{told:?}"
    );
    assert!(
        told[1].starts_with(&format!(
            "scenario `x`, rule `b` can never fire: no client {whose} `nobody`; expected "
        )),
        "{told:?}"
    );
    assert_eq!(told.len(), 2);
}

#[test]
fn rules_that_are_sent_to_a_tenant_are_warned_about_while_it_does_not_have_their_source() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "mine", "fixture": "demo", "scenarios": [] }));
    let rule = |name: &str, source: &str| {
        let when = json!({ "operation": "changePassword", "source": source });
        json!({ "name": name, "when": when, "fault": { "connector": "refuses" } })
    };
    let told = |scenario: &str, rule: &str| {
        let what = "so far no source of tenant `mine` has the id or name `Oktopus`";
        format!("scenario `{scenario}`, rule `{rule}` cannot fire yet: {what}; expected ")
    };
    let begin = |said: &Value| -> Vec<String> {
        let texts = said["warnings"].as_array().into_iter().flatten();
        texts
            .map(|text| text.as_str().unwrap().split_inclusive("; expected ").next().unwrap().to_owned())
            .collect()
    };
    let put = format!("PUT {prefix}/_sim/scenario");
    let rules = json!([rule("a", "Okta"), rule("b", "Oktopus"), rule("c", "IdentityNow")]);
    let said = sim.control(&put, Some(json!({ "name": "x", "rules": rules })), 200);
    assert_eq!((said["rules"].as_array().unwrap().len(), begin(&said)), (3, vec![told("x", "b")]));
    let add = format!("POST {prefix}/_sim/scenario/rules");
    assert_eq!(sim.control(&add, Some(rule("d", "Okta")), 201)["warnings"], Value::Null);
    assert_eq!(begin(&sim.control(&add, Some(rule("e", "Oktopus")), 201)), [told("rules", "e")]);
    let show = format!("GET {prefix}/_sim/scenario");
    assert_eq!(begin(&sim.control(&show, None, 200)), [told("rules", "e"), told("x", "b")]);
    // Nothing is said any more once there is such a source.
    let source = json!({ "name": "Oktopus", "owner": null, "connector": "okta" });
    assert_eq!(sim.ask(&format!("POST {prefix}/v3/sources"), Some(&token), Some(source)).reply.status, 201);
    assert_eq!(sim.control(&show, None, 200)["warnings"], Value::Null);
    // Built-in scenarios name sources of `demo`.
    let (prefix, _, _) = sim.tenant(json!({ "fixture": "empty", "scenarios": [] }));
    let said = sim.control(&format!("PUT {prefix}/_sim/scenario"), Some(json!("one-source-refuses")), 200);
    assert_eq!(begin(&said).len(), 1, "{said}");
}

#[test]
fn a_question_about_a_client_that_is_not_there_is_answered_with_those_that_are() {
    let sim = Sim::new();
    let (prefix, _) = with_three_calls(&sim);
    let nobody = "has the id or name `raeder`; expected ";
    let verify = |client: &str, status: u16| {
        let body = json!({ "match": { "client": client }, "count": { "exactly": 0 } });
        sim.control(&format!("POST {prefix}/_sim/verify"), Some(body), status)
    };
    let told = verify("raeder", 409);
    assert!(told["passed"] == false && told["expected"].as_str().unwrap().contains(nobody), "{told}");
    assert!(told["expected"].as_str().unwrap().ends_with("; did you mean `reader`?"), "{told}");
    assert_eq!(verify("reader", 200)["passed"], true);
}

#[test]
fn verification_counts_and_orders_and_measures() {
    let sim = Sim::new();
    let (prefix, _) = with_three_calls(&sim);
    let verify = |expected: Value, status: u16| {
        let body = sim.control(&format!("POST {prefix}/_sim/verify"), Some(expected), status);
        assert!(status == 400 || body["passed"] == (status == 200), "{body}");
        body
    };
    let gets = json!({ "method": "GET" });
    assert_eq!(verify(json!({ "match": gets, "count": { "exactly": 2 } }), 200)["count"], 2);
    verify(json!({ "match": gets, "apart": { "atLeast": "2s" } }), 200);
    verify(
        json!({ "match": { "operation": "createPasswordSyncGroup", "body": { "/name": "New" } }, "status": 200,
        "then": [{ "match": gets, "status": 404 }] }),
        200,
    );

    let failed = verify(json!({ "match": { "method": "GET", "client": "nobody" } }), 409);
    assert_eq!(failed["expected"], "at least 1 to match; found 0");
    assert_eq!(failed["nearest"][0]["seq"], 4);
    assert!(failed["nearest"][0]["differs"][0].as_str().unwrap().starts_with("client is `"), "{failed}");
    let failed = verify(json!({ "match": gets, "count": { "atMost": 1 } }), 409);
    assert_eq!(failed["expected"], "at most 1 to match; found 2");
    let failed = verify(json!({ "match": gets, "apart": { "atLeast": "3s" } }), 409);
    assert_eq!(failed["expected"], "at least 3s apart; exchanges 2 and 4 are 2s apart");
    verify(json!({ "match": gets, "apart": { "atMost": "2s" } }), 200);
    let failed = verify(json!({ "match": gets, "apart": { "atMost": "1s" } }), 409);
    assert_eq!(failed["expected"], "at most 1s apart; exchanges 2 and 4 are 2s apart");
    let failed = verify(
        json!({ "match": gets, "then": [{ "match": { "method": "POST" } }, { "match": { "method": "POST" } }] }),
        409,
    );
    assert_eq!(failed["expected"], "step 2 of `then` after exchange 3; found none");
    let failed = verify(json!({ "match": gets, "status": 500 }), 409);
    assert_eq!(failed["nearest"][0]["differs"], json!(["status is 404, not 500"]));

    assert!(
        verify(json!({ "match": { "version": "v9" } }), 400)["error"]
            .as_str()
            .unwrap()
            .contains("version `v9` does not exist")
    );
    verify(json!({ "matches": {} }), 400);
    verify(json!({ "count": { "exactly": 1, "atLeast": 3 } }), 400);
    verify(json!({ "apart": { "atLeast": "5s", "atMost": "1s" } }), 400);
    verify(json!({ "status": 99 }), 400);
    let surplus = verify(json!({ "match": gets, "count": { "exactly": 1 } }), 409);
    let told = |failed: &Value| -> Vec<String> {
        let nearest = failed["nearest"].as_array().unwrap().iter();
        nearest.map(|near| near["differs"][0].as_str().unwrap().to_owned()).collect()
    };
    let (last, first) = (&surplus["nearest"][0], &surplus["nearest"][1]);
    assert_eq!((&last["seq"], &last["method"], &last["status"]), (&json!(4), &json!("GET"), &json!(404)));
    assert!(last["path"].as_str().unwrap().contains("/password-sync-groups"), "{last}");
    assert_eq!((&first["seq"], &first["fault"]), (&json!(2), &Value::Null));
    assert!(told(&surplus)[0].ends_with(", 404, 2s after exchange 2"), "{surplus}");
    // Too close together is told in the same way.
    let close = verify(json!({ "match": gets, "apart": { "atLeast": "3s" } }), 409);
    assert_eq!(told(&close), told(&surplus));
    assert!(told(&close)[1].starts_with(&format!("at {}, GET ", first["at"].as_str().unwrap())), "{close}");
}

#[test]
fn exported_state_can_be_imported_unchanged() {
    let sim = Sim::new();
    let (prefix, token) = with_three_calls(&sim);
    let get = format!("GET {prefix}/_sim/state");
    let before = sim.control(&get, None, 200);
    assert_eq!(before["groups"].as_array().unwrap().len(), 3);
    assert_eq!(sim.control(&format!("PUT {prefix}/_sim/state"), Some(before.clone()), 200), before);
    let mut smaller = before.clone();
    smaller["groups"].as_array_mut().unwrap().truncate(1);
    sim.control(&format!("PUT {prefix}/_sim/state"), Some(smaller.clone()), 200);
    assert_eq!(sim.control(&get, None, 200), smaller);
    assert_eq!(sim.status(&format!("GET {prefix}/v3/password-sync-groups"), &token), 200);
    let wrong = sim.control("PUT /_sim/state", Some(json!({ "groups": [{ "id": "g", "name": "G" }] })), 400);
    assert!(wrong["error"].as_str().unwrap().starts_with("body:1:"), "{wrong}");
}

#[test]
fn what_all_rules_of_a_scenario_ask_for_is_counted_together() {
    let sim = Sim::new();
    for (rule, count, expected) in [
        (
            json!({ "sequence": vec!["close"; 1_000] }),
            21,
            "21000 faults in sequences; expected 20000 or fewer in all rules",
        ),
        (
            json!({ "fires": { "nth": (1..=1_000).collect::<Vec<_>>() }, "fault": "close" }),
            101,
            "101000 numbers in `nth`; expected 100000 or fewer in all rules",
        ),
    ] {
        let scenario = json!({ "name": "x", "rules": vec![rule; count] });
        let told = sim.control("PUT /_sim/scenario", Some(scenario), 400);
        assert!(told["error"].as_str().unwrap().contains(expected), "{told}");
    }
}

#[test]
fn what_a_body_asks_for_is_counted_before_any_of_it_is_done() {
    let sim = Sim::new();
    let many = |nth: usize, of: fn(usize) -> Value| (0..nth).map(of).collect::<Vec<_>>();
    let regexes = |nth: usize| {
        let named = (0..nth).map(|nth| (format!("q{nth}"), json!({ "regex": "[a-z]{50}\\w{50}" })));
        named.collect::<serde_json::Map<_, _>>()
    };
    let rules = |rules: Vec<Value>| json!({ "name": "x", "rules": rules });
    let close = |when: Value| json!({ "when": when, "fault": "close" });
    let with_regex = |nth: usize| json!({ "when": { "path": "/a", "client": { "regex": format!("a{nth}") } }, "fault": "close" });
    for (call, body, expected) in [
        (
            "PUT /_sim/scenario",
            json!({ "use": many(20_000, |_| json!("chaos")) }),
            "20000 entries in use; expected 100 or fewer",
        ),
        (
            "PUT /_sim/scenario",
            rules(many(1_001, |_| json!({ "fault": "close" }))),
            "more than 1000 rules would run",
        ),
        (
            "PUT /_sim/scenario",
            rules(many(300, with_regex)),
            "300 regular expressions; expected 256 or fewer",
        ),
        (
            "PUT /_sim/scenario",
            rules(vec![close(json!({ "query": regexes(9_000) }))]),
            "9000 entries in query; expected 64 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            close(json!({ "header": regexes(65) })),
            "65 entries in header; expected 64 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            close(json!({ "operation": many(101, |_| json!("token")) })),
            "101 entries; expected 100 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            close(json!({ "path": format!("/{}", "a".repeat(2_000)) })),
            "is 2001 bytes long; expected 1024 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            close(json!({ "client": { "regex": "a".repeat(5_000) } })),
            "is 5000 bytes long; expected 4096 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            json!({ "sequence": many(1_001, |_| json!("close")) }),
            "1001 entries in sequence; expected 1000 or fewer",
        ),
        (
            "POST /_sim/scenario/rules",
            json!({ "fires": { "nth": many(1_001, |nth| json!(nth + 1)) }, "fault": "close" }),
            "1001 numbers; expected 1000 or fewer",
        ),
        (
            "POST /_sim/tenants",
            json!({ "scenarios": many(20_000, |_| json!("chaos")) }),
            "20000 entries in scenarios; expected 100 or fewer",
        ),
        (
            "POST /_sim/verify",
            json!({ "match": { "query": regexes(10_000) } }),
            "10000 entries in query; expected 64 or fewer",
        ),
        (
            "POST /_sim/verify",
            json!({ "then": many(101, |_| json!({})) }),
            "101 entries in then; expected 100 or fewer",
        ),
        (
            "POST /_sim/verify",
            json!({ "then": many(5, |nth| json!({ "match": { "query": (0..60).map(|q| (format!("q{nth}{q}"), json!({ "regex": "x" }))).collect::<serde_json::Map<_, _>>() } })) }),
            "300 regular expressions; expected 256 or fewer",
        ),
    ] {
        let told = sim.control(call, Some(body), 400);
        assert!(told["error"].as_str().unwrap().contains(expected), "{call}: {told}\n{expected}");
    }
    // Rules that are added one by one count together.
    for nth in 0..256 {
        sim.control("POST /_sim/scenario/rules", Some(with_regex(nth)), 201);
    }
    let told = sim.control("POST /_sim/scenario/rules", Some(with_regex(256)), 400);
    assert!(
        told["error"]
            .as_str()
            .unwrap()
            .contains("257 regular expressions; expected 256 or fewer in all rules that run together"),
        "{told}"
    );
    // The document says so.
    let document = sim.control("GET /_sim/control.openapi.json", None, 200);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Matcher"]["properties"]["query"]["maxProperties"], 64);
    assert_eq!(schemas["UseOfScenarios"]["properties"]["use"]["maxItems"], 100);
    assert_eq!(schemas["Rule"]["properties"]["sequence"]["maxItems"], 1_000);
}

#[test]
fn a_reset_restores_everything_including_draws() {
    let sim = Sim::new();
    let (prefix, _, made) =
        sim.tenant(json!({ "name": "a", "prerequisites": "ignore", "scenarios": ["chaos"] }));
    // A token that a fault made expire stays dead, so each round has its own.
    let round = || -> Vec<(u16, Value)> {
        let token = sim.token(&prefix, &made["clients"][0]);
        (0..30)
            .map(|nth| {
                let body = Some(json!({ "name": format!("{nth}") }));
                let outcome = sim.ask(&format!("POST {prefix}/v3/password-sync-groups"), Some(&token), body);
                (outcome.reply.status.as_u16(), outcome.reply.value())
            })
            .collect()
    };
    let state = sim.control(&format!("GET {prefix}/_sim/state"), None, 200);
    sim.control(&format!("POST {prefix}/_sim/reset"), None, 204);
    let first = round();
    sim.control(&format!("POST {prefix}/_sim/clock/advance"), Some(json!({ "by": "1s" })), 200);
    sim.control(&format!("POST {prefix}/_sim/reset"), None, 204);
    assert_eq!(sim.control(&format!("GET {prefix}/_sim/state"), None, 200), state);
    assert_eq!(sim.control(&format!("GET {prefix}/_sim/journal"), None, 200)["exchanges"], json!([]));
    assert_eq!(round(), first);
}

#[test]
fn one_tenants_load_faults_and_clock_are_invisible_in_anothers_journal() {
    let journal = |disturb: bool| {
        let sim = Sim::new();
        let (prefix, token, _) =
            sim.tenant(json!({ "name": "quiet", "scenarios": ["chaos"], "prerequisites": "ignore" }));
        let (other, other_token, _) = sim.tenant(json!({ "name": "loud", "scenarios": ["chaos"] }));
        for nth in 0..20 {
            sim.status(&format!("GET {prefix}/v3/password-sync-groups?offset={nth}"), &token);
            if disturb {
                sim.status(&format!("DELETE {other}/v3/password-sync-groups/x"), &other_token);
                sim.control(&format!("POST {other}/_sim/clock/advance"), Some(json!({ "by": "1h" })), 200);
            }
        }
        sim.ask(&format!("GET {prefix}/_sim/journal"), None, None).reply.body
    };
    assert_eq!(journal(false), journal(true));
}

#[test]
fn metrics_count_requests_faults_tenants_and_drops() {
    let mut config = Config::default();
    config.options.journal_limit = 2;
    let served = Served::start(config);
    let address = served.address();
    let rule = json!({ "name": "down", "when": { "operation": "oauthInfo" }, "fires": { "nth": 2 }, "fault": { "respond": { "status": 503 } } });
    let json = [("Content-Type".to_owned(), "application/json".to_owned())];
    send(address, "POST", "/_sim/scenario/rules", &json, rule.to_string().as_bytes());
    for _ in 0..3 {
        send(address, "GET", "/oauth/info", &[], b"");
    }
    let metrics = send(address, "GET", "/_sim/metrics", &[], b"");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(metrics.body).unwrap();
    for line in [
        "sync_group_sim_requests_total{operation=\"oauthInfo\",status=\"200\"} 2",
        "sync_group_sim_requests_total{operation=\"oauthInfo\",status=\"503\"} 1",
        "sync_group_sim_decide_seconds_bucket{le=\"+Inf\"} 3",
        "sync_group_sim_decide_seconds_count 3",
        "sync_group_sim_faults_total{rule=\"rules/down\"} 1",
        "sync_group_sim_tenants 1",
        "sync_group_sim_journal_dropped_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn exchanges_are_streamed_as_they_come() {
    let served = Served::start(Config::default());
    let address = served.address();
    send(address, "GET", "/oauth/info?first", &[], b"");
    let mut socket = connect(address);
    socket.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut events =
        BufReader::new(socket).lines().map(|line| line.unwrap()).filter(|line| line.starts_with("data: "));
    let next = |line: String| -> Value { serde_json::from_str(&line["data: ".len()..]).unwrap() };
    assert_eq!(next(events.next().unwrap())["query"], "first");
    for nth in 0..5 {
        send(address, "GET", &format!("/oauth/info?{nth}"), &[], b"");
        let exchange = next(events.next().unwrap());
        assert_eq!(
            (exchange["seq"].as_u64(), exchange["query"].as_str()),
            (Some(nth + 2), Some(&*nth.to_string()))
        );
    }
}

#[test]
fn a_client_that_leaves_while_it_is_held_is_journalled() {
    let served = Served::start(Config::default());
    let tenant = served.running().simulator().tenant("default", "").unwrap();
    tenant.set_clock_mode(ClockMode::Manual);
    tenant.add_rule(Rule::new("slow").on(Operation::OauthInfo).hold(Duration::from_mins(1))).unwrap();
    let mut socket = connect(served.address());
    socket.write_all(b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let first = || tenant.journal(&Filter::default()).exchanges.first().cloned();
    while first().is_none() {
        std::thread::yield_now();
    }
    let held = first().unwrap();
    assert_eq!(held["fate"], json!({ "kind": "whole", "held": "1m" }));
    assert_eq!([&held["toldAt"], &held["bytesTold"], &held["leftAt"]], [&Value::Null; 3]);
    drop(socket);
    let has_left = || first().unwrap()["fate"]["kind"] == "clientLeft";
    assert!((0..10_000_000).any(|_| has_left()), "{:?}", first());
    let left = first().unwrap();
    assert_eq!((&left["leftAt"], &left["toldAt"]), (&left["at"], &Value::Null));
    assert!(left["leftNs"].as_u64() > left["arrivedNs"].as_u64(), "{left}");
}

#[test]
fn a_tenants_base_url_is_the_one_that_was_called_or_else_the_servers_address() {
    let mut config = Config { tenant_domains: vec!["sim.example".to_owned()], ..Config::default() };
    config.options.seed = 1;
    let served = Served::start(config);
    let address = served.address();
    let port = address.port();
    let makes = |method: &str, path: &str, host: &str| -> Value {
        let reply = send(address, method, path, &[("Host".to_owned(), host.to_owned())], b"");
        assert_eq!(reply.status, 201, "{host}: {}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice(&reply.body).unwrap()
    };
    for (host, expected) in [
        (address.to_string(), address.to_string()),
        (format!("localhost:{port}"), format!("localhost:{port}")),
        ("localhost".to_owned(), "localhost".to_owned()),
        (format!("acme.localhost:{port}"), format!("acme.localhost:{port}")),
        ("no.name.localhost".to_owned(), "no.name.localhost".to_owned()),
        ("acme.api.identitynow.com".to_owned(), address.to_string()),
        (format!("ACME.api.identitynow.com.:{port}"), address.to_string()),
        ("acme.Sim.Example:80".to_owned(), address.to_string()),
    ] {
        let made = makes("POST", "/_sim/tenants", &host);
        let name = made["name"].as_str().unwrap();
        assert_eq!(made["baseUrl"], format!("http://{expected}/tenants/{name}"), "{host}");
        let target = format!("/tenants/{name}/oauth/info");
        let reply = send(address, "GET", &target, &[("Host".to_owned(), expected)], b"");
        assert!(String::from_utf8_lossy(&reply.body).contains(name), "{host}");
    }
    // Without a Host, as HTTP/1.0 may be.
    let bytes = exchange(address, b"POST /_sim/tenants HTTP/1.0\r\n\r\n");
    let made: Value = serde_json::from_slice(&parse(&bytes).body).unwrap();
    assert!(made["baseUrl"].as_str().unwrap().starts_with(&format!("http://{address}/tenants/")), "{made}");
    let named = makes("PUT", "/_sim/tenants/acme", "acme.api.identitynow.com");
    assert_eq!(named["baseUrl"], format!("http://{address}/tenants/acme"));
}

#[test]
fn calls_about_tenants_neither_need_nor_make_the_one_that_their_host_names() {
    let served = Served::start(Config::default());
    let call = |method: &str, path: &str, host: &str| {
        let reply = send(served.address(), method, path, &[("Host".to_owned(), host.to_owned())], b"");
        (reply.status, String::from_utf8(reply.body).unwrap())
    };
    assert_eq!(call("POST", "/_sim/tenants", "nobody.localhost").0, 201);
    assert_eq!(call("PUT", "/_sim/tenants/a", "nobody.api.identitynow.com").0, 201);
    let (status, listed) = call("GET", "/_sim/tenants", "nobody.localhost");
    assert!(status == 200 && !listed.contains("nobody"), "{listed}");
    assert_eq!(call("DELETE", "/_sim/tenants/a", "a.localhost").0, 204);
    assert_eq!(call("DELETE", "/_sim/tenants/a", "a.localhost").0, 404);
    // Any other call is about that tenant, and a path means the tenant that it names.
    assert_eq!(call("GET", "/_sim/state", "nobody.localhost").0, 404);
    assert_eq!(call("POST", "/tenants/nobody/_sim/tenants", "localhost").0, 404);
}

#[test]
fn tenants_come_and_go_while_others_are_found_by_their_credentials() {
    let served = Served::start(Config::default());
    let address = served.address();
    let make = || -> Value {
        serde_json::from_slice(&send(address, "POST", "/_sim/tenants", &[], b"").body).unwrap()
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let made = make();
                    let admin = &made["clients"][0];
                    let (id, secret) =
                        (admin["clientId"].as_str().unwrap(), admin["clientSecret"].as_str().unwrap());
                    let target = format!(
                        "/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}"
                    );
                    let body: Value =
                        serde_json::from_slice(&send(address, "POST", &target, &[], b"").body).unwrap();
                    let headers = [(
                        "Authorization".to_owned(),
                        format!("Bearer {}", body["access_token"].as_str().unwrap()),
                    )];
                    let list = || send(address, "GET", "/v3/password-sync-groups", &headers, b"").status;
                    assert_eq!((list(), list()), (200, 200));
                    let name = made["name"].as_str().unwrap();
                    assert_eq!(
                        send(address, "DELETE", &format!("/_sim/tenants/{name}"), &[], b"").status,
                        204
                    );
                    assert_eq!(list(), 401);
                }
            });
        }
    });
}

#[test]
fn moves_of_one_clock_at_once_add_up() {
    let simulator = Simulator::new(Config::default()).unwrap();
    let tenant = simulator.tenant("default", "").unwrap();
    let began = tenant.set_clock_mode(ClockMode::Manual).now;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    tenant.advance(Duration::from_millis(1));
                }
            });
        }
    });
    assert_eq!(tenant.clock().now, began.plus(Duration::from_secs(2)));
}

#[test]
fn a_refused_control_call_creates_no_tenant() {
    let sim = Sim::new();
    let call = Request::new(Method::GET, "/tenants/tried/_sim/clock").unwrap().header(HOST, "evil.example");
    assert_eq!(sim.simulator.answer_at(&call, sim.wall).reply.status.as_u16(), 403);
    assert_eq!(sim.simulator.tenant_names(), ["default"]);
}

#[test]
fn an_expectation_has_a_hundred_steps_at_most() {
    let sim = Sim::new();
    let steps = |count: usize| json!({ "match": {}, "count": { "atLeast": 0 }, "then": vec![json!({ "match": {} }); count] });
    sim.control("POST /_sim/verify", Some(steps(100)), 409);
    let error = sim.control("POST /_sim/verify", Some(steps(101)), 400);
    assert_eq!(error["error"], "body:1:42: 101 entries in then; expected 100 or fewer");
}

#[test]
fn a_state_with_only_comments_is_refused() {
    let sim = Sim::new();
    let before = sim.control("GET /_sim/state", None, 200);
    let request = Request::new(Method::PUT, "/_sim/state").unwrap().header(HOST, "localhost");
    let put = request.body("application/yaml", "# groups: []\n\n  # nothing\n");
    let outcome = sim.simulator.answer_at(&put, sim.wall);
    assert_eq!(outcome.reply.status.as_u16(), 400);
    assert_eq!(sim.control("GET /_sim/state", None, 200), before);
}

#[test]
fn a_body_with_a_million_mistakes_gets_some_of_them_reported_and_is_one_exchange() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "t" }));
    let call = format!("POST {prefix}/v3/password-sync-groups");
    for source_ids in [json!(vec![1; 200_000]), (0..20_000).map(|nth| nth.to_string()).collect()] {
        let body = json!({ "name": "x", "passwordPolicyId": "p", "sourceIds": source_ids });
        let reply = sim.ask(&call, Some(&token), Some(body)).reply;
        assert_eq!(reply.status.as_u16(), 400);
        assert!((40..=50).contains(&reply.value()["causes"].as_array().unwrap().len()));
    }
    let journal = sim.control(&format!("GET {prefix}/_sim/journal"), None, 200);
    assert_eq!((journal["exchanges"].as_array().unwrap().len(), &journal["dropped"]), (3, &json!(0)));
}

#[test]
fn a_follower_skips_what_its_filter_excludes_only_once() {
    let sim = Sim::new();
    let tenant = sim.simulator.default_tenant();
    for _ in 0..3 {
        sim.ask("GET /oauth/info", None, None);
    }
    let filter = Filter { status: Some(404), ..Filter::default() };
    assert_eq!(tenant.journal(&filter).last, 3);
    assert_eq!(tenant.journal(&Filter { limit: 2, ..Filter::default() }).last, 2);
}

#[test]
fn what_is_asked_for_twice_or_takes_too_much_is_told_before_it_is_made() {
    let sim = Sim::new();
    let twice = "two scenarios are named `chaos`; expected each name once";
    let chaos = vec!["chaos"; 100];
    for (call, body, told) in [
        ("PUT /_sim/scenario", json!({ "use": chaos }), twice),
        ("POST /_sim/tenants", json!({ "scenarios": chaos }), twice),
        (
            "POST /_sim/tenants",
            json!({"scenarios": (0..5).map(|nth| with_regexes(nth, "a")).collect::<Vec<_>>()}),
            "320 regular expressions; expected 256 or fewer in all rules that run together",
        ),
        (
            "POST /_sim/tenants",
            json!({"scenarios": (0..3).map(|nth| with_regexes(nth, r"\w{8}")).collect::<Vec<_>>()}),
            "more than 128 MiB of memory up to here; expected fewer, or shorter ones that run together",
        ),
        (
            "POST /_sim/verify",
            json!({"match": with_regexes(0, r"\w{8}")["rules"][0]["when"], "then": [
                {"match": with_regexes(1, r"\w{8}")["rules"][0]["when"]},
                {"match": with_regexes(2, r"\w{8}")["rules"][0]["when"]},
            ]}),
            "more than 128 MiB of memory up to here; expected fewer, or shorter ones",
        ),
    ] {
        let error = sim.control(call, Some(body), 400)["error"].as_str().unwrap().to_owned();
        assert!(error.contains(told) && error.len() < 10_000, "{call}: {error}");
    }
    let name = "x".repeat(1 << 20);
    for (call, body) in [
        ("POST /_sim/passwords/check", json!({"userName": name, "source": "s", "password": "p"})),
        ("POST /_sim/passwords/change", json!({"userName": "amelia.admin", "source": name, "password": "p"})),
        ("POST /_sim/passwords/change", json!({"userName": "amelia.admin", "group": name, "password": "p"})),
    ] {
        let error = sim.control(call, Some(body), 400)["error"].to_string();
        assert!(error.contains("xxx…`") && error.len() < 300, "{call}: {} bytes", error.len());
    }
}

/// A scenario with 64 regular expressions.
fn with_regexes(nth: usize, regex: &str) -> Value {
    let query: serde_json::Map<_, _> = (0..64)
        .map(|place| (format!("q{place}"), json!({"regex": format!("{regex}{nth}-{place}")})))
        .collect();
    json!({"name": format!("s{nth}"), "rules": [{"when": {"query": query}, "fault": "close"}]})
}

#[test]
fn a_scenario_is_named_or_written_however_its_media_type_is_left_out() {
    let sim = Sim::new();
    for (media_type, body) in [
        (None, "name: mine\nrules:\n  - fault: close\n"),
        (None, "{name: mine, rules: [{fault: close}]}"),
        (None, "{use: [rate-limited]}"),
        (Some("application/x-www-form-urlencoded"), "\u{feff}name: mine\r\nrules: []\r\n"),
        (None, "\"rate-limited\""),
        (None, "rate-limited\n"),
        (Some("application/json"), "rate-limited"),
        (
            Some("application/json"),
            "{\"name\": \"mine\", \"lesson\": null, \"rules\": [{\"when\": null, \"fault\": \"close\"}]}",
        ),
    ] {
        let mut request = Request::new(Method::PUT, "/_sim/scenario").unwrap();
        request = request.body(media_type.unwrap_or_default(), body).header(HOST, "localhost");
        if media_type.is_none() {
            request.headers.remove(CONTENT_TYPE);
        }
        let reply = sim.simulator.answer_at(&request, sim.wall).reply;
        assert_eq!(reply.status, 200, "{body}: {:?}", reply.body);
    }
    let packed = Request::new(Method::PUT, "/_sim/scenario").unwrap().body("application/json", "\u{1f}x");
    let packed = packed.header(HOST, "localhost").header(CONTENT_ENCODING, "gzip");
    let reply = sim.simulator.answer_at(&packed, sim.wall).reply;
    assert_eq!(reply.status, 415);
    assert!(
        reply.value()["error"].as_str().unwrap().contains("`Content-Encoding: gzip`"),
        "{:?}",
        reply.body
    );
}

#[test]
fn null_counts_as_absent_where_a_field_may_be_and_is_told_where_it_may_not() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(serde_json::json!({ "fixture": "demo", "prerequisites": "ignore" }));
    let create = format!("POST {prefix}/v3/password-sync-groups");
    let body = serde_json::json!({ "id": null, "name": "a", "created": null, "passwordPolicyId": null, "extra": null });
    let made = sim.ask(&create, Some(&token), Some(body)).reply;
    assert_eq!((made.status.as_u16(), &made.value()["name"]), (200, &"a".into()), "{:?}", made.body);
    let (prefix, token, _) = sim.tenant(serde_json::json!({ "fixture": "demo" }));
    let create = format!("POST {prefix}/v3/password-sync-groups");
    let body =
        serde_json::json!({ "id": null, "name": null, "passwordPolicyId": "p", "sourceIds": ["a", "b"] });
    let refused = sim.ask(&create, Some(&token), Some(body)).reply;
    let told = refused.value()["messages"][0]["text"].clone();
    assert_eq!(told, "Required field \"name\" was missing or empty.");
    let journal = sim.control(&format!("GET {prefix}/_sim/journal?status=400"), None, 200);
    let violations = journal["exchanges"][0]["violations"].to_string();
    assert!(violations.contains("`name` was null; expected a value"), "{violations}");
}

#[test]
fn a_compressed_body_is_refused_by_the_name_of_its_encoding() {
    let sim = Sim::new();
    for (target, media_type) in [
        ("/v3/password-sync-groups", "application/json"),
        ("/oauth/token", "application/x-www-form-urlencoded"),
    ] {
        let (_, token, _) = sim.tenant(serde_json::json!({ "fixture": "demo" }));
        let request = Request::new(Method::POST, target).unwrap().bearer(&token);
        let request = request.body(media_type, &b"\x1f\x8b\x08"[..]).header(CONTENT_ENCODING, "gzip");
        let reply = sim.simulator.answer_at(&request, sim.wall).reply;
        assert_eq!(
            (reply.status.as_u16(), reply.header("accept-encoding")),
            (415, Some("identity")),
            "{target}"
        );
        assert_eq!(reply.value()["errorMessage"], "Cannot consume content encoding gzip", "{target}");
    }
}
