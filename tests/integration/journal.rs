//! What the journal keeps: a limited number of bytes, and no secrets.

use hyper::Method;
use serde_json::json;
use sync_group_sim::wire::Request;

use crate::harness::client::Client;
use crate::harness::control::Sim;

#[test]
fn the_journal_leaves_secrets_out() {
    let client = Client::with("name: t\nrules: []\n");
    client.get("");
    let journal = client.journal().to_string();
    assert!(!journal.contains(&client.admin.1) && !journal.contains(&client.token), "{journal}");
    assert!(journal.contains("client_secret=…") && journal.contains("Bearer …"), "{journal}");
    assert_eq!(client.journal()["seed"], 1);
}

#[test]
fn secrets_are_left_out_wherever_a_client_puts_them() {
    let client = Client::with("name: t\nrules: []\n");
    let (id, secret) = client.admin.clone();
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let post = |target: &str| Request::new(Method::POST, target).unwrap();
    let token = client.token.clone();
    let basic = hyper::header::AUTHORIZATION;
    for request in [
        post("/oauth/token").body("text/plain", form.clone()),
        post("/oauth/token").body("", form.clone()),
        post("/oauth/token").body("application/xml", format!("<client_secret>{secret}</client_secret>")),
        post("/oauth/token").body("application/json", format!("{{\"client_secret\":\"{secret}")),
        post(&format!("/oauth/token?CLIENT_SECRET={secret}")),
        post("/oauth/token").header(hyper::header::HeaderName::from_static("x-api-key"), &secret),
        post("/v3/x").header(basic.clone(), &token),
        post("/v3/x").header(hyper::header::COOKIE, &format!("token={token}")),
        post("/v3/x").body("application/json", format!("{{\"note\": \"{token}\"}}")),
        post("/v3/x").body(
            "application/json",
            "[{\"op\": \"add\", \"path\": \"/password\", \"value\": \"hush-hush\"}]",
        ),
        post("/oauth/token").body("application/x-www-form-urlencoded", "client_assertion=hush-hush"),
        post("/oauth/token").body("application/x-www-form-urlencoded", format!("client_id={secret}")),
        post(&format!("/oauth/token?grant_type={secret}&client_id={id}&client_secret={secret}")),
        post(&format!("/v3/password-sync-groups/{token}")),
        post("/v3/x").header(hyper::header::USER_AGENT, &format!("agent {secret}")),
    ] {
        client.simulator.answer_at(&request, client.wall);
    }
    let journal = client.journal().to_string();
    assert!(!journal.contains(&secret) && !journal.contains("hush-hush"), "{journal}");
    let signature = token.rsplit('.').next().unwrap();
    assert!(!journal.contains(signature), "{journal}");
}

#[test]
fn the_journal_is_bounded_by_bytes_too() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "a", "prerequisites": "ignore" }));
    // Each exchange carries a megabyte there and one back: 64 MiB hold fewer than forty of them.
    let name = "x".repeat(1_000_000);
    for _ in 0..40 {
        let body = Some(json!({ "name": name }));
        let outcome = sim.ask(&format!("POST {prefix}/v3/password-sync-groups"), Some(&token), body);
        assert_eq!(outcome.reply.status.as_u16(), 200);
    }
    let journal = sim.control(&format!("GET {prefix}/_sim/journal?limit=1"), None, 200);
    let (first, dropped) =
        (journal["exchanges"][0]["seq"].as_u64().unwrap(), journal["dropped"].as_u64().unwrap());
    assert!((5..20).contains(&dropped) && first == dropped + 1, "{first} {dropped}");
}
