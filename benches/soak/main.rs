//! Whether the server stays as it is for millions of requests: `cargo bench --bench soak`, two minutes.
//!
//! First many clients do a bit of everything while every kind of fault fires. Resident memory goes up and down with
//! the answers under way, so its peaks are compared: after a warm-up of two million requests, the last half of it
//! with a full journal, the peak of two million more is at most 5 % above that half's. Every request is one exchange,
//! and no descriptor is left when the clients are gone. Then a server without faults is asked to stop under load: it ends with 0 within its drain timeout, and
//! no client has half an answer. Whether every answered write is there is shown by the integration tests, which can
//! look into a server that has stopped.
//!
//! The server is `SYNC_GROUP_SIM_BIN`, or the one that was built along. Options after `--`: `--requests N`
//! (4000000), `--warm-up N` (2000000), `--connections N` (64). Exit code 1 when a bound is broken. Needs Linux.

#![expect(clippy::disallowed_methods, reason = "a soak waits for the machine and is bounded by its time")]

#[path = "../harness/mod.rs"]
mod harness;

use std::error::Error;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use harness::creator::create;
use harness::http::{Connection, Seen};
use harness::mixed::Client;
use harness::process::Server;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Anything that takes longer hangs.
const HARD_STOP: Duration = Duration::from_mins(10);
/// How far resident memory may rise above its peak in the warm-up, in hundredths.
const GROWTH: u64 = 5;
/// How long an open request may go on when the server stops.
const DRAIN: Duration = Duration::from_secs(5);
/// Statuses that the scenario gives.
const FAULTS: [u16; 3] = [429, 500, 503];

/// What was asked for on the command line.
#[derive(Clone, Copy)]
struct Options {
    requests: usize,
    warm_up: usize,
    connections: usize,
}

fn main() -> Result<()> {
    let options = options()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let all = async {
            soak(options).await?;
            stop_under_load(options.connections).await
        };
        tokio::time::timeout(HARD_STOP, all).await.map_err(|_| "the soak took too long: something hangs")?
    })
}

fn options() -> Result<Options> {
    let mut options = Options { requests: 4_000_000, warm_up: 2_000_000, connections: 64 };
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?.parse()?;
        match name.as_str() {
            "--requests" => options.requests = value,
            "--warm-up" => options.warm_up = value,
            "--connections" => options.connections = value,
            _ => {
                return Err(format!(
                    "unknown option `{name}`; expected --requests, --warm-up or --connections"
                )
                .into());
            }
        }
    }
    Ok(options)
}

/// The server's binary, quiet and on a free port.
fn server(arguments: &[&str]) -> Result<Server> {
    let binary =
        std::env::var_os("SYNC_GROUP_SIM_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_sync-group-sim").into());
    let mut command = Command::new(binary);
    command.args(["--listen", "127.0.0.1:0", "--log", "off", "--seed", "1"]).args(arguments);
    Ok(Server::start(&mut command, None)?)
}

/// Many requests with faults; memory and descriptors stay as they are.
async fn soak(options: Options) -> Result<()> {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/soak/faults.yaml");
    let server = server(&["--fixture", "large", "--scenario", scenario])?;
    let credentials = administrator(server.address).await?;
    let before = server.descriptors()?;
    let asked = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..options.connections {
        let client = Client::new(server.address, number, credentials.clone());
        clients.spawn(keep_asking(client, Arc::clone(&asked), options.requests));
    }
    let began = Instant::now();
    let memory = tokio::select! {
        ended = watch_memory(&server, &asked, options) => ended?,
        failed = first_failure(&mut clients) => return Err(failed),
    };
    while let Some(client) = clients.join_next().await {
        client??;
    }
    println!("{} requests in {:.1?}, {memory}", asked.load(Ordering::Relaxed), began.elapsed());
    let after = settled_descriptors(&server, before).await?;
    if after > before {
        return Err(
            format!("{after} descriptors are open when all clients are gone; there were {before}").into()
        );
    }
    println!("{after} descriptors, as before");
    let journalled = exchanges(server.address).await?;
    let asked = asked.load(Ordering::Relaxed) as u64;
    if journalled != asked {
        return Err(format!("{asked} requests, but {journalled} exchanges").into());
    }
    println!("every request is one exchange of the journal");
    Ok(())
}

