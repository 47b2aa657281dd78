//! How long runs may take, from what the clean run took.

use std::time::Duration;

pub(super) use super::watch::Pace;
use crate::drill_args::DrillArgs;

/// The shortest time that a run has from its first call.
const LEAST: Duration = Duration::from_secs(20);
/// The shortest time that it has until that call.
const LEAST_TO_FIRST: Duration = Duration::from_mins(1);
/// The same where the user set a time: on a busy machine a command begins late.
const START: Duration = Duration::from_secs(10);
/// The time that a clean run has, of which nobody knows yet how long it takes.
const CLEAN: Duration = Duration::from_mins(5);
/// How many times longer than the clean run others may take.
const TIMES: u32 = 5;
/// Calls that no command makes by accident.
const MANY_CALLS: usize = 5_000;

/// A clean run's.
pub(super) fn clean(args: &DrillArgs) -> Pace {
    let given = args.timeout.map(|timeout| timeout.0);
    Pace {
        before_first: given.map_or(LEAST_TO_FIRST, |given| given.max(START)),
        deadline: given.unwrap_or(CLEAN),
        beyond: Duration::ZERO,
        most_attempts: usize::try_from(args.max_attempts).unwrap_or(usize::MAX),
        silence: args.silence.0,
        most_calls: 90_000,
    }
}

/// Another run's, whose scenario asks for `waits` of its own; `cores` are what all runs at the same time share.
pub(super) fn of(
    args: &DrillArgs,
    clean: Duration,
    clean_calls: usize,
    waits: Duration,
    cores: usize,
) -> Pace {
    let share = u32::try_from(args.jobs.div_ceil(cores.max(1))).unwrap_or(1).max(1);
    // Runs that share a core slow each other down; the clean run had it for itself.
    let crowded = 2 * clean * (share - 1);
    let (base, first, beyond) = match args.timeout {
        Some(timeout) => (timeout.0, timeout.0.max(START).max(TIMES * clean), Duration::ZERO),
        None => (LEAST.max(TIMES * clean) + crowded, LEAST_TO_FIRST.max(TIMES * clean), args.silence.0),
    };
    Pace {
        before_first: first * share,
        deadline: base + waits,
        beyond,
        most_attempts: usize::try_from(args.max_attempts).unwrap_or(usize::MAX),
        silence: args.silence.0,
        most_calls: MANY_CALLS.max(clean_calls.saturating_mul(20)).min(90_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> DrillArgs {
        use clap::Parser;
        #[derive(Parser)]
        struct Only {
            #[command(flatten)]
            args: DrillArgs,
        }
        Only::parse_from(["drill", "--jobs", "4", "true"]).args
    }

    #[test]
    fn a_run_has_five_times_as_long_as_the_clean_one_and_what_its_scenario_asks_for() {
        let seconds = Duration::from_secs;
        let quick = of(&args(), seconds(1), 10, seconds(30), 2);
        assert_eq!((quick.deadline, quick.before_first), (seconds(52), seconds(120)));
        let slow = of(&args(), seconds(60), 10_000, Duration::ZERO, 2);
        assert_eq!((slow.deadline, slow.before_first, slow.most_calls), (seconds(420), seconds(600), 90_000));
    }
}
