//! Scenarios: rules that say which exchanges, which of them, and what goes wrong. All of it is decided here, in
//! pure code, from the exchange, the tenant's time and its luck; the pipeline and the server carry it out.
//!
//! The folder is the format: `format.rs` has the file's types, `matcher.rs` the `when`, `trigger.rs` the
//! `fires`, `fault.rs` the faults, `check.rs` what makes no sense, `explain.rs` a rule in plain words,
//! `library.rs` the built-in files. Here is the engine that runs them.

mod build;
mod check;
mod explain;
pub mod fault;
pub mod format;
pub mod library;
mod matcher;
mod trigger;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use serde::{Serialize, Serializer};

pub use check::MOST_RULES;
pub use explain::explain;
pub use format::{Rule, Scenario, Stage};
pub use matcher::Exchange;

use crate::chance::Chance;
use crate::clock::{Span, Timestamp};
use crate::document::{Document, DocumentError};
use crate::operation::Operation;
use fault::Fault;
use format::{Fires, Hold, Per, Then};
use matcher::{Compiled, Matcher};
use trigger::Moment;

/// The JSON Schema of the file format.
pub const SCHEMA: &str = include_str!(concat!(env!("OUT_DIR"), "/scenario.schema.json"));

/// The longest that a drawn wait can be; the log-normal's tail has no end of its own.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// Clients or groups that a rule counts for at most; each further one is as new every time.
const COUNTS: usize = 100_000;

impl Scenario {
    /// Reads a scenario and checks it.
    pub fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        let mut scenario: Self = document.parse()?;
        scenario.name_rules();
        check::check(&scenario).map_err(|(pointer, message)| document.error_at(&pointer, message))?;
        Ok(scenario)
    }

    /// Checks a scenario that was not read from a text. The error says where it is wrong and why.
    pub fn checked(mut self) -> Result<Self, String> {
        self.name_rules();
        check::check(&self).map_err(|(pointer, message)| format!("{pointer}: {message}"))?;
        Ok(self)
    }

    fn name_rules(&mut self) {
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if rule.name.is_empty() {
                rule.name = format!("rule-{}", index + 1);
            }
            // It may have been changed since it was compiled.
            rule.compiled = Compiled::default();
        }
    }
}

/// The scenario of rules that were added one by one.
const ADDED: &str = "rules";

/// A `when` on its own, for questions about exchanges that are past.
#[derive(Clone, Debug)]
pub struct Pattern(Matcher);

impl Pattern {
    /// Compiles a `when`. The error says which part is wrong and why.
    pub fn compile(when: &format::When) -> Result<Self, String> {
        let matcher = Matcher::compile(when).and_then(|matcher| check::check_when(when).map(|()| matcher));
        matcher
            .map(Self)
            .map_err(|(pointer, message)| format!("`match{}`: {message}", pointer.replace('/', ".")))
    }

    /// The parts that do not hold; none when the exchange matches.
    pub fn misses(&self, exchange: &Exchange<'_>) -> Vec<String> {
        self.0.all_misses(exchange)
    }
}

/// Refuses scenarios that cannot run together: two of one name would be taken for each other in `Sim-Fault`
/// and the journal, and have the same luck; and every rule looks at every exchange, so that there may be
/// `max_rules` at most.
pub fn check_together(scenarios: &[Scenario], max_rules: usize) -> Result<(), String> {
    check_count(scenarios, max_rules)?;
    let mut names = HashSet::new();
    match scenarios.iter().find(|scenario| !names.insert(&scenario.name)) {
        Some(twice) => Err(format!("scenario `{}` stands here twice; expected each name once", twice.name)),
        None => Ok(()),
    }
}

/// Refuses scenarios that have more rules together than may run.
pub fn check_count<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    max_rules: usize,
) -> Result<(), String> {
    let rules: usize = scenarios.into_iter().map(|scenario| scenario.rules.len()).sum();
    if rules > max_rules { Err(RuleError::TooMany(max_rules).to_string()) } else { Ok(()) }
}

/// Why a rule was not added to those that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// There is one of that name.
    Taken(String),
    /// So many run at most.
    TooMany(usize),
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => write!(f, "rule `{name}` is there already; expected a name that is free"),
            Self::TooMany(max) => {
                write!(f, "more than {max} rules would run; expected {max} or fewer together (--max-rules)")
            }
        }
    }
}

impl std::error::Error for RuleError {}

