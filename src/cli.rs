//! The command line as it is written. Every option is also an environment variable; a flag takes precedence
//! over its variable.

pub(crate) mod environment;
mod listen;
mod usage;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use sync_group_sim::TenantOptions;
use sync_group_sim::clock::{is_whole_seconds, parse_duration};
use sync_group_sim::version::VERSIONS;

use crate::drill_args::DrillArgs;
use crate::limit_args::{LimitArgs, Time, entry, time_that, yes_or_no};
use crate::server_args::ServerAddressArgs;
use crate::tenant_args::{DEFAULT_FIXTURE, FIXTURE, PrerequisitesArgs, TenantArgs};
use usage::Refused;

/// A local stand-in for the Password Sync Groups API of SailPoint Identity Security Cloud.
///
/// It keeps everything in memory and makes no outgoing calls. Not affiliated with SailPoint.
#[derive(Debug, Parser)]
#[command(name = "sync-group-sim", version, args_conflicts_with_subcommands = true, max_term_width = 80)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

impl Cli {
    /// Reads the command line and the environment, or says what is wrong with them. Asked for help, it prints that and
    /// ends the process.
    pub(crate) fn read() -> Result<Self, String> {
        let arguments = usage::arguments();
        let command = for_one_command(Self::command(), arguments.first());
        let mut known = with_notes_apart(without_empty_variables(command));
        let written = with_negative_values(&known, std::env::args_os().collect());
        let read = known.try_get_matches_from_mut(written);
        match read.and_then(|matches| Self::from_arg_matches(&matches)) {
            Ok(read) => Ok(read),
            Err(error) if !error.use_stderr() => error.exit(),
            Err(error) => Err(Refused { error: &error, known: &known, arguments: &arguments }.told()),
        }
    }
}

/// Leaves the variables of the server's own options unread where another command is asked for: what is wrong with them
/// does not concern that command, nor does it list them.
fn for_one_command(known: clap::Command, first: Option<&String>) -> clap::Command {
    let is_another = |name: &String| name != "serve" && known.find_subcommand(name).is_some();
    if !first.is_some_and(is_another) {
        return known;
    }
    known.mut_args(|arg| arg.env(Resettable::Reset))
}

/// Ties a value such as `-1` to the option before it, as people mean it; the parser takes it for an option.
fn with_negative_values(known: &clap::Command, arguments: Vec<OsString>) -> Vec<OsString> {
    let takes_one = |option: &str| {
        let commands = std::iter::once(known).chain(known.get_subcommands());
        let mut options = commands.flat_map(clap::Command::get_arguments);
        options.any(|arg| arg.get_long() == Some(option) && arg.get_action().takes_values())
    };
    let is_negative = |value: &str| {
        let digits = value.strip_prefix('-').map(|value| value.trim_start_matches('.'));
        digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut written: Vec<OsString> = Vec::with_capacity(arguments.len());
    let mut is_behind_all = false;
    for argument in arguments {
        is_behind_all |= argument == "--";
        let option = written.last().and_then(|last| last.to_str()?.strip_prefix("--"));
        let is_value = argument.to_str().is_some_and(is_negative) && option.is_some_and(takes_one);
        match written.last_mut() {
            Some(option) if is_value && !is_behind_all => {
                option.push("=");
                option.push(argument);
            }
            _ => written.push(argument),
        }
    }
    written
}

/// Has `--help` of a command write the variable and the default of an option on lines of their own, as that of the whole
/// program does; on one line with the rest they would be broken somewhere.
fn with_notes_apart(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| match command.get_about().cloned() {
        Some(about) => command.long_about(about),
        None => command,
    })
}

