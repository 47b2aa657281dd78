//! A server under valgrind's callgrind, and what its report says. The format is described at
//! <https://valgrind.org/docs/manual/cl-format.html>; we need the costs that functions have of their own.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;

use super::Result;
use crate::harness::process::{Server, cores};

/// Instructions, by function.
#[derive(Debug, Default)]
pub(crate) struct Cost(HashMap<String, u64>);

impl Cost {
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Of these, the compression function of SHA-256.
    pub(crate) fn sha256(&self) -> u64 {
        self.0.iter().filter(|(name, _)| is_sha256(name)).map(|(_, cost)| cost).sum()
    }

    /// What this costs beyond another, per request.
    pub(crate) fn beyond(mut self, other: &Self, requests: usize) -> Self {
        for (name, cost) in &mut self.0 {
            *cost = cost.saturating_sub(other.0.get(name).copied().unwrap_or(0)) / requests as u64;
        }
        self
    }

    /// The functions that cost most, a line each.
    pub(crate) fn dearest(&self, many: usize) -> String {
        let mut functions: Vec<_> = self.0.iter().collect();
        functions.sort_by(|(a_name, a), (b_name, b)| b.cmp(a).then(a_name.cmp(b_name)));
        let mut lines = String::new();
        for (name, cost) in functions.into_iter().take(many) {
            let _ = writeln!(lines, "{cost:>9}  {name}");
        }
        lines
    }
}

fn is_sha256(name: &str) -> bool {
    name.contains("sha2") && name.contains("compress")
}

/// Runs a server under callgrind while a load is put on it, and tells what it cost from start to stop.
pub(crate) fn under_callgrind(server: &Command, load: impl FnOnce(SocketAddr) -> Result<()>) -> Result<Cost> {
    let report = std::env::temp_dir().join(format!("sync-group-sim-callgrind-{}", std::process::id()));
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--quiet"]);
    command.arg(format!("--callgrind-out-file={}", report.display()));
    command.arg(server.get_program()).args(server.get_args());
    // One core is one thread: no thread is woken on another core.
    let mut server = Server::start(&mut command, cores()?.first().copied())
        .map_err(|error| format!("valgrind cannot be run (apt-get install valgrind): {error}"))?;
    load(server.address)?;
    server.terminate()?;
    server.wait()?;
    let text = std::fs::read_to_string(&report)?;
    std::fs::remove_file(&report)?;
    read(&text)
}

/// Adds up what each function costs of its own.
fn read(report: &str) -> Result<Cost> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut cost: HashMap<String, u64> = HashMap::new();
    let (mut function, mut is_call) = ("", false);
    for line in report.lines() {
        if let Some(name) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            // A name is written once, `(7) name`, and is `(7)` from then on.
            let (number, text) = name.split_once(' ').unwrap_or((name, ""));
            if !text.is_empty() {
                names.insert(number, text);
            }
            if line.starts_with("fn=") {
                function =
                    names.get(number).copied().ok_or("callgrind's report has a number without a name")?;
            }
        } else if line.starts_with("calls=") {
            // The next line is what the callee costs.
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first))
            && !std::mem::take(&mut is_call)
        {
            let own = line.split(' ').nth(1).ok_or("callgrind's report has a line without a cost")?;
            *cost.entry(function.to_owned()).or_default() += own.parse::<u64>()?;
        }
    }
    if cost.is_empty() {
        return Err("callgrind reported no cost".into());
    }
    Ok(Cost(cost))
}
