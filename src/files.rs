//! The files that were named on the command line: reading them, describing them, and watching them while the
//! server runs. A change that is valid takes effect for new requests; one that is not is reported, and what
//! was there stays.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sync_group_sim::document::{Document, Outline, decode, nearest};
use sync_group_sim::scenario::{Ruleset, Rulesets, explain, library};
use sync_group_sim::wire::secrets::{Censor, Secrets};
use sync_group_sim::{Fixture, Prerequisites, Scenario, Simulator, TenantOptions, fixture};

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

/// What a file is, in words; or its mistakes.
pub(crate) fn describe(path: &Path, prerequisites: Prerequisites) -> Result<String, String> {
    let name = path.display().to_string();
    let text = read(path)?;
    let document = Document::new(&name, &text);
    let neither = |found: &str| Err(format!("{name}: {found}; expected {EITHER}"));
    match document.outline() {
        Outline::Text(_) => neither("text and nothing else"),
        Outline::List => neither("a list"),
        Outline::Keys(keys) if !keys.is_empty() && kind(&document).is_none() => {
            neither(&format!("only unknown keys, such as `{}`", keys[0]))
        }
        Outline::Keys(_) | Outline::Unreadable if kind(&document) == Some(Kind::Scenario) => {
            parse_scenario(&document).map(|scenario| explain(&scenario))
        }
        Outline::Keys(_) | Outline::Unreadable => {
            parse_fixture(&document, prerequisites).map(|fixture| fixture_in_words(&fixture))
        }
    }
}

/// What a file may be, for messages.
const EITHER: &str = "a scenario {name: …, rules: …} or a fixture {sources: …, groups: …, …}";

fn fixture_in_words(fixture: &Fixture) -> String {
    format!(
        "a fixture of {} sources, {} policies, {} groups, {} clients",
        fixture.sources.len(),
        fixture.password_policies.len(),
        fixture.groups.len(),
        fixture.clients.len()
    )
}

/// What a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scenario,
    Fixture,
}

/// What a document is meant to be, by its keys, mistyped ones included.
fn kind(document: &Document<'_>) -> Option<Kind> {
    match (Scenario::likeness(document), Fixture::likeness(document)) {
        (0, 0) => None,
        (scenario, fixture) if fixture > scenario => Some(Kind::Fixture),
        _ => Some(Kind::Scenario),
    }
}

fn read_scenario(path: &Path) -> Result<Ruleset, String> {
    let name = path.display().to_string();
    let text = read_or_named(path, "scenario", &library::names())?;
    parse_scenario(&Document::new(&name, &text))
}

fn read_fixture(path: &Path, prerequisites: Prerequisites) -> Result<Fixture, String> {
    let name = path.display().to_string();
    let text = read_or_named(path, "fixture", &fixture::names())?;
    parse_fixture(&Document::new(&name, &text), prerequisites)
}

fn parse_scenario(document: &Document<'_>) -> Result<Ruleset, String> {
    Ruleset::read(document).map_err(|error| match kind(document) {
        Some(Kind::Fixture) => {
            format!("{}: a fixture; expected a scenario; fixtures go to `--fixture`", document.name)
        }
        _ => error.to_string(),
    })
}

fn parse_fixture(document: &Document<'_>, prerequisites: Prerequisites) -> Result<Fixture, String> {
    Fixture::read(document, prerequisites).map_err(|error| match kind(document) {
        Some(Kind::Scenario) => {
            format!("{}: a scenario; expected a fixture; scenarios go to `--scenario`", document.name)
        }
        _ => Censor::of_text(document.text, &Secrets::default()).text(&error.to_string()),
    })
}

/// The text of a file that may also be meant as the name of something built in.
fn read_or_named(path: &Path, what: &str, names: &[&str]) -> Result<String, String> {
    if path.exists() {
        return read(path);
    }
    let name = path.display().to_string();
    let advice = match nearest(&name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`sync-group-sim {what}s` lists the built-in ones"),
    };
    Err(format!("no file and no built-in {what} is named `{name}`; expected one of them; {advice}"))
}

/// The text of a file, in UTF-8 or UTF-16.
fn read(path: &Path) -> Result<String, String> {
    let name = path.display();
    if path.is_dir() {
        return Err(format!("{name}: a directory; expected a file"));
    }
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{name}: no such file; expected one that exists"),
        _ => format!("{name}: cannot be read: {error}"),
    })?;
    decode(&name.to_string(), &bytes).map(Cow::into_owned).map_err(|error| error.to_string())
}
