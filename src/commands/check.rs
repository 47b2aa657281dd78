//! `sync-group-sim check`: says what files will do, or where their mistakes are.

use std::path::PathBuf;

use sync_group_sim::Prerequisites;

use super::{Failure, Outcome, print};
use crate::files;

pub(super) fn check(paths: &[PathBuf], prerequisites: Prerequisites) -> Outcome {
    let mut mistakes = Vec::new();
    for path in paths {
        match files::describe(path, prerequisites) {
            Ok(description) => print(&format!("{}: {description}", path.display()))?,
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Failure::Failed(mistakes.join("\n"))) }
}
