//! Every operation that changes something, under every kind of fault, at both stages: whether it happened is what the
//! stage says, and the state and the journal agree on it.

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::operation::Operation;
use sync_group_sim::wire::Request;

use crate::harness::client::Client;

const AD: &str = "2c918084660f45d6016617daa9210584";
const OKTA: &str = "2c918084660f45d6016617daa9210500";
const POLICY: &str = "2c91808d744ba0ce01746f93b6204502";
const GROUP: &str = "6881f631-3bd5-4213-9c75-8e05cc3e35dd";
const APP: &str = "2c9180888d3f1b1c018d4a5e6f708001";
const AMELIA: &str = "2c9180835d2e5168015d32f890ca1581";

/// A fault of each kind, and whether it leaves the operation alone at the stage `before`.
const FAULTS: [(&str, bool); 12] = [
    ("{respond: {status: 500}}", false),
    ("{rateLimited: {retryAfter: 1s}}", false),
    ("close", false),
    ("hang", false),
    ("{cut: {after: 1}}", false),
    ("{corrupt: html}", false),
    ("{corrupt: empty}", false),
    ("expireToken", false),
    ("{loseScope: {scope: 'sp:scopes:all'}}", false),
    ("{hold: 1m}", true),
    ("{trickle: {chunk: 1, pause: 1m}}", true),
    ("pass", true),
];

/// A call of an operation that changes something; `None` for all others.
fn call(operation: Operation) -> Option<(Method, String, Value)> {
    let group = json!({"name": "G", "passwordPolicyId": POLICY, "sourceIds": [AD, OKTA]});
    let source = json!({"name": "S", "owner": null, "connector": "active-directory"});
    let app = json!({"name": "A", "description": "A", "accountSource": {"id": AD}});
    let patch = json!([{"op": "replace", "path": "/name", "value": "P"}]);
    let (method, path, body) = match operation {
        Operation::CreatePasswordSyncGroup => (Method::POST, "password-sync-groups".to_owned(), group),
        Operation::UpdatePasswordSyncGroup => (Method::PUT, format!("password-sync-groups/{GROUP}"), group),
        Operation::DeletePasswordSyncGroup => {
            (Method::DELETE, format!("password-sync-groups/{GROUP}"), Value::Null)
        }
        Operation::CreateSource => (Method::POST, "sources".to_owned(), source),
        Operation::PutSource => (Method::PUT, format!("sources/{AD}"), source),
        Operation::UpdateSource => (Method::PATCH, format!("sources/{AD}"), patch),
        Operation::DeleteSource => (Method::DELETE, format!("sources/{AD}"), Value::Null),
        Operation::UpdatePasswordPolicyHolders => {
            (Method::PATCH, format!("sources/{AD}/password-policies"), json!([{"policyId": POLICY}]))
        }
        Operation::CreatePasswordPolicy => {
            (Method::POST, "password-policies".to_owned(), json!({"name": "P"}))
        }
        Operation::SetPasswordPolicy => {
            (Method::PUT, format!("password-policies/{POLICY}"), json!({"name": "P"}))
        }
        Operation::DeletePasswordPolicy => {
            (Method::DELETE, format!("password-policies/{POLICY}"), Value::Null)
        }
        Operation::CreateSourceApp => (Method::POST, "source-apps".to_owned(), app),
        Operation::PatchSourceApp => (Method::PATCH, format!("source-apps/{APP}"), patch),
        Operation::DeleteSourceApp => (Method::DELETE, format!("source-apps/{APP}"), Value::Null),
        Operation::CreatePasswordOrgConfig => {
            (Method::POST, "password-org-config".to_owned(), json!({"digitTokenLength": 9}))
        }
        Operation::PutPasswordOrgConfig => {
            (Method::PUT, "password-org-config".to_owned(), json!({"digitTokenLength": 9}))
        }
        Operation::PutPasswordDictionary => (Method::PUT, "password-dictionary".to_owned(), json!("winter")),
        Operation::SetPassword => (Method::POST, "set-password".to_owned(), json!({"identityId": AMELIA})),
        Operation::CreateDigitToken => {
            let body = json!({"userId": "amelia.admin"});
            (Method::POST, "generate-password-reset-token/digit".to_owned(), body)
        }
        _ => return None,
    };
    Some((method, format!("/v2026/{path}"), body))
}

/// Makes the call, and returns the state after it and what the journal keeps of it.
fn made(client: &mut Client, operation: Operation, rule: Option<&str>) -> (Value, Value) {
    client.ask(Method::POST, "/_sim/reset", None);
    client.buy_token();
    if let Some(rule) = rule {
        let request = Request::new(Method::POST, "/_sim/scenario/rules").unwrap();
        let reply =
            client.simulator.answer_at(&request.body("application/yaml", rule.to_owned()), client.wall);
        assert!(reply.reply.status.is_success(), "{rule}: {}", reply.reply.value());
    }
    let (method, target, body) = call(operation).unwrap();
    let mut request = Request::new(method, &target).unwrap().bearer(&client.token);
    request = request.header(hyper::header::HeaderName::from_static("x-sailpoint-experimental"), "true");
    request = match &body {
        Value::Null => request,
        Value::String(words) => {
            let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
            request.body("multipart/form-data; boundary=b", format!("{part}{words}\r\n--b--\r\n"))
        }
        Value::Array(steps) if steps[0]["op"].is_string() => {
            request.body("application/json-patch+json", body.to_string())
        }
        _ => request.json(&body),
    };
    client.simulator.answer_at(&request, client.wall);
    let state = client.ask(Method::GET, "/_sim/state", None).reply.value();
    let exchange = client.journal()["exchanges"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(exchange["operation"], operation.id());
    (state, exchange)
}

#[test]
fn whether_a_write_happened_is_what_the_stage_says() {
    let mut client = Client::new(Vec::new(), |_| {});
    let before = client.ask(Method::GET, "/_sim/state", None).reply.value();
    for operation in Operation::ALL.into_iter().filter(|operation| !operation.is_read()) {
        // What they change is no part of the state.
        if matches!(operation, Operation::Token | Operation::OauthInfo) {
            continue;
        }
        let (done, exchange) = made(&mut client, operation, None);
        assert_eq!(exchange["performed"], true, "{operation}: {exchange}");
        // Digits are given out, and nothing keeps them.
        assert_eq!(done == before, operation == Operation::CreateDigitToken, "{operation}");
        for (fault, is_left_alone) in FAULTS {
            for stage in ["before", "after"] {
                let happens = stage == "after" || is_left_alone;
                let rule = format!("{{when: {{operation: {operation}}}, stage: {stage}, fault: {fault}}}");
                let (state, exchange) = made(&mut client, operation, Some(&rule));
                assert_eq!(exchange["performed"], happens, "{rule}: {exchange}");
                let expected = if happens { &done } else { &before };
                assert!(state == *expected, "{rule}: {state}");
            }
        }
    }
}
