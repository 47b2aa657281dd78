//! How long a token is valid, and for which clients.

use std::time::Duration;

use serde_json::json;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::simulator::{Config, Simulator};

use crate::harness::client::Client;
use crate::harness::control::Sim;

#[test]
fn a_token_lives_exactly_as_long_as_it_says_at_any_fraction_of_a_second() {
    let mut config = Config::default();
    config.options.token_lifetime = Duration::from_secs(1);
    config.options.clock = Clock::manual(Timestamp::parse("2026-11-24T09:30:00.950Z").unwrap());
    let sim = Sim { simulator: Simulator::new(config).unwrap(), wall: Timestamp::from_millis(0) };
    let state = sim.control("GET /_sim/state", None, 200);
    let token = sim.token("", &state["clients"][0]);
    let list = "GET /v3/password-sync-groups";
    let advance = |by: &str| sim.control("POST /_sim/clock/advance", Some(json!({ "by": by })), 200);
    advance("999ms");
    assert_eq!(sim.status(list, &token), 200);
    advance("1ms");
    assert_eq!(sim.status(list, &token), 401);
}

#[test]
fn a_user_is_called_by_a_short_number_beside_the_identitys_id() {
    let mut client = Client::new(Vec::new(), |_| {});
    let told = client.buy_token().reply.value();
    let number = told["user_id"].as_str().unwrap();
    assert!(number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_digit()), "{told}");
    assert_ne!(told["user_id"], told["identity_id"]);
    assert_eq!(client.buy_token().reply.value()["user_id"], told["user_id"], "it is the identity's");
}

#[test]
fn a_token_of_a_deleted_tenant_is_unknown_to_the_next_of_its_name() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "name": "again" }));
    sim.control("DELETE /_sim/tenants/again", None, 204);
    assert_eq!(sim.status(&format!("GET {prefix}/v3/password-sync-groups"), &token), 401);
}
