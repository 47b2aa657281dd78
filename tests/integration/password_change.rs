//! The password change, from the query to the outcome on every source of a group: what is told, what is true, what goes
//! wrong.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::prerequisites::Prerequisites;

use crate::harness::ask::token_call;
use crate::harness::client::{Client, scenario};
use crate::harness::password::encrypt;

const AD: &str = "2c918084660f45d6016617daa9210584";
const OKTA: &str = "2c918084660f45d6016617daa9210500";
const GITHUB: &str = "2c918084660f45d6016617daa9210601";
const MAINFRAME: &str = "2c918084660f45d6016617daa9210609";
const AMELIA: &str = "2c9180835d2e5168015d32f890ca1581";
const POLICY: &str = "2c91808d744ba0ce01746f93b6204501";
const GOOD: &str = "Correct-Horse-7";

/// A program that changes passwords, with a token that has no user.
struct Program(Client);

impl Program {
    fn new(rules: &str) -> Self {
        Self::of(rules, "service")
    }

    /// With the token of a client of the fixture.
    fn of(rules: &str, client_name: &str) -> Self {
        Self::seeded(rules, client_name, 1)
    }

    fn seeded(rules: &str, client_name: &str, seed: u64) -> Self {
        let rules = scenario(&format!("name: t\nrules: [{rules}]\n"));
        let mut client = Client::new(vec![rules], |config| {
            config.options.prerequisites = Prerequisites::Enforce;
            config.options.seed = seed;
        });
        let clients = client.simulator.default_tenant().clients();
        let named = clients.iter().find(|client| client.name == client_name).unwrap();
        client.admin = (named.client_id.clone(), named.client_secret.clone());
        client.buy_token();
        Self(client)
    }

    /// Groups these sources, as the administrator.
    fn group(&self, sources: &[&str]) {
        let body = json!({"name": "Staff", "passwordPolicyId": POLICY, "sourceIds": sources});
        self.as_admin(Method::POST, "/v2026/password-sync-groups", Some(&body));
    }

    /// A call of the administrator that succeeds.
    fn as_admin(&self, method: Method, target: &str, body: Option<&Value>) -> Value {
        let admin = &self.0.simulator.default_tenant().clients()[0];
        let call = token_call("", &admin.client_id, &admin.client_secret);
        let token = self.0.ask(Method::POST, &call, None).reply.value()["access_token"].clone();
        let request = crate::harness::ask::request(method, target, token.as_str(), body);
        let answer = self.0.simulator.answer_at(&request, self.0.wall);
        assert!(answer.reply.status.is_success(), "{}", answer.reply.value());
        if answer.reply.body.is_empty() { Value::Null } else { answer.reply.value() }
    }

    fn query(&self, source: &str) -> Value {
        let body = json!({"userName": "amelia.admin", "sourceName": source});
        let reply = self.0.ask(Method::POST, "/v2026/query-password-info", Some(body)).reply;
        assert_eq!(reply.status, 200, "{}", reply.value());
        reply.value()
    }

    /// Sets the password of the first account that a query found; returns the request's id.
    fn set(&self, info: &Value, password: &str) -> String {
        let encrypted = encrypt(info["publicKey"].as_str().unwrap(), password);
        self.send(&json!({
            "identityId": info["identityId"],
            "encryptedPassword": encrypted,
            "publicKeyId": info["publicKeyId"],
            "accountId": info["accounts"][0]["accountId"],
            "sourceId": info["sourceId"],
        }))
    }

    fn send(&self, body: &Value) -> String {
        let reply = self.0.ask(Method::POST, "/v2026/set-password", Some(body.clone())).reply;
        assert_eq!((reply.status.as_u16(), &reply.value()["state"]), (202, &json!("IN_PROGRESS")));
        reply.value()["requestId"].as_str().unwrap().to_owned()
    }

    fn status(&self, id: &str) -> Value {
        let reply = self.0.ask(Method::GET, &format!("/v2026/password-change-status/{id}"), None).reply;
        if reply.status == 200 { reply.value() } else { json!(reply.status.as_u16()) }
    }

    fn state(&self, id: &str) -> Value {
        self.status(id)["state"].clone()
    }

    fn advance(&mut self, by: &str) {
        let by = sync_group_sim::clock::parse_duration(by).unwrap();
        self.0.advance(by);
    }

    fn has(&self, source: &str, password: &str) -> bool {
        let body = json!({"userName": "amelia.admin", "source": source, "password": password});
        let reply = self.0.ask(Method::POST, "/_sim/passwords/check", Some(body)).reply;
        reply.value()["matches"].as_bool().unwrap_or_else(|| panic!("{}", reply.value()))
    }

