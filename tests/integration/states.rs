//! What the states of all tenants may take together (`--state-total-bytes`): what goes beyond is refused, nothing of it is
//! done, and what a tenant took is free again when it goes. What tenants share costs nothing. Last, on a process, whether
//! the count is near what memory it takes.

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::JournalFilter;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::simulator::Config;
use sync_group_sim::wire::Outcome;

use crate::harness::client::Client;
#[cfg(target_os = "linux")]
use crate::harness::{
    http::send,
    process::{Server, binary},
};

const MIB: usize = 1 << 20;

/// A simulator of which states may take this many bytes.
fn limited(bytes: usize) -> Client {
    let mut client = Client::new(Vec::new(), |config: &mut Config| {
        config.state_total_bytes = bytes;
        config.options.prerequisites = Prerequisites::Ignore;
    });
    client.buy_token();
    client
}

fn policies(number: usize) -> Value {
    let all: Vec<_> = (0..number).map(|nth| json!({"id": format!("p{nth}"), "name": "P"})).collect();
    json!({ "passwordPolicies": all })
}

fn control(client: &Client, call: &str, body: Value) -> Outcome {
    let (method, target) = call.split_once(' ').unwrap();
    client.ask(Method::from_bytes(method.as_bytes()).unwrap(), target, Some(body))
}

fn status(outcome: &Outcome) -> u16 {
    outcome.reply.status.as_u16()
}

fn text(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&outcome.reply.body).into_owned()
}

fn counted(client: &Client) -> usize {
    let metrics = client.simulator.metrics_text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("sync_group_sim_state_bytes ")).unwrap();
    line.parse().unwrap()
}

fn post(client: &Client, name: &str) -> Outcome {
    let group = json!({"name": name, "passwordPolicyId": "p", "sourceIds": ["a", "b"]});
    client.ask(Method::POST, "/v2024/password-sync-groups", Some(group))
}

/// Where prerequisites are ignored, clients refer to what does not exist, and the state moves all the same.
#[test]
fn a_state_with_references_to_nothing_is_taken_where_prerequisites_are_ignored() {
    let client = limited(100 * MIB);
    let okta = "2c918084660f45d6016617daa9210500";
    let nobody = json!({"id": "nobody"});
    let app = json!({"name": "A", "description": "d", "accountSource": nobody});
    let source = json!({"name": "S", "owner": nobody, "connector": "c", "passwordPolicies": [nobody]});
    let holders = json!([
        {"policyId": "none"},
        {"policyId": "none", "selectors": {"identityAttr": [{"name": "a", "value": "b"}]}},
    ]);
    let group = json!({"name": "G", "passwordPolicyId": "none", "sourceIds": [okta, "nowhere", okta]});
    for (call, body, expected) in [
        ("POST /beta/source-apps".to_owned(), app, 200),
        ("POST /v3/sources".to_owned(), source, 201),
        (format!("PATCH /v2026/sources/{okta}/password-policies"), holders, 200),
        ("POST /v3/password-sync-groups".to_owned(), group, 200),
    ] {
        assert_eq!(status(&control(&client, &call, body)), expected, "{call}");
    }
    let state = client.ask(Method::GET, "/_sim/state", None).reply.value();
    let put = control(&client, "PUT /_sim/state", state.clone());
    assert_eq!((status(&put), put.reply.value()), (200, state));
    // A reference that names nothing at all is none.
    let app = json!({"name": "A", "description": "d", "accountSource": {"id": ""}});
    let refused = control(&client, "POST /beta/source-apps", app);
    assert_eq!(status(&refused), 400);
    assert!(text(&refused).contains("accountSource.id"), "{}", text(&refused));
}

