//! What a reset, a replaced state and a deletion end, and what outlives them: numbers, waits, followers, tokens, counters.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use sync_group_sim::journal::Filter;
use sync_group_sim::{NamedOr, TenantHandle, TenantRequest};

use crate::harness::client::scenario;
use crate::harness::control::Sim;
use crate::harness::held::{Held, INFO, asked_under, read, until_something_waits};
use crate::harness::http::connect;

const GROUPS: &str = "/v2024/password-sync-groups";

/// What ends an epoch while the tenant lives.
type Ending = fn(&TenantHandle);

const ENDINGS: [Ending; 2] =
    [TenantHandle::reset, |tenant| tenant.set_state(tenant.state()).expect("its own state is valid")];

#[test]
fn an_answer_from_before_a_reset_is_released_and_told_of_no_other_exchange() {
    let Held { served, tenant, mut socket, .. } = asked_under("fault: {hold: 1h}").until_it_waits();
    tenant.reset();
    let mut after = connect(served.address());
    after.write_all(INFO).unwrap();
    assert!(read(&mut socket).starts_with("HTTP/1.1 200"));
    until_something_waits(&tenant);
    let exchange = &tenant.journal(&Filter::default()).exchanges[0];
    assert_eq!([&exchange["seq"], &exchange["toldAt"]], [&json!(1), &Value::Null]);
}