    fn jobs(&self) -> Vec<(String, u64, String)> {
        let journal = self.0.journal();
        let exchanges = journal["exchanges"].as_array().unwrap();
        let jobs = exchanges.iter().filter_map(|exchange| exchange["jobs"].as_array()).flatten();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        jobs.map(|job| (word(&job["source"]), job["attempt"].as_u64().unwrap(), word(&job["outcome"])))
            .collect()
    }
}

#[test]
fn a_change_reaches_every_source_of_the_group_and_the_status_says_when() {
    let mut program = Program::new("");
    program.group(&[AD, OKTA]);
    let info = program.query("Active Directory");
    assert_eq!((&info["identityId"], &info["sourceId"]), (&json!(AMELIA), &json!(AD)));
    assert_eq!(info["accounts"][0]["accountId"], "CN=Amelia Admin,OU=Staff,DC=example,DC=com");
    let policies = info["policies"].as_array().unwrap();
    assert!(policies.contains(&json!("passwordMinLength is 12")), "{policies:?}");
    let id = program.set(&info, GOOD);
    assert_eq!(
        program.status(&id),
        json!({"requestId": id, "state": "IN_PROGRESS", "errors": [], "sourceIds": [AD, OKTA]})
    );
    assert!(program.has("Okta", "Winter-2026-okta!") && !program.has("Okta", GOOD));
    program.advance("1999ms");
    assert_eq!(program.state(&id), "IN_PROGRESS");
    program.advance("1ms");
    assert_eq!(program.state(&id), "FINISHED");
    assert!(program.has("Active Directory", GOOD) && program.has("Okta", GOOD));
    let outcome = |source: &str| (source.to_owned(), 1, "success".to_owned());
    assert_eq!(program.jobs(), [outcome(AD), outcome(OKTA)]);
}

#[test]
fn the_platforms_own_password_is_that_of_source_identitynow_and_the_login_name() {
    let mut program = Program::new("");
    let info = program.query("IdentityNow");
    assert_eq!(info["accounts"], json!([{"accountId": "amelia.admin", "accountName": "amelia.admin"}]));
    assert!(
        info["policies"].as_array().unwrap().iter().any(|rule| rule == "passwordMinLength is 12"),
        "{info}"
    );
    let ask = |program: &Program, method: Method, target: &str, body: Option<Value>| {
        let reply = program.0.ask(method, target, body).reply;
        assert!(reply.status.is_success(), "{}", reply.value());
        reply.value()
    };
    let known = |program: &Program| {
        let report = ask(program, Method::GET, "/_sim/passwords", None);
        let all = report["identities"].as_array().unwrap().clone();
        let amelia = all.into_iter().find(|one| one["userName"] == "amelia.admin").unwrap();
        let accounts = amelia["accounts"].as_array().unwrap().clone();
        accounts.into_iter().find(|account| account["source"] == "IdentityNow")
    };
    assert_eq!(known(&program), None, "nothing is known of it");
    let id = program.set(&info, "short");
    assert_eq!(program.state(&id), "FAILED", "the default policy holds there");
    let id = program.set(&info, GOOD);
    program.advance("2s");
    assert_eq!(program.status(&id)["errors"], json!([]));
    assert_eq!(program.state(&id), "FINISHED");
    assert!(program.has("IdentityNow", GOOD) && !program.has("Active Directory", GOOD));
    assert_eq!(known(&program).unwrap()["accountId"], "amelia.admin");
    // It moves with the state.
    let state = ask(&program, Method::GET, "/_sim/state", None);
    let amelia = state["identities"].as_array().unwrap().iter().find(|one| one["id"] == AMELIA).unwrap();
    assert_eq!(amelia["passwordDigest"].as_str().map(str::len), Some(64), "{amelia}");
    ask(&program, Method::POST, "/_sim/reset", None);
    assert!(!program.has("IdentityNow", GOOD));
    ask(&program, Method::PUT, "/_sim/state", Some(state.clone()));
    assert!(program.has("IdentityNow", GOOD));
    assert_eq!(ask(&program, Method::GET, "/_sim/state", None)["identities"], state["identities"]);
    assert!(!ask(&program, Method::GET, "/_sim/journal", None).to_string().contains(GOOD));
}

#[test]
fn a_source_of_that_name_in_a_fixture_comes_before_the_platforms_own() {
    let program = Program::new("");
    let state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let text = state.to_string().replace("\"Okta\"", "\"IdentityNow\"");
    let state: Value = serde_json::from_str(&text).unwrap();
    let reply = program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    assert_eq!(program.query("IdentityNow")["sourceId"], OKTA);
}

