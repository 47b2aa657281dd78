//! Rules that were checked and compiled: only these can run. A ruleset comes from one scenario, [`Rulesets`] are
//! those that run together. All of them are shared by every tenant in which they run, and cheap to clone.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::check;
use super::fault::{Fault, Pass};
use super::known::KnownNames;
use super::matcher::Matcher;
use super::mistake::{Mistake, Mistakes};
use super::plan::{Owner, PlacedRule, Plan};
use super::weight::{bytes_of, is_heavy, too_many_bytes};
use super::written::{Fires, Rule, Scenario};
use crate::document::{Document, DocumentError, Place};

/// The most rules that `--max-rules` can allow. Each is compared with every other, so their number is looked at
/// before anything else is.
pub const MOST_RULES: usize = 10_000;

/// What was checked, with mistakes reported at their places.
fn told<T>(checked: Result<T, Mistakes>, place: &mut Place<'_, '_, '_>) -> Option<T> {
    checked
        .map_err(|mistakes| mistakes.iter().for_each(|found| place.mistake(&found.pointer, &*found.message)))
        .ok()
}

/// A rule that was checked and compiled.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// The rule as it was written. The name of a rule on its own may be empty.
    pub(super) written: Rule,
    pub(super) matcher: Matcher,
    /// The fault, or those of the sequence; at least one.
    pub(super) faults: Vec<Arc<Fault>>,
    /// Whether it fires on every match, with nothing to decide.
    pub(super) is_unconditional: bool,
    /// What it takes, once that is asked for.
    bytes: OnceLock<usize>,
}

impl Rule {
    /// Checks and compiles a rule on its own; it may be nameless.
    pub fn check(mut self) -> Result<CompiledRule, Mistakes> {
        let is_nameless = self.name.is_empty();
        if is_nameless {
            "rule".clone_into(&mut self.name);
        }
        let mut rule = CompiledRule::new(self)?;
        if is_nameless {
            rule.written.name.clear();
        }
        Ok(rule)
    }
}

impl CompiledRule {
    /// Reads one rule, and checks and compiles it. It must not be about a client that is not `known`.
    pub fn read(document: &Document<'_>, known: Option<&KnownNames>) -> Result<Self, DocumentError> {
        document.read_into(|rule: Rule, place| {
            if let Some(mistake) = known.and_then(|known| known.mistake_in(&rule)) {
                place.mistake(&mistake.pointer, mistake.message);
            }
            told(rule.check(), place)
        })
    }

    fn new(written: Rule) -> Result<Self, Mistakes> {
        let found = check::check_rule(&written);
        let matcher = match Matcher::compile(&written.when) {
            Ok(matcher) => Mistakes::or(found, matcher)?,
            Err(mistake) => return Err(Mistakes::new(mistake.below("/when"), found)),
        };
        let faults = match (&written.sequence, &written.fault) {
            (Some(sequence), _) => sequence.clone(),
            (None, Some(fault)) => vec![fault.clone()],
            // With a hold alone, nothing else goes wrong.
            (None, None) => vec![Pass {}.into()],
        };
        let always = Fires { per: written.fires.per, ..Fires::default() };
        Ok(Self {
            matcher,
            faults: faults.into_iter().map(Arc::new).collect(),
            is_unconditional: written.fires == always,
            written,
            bytes: OnceLock::new(),
        })
    }

    /// The rule as it was written.
    pub fn written(&self) -> &Rule {
        &self.written
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        *self.bytes.get_or_init(|| bytes_of(&self.written))
    }
}

/// A scenario that was checked and compiled.
#[derive(Clone, Debug)]
pub struct Ruleset(Arc<CheckedScenario>);

#[derive(Debug)]
struct CheckedScenario {
    name: Arc<str>,
    lesson: Option<String>,
    rules: Vec<Arc<PlacedRule>>,
    /// About how many bytes those rules take that have expressions, or globs with many wildcards.
    bytes: usize,
}