impl Rule {
    /// How far back its stale reads go; `None` when it has none.
    fn horizon(&self) -> Option<Duration> {
        let faults = self.fault.iter().chain(self.sequence.iter().flatten());
        faults.filter_map(|fault| if let Fault::Stale(stale) = fault { Some(stale.by.0) } else { None }).max()
    }

    /// Reads one rule and checks it.
    pub fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        let mut rule: Self = document.parse()?;
        let is_nameless = rule.name.is_empty();
        if is_nameless {
            "rule".clone_into(&mut rule.name);
        }
        check::check_rule(&rule).map_err(|(pointer, message)| document.error_at(&pointer, message))?;
        if is_nameless {
            rule.name.clear();
        }
        Ok(rule)
    }
}

/// The rules that run in one tenant, with their counts.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    rules: Vec<Loaded>,
    /// The places of the rules that are about an operation, by its place among all; the last are those about
    /// a request that leads to none. So rules about other operations cost a request nothing.
    about: [Vec<usize>; Operation::ALL.len() + 1],
    known: Arc<[Known]>,
    horizon: Option<Duration>,
}

/// A rule as the journal knows it: enough to say later why an exchange did not match.
#[derive(Debug)]
struct Known {
    label: Arc<str>,
    stage: Stage,
    matcher: Arc<Matcher>,
}

/// A rule that runs.
#[derive(Clone, Debug)]
struct Loaded {
    /// `scenario/rule`: what it is called in `Sim-Fault` and the journal, and what its luck depends on.
    label: Arc<str>,
    scenario: String,
    rule: Rule,
    matcher: Arc<Matcher>,
    /// The fault, or those of the sequence.
    faults: Vec<Arc<Fault>>,
    /// Whether it fires on every match, with nothing to weigh.
    is_unconditional: bool,
    began: Timestamp,
    /// The count of a rule that counts for the tenant.
    count: Count,
    /// The counts of a rule that counts for each client or group.
    counts: HashMap<String, Count>,
    matched: u64,
    fired: u64,
}

/// What is counted for a tenant, a client or a group.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    matched: u64,
    fired: u64,
    /// Until when the rule goes on firing, once a fault with a window has fired.
    window_ends: Option<Timestamp>,
}

/// What a rule made of an exchange, for the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// `scenario/rule`.
    pub rule: Arc<str>,
    /// When it would strike.
    pub stage: Stage,
    /// Whether its `when` holds.
    pub matched: bool,
    /// Whether it struck.
    pub fired: bool,
    /// Why, or why not: `nth 2`, `draw 0.137 < 0.3`.
    pub why: Why,
}

/// Why a rule struck, or why not. The usual reasons are put into words only when somebody reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It always fires; this is the match's number.
    Nth(u64),
    /// Its trigger was not asked: the match's number, and whether the operation happened.
    NotAsked {
        /// Which match it was, from 1.
        nth: u64,
        /// Whether the service performed the operation.
        performed: bool,
    },
    /// Anything else, in words.
    Said(Box<str>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(nth) => write!(f, "nth {nth}"),
            Self::NotAsked { nth, performed: true } => write!(f, "nth {nth}, not asked"),
            Self::NotAsked { nth, performed: false } => write!(f, "nth {nth}, the operation did not happen"),
            Self::Said(words) => f.write_str(words),
        }
    }
}

impl Serialize for Why {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rule that struck.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// `scenario/rule`.
    pub label: Arc<str>,
    /// What goes wrong.
    pub fault: Arc<Fault>,
    /// How long the client waits.
    pub hold: Option<Duration>,
}

/// What the rules made of an exchange. Only the rules that matched have something to remember: why another did
/// not follows from the exchange, and is found out when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// All rules, in order.
    known: Arc<[Known]>,
    /// The looks of those that matched, each with the rule's place.
    matched: Vec<(usize, Look)>,
}

impl Looks {
    /// The looks of all rules at `exchange`, in order.
    pub fn all(&self, exchange: &Exchange<'_>) -> Vec<Look> {
        let mut matched = self.matched.iter().peekable();
        let look = |(place, known): (usize, &Known)| match matched.next_if(|(next, _)| *next == place) {
            Some((_, look)) => look.clone(),
            None => Look {
                rule: Arc::clone(&known.label),
                stage: known.stage,
                matched: false,
                fired: false,
                why: Why::Said(
                    known.matcher.misses(exchange).map_or_else(Box::default, |miss| miss.to_string().into()),
                ),
            },
        };
        self.known.iter().enumerate().map(look).collect()
    }