#[test]
fn passwords_become_independent_when_the_group_is_deleted() {
    let mut program = Program::new("");
    program.group(&[AD, OKTA]);
    program.set(&program.query("Okta"), GOOD);
    program.advance("2s");
    let same = |program: &Program| {
        let passwords = program.0.ask(Method::GET, "/_sim/passwords", None).reply.value();
        let accounts = passwords["identities"][0]["accounts"].as_array().unwrap().clone();
        let of = |source: &str| {
            let found = accounts.iter().find(|account| account["source"] == source).unwrap();
            found["same"].clone()
        };
        [of("Active Directory"), of("Okta")]
    };
    let [ad, okta] = same(&program);
    assert_eq!(ad, okta);
    let groups = program.0.get("").reply.value();
    let staff = groups.as_array().unwrap().iter().find(|group| group["name"] == "Staff").unwrap();
    let mut admin = Program::of("", "admin");
    std::mem::swap(&mut admin.0.simulator, &mut program.0.simulator);
    let target = format!("/v2026/password-sync-groups/{}", staff["id"].as_str().unwrap());
    admin.0.buy_token();
    assert_eq!(admin.0.ask(Method::DELETE, &target, None).reply.status, 204);
    std::mem::swap(&mut admin.0.simulator, &mut program.0.simulator);
    let id = program.set(&program.query("Okta"), "Another-Horse-8");
    program.advance("2s");
    assert_eq!(program.status(&id)["sourceIds"], json!([OKTA]));
    assert_eq!(program.state(&id), "FINISHED");
    let [ad, okta] = same(&program);
    assert_ne!(ad, okta);
    assert!(program.has("Active Directory", GOOD) && program.has("Okta", "Another-Horse-8"));
}

#[test]
fn whatever_is_wrong_with_a_change_is_accepted_and_fails_and_changes_nothing() {
    let mut program = Program::new("");
    let info = program.query("Okta");
    let good = encrypt(info["publicKey"].as_str().unwrap(), GOOD);
    let right = json!({
        "identityId": AMELIA,
        "encryptedPassword": good,
        "publicKeyId": info["publicKeyId"],
        "accountId": info["accounts"][0]["accountId"],
        "sourceId": OKTA,
    });
    let spoilt = |field: &str, value: Value| {
        let mut body = right.clone();
        body[field] = value;
        body
    };
    let other = program.query("GitHub")["accounts"][0]["accountId"].clone();
    for body in [
        spoilt("encryptedPassword", json!("no Base64 %%")),
        spoilt("encryptedPassword", json!(BASE64_STANDARD.encode("short"))),
        spoilt("encryptedPassword", json!(BASE64_STANDARD.encode([7; 246]))),
        spoilt("encryptedPassword", json!(BASE64_STANDARD.encode([7; 256]))),
        spoilt("publicKeyId", json!("YWQ2NjQ4MTItZjY0NC00MWExLWFjMjktOGNmMzU3Y2VlNjk2")),
        spoilt("identityId", json!("nobody")),
        spoilt("accountId", json!("00u4f9k2h00000000002")),
        spoilt("accountId", other),
        spoilt("sourceId", json!("nowhere")),
        json!({}),
    ] {
        let id = program.send(&body);
        let status = program.status(&id);
        assert_eq!(
            (&status["state"], &status["errors"]),
            (&json!("FAILED"), &json!(["The password change payload is invalid"]))
        );
    }
    let id = program.set(&info, "short");
    let status = program.status(&id);
    assert_eq!((&status["state"], &status["sourceIds"]), (&json!("FAILED"), &json!([OKTA])));
    let error = status["errors"][0].as_str().unwrap();
    assert!(error.contains("Head Office Policy") && error.contains("at least 12 characters"), "{error}");
    program.advance("1h");
    assert!(program.has("Okta", "Winter-2026-okta!"));
    assert_eq!(program.jobs(), []);
}

#[test]
fn the_contract_refuses_only_what_it_sees() {
    let program = Program::new("");
    for (body, status) in [(json!([]), 400), (json!({"identityId": 7}), 400), (json!({"other": 7}), 202)] {
        let reply = program.0.ask(Method::POST, "/v3/set-password", Some(body.clone())).reply;
        assert_eq!(reply.status.as_u16(), status, "{body}");
    }
    assert_eq!(program.status("089899f13a8f4da7824996191587bab9"), 404);
}

#[test]
fn line_breaks_in_the_encrypted_password_are_left_out_and_the_journal_says_so() {
    let mut program = Program::new("");
    let info = program.query("Okta");
    let encrypted = encrypt(info["publicKey"].as_str().unwrap(), GOOD);
    let (first, second) = encrypted.split_at(76);
    let mut wrapped = info.clone();
    wrapped["encryptedPassword"] = json!(format!("{first}\n{second}\r\n"));
    wrapped["accountId"] = info["accounts"][0]["accountId"].clone();
    let id = program.send(&wrapped);
    program.advance("2s");
    assert_eq!(program.state(&id), "FINISHED");
    let journal = program.0.journal().to_string();
    assert!(journal.contains("base64 -w 0"));
    for secret in [GOOD, first, second] {
        assert!(!journal.contains(secret));
    }
}

