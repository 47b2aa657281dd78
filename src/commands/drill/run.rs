//! One run: a fresh tenant, the setup, the command, the teardown, and what was observed of it all. The scenario is loaded
//! between setup and command, so that its counts begin with the command's first call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sync_group_sim::drill::{Ending, Observed, Order, Stop, Written};
use sync_group_sim::scenario::Rulesets;
use sync_group_sim::wire::secrets::{Censor, Secrets};
use sync_group_sim::{JournalFilter, TenantHandle};
use tokio::time::timeout;

use super::capture::Output;
use super::execute::{Executed, execute};
use super::folder::{Evidence, Folder};
use super::group::CommandLine;
use super::interrupt::Interrupt;
use super::site::Site;
use super::states::States;
use super::told::Told;
use super::turns::FirstCall;
use super::watch::{Pace, Watch, now};
use crate::commands::system::in_words;
use crate::drill_args::DrillArgs;

/// A run that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) order: Order,
    pub(super) rulesets: Rulesets,
    pub(super) pace: Pace,
}

/// Why a run was not made.
#[derive(Debug)]
pub(super) enum Failed {
    /// The command cannot be started.
    NotStarted(String),
    /// Something else around it failed.
    Around(String),
}

/// What all runs have in common.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) site: Arc<Site>,
    pub(super) folder: Folder,
    pub(super) args: DrillArgs,
    pub(super) interrupt: Interrupt,
    pub(super) states: States,
}

/// After the end of a command, what is on its way arrives within this time.
const QUIET: Duration = Duration::from_millis(200);
/// How long a setup or a teardown may take.
const HOOK: Duration = Duration::from_mins(5);

impl Crew {
    /// Makes a run.
    pub(super) async fn run(&self, job: &Job, first_call: &FirstCall) -> Result<Observed, Failed> {
        let tenant = self.site.tenant(job.order.seed).map_err(Failed::Around)?;
        let folder = self.site.folder(job.order.number).map_err(Failed::Around)?;
        let told = self.told(job, &tenant, &folder.to_string_lossy());
        let observed = self.in_tenant(job, &tenant, &told, first_call).await;
        self.site.end(&tenant);
        let _ = std::fs::remove_dir_all(folder);
        observed
    }

    async fn in_tenant(
        &self,
        job: &Job,
        tenant: &TenantHandle,
        told: &Told,
        first_call: &FirstCall,
    ) -> Result<Observed, Failed> {
        self.hook("--setup", self.args.setup.as_deref(), told).await?;
        tenant.clear_journal(&JournalFilter::default());
        let before = self.states.of(tenant);
        tenant.set_scenarios(&job.rulesets);
        let loaded = tenant.clock().now;
        let command = CommandLine::filled(&self.args.command, told);
        let mut watch = Watch::new(tenant, job.pace, now());
        let mut interrupt = self.interrupt.clone();
        let look = |now, bytes| {
            let stop = watch.look(now, bytes);
            if let Some(first) = watch.first_call() {
                let _ = first_call.set(first);
            }
            stop
        };
        let executed = execute(&command, told, self.args.grace.0, &mut interrupt, look).await;
        let executed = executed.map_err(|error| Failed::NotStarted(cannot_start(&command, &error)))?;
        let since = now().saturating_duration_since(executed.over);
        let ended_ns = self.site.monotonic_ns().saturating_sub(u64::try_from(since.as_nanos()).unwrap_or(0));
        let _ = timeout(QUIET, std::future::pending::<()>()).await;
        let observed = self.observed(job, tenant, Taken { before, loaded, ended_ns, executed });
        // Writing takes time that other runs need.
        let (folder, evidence, name) =
            (self.folder.clone(), Evidence::of(&observed), job.order.folder.clone());
        let of = tenant.clone();
        let written = tokio::task::spawn_blocking(move || folder.write_run(&name, &of, &evidence)).await;
        written.unwrap_or_else(|error| Err(error.to_string())).map_err(Failed::Around)?;
        self.hook("--teardown", self.args.teardown.as_deref(), told).await?;
        Ok(observed)
    }

