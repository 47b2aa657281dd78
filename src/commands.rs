//! What each command does.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use rand::Rng;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sync_group_sim::contract::Contract;
use sync_group_sim::fixture::{self, Client, Fixture};
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::scenario::{self, library};
use sync_group_sim::server::Tls;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::tenant::TenantOptions;
use sync_group_sim::version::ApiVersion;
use sync_group_sim::world::{ControlPolicy, UnknownTenants};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Command, FileFormat, OnOff, ServeArgs};
use crate::files::{self, Files};
use crate::log;

/// Why a command did not end well, told on stderr.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: it failed or found something.
    Failed(String),
    /// Exit code 2: what was asked for makes no sense.
    Usage(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Usage(message) => f.write_str(message),
        }
    }
}

type Outcome = Result<(), Failure>;

/// Carries out what was said on the command line.
pub(crate) fn run(cli: Cli) -> Outcome {
    match cli.command {
        None => serve(&cli.serve),
        Some(Command::Serve(args)) => serve(&args),
        Some(Command::Fixtures { name }) => fixtures(name.as_deref()),
        Some(Command::Scenarios { name }) => scenarios(name.as_deref()),
        Some(Command::Check { files, prerequisites }) => check(&files, prerequisites),
        Some(Command::Openapi { api_version, url, prerequisites }) => {
            openapi(&api_version, &url, prerequisites)
        }
        Some(Command::Env { unset: true, .. }) => {
            print("unset SAIL_BASE_URL SAIL_CLIENT_ID SAIL_CLIENT_SECRET")
        }
        Some(Command::Env { unset: false, url, fixture }) => env(&url, &fixture),
        Some(Command::Health { url }) => health(&url),
        Some(Command::Schema { format: FileFormat::Scenario }) => print(scenario::SCHEMA.trim_end()),
        Some(Command::Schema { format: FileFormat::Fixture }) => print(fixture::SCHEMA.trim_end()),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sync-group-sim", &mut script);
            print(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

fn serve(args: &ServeArgs) -> Outcome {
    // Until the end: what is still to be written is written then.
    let _log = log::to_stderr(args.log);
    allow_descriptors(args.limits.limits().max_connections);
    // Half the bits: enough luck, and short enough to be typed again.
    let seed = args.seed.unwrap_or_else(|| made_up() >> 32);
    let options = TenantOptions {
        seed,
        prerequisites: args.prerequisites,
        rate_limit: args.rate_limit.0,
        token_lifetime: args.token_lifetime,
        ..args.limits.tenant_options()
    };
    let files = Files::new(&args.fixture, &args.scenario, &options);
    let fixture = files.fixture().map_err(Failure::Failed)?;
    let scenarios = files.scenarios().map_err(Failure::Failed)?;
    let control = control_policy(args);
    let (tls, authority) = tls(args)?;
    let config = Config {
        fixture,
        scenarios,
        options,
        max_tenants: args.limits.max_tenants(),
        unknown_tenants: if args.strict_tenants { UnknownTenants::Refused } else { UnknownTenants::Made },
        tenant_domains: args.tenant_domain.clone(),
        control: control.clone(),
        limits: args.limits.limits(),
        tls,
    };
    let simulator = Simulator::new(config).map_err(|error| Failure::Failed(error.to_string()))?;
    let runtime =
        runtime().map_err(|error| Failure::Failed(format!("threads cannot be started: {error}")))?;
    runtime.block_on(async {
        let listener =
            TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(args.listen, &error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(args.listen, &error))?;
        let stop =
            stop_signal().map_err(|error| Failure::Failed(format!("signals cannot be caught: {error}")))?;
        if let Some(path) = &args.port_file {
            write_port(path, address.port())?;
        }
        let banner = Banner {
            address,
            args,
            seed,
            clients: simulator.clients(),
            control: &control,
            authority: authority.as_deref(),
        };
        print(&banner.text())?;
        tokio::spawn(files.watch(simulator.clone()));
        let served =
            simulator.serve(listener, stop).await.map_err(|error| Failure::Failed(error.to_string()));
        if let Some(path) = &args.port_file {
            // Who waits for the file must not find the port of a server that is gone.
            let _ = std::fs::remove_file(path);
        }
        if let Some(path) = &authority {
            let _ = std::fs::remove_file(path);
        }
        served
    })
}

/// Descriptors beside those of connections: files, the listener, and connections that are being refused.
const OTHER_DESCRIPTORS: usize = 512;

/// Each connection takes a descriptor, and shells allow few: raises the limit as far as it may be raised.
fn allow_descriptors(connections: usize) {
    let wanted = u64::try_from(connections.saturating_add(OTHER_DESCRIPTORS)).unwrap_or(u64::MAX);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit }).is_ok();
    if !is_raised || raised < wanted {
        tracing::warn!(
            "{} open files are allowed (ulimit -n), too few for {connections} connections (--max-connections)",
            if is_raised { raised } else { limit.current.unwrap_or_default() }
        );
    }
}

/// A thread for each core that we may use. On a single core, requests need no handing over between threads.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match std::thread::available_parallelism() {
        Ok(cores) if cores.get() > 1 => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build()
}