#[test]
fn what_people_sign_in_with_goes_first_and_its_failure_keeps_the_rest_from_being_attempted() {
    let refuses =
        "{when: {operation: changePassword, source: Active Directory}, fault: {connector: refuses}}";
    let mut program = Program::new(refuses);
    program.group(&[OKTA, AD, GITHUB]);
    let id = program.set(&program.query("Okta"), GOOD);
    program.advance("2s");
    let status = program.status(&id);
    assert_eq!(status["state"], "FAILED");
    assert_eq!(status["errors"], json!(["Source \"Active Directory\" refused the password."]));
    assert_eq!(status["sourceIds"], json!([OKTA, AD, GITHUB]));
    assert_eq!(program.jobs(), [(AD.to_owned(), 1, "failed".to_owned())]);
    assert!(program.has("Okta", "Winter-2026-okta!"));
}

#[test]
fn sources_that_nobody_signs_in_with_stand_alone() {
    let refuses = "{when: {operation: changePassword, source: GitHub}, fault: {connector: refuses}}";
    let mut program = Program::new(refuses);
    program.group(&[GITHUB, OKTA]);
    let id = program.set(&program.query("Okta"), GOOD);
    program.advance("2s");
    assert_eq!(program.state(&id), "FAILED");
    assert!(program.has("Okta", GOOD));
}

#[test]
fn a_source_that_cannot_be_reached_is_tried_again_and_again_and_then_has_failed() {
    let mut program = Program::new("{when: {operation: changePassword}, fault: {connector: unreachable}}");
    let id = program.set(&program.query("Okta"), GOOD);
    let mut tries = 0;
    for wait in ["2s", "5s", "1m", "3m", "10m", "30m", "90m"] {
        let just_before = sync_group_sim::clock::parse_duration(wait)
            .unwrap()
            .checked_sub(Duration::from_millis(1))
            .unwrap();
        program.0.advance(just_before);
        program.0.buy_token();
        assert_eq!(program.jobs().len(), tries, "before {wait}");
        assert_eq!(program.state(&id), "IN_PROGRESS");
        program.advance("1ms");
        tries += 1;
        assert_eq!(program.jobs().len(), tries, "after {wait}");
    }
    let status = program.status(&id);
    assert_eq!(status["state"], "FAILED");
    assert_eq!(status["errors"], json!(["Source \"Okta\" could not be reached."]));
}

#[test]
fn a_source_that_comes_back_takes_the_password() {
    let away =
        "{name: away, when: {operation: changePassword}, fires: {first: 2}, fault: {connector: unreachable}}";
    let mut program = Program::new(away);
    program.group(&[AD, OKTA]);
    let id = program.set(&program.query("Okta"), GOOD);
    program.advance("2s");
    program.advance("5s");
    assert_eq!((program.state(&id), program.has("Okta", GOOD)), (json!("IN_PROGRESS"), false));
    program.advance("1m");
    assert_eq!((program.state(&id), program.has("Okta", GOOD)), (json!("FINISHED"), true));
    let metrics = program.0.simulator.metrics_text();
    let counted = "sync_group_sim_faults_total{rule=\"t/away\"} 2";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
}

#[test]
fn a_source_is_known_by_the_name_that_it_has_when_an_attempt_is_made() {
    let mut program =
        Program::new("{when: {operation: changePassword, source: Oktopus}, fault: {connector: refuses}}");
    let id = program.set(&program.query("Okta"), GOOD);
    let mut state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let sources = state["sources"].as_array_mut().unwrap();
    let mut source = sources.iter_mut().find(|source| source["id"] == OKTA).unwrap().take();
    source["name"] = json!("Oktopus");
    let reply = program.0.ask(Method::PUT, &format!("/v3/sources/{OKTA}"), Some(source)).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    program.advance("2s");
    assert_eq!(program.status(&id)["errors"], json!(["Source \"Oktopus\" refused the password."]));
}

#[test]
fn an_attempt_can_be_held() {
    let mut program =
        Program::new("{when: {operation: changePassword, source: Okta}, fires: {nth: 1}, hold: 30s}");
    program.group(&[AD, OKTA]);
    let id = program.set(&program.query("Okta"), GOOD);
    program.advance("2s");
    assert!(program.has("Active Directory", GOOD));
    program.advance("29s");
    assert_eq!(program.state(&id), "IN_PROGRESS");
    program.advance("1s");
    assert_eq!(program.state(&id), "FINISHED");
}

#[test]
fn a_key_rotated_between_query_and_set_fails_the_change_and_a_new_query_helps() {
    let mut program = Program::new("{when: {operation: setPassword}, fires: {nth: 1}, fault: rotateKey}");
    let info = program.query("Okta");
    let id = program.set(&info, GOOD);
    assert_eq!(program.state(&id), "FAILED");
    let again = program.query("Okta");
    assert_ne!(again["publicKeyId"], info["publicKeyId"]);
    assert_ne!(again["publicKey"], info["publicKey"]);
    let id = program.set(&again, GOOD);
    program.advance("2s");
    assert_eq!(program.state(&id), "FINISHED");
}