    /// The looks of the rules that matched.
    pub fn matched(&self) -> impl Iterator<Item = &Look> {
        self.matched.iter().map(|(_, look)| look)
    }
}

/// The rules' looks at an exchange that is still on its way; holds what is decided later, at the second stage.
#[derive(Debug)]
pub struct Looking {
    looks: Looks,
    /// For each rule that matched: whose count, and which match.
    ready: Vec<Ready>,
}

#[derive(Debug)]
struct Ready {
    /// Of a rule that counts for each client or group: which.
    key: Option<String>,
    nth: u64,
    now: Timestamp,
}

/// A rule with its counts, for the control API.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleReport {
    /// The scenario's name.
    pub scenario: String,
    /// The rule as it was written.
    #[serde(flatten)]
    pub rule: Rule,
    /// Exchanges that it matched.
    pub matched: u64,
    /// Exchanges that it struck.
    pub fired: u64,
}

impl Engine {
    /// Loads scenarios, their rules in order, with nothing counted yet.
    pub fn load(scenarios: &[Scenario], now: Timestamp) -> Self {
        let rules = scenarios.iter().flat_map(|scenario| {
            scenario.rules.iter().map(|rule| Loaded::new(&scenario.name, rule.clone(), now))
        });
        let mut engine = Self { rules: rules.collect(), ..Self::default() };
        engine.index();
        engine
    }

    /// Notes what follows from the rules, after these have changed.
    fn index(&mut self) {
        let rules = self.rules.iter();
        self.known = rules
            .map(|rule| Known {
                label: Arc::clone(&rule.label),
                stage: rule.rule.stage,
                matcher: Arc::clone(&rule.matcher),
            })
            .collect();
        self.horizon = self.rules.iter().filter_map(|rule| rule.rule.horizon()).max();
        let operations = Operation::ALL.into_iter().map(Some).chain([None]);
        for (about, operation) in self.about.iter_mut().zip(operations) {
            let places = self.rules.iter().enumerate();
            *about =
                places.filter(|(_, rule)| rule.matcher.is_about(operation)).map(|(place, _)| place).collect();
        }
    }

    /// Replaces all rules; nothing is counted yet.
    pub fn replace(&mut self, scenarios: &[Scenario], now: Timestamp) {
        *self = Self::load(scenarios, now);
    }

    /// Puts a rule ahead of the others, `max_rules` at most, in a scenario of its own called `rules`.
    pub fn add(&mut self, mut rule: Rule, max_rules: usize, now: Timestamp) -> Result<RuleReport, RuleError> {
        if self.rules.len() >= max_rules {
            return Err(RuleError::TooMany(max_rules));
        }
        if rule.name.is_empty() {
            let is_taken = |name: &String| self.rules.iter().any(|loaded| loaded.rule.name == *name);
            let mut numbers = 1..=self.rules.len() + 1;
            let free = numbers.find_map(|number| {
                let name = format!("rule-{number}");
                (!is_taken(&name)).then_some(name)
            });
            rule.name = free.expect("there are more numbers than rules");
        }
        if self.rules.iter().any(|loaded| loaded.scenario == ADDED && loaded.rule.name == rule.name) {
            return Err(RuleError::Taken(rule.name));
        }
        let loaded = Loaded::new(ADDED, rule, now);
        let report = loaded.report();
        self.rules.insert(0, loaded);
        self.index();
        Ok(report)
    }