impl Scenario {
    /// Checks and compiles a scenario. The error has everything that is wrong with it.
    pub fn check(mut self) -> Result<Ruleset, Mistakes> {
        self.name_rules();
        Mistakes::or(check::check_frame(&self), ())?;
        let name: Arc<str> = self.name.as_str().into();
        let (mut found, mut rules) = (Vec::new(), Vec::with_capacity(self.rules.len()));
        let (mut names, covers) = (check::Names::default(), check::Covers::new(&self.rules));
        let mut bytes = 0;
        for (index, rule) in self.rules.iter().enumerate() {
            let mut here: Vec<Mistake> = names.check(&rule.name).into_iter().collect();
            match CompiledRule::new(rule.clone()) {
                Ok(rule) => {
                    bytes += if is_heavy(&rule.written) { rule.bytes() } else { 0 };
                    rules.push(Arc::new(PlacedRule::new(Arc::clone(&name), rule)));
                }
                Err(mistakes) => here.extend(Vec::from(mistakes)),
            }
            if here.is_empty() {
                here.extend(check::check_reachable(&covers, index));
            }
            let too_many = too_many_bytes(bytes);
            let is_enough = too_many.is_some();
            here.extend(too_many.map(|message| Mistake::new("", message)));
            found.extend(here.into_iter().map(|mistake| mistake.below(&format!("/rules/{index}"))));
            if is_enough {
                break;
            }
        }
        Mistakes::or(found, Ruleset(Arc::new(CheckedScenario { name, lesson: self.lesson, rules, bytes })))
    }

    /// Names the rules that have no name, each by its position.
    pub(super) fn name_rules(&mut self) {
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if rule.name.is_empty() {
                rule.name = format!("rule-{}", index + 1);
            }
        }
    }
}

impl Ruleset {
    /// Reads a scenario, and checks and compiles it.
    pub fn read(document: &Document<'_>) -> Result<Self, DocumentError> {
        Self::read_within(document, MOST_RULES, None)
    }

    /// The same, where no more than `max_rules` rules may run, which are counted before any is compiled, and none may be
    /// about a client that is not `known`.
    pub fn read_within(
        document: &Document<'_>,
        max_rules: usize,
        known: Option<&KnownNames>,
    ) -> Result<Self, DocumentError> {
        document.read_into(|scenario: Scenario, place| {
            let rules = scenario.rules.len();
            if rules <= MOST_RULES
                && let Err(error) = Rulesets::check_count(rules, max_rules)
            {
                place.mistake("/rules", error.to_string());
                return None;
            }
            for mistake in known.map(|known| known.mistakes_in(&scenario)).unwrap_or_default() {
                place.mistake(&mistake.pointer, mistake.message);
            }
            told(scenario.check(), place)
        })
    }

    /// The same as all tenants share it, so that it is counted of none. Of a new one; nobody has it so far.
    #[must_use]
    pub(super) fn shared(mut self) -> Self {
        let rules = Arc::get_mut(&mut self.0).into_iter().flat_map(|scenario| &mut scenario.rules);
        rules.filter_map(Arc::get_mut).for_each(|placed| placed.is_shared = true);
        self
    }

    /// The scenario's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What a client's author learns from it.
    pub fn lesson(&self) -> Option<&str> {
        self.0.lesson.as_deref()
    }

    /// The rules as they were written, in order; all have names.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.0.rules.iter().map(|placed| &placed.rule.written)
    }

    /// The scenario as it was written, with a name for every rule.
    pub fn written(&self) -> Scenario {
        Scenario {
            name: self.name().to_owned(),
            lesson: self.0.lesson.clone(),
            rules: self.rules().cloned().collect(),
        }
    }
}

/// Scenarios that run together: each name once, and not too many rules.
#[derive(Clone, Debug, Default)]
pub struct Rulesets {
    rulesets: Arc<[Ruleset]>,
    plan: Arc<Plan>,
}

