//! The rules that run in one tenant, with their counts: they look at a subject, and the first whose trigger holds
//! fires. The rules themselves are shared with other tenants; a tenant has its own plan only once a rule was added
//! or removed, and counts only of rules that matched.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::count::{Counts, Match};
use super::fault::Fault;
use super::look::{Looks, OpenLooks, Why};
use super::matcher::Topic;
use super::plan::{PlacedRule, Plan};
use super::ruleset::{CompiledRule, LoadError, Rulesets};
use super::subject::Subject;
use super::trigger::Moment;
use super::written::{Rule, Stage, Then};
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

/// A rule that fired.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// `scenario/rule`.
    pub label: Arc<str>,
    /// What goes wrong.
    pub fault: Arc<Fault>,
    /// How long the client waits.
    pub hold: Option<Duration>,
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
        if rule.written.name.is_empty() {
            rule.written.name = self.free_name();
        }
        let name = &rule.written.name;
        if others.iter().any(|placed| &*placed.scenario == ADDED && placed.name() == name) {
            return Err(LoadError::Taken(name.clone()));
        }
        let placed = Arc::new(PlacedRule { added: Some(now), ..PlacedRule::new(ADDED.into(), rule) });
        let report = report(&placed, None);
        self.plan =
            Arc::new(Plan::new(std::iter::once(placed).chain(others.iter().map(Arc::clone)).collect()));
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

    /// Takes the rules of that name away; whether there were any.
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
        self.plan = Arc::new(Plan::new(rules));
        true
    }

    /// How far back a stale read may go; `None` when no rule asks for one.
    pub fn horizon(&self) -> Option<Duration> {
        self.plan.horizon()
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
            if placed.rule.matcher.first_miss(subject).is_some() {
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

/// A rule that matched and may fire.
struct Turn<'a> {
    placed: &'a PlacedRule,
    matched: &'a Match,
    /// Since when its time counts.
    began: Timestamp,
    chance: Chance,
}

impl Turn<'_> {
    /// Whether the rule fires, and why.
    fn decide(&self, counts: &Counts) -> Result<Why, Why> {
        let Match { nth, now, ref key } = *self.matched;
        let count = counts.of(key.as_deref());
        if let Some(ends) = count.window_ends
            && now < ends
        {
            return Ok(Why::said(format!("nth {nth}, window open until {ends}")));
        }
        let why = if self.placed.rule.is_unconditional {
            Why::Nth(nth)
        } else {
            let moment = Moment { nth, fired: count.fired, elapsed: now.since(self.began) };
            let draw = || self.chance.unit(&self.draw_label("fires"), nth);
            self.placed.rule.written.fires.decide(moment, draw).map(Why::said).map_err(Why::said)?
        };
        match self.fault(count.fired) {
            Some(_) => Ok(why),
            None => Err(Why::said(format!("nth {nth}, the sequence is over"))),
        }
    }

    /// The fault of the firing after `fired` others; `None` when the sequence is over.
    fn fault(&self, fired: u64) -> Option<&Arc<Fault>> {
        let CompiledRule { faults, written, .. } = &self.placed.rule;
        if written.sequence.is_none() {
            return faults.first();
        }
        let nth = usize::try_from(fired).unwrap_or(usize::MAX);
        match written.then.unwrap_or_default() {
            _ if nth < faults.len() => faults.get(nth),
            Then::Pass => None,
            Then::Repeat => faults.get(nth % faults.len()),
            Then::Last => faults.last(),
        }
    }

    /// Counts the firing, and draws how long the client waits.
    fn fire(&self, counts: &mut Counts) -> Fired {
        let Match { nth, now, ref key } = *self.matched;
        let count = counts.of(key.as_deref());
        let in_window = count.in_window(now);
        // A window is one firing, however many requests meet it.
        let nth_fault = if in_window { count.fired.saturating_sub(1) } else { count.fired };
        let fault =
            self.fault(nth_fault).map(Arc::clone).expect("it was there when the rule decided to fire");
        counts.fired += 1;
        if !in_window && let Some(count) = counts.of_mut(key.as_deref()) {
            count.fired += 1;
            count.window_ends = fault.window().map(|window| now.plus(window)).or(count.window_ends);
        }
        let holds = [self.placed.rule.written.hold, fault.hold()].into_iter().flatten();
        let hold = holds.map(|hold| hold.draw(self.chance, || self.draw_label("hold"), nth));
        let hold = hold.reduce(Duration::saturating_add);
        Fired { label: Arc::clone(&self.placed.label), fault, hold }
    }

    /// What a draw is keyed by beside seed, tenant and the match's number.
    fn draw_label(&self, what: &str) -> String {
        format!("{}\0{}\0{what}", self.placed.label, self.matched.key.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::super::matcher::Matcher;
    use super::super::written::{Scenario, TextMatch};
    use super::*;
    use crate::document::{Document, Format};
    use crate::scenario::{ExchangeView, JobView, Ruleset};

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn rulesets(text: &str) -> Rulesets {
        let document = Document { name: "scenario", text, format: Format::Yaml };
        Rulesets::new([Ruleset::read(&document).unwrap()], 1_000).unwrap()
    }

    fn rule(text: &str) -> CompiledRule {
        CompiledRule::read(&Document { name: "rule", text, format: Format::Yaml }).unwrap()
    }

    /// A rule about jobs on that source, which no file can ask for yet.
    fn job_rule(text: &str, source: Option<&str>) -> CompiledRule {
        let rule = rule(text);
        let source = source.map(|source| TextMatch::Exact(source.to_owned()));
        CompiledRule { matcher: Matcher::of_jobs(&rule.written.when, source.as_ref()).unwrap(), ..rule }
    }

    fn engine(rules: impl IntoIterator<Item = CompiledRule>) -> Engine {
        let mut engine = Engine::load(&Rulesets::default(), NOW);
        for rule in rules {
            engine.add(rule, 1_000, NOW).unwrap();
        }
        engine
    }

    /// The labels of the rules that matched a subject, and the rule that fired on it.
    fn show(engine: &mut Engine, subject: Subject<'_>) -> (Vec<String>, Option<String>) {
        let mut looks = engine.look(subject, NOW);
        let fired = engine.fire(&mut looks, Stage::Before, Chance::new(1, "default"));
        let looks = looks.close(true);
        let matched = looks.matched().map(|look| look.rule.to_string()).collect();
        (matched, fired.map(|fired| fired.label.to_string()))
    }

    /// On which of these attempts some rule fires.
    fn fired(engine: &mut Engine, jobs: &[JobView<'_>]) -> Vec<bool> {
        jobs.iter().map(|job| show(engine, Subject::Job(job)).1.is_some()).collect()
    }

    fn attempt(attempt: u64) -> JobView<'static> {
        JobView { source: "s-1", source_name: "Okta", attempt, ..JobView::default() }
    }

    #[test]
    fn a_rule_about_requests_never_sees_a_job() {
        let mut engine =
            engine([rule("{name: a, fault: close}"), rule("{when: {operation: '*'}, fault: close}")]);
        assert_eq!(show(&mut engine, Subject::Job(&attempt(1))), (Vec::new(), None));
        assert!(!engine.is_about_jobs());
    }

    #[test]
    fn a_rule_about_jobs_never_sees_a_request() {
        let mut engine = engine([job_rule("fault: pass", None)]);
        let headers = HeaderMap::new();
        let view = ExchangeView::new("GET", "/v3/x", &headers, b"");
        assert_eq!(show(&mut engine, Subject::Exchange(&view)), (Vec::new(), None));
        assert!(engine.is_about_jobs() && !engine.is_about(None) && !engine.is_about(Some(Operation::Token)));
        assert_eq!(engine.none_matched().all(&view)[0].why.to_string(), "a request; the rule is about jobs");
    }

    #[test]
    fn the_nth_match_of_a_rule_about_jobs_is_the_nth_attempt() {
        let mut engine = engine([job_rule("{fires: {nth: 2}, fault: pass}", Some("Okta"))]);
        let other = JobView { source: "s-2", source_name: "GitHub", ..attempt(1) };
        let jobs = [attempt(1), other, attempt(2), attempt(3)];
        assert_eq!(fired(&mut engine, &jobs), [false, false, true, false]);
        assert_eq!(engine.report()[0].matched, 3);
    }

    #[test]
    fn attempts_are_counted_for_each_client_or_group() {
        let by = |client, group| JobView { client: Some(client), group, ..attempt(1) };
        let jobs = [by("a", "x"), by("a", "y"), by("b", "y")];
        for (per, expected) in [
            ("tenant", [true, false, false]),
            ("client", [true, false, true]),
            ("group", [true, true, false]),
        ] {
            let text = format!("{{fires: {{first: 1, per: {per}}}, fault: pass}}");
            assert_eq!(fired(&mut engine([job_rule(&text, None)]), &jobs), expected, "{per}");
        }
    }

    #[test]
    fn a_held_job_waits() {
        let mut engine = engine([job_rule("{fault: {hold: 2s}}", None)]);
        let mut looks = engine.look(Subject::Job(&attempt(1)), NOW);
        let fired = engine.fire(&mut looks, Stage::Before, Chance::new(1, "default")).unwrap();
        assert_eq!(fired.hold, Some(Duration::from_secs(2)));
    }

    #[test]
    fn tenants_share_rules_and_patterns_and_count_for_themselves() {
        let rulesets = rulesets("name: n\nrules:\n- when: {path: /a}\n  fault: close\n");
        let (mut first, second) = (Engine::load(&rulesets, NOW), Engine::load(&rulesets.clone(), NOW));
        assert!(Arc::ptr_eq(&first.plan, &second.plan));
        let headers = HeaderMap::new();
        for path in ["/b", "/a"] {
            assert_eq!(first.counts.capacity(), 0, "nothing has matched yet");
            show(&mut first, Subject::Exchange(&ExchangeView::new("GET", path, &headers, b"")));
        }
        assert_eq!((first.report()[0].matched, second.report()[0].matched), (1, 0));
        let added = second.clone().add(rule("fault: reset"), 10, NOW).unwrap();
        assert_eq!((added.rule.name.as_str(), second.report().len()), ("rule-2", 1));
    }

    #[test]
    fn counts_stay_with_their_rules_when_others_come_and_go() {
        let mut engine = engine([rule("{name: b, fault: pass}"), rule("{name: a, fault: pass}")]);
        let headers = HeaderMap::new();
        let ask = |engine: &mut Engine, path| {
            show(engine, Subject::Exchange(&ExchangeView::new("GET", path, &headers, b"")));
            engine.report().iter().map(|rule| (rule.rule.name.clone(), rule.matched)).collect::<Vec<_>>()
        };
        let named = |counts: &[(&str, u64)]| -> Vec<(String, u64)> {
            counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        assert_eq!(ask(&mut engine, "/"), named(&[("a", 1), ("b", 1)]));
        engine.add(rule("{name: c, fault: pass}"), 10, NOW).unwrap();
        assert_eq!(ask(&mut engine, "/"), named(&[("c", 1), ("a", 2), ("b", 2)]));
        assert!(engine.remove("a") && !engine.remove("a"));
        assert_eq!(ask(&mut engine, "/"), named(&[("c", 2), ("b", 3)]));
    }

    #[test]
    fn rules_that_cannot_run_together_are_refused() {
        let ruleset = |name: &str| Scenario::new(name).rule(Rule::new("a")).check().unwrap();
        let error = |rulesets: [Ruleset; 2], max| Rulesets::new(rulesets, max).unwrap_err().to_string();
        assert_eq!(
            error([ruleset("x"), ruleset("x")], 10),
            "two scenarios are named `x`; expected each name once"
        );
        assert_eq!(
            error([ruleset("x"), ruleset("y")], 1),
            "more than 1 rules would run; expected 1 or fewer together (--max-rules)"
        );
        let mut engine = engine([rule("{name: a, fault: pass}")]);
        assert_eq!(
            engine.add(rule("{name: a, fault: pass}"), 10, NOW),
            Err(LoadError::Taken("a".to_owned()))
        );
        assert_eq!(engine.add(rule("fault: pass"), 1, NOW), Err(LoadError::TooMany(1)));
    }
}
