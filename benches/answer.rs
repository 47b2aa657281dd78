//! What one answer costs without a socket, by operation, with the memory it allocates:
//! `cargo bench --bench answer`. Everything is on: tokens, contract, journal, and a scenario whose rules look
//! at every exchange and do not fire. `-- get` measures what has that in its name.

use divan::{AllocProfiler, Bencher};
use hyper::Method;
use hyper::header::HOST;
use sync_group_sim::document::{Document, Format};
use sync_group_sim::fixture::Fixture;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::scenario::{Ruleset, Rulesets};
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Request;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const GROUPS: &str = "/v2024/password-sync-groups";
const VALID: &str = r#"{"name":"Password Sync Group 2","passwordPolicyId":"2c91808d744ba0ce01746f93b6204501","sourceIds":["2c918084660f45d6016617daa9210584","2c918084660f45d6016617daa9210500"]}"#;
const INVALID: &str = r#"{"name":"Password Sync Group 2","passwordPolicyId":17,"sourceIds":["2c918084660f45d6016617daa9210584",null]}"#;

fn main() {
    divan::main();
}

/// A simulator with 500 groups, and a token for it.
struct Served {
    simulator: Simulator,
    token: String,
}

impl Served {
    fn new(scenarios: &[&str]) -> Self {
        let mut config = Config {
            fixture: Fixture::built_in("large").expect("it is built in"),
            scenarios: Rulesets::new(scenarios.iter().map(|text| scenario(text)), 1_000).expect("few rules"),
            ..Config::default()
        };
        config.options.prerequisites = Prerequisites::Ignore;
        let simulator = Simulator::new(config).expect("the contract compiles");
        let token = simulator.answer(&token_request(&simulator)).reply.value();
        let token = token["access_token"].as_str().expect("a token is told").to_owned();
        Self { simulator, token }
    }

    fn idle() -> Self {
        Self::new(&[include_str!("load/never.yaml")])
    }

    fn request(&self, method: Method, target: &str) -> Request {
        Request::new(method, target).expect("it is a target").header(HOST, "localhost").bearer(&self.token)
    }

    fn first_id(&self) -> String {
        let list = self.simulator.answer(&self.request(Method::GET, &format!("{GROUPS}?limit=1")));
        list.reply.value()[0]["id"].as_str().expect("there is a group").to_owned()
    }

    /// Measures one request over and over; every answer must have the status.
    fn measure(&self, bencher: Bencher<'_, '_>, request: &Request, status: u16) {
        bencher.bench_local(|| {
            let outcome = self.simulator.answer(request);
            assert_eq!(outcome.reply.status.as_u16(), status);
            outcome
        });
    }
}

fn scenario(text: &str) -> Ruleset {
    Ruleset::read(&Document { name: "scenario", text, format: Format::Yaml }).expect("it is a scenario")
}

fn token_request(simulator: &Simulator) -> Request {
    let admin = &simulator.clients()[0];
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        admin.client_id, admin.client_secret
    );
    Request::new(Method::POST, "/oauth/token")
        .expect("it is a target")
        .header(HOST, "localhost")
        .body("application/x-www-form-urlencoded", form)
}

#[divan::bench]
fn get(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    let request = served.request(Method::GET, &format!("{GROUPS}/{}", served.first_id()));
    served.measure(bencher, &request, 200);
}

#[divan::bench]
fn list_250(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    served.measure(bencher, &served.request(Method::GET, GROUPS), 200);
}

#[divan::bench]
fn create(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    let request = served.request(Method::POST, GROUPS).body("application/json", VALID);
    served.measure(bencher, &request, 200);
}

#[divan::bench]
fn create_invalid(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    let request = served.request(Method::POST, GROUPS).body("application/json", INVALID);
    served.measure(bencher, &request, 400);
}

#[divan::bench]
fn update(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    let target = format!("{GROUPS}/{}", served.first_id());
    let request = served.request(Method::PUT, &target).body("application/json", VALID);
    served.measure(bencher, &request, 200);
}

#[divan::bench]
fn create_and_delete(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    let create = served.request(Method::POST, GROUPS).body("application/json", VALID);
    bencher.bench_local(|| {
        let group = served.simulator.answer(&create).reply.value();
        let id = group["id"].as_str().expect("it was created");
        let delete = served.request(Method::DELETE, &format!("{GROUPS}/{id}"));
        assert_eq!(served.simulator.answer(&delete).reply.status.as_u16(), 204);
    });
}

#[divan::bench]
fn token(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    served.measure(bencher, &token_request(&served.simulator), 200);
}

#[divan::bench]
fn unauthorized(bencher: Bencher<'_, '_>) {
    let served = Served::idle();
    served.measure(bencher, &Request::new(Method::GET, GROUPS).expect("it is a target"), 401);
}

#[divan::bench]
fn faulted_429(bencher: Bencher<'_, '_>) {
    let served = Served::new(&[include_str!("load/never.yaml"), include_str!("load/rate-limited.yaml")]);
    let request = served.request(Method::GET, &format!("{GROUPS}/{}", served.first_id()));
    served.measure(bencher, &request, 429);
}