#[test]
fn a_password_must_be_good_for_every_account_of_the_group() {
    let mut program = Program::new("");
    let mut state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let policies = state["passwordPolicies"].as_array_mut().unwrap();
    let policy = policies.iter_mut().find(|policy| policy["id"] == POLICY).unwrap();
    policy["validateAgainstAccountName"] = json!(true);
    policy["accountNameMinWordLength"] = json!(7);
    assert_eq!(program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply.status, 200);
    program.group(&[AD, OKTA]);
    // On Okta her account is called amelia.admin@example.com.
    let theirs = "Example-Horse-7";
    let info = program.query("Active Directory");
    let id = program.set(&info, theirs);
    assert_eq!(
        program.status(&id)["errors"],
        json!([
            "The password does not meet the password policy \"Head Office Policy\" for the account on source \"Okta\": no part of the account's name."
        ])
    );
    program.advance("5s");
    assert!(!program.has("Active Directory", theirs) && !program.has("Okta", theirs));
    let id = program.set(&info, GOOD);
    program.advance("2s");
    assert_eq!(program.state(&id), "FINISHED");
}

#[test]
fn a_policy_tightened_between_query_and_set_fails_the_change() {
    let tighten = "{when: {operation: queryPasswordInfo}, stage: after, fires: {nth: 1}, fault: {tightenPolicy: {minLength: 64}}}";
    let program = Program::new(tighten);
    let info = program.query("Okta");
    let id = program.set(&info, GOOD);
    assert_eq!(program.state(&id), "FAILED");
    assert!(
        program.query("Okta")["policies"].as_array().unwrap().contains(&json!("passwordMinLength is 64"))
    );
}

#[test]
fn a_stale_query_tells_of_the_group_the_accounts_and_the_source_of_that_time() {
    let stale = "{when: {operation: queryPasswordInfo}, fires: {every: 2}, fault: {stale: {by: 5s}}}";
    let mut program = Program::new(stale);
    let warehouse = json!({"name": "Warehouse", "minLength": 8, "maxLength": 16});
    let warehouse = program.as_admin(Method::POST, "/v3/password-policies", Some(&warehouse));
    let groups = "/v3/password-sync-groups";
    let body = json!({"name": "G", "passwordPolicyId": warehouse["id"], "sourceIds": [OKTA, GITHUB]});
    let group = program.as_admin(Method::POST, groups, Some(&body));
    program.advance("10s");
    let of_group = json!(["passwordMinLength is 8", "passwordMaxLength is 16"]);
    // The group goes, its policy stays the source's own, and another one takes its place.
    let group = format!("{groups}/{}", group["id"].as_str().unwrap());
    program.as_admin(Method::DELETE, &group, None);
    let holders = format!("/v2026/sources/{OKTA}/password-policies");
    program.as_admin(Method::PATCH, &holders, Some(&json!([{"policyId": POLICY}])));
    let policies = |program: &Program| program.query("Okta")["policies"].clone();
    assert_ne!(policies(&program), of_group);
    assert_eq!(policies(&program), of_group);
    // A source goes with its accounts.
    program.as_admin(Method::DELETE, &format!("/v3/sources/{MAINFRAME}"), None);
    let body = json!({"userName": "uma.user", "sourceName": "Mainframe"});
    let ask = || program.0.ask(Method::POST, "/v2026/query-password-info", Some(body.clone())).reply;
    assert_eq!(ask().status, 400);
    assert_eq!(ask().value()["accounts"], json!([{"accountId": "UUSER01", "accountName": "UUSER01"}]));
}

#[test]
fn what_a_tightened_policy_asked_for_before_gives_way_and_the_state_is_taken_back() {
    let tighten = "{when: {operation: queryPasswordInfo}, fault: {tightenPolicy: {minLength: 64}}}";
    let program = Program::new(tighten);
    let policy = json!({"name": "Short", "minLength": 8, "maxLength": 16, "minNumeric": 1});
    let policy = program.as_admin(Method::POST, "/v3/password-policies", Some(&policy));
    let holders = format!("/v2026/sources/{OKTA}/password-policies");
    program.as_admin(Method::PATCH, &holders, Some(&json!([{"policyId": policy["id"]}])));
    assert_eq!(
        program.query("Okta")["policies"],
        json!(["passwordMinLength is 64", "passwordMinNumeric is 1"])
    );
    let target = format!("/v3/password-policies/{}", policy["id"].as_str().unwrap());
    let tightened = program.0.ask(Method::GET, &target, None).reply.value();
    assert_eq!((&tightened["maxLength"], &tightened["lastUpdated"]), (&json!(0), &policy["dateCreated"]));
    let state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let back = program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply;
    assert_eq!(back.status, 200, "{}", back.value());
}

