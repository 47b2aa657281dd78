//! Every form of one report that has something of everything, hostile texts among it.

use serde_json::{Map, json};

use super::*;

/// What a command may print or send.
const HOSTILE: &str = "</pre><script>alert(1)</script> & \"x\" 'y' ]]> \u{1b}[31m \u{0} `|`";

fn example() -> Report {
    Report {
        schema: 1,
        version: "1.0.0".to_owned(),
        command: vec!["python".to_owned(), "sync.py".to_owned(), HOSTILE.to_owned()],
        seed: 42,
        jobs: 8,
        fixture: "demo".to_owned(),
        began: Timestamp::from_millis(1_764_000_000_123),
        took_seconds: 68.2,
        conclusion: Conclusion {
            exit_code: 1,
            why: "1 error in 3 scenarios.".to_owned(),
            is_interrupted: false,
        },
        notices: vec!["1 scenario says nothing: its fault never struck.".to_owned()],
        clean: Some(CleanReport {
            took_seconds: 1.4,
            calls: 23,
            operations: vec![OperationCount { operation: "getPasswordSyncGroups", calls: 2 }],
            connections: 1,
            is_repeatable: true,
            effects: vec!["password-sync-groups: “Sales” was created".to_owned()],
        }),
        counts: Counts { scenarios: 4, ok: 1, failed: 1, warned: 0, not_applicable: 1, inconclusive: 1 },
        columns: vec!["waits", "tries", "token", "writes", "reads", "ends"],
        scenarios: vec![
            scenario("committed-but-lost", Mark::Error, 2),
            scenario("rate-limited", Mark::Ok, 3),
            ScenarioReport {
                reason: Some("one page only; try --fixture large".to_owned()),
                runs: Vec::new(),
                ..scenario("page-fails-midway", Mark::NotApplicable, 0)
            },
            ScenarioReport {
                reason: Some("its fault never struck".to_owned()),
                runs: Vec::new(),
                ..scenario("hangs-forever", Mark::Inconclusive, 0)
            },
        ],
        coverage: vec![
            Coverage { what: "429", state: Survival::Survived },
            Coverage { what: "lost answer", state: Survival::Failed },
            Coverage { what: "broken body", state: Survival::NotSeen },
        ],
        findings: vec![finding()],
        verdicts: vec![VerdictReport {
            verdict: "duplicate-created",
            mark: Mark::Error,
            reason: None,
            scenarios: vec!["committed-but-lost".to_owned()],
        }],
        runs: vec![
            run(1, Purpose::Clean, "clean", Mark::Ok),
            run(2, Purpose::Scenario, "committed-but-lost", Mark::Error),
            run(3, Purpose::Scenario, "rate-limited", Mark::Ok),
        ],
        cannot_see: &["What the client believes."],
    }
}

fn scenario(name: &str, mark: Mark, run: usize) -> ScenarioReport {
    ScenarioReport {
        scenario: name.to_owned(),
        lesson: Some(HOSTILE.to_owned()),
        mark,
        reason: None,
        aimed: vec!["nth 2 → 1".to_owned()],
        runs: vec![run],
        found: if mark == Mark::Error { vec!["duplicate-created"] } else { Vec::new() },
        cells: vec![Mark::NotApplicable, Mark::Ok, Mark::Note, mark, Mark::Inconclusive, Mark::Warning],
        calls: 24,
        more_calls: 1,
    }
}

fn finding() -> FindingReport {
    let first = CallReport {
        number: 9,
        seq: 10,
        operation: Some("createPasswordSyncGroup"),
        method: "POST".to_owned(),
        target: "/v2024/password-sync-groups".to_owned(),
        at_seconds: 0.412,
        waited_seconds: None,
        took_seconds: Some(0.001),
        connection: 1,
        is_on_reused_connection: true,
        repeats: None,
        status: Some(500),
        end: "whole".to_owned(),
        answered: Some(200),
        performed: true,
        retry_after: Some("2".to_owned()),
        faults: vec!["committed-but-lost/rule-1".to_owned()],
    };
    let again = CallReport {
        number: 10,
        at_seconds: 0.4124,
        waited_seconds: Some(0.0004),
        repeats: Some(9),
        status: Some(200),
        answered: None,
        retry_after: None,
        faults: Vec::new(),
        target: HOSTILE.to_owned(),
        ..first.clone()
    };
    FindingReport {
        verdict: "duplicate-created",
        severity: Mark::Error,
        scenario: "committed-but-lost".to_owned(),
        run: 2,
        operation: Some("createPasswordSyncGroup"),
        message: format!("Two groups “{HOSTILE}” exist; one was asked for."),
        advice: "List and look before you repeat a create.",
        source: "RFC 9110 9.2.2",
        evidence: Map::from_iter([("waited".to_owned(), json!(0.0004))]),
        exchanges: vec![first, again],
        seen: 2,
        of: 2,
        also: vec!["once more".to_owned()],
        replay: "sync-group-sim drill --only committed-but-lost --seed 42 -- python sync.py".to_owned(),
    }
}