#[test]
fn journals_make_room_for_a_large_state_and_for_no_small_one() {
    let mut client = Client::new(Vec::new(), |config: &mut Config| {
        config.journal_total_bytes = 4 * MIB;
        config.options.prerequisites = Prerequisites::Ignore;
    });
    client.buy_token();
    for _ in 0..12 {
        post(&client, &"g".repeat(MIB / 16));
    }
    let kept = || {
        let journal = client.simulator.default_tenant().journal(&JournalFilter::default());
        (journal.exchanges.len(), journal.dropped)
    };
    let before = kept();
    assert_eq!(before.1, 0);
    let source = |description: String| json!({"sources": [{"id": "s", "name": "S", "connectionType": "direct", "description": description}]});
    assert_eq!(status(&control(&client, "PUT /_sim/state", source("small".to_owned()))), 200);
    assert_eq!(kept(), before);
    // What it takes until it is a state is more than states may beside journals; a quarter of theirs is left.
    assert_eq!(status(&control(&client, "PUT /_sim/state", source("x".repeat(24 * MIB)))), 200);
    let (left, dropped) = kept();
    assert!((1..=before.0 / 2).contains(&left), "{left} of {}", before.0);
    assert_eq!(left as u64 + dropped, before.0 as u64);
}

#[test]
fn tenants_with_a_state_of_their_own_keep_a_budget_and_free_it_when_they_go() {
    let client = limited(4 * MIB);
    let make = |name: &str, number| {
        control(&client, &format!("PUT /_sim/tenants/{name}"), json!({ "fixture": policies(number) }))
    };
    assert_eq!(status(&make("a", 1_000)), 201);
    let one = counted(&client);
    assert!((1_500_000..2_500_000).contains(&one), "{one}");
    assert_eq!(status(&make("b", 1_000)), 201);
    let refused = make("c", 1_000);
    assert!(
        status(&refused) == 503 && text(&refused).contains("4194304 free (--state-total-bytes)"),
        "{}",
        text(&refused)
    );
    // Given as a text it takes as much.
    let text_of = |number| json!({ "fixture": policies(number).to_string() + "\n" });
    let refused = control(&client, "PUT /_sim/tenants/c", text_of(1_000));
    assert!(status(&refused) == 503 && text(&refused).contains("--state-total-bytes"), "{}", text(&refused));
    assert_eq!(status(&control(&client, "PUT /_sim/tenants/c", text_of(2_500))), 413);
    // More than one tenant may ever have; nothing is made of it.
    let refused = make("c", 2_500);
    assert!(
        status(&refused) == 413
            && text(&refused).contains("3670016 or fewer, seven eighths of --state-total-bytes"),
        "{}",
        text(&refused)
    );
    assert_eq!((client.simulator.tenant("c", "").is_none(), counted(&client)), (true, 2 * one));
    for name in ["a", "b"] {
        assert_eq!(status(&control(&client, &format!("DELETE /_sim/tenants/{name}"), Value::Null)), 204);
    }
    assert_eq!((counted(&client), status(&make("c", 1_000))), (0, 201));
}

/// A scenario with a rule that is this long.
fn long(bytes: usize) -> Value {
    let fault = json!({"respond": {"status": 500, "body": "x".repeat(bytes)}});
    json!({"name": "long", "rules": [{"name": "r", "when": {"path": "/v3/never"}, "fault": fault}]})
}

#[test]
fn rules_that_only_one_tenant_has_keep_the_budget_and_free_it_when_they_go() {
    let client = limited(4 * MIB);
    let put = |bytes| control(&client, "PUT /_sim/scenario", long(bytes));
    assert_eq!(status(&put(MIB)), 200);
    let one = counted(&client);
    assert!((2 * MIB..5 * MIB / 2).contains(&one), "{one}");
    // One replaces another although both would not fit.
    assert_eq!((status(&put(MIB)), counted(&client)), (200, one));
    let refused = put(2 * MIB);
    assert!(status(&refused) == 413 && text(&refused).contains("--state-total-bytes"), "{}", text(&refused));
    let add = |bytes| control(&client, "POST /_sim/scenario/rules", long(bytes)["rules"][0].take());
    let refused = add(MIB);
    assert!(status(&refused) == 413 && text(&refused).contains("--state-total-bytes"), "{}", text(&refused));
    assert_eq!(status(&control(&client, "DELETE /_sim/scenario", Value::Null)), 204);
    assert_eq!((counted(&client), status(&add(MIB))), (0, 201));
    assert!((2 * MIB..5 * MIB / 2).contains(&counted(&client)));
    let make = |name: &str| {
        control(&client, &format!("PUT /_sim/tenants/{name}"), json!({"scenarios": [long(MIB)]}))
    };
    let refused = make("a");
    assert!(status(&refused) == 503 && text(&refused).contains("--state-total-bytes"), "{}", text(&refused));
    assert_eq!(status(&control(&client, "DELETE /_sim/scenario/rules/r", Value::Null)), 204);
    assert_eq!((counted(&client), status(&make("a"))), (0, 201));
    assert!((2 * MIB..5 * MIB / 2).contains(&counted(&client)));
    assert_eq!(status(&control(&client, "POST /tenants/a/_sim/reset", Value::Null)), 204);
    assert!((2 * MIB..5 * MIB / 2).contains(&counted(&client)));
    assert_eq!(status(&control(&client, "DELETE /_sim/tenants/a", Value::Null)), 204);
    assert_eq!(counted(&client), 0);
}

