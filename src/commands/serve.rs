//! `sync-group-sim serve`: serves until the process is asked to stop.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rand::Rng;
use sync_group_sim::{
    Config, ControlPolicy, Cors, JournalDir, SecretSource, Simulator, TenantOptions, Tls, UnknownTenants,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::banner::Banner;
use super::signals::EndOfInput;
use super::system::in_words;
use super::{Failure, Outcome, print, signals};
use crate::cli::{Log, OnOff, ServeArgs, environment};
use crate::files::{Files, known_names};
use crate::log;
use crate::own_files::{OwnFile, OwnFiles};

pub(super) fn serve(args: &ServeArgs) -> Outcome {
    check_token(args.control_token.as_deref())?;
    if args.tls_ca_file.is_some() && !args.tls_self_signed {
        let message = "`--tls-ca-file` is for the certificate of a generated CA; expected `--tls-self-signed` beside it";
        return Err(Failure::Usage(message.to_owned()));
    }
    // Kept until the end: the remaining lines are written when it is dropped.
    let _log = log::to_stderr(args.log, args.log_control);
    for warning in environment::warnings() {
        log::warn(args.log, &warning);
    }
    #[cfg(unix)]
    allow_descriptors(args.limits.limits().max_connections);
    let options = TenantOptions {
        // Tools that read JSON numbers as doubles keep 53 bits.
        seed: args.tenant.seed.unwrap_or_else(|| made_up() >> 11),
        secrets: secret_source(args),
        prerequisites: args.tenant.prerequisites.chosen,
        rate_limit: args.tenant.rate_limit.0,
        token_lifetime: args.token_lifetime.0,
        password_change_time: args.password_change_time.0,
        ..args.limits.tenant_options()
    };
    let files = Files::new(&args.tenant.fixture, &args.scenario, &options);
    let mut config = config(args, options, &files)?;
    let made = OwnFiles::default();
    let remove = {
        let made = made.clone();
        move || made.remove()
    };
    let end_of_input = if args.stop_with_stdin { EndOfInput::Stop } else { EndOfInput::Nothing };
    let stop = signals::stop(config.limits.drain_timeout, end_of_input, remove)
        .map_err(|error| Failure::Failed(format!("signals cannot be caught: {}", in_words(&error))))?;
    let (tls, authority) = tls(args, &made)?;
    config.tls = tls;
    let (seed, control, scenarios) = (config.options.seed, config.control.clone(), config.scenarios.clone());
    let simulator = Simulator::new(config).map_err(|error| Failure::Failed(error.to_string()))?;
    let banner = |address| Banner {
        address,
        args,
        seed,
        scenarios: &scenarios,
        clients: simulator.clients(),
        control: &control,
        authority: authority.as_deref(),
    };
    let runtime = runtime()
        .map_err(|error| Failure::Failed(format!("threads cannot be started: {}", in_words(&error))))?;
    let served = runtime.block_on(serve_until_stopped(args, &simulator, files, banner, &made, stop));
    // A control call that takes long, or a drive that hangs, is not waited for.
    runtime.shutdown_background();
    made.remove();
    served
}

/// How the simulator is set up.
fn config(args: &ServeArgs, options: TenantOptions, files: &Files) -> Result<Config, Failure> {
    let fixture = files.fixture().map_err(Failure::Failed)?;
    let known = known_names(&format!("fixture `{}` (--fixture)", args.tenant.fixture), &fixture);
    Ok(Config {
        scenarios: files.scenarios(&known).map_err(Failure::Failed)?,
        fixture,
        options,
        max_tenants: args.limits.max_tenants(),
        journal_total_bytes: args.limits.journal_total_bytes(),
        state_total_bytes: args.limits.state_total_bytes(),
        unknown_tenants: if args.strict_tenants { UnknownTenants::Refused } else { UnknownTenants::Made },
        tenant_domains: args.tenant_domain.clone(),
        control: control_policy(args),
        cors: if args.cors == OnOff::On { Cors::On } else { Cors::Off },
        limits: args.limits.limits(),
        tls: None,
        journal_dir: args
            .journal_dir
            .as_deref()
            .map(JournalDir::open)
            .transpose()
            .map_err(Failure::Failed)?,
    })
}

/// Listens, says so, and serves until the process is asked to stop.
async fn serve_until_stopped<'b>(
    args: &ServeArgs,
    simulator: &Simulator,
    files: Files,
    banner: impl FnOnce(SocketAddr) -> Banner<'b>,
    made: &OwnFiles,
    mut stop: oneshot::Receiver<()>,
) -> Outcome {
    let listener =
        TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(args.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot_listen(args.listen, &error))?;
    let banner = banner(address);
    let (text, base_url) = (banner.text(), banner.base_url());
    let (port_file, made, log) = (args.port_file.clone(), made.clone(), args.log);
    let tell = move || -> Outcome {
        if let Some(path) = port_file {
            let port = format!("{}\n", address.port());
            made.keep(OwnFile::put(&path, port.as_bytes()).map_err(Failure::Failed)?);
        }
        print(&text)?;
        // Whoever reads the log by machine may not see what is printed.
        if log == Log::Json {
            tracing::info!(url = base_url, "listening");
        }
        Ok(())
    };
    tokio::select! {
        told = tokio::task::spawn_blocking(tell) => {
            told.map_err(|error| Failure::Failed(format!("the start failed: {error}")))??;
        }
        _ = &mut stop => return Ok(()),
    }
    files.watch(simulator);
    let stop = async {
        let _ = stop.await;
    };
    simulator.serve(listener, stop).await.map_err(|error| Failure::Failed(error.to_string()))
}

