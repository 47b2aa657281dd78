//! How the engine handles exchanges and jobs, which files cannot match yet.

use hyper::HeaderMap;

use super::*;
use crate::document::{Document, Format};
use crate::scenario::written::Scenario;
use crate::scenario::{ExchangeView, JobView, Ruleset};

const NOW: Timestamp = Timestamp::from_millis(0);

fn rulesets(text: &str) -> Rulesets {
    let document = Document { name: "scenario", text, format: Format::Yaml };
    Rulesets::new([Ruleset::read(&document).unwrap()], 1_000).unwrap()
}

fn rule(text: &str) -> CompiledRule {
    CompiledRule::read(&Document { name: "rule", text, format: Format::Yaml }, None).unwrap()
}

/// A rule about attempts to change a password on that source; `rest` is the rest of it.
fn job_rule(rest: &str, source: Option<&str>) -> CompiledRule {
    let source = source.map(|source| format!(", source: {source}")).unwrap_or_default();
    let rest = rest.trim_start_matches('{').trim_end_matches('}');
    let open = rest.matches('{').count() - rest.matches('}').count();
    rule(&format!("{{when: {{operation: changePassword{source}}}, {rest}{}", "}".repeat(open + 1)))
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
    for (per, expected) in
        [("tenant", [true, false, false]), ("client", [true, false, true]), ("group", [true, true, false])]
    {
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
    let mut engine =
        engine([rule("{name: b, fault: pass}"), rule("{name: a, when: {path: /a}, fault: pass}")]);
    let headers = HeaderMap::new();
    let ask = |engine: &mut Engine, path| {
        show(engine, Subject::Exchange(&ExchangeView::new("GET", path, &headers, b"")));
        engine.report().iter().map(|rule| (rule.rule.name.clone(), rule.matched)).collect::<Vec<_>>()
    };
    let named = |counts: &[(&str, u64)]| -> Vec<(String, u64)> {
        counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    assert_eq!(ask(&mut engine, "/a"), named(&[("a", 1), ("b", 1)]));
    engine.add(rule("{name: c, fault: pass}"), 10, NOW).unwrap();
    assert_eq!(ask(&mut engine, "/"), named(&[("c", 1), ("a", 1), ("b", 2)]));
    assert!(engine.remove("a") && !engine.remove("a"));
    assert_eq!(ask(&mut engine, "/a"), named(&[("c", 2), ("b", 3)]));
    assert!(engine.remove("c"));
    assert_eq!(ask(&mut engine, "/a"), named(&[("b", 4)]));
}

#[test]
fn each_request_in_a_window_is_a_firing_of_the_rule_and_all_are_one_of_its_trigger() {
    let mut engine = engine([rule("{fires: {first: 1, times: 1}, fault: {rateLimited: {window: 10s}}}")]);
    let headers = HeaderMap::new();
    for _ in 0..3 {
        let told = show(&mut engine, Subject::Exchange(&ExchangeView::new("GET", "/", &headers, b"")));
        assert_eq!(told.1.as_deref(), Some("rules/rule-1"));
    }
    let report = &engine.report()[0];
    assert_eq!((report.matched, report.fired), (3, 3));
}

#[test]
fn the_waits_of_a_rule_and_of_its_fault_add_up() {
    let mut engine = engine([rule("{hold: 1s, fault: {hold: 2s}}")]);
    let headers = HeaderMap::new();
    let mut looks = engine.look(Subject::Exchange(&ExchangeView::new("GET", "/", &headers, b"")), NOW);
    let fired = engine.fire(&mut looks, Stage::Before, Chance::new(1, "default")).unwrap();
    assert_eq!(fired.hold, Some(Duration::from_secs(3)));
}

#[test]
fn the_next_boundary_is_the_nearest_that_is_still_to_come() {
    let engine = engine([rule("{fires: {from: 10s, until: 30s}, fault: pass}")]);
    let boundary = |at: u64| engine.next_boundary(NOW.plus(Duration::from_secs(at)));
    let expected = [10, 30].map(|at| Some(NOW.plus(Duration::from_secs(at))));
    assert_eq!([boundary(9), boundary(10), boundary(30)], [expected[0], expected[1], None]);
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
    assert_eq!(engine.add(rule("{name: a, fault: pass}"), 10, NOW), Err(LoadError::Taken("a".to_owned())));
    assert_eq!(engine.add(rule("fault: pass"), 1, NOW), Err(LoadError::TooMany(1)));
}

#[test]
fn clients_of_one_name_have_the_same_draws_in_tenants_that_give_them_other_ids() {
    let draws = |id: &str, name: &str| {
        let mut engine = engine([job_rule("{fires: {chance: 0.5, per: client}, fault: pass}", None)]);
        let attempts =
            (1..=64).map(|nth| JobView { client: Some(id), client_name: Some(name), ..attempt(nth) });
        fired(&mut engine, &attempts.collect::<Vec<_>>())
    };
    assert_eq!(draws("0a1b", "admin"), draws("9f8e", "admin"));
    assert_ne!(draws("0a1b", "admin"), draws("0a1b", "reader"));
}
