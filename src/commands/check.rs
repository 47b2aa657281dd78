//! `sync-group-sim check`: says what files will do, or where their mistakes are.

use std::path::PathBuf;

use sync_group_sim::scenario::KnownNames;
use sync_group_sim::{Prerequisites, TenantOptions};

use super::{Failure, Outcome, print};
use crate::files::{self, Files};

pub(super) fn check(paths: &[PathBuf], prerequisites: Prerequisites, fixture: &str) -> Outcome {
    let known = known_names(paths, prerequisites, fixture)?;
    let mut mistakes = Vec::new();
    for path in paths {
        match files::describe(path, prerequisites, &known) {
            Ok((description, warnings)) => {
                print(&format!("{}: {description}", path.display()))?;
                let warnings = warnings.map(|warnings| warnings.to_string()).unwrap_or_default();
                warnings.lines().for_each(|warning| eprintln!("warning: {warning}"));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Failure::Failed(mistakes.join("\n"))) }
}

/// What rules may be about: what the fixtures have that are checked along, or else the one that is named.
fn known_names(
    paths: &[PathBuf],
    prerequisites: Prerequisites,
    fixture: &str,
) -> Result<KnownNames, Failure> {
    if let Some(checked) = files::names_in(paths, prerequisites) {
        return Ok(files::known_names("the fixtures that are checked", &checked));
    }
    let options = TenantOptions { prerequisites, ..TenantOptions::default() };
    let named = Files::new(fixture, &[], &options).fixture().map_err(Failure::Failed)?;
    Ok(files::known_names(&format!("fixture `{fixture}` (--fixture)"), &named))
}
