//! Random sequences of calls on `Simulator::answer`, each answer compared with what a simple model says. Here is what
//! the models share: how sequences are drawn, and a tenant of its own for each. `PROPTEST_CASES=100000` tries more of
//! them than `cargo test` does.

mod fan_out;
mod groups;
mod pages;
mod rate_limit;
mod references;
mod tokens;

use hyper::Method;
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config as Draws, RngSeed, TestError, TestRunner};
use serde_json::{Value, json};
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::handle::TenantHandle;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Reply;
use sync_group_sim::world::TenantRequest;

use crate::harness::ask::request;

/// Where every model's sequences come from; the same in every run.
const SEED: u64 = 5;
/// When every sequence begins, in milliseconds: not on a full second.
const BEGAN: i64 = 1_795_512_600_250;

/// Draws sequences of steps, up to `longest`, and has each performed in a tenant of its own. The shortest that fails
/// is shown.
fn check<S: Strategy>(
    tenant: &TenantRequest,
    cases: u32,
    longest: usize,
    step: S,
    perform: impl Fn(&Service<'_>, Vec<S::Value>),
) where
    S::Value: Clone + std::fmt::Debug,
{
    let mut config = Config::default();
    config.options.clock = Clock::manual(Timestamp::from_millis(BEGAN));
    let simulator = Simulator::new(config).unwrap();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { Draws::default().cases } else { cases };
    let draws =
        Draws { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(SEED), ..Draws::default() };
    let drawn = TestRunner::new(draws).run(&vec(step, 1..=longest), |steps| {
        let handle = simulator.create_tenant(tenant, ROOT).unwrap();
        perform(&Service { simulator: &simulator, tenant: &handle }, steps);
        simulator.delete_tenant(handle.name()).unwrap();
        Ok(())
    });
    match drawn {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => panic!("{why}\nafter these steps: {steps:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// What clients call the server.
const ROOT: &str = "http://localhost";

/// A tenant that is asked without a socket.
struct Service<'a> {
    simulator: &'a Simulator,
    tenant: &'a TenantHandle,
}

impl Service<'_> {
    fn ask(&self, method: Method, target: &str, token: Option<&str>, body: Option<&Value>) -> Reply {
        let target = format!("/tenants/{}{target}", self.tenant.name());
        self.simulator.answer(&request(method, &target, token, body)).reply
    }

    /// A token call by the client at `index`, with further parameters.
    fn token_call(&self, index: usize, parameters: &str) -> Reply {
        let client = &self.tenant.clients()[index];
        let (id, secret) = (&client.client_id, &client.client_secret);
        let target = format!("/oauth/token?client_id={id}&client_secret={secret}&{parameters}");
        self.ask(Method::POST, &target, None, None)
    }

    fn token(&self, index: usize) -> String {
        let reply = self.token_call(index, "grant_type=client_credentials").value();
        reply["access_token"].as_str().expect("a token").to_owned()
    }

    fn set_time(&self, millis: i64) {
        self.tenant.set_time(Timestamp::from_millis(millis));
    }
}

/// What a reply says, for comparing: its status, and its body (null when it has none).
fn said(reply: &Reply) -> (u16, Value) {
    (reply.status.as_u16(), reply.value())
}

/// The same for an error, of which the model knows only the code.
fn code_of(reply: &Reply) -> (u16, Value) {
    (reply.status.as_u16(), reply.value()["detailCode"].clone())
}

/// A refusal as [`code_of`] has it.
fn refusal(status: u16, code: &str) -> (u16, Value) {
    (status, json!(code))
}