/// Treats an empty variable as unset: `${X:-}` in a compose file leaves one.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| match arg.get_env() {
            Some(name) if is_empty(name) => arg.env(Resettable::Reset),
            _ => arg,
        })
        .mut_subcommands(without_empty_variables)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API (the default command)
    Serve(Box<ServeArgs>),
    /// List the built-in fixtures, or print one
    Fixtures {
        /// The fixture to print
        name: Option<String>,
    },
    /// List the built-in scenarios by topic with their lessons, or print one
    Scenarios {
        /// The scenario to print
        name: Option<String>,
    },
    /// List the verdicts on clients, or explain one
    Verdicts {
        /// The verdict to explain
        name: Option<String>,
    },
    /// Check scenario and fixture files, and say in plain words what a scenario will do
    Check {
        /// The files; JSON by the ending .json, YAML by any other
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        prerequisites: PrerequisitesArgs,
        /// The fixture whose clients the rules may be about, unless one is checked along
        #[arg(long, env = "SYNC_GROUP_SIM_FIXTURE", default_value = DEFAULT_FIXTURE, value_name = FIXTURE)]
        fixture: String,
    },
    /// Run a command once per scenario, and say how it bears up: sync-group-sim drill -- python sync.py
    Drill(Box<DrillArgs>),
    /// Print the OpenAPI document that is served
    Openapi {
        /// The API version
        #[arg(long, env = "SYNC_GROUP_SIM_API_VERSION", default_value = "v2024", value_parser = VERSIONS.map(|version| version.name))]
        api_version: String,
        /// The base URL for `servers`
        #[arg(long, env = "SYNC_GROUP_SIM_URL", default_value = DEFAULT_URL, hide_env_values = true)]
        url: String,
        #[command(flatten)]
        prerequisites: PrerequisitesArgs,
    },
    /// Print shell commands that point the vendor's SDKs here: eval "$(sync-group-sim env)"
    Env {
        /// Print the commands that undo it
        #[arg(long)]
        unset: bool,
        /// The shell, or kind of file, that they are for
        #[arg(long, value_enum, default_value = "sh")]
        shell: Shell,
        /// The fixture whose first client is used; when absent, the server is asked for its first client
        #[arg(long, env = "SYNC_GROUP_SIM_FIXTURE", value_name = FIXTURE)]
        fixture: Option<String>,
        #[command(flatten)]
        server: ServerAddressArgs,
    },
    /// Ask a server whether it is up: exit code 0 when it answers, 1 when not
    Health {
        #[command(flatten)]
        server: ServerAddressArgs,
    },
    /// Show what clients did and were told, a line for each exchange
    Journal(JournalArgs),
    /// Write a scenario and a test to begin from
    Init {
        /// The folder; it is made if it is not there
        #[arg(default_value = ".", value_name = "DIR")]
        folder: PathBuf,
        /// What the test is written in
        #[arg(long, value_enum, default_value = TestLanguage::USUAL)]
        test: TestLanguage,
    },
    /// Print the JSON Schema of a file format, for editors
    Schema {
        /// The file format
        format: FileFormat,
    },
    /// Print a completion script
    Completions {
        /// The shell that it is for
        shell: clap_complete::Shell,
    },
}

/// The default address of a server.
const DEFAULT_URL: &str = "http://127.0.0.1:4580";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FileFormat {
    /// Scenario files
    Scenario,
    /// Fixture files
    Fixture,
}

/// What is told how to set a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// sh, bash, zsh: eval "$(sync-group-sim env)"
    #[value(aliases = ["bash", "zsh"])]
    Sh,
    /// fish: sync-group-sim env --shell fish | source
    Fish,
    /// PowerShell: sync-group-sim env --shell powershell | Invoke-Expression
    #[value(alias = "pwsh")]
    Powershell,
    /// cmd.exe: a batch file, to be run with `call`
    Cmd,
    /// A file of lines NAME=value
    Dotenv,
}

/// What a test to begin from is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestLanguage {
    /// A shell script with curl
    Sh,
    /// Python, its own unittest
    Python,
    /// A PowerShell script
    Powershell,
}