    /// Takes the rules of that name away; whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|loaded| loaded.rule.name != name);
        self.index();
        self.rules.len() < before
    }

    /// How far back a stale read may go; `None` when no rule asks for one.
    pub fn horizon(&self) -> Option<Duration> {
        self.horizon
    }

    /// Whether some rule is about that operation.
    pub fn is_about(&self, operation: Option<Operation>) -> bool {
        !self.about(operation).is_empty()
    }

    fn about(&self, operation: Option<Operation>) -> &[usize] {
        &self.about[operation.map_or(Operation::ALL.len(), |operation| operation as usize)]
    }

    /// The looks at an exchange that no rule is about.
    pub fn look_away(&self) -> Looks {
        Looks { known: Arc::clone(&self.known), matched: Vec::new() }
    }

    /// Has every rule look at an exchange and count it if it matches. That is done once, before anything
    /// strikes, so that no rule's count depends on what another does.
    pub fn look(&mut self, exchange: &Exchange<'_>, now: Timestamp) -> Looking {
        let mut looking = Looking { looks: self.look_away(), ready: Vec::new() };
        for index in 0..self.about(exchange.operation).len() {
            let place = self.about(exchange.operation)[index];
            let loaded = &mut self.rules[place];
            if loaded.matcher.misses(exchange).is_some() {
                continue;
            }
            let ready = loaded.count(exchange, now);
            let look = Look {
                rule: Arc::clone(&loaded.label),
                stage: loaded.rule.stage,
                matched: true,
                fired: false,
                why: Why::NotAsked { nth: ready.nth, performed: true },
            };
            looking.looks.matched.push((place, look));
            looking.ready.push(ready);
        }
        looking
    }

    /// The first rule whose trigger holds at `stage`, in the order of the files.
    pub fn fire(&mut self, looking: &mut Looking, stage: Stage, chance: Chance) -> Option<Fired> {
        let mut fired: Option<Fired> = None;
        let looks = looking.looks.matched.iter_mut().zip(&looking.ready);
        for ((place, look), ready) in looks.filter(|((_, look), _)| look.stage == stage) {
            let loaded = &mut self.rules[*place];
            match loaded.verdict(ready, chance) {
                Err(why) => look.why = why,
                Ok(why) => {
                    if let Some(first) = &fired {
                        look.why = Why::Said(format!("{why}, but {} came first", first.label).into());
                    } else {
                        fired = Some(loaded.strike(ready, chance));
                        (look.fired, look.why) = (true, why);
                    }
                }
            }
        }
        fired
    }

    /// The rules with their counts.
    pub fn report(&self) -> Vec<RuleReport> {
        self.rules.iter().map(Loaded::report).collect()
    }
}

impl Looking {
    /// What each rule made of the exchange in the end.
    pub fn end(mut self, performed: bool) -> Looks {
        for (_, look) in &mut self.looks.matched {
            if let Why::NotAsked { performed: known, .. } = &mut look.why {
                *known = performed;
            }
        }
        self.looks
    }
}

impl Loaded {
    fn new(scenario: &str, rule: Rule, now: Timestamp) -> Self {
        let matcher = rule.compiled.of(&rule.when).expect("it was checked when it was read");
        let faults = match (&rule.sequence, &rule.fault) {
            (Some(sequence), _) => sequence.clone(),
            (None, fault) => vec![fault.clone().unwrap_or(Fault::Pass)],
        };
        let faults = faults.into_iter();
        Self {
            label: format!("{scenario}/{}", rule.name).into(),
            scenario: scenario.to_owned(),
            faults: faults.map(Arc::new).collect(),
            is_unconditional: rule.fires == Fires { per: rule.fires.per, ..Fires::default() },
            rule,
            matcher,
            began: now,
            count: Count::default(),
            counts: HashMap::new(),
            matched: 0,
            fired: 0,
        }
    }

    fn report(&self) -> RuleReport {
        RuleReport {
            scenario: self.scenario.clone(),
            rule: self.rule.clone(),
            matched: self.matched,
            fired: self.fired,
        }
    }

    fn count(&mut self, exchange: &Exchange<'_>, now: Timestamp) -> Ready {
        let key = match self.rule.fires.per.unwrap_or_default() {
            Per::Tenant => None,
            Per::Client => Some(exchange.client.unwrap_or_default().to_owned()),
            Per::Group => Some(exchange.group.to_owned()),
        };
        self.matched += 1;
        let nth = self.counted(key.as_deref()).map_or(1, |count| {
            count.matched += 1;
            count.matched
        });
        Ready { key, nth, now }
    }

    /// The count for a client or group, or the tenant's; `None` for one too many, which is as new every time.
    fn counted(&mut self, key: Option<&str>) -> Option<&mut Count> {
        let Some(key) = key else { return Some(&mut self.count) };
        if !self.counts.contains_key(key) {
            if self.counts.len() >= COUNTS {
                return None;
            }
            self.counts.insert(key.to_owned(), Count::default());
        }
        self.counts.get_mut(key)
    }

    /// What was counted so far.
    fn count_so_far(&self, ready: &Ready) -> Count {
        match &ready.key {
            None => self.count,
            Some(key) => self.counts.get(key).copied().unwrap_or_default(),
        }
    }