fn run(number: usize, kind: Purpose, scenario: &str, mark: Mark) -> RunReport {
    let judged = |verdict, mark, reason: Option<&str>| JudgementReport {
        verdict,
        mark,
        reason: reason.map(str::to_owned),
    };
    RunReport {
        number,
        kind,
        scenario: scenario.to_owned(),
        seed: 42,
        mark,
        reason: None,
        took_seconds: 1.5,
        deadline_seconds: 20.0,
        ended: "exit 0".to_owned(),
        is_success: true,
        fired: 1,
        rules: vec![RuleCount { rule: format!("{scenario}/rule-1"), matched: 2, fired: 1 }],
        calls: 24,
        waits: Some("waited 2.00–2.01 s of 2 s".to_owned()),
        verdicts: vec![
            judged("duplicate-created", mark, None),
            judged("no-timeout", Mark::Inconclusive, Some("ended sooner")),
            judged("page-lost", Mark::NotApplicable, Some("one page only")),
        ],
        differences: if mark == Mark::Error { vec![HOSTILE.to_owned()] } else { Vec::new() },
        stdout: HOSTILE.to_owned(),
        stderr: HOSTILE.to_owned(),
        folder: format!("runs/{scenario}"),
        replay: "sync-group-sim drill --only x -- y".to_owned(),
    }
}

/// What an XML parser makes of a document, or what it says.
fn parsed(xml: &str) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"))
}

#[test]
fn a_report_in_json_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../../../docs/drill-report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report: Value = serde_json::from_str(&json(&example())).unwrap();
    let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn nothing_that_a_command_says_becomes_a_tag_in_the_page() {
    let page = html(&example());
    assert!(!page.contains("<script"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{0}'));
    assert!(page.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn the_page_tells_what_makes_passes_meaningless_before_any_of_them() {
    let page = html(&example());
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in the page"));
    let order =
        ["1 error in 3 scenarios.", "Read this first", "id=\"matrix\"", "id=\"findings\"", "id=\"runs\""];
    assert!(order.map(place).is_sorted());
}

#[test]
fn every_link_in_the_page_leads_somewhere() {
    let page = html(&example());
    let after = |text: &'static str| page.split(text).skip(1).filter_map(|rest| rest.split('"').next());
    let ids: Vec<_> = after("id=\"").collect();
    for target in after("href=\"#") {
        assert!(ids.contains(&target), "#{target} is none of {ids:?}");
    }
}

/// 23 calls when nothing goes wrong, and one more: the sum, 24, beside `+1` would be read as 25.
#[test]
fn the_page_and_the_terminal_count_calls_in_the_same_way() {
    let report = example();
    assert!(html(&report).contains("<td class=\"number\">23 <small>+1</small></td>"));
    assert!(text::end(&report, text::Style::PLAIN, "out").contains("23 +1"));
}

/// Texts for screen readers are placed absolutely: outside what scrolls they would make the page as wide as its tables.
#[test]
fn what_is_unseen_scrolls_with_what_it_stands_in() {
    let page = html(&example());
    assert!(page.contains(".unseen { position: absolute;"));
    for rule in page.lines().filter(|line| line.contains("overflow-x: auto")) {
        assert!(rule.contains("position: relative"), "{rule}");
    }
}

#[test]
fn the_page_loads_nothing() {
    let page = html(&example());
    for word in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn a_finding_is_a_failure_in_junit_and_what_says_nothing_is_skipped() {
    let xml = junit(&example(), Mark::Error);
    let document = parsed(&xml);
    let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    let count =
        |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count().to_string();
    for (attribute, element) in [("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")] {
        assert_eq!(suite.attribute(attribute), Some(&*count(element)), "{xml}");
    }
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("type"), Some("duplicate-created"));
    assert_eq!(failure.parent().unwrap().attribute("classname"), Some("drill.committed-but-lost"));
    assert!(failure.text().unwrap().contains("--only committed-but-lost --seed 42"));
    let skipped = document.descendants().filter_map(|node| node.attribute("message"));
    assert!(skipped.into_iter().any(|message| message == "inconclusive: its fault never struck"), "{xml}");
    assert!(!xml.contains("page-fails-midway"), "what does not apply is not a test case");
}

#[test]
fn a_finding_that_is_milder_than_asked_for_fails_no_test_case() {
    let mut report = example();
    report.findings[0].severity = Mark::Warning;
    let xml = junit(&report, Mark::Error);
    assert!(!xml.contains("<failure"), "{xml}");
    assert!(xml.contains("warning: Two groups"), "{xml}");
    assert!(junit(&report, Mark::Warning).contains("<failure"));
}

#[test]
fn a_drill_that_could_not_begin_is_an_error_in_junit() {
    let mut report = example();
    (report.clean, report.scenarios, report.runs) = (None, Vec::new(), Vec::new());
    report.conclusion =
        Conclusion { exit_code: 3, why: "The command made no call.".to_owned(), is_interrupted: false };
    let xml = junit(&report, Mark::Error);
    let document = parsed(&xml);
    let error = document.descendants().find(|node| node.has_tag_name("error")).unwrap();
    assert_eq!(error.attribute("message"), Some("The command made no call."));
}

#[test]
fn the_summary_in_markdown_has_each_finding_and_no_tag_of_the_commands() {
    let page = markdown(&example());
    assert!(page.contains("| error | `duplicate-created` | committed-but-lost |"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let rows = page.lines().filter(|line| line.starts_with("| error"));
    for row in rows {
        // Bars that are escaped belong to a cell.
        assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
    }
}

#[test]
fn an_annotation_is_one_line() {
    let lines = annotations(&example());
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(
        lines.starts_with("::error title=duplicate-created in committed-but-lost::Two groups"),
        "{lines}"
    );
    assert!(lines.contains("%0AList and look"), "{lines}");
}

/// Writes the page for people to look at: `REPORT_PAGE=page.html cargo test --lib page_for_people`.
#[test]
fn the_page_for_people_can_be_written() {
    if let Some(path) = std::env::var_os("REPORT_PAGE") {
        std::fs::write(path, html(&example())).unwrap();
    }
}