#[test]
fn a_forgotten_status_is_a_404_and_the_change_goes_on() {
    for rule in [
        "{when: {operation: setPassword}, stage: after, fault: forgetStatus}",
        "{when: {operation: getPasswordChangeStatus}, fault: forgetStatus}",
    ] {
        let mut program = Program::new(rule);
        let id = program.set(&program.query("Okta"), GOOD);
        assert_eq!(program.status(&id), 404);
        program.advance("2s");
        assert_eq!(program.status(&id), 404);
        assert!(program.has("Okta", GOOD));
    }
}

#[test]
fn a_users_token_changes_its_own_passwords_only() {
    let info = Program::new("").query("Okta");
    let own = Program::of("", "admin");
    let body = |identity: &str| json!({"identityId": identity, "publicKeyId": info["publicKeyId"]});
    let status = |program: &Program, identity: &str| {
        program.0.ask(Method::POST, "/v2026/set-password", Some(body(identity))).reply.status.as_u16()
    };
    assert_eq!(status(&own, AMELIA), 202);
    assert_eq!(status(&own, "2c9180835d2e5168015d32f890ca1582"), 403);
    let query = |version: &str| {
        let body = json!({"userName": "amelia.admin", "sourceName": "Okta"});
        own.0.ask(Method::POST, &format!("/{version}/query-password-info"), Some(body)).reply.status.as_u16()
    };
    assert_eq!([query("beta"), query("v3")], [403, 200]);
}

#[test]
fn a_query_names_what_it_did_not_find() {
    let program = Program::new("");
    for (user, source, text) in [
        ("nobody", "Okta", "Referenced identity \"nobody\" (userName) was not found."),
        ("amelia.admin", "Nowhere", "Referenced source \"Nowhere\" (sourceName) was not found."),
        ("amelia.admin", "Badge Reader", "does not have the feature PASSWORD"),
        ("amelia.admin", "Mainframe", "has no account on source \"Mainframe\""),
    ] {
        let body = json!({"userName": user, "sourceName": source});
        let reply = program.0.ask(Method::POST, "/v2026/query-password-info", Some(body)).reply;
        assert_eq!(reply.status, 400);
        let told = reply.value()["messages"][0]["text"].as_str().unwrap().to_owned();
        assert!(told.contains(text), "{told}");
    }
    assert_eq!(program.query("Okta"), {
        let body = json!({"userName": "AMELIA.ADMIN", "sourceName": "Okta"});
        program.0.ask(Method::POST, "/v1/query-password-info", Some(body.clone()));
        program.0.ask(Method::POST, "/query-password-info/v1", Some(body)).reply.value()
    });
}

#[test]
fn digits_are_as_many_as_asked_for_and_others_each_time() {
    let program = Program::new("");
    let digits = |body: Value| {
        let mut request = crate::harness::ask::request(
            Method::POST,
            "/beta/generate-password-reset-token/digit",
            Some(&program.0.token),
            Some(&body),
        );
        request.is_reused_connection = true;
        program.0.simulator.answer_at(&request, program.0.wall).reply
    };
    let token = |reply: sync_group_sim::Reply| reply.value()["digitToken"].as_str().unwrap().to_owned();
    let first = token(digits(json!({"userId": "amelia.admin", "length": 8})));
    assert!(first.len() == 8 && first.bytes().all(|byte| byte.is_ascii_digit()), "{first}");
    assert_ne!(first, token(digits(json!({"userId": AMELIA, "length": 8}))));
    assert_eq!(token(digits(json!({"userId": AMELIA}))).len(), 6);
    // To JSON it is the same number.
    assert_eq!(token(digits(json!({"userId": AMELIA, "length": 8.0}))).len(), 8);
    for body in [
        json!({}),
        json!({"userId": "nobody"}),
        json!({"userId": AMELIA, "length": 5}),
        json!({"userId": AMELIA, "length": 19}),
    ] {
        assert_eq!(digits(body.clone()).status, 400, "{body}");
    }
}

