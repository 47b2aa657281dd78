//! What a tenant of `large` costs beyond its groups: a get of any resource beside a get of a group, and the first write
//! to a new tenant, which copies a part of a table that all tenants share until then. `cargo bench --bench large`,
//! without sockets. Exit code 1 when a get costs more than 1.25 times what a group's does, or a first write 1 ms.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::header::HOST;
use sync_group_sim::fixture::Fixture;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Request;

/// How much more a get may cost than that of a group.
const MOST: f64 = 1.25;
/// How long a first write may take.
const LONGEST: Duration = Duration::from_millis(1);
/// How often each is measured; the median counts.
const TURNS: usize = 41;
/// Gets in one turn.
const GETS: usize = 5_000;

/// The lists whose records are fetched by their ids; the groups first, which the others are compared with.
const RESOURCES: [&str; 6] =
    ["password-sync-groups", "sources", "password-policies", "source-apps", "accounts", "identities"];

/// A first write. `ID` stands for the id of the first record of its list.
struct Write {
    name: &'static str,
    method: Method,
    list: &'static str,
    target: &'static str,
    media_type: &'static str,
    body: &'static str,
}

const JSON: &str = "application/json";
const PATCH: &str = "application/json-patch+json";

fn writes() -> [Write; 6] {
    [
        Write {
            name: "create a group",
            method: Method::POST,
            list: "password-sync-groups",
            target: "/v2026/password-sync-groups",
            media_type: JSON,
            body: r#"{"name":"N","passwordPolicyId":"none","sourceIds":["a","b"]}"#,
        },
        Write {
            name: "delete a group",
            method: Method::DELETE,
            list: "password-sync-groups",
            target: "/v2026/password-sync-groups/ID",
            media_type: JSON,
            body: "",
        },
        Write {
            name: "patch a source",
            method: Method::PATCH,
            list: "sources",
            target: "/v2026/sources/ID",
            media_type: PATCH,
            body: r#"[{"op":"replace","path":"/description","value":"D"}]"#,
        },
        Write {
            name: "a policy of a source",
            method: Method::PATCH,
            list: "sources",
            target: "/v2026/sources/ID/password-policies",
            media_type: JSON,
            body: "[]",
        },
        Write {
            name: "patch an app",
            method: Method::PATCH,
            list: "source-apps/all",
            target: "/v2026/source-apps/ID",
            media_type: PATCH,
            body: r#"[{"op":"replace","path":"/description","value":"D"}]"#,
        },
        Write {
            name: "create a policy",
            method: Method::POST,
            list: "password-policies",
            target: "/v2026/password-policies",
            media_type: JSON,
            body: r#"{"name":"P"}"#,
        },
    ]
}

struct Served(Simulator);

impl Served {
    fn new() -> Self {
        let fixture = Fixture::built_in("large").expect("it is built in");
        let mut config = Config { fixture, ..Config::default() };
        config.options.prerequisites = sync_group_sim::prerequisites::Prerequisites::Ignore;
        Self(Simulator::new(config).expect("the contract compiles"))
    }

    /// A token for a tenant whose base URL is `base`; a tenant that is not there yet is made.
    fn token(&self, base: &str) -> String {
        let admin = &self.0.clients()[0];
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            admin.client_id, admin.client_secret
        );
        let call = request(Method::POST, &format!("{base}/oauth/token"));
        let call = call.body("application/x-www-form-urlencoded", form);
        let told = self.0.answer(&call).reply.value();
        told["access_token"].as_str().unwrap_or_else(|| panic!("no token but {told}")).to_owned()
    }

    fn first_id(&self, base: &str, token: &str, list: &str) -> String {
        let list = with(request(Method::GET, &format!("{base}/v2026/{list}?limit=1")), token);
        let page = self.0.answer(&list).reply.value();
        page[0]["id"].as_str().unwrap_or_else(|| panic!("no record but {page}")).to_owned()
    }

    /// What a get of each resource costs.
    fn gets(&self) -> Vec<Duration> {
        let token = self.token("");
        let requests: Vec<Request> = RESOURCES
            .iter()
            .map(|resource| {
                let list = if *resource == "source-apps" { "source-apps/all" } else { resource };
                let id = self.first_id("", &token, list);
                with(request(Method::GET, &format!("/v2026/{resource}/{id}")), &token)
            })
            .collect();
        let mut turns: Vec<Vec<Duration>> = vec![Vec::new(); requests.len()];
        // By turns, so that what else the machine does meets all of them.
        for _ in 0..TURNS {
            for (request, turns) in requests.iter().zip(&mut turns) {
                let began = Instant::now();
                for _ in 0..GETS {
                    assert_eq!(self.0.answer(request).reply.status, 200);
                }
                turns.push(began.elapsed() / u32::try_from(GETS).expect("few"));
            }
        }
        turns.into_iter().map(median).collect()
    }

    /// What a write costs that is the first of its tenant. `first` is the number of a tenant that is not there yet.
    fn first_write(&self, write: &Write, first: usize) -> Duration {
        let turns = (0..TURNS).map(|nth| {
            let base = format!("/tenants/t{}", first + nth);
            let token = self.token(&base);
            let id = self.first_id(&base, &token, write.list);
            let target = format!("{base}{}", write.target.replace("ID", &id));
            let request =
                with(request(write.method.clone(), &target), &token).body(write.media_type, write.body);
            let began = Instant::now();
            let reply = self.0.answer(&request).reply;
            let took = began.elapsed();
            assert!(reply.status.is_success(), "{}: {}", write.name, reply.value());
            took
        });
        median(turns.collect())
    }
}

fn request(method: Method, target: &str) -> Request {
    Request::new(method, target).expect("it is a target").header(HOST, "localhost")
}

/// With a token, and the header field that experimental operations ask for.
fn with(request: Request, token: &str) -> Request {
    let experimental = hyper::header::HeaderName::from_static("x-sailpoint-experimental");
    request.header(experimental, "true").bearer(token)
}

fn median(mut turns: Vec<Duration>) -> Duration {
    turns.sort_unstable();
    turns[turns.len() / 2]
}

fn main() -> ExitCode {
    let served = Served::new();
    let mut is_fast = true;
    println!("{:32} {:>9} {:>7}", "get of one of", "µs", "ratio");
    let gets = served.gets();
    for (resource, took) in RESOURCES.iter().zip(&gets) {
        let ratio = took.as_secs_f64() / gets[0].as_secs_f64();
        println!("{resource:32} {:>9.2} {ratio:>7.2}", took.as_secs_f64() * 1e6);
        is_fast &= ratio <= MOST;
    }
    println!("{:32} {:>9}", "first write to a tenant", "µs");
    for (nth, write) in writes().iter().enumerate() {
        let took = served.first_write(write, nth * TURNS);
        println!("{:32} {:>9.1}", write.name, took.as_secs_f64() * 1e6);
        is_fast &= took < LONGEST;
    }
    if is_fast { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
