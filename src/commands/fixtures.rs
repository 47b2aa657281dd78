//! `sync-group-sim fixtures`: lists the built-in fixtures, or prints one.

use sync_group_sim::{Fixture, fixture};

use super::{Outcome, list_or_print};

pub(super) fn fixtures(name: Option<&str>) -> Outcome {
    let lines = fixture::BUILT_IN.map(|built_in| format!("{:<8} {}", built_in.name, built_in.summary));
    list_or_print("fixture", name, &lines, Fixture::built_in_text, &fixture::names())
}
