//! What a test in Rust does that has the simulator in its own process: it drops it, and controls it by the handle.

use std::time::Duration;

use hyper::Method;
use serde_json::json;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::journal::Filter;
use sync_group_sim::operation::Operation;
use sync_group_sim::scenario::Rule;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::tenant::operator::{ClockChange, ClockMode};
use sync_group_sim::wire::Request;
use sync_group_sim::world::{NamedOr, TenantRequest};

use crate::harness::client::{scenario, together};
use crate::harness::http::send;

#[test]
fn dropping_a_running_simulator_stops_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = runtime.block_on(Simulator::start(Config::default())).unwrap();
    let address = running.address();
    assert_eq!(send(address, "GET", "/oauth/info", &[], b"").status, 200);
    drop(running);
    // The listener goes as soon as the runtime comes to it.
    let refused = (0..1_000_000).any(|_| std::net::TcpStream::connect(address).is_err());
    assert!(refused, "it still listens");
}

#[test]
fn the_handle_and_the_control_api_do_the_same() {
    let mut config = Config::default();
    config.options.clock = Clock::manual(Timestamp::parse("2026-11-24T09:30:00Z").unwrap());
    let simulator = Simulator::new(config).unwrap();
    let asked = TenantRequest { name: Some("mine".to_owned()), ..TenantRequest::default() };
    let tenant = simulator.create_tenant(&asked, "http://sim").unwrap();
    assert_eq!((tenant.name(), tenant.base_url()), ("mine", "http://sim/tenants/mine"));
    tenant.add_rule(Rule::new("down").on(Operation::OauthInfo).first(1).respond(503)).unwrap();
    assert!(tenant.add_rule(Rule::new("never").nth(0)).unwrap_err().contains("nth 0 can never fire"));
    let info = Request::new(Method::GET, "/tenants/mine/oauth/info").unwrap();
    let statuses = [(); 2].map(|()| simulator.answer(&info).reply.status.as_u16());
    assert_eq!(statuses, [503, 200]);
    assert_eq!(tenant.scenario()[0].fired, 1);
    assert_eq!(tenant.advance(Duration::from_mins(1)).now, Timestamp::parse("2026-11-24T09:31:00Z").unwrap());
    let noon = Timestamp::parse("2026-11-25T12:00:00Z").unwrap();
    let clock = tenant.set_clock(ClockChange { mode: Some(ClockMode::Skipping), now: Some(noon) });
    assert_eq!((clock.mode, clock.now), (ClockMode::Skipping, noon));
    let expectation =
        serde_json::from_value(json!({ "match": { "operation": "oauthInfo" }, "count": { "exactly": 2 } }));
    assert!(tenant.verify(&expectation.unwrap()).unwrap().passed);
    let mut state = tenant.state();
    state.groups.clear();
    tenant.set_state(state.clone()).unwrap();
    assert_eq!(tenant.state(), state);
    assert_eq!(tenant.journal(&Filter::default()).exchanges.len(), 2);
    assert!(tenant.remove_rule("down") && !tenant.remove_rule("down"));
    tenant.reset();
    assert_eq!(tenant.state().groups.len(), 2);
    simulator.delete_tenant("mine").unwrap();
    assert_eq!(simulator.tenant_names(), ["default"]);
}

#[test]
fn scenarios_that_a_tenant_was_made_with_stay_when_those_of_the_command_line_are_replaced() {
    let text = |status: u16| {
        format!("name: s\nrules: [{{name: to-{status}, fault: {{respond: {{status: {status}}}}}}}]\n")
    };
    let simulator = Simulator::new(Config::default()).unwrap();
    simulator.set_scenarios(&together([scenario(&text(503))]));
    let made = |name: &str, scenarios| {
        let asked = TenantRequest { name: Some(name.to_owned()), scenarios, ..TenantRequest::default() };
        simulator.create_tenant(&asked, "http://sim").unwrap()
    };
    let named = |name: &str| NamedOr::Named(name.to_owned());
    let tenants =
        [made("own", Some(vec![named("conflict-storm")])), made("none", Some(vec![])), made("theirs", None)];
    let rules = || {
        tenants.each_ref().map(|tenant| tenant.scenario().iter().map(|rule| rule.rule.name.clone()).collect())
    };
    let before: [Vec<String>; 3] = rules();
    assert_eq!((before[1].len(), &*before[2]), (0, &["to-503".to_owned()][..]));
    simulator.set_scenarios(&together([scenario(&text(504))]));
    let expected = [before[0].clone(), Vec::new(), vec!["to-504".to_owned()]];
    assert_eq!(rules(), expected);
    for tenant in &tenants {
        tenant.reset();
    }
    assert_eq!(rules(), expected);
}
