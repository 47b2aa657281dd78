//! Verdicts as users meet them: the control calls, the embedder's handle, the command, and the page in `docs/`, which
//! `BLESS=1` rewrites. Each verdict's own tests are beside it.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::Severity;
use sync_group_sim::scenario::library;
use sync_group_sim::verdict::{self, ALL, Group, Needs, Verdict};
use sync_group_sim::wire::Request;

use crate::harness::client::{Client, scenario};
use crate::harness::process::run;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");

const HEAD: &str = "# Verdicts

The rules of good conduct by which clients are judged: what each looks at, why it matters, what to do, and who says so.
`sync-group-sim verdicts` lists them, [`GET /_sim/verdicts`](control-api.md#verdicts) judges the clients of a tenant by
them, and `POST` lets a test fail. This page is made of the verdicts themselves.

An *error* does harm, a *warning* may do harm, a *note* is worth knowing. Time is judged by lower bounds alone: a busy
machine makes a client look more patient, never less. Where one defect breaks several rules, only one of them is told.
";

fn links(ids: &[&str]) -> String {
    let links = ids.iter().map(|id| format!("[{id}](#{id})"));
    links.collect::<Vec<_>>().join(", ")
}

fn explained(page: &mut String, verdict: &'static Verdict) {
    let mut line = |text: &str| writeln!(page, "{text}").unwrap();
    line(&format!("\n### {}\n\n*{}* · {}\n", verdict.id, verdict.severity.word(), verdict.checks));
    line(&format!("* Why it matters: {}", verdict.why));
    line(&format!("* What to do: {}", verdict.advice));
    line(&format!("* Who says so: {}", verdict.source));
    line(&format!("* Where it is judged: {}", verdict.needs.in_words()));
    if !verdict.scenarios.is_empty() {
        line(&format!("* Built-in scenarios that bring it about: `{}`", verdict.scenarios.join("`, `")));
    }
    let explaining: Vec<_> = verdict::explaining(verdict).collect();
    if !explaining.is_empty() {
        line(&format!("* Not told beside: {}", links(&explaining)));
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for group in Group::ALL {
        let verdicts: Vec<_> = ALL.iter().copied().filter(|verdict| verdict.group == group).collect();
        if !verdicts.is_empty() {
            writeln!(page, "\n## {}", group.word()).unwrap();
            for verdict in verdicts {
                explained(&mut page, verdict);
            }
        }
    }
    page
}

#[test]
fn the_page_about_verdicts_says_what_they_say() {
    let page = page();
    if std::env::var_os("BLESS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/verdicts.md is not what the verdicts say; BLESS=1 rewrites it");
}

/// A verdict that no client ever tripped is a guess. `tests/drill/run` drills them, and writes the page.
#[test]
fn every_verdict_is_proved_by_a_client_that_breaks_it() {
    let proof = include_str!("../../docs/drill-proof.md");
    let tripped: Vec<_> = proof.lines().filter_map(|line| line.split('|').nth(3)).map(str::trim).collect();
    for verdict in ALL {
        assert!(
            tripped.contains(&&*format!("`{}`", verdict.id)),
            "no client in docs/drill-proof.md trips {}; it needs one in tests/drill/clients",
            verdict.id
        );
    }
}

#[test]
fn what_a_verdict_says_of_itself_are_sentences() {
    for verdict in ALL {
        for text in [verdict.checks, verdict.why, verdict.advice] {
            assert!(text.ends_with(['.', ')']) && !text.contains("  "), "{}: {text}", verdict.id);
        }
        assert!(!verdict.source.is_empty(), "{}", verdict.id);
        let is_scenario = |name: &&&str| !library::names().contains(name);
        assert_eq!(verdict.scenarios.iter().find(is_scenario), None, "{}", verdict.id);
    }
}

#[test]
fn the_command_lists_the_verdicts_and_explains_each() {
    let (code, list, _) = run(&["verdicts"]);
    assert_eq!(code, 0);
    for verdict in ALL {
        let line = list.lines().find(|line| line.trim().starts_with(&format!("{} ", verdict.id)));
        assert!(line.unwrap_or_default().ends_with(verdict.severity.word()), "{list}");
    }
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let (code, told, _) = run(&["verdicts", "duplicate-created"]);
    assert_eq!(code, 0);
    let parts = ["What it checks", "Why it matters", "What to do", "Who says so\n  RFC 9110 9.2.2"];
    for part in parts.into_iter().chain(["committed-but-lost"]) {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_command_says_which_verdict_may_have_been_meant() {
    let (code, stdout, stderr) = run(&["verdicts", "duplicates-created"]);
    assert_eq!((code, &*stdout), (2, ""));
    assert!(stderr.contains("did you mean `duplicate-created`?"), "{stderr}");
}

/// A client of a simulator that runs this scenario. It has bought its token with the secret in the body.
fn client(rules: &str) -> Client {
    let mut client = Client::new(vec![scenario(rules)], |_| {});
    let (id, secret) = &client.admin;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let request = Request::new(Method::POST, "/oauth/token").unwrap();
    let request = request.body("application/x-www-form-urlencoded", form);
    let bought = client.simulator.answer_at(&request, client.wall).reply.value();
    bought["access_token"].as_str().unwrap().clone_into(&mut client.token);
    client
}

/// A client that meets a 429 with `Retry-After: 2` at its first list.
fn limited() -> Client {
    client(
        "name: t\nrules:\n  - name: busy\n    when: {operation: getPasswordSyncGroups}\n    fires: {nth: 1}\n    \
         fault: {respond: {status: 429, headers: {Retry-After: '2'}}}\n",
    )
}

fn judged(client: &Client, body: Value, status: u16) -> Value {
    let reply = client.ask(Method::POST, "/_sim/verdicts", Some(body)).reply;
    assert_eq!(reply.status, status, "{}", reply.value());
    reply.value()
}

fn line<'a>(report: &'a Value, id: &str) -> &'a Value {
    let lines = report["verdicts"].as_array().unwrap();
    lines.iter().find(|line| line["verdict"] == id).unwrap_or_else(|| panic!("{id}: {report}"))
}

#[test]
fn a_client_that_comes_back_early_is_convicted_with_its_exchanges() {
    let client = limited();
    client.get("");
    client.get("");
    let report = judged(&client, json!({}), 409);
    let finding = &report["findings"][0];
    assert_eq!(finding["verdict"], "retry-after-ignored");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["operation"], "getPasswordSyncGroups");
    // The first exchange bought the token.
    assert_eq!(finding["exchanges"], json!([2, 3]));
    assert_eq!(finding["evidence"]["asked"], 2.0);
    for text in ["message", "advice", "source"] {
        assert!(finding[text].as_str().is_some_and(|text| text.len() > 10), "{finding}");
    }
    assert_eq!(
        *line(&report, "retry-after-ignored"),
        json!({"verdict": "retry-after-ignored", "outcome": "error"})
    );
    // To look is not a failure.
    let looked = client.ask(Method::GET, "/_sim/verdicts", None).reply;
    assert_eq!((looked.status.as_u16(), looked.value()), (200, report));
}

#[test]
fn a_client_whose_test_moves_the_clock_has_waited() {
    let mut client = limited();
    client.get("");
    client.advance(Duration::from_secs(2));
    client.get("");
    let report = judged(&client, json!({}), 200);
    assert_eq!(report["findings"], json!([]));
    assert_eq!(line(&report, "retry-after-ignored")["outcome"], "ok");
}

#[test]
fn nothing_is_ok_for_want_of_evidence() {
    let mut client = limited();
    client.advance(Duration::from_secs(1));
    let report = judged(&client, json!({}), 200);
    let lines = report["verdicts"].as_array().unwrap();
    assert_eq!(lines.len(), ALL.len());
    for (line, verdict) in lines.iter().zip(ALL) {
        assert_eq!(line["verdict"], verdict.id);
        // Where the secret stands can be seen in every token call.
        if verdict.id == "secret-in-url" {
            assert_eq!(line["outcome"], "ok");
            continue;
        }
        assert_eq!(line["outcome"], "not applicable", "{line}");
        let reason = line["reason"].as_str().unwrap();
        assert!(reason.len() > 5, "{line}");
        assert!(reason == "needs a clean run" || verdict.needs == Needs::Journal, "{line}");
    }
}

#[test]
fn a_finding_that_is_accepted_is_no_failure_and_one_verdict_can_be_asked_for_alone() {
    let client = limited();
    client.get("");
    client.get("");
    let report = judged(&client, json!({"accept": ["retry-after-ignored"]}), 200);
    assert_eq!(report["findings"], json!([]));
    let told = json!({"verdict": "retry-after-ignored", "outcome": "error", "reason": "accepted"});
    assert_eq!(*line(&report, "retry-after-ignored"), told);
    let report = judged(&client, json!({"only": ["duplicate-created"], "failOn": "note"}), 200);
    assert_eq!(report["verdicts"].as_array().unwrap().len(), 1);
    judged(&client, json!({"only": ["retry-after-ignored"]}), 409);
    // Without a body everything counts.
    assert_eq!(client.ask(Method::POST, "/_sim/verdicts", None).reply.status, 409);
}

#[test]
fn a_create_that_is_done_twice_is_found_and_found_again_by_the_handle() {
    let client = client(
        "name: t\nrules:\n  - name: lost\n    when: {operation: createPasswordSyncGroup}\n    fires: {nth: 1}\n    \
         stage: after\n    fault: {respond: {status: 500}}\n",
    );
    let body = json!({"name": "Sales", "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
        "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"]});
    let create =
        || client.ask(Method::POST, "/v3/password-sync-groups", Some(body.clone())).reply.status.as_u16();
    assert_eq!((create(), create()), (500, 200));
    let report = client.simulator.default_tenant().verdicts();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.verdict, finding.severity)).collect();
    assert_eq!(found, [("duplicate-created", Severity::Error)]);
    assert_eq!(report.findings[0].exchanges, [2, 3]);
    assert!(report.findings[0].message.contains("“Sales”"), "{}", report.findings[0].message);
}

#[test]
fn what_was_done_before_the_state_was_replaced_is_not_held_against_what_came_after() {
    let client = limited();
    client.get("");
    let state = client.ask(Method::GET, "/_sim/state", None).reply.value();
    assert_eq!(client.ask(Method::PUT, "/_sim/state", Some(state)).reply.status, 200);
    client.get("");
    judged(&client, json!({}), 200);
}

#[test]
fn a_verdict_that_does_not_exist_is_refused_with_its_place_and_what_may_have_been_meant() {
    let client = limited();
    let told = judged(&client, json!({"accept": ["retry-after-ignore"]}), 400);
    let told = told["error"].as_str().unwrap();
    assert!(told.starts_with("body:1:12: no verdict is named `retry-after-ignore`"), "{told}");
    assert!(told.ends_with("did you mean `retry-after-ignored`?"), "{told}");
}