/// What clients are shown over TLS, and where the made-up authority's certificate was written.
fn tls(args: &ServeArgs) -> Result<(Option<Tls>, Option<PathBuf>), Failure> {
    if args.tls_self_signed {
        let (tls, authority) = Tls::self_signed(&args.tenant_domain).map_err(Failure::Failed)?;
        let name = format!("sync-group-sim-ca-{}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, authority)
            .map_err(|error| Failure::Failed(format!("{}: cannot be written: {error}", path.display())))?;
        return Ok((Some(tls), Some(path)));
    }
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            Ok((Some(Tls::from_files(certificate, key).map_err(Failure::Failed)?), None))
        }
        _ => Ok((None, None)),
    }
}

/// Who may use the control API: with a token whoever has it, and beyond loopback nobody without one.
fn control_policy(args: &ServeArgs) -> ControlPolicy {
    match (args.control, &args.control_token) {
        (OnOff::Off, _) => ControlPolicy::Off,
        (OnOff::On, Some(token)) => ControlPolicy::Token(token.clone()),
        (OnOff::On, None) if args.listen.ip().is_loopback() => ControlPolicy::Local,
        (OnOff::On, None) => ControlPolicy::Token(format!("{:016x}{:016x}", made_up(), made_up())),
    }
}

/// A number that nobody can guess.
#[expect(clippy::disallowed_methods, reason = "a seed nobody chose and a token nobody may guess begin here")]
fn made_up() -> u64 {
    rand::make_rng::<rand::rngs::Xoshiro256PlusPlus>().next_u64()
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let hint = if error.kind() == io::ErrorKind::AddrInUse {
        "; try --listen 127.0.0.1:0 for a free port"
    } else {
        ""
    };
    Failure::Failed(format!("cannot listen on {address}: {error}{hint}"))
}

/// Ready when the process is asked to stop.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: open requests may finish");
    })
}

/// What is printed at start: the address first, for scripts; then what a person needs.
struct Banner<'a> {
    address: SocketAddr,
    args: &'a ServeArgs,
    seed: u64,
    clients: Vec<Client>,
    control: &'a ControlPolicy,
    /// Where the made-up authority's certificate was written.
    authority: Option<&'a Path>,
}

impl Banner<'_> {
    fn text(&self) -> String {
        let is_https = self.args.tls_self_signed || self.args.tls_cert.is_some();
        let scheme = if is_https { "https" } else { "http" };
        let base_url = format!("{scheme}://{}", reachable(self.address));
        let mut lines = vec![format!("listening on {scheme}://{}", self.address), String::new()];
        for client in &self.clients {
            lines.push(format!(
                "  {:<10} id {}  secret {}",
                client.name, client.client_id, client.client_secret
            ));
        }
        lines.push(format!("  seed       {0} (--seed {0} repeats ids and faults)", self.seed));
        lines.extend(self.args.scenario.iter().map(|scenario| format!("  scenario   {scenario}")));
        lines.extend(
            self.authority.map(|path| format!("  trust      {} (the CA's certificate)", path.display())),
        );
        lines.push(format!("  control    {}", self.control_line(&base_url)));
        lines.extend(self.clients.first().map(|admin| self.try_it(admin, &base_url)));
        lines.join("\n")
    }

    fn control_line(&self, base_url: &str) -> String {
        match self.control {
            ControlPolicy::Off => "off".to_owned(),
            ControlPolicy::Local => format!("{base_url}/_sim (this machine only)"),
            ControlPolicy::Token(token) if self.args.control_token.is_none() => {
                format!("{base_url}/_sim with Authorization: Bearer {token}")
            }
            ControlPolicy::Token(_) => format!("{base_url}/_sim with your token"),
        }
    }

    /// A command that works when it is pasted.
    fn try_it(&self, admin: &Client, base_url: &str) -> String {
        let curl = match self.authority {
            Some(path) => format!("curl --cacert {} -s", quoted(&path.display().to_string())),
            None => "curl -s".to_owned(),
        };
        format!(
            "\nTry it:\n  TOKEN=$({curl} '{base_url}/oauth/token' -d grant_type=client_credentials -d client_id={} \
             -d client_secret={} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'); \
             {curl} '{base_url}/v2024/password-sync-groups' -H \"Authorization: Bearer $TOKEN\"",
            quoted(&admin.client_id),
            quoted(&admin.client_secret)
        )
    }
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, v6.port()).into(),
        other => other,
    }
}

