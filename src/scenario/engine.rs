//! The rules that run in one tenant, with their counts: they look at a subject, and the first whose trigger holds
//! fires. The rules themselves are shared with other tenants; a tenant has its own plan only once a rule was added
//! or removed, and counts only of rules that matched.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::count::Counts;
use super::look::{Looks, OpenLooks, Why};
use super::matcher::Topic;
use super::plan::{PlacedRule, Plan};
use super::ruleset::{CompiledRule, LoadError, Rulesets};
use super::subject::Subject;
use super::turn::{Fired, Turn};
use super::written::{Rule, Stage};
use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::operation::Operation;

/// The scenario of rules that were added one by one.
const ADDED: &str = "rules";

/// The rules that run in one tenant, with their counts.
#[derive(Clone, Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    /// By the rules' places; empty until the first match.
    counts: Vec<Option<Box<Counts>>>,
    /// When the rules were loaded.
    loaded: Timestamp,
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
    /// How often it matched.
    pub matched: u64,
    /// How often it fired.
    pub fired: u64,
}

impl Engine {
    /// Loads rules, with nothing counted yet.
    pub fn load(rulesets: &Rulesets, now: Timestamp) -> Self {
        Self { plan: Arc::clone(rulesets.plan()), counts: Vec::new(), loaded: now }
    }

    /// Puts a rule ahead of the others, `max_rules` at most, in a scenario of its own called `rules`. Its name must
    /// be free there; one without a name gets the first free `rule-N`.
    pub fn add(
        &mut self,
        mut rule: CompiledRule,
        max_rules: usize,
        now: Timestamp,
    ) -> Result<RuleReport, LoadError> {
        let others = self.plan.rules();
        Rulesets::check_count(others.len() + 1, max_rules)?;
        let written = others.iter().map(|placed| &placed.rule.written);
        Rulesets::check_size(written.chain([&rule.written]))?;
        if rule.written.name.is_empty() {
            rule.written.name = self.free_name();
        }
        let name = &rule.written.name;
        if others.iter().any(|placed| &*placed.scenario == ADDED && placed.name() == name) {
            return Err(LoadError::Taken(name.clone()));
        }
        let placed = Arc::new(PlacedRule { added: Some(now), ..PlacedRule::new(ADDED.into(), rule) });
        let report = report(&placed, None);
        let rules = std::iter::once(placed).chain(others.iter().map(Arc::clone)).collect();
        self.plan = Arc::new(Plan::new(rules, self.plan.owner()));
        if !self.counts.is_empty() {
            self.counts.insert(0, None);
        }
        Ok(report)
    }

    /// The first of `rule-1`, `rule-2` and so on that no rule has.
    fn free_name(&self) -> String {
        let is_free = |name: &String| self.plan.rules().iter().all(|placed| placed.name() != name);
        let mut names = (1_u64..).map(|number| format!("rule-{number}"));
        names.find(is_free).expect("there are more numbers than rules")
    }

    /// Removes the rules of that name; returns whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.plan.rules();
        let stays = |place: usize| before[place].name() != name;
        let places = (0..before.len()).filter(|place| stays(*place));
        let rules: Vec<_> = places.map(|place| Arc::clone(&before[place])).collect();
        if rules.len() == before.len() {
            return false;
        }
        let counts = std::mem::take(&mut self.counts).into_iter().enumerate();
        self.counts = counts.filter(|(place, _)| stays(*place)).map(|(_, counts)| counts).collect();
        self.plan = Arc::new(Plan::new(rules, self.plan.owner()));
        true
    }

    /// About how many bytes those rules take that only this tenant has.
    pub(crate) fn own_bytes(&self) -> usize {
        self.plan.own_bytes()
    }

    /// How far back a stale read may go; `None` when no rule needs one.
    pub fn horizon(&self) -> Option<Duration> {
        self.plan.horizon()
    }

    /// The next time after `now` at which a rule changes what it does because time has passed.
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let rules = self.plan.rules().iter().enumerate();
        let boundaries = rules.flat_map(|(place, placed)| {
            let began = placed.added.unwrap_or(self.loaded);
            let spans = [placed.rule.written.fires.from, placed.rule.written.fires.until];
            let spans = spans.into_iter().flatten().map(move |span| began.plus(span.0));
            let counts = self.counts.get(place).and_then(Option::as_deref);
            let windows = counts.into_iter().flat_map(Counts::window_ends);
            spans.chain(windows)
        });
        boundaries.filter(|at| *at > now).min()
    }

    /// Whether some rule is about exchanges with that operation, or with none.
    pub fn is_about(&self, operation: Option<Operation>) -> bool {
        !self.plan.about(Topic::Exchange(operation)).is_empty()
    }

    /// Whether some rule is about jobs.
    pub fn is_about_jobs(&self) -> bool {
        !self.plan.about(Topic::Job).is_empty()
    }

    /// The looks at a subject that no rule is about.
    pub fn none_matched(&self) -> Looks {
        Looks::none_matched(&self.plan)
    }

    /// Shows a subject to every rule; each that matches counts it. That is done once, before any rule fires, so
    /// that no rule's count depends on what another does.
    pub fn look(&mut self, subject: Subject<'_>, now: Timestamp) -> OpenLooks {
        let mut looks = OpenLooks::new(&self.plan);
        for &place in self.plan.about(Topic::of(subject)) {
            let placed = &self.plan.rules()[place];
            if placed.rule.matcher.first_mismatch(subject).is_some() {
                continue;
            }
            if self.counts.is_empty() {
                self.counts.resize_with(self.plan.rules().len(), || None);
            }
            let Rule { fires, stage, .. } = &placed.rule.written;
            let counts = self.counts[place].get_or_insert_default();
            let counted = counts.count(fires.per.unwrap_or_default(), subject, now);
            looks.note(place, &placed.label, *stage, counted);
        }
        looks
    }

    /// The first rule whose trigger holds at `stage`, in the order of the rules. Between looking and firing the
    /// rules stay as they are, because both happen under one lock.
    pub fn fire(&mut self, looks: &mut OpenLooks, stage: Stage, chance: Chance) -> Option<Fired> {
        let mut fired: Option<Fired> = None;
        for (place, look, matched) in looks.matched_mut().filter(|(_, look, _)| look.stage == stage) {
            let placed = &self.plan.rules()[place];
            let counts = self.counts[place].as_mut().expect("a rule that matched was counted");
            let turn = Turn { placed, matched, began: placed.added.unwrap_or(self.loaded), chance };
            match turn.decide(counts) {
                Err(why) => look.why = why,
                Ok(why) => {
                    if let Some(first) = &fired {
                        look.why = Why::said(format!("{why}, but {} came first", first.label));
                    } else {
                        fired = Some(turn.fire(counts));
                        (look.fired, look.why) = (true, why);
                    }
                }
            }
        }
        fired
    }

    /// The rules with their counts.
    pub fn report(&self) -> Vec<RuleReport> {
        let rules = self.plan.rules().iter().enumerate();
        rules
            .map(|(place, placed)| report(placed, self.counts.get(place).and_then(Option::as_deref)))
            .collect()
    }
}

fn report(placed: &PlacedRule, counts: Option<&Counts>) -> RuleReport {
    RuleReport {
        scenario: placed.scenario.to_string(),
        rule: placed.rule.written.clone(),
        matched: counts.map_or(0, |counts| counts.matched),
        fired: counts.map_or(0, |counts| counts.fired),
    }
}

#[cfg(test)]
mod tests;