#[test]
fn an_operators_change_is_like_the_apis() {
    let mut program = Program::new("");
    program.group(&[AD, OKTA]);
    let change = |program: &Program, body: Value| {
        program.0.ask(Method::POST, "/_sim/passwords/change", Some(body)).reply
    };
    let request = json!({"userName": "amelia.admin", "group": "Staff", "password": GOOD});
    let report = change(&program, request).value();
    assert_eq!(report["state"], "IN_PROGRESS");
    assert_eq!(
        report["results"],
        json!([{"source": "Active Directory", "outcome": "pending"}, {"source": "Okta", "outcome": "pending"}])
    );
    let id = report["requestId"].as_str().unwrap();
    assert_eq!(program.state(id), "IN_PROGRESS");
    program.advance("2s");
    assert_eq!(program.state(id), "FINISHED");
    assert!(program.has("Okta", GOOD));
    let refused =
        change(&program, json!({"userName": "amelia.admin", "source": "Okta", "password": "short"})).value();
    assert_eq!((&refused["state"], &refused["results"][0]["outcome"]), (&json!("FAILED"), &json!("failed")));
    for (body, text) in [
        (json!({"userName": "nobody", "source": "Okta", "password": GOOD}), "nobody signs in by that name"),
        (json!({"userName": "amelia.admin", "password": GOOD}), "expected `source` or `group`"),
        (
            json!({"userName": "amelia.admin", "group": "Staff", "accountId": "x", "password": GOOD}),
            "expected `accountId` with `source`",
        ),
        (
            json!({"userName": "amelia.admin", "source": "Oktopus", "password": GOOD}),
            "source `Oktopus` does not exist",
        ),
        (json!({"userName": "amelia.admin", "source": "Okta"}), "the key `password` is missing"),
        (
            json!({"userName": "walter.warehouse", "source": "Badge Reader", "password": GOOD}),
            "source `Badge Reader` does not have the feature PASSWORD",
        ),
    ] {
        let reply = change(&program, body);
        let error = reply.value()["error"].as_str().unwrap().to_owned();
        assert!(reply.status == 400 && error.contains(text), "{error}");
    }
}

#[test]
fn a_state_moves_whole_with_changes_that_are_pending() {
    let away = "{when: {operation: changePassword}, fires: {first: 1}, fault: {connector: unreachable}}";
    let mut first = Program::new(away);
    first.group(&[AD, OKTA]);
    let id = first.set(&first.query("Okta"), GOOD);
    first.advance("2s");
    let state = first.0.ask(Method::GET, "/_sim/state", None).reply.value();
    assert!(!state.to_string().contains(GOOD) && !state.to_string().contains("Winter"));
    let mut second = Program::new("");
    second.0.wall = first.0.wall;
    second.0.simulator.default_tenant().set_time(second.0.wall);
    let reply = second.0.ask(Method::PUT, "/_sim/state", Some(state.clone())).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    assert_eq!(reply.value(), state);
    assert_eq!(second.state(&id), "IN_PROGRESS");
    assert!(second.has("Okta", "Winter-2026-okta!"));
    second.advance("5s");
    assert_eq!(second.state(&id), "FINISHED");
    assert!(second.has("Okta", GOOD) && second.has("Active Directory", GOOD));
}

#[test]
fn a_pending_change_of_the_platforms_own_password_moves_to_a_server_with_another_seed() {
    let first = Program::new("");
    let id = first.set(&first.query("IdentityNow"), GOOD);
    let state = first.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let mut second = Program::seeded("", "service", 2);
    assert_eq!(second.0.ask(Method::PUT, "/_sim/state", Some(state)).reply.status, 200);
    second.advance("2s");
    assert_eq!(second.status(&id)["errors"], json!([]));
    assert!(second.has("IdentityNow", GOOD));
    assert_eq!(second.status(&id)["sourceIds"][0], second.query("IdentityNow")["sourceId"]);
}

#[test]
fn a_change_that_begins_after_a_state_was_brought_has_an_id_of_its_own() {
    let mut first = Program::new("");
    let id = first.set(&first.query("Okta"), GOOD);
    first.advance("2s");
    let state = first.0.ask(Method::GET, "/_sim/state", None).reply.value();
    // The same seed: it would draw the same id.
    let second = Program::new("");
    assert_eq!(second.0.ask(Method::PUT, "/_sim/state", Some(state)).reply.status, 200);
    let other = second.set(&second.query("Okta"), GOOD);
    assert_ne!(id, other);
    assert_eq!((second.state(&id), second.state(&other)), (json!("FINISHED"), json!("IN_PROGRESS")));
    let state = second.0.ask(Method::GET, "/_sim/state", None).reply.value();
    assert_eq!(second.0.ask(Method::PUT, "/_sim/state", Some(state)).reply.status, 200);
}

#[test]
fn a_state_says_when_an_attempt_is_due_by_a_clock_that_was_moved_back_and_after_a_hold() {
    let due = |program: &Program| {
        let state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
        let agenda = program.0.ask(Method::GET, "/_sim/agenda", None).reply.value();
        let due = state["passwordChanges"][0]["accounts"][0]["due"].clone();
        assert_eq!(due, agenda["due"][0]["at"], "{agenda}");
        due
    };
    let program = Program::new("");
    program.set(&program.query("Okta"), GOOD);
    let before = due(&program);
    let moved = program.0.ask(Method::PUT, "/_sim/clock", Some(json!({"now": "2020-01-01T00:00:00Z"})));
    assert_eq!(moved.reply.status, 200, "{}", moved.reply.value());
    assert_ne!(due(&program), before);
    assert_eq!(due(&program), "2020-01-01T00:00:02.000Z");
    let mut held = Program::new("{when: {operation: changePassword}, fault: {hold: 30s}}");
    held.set(&held.query("Okta"), GOOD);
    let before = due(&held);
    held.advance("10s");
    assert_ne!(due(&held), before, "it is held");
}