impl Rulesets {
    /// These scenarios, one after the other. Fails when two have the same name, because they would be taken for
    /// each other in `Sim-Fault` and the journal, and have the same draws; and when they have more than
    /// `max_rules` rules together, because every rule looks at every exchange.
    ///
    /// ```
    /// use sync_group_sim::scenario::{Rulesets, library};
    ///
    /// let scenario = library::ruleset("rate-limited").ok_or("it is built in")?;
    /// assert!(Rulesets::new([scenario.clone()], 1_000).is_ok());
    /// assert!(Rulesets::new([scenario.clone(), scenario], 1_000).is_err());
    /// # Ok::<(), &str>(())
    /// ```
    pub fn new(rulesets: impl IntoIterator<Item = Ruleset>, max_rules: usize) -> Result<Self, LoadError> {
        let rulesets: Arc<[Ruleset]> = rulesets.into_iter().collect();
        Self::check_count(rulesets.iter().map(|ruleset| ruleset.0.rules.len()).sum(), max_rules)?;
        let written = rulesets.iter().flat_map(Ruleset::rules);
        Self::check_size(written)?;
        let mut names = HashSet::new();
        if let Some(second) = rulesets.iter().find(|ruleset| !names.insert(ruleset.name())) {
            return Err(LoadError::SameName(second.name().to_owned()));
        }
        let rules = rulesets.iter().flat_map(|ruleset| ruleset.0.rules.iter().map(Arc::clone));
        let plan = Arc::new(Plan::new(rules.collect(), Owner::Shared));
        Ok(Self { rulesets, plan })
    }

    /// Refuses more rules than may run, before any is checked.
    pub fn check_count(rules: usize, max_rules: usize) -> Result<(), LoadError> {
        if rules > max_rules { Err(LoadError::TooMany(max_rules)) } else { Ok(()) }
    }

    /// Refuses scenarios that take too much memory, in the order in which they are compiled.
    pub(crate) fn check_bytes(rulesets: &[Ruleset]) -> Result<(), LoadError> {
        let bytes = rulesets.iter().map(|ruleset| ruleset.0.bytes).sum();
        too_many_bytes(bytes).map_or(Ok(()), |why| Err(LoadError::TooLarge(why)))
    }

    /// Refuses rules that take too much memory together, before any is compiled.
    pub(crate) fn check_size<'a>(rules: impl Iterator<Item = &'a Rule>) -> Result<(), LoadError> {
        check::too_large_together(rules).map_or(Ok(()), |why| Err(LoadError::TooLarge(why)))
    }

    /// The same in one tenant only, which what they take is counted of.
    #[must_use]
    pub(crate) fn of_one_tenant(self) -> Self {
        Self { plan: Arc::new(Plan::new(self.plan.rules().to_vec(), Owner::Tenant)), ..self }
    }

    /// About how many bytes those rules take that only one tenant has.
    pub(crate) fn own_bytes(&self) -> usize {
        self.plan.own_bytes()
    }

    /// The scenarios, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Ruleset> {
        self.rulesets.iter()
    }

    pub(super) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
}

/// Why rules cannot run together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Two scenarios have this name.
    SameName(String),
    /// A rule of this name was added before.
    Taken(String),
    /// Only this many run at most.
    TooMany(usize),
    /// They take too much memory: what there is too much of, and how much may be.
    TooLarge(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameName(name) => write!(f, "two scenarios are named `{name}`; expected each name once"),
            Self::Taken(name) => {
                write!(f, "a rule named `{name}` runs already; expected a name that is free")
            }
            Self::TooLarge(why) => write!(f, "{why} that run together"),
            Self::TooMany(max) => {
                write!(f, "more than {max} rules would run; expected {max} or fewer together (--max-rules)")
            }
        }
    }
}

impl std::error::Error for LoadError {}
