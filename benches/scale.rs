//! What size costs: `cargo bench --bench scale` prints the table of docs/speed.md. A server with a million groups
//! beside one with a thousand, a thousand tenants beside one, two cores beside one. Each pair is asked in turn,
//! round by round; the table has the median of the rounds' ratios. Options after `--`: `--rounds N` (5),
//! `--groups N` (1000000), `--ours PATH` (another binary to measure). Needs Linux and two cores.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
#![expect(clippy::cast_precision_loss, reason = "statistics over small numbers")]

mod harness;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use harness::generator::{End, Load, ask, run};
use harness::process::{Server, cores, pin_to};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const GROUPS: &str = "/v2024/password-sync-groups";
const BODY: &str = r#"{"name":"Password Sync Group 2","passwordPolicyId":"2c91808d744ba0ce01746f93b6204501","sourceIds":["2c918084660f45d6016617daa9210584","2c918084660f45d6016617daa9210500"]}"#;
/// How many groups the small server has.
const FEW: usize = 1_000;
/// Requests of a kind in one round.
const REQUESTS: usize = 20_000;
/// Tenants that are asked in turn.
const TENANTS: usize = 1_000;

/// What was asked for on the command line.
struct Options {
    rounds: usize,
    groups: usize,
    ours: PathBuf,
}

fn main() -> Result<()> {
    let options = options()?;
    let all = cores()?;
    let [server_core, load_core, ..] = all[..] else { return Err("two cores are needed".into()) };
    pin_to(&[load_core])?;
    println!("| | cost beside | ratio |");
    println!("|---|---|---:|");
    groups(&options, server_core)?;
    tenants(&options, server_core)?;
    two_cores(&options, [server_core, load_core])
}

fn options() -> Result<Options> {
    let mut options =
        Options { rounds: 5, groups: 1_000_000, ours: env!("CARGO_BIN_EXE_sync-group-sim").into() };
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?;
        match name.as_str() {
            "--rounds" => options.rounds = value.parse()?,
            "--groups" => options.groups = value.parse()?,
            "--ours" => options.ours = value.into(),
            _ => return Err(format!("unknown option `{name}`; expected --rounds, --groups or --ours").into()),
        }
    }
    Ok(options)
}

impl Options {
    fn server(&self, core: Option<usize>) -> Result<Server> {
        let mut command = Command::new(&self.ours);
        command.args(["--listen", "127.0.0.1:0", "--log", "off", "--seed", "1", "--prerequisites", "ignore"]);
        // A million groups are more than the default leaves room for.
        command.args(["--state-total-bytes", "17179869184"]);
        Ok(Server::start(&mut command, core)?)
    }
}

/// A server, and what it takes to ask it.
struct ServerUnderTest {
    server: Server,
    token: String,
}

impl ServerUnderTest {
    fn new(server: Server) -> Result<Self> {
        let token = token(server.address, "")?;
        Ok(Self { server, token })
    }

    fn request(&self, method: &str, target: &str, body: &str) -> Vec<u8> {
        request(self.server.address, &self.token, method, target, body)
    }

    /// Asks these in turn, so often; returns the time that one took.
    fn ask(&self, requests: Vec<Vec<u8>>, status: u16, count: usize) -> Result<f64> {
        let load = Load {
            requests,
            status,
            connections: 16,
            warm_up: Duration::ZERO,
            end: End::Requests(count),
            has_own_core: true,
        };
        let began = Instant::now();
        run(self.server.address, &load)?;
        Ok(began.elapsed().as_secs_f64() / count as f64)
    }

    fn create(&self, count: usize) -> Result<f64> {
        self.ask(vec![self.request("POST", GROUPS, BODY)], 200, count)
    }

    /// The ids of the page that begins there.
    fn ids(&self, offset: usize) -> Result<Vec<String>> {
        let target = format!("{GROUPS}?limit=250&offset={offset}");
        let page: Value =
            serde_json::from_slice(&ask(self.server.address, &self.request("GET", &target, ""))?.body)?;
        let groups = page.as_array().ok_or("a page is an array")?;
        Ok(groups.iter().filter_map(|group| Some(group["id"].as_str()?.to_owned())).collect())
    }

    fn each(&self, method: &str, ids: &[String]) -> Vec<Vec<u8>> {
        ids.iter().map(|id| self.request(method, &format!("{GROUPS}/{id}"), "")).collect()
    }
}

fn request(address: SocketAddr, token: &str, method: &str, target: &str, body: &str) -> Vec<u8> {
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    };
    format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{length}\r\n{body}"
    )
    .into_bytes()
}

