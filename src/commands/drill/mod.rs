//! `sync-group-sim drill`: runs a command once per scenario, each run in a tenant of its own, and says how it bore up. Here
//! is the order of things: the clean run, the plan, the runs, the reports. What is judged, and how, is in the library.

mod capture;
mod execute;
mod folder;
mod group;
mod interrupt;
mod jobs;
mod notes;
mod pace;
mod run;
mod screen;
mod select;
mod site;
mod states;
#[cfg(unix)]
mod stragglers;
mod told;
mod turns;
mod watch;
mod write;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use rand::Rng;
use sync_group_sim::drill::report::text;
use sync_group_sim::drill::report::{Mark, Purpose};
use sync_group_sim::drill::{Drill, Ending, Order, SelectedScenario, Stop};
use sync_group_sim::scenario::Rulesets;
use sync_group_sim::{Fixture, Timestamp};

use self::folder::Folder;
use self::interrupt::Interrupt;
use self::run::{Crew, Failed, Job};
use self::screen::Screen;
use self::site::{Ground, Site};
use self::states::States;
use self::turns::FirstCall;
use self::watch::now;
use super::system::in_words;
use super::{Failure, Outcome};
use crate::drill_args::{DrillArgs, FailOn};
use crate::files::Files;

pub(super) fn drill(args: DrillArgs) -> Outcome {
    if args.command.is_empty() {
        let message = "nothing after `sync-group-sim drill`; expected a command; write `sync-group-sim drill -- python sync.py`";
        return Err(Failure::Usage(message.to_owned()));
    }
    for warning in told::check(&args.command).map_err(Failure::Usage)? {
        eprintln!("warning: {warning}");
    }
    let fixture = fixture(&args).map_err(Failure::Usage)?;
    let asked = select::select(&args.only, &args.skip, &fixture).map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Failure::Failed(format!("threads cannot be started: {}", in_words(&error))))?;
    let ended = runtime.block_on(conduct(args, fixture, &asked));
    // Every group was ended; a drive that hangs is not waited for.
    runtime.shutdown_background();
    ended
}

fn fixture(args: &DrillArgs) -> Result<Fixture, String> {
    let options = sync_group_sim::TenantOptions {
        prerequisites: args.tenant.prerequisites.chosen,
        ..sync_group_sim::TenantOptions::default()
    };
    Files::new(&args.tenant.fixture, &[], &options).fixture()
}

/// The drill itself.
async fn conduct(args: DrillArgs, fixture: Fixture, asked: &[SelectedScenario]) -> Outcome {
    let began = now();
    let cannot =
        |error: std::io::Error| Failure::Failed(format!("signals cannot be caught: {}", in_words(&error)));
    let interrupt = Interrupt::listen().map_err(cannot)?;
    // Tools that read JSON numbers as doubles keep 53 bits.
    let seed = args.tenant.seed.unwrap_or_else(|| made_up() >> 11);
    let ground = Ground {
        fixture,
        prerequisites: args.tenant.prerequisites.chosen,
        rate_limit: args.tenant.rate_limit,
        expose_control: args.expose_control,
    };
    let folder = Folder::make(&args.out).map_err(Failure::Usage)?;
    let site = Site::open(ground).await.map_err(Failure::Failed)?;
    let mut screen = Screen::new();
    let mut drill = Drill::new(notes::settings(&args, seed, wall_now()));
    screen.show(&text::head(&notes::shown_command(&args), seed, args.jobs, screen.style));
    let crew = Arc::new(Crew { site, folder, args, interrupt, states: States::default() });
    let is_clean = clean(&crew, &mut drill, seed, &mut screen).await?;
    if is_clean {
        drill.plan(asked, crew.args.repeat);
        notes::show_plan(&drill, crew.args.list, &mut screen);
        if crew.args.list {
            return Ok(());
        }
        jobs::work(&crew, &mut drill, &mut screen).await;
    }
    end(&crew, &drill, began, &mut screen)
}

/// The clean run, twice. Says whether the drill goes on.
async fn clean(crew: &Crew, drill: &mut Drill, seed: u64, screen: &mut Screen) -> Result<bool, Failure> {
    for number in [1, 2] {
        let job = Job {
            order: Order {
                number,
                purpose: Purpose::Clean,
                scenario: "clean".to_owned(),
                seed,
                folder: notes::run_folder("clean", seed, seed, number == 2),
            },
            rulesets: Rulesets::default(),
            pace: pace::clean(&crew.args),
        };
        let observed = match crew.run(&job, &FirstCall::default()).await {
            Ok(observed) => observed,
            Err(Failed::NotStarted(message)) => return Err(Failure::Usage(message)),
            Err(Failed::Around(message)) => return Err(Failure::Inconclusive(message)),
        };
        if observed.ending == Ending::Stopped(Stop::Interrupted) {
            drill.interrupt();
        }
        let is_right = drill.add_clean(&job.order, observed).is_ok();
        if !is_right || crew.interrupt.is_requested() {
            return Ok(false);
        }
    }
    if let Some(clean) = drill.clean_report() {
        screen.show(&text::clean(&clean, screen.style));
    }
    Ok(true)
}

/// Writes the reports, and tells what the drill came to.
fn end(crew: &Crew, drill: &Drill, began: Instant, screen: &mut Screen) -> Outcome {
    let report = drill.report(now().saturating_duration_since(began));
    let main = write::reports(&report, &crew.folder, &crew.args.report, crew.args.fail_on.into())
        .map_err(Failure::Failed)?;
    notes::show_outputs(&report, crew.args.show_output, screen);
    screen.show(&format!("\n{}", text::end(&report, screen.style, &main)));
    match report.conclusion.exit_code {
        0 => Ok(()),
        code => Err(Failure::Silent(code)),
    }
}

/// A seed that nobody asked for.
#[expect(clippy::disallowed_methods, reason = "an unchosen seed starts here")]
fn made_up() -> u64 {
    rand::make_rng::<rand::rngs::Xoshiro256PlusPlus>().next_u64()
}

/// When the drill begins, for its reports.
#[expect(clippy::disallowed_methods, reason = "reports say when they were made")]
fn wall_now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl From<FailOn> for Mark {
    fn from(level: FailOn) -> Self {
        match level {
            FailOn::Note => Self::Note,
            FailOn::Warning => Self::Warning,
            FailOn::Error => Self::Error,
        }
    }
}