#[test]
fn rules_of_the_command_line_and_built_in_ones_cost_a_tenant_nothing() {
    let client = Client::new(vec![crate::harness::client::scenario(&long(MIB).to_string())], |_| {});
    for (name, body) in [("a", json!({})), ("b", json!({"scenarios": ["chaos", "conflict-storm"]}))] {
        assert_eq!(status(&control(&client, &format!("PUT /_sim/tenants/{name}"), body)), 201);
        assert_eq!(counted(&client), 0);
    }
    let both = json!({"use": ["chaos", "rate-limited"]});
    assert_eq!(status(&control(&client, "PUT /_sim/scenario", both)), 200);
    assert_eq!(counted(&client), 0);
}

#[test]
fn a_journal_counts_the_rules_that_looked_at_its_exchanges() {
    let client = Client::new(Vec::new(), |config: &mut Config| {
        config.options.journal_bytes = 5 * MIB;
    });
    let kept = || {
        let journal = client.simulator.default_tenant().journal(&JournalFilter::default());
        (journal.exchanges.len(), journal.dropped)
    };
    let ask = || client.ask(Method::GET, "/oauth/info", None);
    for _ in 0..5 {
        assert_eq!(status(&control(&client, "PUT /_sim/scenario", long(MIB))), 200);
        ask();
    }
    // Each takes more than two of five.
    assert_eq!(kept(), (2, 3));
    // The same rules are counted once.
    for _ in 0..10 {
        ask();
    }
    assert_eq!(kept(), (12, 3));
    let last = JournalFilter { after: 5, ..JournalFilter::default() };
    client.simulator.default_tenant().clear_journal(&last);
    assert_eq!(kept(), (2, 3));
    for _ in 0..2 {
        assert_eq!(status(&control(&client, "PUT /_sim/scenario", long(MIB))), 200);
        ask();
    }
    assert_eq!(kept(), (2, 5));
}

#[test]
fn a_state_is_replaced_within_the_budget_or_not_at_all() {
    let client = limited(4 * MIB);
    let put = |number| control(&client, "PUT /_sim/state", policies(number));
    let number = || client.simulator.default_tenant().state().password_policies.len();
    assert_eq!(status(&put(1_300)), 200);
    let before = counted(&client);
    // One replaces another although both would not fit.
    assert_eq!((status(&put(1_300)), counted(&client)), (200, before));
    let refused = put(5_000);
    assert_eq!((status(&refused), number(), counted(&client)), (413, 1_300, before), "{}", text(&refused));
    assert_eq!(status(&put(1)), 200);
    assert!(counted(&client) < 20_000);
    client.simulator.default_tenant().reset();
    assert_eq!(counted(&client), 0);
}

/// Makes groups with long names until one is refused: the ids of those before, and the refusal.
fn make_until_refused(client: &Client, name: &str) -> (Vec<String>, Outcome) {
    let mut made = Vec::new();
    loop {
        let outcome = post(client, name);
        if status(&outcome) != 200 {
            return (made, outcome);
        }
        made.push(outcome.reply.value()["id"].as_str().unwrap().to_owned());
        assert!(made.len() < 100, "nothing is refused");
    }
}

