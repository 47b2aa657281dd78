//! The journal shows what really happened beside what the client was told: the service's own answer, changes,
//! bytes and times.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::TenantHandle;
use sync_group_sim::journal::Filter;
use tokio::io::AsyncWriteExt as _;

use crate::harness::client::{Client, scenario, together};
use crate::harness::held::{Held, INFO, asked_under, read, served, until_something_waits};
use crate::harness::http::connect;

const GROUPS: &str = "/v2024/password-sync-groups";

/// The last exchange after one create under this fault.
fn created_under(stage: &str, fault: &str) -> Value {
    let rule = format!("{{when: {{operation: createPasswordSyncGroup}}, stage: {stage}, fault: {fault}}}");
    let client = Client::with(&format!("name: t\nrules: [{rule}]\n"));
    let body = json!({
        "name": "Staff",
        "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
        "sourceIds": ["2c918084660f45d6016617daa9210584", "2c918084660f45d6016617daa9210500"],
    });
    client.ask(Method::POST, GROUPS, Some(body));
    client.journal()["exchanges"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn what_the_service_did_stands_beside_what_the_client_was_told() {
    for (stage, fault, status, answered, performed) in [
        ("after", "{respond: {status: 500}}", json!(500), json!(200), true),
        ("after", "close", Value::Null, json!(200), true),
        ("after", "{corrupt: empty}", json!(200), json!(200), true),
        ("after", "{cut: {after: 5}}", json!(200), Value::Null, true),
        ("after", "{hold: 1s}", json!(200), Value::Null, true),
        ("before", "{respond: {status: 500}}", json!(500), Value::Null, false),
        ("before", "close", Value::Null, Value::Null, false),
        ("before", "{cut: {after: 5}}", json!(200), Value::Null, false),
        ("before", "{corrupt: wrongContentType}", json!(200), Value::Null, false),
        ("before", "pass", json!(200), Value::Null, true),
    ] {
        let exchange = created_under(stage, fault);
        let found = (&exchange["status"], &exchange["answered"], &exchange["performed"]);
        assert_eq!(found, (&status, &answered, &json!(performed)), "{stage} {fault}");
        let changes = exchange["changes"].as_array().unwrap();
        assert_eq!(changes.len(), usize::from(performed), "{stage} {fault}: {changes:?}");
    }
}

#[test]
fn an_empty_answer_that_cannot_be_cut_is_kept_as_the_services_own() {
    let rule = "{when: {operation: deletePasswordSyncGroup}, stage: after, fault: {cut: {after: 5}}}";
    let client = Client::with(&format!("name: t\nrules: [{rule}]\n"));
    client.ask(Method::DELETE, &format!("{GROUPS}/6881f631-3bd5-4213-9c75-8e05cc3e35dd"), None);
    let exchange = &client.journal()["exchanges"][1];
    let found = [&exchange["fate"]["kind"], &exchange["status"], &exchange["answered"]];
    assert_eq!(found, [&json!("closed"), &Value::Null, &json!(204)]);
}

#[test]
fn a_head_is_promised_no_body_and_told_none() {
    let client = Client::with("name: t\nrules: []\n");
    client.ask(Method::HEAD, GROUPS, None);
    let exchange = &client.journal()["exchanges"][1];
    assert_eq!([&exchange["bytesPromised"], &exchange["bytesTold"]], [0, 0].map(Value::from).each_ref());
}

#[test]
fn changes_name_each_record() {
    let client = Client::with("name: t\nrules: []\n");
    let id = "6881f631-3bd5-4213-9c75-8e05cc3e35dd";
    client.ask(Method::DELETE, &format!("{GROUPS}/{id}"), None);
    client.ask(Method::DELETE, &format!("{GROUPS}/{id}"), None);
    let journal = client.journal();
    let changes = |nth: usize| journal["exchanges"][nth]["changes"].clone();
    let source = |id: &str| json!({ "kind": "replaced", "resource": "sources", "id": id });
    assert_eq!(
        changes(1),
        json!([
            { "kind": "deleted", "resource": "password-sync-groups", "id": id },
            source("2c918084660f45d6016617daa9210603"),
            source("2c918084660f45d6016617daa9210604"),
            // It names the sources that it is assigned to.
            { "kind": "replaced", "resource": "password-policies", "id": "2c91808d744ba0ce01746f93b6204502" },
        ])
    );
    assert_eq!((changes(2), &journal["exchanges"][2]["performed"]), (json!([]), &json!(false)));
}

#[test]
fn a_rehearsed_token_is_valid_and_leaves_the_counter_alone() {
    let rule = "{when: {operation: token}, fires: {nth: 2}, fault: {corrupt: wrongContentType}}";
    let mut client = Client::with(&format!("name: t\nrules: [{rule}]\n"));
    let rehearsed = client.buy_token().reply.value();
    assert_eq!(client.ask(Method::GET, GROUPS, None).reply.status, 200);
    let next = client.buy_token().reply.value();
    assert_eq!(rehearsed["jti"], next["jti"], "the rehearsal moved the counter");
    let performed = |nth: usize| client.journal()["exchanges"][nth]["performed"].clone();
    assert_eq!([performed(0), performed(1), performed(3)], [true, false, true].map(Value::from));
}

#[test]
fn equal_requests_and_tokens_have_equal_digests() {
    let mut client = Client::with("name: t\nrules: []\n");
    client.ask(Method::GET, &format!("{GROUPS}?limit=5&count=true"), None);
    client.ask(Method::GET, &format!("{GROUPS}?count=true&limit=5"), None);
    client.ask(Method::GET, &format!("{GROUPS}?count=true&limit=6"), None);
    client.buy_token();
    client.ask(Method::GET, &format!("{GROUPS}?limit=5&count=true"), None);
    let journal = client.journal();
    let of = |nth: usize, what: &str| journal["exchanges"][nth][what].as_str().map(str::to_owned);
    assert_eq!(of(1, "key"), of(2, "key"));
    assert_ne!(of(1, "key"), of(3, "key"));
    assert_eq!(of(1, "key"), of(5, "key"));
    assert_eq!(of(1, "token"), of(3, "token"));
    assert_ne!(of(1, "token"), of(5, "token"));
    assert_eq!((of(0, "token"), of(1, "token").unwrap().len()), (None, 16));
}

#[test]
fn sim_fault_may_be_hidden() {
    let client = Client::with("name: t\nrules: []\n");
    let made = client.ask(Method::POST, "/_sim/tenants", Some(json!({ "simFault": "hidden" }))).reply.value();
    let base = format!("/tenants/{}", made["name"].as_str().unwrap());
    let rule = json!({ "when": { "operation": "oauthInfo" }, "fault": { "respond": { "status": 503 } } });
    client.ask(Method::POST, &format!("{base}/_sim/scenario/rules"), Some(rule));
    let told = client.ask(Method::GET, &format!("{base}/oauth/info"), None).reply;
    assert_eq!((told.status.as_u16(), told.header("sim-fault")), (503, None));
    let journal = client.ask(Method::GET, &format!("{base}/_sim/journal"), None).reply.value();
    assert_eq!(journal["exchanges"][0]["rules"][0]["fired"], true);
}

#[test]
fn tenants_with_one_draw_key_draw_alike_and_trust_only_their_own_tokens() {
    let client = Client::with("name: t\nrules: []\n");
    let make = |key: Value| {
        client.ask(Method::POST, "/_sim/tenants", Some(json!({ "drawKey": key, "seed": 7 }))).reply.value()
    };
    let (first, second, other) = (make(json!("k")), make(json!("k")), make(json!("l")));
    let base = |made: &Value| format!("/tenants/{}", made["name"].as_str().unwrap());
    let draws = |made: &Value| {
        let rule = json!({
            "name": "maybe", "when": { "operation": "oauthInfo" },
            "fires": { "chance": 0.5 }, "fault": { "respond": { "status": 503 } },
        });
        client.ask(Method::POST, &format!("{}/_sim/scenario/rules", base(made)), Some(rule));
        let draw = |_| client.ask(Method::GET, &format!("{}/oauth/info", base(made)), None).reply.status;
        (0..20).map(draw).collect::<Vec<_>>()
    };
    let drawn = draws(&first);
    assert_eq!(drawn, draws(&second));
    assert_ne!(drawn, draws(&other));
    let admin = |made: &Value| made["clients"][0].clone();
    assert_ne!(admin(&first)["clientId"], admin(&second)["clientId"]);
    let target = format!(
        "{}/oauth/token?grant_type=client_credentials&client_id={}&client_secret={}",
        base(&first),
        admin(&first)["clientId"].as_str().unwrap(),
        admin(&first)["clientSecret"].as_str().unwrap()
    );
    let token = client.ask(Method::POST, &target, None).reply.value();
    let ask = |made: &Value| {
        let target = format!("{}{GROUPS}", base(made));
        let request = sync_group_sim::wire::Request::new(Method::GET, &target).unwrap();
        client.simulator.answer(&request.bearer(token["access_token"].as_str().unwrap())).reply.status
    };
    assert_eq!((ask(&first).as_u16(), ask(&second).as_u16()), (200, 401));
}

#[test]
fn machine_times_show_which_exchange_waited_and_which_connection_was_reused() {
    let Held { served: _served, tenant, mut socket, .. } = asked_under("fires: {nth: 3}, fault: pass");
    assert!(!read(&mut socket).is_empty());
    socket.write_all(INFO).unwrap();
    assert!(!read(&mut socket).is_empty());
    let journal = tenant.journal(&Filter::default()).exchanges;
    assert_eq!([&journal[0]["connectionReused"], &journal[1]["connectionReused"]], [false, true]);
    let ns = |nth: usize, what: &str| journal[nth][what].as_u64().unwrap();
    assert!(ns(0, "arrivedNs") < ns(0, "toldNs") && ns(0, "toldNs") < ns(1, "arrivedNs"), "{journal:?}");
    assert_eq!(journal[0]["bytesTold"], journal[0]["bytesPromised"]);
    assert_eq!(journal[0]["toldAt"], journal[0]["at"]);
}

#[test]
fn a_held_answer_is_on_the_agenda_and_is_sent_at_its_own_time() {
    let Held { served: _served, tenant, began, mut socket } =
        asked_under("fault: {hold: 10s}").until_it_waits();
    let due = &tenant.agenda().due[0];
    let due = (due.at, due.what.clone(), due.exchange);
    assert_eq!(due, (began.plus(Duration::from_secs(10)), "a held answer is sent".to_owned(), Some(1)));
    tenant.advance(Duration::from_hours(1));
    let mut read = [0; 4_096];
    assert!(socket.read(&mut read).unwrap() > 0);
    let journal = tenant.journal(&Filter::default()).exchanges;
    // The clock went past it, but it was told on the way.
    assert_eq!(journal[0]["toldAt"], began.plus(Duration::from_secs(10)).to_string());
    assert!(tenant.agenda().due.is_empty());
}

#[test]
fn the_http_archive_has_true_times_and_the_rule() {
    let Held { served: _served, tenant, mut socket, .. } =
        asked_under("name: late, fault: {hold: 10s}").until_it_waits();
    tenant.advance(Duration::from_secs(10));
    assert!(!read(&mut socket).is_empty());
    let har = tenant.har(&Filter::default());
    let entry = &har["log"]["entries"][0];
    let time = entry["time"].as_f64().unwrap();
    assert!(time > 0.0 && entry["timings"]["wait"].as_f64() == Some(time), "{entry}");
    assert_eq!(entry["comment"], "seq 1, whole, t/late");
}

#[test]
fn a_skipping_clock_ends_a_hold_by_itself() {
    let Held { served: _served, tenant, began, mut socket } = asked_under("fault: {hold: 1h}");
    tenant.set_clock_mode(sync_group_sim::tenant::operator::ClockMode::Skipping);
    assert!(!read(&mut socket).is_empty());
    assert_eq!(tenant.clock().now, began.plus(Duration::from_hours(1)));
    // A trickle and a hang that ends go the same way, piece by piece.
    tenant.set_scenarios(&together([scenario(
        "name: u\nrules: [{when: {operation: oauthInfo}, sequence: [{trickle: {chunk: 50, pause: 1m}}, {hang: {for: 1h}}]}]\n",
    )]));
    socket.write_all(INFO).unwrap();
    let mut told = String::new();
    while told.len() < 400 {
        told.push_str(&read(&mut socket));
    }
    socket.write_all(INFO).unwrap();
    while !read(&mut socket).is_empty() {}
    assert!(tenant.clock().now > began.plus(Duration::from_hours(2)));
}

#[test]
fn a_skipping_clock_stops_at_a_told_retry_after() {
    let Held { served: _served, tenant, began, socket: mut impatient } =
        asked_under("sequence: [{rateLimited: {retryAfter: 300s}}, {hold: 1h}], then: last");
    tenant.set_clock_mode(sync_group_sim::tenant::operator::ClockMode::Skipping);
    assert!(!read(&mut impatient).is_empty());
    impatient.write_all(INFO).unwrap();
    let blocked = loop {
        if let Some(blocked) = tenant.agenda().blocked_by {
            break blocked;
        }
        std::thread::yield_now();
    };
    assert_eq!(blocked.at, began.plus(Duration::from_mins(5)));
    assert_eq!(blocked.what, "`Retry-After` of exchange 1");
    impatient.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(impatient.read(&mut [0; 64]).is_err(), "the clock jumped over it");
    assert_eq!(tenant.clock().now, began);
}

#[test]
fn a_hold_keeps_its_remaining_time_when_the_clock_is_moved_back() {
    let Held { served: _served, tenant, began, mut socket } =
        asked_under("fault: {hold: 1h}").until_it_waits();
    tenant.set_time(began.minus(Duration::from_hours(24)));
    assert_eq!(tenant.agenda().due[0].at, began.minus(Duration::from_hours(23)));
    tenant.advance(Duration::from_hours(1));
    assert!(!read(&mut socket).is_empty());
}

#[test]
fn a_client_that_leaves_a_trickle_is_seen_to_go_while_the_clock_stands() {
    let Held { served: _served, tenant, socket, .. } =
        asked_under("fault: {trickle: {chunk: 50, pause: 1h}}").until_it_waits();
    drop(socket);
    while !tenant.agenda().due.is_empty() {
        std::thread::yield_now();
    }
    let exchange = loop {
        let exchange = tenant.journal(&Filter::default()).exchanges[0].clone();
        if !exchange["leftAt"].is_null() {
            break exchange;
        }
        std::thread::yield_now();
    };
    assert_eq!((&exchange["fate"]["kind"], &exchange["bytesTold"]), (&json!("clientLeft"), &json!(50)));
}

/// The first exchange, as soon as its client was seen to leave.
fn left(tenant: &TenantHandle) -> Value {
    loop {
        let exchanges = tenant.journal(&Filter::default()).exchanges;
        if let Some(exchange) = exchanges.first().filter(|exchange| !exchange["leftAt"].is_null()) {
            return exchange.clone();
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_client_that_closes_its_half_is_seen_to_do_so_and_is_still_sent_what_was_held() {
    // The end may come right behind the request, or behind further requests.
    for requests in 1..=3 {
        let (served, began) = served("fires: {nth: 1}, fault: {hold: 1h}");
        let tenant = served.running().simulator().default_tenant();
        let mut socket = connect(served.address());
        socket.write_all(&INFO.repeat(requests)).unwrap();
        until_something_waits(&tenant);
        assert_eq!(tenant.journal(&Filter::default()).exchanges[0]["leftAt"], Value::Null);
        socket.shutdown(Shutdown::Write).unwrap();
        let waiting = left(&tenant);
        assert_eq!(
            (&waiting["fate"]["kind"], &waiting["leftAt"], &waiting["toldAt"]),
            (&json!("clientLeft"), &json!(began.to_string()), &Value::Null)
        );
        tenant.advance(Duration::from_hours(1));
        let mut answers = String::new();
        socket.read_to_string(&mut answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), requests, "{answers}");
        let told = left(&tenant);
        let due = began.plus(Duration::from_hours(1)).to_string();
        assert_eq!(
            (&told["fate"]["kind"], &told["leftAt"], &told["toldAt"]),
            (&json!("whole"), &json!(began.to_string()), &json!(due))
        );
        assert_eq!((&told["bytesTold"], &told["leftNs"]), (&told["bytesPromised"], &waiting["leftNs"]));
        // It waited until it was told, although it had closed its half before.
        let waited = told["toldNs"].as_u64().unwrap() - told["arrivedNs"].as_u64().unwrap();
        let time = tenant.har(&Filter::default())["log"]["entries"][0]["time"].as_f64().unwrap();
        let waited = Duration::from_nanos(waited).as_secs_f64() * 1e3;
        assert!((time - waited).abs() < 1e-3, "{time} ms, {waited} ms");
    }
}

#[test]
fn what_would_not_end_by_itself_ends_when_the_client_closes_its_half() {
    for fault in ["hang", "{hang: {for: 1h}}", "{trickle: {chunk: 50, pause: 1h}}"] {
        let (served, _) = served(&format!("fault: {fault}"));
        let tenant = served.running().simulator().default_tenant();
        let mut socket = connect(served.address());
        socket.write_all(INFO).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut told = Vec::new();
        socket.read_to_end(&mut told).unwrap();
        assert_eq!(told.is_empty(), fault.contains("hang"), "{fault}");
        let exchange = left(&tenant);
        assert_eq!(exchange["fate"]["kind"], "clientLeft", "{fault}");
        assert!(exchange["leftNs"].as_u64() > exchange["arrivedNs"].as_u64(), "{fault}: {exchange}");
        assert!(tenant.agenda().due.is_empty(), "{fault}");
    }
    let (served, _) = served("fault: pass");
    let mut follower = connect(served.address());
    follower.write_all(b"GET /_sim/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(follower.read(&mut [0; 4_096]).unwrap() > 0);
    follower.shutdown(Shutdown::Write).unwrap();
    follower.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn the_end_of_an_http_2_connection_is_seen_while_an_answer_is_held() {
    let (served, _) = served("fault: {hold: 1h}");
    let tenant = served.running().simulator().default_tenant();
    let mut socket = connect(served.address());
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    // `GET /oauth/info`, whose path is text.
    socket.write_all(b"\0\0\x1a\x01\x05\0\0\0\x01\x82\x86\x04\x0b/oauth/info\x41\x09localhost").unwrap();
    until_something_waits(&tenant);
    socket.shutdown(Shutdown::Write).unwrap();
    assert_eq!(left(&tenant)["fate"]["kind"], "clientLeft");
}

#[test]
fn a_client_that_resets_the_connection_while_it_is_held_is_seen_to_leave() {
    let (served, _) = served("fault: {hold: 1h}");
    let tenant = served.running().simulator().default_tenant();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut socket = tokio::net::TcpStream::connect(served.address()).await.unwrap();
        socket.write_all(INFO).await.unwrap();
        until_something_waits(&tenant);
        socket.set_zero_linger().unwrap();
    });
    assert_eq!(left(&tenant)["fate"]["kind"], "clientLeft");
    // Nobody is left who could be told.
    while !tenant.agenda().due.is_empty() {
        std::thread::yield_now();
    }
}

#[test]
fn what_was_held_when_the_clock_was_moved_back_is_told_at_its_new_time() {
    let Held { served: _served, tenant, began, mut socket } =
        asked_under("fault: {hold: 1h}").until_it_waits();
    tenant.set_time(began.minus(Duration::from_mins(30)));
    tenant.advance(Duration::from_hours(5));
    assert!(!read(&mut socket).is_empty());
    let told = tenant.journal(&Filter::default()).exchanges[0]["toldAt"].clone();
    assert_eq!(told, began.plus(Duration::from_mins(30)).to_string());
}

#[test]
fn a_cut_answer_that_was_held_is_told_as_far_as_it_went_when_it_went() {
    let Held { served: _served, tenant, began, mut socket } =
        asked_under("hold: 10s, fault: {cut: {after: 7}}").until_it_waits();
    tenant.advance(Duration::from_secs(10));
    let _ = socket.read_to_end(&mut Vec::new());
    let exchange = tenant.journal(&Filter::default()).exchanges[0].clone();
    let due = began.plus(Duration::from_secs(10)).to_string();
    assert_eq!(
        (&exchange["fate"]["kind"], &exchange["bytesTold"], &exchange["toldAt"]),
        (&json!("cut"), &json!(7), &json!(due))
    );
}