    fn told(&self, job: &Job, tenant: &TenantHandle, dir: &str) -> Told {
        let client = tenant.clients().into_iter().next();
        let (client_id, client_secret) =
            client.map(|client| (client.client_id, client.client_secret)).unwrap_or_default();
        Told {
            base_url: tenant.base_url().to_owned(),
            client_id,
            client_secret,
            tenant: tenant.name().to_owned(),
            host: self.site.host(),
            port: self.site.port(),
            scenario: job.order.scenario.clone(),
            run: job.order.number,
            seed: job.order.seed,
            dir: dir.to_owned(),
            control_url: self.args.expose_control.then(|| format!("{}/_sim", tenant.base_url())),
        }
    }

    fn observed(&self, job: &Job, tenant: &TenantHandle, taken: Taken) -> Observed {
        let Taken { before, loaded, ended_ns, executed } = taken;
        let secrets = Secrets::new(tenant.clients().into_iter().map(|client| client.client_secret));
        let censor = Censor::knowing(&secrets);
        let none = JournalFilter { limit: 0, ..JournalFilter::default() };
        Observed {
            exchanges: tenant.exchanges(&JournalFilter::default()),
            dropped: tenant.journal(&none).dropped,
            rules: tenant.scenario(),
            before,
            after: self.states.of(tenant),
            loaded,
            took: executed.took,
            ended_ns,
            deadline: job.pace.deadline,
            ending: executed.ending,
            stdout: written(&executed.stdout, &censor),
            stderr: written(&executed.stderr, &censor),
            left_processes: executed.left_processes,
            astray: self.site.astray(),
            tenant: tenant.name().to_owned(),
        }
    }

    /// Runs a setup or a teardown, if there is one.
    async fn hook(&self, option: &str, script: Option<&str>, told: &Told) -> Result<(), Failed> {
        let Some(script) = script else { return Ok(()) };
        let began = now();
        let late = |now: std::time::Instant, _| {
            (now.saturating_duration_since(began) > HOOK).then_some(Stop::Deadline)
        };
        let filled = told.fill(script.as_ref());
        let command = CommandLine::shell(&filled.to_string_lossy());
        let mut interrupt = self.interrupt.clone();
        let executed = execute(&command, told, self.args.grace.0, &mut interrupt, late).await;
        let executed = executed
            .map_err(|error| Failed::Around(format!("{option}: {}", cannot_start(&command, &error))))?;
        if matches!(executed.ending, Ending::Code(0) | Ending::Stopped(Stop::Interrupted)) {
            return Ok(());
        }
        let output = if executed.stderr.text.trim().is_empty() { executed.stdout } else { executed.stderr };
        let last = output.text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let last: String = last.chars().take(200).collect();
        Err(Failed::Around(format!(
            "{option}: `{script}` ended with {}; expected exit 0. Its last line: {last}",
            executed.ending.in_words()
        )))
    }
}

/// What was taken down at a run's end.
struct Taken {
    before: Arc<Value>,
    loaded: sync_group_sim::Timestamp,
    ended_ns: u64,
    executed: Executed,
}

fn written(output: &Output, censor: &Censor<'_>) -> Written {
    Written { text: censor.text(&output.text), total_bytes: output.total_bytes, is_text: output.is_text }
}

fn cannot_start(command: &CommandLine, error: &std::io::Error) -> String {
    let program = command.program.to_string_lossy();
    let advice = match error.kind() {
        // Systems refuse to start a folder in these words.
        std::io::ErrorKind::PermissionDenied if Path::new(&command.program).is_dir() => {
            return format!(
                "the command `{program}` cannot be started: it is a folder; expected a program in it"
            );
        }
        std::io::ErrorKind::NotFound => "expected a program on the PATH, or a path to one",
        std::io::ErrorKind::PermissionDenied => "expected a program that may be executed",
        _ => "expected a program that can be started",
    };
    format!("the command `{program}` cannot be started: {}; {advice}", in_words(error))
}
