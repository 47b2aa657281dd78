//! The password change of a group: which accounts change, in which order, how often each is attempted, when the whole
//! has ended, and what everybody's password is then; also when the state is put back on the way.

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::world::TenantRequest;

use super::{BEGAN, Service, check};

const OLD: &str = "Old-Password-1";
const NEW: &str = "New-Password-2";
/// How long a change takes, in milliseconds.
const TAKES: i64 = 2_000;
/// After how long a source that cannot be reached is tried again, in milliseconds, each counted from the attempt before.
const RETRIES: [i64; 6] = [5_000, 60_000, 180_000, 600_000, 1_800_000, 5_400_000];

/// One source of the group, in its order.
#[derive(Clone, Debug)]
struct Member {
    /// Whether people sign in with it.
    signs_in: bool,
    has_account: bool,
    connector: Connector,
    /// Whether the state is read and put back before the last moment, if any member says so.
    is_moved: bool,
}

#[derive(Clone, Copy, Debug)]
enum Connector {
    Works,
    Refuses,
    /// Cannot be reached this many times.
    Away(usize),
}

fn member() -> impl Strategy<Value = Member> {
    let connector = prop_oneof![
        3 => Just(Connector::Works),
        1 => Just(Connector::Refuses),
        3 => (1..9_usize).prop_map(Connector::Away),
    ];
    (any::<bool>(), prop::bool::weighted(0.8), connector, prop::bool::weighted(0.1)).prop_map(
        |(signs_in, has_account, connector, is_moved)| Member { signs_in, has_account, connector, is_moved },
    )
}

/// How the change of one account ends, after how many attempts, and when.
#[derive(Debug, PartialEq)]
struct End {
    outcome: &'static str,
    attempts: usize,
    at: i64,
}

fn end(connector: Connector, begins: i64) -> End {
    let after = |attempts: usize| begins + RETRIES[..attempts - 1].iter().sum::<i64>();
    let (outcome, attempts) = match connector {
        Connector::Works => ("success", 1),
        Connector::Refuses => ("failed", 1),
        Connector::Away(times) if times <= RETRIES.len() => ("success", times + 1),
        Connector::Away(_) => ("failed", RETRIES.len() + 1),
    };
    End { outcome, attempts, at: after(attempts) }
}

/// What becomes of each account, in the order in which they change: those of sources that people sign in with, one
/// after the other, then the others at once.
fn expected(members: &[Member]) -> Vec<(usize, End)> {
    let with_account = || members.iter().enumerate().filter(|(_, member)| member.has_account);
    let mut ends: Vec<(usize, End)> = Vec::new();
    let mut begins = BEGAN + TAKES;
    let mut has_failed = false;
    let not_attempted = || End { outcome: "notAttempted", attempts: 0, at: 0 };
    for (place, member) in with_account().filter(|(_, member)| member.signs_in) {
        let end = if has_failed { not_attempted() } else { end(member.connector, begins) };
        if !has_failed {
            (has_failed, begins) = (end.outcome == "failed", end.at);
        }
        ends.push((place, end));
    }
    for (place, member) in with_account().filter(|(_, member)| !member.signs_in) {
        ends.push((place, if has_failed { not_attempted() } else { end(member.connector, begins) }));
    }
    ends
}

fn state_of(members: &[Member]) -> Value {
    let sources = members.iter().enumerate().map(|(place, member)| {
        let features: &[&str] = if member.signs_in { &["AUTHENTICATE", "PASSWORD"] } else { &["PASSWORD"] };
        json!({"id": format!("s{place}"), "name": format!("S{place}"), "connectionType": "direct", "features": features})
    });
    let accounts = members.iter().enumerate().filter(|(_, member)| member.has_account).map(|(place, _)| {
        json!({"id": format!("a{place}"), "sourceId": format!("s{place}"), "identityId": "p", "password": OLD})
    });
    json!({
        "sources": sources.collect::<Vec<_>>(),
        "passwordPolicies": [{"id": "policy", "name": "P"}],
        "identities": [{"id": "p", "name": "Pat", "userName": "pat"}],
        "accounts": accounts.collect::<Vec<_>>(),
        "groups": [{
            "id": "g", "name": "G", "passwordPolicyId": "policy",
            "sourceIds": (0..members.len()).map(|place| format!("s{place}")).collect::<Vec<_>>(),
        }],
    })
}

