//! What we cost beside bare hyper: `cargo bench --bench load` prints the table of docs/speed.md.
//!
//! Both servers run in turn on the same core, the load comes from another one, and rounds are interleaved, so
//! that a noisy machine is noisy for both. What counts is the ratio within a round; the table has its median
//! and range. Options after `--`: `--rounds N` (5), `--seconds S` measured per round and server (2),
//! `--only NAME` (a part of a workload's name), `--ours PATH` (another binary to measure). Fails when the contract takes
//! more of a start than is said there. Needs Linux and two cores.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
#![expect(clippy::cast_precision_loss, reason = "statistics over small numbers")]

mod bare;
#[path = "../harness/mod.rs"]
mod harness;
mod workload;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::generator::{self, End, Load, Measured};
use harness::process::{self, Server};
use sync_group_sim::contract::Contract;
use workload::{WORKLOADS, Workload};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What was asked for on the command line.
struct Options {
    rounds: usize,
    seconds: f64,
    only: String,
    ours: PathBuf,
}

/// How long nothing is measured at the beginning of a round.
const WARM_UP: Duration = Duration::from_millis(300);

/// How many milliseconds of a start the contract of all operations may take.
const MOST_FOR_CONTRACT: f64 = 5.0;

/// How a server did in one round.
struct Round {
    measured: Measured,
    /// Seconds that it was running, for each request.
    processor_time: f64,
}

/// One server's rounds under one workload.
#[derive(Default)]
struct Rounds(Vec<Round>);

impl Rounds {
    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.0.iter().map(of).collect())
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, answer, hold] = &arguments[..]
        && mode == "--bare"
    {
        let answer = generator::parse(&std::fs::read(answer)?)?;
        return bare::serve(&answer, Duration::from_millis(hold.parse()?));
    }
    let options = options(&arguments)?;
    let cores = process::cores()?;
    let [servers, load, ..] = cores[..] else { return Err("two cores are needed".into()) };
    process::pin_to(&[load])?;
    println!(
        "| workload | connections | requests/s, ours / bare hyper | ratio (range) | p50, ours / bare | p99, ours / bare | processor time for each |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for workload in WORKLOADS.iter().filter(|workload| workload.name.contains(&options.only)) {
        println!("{}", row(workload, &options, servers)?);
    }
    if options.only.is_empty() {
        footprint(&options)?;
    }
    Ok(())
}

fn options(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        rounds: 5,
        seconds: 2.0,
        only: String::new(),
        ours: env!("CARGO_BIN_EXE_sync-group-sim").into(),
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?;
        match name.as_str() {
            "--rounds" => options.rounds = value.parse()?,
            "--seconds" => options.seconds = value.parse()?,
            "--only" => options.only.clone_from(value),
            "--ours" => options.ours = value.into(),
            _ => {
                return Err(format!(
                    "unknown option `{name}`; expected --rounds, --seconds, --only or --ours"
                )
                .into());
            }
        }
    }
    Ok(options)
}

/// Measures a workload, round by round, and writes its line of the table.
fn row(workload: &Workload, options: &Options, core: usize) -> Result<String> {
    let (mut ours, mut bare) = (Rounds::default(), Rounds::default());
    for round in 0..options.rounds {
        // Who comes first changes, so that neither always meets the warmer machine.
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                ours.0.push(measure_ours(workload, options, core)?);
            } else {
                bare.0.push(measure_bare(workload, options, core)?);
            }
        }
    }
    let throughput: Vec<f64> =
        ours.0.iter().zip(&bare.0).map(|(ours, bare)| rate(ours) / rate(bare)).collect();
    let (least, most) = (
        throughput.iter().copied().fold(f64::INFINITY, f64::min),
        throughput.iter().copied().fold(0.0, f64::max),
    );
    let micros = |of: fn(&Round) -> f64, digits: usize| {
        let (ours, bare) = (ours.median(of) * 1e6, bare.median(of) * 1e6);
        format!("{ours:.digits$} / {bare:.digits$} µs ({:.2})", ours / bare)
    };
    Ok(format!(
        "| {} | {} | {:.0} / {:.0} | **{:.2}** ({least:.2}–{most:.2}) | {} | {} | {} |",
        workload.name,
        workload.connections,
        ours.median(rate),
        bare.median(rate),
        median(throughput),
        micros(|round| round.measured.p50.as_secs_f64(), 0),
        micros(|round| round.measured.p99.as_secs_f64(), 0),
        micros(|round| round.processor_time, 2),
    ))
}

fn rate(round: &Round) -> f64 {
    round.measured.requests_per_second
}

fn load(workload: &Workload, options: &Options, request: Vec<u8>) -> Load {
    Load {
        requests: vec![request],
        status: workload.status,
        connections: workload.connections,
        warm_up: WARM_UP,
        end: End::After(Duration::from_secs_f64(options.seconds)),
        has_own_core: true,
    }
}

