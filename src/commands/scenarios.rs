//! `sync-group-sim scenarios`: lists the built-in scenarios with their lessons, or prints one.

use sync_group_sim::scenario::library;

use super::{Outcome, list_or_print};

pub(super) fn scenarios(name: Option<&str>) -> Outcome {
    let width = library::BUILT_IN.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let line = |(name, _): &(&str, &str)| {
        let ruleset = library::ruleset(name);
        let lesson = ruleset.as_ref().and_then(|ruleset| ruleset.lesson()).unwrap_or_default();
        format!("{name:<width$}  {lesson}")
    };
    let lines: Vec<_> = library::BUILT_IN.iter().map(line).collect();
    list_or_print("scenario", name, &lines, |name| library::text(name).map(str::to_owned), &library::names())
}