fn rules_of(members: &[Member]) -> Vec<Value> {
    let mut rules = Vec::new();
    for (place, member) in members.iter().enumerate() {
        let (times, connector) = match member.connector {
            Connector::Works => continue,
            Connector::Refuses => (1, "refuses"),
            Connector::Away(times) => (times, "unreachable"),
        };
        rules.push(json!({
            "when": {"operation": "changePassword", "source": format!("s{place}")},
            "fires": {"first": times},
            "fault": {"connector": connector},
        }));
    }
    rules
}

struct Run<'a> {
    service: &'a Service<'a>,
}

impl Run<'_> {
    fn control(&self, method: Method, call: &str, body: Option<&Value>) -> Value {
        let reply = self.service.ask(method, &format!("/_sim/{call}"), None, body);
        assert!(reply.status.is_success(), "{call}: {}", reply.value());
        reply.value()
    }

    fn change(&self) -> Value {
        self.control(Method::GET, "state", None)["passwordChanges"][0].clone()
    }

    fn has(&self, place: usize, password: &str) -> bool {
        let body = json!({"userName": "pat", "source": format!("s{place}"), "password": password});
        self.control(Method::POST, "passwords/check", Some(&body))["matches"] == true
    }
}

fn perform(service: &Service<'_>, members: &[Member]) {
    let run = Run { service };
    service.set_time(BEGAN);
    run.control(Method::PUT, "state", Some(&state_of(members)));
    let scenario = json!({"name": "t", "rules": rules_of(members)});
    if !rules_of(members).is_empty() {
        run.control(Method::PUT, "scenario", Some(&scenario));
    }
    let request = json!({"userName": "pat", "group": "G", "password": NEW});
    if members.iter().all(|member| !member.has_account) {
        let reply = service.ask(Method::POST, "/_sim/passwords/change", None, Some(&request));
        assert_eq!(reply.status, 400, "{}", reply.value());
        return;
    }
    run.control(Method::POST, "passwords/change", Some(&request));
    let ends = expected(members);
    let last = ends.iter().map(|(_, end)| end.at).max().unwrap_or_default();
    service.set_time(last - 1);
    assert_eq!(run.change()["state"], "IN_PROGRESS", "a millisecond before the end");
    if members.iter().any(|member| member.is_moved) {
        let state = run.control(Method::GET, "state", None);
        run.control(Method::PUT, "state", Some(&state));
        assert_eq!(run.control(Method::GET, "state", None), state);
    }
    service.set_time(last);
    compare(&run, members, &ends);
}

fn compare(run: &Run<'_>, members: &[Member], ends: &[(usize, End)]) {
    let change = run.change();
    let all: Vec<String> = (0..members.len()).map(|place| format!("s{place}")).collect();
    assert_eq!(change["sourceIds"], json!(all), "every source of the request is named");
    let has_failed = ends.iter().any(|(_, end)| end.outcome == "failed");
    assert_eq!(change["state"], if has_failed { "FAILED" } else { "FINISHED" }, "{change}");
    let accounts = change["accounts"].as_array().expect("a list");
    assert_eq!(accounts.len(), ends.len(), "{change}");
    for ((place, end), account) in ends.iter().zip(accounts) {
        let found = (&account["sourceId"], &account["outcome"], &account["attempts"]);
        assert_eq!(found, (&json!(all[*place]), &json!(end.outcome), &json!(end.attempts)), "{change}");
        let changed = end.outcome == "success";
        assert_eq!((run.has(*place, NEW), run.has(*place, OLD)), (changed, !changed), "s{place}");
    }
    let failed = ends.iter().filter(|(_, end)| end.outcome == "failed");
    let errors = change["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), failed.clone().count(), "{change}");
    for (place, _) in failed {
        let name = format!("\"S{place}\"");
        assert!(
            errors.iter().any(|error| error.as_str().is_some_and(|text| text.contains(&name))),
            "{change}"
        );
    }
    assert_eq!(run.control(Method::GET, "agenda", None)["due"], json!([]), "nothing is left to do");
}

#[test]
fn a_change_of_a_group_goes_as_a_simple_model_says() {
    let tenant = TenantRequest { prerequisites: Some(Prerequisites::Ignore), ..TenantRequest::default() };
    check(&tenant, 200, 6, member(), |service, members| perform(service, &members));
}