#[test]
fn the_policy_that_is_tightened_is_the_one_in_force_for_the_person() {
    let tightens = "{when: {operation: queryPasswordInfo}, stage: after, fires: {nth: 1}, fault: {tightenPolicy: {minLength: 64}}}";
    let program = Program::new(tightens);
    let exception = "2c91808d744ba0ce01746f93b6204503";
    let state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let of = |name: &str| {
        let known = state["identities"].as_array().unwrap().iter();
        known.clone().find(|one| one["userName"] == name).unwrap()["attributes"]["department"].clone()
    };
    let holders = json!([{"id": OKTA, "holders": [
        {"policyId": POLICY},
        {"policyId": exception, "selectors": {"identityAttr": [
            {"name": "department", "value": of("amelia.admin")}]}},
    ]}]);
    let mut state = state.clone();
    state["passwordPolicyHolders"] = holders;
    state["groups"] = json!([]);
    let reply = program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    let before = program.query("Okta")["policies"].clone();
    let after = program.query("Okta")["policies"].clone();
    assert!(!before.to_string().contains("passwordMinLength is 64"), "{before}");
    assert!(after.to_string().contains("passwordMinLength is 64"), "{after}");
}

#[test]
fn betas_status_is_told_to_its_owner_an_administrator_and_clients_without_a_user() {
    let program = Program::new("");
    let id = program.set(&program.query("Okta"), GOOD);
    let status = |client_name: &str, version: &str| {
        let clients = program.0.simulator.default_tenant().clients();
        let named = clients.iter().find(|client| client.name == client_name).unwrap();
        let target = token_call("", &named.client_id, &named.client_secret);
        let token = program.0.ask(Method::POST, &target, None).reply.value()["access_token"].clone();
        let target = format!("/{version}/password-change-status/{id}");
        let request = crate::harness::ask::request(Method::GET, &target, token.as_str(), None);
        program.0.simulator.answer_at(&request, program.0.wall).reply.status.as_u16()
    };
    for (client, beta, newest) in
        [("service", 200, 200), ("admin", 200, 200), ("helpdesk", 403, 403), ("user", 403, 403)]
    {
        assert_eq!((status(client, "beta"), status(client, "v2026")), (beta, newest), "{client}");
    }
}

#[test]
fn a_state_may_leave_out_whose_a_change_is_and_keeps_when_a_platforms_password_changed() {
    let mut program = Program::new("");
    let now = program.0.wall;
    let state = json!({
        "sources": [{"id": "s", "name": "S", "connectionType": "direct", "features": ["PASSWORD"]}],
        "identities": [{"id": "p", "name": "Pat", "userName": "pat", "passwordChanged": "2026-01-01T00:00:00.000Z"}],
        "accounts": [{"id": "a", "sourceId": "s", "identityId": "p", "password": "old"}],
        "passwordChanges": [{
            "id": "c", "state": "IN_PROGRESS", "sourceIds": ["s"], "passwordDigest": "0".repeat(64),
            "accounts": [{"accountId": "a", "sourceId": "s", "outcome": "pending", "due": now}],
        }],
    });
    let reply = program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    program.advance("1s");
    let state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    assert_eq!(state["passwordChanges"][0]["state"], "FINISHED", "{state}");
    assert_eq!(state["accounts"][0]["passwordDigest"], "0".repeat(64));
    assert_eq!(state["identities"][0]["passwordChanged"], "2026-01-01T00:00:00.000Z");
}

#[test]
fn a_source_that_lost_its_feature_meanwhile_refuses_the_password() {
    let mut program = Program::new("");
    let id = program.set(&program.query("Okta"), GOOD);
    let mut state = program.0.ask(Method::GET, "/_sim/state", None).reply.value();
    let sources = state["sources"].as_array_mut().unwrap();
    let source = sources.iter_mut().find(|source| source["id"] == OKTA).unwrap();
    source["features"].as_array_mut().unwrap().retain(|feature| feature != "PASSWORD");
    let reply = program.0.ask(Method::PUT, "/_sim/state", Some(state)).reply;
    assert_eq!(reply.status, 200, "{}", reply.value());
    program.advance("2s");
    let expected = json!(["Source \"Okta\" does not have the feature PASSWORD any more."]);
    assert_eq!(program.status(&id)["errors"], expected);
}
