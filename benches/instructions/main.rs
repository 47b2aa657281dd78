//! How many instructions a request costs beyond bare hyper: `cargo bench --bench instructions`, two minutes.
//!
//! Both servers run under valgrind's callgrind on one core, once with few requests over a socket and once with many;
//! what the many cost more, divided by how many more they are, is the cost of one. No machine blurs that: two runs
//! of one build differ by less than one in a hundred. SHA-256 is counted apart, since valgrind knows none of the
//! instructions that make it cheap. (A harness such as gungraun counts functions, or commands that end by
//! themselves; a server with a client beside it is neither.)
//!
//! Exit code 1 when a figure is more than 5 % above `recorded.json`. That file holds for one compiler, C library and
//! kind of machine; elsewhere the change is only told. Options after `--`: `--record` (writes that file), `--only
//! CALL`, `--functions N` (the N functions that cost most, for each call), `--ours PATH` (another binary to measure),
//! `--requests N` (2000). Needs Linux and valgrind.

#![expect(clippy::disallowed_methods, reason = "bare hyper may be asked to hold its answer")]

#[path = "../load/bare.rs"]
mod bare;
mod callgrind;
#[path = "../harness/mod.rs"]
mod harness;
mod record;
#[path = "../load/workload.rs"]
mod workload;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use callgrind::{Cost, under_callgrind};
use harness::generator::{self, End, Load};
use harness::process::Server;
use record::{Figures, Record};
use workload::{WORKLOADS, Workload};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is measured: a name for the record, and the workload it is.
const CALLS: [(&str, &str); 6] = [
    ("get", "get one group"),
    ("list of 250", "list 250 groups"),
    ("create", "create, valid"),
    ("invalid create", "create, invalid"),
    ("429", "get, faulted: 429"),
    ("token", "token"),
];

/// Requests of the short run: until then buffers grow, and the journal gets full.
const WARM_UP: usize = 500;
/// Enough that some are always ready, as under load.
const CONNECTIONS: usize = 32;
/// Exchanges that the journal keeps, so that it is full in both runs, as it is in a server that has run for a while.
const JOURNAL_LIMIT: &str = "250";

/// What was asked for on the command line.
struct Options {
    records: bool,
    only: String,
    functions: usize,
    ours: PathBuf,
    requests: usize,
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, answer] = &arguments[..]
        && mode == "--bare"
    {
        let answer = generator::parse(&std::fs::read(answer)?)?;
        bare::serve(&answer, Duration::ZERO)?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = options(&arguments)?;
    let mut now = Record::of_this_machine()?;
    for (call, name) in CALLS.iter().filter(|(call, _)| call.contains(&options.only)) {
        let workload = WORKLOADS.iter().find(|workload| workload.name == *name).ok_or("no such workload")?;
        let figures = measure(call, workload, &options)?;
        now.calls.insert((*call).to_owned(), figures);
    }
    if options.records {
        now.write()?;
    }
    let recorded = Record::read()?;
    println!("{}", now.table(&recorded));
    Ok(now.verdict(&recorded))
}

fn options(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        records: false,
        only: String::new(),
        functions: 0,
        ours: env!("CARGO_BIN_EXE_sync-group-sim").into(),
        requests: 2_000,
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        if name == "--record" {
            options.records = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?;
        match name.as_str() {
            "--only" => options.only.clone_from(value),
            "--functions" => options.functions = value.parse()?,
            "--ours" => options.ours = value.into(),
            "--requests" => options.requests = value.parse()?,
            _ => {
                return Err(format!(
                    "unknown option `{name}`; expected --record, --only, --functions, --ours or --requests"
                )
                .into());
            }
        }
    }
    if options.records && !options.only.is_empty() {
        return Err("--record writes all calls; it cannot be used with --only".into());
    }
    Ok(options)
}

/// Counts a call, ours and bare hyper's.
fn measure(call: &str, workload: &Workload, options: &Options) -> Result<Figures> {
    let mut ours = workload.ours(&options.ours);
    ours.args(["--journal-limit", JOURNAL_LIMIT]);
    let (request, answer) = exchange(&mut ours, workload)?;
    let file = std::env::temp_dir().join(format!("sync-group-sim-instructions-{}", std::process::id()));
    std::fs::write(&file, answer)?;
    let mut bare = Command::new(std::env::current_exe()?);
    bare.arg("--bare").arg(&file);
    let bare = per_request(&bare, workload.status, options, |_| Ok(request.clone()))?;
    std::fs::remove_file(&file)?;
    let ours = per_request(&ours, workload.status, options, |address| workload.request(address))?;
    if options.functions > 0 {
        println!("{call}, ours:\n{}", ours.dearest(options.functions));
        println!("{call}, bare hyper:\n{}", bare.dearest(options.functions));
    }
    Ok(Figures::of(&ours, &bare))
}

/// A request, and what we answer, which is what bare hyper is to answer.
fn exchange(ours: &mut Command, workload: &Workload) -> Result<(Vec<u8>, Vec<u8>)> {
    let server = Server::start(ours, None)?;
    let request = workload.request(server.address)?;
    let answer = generator::ask_raw(server.address, &request)?;
    Ok((request, answer))
}

/// What one request costs a server: the difference between many and few.
fn per_request(
    server: &Command,
    status: u16,
    options: &Options,
    request: impl Fn(SocketAddr) -> Result<Vec<u8>>,
) -> Result<Cost> {
    let run = |requests| {
        under_callgrind(server, |address| {
            let load = Load {
                requests: vec![request(address)?],
                status,
                connections: CONNECTIONS,
                warm_up: Duration::ZERO,
                end: End::Requests(requests),
                has_own_core: false,
            };
            generator::run(address, &load)?;
            Ok(())
        })
    };
    let few = run(WARM_UP)?;
    Ok(run(WARM_UP + options.requests)?.beyond(&few, options.requests))
}
