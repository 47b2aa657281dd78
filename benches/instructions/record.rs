//! What calls cost when it was last recorded, `recorded.json`, and how they do beside it now.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::Result;
use super::callgrind::Cost;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions/recorded.json");
/// How much more than recorded a call may cost, in hundredths.
const GROWTH: u64 = 5;

/// Instructions of one request.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Our server's, without SHA-256.
    ours: u64,
    /// Bare hyper's, with the same answer.
    bare: u64,
    /// What is between them.
    above: u64,
    /// Our SHA-256.
    sha256: u64,
}

impl Figures {
    pub(crate) fn of(ours: &Cost, bare: &Cost) -> Self {
        let (sha256, bare) = (ours.sha256(), bare.total());
        let ours = ours.total() - sha256;
        Self { ours, bare, above: ours.saturating_sub(bare), sha256 }
    }

    fn exceeds(&self, recorded: &Self) -> bool {
        let grew = |now: u64, then: u64| now * 100 > then * (100 + GROWTH);
        grew(self.above, recorded.above) || grew(self.sha256, recorded.sha256)
    }
}

/// What calls cost, and where that holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// `rustc 1.95.0 (…)`.
    rustc: String,
    /// The C library, whose allocator and copies are counted, too.
    libc: String,
    /// The kind of machine.
    machine: String,
    pub(crate) calls: BTreeMap<String, Figures>,
}

impl Record {
    /// An empty record of what is here.
    pub(crate) fn of_this_machine() -> Result<Self> {
        Ok(Self {
            rustc: said("rustc", "--version")?,
            libc: said("getconf", "GNU_LIBC_VERSION")?,
            machine: std::env::consts::ARCH.to_owned(),
            calls: BTreeMap::new(),
        })
    }

    pub(crate) fn read() -> Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(FILE)?)?)
    }

    pub(crate) fn write(&self) -> Result<()> {
        Ok(std::fs::write(FILE, serde_json::to_string_pretty(self)? + "\n")?)
    }

    fn holds_where(&self, other: &Self) -> bool {
        (&self.rustc, &self.libc, &self.machine) == (&other.rustc, &other.libc, &other.machine)
    }

    /// Each call beside what was recorded.
    pub(crate) fn table(&self, recorded: &Self) -> String {
        let mut table =
            "| call | ours | bare hyper | above it | recorded | SHA-256 beside |\n|---|---:|---:|---:|---:|---:|\n"
                .to_owned();
        for (call, now) in &self.calls {
            let then = recorded.calls.get(call).map_or_else(|| "–".to_owned(), |then| change(now, then));
            let Figures { ours, bare, above, sha256 } = now;
            let _ = writeln!(table, "| {call} | {ours} | {bare} | **{above}** | {then} | {sha256} |");
        }
        table
    }

    /// Says which calls cost too much; that is a failure where the record holds.
    pub(crate) fn verdict(&self, recorded: &Self) -> ExitCode {
        let mut exit_code = ExitCode::SUCCESS;
        let holds = self.holds_where(recorded);
        if !holds {
            println!(
                "recorded under {}, {}, {}; this is {}, {}, {}: nothing is judged",
                recorded.rustc, recorded.libc, recorded.machine, self.rustc, self.libc, self.machine
            );
        }
        for (call, now) in &self.calls {
            if recorded.calls.get(call).is_some_and(|then| now.exceeds(then)) {
                println!("{call} costs more than {GROWTH} % beyond what was recorded");
                if holds {
                    exit_code = ExitCode::FAILURE;
                }
            }
        }
        exit_code
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share, for people")]
fn change(now: &Figures, then: &Figures) -> String {
    let share = (now.above as f64 / then.above.max(1) as f64 - 1.0) * 100.0;
    format!("{} ({share:+.1} %)", then.above)
}

/// The first line that a program says of itself.
fn said(program: &str, question: &str) -> Result<String> {
    let output = Command::new(program)
        .arg(question)
        .output()
        .map_err(|error| format!("`{program} {question}` cannot be run: {error}"))?;
    Ok(String::from_utf8(output.stdout)?.lines().next().unwrap_or_default().to_owned())
}