/// Writes the port in one step, so that a reader never sees half of it.
fn write_port(path: &Path, port: u16) -> Outcome {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&unfinished, path))
        .map_err(|error| Failure::Failed(format!("{}: cannot be written: {error}", path.display())))
}

fn fixtures(name: Option<&str>) -> Outcome {
    let lines = fixture::BUILT_IN.map(|built_in| format!("{:<8} {}", built_in.name, built_in.summary));
    list_or_print("fixture", name, &lines, Fixture::built_in_text, &files::fixture_names())
}

fn scenarios(name: Option<&str>) -> Outcome {
    let width = library::BUILT_IN.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, _): &(&str, &str)| {
        let ruleset = library::ruleset(name);
        let lesson = ruleset.as_ref().and_then(|ruleset| ruleset.lesson()).unwrap_or_default();
        format!("{name:<width$}  {lesson}")
    };
    let lines: Vec<_> = library::BUILT_IN.iter().map(line).collect();
    list_or_print("scenario", name, &lines, |name| library::text(name).map(str::to_owned), &library::names())
}

/// Prints a line for each built-in thing, or the text of one.
fn list_or_print(
    what: &str,
    name: Option<&str>,
    lines: &[String],
    text: impl Fn(&str) -> Option<String>,
    names: &str,
) -> Outcome {
    match name.map(|name| (name, text(name))) {
        None => print(&lines.join("\n")),
        Some((_, Some(text))) => print(text.trim_end()),
        Some((name, None)) => {
            Err(Failure::Usage(format!("{what} `{name}` is not built in; expected one of {names}")))
        }
    }
}

fn check(paths: &[PathBuf], prerequisites: Prerequisites) -> Outcome {
    let mut mistakes = Vec::new();
    for path in paths {
        match files::describe(path, prerequisites) {
            Ok(description) => print(&format!("{}: {description}", path.display()))?,
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Failure::Failed(mistakes.join("\n"))) }
}

fn openapi(version: &str, url: &str, prerequisites: Prerequisites) -> Outcome {
    let contract = Contract::built_in().map_err(|error| Failure::Failed(error.to_string()))?;
    let version = ApiVersion::named(version).expect("clap knows the versions");
    let document = contract.document(version, prerequisites, url.trim_end_matches('/'));
    print(&serde_json::to_string_pretty(&document).expect("JSON can be written"))
}

fn env(url: &str, fixture: &str) -> Outcome {
    let options = TenantOptions { prerequisites: Prerequisites::Ignore, ..TenantOptions::default() };
    let fixture = Files::new(fixture, &[], &options).fixture().map_err(Failure::Failed)?;
    let client = fixture.clients.first().expect("a fixture has clients");
    print(&format!(
        "export SAIL_BASE_URL={}\nexport SAIL_CLIENT_ID={}\nexport SAIL_CLIENT_SECRET={}",
        quoted(url.trim_end_matches('/')),
        quoted(&client.client_id),
        quoted(&client.client_secret)
    ))
}

/// Text as one word of a shell command; plain words stay as they are.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
    if text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// How long `health` waits.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks over plain HTTP; small enough for an image without any other client.
fn health(url: &str) -> Outcome {
    let failed = |why: String| Failure::Failed(format!("{url}: {why}"));
    let authority = url
        .strip_prefix("http://")
        .map(|rest| rest.split('/').next().unwrap_or_default())
        .ok_or_else(|| Failure::Usage(format!("`{url}` is no base URL; expected http://host:port")))?;
    let with_port = if authority.rsplit(']').next().unwrap_or_default().contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let address = with_port
        .to_socket_addrs()
        .map_err(|error| failed(error.to_string()))?
        .next()
        .ok_or_else(|| failed("the host has no address".to_owned()))?;
    let answer = ask(address, authority).map_err(|error| failed(format!("no answer: {error}")))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => print(body.trim_end()),
        _ => Err(failed(format!("answered {}", answer.lines().next().unwrap_or_default()))),
    }
}

fn ask(address: SocketAddr, authority: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    socket.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    write!(socket, "GET /_sim/health HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Prints a line on stdout; a reader that went away is no failure.
fn print(text: &str) -> Outcome {
    match writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
