//! `sync-group-sim scenarios`: lists the built-in scenarios by topic, with their lessons, or prints one.

use sync_group_sim::scenario::library;

use super::wrap::wrapped;
use super::{Outcome, list_or_print};

pub(super) fn scenarios(name: Option<&str>) -> Outcome {
    let topics: Vec<_> = library::TOPICS.iter().map(|(topic, names)| in_words(topic, names)).collect();
    let lines = [topics.join("\n\n")];
    list_or_print("scenario", name, &lines, |name| library::text(name).map(str::to_owned), &library::names())
}

/// A topic with its scenarios: each name on a line of its own, its lesson below.
fn in_words(topic: &str, names: &[&str]) -> String {
    let scenario = |name: &&str| {
        let ruleset = library::ruleset(name);
        let lesson = ruleset.as_ref().and_then(|ruleset| ruleset.lesson()).unwrap_or_default();
        format!("  {name}\n{}", wrapped(lesson, 6))
    };
    let scenarios: Vec<_> = names.iter().map(scenario).collect();
    format!("{topic}\n{}", scenarios.join("\n"))
}
