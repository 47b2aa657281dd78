//! The files that were named on the command line: what they are, and watching them while the server runs. A change that
//! is valid takes effect for new requests; one that is not is reported, and what was there stays.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sync_group_sim::document::{Document, DocumentError, Outline, nearest};
use sync_group_sim::scenario::{KnownNames, Ruleset, Rulesets, explain, library};
use sync_group_sim::wire::secrets::{Censor, Secrets};
use sync_group_sim::{Fixture, Prerequisites, Scenario, Simulator, TenantOptions, fixture};

use crate::text_file::{LONGEST_FIXTURE, LONGEST_SCENARIO, check_length, read};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What was named: built-in things or files.
#[derive(Debug)]
pub(crate) struct Files {
    fixture: String,
    scenarios: Vec<String>,
    prerequisites: Prerequisites,
    max_rules: usize,
    /// What the files looked like before they were read.
    fixture_paths: Watched,
    scenario_paths: Watched,
}

/// Files that are watched, and what they looked like.
#[derive(Clone, Debug)]
struct Watched {
    paths: Vec<PathBuf>,
    before: Vec<Look>,
}

/// What a file looked like: enough to see that it changed.
type Look = Option<(SystemTime, u64)>;

impl Files {
    pub(crate) fn new(fixture: &str, scenarios: &[String], options: &TenantOptions) -> Self {
        let TenantOptions { prerequisites, max_rules, .. } = *options;
        let is_file = |name: &&String| library::ruleset(name).is_none();
        let fixture_file = (Fixture::built_in(fixture).is_none()).then(|| PathBuf::from(fixture));
        Self {
            fixture: fixture.to_owned(),
            scenarios: scenarios.to_vec(),
            prerequisites,
            max_rules,
            fixture_paths: Watched::new(fixture_file.into_iter().collect()),
            scenario_paths: Watched::new(scenarios.iter().filter(is_file).map(PathBuf::from).collect()),
        }
    }

    pub(crate) fn fixture(&self) -> Result<Fixture, String> {
        match Fixture::built_in(&self.fixture) {
            Some(fixture) => Ok(fixture),
            None => read_fixture(Path::new(&self.fixture), self.prerequisites),
        }
    }

    /// The scenarios. Rules that cannot fire, because the client or source that they are about is not known, are logged.
    pub(crate) fn scenarios(&self, known: &KnownNames) -> Result<Rulesets, String> {
        let read = |name: &String| match library::ruleset(name) {
            Some(scenario) => Ok(scenario),
            None => read_scenario(Path::new(name), known),
        };
        let scenarios: Vec<_> = self.scenarios.iter().map(read).collect::<Result<_, _>>()?;
        Rulesets::new(scenarios, self.max_rules).map_err(|error| error.to_string())
    }

    /// Watches the files for as long as the process runs. Each kind has a thread of its own, and none of the server's:
    /// a file may be large, or on a drive that hangs.
    pub(crate) fn watch(self, simulator: &Simulator) {
        let (fixture_file, scenario_files) = (self.fixture_paths.clone(), self.scenario_paths.clone());
        let files = Arc::new(self);
        let (of_fixture, of_scenarios) =
            ((Arc::clone(&files), simulator.clone()), (files, simulator.clone()));
        fixture_file.watch(move || of_fixture.0.reload_fixture(&of_fixture.1));
        scenario_files.watch(move || of_scenarios.0.reload_scenarios(&of_scenarios.1));
    }

    fn reload_fixture(&self, simulator: &Simulator) {
        match self.fixture() {
            Ok(fixture) => {
                simulator.set_fixture(&fixture);
                tracing::info!(file = self.fixture, "fixture reloaded, for tenants created from now on");
            }
            Err(error) => tracing::error!(%error, "the fixture was not reloaded; the previous one stays"),
        }
    }

    fn reload_scenarios(&self, simulator: &Simulator) {
        match self.scenarios(&simulator.default_tenant().known_names()) {
            Ok(scenarios) => {
                simulator.set_scenarios(&scenarios);
                tracing::info!(files = self.scenarios.join(", "), "scenarios reloaded");
            }
            Err(error) => tracing::error!(%error, "the scenarios were not reloaded; the previous ones stay"),
        }
    }
}

impl Watched {
    fn new(paths: Vec<PathBuf>) -> Self {
        Self { before: look(&paths), paths }
    }

