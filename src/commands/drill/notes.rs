//! What a drill calls things: its command, its runs' folders, and the options that a command which repeats a run needs. And
//! what it shows of its plan and of its commands' outputs.

use sync_group_sim::Prerequisites;
use sync_group_sim::clock::{Timestamp, format_duration};
use sync_group_sim::drill::report::text;
use sync_group_sim::drill::report::{Mark, Report, RunReport};
use sync_group_sim::drill::{Drill, Settings};
use sync_group_sim::wire::secrets::{Censor, Secrets};

use super::screen::Screen;
use super::site::DRAW_KEY;
use crate::drill_args::{DrillArgs, FailOn, ShowOutput};
use crate::tenant_args::DEFAULT_FIXTURE;

/// The command as it may be shown.
pub(super) fn shown_command(args: &DrillArgs) -> Vec<String> {
    let none = Secrets::default();
    let censor = Censor::knowing(&none);
    args.command.iter().map(|word| censor.text(&word.to_string_lossy())).collect()
}

/// What the library has to know.
pub(super) fn settings(args: &DrillArgs, seed: u64, began: Timestamp) -> Settings {
    Settings {
        command: shown_command(args),
        options: options(args),
        seed,
        draw_key: DRAW_KEY.to_owned(),
        jobs: args.jobs,
        fixture: args.tenant.fixture.clone(),
        enforces: args.tenant.prerequisites.chosen == Prerequisites::Enforce,
        success: args.success_exit.clone(),
        max_attempts: usize::try_from(args.max_attempts).unwrap_or(usize::MAX),
        silence: args.silence.0,
        attempt_header: args.attempt_header.clone(),
        fail_on: args.fail_on.into(),
        has_timeout: args.timeout.is_some(),
        is_strict: args.strict,
        began,
    }
}

/// The options that are not as they are by default, and without which a run is another.
fn options(args: &DrillArgs) -> Vec<String> {
    let mut options = Vec::new();
    let mut add = |name: &str, value: String| options.extend([name.to_owned(), value]);
    if args.tenant.fixture != DEFAULT_FIXTURE {
        add("--fixture", args.tenant.fixture.clone());
    }
    if args.tenant.prerequisites.chosen != Prerequisites::Enforce {
        add("--prerequisites", "ignore".to_owned());
    }
    if let Some(limit) = args.tenant.rate_limit.0 {
        add("--rate-limit", limit.to_string());
    }
    if let Some(timeout) = args.timeout {
        add("--timeout", format_duration(timeout.0));
    }
    if args.silence.0 != std::time::Duration::from_secs(110) {
        add("--silence", format_duration(args.silence.0));
    }
    if let Some(script) = &args.setup {
        add("--setup", script.clone());
    }
    if let Some(script) = &args.teardown {
        add("--teardown", script.clone());
    }
    if args.success_exit != [0] {
        let codes: Vec<String> = args.success_exit.iter().map(ToString::to_string).collect();
        add("--success-exit", codes.join(","));
    }
    if args.max_attempts != 10 {
        add("--max-attempts", args.max_attempts.to_string());
    }
    match args.fail_on {
        FailOn::Error => {}
        FailOn::Warning => add("--fail-on", "warning".to_owned()),
        FailOn::Note => add("--fail-on", "note".to_owned()),
    }
    if let Some(name) = &args.attempt_header {
        add("--attempt-header", name.clone());
    }
    if args.expose_control {
        options.push("--expose-control".to_owned());
    }
    options
}

/// The folder of a run, below that of the report.
pub(super) fn run_folder(scenario: &str, seed: u64, first_seed: u64, is_second: bool) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut name: String = scenario.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.starts_with('.') {
        name.insert(0, '_');
    }
    if seed != first_seed {
        name = format!("{name}-seed-{seed}");
    }
    if is_second { format!("runs/{name}-2") } else { format!("runs/{name}") }
}

/// Shows what does not apply and, asked for the plan alone, what does.
pub(super) fn show_plan(drill: &Drill, is_whole: bool, screen: &mut Screen) {
    let Some(plan) = drill.plans().first() else { return };
    let style = screen.style;
    let lines: Vec<String> = plan
        .scenarios
        .iter()
        .filter_map(|scenario| match scenario {
            Err(skipped) => Some(text::left_out(&skipped.name, &skipped.reason, style)),
            Ok(planned) => is_whole.then(|| {
                text::planned(
                    &planned.name,
                    planned.strikes,
                    planned.waits.as_secs_f64(),
                    &planned.aimed,
                    style,
                )
            }),
        })
        .collect();
    if !lines.is_empty() {
        screen.show(&format!("\n{}", lines.join("\n")));
    }
    if is_whole {
        let runs = plan.scenarios.iter().filter(|scenario| scenario.is_ok()).count();
        let left_out = plan.scenarios.len() - runs;
        screen.show(&format!("\n{runs} scenarios apply, {left_out} do not"));
    }
}

/// Prints the outputs that were asked for.
pub(super) fn show_outputs(report: &Report, which: ShowOutput, screen: &mut Screen) {
    let is_shown = |run: &&RunReport| match which {
        ShowOutput::All => true,
        ShowOutput::Failed => run.mark >= Mark::Warning,
        ShowOutput::None => false,
    };
    for run in report.runs.iter().filter(is_shown) {
        for (what, written) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            if !written.trim().is_empty() {
                screen.show(&format!(
                    "\n--- {what} of {} (run {})\n{}",
                    run.scenario,
                    run.number,
                    written.trim_end()
                ));
            }
        }
    }
}
