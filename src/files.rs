//! The files that were named on the command line: reading them, describing them, and watching them while the
//! server runs. A change that is valid takes effect for new requests; one that is not is reported, and what
//! was there stays.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::IgnoredAny;
use sync_group_sim::document::Document;
use sync_group_sim::scenario::{Ruleset, Rulesets, explain, library};
use sync_group_sim::{Fixture, Prerequisites, Simulator, TenantOptions, fixture};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was named: built-in things or files.
#[derive(Debug)]
pub(crate) struct Files {
    fixture: String,
    scenarios: Vec<String>,
    prerequisites: Prerequisites,
    max_rules: usize,
}

/// What a file looked like: enough to see that it changed.
type Look = Option<(SystemTime, u64)>;

impl Files {
    pub(crate) fn new(fixture: &str, scenarios: &[String], options: &TenantOptions) -> Self {
        let TenantOptions { prerequisites, max_rules, .. } = *options;
        Self { fixture: fixture.to_owned(), scenarios: scenarios.to_vec(), prerequisites, max_rules }
    }

    pub(crate) fn fixture(&self) -> Result<Fixture, String> {
        match Fixture::built_in(&self.fixture) {
            Some(fixture) => Ok(fixture),
            None => read_fixture(Path::new(&self.fixture), self.prerequisites),
        }
    }

    pub(crate) fn scenarios(&self) -> Result<Rulesets, String> {
        let read = |name: &String| match library::ruleset(name) {
            Some(scenario) => Ok(scenario),
            None => read_scenario(Path::new(name)),
        };
        let scenarios: Vec<_> = self.scenarios.iter().map(read).collect::<Result<_, _>>()?;
        Rulesets::new(scenarios, self.max_rules).map_err(|error| error.to_string())
    }

    /// Watches the files for as long as the server runs.
    pub(crate) async fn watch(self, simulator: Simulator) {
        let fixture_path = vec![PathBuf::from(&self.fixture)];
        let scenario_paths: Vec<_> = self.scenarios.iter().map(PathBuf::from).collect();
        let (mut fixture_look, mut scenario_look) = (look(&fixture_path), look(&scenario_paths));
        let mut missing = HashSet::new();
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            report_missing(&fixture_path, &fixture_look, &mut missing);
            report_missing(&scenario_paths, &scenario_look, &mut missing);
            if has_changed(&fixture_path, &mut fixture_look) {
                match self.fixture() {
                    Ok(fixture) => {
                        simulator.set_fixture(&fixture);
                        tracing::info!(
                            file = self.fixture,
                            "fixture reloaded, for tenants created from now on"
                        );
                    }
                    Err(error) => {
                        tracing::error!(%error, "the fixture was not reloaded; the previous one stays");
                    }
                }
            }
            if has_changed(&scenario_paths, &mut scenario_look) {
                match self.scenarios() {
                    Ok(scenarios) => {
                        simulator.set_scenarios(&scenarios);
                        tracing::info!(files = self.scenarios.join(", "), "scenarios reloaded");
                    }
                    Err(error) => {
                        tracing::error!(%error, "the scenarios were not reloaded; the previous ones stay");
                    }
                }
            }
        }
    }
}

/// What all files look like; nothing for a name that is not a file.
fn look(paths: &[PathBuf]) -> Vec<Look> {
    let look = |path: &PathBuf| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths.iter().map(look).collect()
}

/// Says once that a file is gone.
fn report_missing(paths: &[PathBuf], before: &[Look], missing: &mut HashSet<PathBuf>) {
    for ((path, now), before) in paths.iter().zip(look(paths)).zip(before) {
        if now.is_some() {
            missing.remove(path);
        } else if before.is_some() && missing.insert(path.clone()) {
            tracing::error!(file = %path.display(), "the file is gone; what was read from it is kept");
        }
    }
}

/// Whether a file changed; one that is missing for a moment, as when editors save, did not.
fn has_changed(paths: &[PathBuf], before: &mut Vec<Look>) -> bool {
    let now = look(paths);
    let changed = now.iter().zip(&*before).any(|(now, before)| now.is_some() && now != before);
    if changed {
        *before = now;
    }
    changed
}

/// What a file is, in words; or its first mistake.
pub(crate) fn describe(path: &Path, prerequisites: Prerequisites) -> Result<String, String> {
    /// What only scenarios have.
    #[derive(Deserialize)]
    struct Marks {
        name: Option<IgnoredAny>,
        rules: Option<IgnoredAny>,
        lesson: Option<IgnoredAny>,
    }
    let name = path.display().to_string();
    let text = read(path)?;
    let marks: Marks = Document::new(&name, &text).parse().map_err(|error| error.to_string())?;
    if marks.name.is_some() || marks.rules.is_some() || marks.lesson.is_some() {
        return Ok(explain(&read_scenario(path)?));
    }
    let fixture = read_fixture(path, prerequisites)?;
    Ok(format!(
        "a fixture of {} sources, {} policies, {} groups, {} clients",
        fixture.sources.len(),
        fixture.password_policies.len(),
        fixture.groups.len(),
        fixture.clients.len()
    ))
}

fn read_scenario(path: &Path) -> Result<Ruleset, String> {
    let name = path.display().to_string();
    let text = read(path).map_err(|error| {
        format!("{error}; expected a file or a built-in scenario: `sync-group-sim scenarios` lists them")
    })?;
    Ruleset::read(&Document::new(&name, &text)).map_err(|error| error.to_string())
}

fn read_fixture(path: &Path, prerequisites: Prerequisites) -> Result<Fixture, String> {
    let name = path.display().to_string();
    let text =
        read(path).map_err(|error| format!("{error}; expected a file or one of {}", fixture_names()))?;
    Fixture::read(&Document::new(&name, &text), prerequisites).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))
}

/// The names of the built-in fixtures, for messages.
pub(crate) fn fixture_names() -> String {
    fixture::BUILT_IN.map(|built_in| built_in.name).join(", ")
}
