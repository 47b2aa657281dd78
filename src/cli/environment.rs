//! Variables of the environment that begin like ours. One that no option has is probably mistyped: what it was meant to
//! set stays as it is, so it is warned of.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use sync_group_sim::document::nearest;

use crate::cli::Cli;

/// How the variables of options begin.
const PREFIX: &str = "SYNC_GROUP_SIM_";

/// What to say of each variable of this process that begins like ours and that no option has.
pub(crate) fn warnings() -> Vec<String> {
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let ours: Vec<String> = names.filter(|name| name.starts_with(PREFIX)).collect();
    // Usually there is none, and nothing to look up.
    if ours.is_empty() { Vec::new() } else { of_names(&Cli::command(), ours) }
}

/// The same of variables of these names, where `command` and those below it are all that there are.
fn of_names(command: &Command, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    collect(command, &mut known);
    let mut unknown: Vec<String> = names.into_iter().filter(|name| is_unknown(name, &known)).collect();
    unknown.sort();
    unknown.iter().map(|name| warning(name, &known)).collect()
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|option| option.get_env());
    known.extend(names.map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|command| collect(command, known));
}

/// What follows the prefix in the variables of packages: where the binary is, where journals of tests that fail go, which
/// image Compose and Testcontainers start.
const OF_PACKAGES: [&str; 3] = ["BIN", "JOURNALS", "IMAGE"];

/// Packages have variables of their own, drills tell their commands by others, and so do our tests.
fn is_unknown(name: &str, known: &BTreeSet<String>) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let is_for_others = OF_PACKAGES.contains(&rest)
        || rest.ends_with("_BIN")
        || rest.starts_with("DRILL")
        || rest.starts_with("TESTS_");
    !is_for_others && !known.contains(name)
}

fn warning(name: &str, known: &BTreeSet<String>) -> String {
    // What all of them begin with says nothing about which was meant.
    let rests = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let advice = match nearest(name.strip_prefix(PREFIX).unwrap_or(name), rests) {
        Some(meant) => format!("did you mean `{PREFIX}{meant}`?"),
        None => "`sync-group-sim --help` names those that there are".to_owned(),
    };
    format!("the environment variable `{name}` is ignored; expected one that an option has; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_no_option_has_is_warned_of() {
        let given = [
            "PATH",
            "SYNC_GROUP_SIM_LISTEN",
            "SYNC_GROUP_SIM_URL",
            "SYNC_GROUP_SIM_BIN",
            "SYNC_GROUP_SIM_JOURNALS",
            "SYNC_GROUP_SIM_IMAGE",
            "SYNC_GROUP_SIM_DRILL",
            "SYNC_GROUP_SIM_DRILL_RUN",
            "SYNC_GROUP_SIM_TESTS_PWSH",
            "SYNC_GROUP_SIM_SENARIO",
            "SYNC_GROUP_SIM_COLOUR",
        ];
        assert_eq!(
            of_names(&Cli::command(), given.map(str::to_owned)),
            [
                "the environment variable `SYNC_GROUP_SIM_COLOUR` is ignored; expected one that an option has; \
                 `sync-group-sim --help` names those that there are",
                "the environment variable `SYNC_GROUP_SIM_SENARIO` is ignored; expected one that an option has; \
                 did you mean `SYNC_GROUP_SIM_SCENARIO`?",
            ]
        );
    }
}