#[test]
fn what_the_api_writes_keeps_the_budget_and_is_refused_whole() {
    let client = limited(MIB);
    let long = "x".repeat(100_000);
    let (made, refused) = make_until_refused(&client, &long);
    assert!((3..=6).contains(&made.len()), "{}", made.len());
    let told = text(&refused);
    assert!(status(&refused) == 503 && told.contains("seven eighths of --state-total-bytes"), "{told}");
    assert_eq!(client.names().iter().filter(|name| name.len() > 100).count(), made.len());
    // The journal says why, and that nothing was changed.
    let journal = client.journal();
    let last = journal["exchanges"].as_array().unwrap().last().unwrap();
    assert!(last["violations"].to_string().contains("--state-total-bytes"), "{last}");
    assert!(last["changes"].as_array().is_none_or(Vec::is_empty), "{last}");
    // What makes it no larger is done, however often, and what was given back is there again.
    let path = |id: &str| format!("/v2024/password-sync-groups/{id}");
    let put = |name: &str| {
        let group = json!({"id": made[0], "name": name, "passwordPolicyId": "p", "sourceIds": ["a", "b"]});
        status(&client.ask(Method::PUT, &path(&made[0]), Some(group)))
    };
    for _ in 0..20 {
        assert_eq!(put(&long), 200);
    }
    assert_eq!((put("short"), status(&post(&client, &long))), (200, 200));
    assert_eq!(put(&long), 503);
    for id in &made {
        assert_eq!(status(&client.ask(Method::DELETE, &path(id), None)), 204);
    }
    assert_eq!(make_until_refused(&client, &long).0.len(), made.len() - 1);
    client.simulator.default_tenant().reset();
    assert_eq!(counted(&client), 0);
}

#[test]
fn what_tenants_share_costs_nothing() {
    let client = limited(MIB);
    for nth in 0..20 {
        // By name, and by their first request.
        let made =
            control(&client, "POST /_sim/tenants", json!({"name": format!("t{nth}"), "fixture": "large"}));
        assert_eq!(status(&made), 201);
        client.ask(Method::GET, &format!("/tenants/s{nth}/oauth/info"), None);
    }
    let large = |nth: usize| client.simulator.tenant(&format!("t{nth}"), "").unwrap().state().sources.len();
    assert_eq!((large(0), large(19), counted(&client)), (2_000, 2_000, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn states_are_bounded_in_resident_memory() {
    const LIMIT: usize = 24 * MIB;
    let always = ["--listen", "127.0.0.1:0", "--log", "off", "--prerequisites", "ignore"];
    let server = Server::start(binary().args(always).args(["--state-total-bytes", &LIMIT.to_string()]));
    let call = |method: &str, target: &str, body: &str| {
        send(server.address(), method, target, &[], body.as_bytes()).status
    };
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    };
    let fixtures = [
        ("sources", r#","name":"N","connectionType":"direct""#),
        ("identities", r#","name":"N","userName":"u""#),
        ("groups", ""),
    ]
    .map(|(section, rest)| {
        let records: Vec<_> = (0..1_000).map(|nth| format!(r#"{{"id":"{nth}"{rest}}}"#)).collect();
        format!(r#"{{"fixture":{{"{section}":[{}]}}}}"#, records.join(","))
    });
    // What any server needs that has read one of each.
    for fixture in &fixtures {
        assert_eq!(call("PUT", "/_sim/tenants/t", fixture), 201);
        assert_eq!(call("DELETE", "/_sim/tenants/t", ""), 204);
    }
    let before = resident();
    let (mut made, mut refused) = (0, 0);
    for nth in 0..40 {
        match call("PUT", &format!("/_sim/tenants/t{nth}"), &fixtures[nth % 3]) {
            201 => made += 1,
            503 => refused += 1,
            other => panic!("{other}"),
        }
    }
    let grown = resident() - before;
    assert!(made >= 12 && refused >= 3, "{made} {refused}");
    assert!((LIMIT / 4..LIMIT * 5 / 4).contains(&grown), "{grown} bytes for states of at most {LIMIT}");
}