impl TestLanguage {
    /// What this system has.
    const USUAL: &'static str = if cfg!(windows) { "powershell" } else { "sh" };
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Go on with what happens, until the tenant or the server ends
    #[arg(long, conflicts_with = "har")]
    pub(crate) follow: bool,
    /// Print each exchange as the control API has it, JSON on one line
    #[arg(long, conflicts_with = "har")]
    pub(crate) json: bool,
    /// Write the journal to this file as an HTTP archive (HAR) instead; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) har: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerAddressArgs,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option without a value")]
pub(crate) struct ServeArgs {
    /// Address and port to listen on, or a port of this machine only; port 0 takes a free one
    #[arg(
        long,
        env = "SYNC_GROUP_SIM_LISTEN",
        default_value = "127.0.0.1:4580",
        value_name = "ADDRESS:PORT",
        value_parser = listen::address
    )]
    pub(crate) listen: SocketAddr,
    /// Write the port to this file once the server listens, and remove it at the end; a pipe or a device stays
    #[arg(long, env = "SYNC_GROUP_SIM_PORT_FILE", value_name = "PATH")]
    pub(crate) port_file: Option<PathBuf>,
    /// Stop when standard input ends: whoever holds its other end and dies, however, takes the server along
    #[arg(long, env = "SYNC_GROUP_SIM_STOP_WITH_STDIN", value_parser = yes_or_no)]
    pub(crate) stop_with_stdin: bool,
    #[command(flatten)]
    pub(crate) tenant: TenantArgs,
    /// What goes wrong: a built-in scenario or a file (repeatable; in the variable, with commas); files are reloaded when they change
    #[arg(long, env = "SYNC_GROUP_SIM_SCENARIO", value_name = "NAME|PATH", value_delimiter = ',', value_parser = entry)]
    pub(crate) scenario: Vec<String>,
    /// How long a token lives when its client has no lifetime of its own; whole seconds
    #[arg(long, env = "SYNC_GROUP_SIM_TOKEN_LIFETIME", default_value_t = Time(TenantOptions::default().token_lifetime), value_parser = token_lifetime, value_name = "TIME")]
    pub(crate) token_lifetime: Time,
    /// How long the platform takes to change a password
    #[arg(long, env = "SYNC_GROUP_SIM_PASSWORD_CHANGE_TIME", default_value_t = Time(TenantOptions::default().password_change_time), value_parser = any_time, value_name = "TIME")]
    pub(crate) password_change_time: Time,
    /// Answer 404 for tenants that do not exist instead of making them
    #[arg(long, env = "SYNC_GROUP_SIM_STRICT_TENANTS", value_parser = yes_or_no)]
    pub(crate) strict_tenants: bool,
    /// A further domain whose first label names a tenant (repeatable)
    #[arg(long, env = "SYNC_GROUP_SIM_TENANT_DOMAIN", value_name = "DOMAIN", value_delimiter = ',', value_parser = domain)]
    pub(crate) tenant_domain: Vec<String>,
    /// Serve https with this certificate chain (PEM)
    #[arg(
        long,
        env = "SYNC_GROUP_SIM_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "tls_self_signed"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, env = "SYNC_GROUP_SIM_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Serve https with a certificate generated for localhost; prints where the CA's certificate was written
    #[arg(long, env = "SYNC_GROUP_SIM_TLS_SELF_SIGNED", value_parser = yes_or_no)]
    pub(crate) tls_self_signed: bool,
    /// With --tls-self-signed: write the CA's certificate to this file, and remove it at the end; a pipe or a device stays
    #[arg(long, env = "SYNC_GROUP_SIM_TLS_CA_FILE", value_name = "PATH")]
    pub(crate) tls_ca_file: Option<PathBuf>,
    /// Keep each tenant's journal in this folder when the tenant is deleted and when the server stops
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_DIR", value_name = "DIR")]
    pub(crate) journal_dir: Option<PathBuf>,
    /// One line per request on stderr
    #[arg(long, env = "SYNC_GROUP_SIM_LOG", default_value = "text", value_enum)]
    pub(crate) log: Log,
    /// Log control calls and health checks, too
    #[arg(long, env = "SYNC_GROUP_SIM_LOG_CONTROL", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) log_control: bool,
    /// Whether the control API under /_sim exists
    #[arg(long, env = "SYNC_GROUP_SIM_CONTROL", default_value = "on", value_enum)]
    pub(crate) control: OnOff,
    /// Whether browsers may show the API's answers to pages of other origins; never the control API's
    #[arg(long, env = "SYNC_GROUP_SIM_CORS", default_value = "on", value_enum)]
    pub(crate) cors: OnOff,
    /// The bearer token that the control API asks for; generated and printed when listening beyond loopback
    #[arg(long, env = "SYNC_GROUP_SIM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    Text,
    Json,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnOff {
    On,
    Off,
}

fn any_time(text: &str) -> Result<Time, String> {
    parse_duration(text).map(Time)
}

fn token_lifetime(text: &str) -> Result<Time, String> {
    time_that(text, is_whole_seconds, " cannot be a token's lifetime; expected whole seconds, 1s or more")
}

fn domain(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a domain; expected one such as sim.example"))
}