    /// Whether the rule fires on a match, and why.
    fn verdict(&self, ready: &Ready, chance: Chance) -> Result<Why, Why> {
        let said = |words: String| Why::Said(words.into());
        let count = self.count_so_far(ready);
        if let Some(ends) = count.window_ends
            && ready.now < ends
        {
            return Ok(said(format!("nth {}, window open until {ends}", ready.nth)));
        }
        let moment = Moment { nth: ready.nth, fired: count.fired, elapsed: ready.now.since(self.began) };
        let why = if self.is_unconditional {
            Why::Nth(ready.nth)
        } else {
            let draw = || chance.unit(&self.luck(ready, "fires"), ready.nth);
            self.rule.fires.verdict(moment, draw).map(said).map_err(said)?
        };
        match self.fault(count.fired) {
            Some(_) => Ok(why),
            None => Err(said(format!("nth {}, the sequence is over", ready.nth))),
        }
    }

    /// The fault of the firing after `fired` others; `None` when the sequence is over.
    fn fault(&self, fired: u64) -> Option<&Arc<Fault>> {
        let sequence = &self.faults;
        if self.rule.sequence.is_none() {
            return sequence.first();
        }
        let nth = usize::try_from(fired).unwrap_or(usize::MAX);
        match self.rule.then.unwrap_or_default() {
            _ if nth < sequence.len() => sequence.get(nth),
            Then::Pass => None,
            Then::Repeat => sequence.get(nth % sequence.len()),
            Then::Last => sequence.last(),
        }
    }

    fn strike(&mut self, ready: &Ready, chance: Chance) -> Fired {
        let Count { fired, window_ends, .. } = self.count_so_far(ready);
        let in_window = window_ends.is_some_and(|ends| ready.now < ends);
        // A window is one firing, however many requests meet it.
        let nth_fault = if in_window { fired.saturating_sub(1) } else { fired };
        let fault = self.fault(nth_fault).map_or_else(|| Arc::new(Fault::Pass), Arc::clone);
        self.fired += 1;
        if !in_window && let Some(count) = self.counted(ready.key.as_deref()) {
            count.fired += 1;
            if let Fault::RateLimited(limited) = &*fault {
                let ends = limited.window.map(|Span(window)| ready.now.plus(window));
                count.window_ends = ends.or(count.window_ends);
            }
        }
        let own = if let Fault::Hold(hold) = &*fault { Some(*hold) } else { None };
        let holds = [self.rule.hold, own].into_iter().flatten();
        let hold = holds.map(|hold| draw(hold, chance, || self.luck(ready, "hold"), ready.nth));
        let hold = hold.reduce(Duration::saturating_add);
        Fired { label: Arc::clone(&self.label), fault, hold }
    }

    /// What a draw is keyed by beside seed, tenant and nth.
    fn luck(&self, ready: &Ready, what: &str) -> String {
        format!("{}\0{}\0{what}", self.label, ready.key.as_deref().unwrap_or_default())
    }
}

/// How long a wait is, drawn under `luck` and `nth`.
fn draw(hold: Hold, chance: Chance, luck: impl FnOnce() -> String, nth: u64) -> Duration {
    match hold {
        Hold::Fixed(Span(duration)) => duration,
        Hold::Uniform(Span(least), Span(most)) => {
            least + most.saturating_sub(least).mul_f64(chance.unit(&luck(), nth))
        }
        Hold::Lognormal { median, p99 } => {
            // A normal deviate exceeds 2.3263 once in a hundred.
            let sigma = (p99.0.as_secs_f64() / median.0.as_secs_f64()).ln() / 2.326_347_874;
            let factor = (sigma * normal(chance, &luck(), nth)).exp();
            Duration::try_from_secs_f64(median.0.as_secs_f64() * factor)
                .unwrap_or(LONGEST_HOLD)
                .min(LONGEST_HOLD)
        }
    }
}

/// A standard normal deviate by the method of Box and Muller.
fn normal(chance: Chance, luck: &str, nth: u64) -> f64 {
    let mut stream = chance.stream(luck, nth);
    let (first, second): (f64, f64) = (stream.random(), stream.random());
    (-2.0 * (1.0 - first).ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Format;

    #[test]
    fn a_pattern_is_compiled_once_for_all_tenants() {
        let text = "name: n\nrules:\n- when: {client: {regex: '^a+$'}}\n  fault: {close: {}}\n";
        let document = Document { name: "scenario", text, format: Format::Yaml };
        let scenarios = vec![Scenario::read(&document).unwrap()];
        let engine = || Engine::load(&scenarios.clone(), Timestamp::from_millis(0));
        assert!(Arc::ptr_eq(&engine().rules[0].matcher, &engine().rules[0].matcher));
    }
}