fn measure_ours(workload: &Workload, options: &Options, core: usize) -> Result<Round> {
    let server = Server::start(&mut workload.ours(&options.ours), Some(core))?;
    let request = workload.request(server.address)?;
    measure(workload, options, "ours", &server, request)
}

fn measure_bare(workload: &Workload, options: &Options, core: usize) -> Result<Round> {
    // What bare hyper answers is what we answer.
    let (request, answer) = {
        let server = Server::start(&mut workload.ours(&options.ours), Some(core))?;
        let request = workload.request(server.address)?;
        let answer = generator::ask_raw(server.address, &request)?;
        (request, answer)
    };
    let file = std::env::temp_dir().join(format!("sync-group-sim-bench-{}", std::process::id()));
    std::fs::write(&file, answer)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--bare").arg(&file).arg(workload.hold_millis.to_string());
    let server = Server::start(&mut command, Some(core))?;
    std::fs::remove_file(&file)?;
    measure(workload, options, "bare hyper", &server, request)
}

/// Puts the load on a server, and says so when the server waited for it: then the rate is the load's.
fn measure(
    workload: &Workload,
    options: &Options,
    who: &str,
    server: &Server,
    request: Vec<u8>,
) -> Result<Round> {
    let load = &load(workload, options, request);
    let before = server.processor_time()?;
    let measured = generator::run(server.address, load)?;
    let spent = server.processor_time()?.saturating_sub(before).as_secs_f64();
    let busy = spent / (WARM_UP.as_secs_f64() + options.seconds);
    if busy < 0.95 && load.connections > 1 && workload.hold_millis == 0 {
        eprintln!("{}: {who} was busy for {:.0} % of the time only", workload.name, busy * 100.0);
    }
    Ok(Round { measured, processor_time: spent / measured.requests.max(1) as f64 })
}

/// Start-up time, and memory idle and loaded.
fn footprint(options: &Options) -> Result<()> {
    let workload = &WORKLOADS[0];
    let request = b"GET /v2024/password-sync-groups HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut starts = Vec::new();
    for _ in 0..21 {
        let mut command = Command::new(&options.ours);
        command.args(["--listen", "127.0.0.1:0", "--log", "off"]);
        starts.push(time_to_first_answer(&mut command, request)?.as_secs_f64() * 1e3);
    }
    let mut command = Command::new(&options.ours);
    command.args(["--listen", "127.0.0.1:0", "--log", "off"]);
    let server = Server::start(&mut command, None)?;
    generator::ask(server.address, request)?;
    let idle = server.resident()?;
    let loaded = Server::start(&mut workload.ours(&options.ours), None)?;
    let request = workload.request(loaded.address)?;
    generator::run(loaded.address, &load(workload, options, request))?;
    println!();
    println!("| footprint | |");
    println!("|---|---:|");
    println!("| start to first answer, median of {} | {:.1} ms |", starts.len(), median(starts.clone()));
    let contracts: Vec<f64> = (0..21).map(|_| time_to_contract().as_secs_f64() * 1e3).collect();
    println!(
        "| of it the contract, for {MOST_FOR_CONTRACT} ms at most | {:.3} ms |",
        median(contracts.clone())
    );
    println!("| resident memory, idle | {:.1} MiB |", mebibytes(idle));
    println!(
        "| resident memory after the load, its journal full | {:.1} MiB |",
        mebibytes(loaded.resident()?)
    );
    println!("| the binary | {:.1} MiB |", mebibytes(packed_size(&options.ours)?));
    if median(contracts) > MOST_FOR_CONTRACT {
        return Err("the contract takes longer at start than it may".into());
    }
    Ok(())
}

/// How large the binary is without the names of its functions, as packages hold it.
fn packed_size(binary: &Path) -> Result<u64> {
    let copy = std::env::temp_dir().join(format!("sync-group-sim-stripped-{}", std::process::id()));
    let status = Command::new("strip").arg("-o").arg(&copy).arg(binary).status()?;
    if !status.success() {
        return Err(format!("strip: {status}").into());
    }
    let size = std::fs::metadata(&copy)?.len();
    std::fs::remove_file(&copy)?;
    Ok(size)
}

/// How long the contract of all operations takes, which a server makes at its start.
fn time_to_contract() -> Duration {
    let began = Instant::now();
    std::hint::black_box(Contract::built_in());
    began.elapsed()
}

/// How long it takes from starting a server to its first answer.
fn time_to_first_answer(command: &mut Command, request: &[u8]) -> Result<Duration> {
    let began = Instant::now();
    let server = Server::start(command, None)?;
    generator::ask(server.address, request)?;
    Ok(began.elapsed())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}