    /// Looks at the files again and again, and calls `changed` when one of them has changed.
    fn watch(self, changed: impl Fn() + Send + 'static) {
        let Self { paths, mut before } = self;
        if paths.is_empty() {
            return;
        }
        std::thread::spawn(move || {
            let mut missing = HashSet::new();
            loop {
                report_missing(&paths, &before, &mut missing);
                if has_changed(&paths, &mut before) {
                    changed();
                }
                std::thread::park_timeout(LOOK_EVERY);
            }
        });
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

/// The scenario in a file, whose rules may be about what this fixture has.
pub(crate) fn scenario(path: &Path, fixture: &Fixture) -> Result<Ruleset, String> {
    read_scenario(path, &known_names("the fixture (--fixture)", fixture))
}

/// Clients and sources as rules name them; `whose` says whose they are.
pub(crate) fn known_names(whose: &str, fixture: &Fixture) -> KnownNames {
    let clients = fixture.clients.iter().map(|client| (client.client_id.clone(), client.name.clone()));
    let sources = fixture.sources.clone();
    KnownNames::new(whose, clients)
        .with_sources(move || sources.iter().map(|source| (source.id.clone(), source.name.clone())).collect())
}

/// The clients and sources of those files that are valid fixtures; `None` when none is.
pub(crate) fn names_in(paths: &[PathBuf], prerequisites: Prerequisites) -> Option<Fixture> {
    let fixtures = paths.iter().filter_map(|path| {
        let text = read(path, LONGEST_FIXTURE).ok()?;
        let name = path.display().to_string();
        let document = Document::new(&name, &text);
        let is_fixture = kind(&document) == Some(Kind::Fixture);
        is_fixture.then(|| Fixture::read(&document, prerequisites).ok()).flatten()
    });
    fixtures.reduce(|mut all, fixture| {
        all.clients.extend(fixture.clients);
        all.sources.extend(fixture.sources);
        all
    })
}

/// What a file is in words, and the rules in it that can never fire with the clients that are known; or its mistakes.
pub(crate) fn describe(
    path: &Path,
    prerequisites: Prerequisites,
    known: &KnownNames,
) -> Result<(String, Option<DocumentError>), String> {
    let name = path.display().to_string();
    if !path.exists()
        && let Some(what) = built_in(&name)
    {
        return Err(format!(
            "{name}: no such file; expected one that exists; `sync-group-sim {what}s {name}` prints what is built in"
        ));
    }
    let text = read(path, LONGEST_FIXTURE)?;
    let document = Document::new(&name, &text);
    let neither = |found: &str| Err(format!("{name}: {found}; expected {EITHER}"));
    match document.outline() {
        Outline::Text(_) => neither("text and nothing else"),
        Outline::List => neither("a list"),
        Outline::Nothing => {
            Err(document.error_at("", format!("the document is empty; expected {EITHER}")).to_string())
        }
        Outline::Keys(keys) if !keys.is_empty() && kind(&document).is_none() => {
            neither(&format!("only unknown keys, such as `{}`", keys[0]))
        }
        Outline::Keys(_) | Outline::Unreadable if kind(&document) == Some(Kind::Scenario) => {
            check_length(path, text.len() as u64, LONGEST_SCENARIO)?;
            parse_scenario(&document).map(|scenario| (explain(&scenario), known.warnings_in(&document)))
        }
        Outline::Keys(_) | Outline::Unreadable => {
            parse_fixture(&document, prerequisites).map(|fixture| (fixture_in_words(&fixture), None))
        }
    }
}

/// What is built in under a name.
fn built_in(name: &str) -> Option<&'static str> {
    if library::names().contains(&name) {
        return Some("scenario");
    }
    fixture::names().contains(&name).then_some("fixture")
}

/// What a file may be, for messages.
const EITHER: &str = "a scenario {name: …, rules: …} or a fixture {sources: …, groups: …, …}";

fn fixture_in_words(fixture: &Fixture) -> String {
    let counts = [
        (fixture.sources.len(), "source", "sources"),
        (fixture.password_policies.len(), "policy", "policies"),
        (fixture.identities.len(), "identity", "identities"),
        (fixture.accounts.len(), "account", "accounts"),
        (fixture.groups.len(), "group", "groups"),
        (fixture.clients.len(), "client", "clients"),
    ];
    let counts = counts.map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more }));
    format!("a fixture of {}", counts.join(", "))
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

fn read_scenario(path: &Path, known: &KnownNames) -> Result<Ruleset, String> {
    let name = path.display().to_string();
    let text = read_or_named(path, "scenario", &library::names(), LONGEST_SCENARIO)?;
    let document = Document::new(&name, &text);
    let scenario = parse_scenario(&document)?;
    let warnings = known.warnings_in(&document).map(|warnings| warnings.to_string()).unwrap_or_default();
    warnings.lines().for_each(|warning| tracing::warn!("{warning}"));
    Ok(scenario)
}

fn read_fixture(path: &Path, prerequisites: Prerequisites) -> Result<Fixture, String> {
    let name = path.display().to_string();
    let text = read_or_named(path, "fixture", &fixture::names(), LONGEST_FIXTURE)?;
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
fn read_or_named(path: &Path, what: &str, names: &[&str], most: u64) -> Result<String, String> {
    if path.exists() {
        return read(path, most);
    }
    let name = path.display().to_string();
    let advice = match nearest(&name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("`sync-group-sim {what}s` lists the built-in ones"),
    };
    Err(format!("no file and no built-in {what} is named `{name}`; expected one of them; {advice}"))
}