/// Descriptors beside those of connections: files, the listener, and connections that are being refused.
#[cfg(unix)]
const OTHER_DESCRIPTORS: usize = 512;

/// Each connection takes a descriptor, and shells allow few: raises the limit as far as it may be raised.
#[cfg(unix)]
fn allow_descriptors(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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

/// What clients are shown over TLS, and where the generated CA certificate was written.
fn tls(args: &ServeArgs, made: &OwnFiles) -> Result<(Option<Tls>, Option<PathBuf>), Failure> {
    if args.tls_self_signed {
        let (tls, authority) = Tls::self_signed(&args.tenant_domain).map_err(Failure::Failed)?;
        return Ok((Some(tls), Some(write_authority(args.tls_ca_file.as_deref(), &authority, made)?)));
    }
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            Ok((Some(Tls::from_files(certificate, key).map_err(Failure::Failed)?), None))
        }
        _ => Ok((None, None)),
    }
}

/// Writes a generated CA's certificate to the file that was named, or to one of its own; returns which.
fn write_authority(named: Option<&Path>, authority: &str, made: &OwnFiles) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        made.keep(OwnFile::put(path, authority.as_bytes()).map_err(Failure::Failed)?);
        return Ok(path.to_owned());
    }
    let folder = std::env::temp_dir();
    let file = OwnFile::make_in(&folder, "sync-group-sim-ca", "pem", authority.as_bytes());
    let file = file.map_err(Failure::Failed)?;
    let path = file.path().to_owned();
    made.keep(Some(file));
    Ok(path)
}

/// Whether a token can be sent in a header field. The parser of the command line would show the one that cannot.
fn check_token(token: Option<&str>) -> Outcome {
    let is_sendable = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_none_or(is_sendable) {
        return Ok(());
    }
    let message =
        "--control-token: characters that cannot be sent; expected visible ASCII characters without spaces";
    Err(Failure::Usage(message.to_owned()))
}

/// Who may use the control API: if there is a token, anybody who has it; beyond loopback there always is one.
fn control_policy(args: &ServeArgs) -> ControlPolicy {
    match (args.control, &args.control_token) {
        (OnOff::Off, _) => ControlPolicy::Off,
        (OnOff::On, Some(token)) => ControlPolicy::Token(token.clone()),
        (OnOff::On, None) if args.listen.ip().is_loopback() => ControlPolicy::Local,
        (OnOff::On, None) => ControlPolicy::Token(format!("{:016x}{:016x}", made_up(), made_up())),
    }
}

/// Where secrets come from: a seed that was asked for repeats everything; one that was made up is shown, and nobody must be
/// able to forge a token with it.
fn secret_source(args: &ServeArgs) -> SecretSource {
    let bits = || u128::from(made_up()) << 64 | u128::from(made_up());
    if args.tenant.seed.is_some() { SecretSource::Seed } else { SecretSource::Bits(bits().to_be_bytes()) }
}

/// A number that nobody can guess.
#[expect(
    clippy::disallowed_methods,
    reason = "an unchosen seed and a token that must not be guessed start here"
)]
fn made_up() -> u64 {
    rand::make_rng::<rand::rngs::Xoshiro256PlusPlus>().next_u64()
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let hint = if error.kind() == io::ErrorKind::AddrInUse {
        "; try --listen 127.0.0.1:0 for a free port"
    } else {
        ""
    };
    Failure::Failed(format!("cannot listen on {address}: {}{hint}", in_words(error)))
}
