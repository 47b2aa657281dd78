//! The options of `drill`. What a command is told is in `commands/drill/told.rs`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::limit_args::{Time, entry, some_time, whole_number};
use crate::tenant_args::TenantArgs;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct DrillArgs {
    /// Only these scenarios: a built-in one, a pattern such as 'rate-*', or a file of your own (repeatable, or with commas)
    #[arg(long, value_name = "NAME|GLOB|PATH", value_delimiter = ',', value_parser = entry)]
    pub(crate) only: Vec<String>,
    /// All but these scenarios (repeatable, or with commas)
    #[arg(long, value_name = "NAME|GLOB", value_delimiter = ',', value_parser = entry)]
    pub(crate) skip: Vec<String>,
    /// Run the command without faults alone, and say which scenarios apply to it, and why the others do not
    #[arg(long)]
    pub(crate) list: bool,
    /// Run each scenario this many times, each time under the next seed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = repeats)]
    pub(crate) repeat: u64,
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// Runs at the same time; a client that waits costs nothing
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = jobs)]
    pub(crate) jobs: usize,
    /// How long a run may take from its first call, beside the waits that its scenario asks for; 20s or five times the clean run when absent
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) timeout: Option<Time>,
    /// How long an answer that never comes is left open before the client is said to have no timeout
    #[arg(long, value_name = "TIME", default_value_t = Time(Duration::from_secs(110)), value_parser = some_time)]
    pub(crate) silence: Time,
    /// How long a run that is stopped has between being asked to end and being killed
    #[arg(long, value_name = "TIME", default_value_t = Time(Duration::from_secs(10)), value_parser = some_time)]
    pub(crate) grace: Time,
    /// A shell command before each run, told the same as COMMAND; its calls are not judged
    #[arg(long, value_name = "CMD")]
    pub(crate) setup: Option<String>,
    /// A shell command after each run, likewise
    #[arg(long, value_name = "CMD")]
    pub(crate) teardown: Option<String>,
    /// The exit codes that mean success (repeatable, or with commas)
    #[arg(long, value_name = "CODE", value_delimiter = ',', default_value = "0")]
    pub(crate) success_exit: Vec<i32>,
    /// More attempts at one call than this are too many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = attempts)]
    pub(crate) max_attempts: u32,
    /// Six more runs each against an endless 503 and an endless 429, when the command retries at all: they show how its waits grow
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) probe: Probe,
    /// The least severe finding that makes the exit code 1
    #[arg(long, value_enum, default_value = "error")]
    pub(crate) fail_on: FailOn,
    /// Count what is inconclusive as failed: exit code 1 instead of 3
    #[arg(long)]
    pub(crate) strict: bool,
    /// The reports that are written (with commas)
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html,json,junit,md")]
    pub(crate) report: Vec<ReportKind>,
    /// The folder for reports and evidence; what is there becomes DIR.old
    #[arg(long, value_name = "DIR", default_value = "drill.out")]
    pub(crate) out: PathBuf,
    /// Start no more runs once one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Whose output is printed
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) show_output: ShowOutput,
    /// The header field in which the client numbers the attempts at a call
    #[arg(long, value_name = "NAME", value_parser = header_name)]
    pub(crate) attempt_header: Option<String>,
    /// Tell the command the URL of its tenant's control API, in SYNC_GROUP_SIM_DRILL_CONTROL_URL
    #[arg(long)]
    pub(crate) expose_control: bool,
    /// The command and its arguments; {{baseUrl}}, {{clientId}}, {{clientSecret}}, {{tenant}}, {{host}}, {{port}}, {{scenario}}, {{seed}} and {{dir}} stand for what it is told
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Whether the probe runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probe {
    /// When some call was repeated
    Auto,
    /// Never
    Off,
}

/// How severe a finding must be to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum FailOn {
    Note,
    Warning,
    Error,
}

/// A report that is written to the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportKind {
    /// report.html
    Html,
    /// report.json
    Json,
    /// report.xml
    Junit,
    /// report.md
    Md,
}

/// Whose output is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowOutput {
    /// That of runs with a finding
    Failed,
    /// That of every run
    All,
    /// That of none
    None,
}

fn repeats(text: &str) -> Result<u64, String> {
    whole_number(text, 1, 1_000)
}

fn jobs(text: &str) -> Result<usize, String> {
    whole_number(text, 1, 256)
}

fn attempts(text: &str) -> Result<u32, String> {
    whole_number(text, 1, 1_000_000)
}

fn header_name(text: &str) -> Result<String, String> {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_sign) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("`{text}` is not a header field; expected a name such as `x-attempt`"))
}