/// One client's requests until there are enough of all clients together. An answer that cannot be right is an
/// error.
async fn keep_asking(mut client: Client, asked: Arc<AtomicUsize>, enough: usize) -> Result<()> {
    while asked.fetch_add(1, Ordering::Relaxed) < enough {
        client.step(&FAULTS).await?;
    }
    asked.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// Ready when a client fails; never, when none does.
async fn first_failure(clients: &mut JoinSet<Result<()>>) -> Box<dyn Error + Send + Sync> {
    while let Some(client) = clients.join_next().await {
        match client {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(panic) => return panic.into(),
        }
    }
    std::future::pending().await
}

/// Looks at resident memory from the middle of the warm-up to the last request, and says how it was.
async fn watch_memory(server: &Server, asked: &AtomicUsize, options: Options) -> Result<String> {
    let asked = || asked.load(Ordering::Relaxed);
    let pause = || tokio::time::sleep(Duration::from_millis(100));
    while asked() < options.warm_up / 2 {
        pause().await;
    }
    let mut warm = 0;
    while asked() < options.warm_up {
        warm = warm.max(server.resident()?);
        pause().await;
    }
    let mut most = 0;
    while asked() < options.requests {
        most = most.max(server.resident()?);
        if most * 100 > warm * (100 + GROWTH) {
            let (found, after) = (most >> 10, asked());
            return Err(format!(
                "resident memory: {found} KiB after {after} requests; expected at most {GROWTH} % above {} KiB, the peak of the warm-up",
                warm >> 10
            )
            .into());
        }
        pause().await;
    }
    Ok(format!("a peak of {} KiB resident in the warm-up and of {} KiB after it", warm >> 10, most >> 10))
}

/// How many descriptors are open once the server has seen its clients leave.
async fn settled_descriptors(server: &Server, expected: usize) -> Result<usize> {
    for _ in 0..100 {
        if server.descriptors()? <= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(server.descriptors()?)
}

/// A server that is asked to stop under load ends well, in time, and leaves no client with half an answer.
async fn stop_under_load(connections: usize) -> Result<()> {
    let drain = format!("{}s", DRAIN.as_secs());
    let mut server = server(&["--fixture", "empty", "--prerequisites", "ignore", "--drain-timeout", &drain])?;
    let address = server.address;
    let token = token(address).await?;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..connections {
        clients.spawn(create(address, number, token.clone(), Arc::clone(&answered)));
    }
    while answered.load(Ordering::Relaxed) < 20_000 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.terminate()?;
    let began = Instant::now();
    let mut halves = 0;
    while let Some(client) = clients.join_next().await {
        halves += client??.halves.into_iter().filter(|after| *after > 0).count();
    }
    let status = tokio::task::spawn_blocking(move || server.wait()).await??;
    let took = began.elapsed();
    if status.code() != Some(0) || took > DRAIN || halves > 0 {
        let found = format!("{status} after {took:?}, {halves} half answers");
        return Err(
            format!("a stop under load: {found}; expected exit status 0 within {DRAIN:?}, and none").into()
        );
    }
    println!("a stop under load: {status} after {took:?}, every answer whole");
    Ok(())
}

async fn get(address: SocketAddr, target: &str) -> Result<Value> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    match Connection::to(address).ask(request.as_bytes()).await? {
        Seen::Answer { status: 200, body } => Ok(serde_json::from_slice(&body)?),
        other => Err(format!("{target}: {other:?}").into()),
    }
}

/// The administrator's id and secret.
async fn administrator(address: SocketAddr) -> Result<(String, String)> {
    let state = get(address, "/_sim/state").await?;
    let text = |field: &str| state["clients"][0][field].as_str().unwrap_or_default().to_owned();
    Ok((text("clientId"), text("clientSecret")))
}

async fn token(address: SocketAddr) -> Result<String> {
    let (id, secret) = administrator(address).await?;
    let query = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let request = format!("POST /oauth/token?{query} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    match Connection::to(address).ask(request.as_bytes()).await? {
        Seen::Answer { status: 200, body } => {
            let answer: Value = serde_json::from_slice(&body)?;
            Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
        }
        other => Err(format!("no token: {other:?}").into()),
    }
}

/// How many exchanges there were, those included that left the journal.
async fn exchanges(address: SocketAddr) -> Result<u64> {
    let journal = get(address, "/_sim/journal").await?;
    let kept = journal["exchanges"].as_array().ok_or("no journal")?.len() as u64;
    Ok(kept + journal["dropped"].as_u64().ok_or("no count")?)
}