#[test]
fn a_replaced_state_releases_what_waits_and_the_journal_says_so() {
    for (fault, is_answered) in [
        ("{hold: 1h}", true),
        ("hang", false),
        ("{hang: {for: 1h}}", false),
        ("{trickle: {chunk: 9, pause: 1h}}", true),
    ] {
        let Held { served: _served, tenant, mut socket, .. } = asked_under(&format!("fault: {fault}"));
        while tenant.journal(&Filter::default()).exchanges.is_empty() {
            std::thread::yield_now();
        }
        tenant.set_state(tenant.state()).unwrap();
        let mut told = String::new();
        loop {
            let more = read(&mut socket);
            told.push_str(&more);
            if more.is_empty() || told.ends_with('}') {
                break;
            }
        }
        assert_eq!(told.ends_with('}'), is_answered, "{fault}: {told}");
        // The answer may be settled a moment after its last byte.
        let kind = || tenant.journal(&Filter::default()).exchanges[0]["fate"]["kind"].clone();
        while kind() != "released" {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_deleted_tenant_keeps_nobody_waiting() {
    let Held { served, .. } = asked_under("fault: pass");
    let running = served.running();
    for fault in ["{hold: 1h}", "hang"] {
        let scenarios = vec![NamedOr::Inline(Box::new(
            scenario(&format!("name: t\nrules: [{{fault: {fault}}}]\n")).written().clone(),
        ))];
        let asked = TenantRequest { scenarios: Some(scenarios), ..TenantRequest::default() };
        let made = running.create_tenant(&asked).unwrap();
        let mut socket = connect(served.address());
        let target = format!("/tenants/{}/oauth/info", made.name());
        socket.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        while made.journal(&Filter::default()).exchanges.is_empty() {
            std::thread::yield_now();
        }
        running.simulator().delete_tenant(made.name()).unwrap();
        assert_eq!(read(&mut socket).is_empty(), fault == "hang", "{fault}");
    }
}

/// A client that follows a tenant's journal, whose base URL has this prefix.
struct Follower {
    socket: TcpStream,
    told: String,
}

impl Follower {
    fn of(held: &Held, prefix: &str, headers: &str) -> Self {
        let mut socket = connect(held.served.address());
        let head = format!("GET {prefix}/_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        Self { socket, told: String::new() }
    }

    /// The events so far, as soon as there are this many, each as `id event`.
    fn events(&mut self, most: usize) -> Vec<String> {
        loop {
            let ids = self.told.lines().filter_map(|line| line.strip_prefix("id: "));
            let names = self.told.lines().filter_map(|line| line.strip_prefix("event: "));
            let events: Vec<_> = ids.zip(names).map(|(id, name)| format!("{id} {name}")).collect();
            if events.len() >= most {
                return events;
            }
            let more = read(&mut self.socket);
            assert!(!more.is_empty(), "{}", self.told);
            self.told.push_str(&more);
        }
    }
}

/// Asks once more, and waits for the answer.
fn ask(held: &mut Held) {
    held.socket.write_all(INFO).unwrap();
    assert!(!read(&mut held.socket).is_empty());
}

#[test]
fn who_follows_the_journal_sees_every_epoch_end_and_what_comes_after() {
    let mut held = asked_under("fires: {nth: 9}, fault: pass");
    assert!(!read(&mut held.socket).is_empty());
    let mut follower = Follower::of(&held, "", "");
    assert_eq!(follower.events(1), ["1-1 exchange"]);
    held.tenant.reset();
    ask(&mut held);
    ask(&mut held);
    assert_eq!(follower.events(4)[1..], ["2-0 reset", "2-1 exchange", "2-2 exchange"]);
    assert!(follower.told.contains("event: reset\ndata: {\"epoch\": 2}\n\n"), "{}", follower.told);
    // With a replaced state numbers go on.
    ENDINGS[1](&held.tenant);
    assert_eq!(follower.events(5)[4..], ["3-2 reset"]);
    ask(&mut held);
    assert_eq!(follower.events(6)[5..], ["3-3 exchange"]);
}

#[test]
fn a_follower_that_comes_back_goes_on_after_its_last_event() {
    let mut held = asked_under("fires: {nth: 9}, fault: pass");
    assert!(!read(&mut held.socket).is_empty());
    ask(&mut held);
    ask(&mut held);
    let after = |held: &Held, id: &str, most: usize| {
        Follower::of(held, "", &format!("Last-Event-ID: {id}\r\n")).events(most)
    };
    assert_eq!(after(&held, "1-1", 2), ["1-2 exchange", "1-3 exchange"]);
    // Its epoch has ended meanwhile, with all numbers.
    held.tenant.reset();
    ask(&mut held);
    assert_eq!(after(&held, "1-3", 2), ["2-0 reset", "2-1 exchange"]);
    // Or with numbers that go on: it is told what it missed, and where the epoch ended.
    ask(&mut held);
    ENDINGS[1](&held.tenant);
    ask(&mut held);
    assert_eq!(after(&held, "2-1", 3), ["2-2 exchange", "3-2 reset", "3-3 exchange"]);
    let mut wrong = Follower::of(&held, "", "Last-Event-ID: 17\r\n");
    let told = read(&mut wrong.socket);
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("expected EPOCH-SEQ"), "{told}");
}

#[test]
fn a_follower_that_comes_back_to_another_server_or_tenant_begins_anew() {
    let mut held = asked_under("fires: {nth: 9}, fault: pass");
    assert!(!read(&mut held.socket).is_empty());
    ask(&mut held);
    let after = |held: &Held, id: &str, most: usize| {
        Follower::of(held, "", &format!("Last-Event-ID: {id}\r\n")).events(most)
    };
    // Nothing here has had these ids.
    for id in ["1-3", "1-18446744073709551615", "2-1", "9-500"] {
        assert_eq!(after(&held, id, 3), ["1-0 reset", "1-1 exchange", "1-2 exchange"], "{id}");
    }
    // What is forgotten was there.
    held.tenant.clear_journal(&Filter::default());
    let mut follower = Follower::of(&held, "", "Last-Event-ID: 1-2\r\n");
    ask(&mut held);
    assert_eq!(follower.events(1), ["1-3 exchange"]);
}

#[test]
fn a_followed_stream_ends_with_its_tenant_and_a_long_journal_comes_whole() {
    let held = asked_under("fires: {nth: 999}, fault: pass");
    let made = held.served.running().create_tenant(&TenantRequest::default()).unwrap();
    let mut client = connect(held.served.address());
    let prefix = format!("/tenants/{}", made.name());
    for _ in 0..200 {
        let request = format!("GET {prefix}/oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        assert!(!read(&mut client).is_empty());
    }
    let mut follower = Follower::of(&held, &prefix, "");
    let events = follower.events(200);
    assert_eq!(
        (events[0].as_str(), events[199].as_str(), events.len()),
        ("1-1 exchange", "1-200 exchange", 200)
    );
    held.served.running().simulator().delete_tenant(made.name()).unwrap();
    // The last chunk.
    while !follower.told.ends_with("\r\n0\r\n\r\n") {
        follower.told.push_str(&read(&mut follower.socket));
    }
}

#[test]
fn a_token_stays_as_good_or_as_dead_as_it_was_and_none_is_issued_twice() {
    let sim = Sim::new();
    let (prefix, old, made) = sim.tenant(json!({ "name": "a", "tokenLifetime": "10m" }));
    let advance = |by: &str| {
        sim.control(&format!("POST {prefix}/_sim/clock/advance"), Some(json!({ "by": by })), 200);
    };
    let status = |token: &str| sim.status(&format!("GET {prefix}{GROUPS}"), token);
    advance("4m");
    let (younger, expired) = (sim.token(&prefix, &made["clients"][0]), old.clone());
    advance("7m");
    assert_eq!([status(&expired), status(&younger)], [401, 200]);
    let mut seen = vec![old, younger.clone()];
    for ending in ["POST {}/_sim/reset", "PUT {}/_sim/state", "POST {}/_sim/reset"] {
        let call = ending.replace("{}", &prefix);
        let is_state = call.starts_with("PUT");
        let state = is_state.then(|| sim.control(&format!("GET {prefix}/_sim/state"), None, 200));
        sim.control(&call, state, if is_state { 200 } else { 204 });
        assert_eq!([status(&expired), status(&younger)], [401, 200], "{call}");
        seen.push(sim.token(&prefix, &made["clients"][0]));
    }
    // It was good for three more minutes when the first epoch ended, and ages by each.
    advance("2m");
    assert_eq!(status(&younger), 200);
    advance("61s");
    assert_eq!([status(&younger), status(&seen[4])], [401, 200]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[test]
fn a_token_belongs_to_the_tenant_that_issued_it_and_not_to_the_next_of_that_name() {
    let sim = Sim::new();
    let (prefix, token, made) = sim.tenant(json!({ "name": "a" }));
    assert_eq!(sim.status(&format!("GET {prefix}{GROUPS}"), &token), 200);
    for _ in 0..3 {
        sim.control("DELETE /_sim/tenants/a", None, 204);
        let (_, next, again) = sim.tenant(json!({ "name": "a" }));
        assert_eq!(again["clients"], made["clients"]);
        assert_eq!(sim.status(&format!("GET {prefix}{GROUPS}"), &token), 401);
        assert_eq!(sim.status(&format!("GET {prefix}{GROUPS}"), &next), 200);
    }
}

#[test]
fn counters_never_go_down() {
    let sim = Sim::new();
    let scenarios =
        json!([{ "name": "t", "rules": [{ "name": "r", "fault": { "respond": { "status": 500 } } }] }]);
    let (prefix, ..) = {
        let made =
            sim.control("POST /_sim/tenants", Some(json!({ "name": "a", "scenarios": scenarios })), 201);
        (format!("/tenants/{}", made["name"].as_str().unwrap()),)
    };
    let counted = || {
        let text = sim.ask("GET /_sim/metrics", None, None).reply.body;
        let text = String::from_utf8_lossy(&text).into_owned();
        let line =
            text.lines().find_map(|line| line.strip_prefix("sync_group_sim_faults_total{rule=\"t/r\"} "));
        line.map(|count| count.parse::<u64>().unwrap())
    };
    for _ in 0..3 {
        sim.status(&format!("GET {prefix}{GROUPS}"), "none");
    }
    assert_eq!(counted(), Some(3));
    sim.control(&format!("POST {prefix}/_sim/reset"), None, 204);
    sim.status(&format!("GET {prefix}{GROUPS}"), "none");
    assert_eq!(counted(), Some(4));
    sim.control("DELETE /_sim/tenants/a", None, 204);
    assert_eq!(counted(), Some(4));
}

#[test]
fn a_moved_clock_begins_no_epoch() {
    let Held { served, tenant, mut socket, .. } = asked_under("fault: {hold: 1h}").until_it_waits();
    tenant.advance(Duration::from_mins(30));
    tenant.set_time(tenant.clock().now.minus(Duration::from_hours(9)));
    let mut follower = connect(served.address());
    follower.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut told = String::new();
    while !told.contains("event: exchange") {
        told.push_str(&read(&mut follower));
    }
    assert!(told.contains("id: 1-1\n") && !told.contains("event: reset"), "{told}");
    tenant.advance(Duration::from_mins(30));
    assert!(read(&mut socket).starts_with("HTTP/1.1 200"));
}