/// A token of the tenant that the prefix names.
fn token(address: SocketAddr, prefix: &str) -> Result<String> {
    let client =
        sync_group_sim::fixture::Fixture::built_in("demo").ok_or("demo is built in")?.clients.remove(0);
    let target = format!(
        "{prefix}/oauth/token?grant_type=client_credentials&client_id={}&client_secret={}",
        client.client_id, client.client_secret
    );
    let head = format!("POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
    let answer: Value = serde_json::from_slice(&ask(address, head.as_bytes())?.body)?;
    Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
}

/// What one request of a kind costs on a server with this many groups, in seconds.
type Kind = fn(&ServerUnderTest, usize) -> Result<f64>;

/// Many groups beside few: a get, a page anywhere, a create, a delete; and what a group takes in memory.
fn groups(options: &Options, core: usize) -> Result<()> {
    let (few, many) = (
        ServerUnderTest::new(options.server(Some(core))?)?,
        ServerUnderTest::new(options.server(Some(core))?)?,
    );
    for tested in [&few, &many] {
        // The journal is full before anything is measured.
        tested.create(FEW)?;
        tested.ask(tested.each("GET", &tested.ids(0)?), 200, REQUESTS)?;
    }
    let before = many.server.resident()?;
    many.create(options.groups - FEW)?;
    let grown = many.server.resident()?.saturating_sub(before) as f64 / (options.groups - FEW) as f64;
    let text =
        ask(many.server.address, &many.request("GET", &format!("{GROUPS}?limit=1"), ""))?.body.len() - 2;

    let kinds: [(&str, Kind); 4] =
        [("get", get), ("page of 250", page), ("create", create), ("delete", delete)];
    for (name, kind) in kinds {
        let mut ratios = Vec::new();
        for _ in 0..options.rounds {
            ratios.push(kind(&many, options.groups)? / kind(&few, FEW)?);
        }
        println!("| {name}, {} groups | {FEW} groups | {} |", options.groups, shown(&ratios));
    }
    println!("| memory of a group, beyond its {text} bytes of text | | {:.0} bytes |", grown - text as f64);
    Ok(())
}

fn get(tested: &ServerUnderTest, groups: usize) -> Result<f64> {
    let mut ids = Vec::new();
    for nth in 0..40 {
        ids.extend(tested.ids(nth * groups.saturating_sub(250) / 40)?);
    }
    tested.ask(tested.each("GET", &ids), 200, REQUESTS)
}

fn page(tested: &ServerUnderTest, groups: usize) -> Result<f64> {
    let target = |nth: usize| format!("{GROUPS}?limit=250&offset={}", nth * groups.saturating_sub(250) / 100);
    let requests = (0..100).map(|nth| tested.request("GET", &target(nth), "")).collect();
    tested.ask(requests, 200, REQUESTS / 10)
}

fn create(tested: &ServerUnderTest, groups: usize) -> Result<f64> {
    let (mut all, mut rounds) = (0.0, 0);
    while rounds * 250 < REQUESTS / 2 {
        all += tested.create(250)?;
        let ids = tested.ids(groups)?;
        tested.ask(tested.each("DELETE", &ids), 204, ids.len())?;
        rounds += 1;
    }
    Ok(all / rounds as f64)
}

fn delete(tested: &ServerUnderTest, groups: usize) -> Result<f64> {
    let (mut all, mut rounds) = (0.0, 0);
    while rounds * 250 < REQUESTS / 2 {
        tested.create(250)?;
        // Not those that were created just now.
        let ids = tested.ids(rounds * 7 * groups / 1_000)?;
        all += tested.ask(tested.each("DELETE", &ids), 204, ids.len())?;
        rounds += 1;
    }
    Ok(all / rounds as f64)
}

/// A get in each of many tenants in turn, beside as many in one.
fn tenants(options: &Options, core: usize) -> Result<()> {
    let tested = ServerUnderTest::new(options.server(Some(core))?)?;
    let address = tested.server.address;
    let id = tested.ids(0)?.remove(0);
    let get = |nth: usize| {
        let prefix = format!("/tenants/t-{nth}");
        let token = token(address, &prefix)?;
        Ok(request(address, &token, "GET", &format!("{prefix}{GROUPS}/{id}"), ""))
    };
    let many = (0..TENANTS).map(get).collect::<Result<Vec<_>>>()?;
    let one = vec![many[0].clone(); TENANTS];
    let mut ratios = Vec::new();
    for _ in 0..options.rounds {
        let cost = tested.ask(many.clone(), 200, 2 * REQUESTS)?;
        ratios.push(cost / tested.ask(one.clone(), 200, 2 * REQUESTS)?);
    }
    println!("| get, {TENANTS} tenants | one tenant | {} |", shown(&ratios));
    Ok(())
}

/// Server and load on both cores, beside both on one.
fn two_cores(options: &Options, both: [usize; 2]) -> Result<()> {
    let rate = |cores: &[usize]| -> Result<f64> {
        // The server inherits them.
        pin_to(cores)?;
        let tested = ServerUnderTest::new(options.server(None)?)?;
        let ids = tested.ids(0)?;
        let load = Load {
            requests: tested.each("GET", &ids),
            status: 200,
            connections: 32 / cores.len(),
            warm_up: Duration::from_millis(300),
            end: End::After(Duration::from_secs(2)),
            has_own_core: false,
        };
        let address = tested.server.address;
        let loads: Vec<_> = cores
            .iter()
            .map(|_| {
                let load = load.clone();
                std::thread::spawn(move || run(address, &load))
            })
            .collect();
        let mut all = 0.0;
        for load in loads {
            all += load.join().map_err(|_| "a load panicked")??.requests_per_second;
        }
        Ok(all)
    };
    let mut ratios = Vec::new();
    for _ in 0..options.rounds {
        ratios.push(rate(&both)? / rate(&both[..1])?);
    }
    println!("| gets per second, server and load on two cores | on one core | {} |", shown(&ratios));
    Ok(())
}

/// The median, and the range.
fn shown(ratios: &[f64]) -> String {
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    format!("**{:.2}** ({:.2}–{:.2})", sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1])
}
