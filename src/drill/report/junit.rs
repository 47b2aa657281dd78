//! A report as JUnit XML in the dialect that Jenkins reads: a test case for each verdict in each scenario. A failure
//! is a finding that counts; what says nothing is skipped, with the reason, so that nobody takes it for passed.

use std::fmt::Write;

use super::{FindingReport, JudgementReport, Mark, Purpose, Report, RunReport, ScenarioReport};

/// The report as XML. Findings milder than `fail_on` are told in a case's output and fail nothing.
pub fn junit(report: &Report, fail_on: Mark) -> String {
    let mut cases = Cases::default();
    if report.clean.is_none() || report.scenarios.is_empty() && report.conclusion.exit_code != 0 {
        cases.error(report);
    }
    if let Some(run) = report.runs.iter().find(|run| run.kind == Purpose::Clean) {
        cases.add_run(report, run, "clean", fail_on);
    }
    for scenario in &report.scenarios {
        cases.add_scenario(report, scenario, fail_on);
    }
    let Cases { text, tests, failures, errors, skipped } = cases;
    let counts =
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"");
    let took = report.took_seconds;
    let seed = report.seed;
    let command = quoted(&report.command.join(" "));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"sync-group-sim drill\" {counts} time=\"{took:.3}\">\n\
         \x20 <testsuite name=\"drill\" {counts} time=\"{took:.3}\" timestamp=\"{}\">\n\
         \x20   <properties>\n\
         \x20     <property name=\"command\" value=\"{command}\"/>\n\
         \x20     <property name=\"seed\" value=\"{seed}\"/>\n\
         \x20     <property name=\"exitCode\" value=\"{}\"/>\n\
         \x20   </properties>\n{text}  </testsuite>\n</testsuites>\n",
        // The dialect has no fractions and no zone.
        report.began.to_string().get(..19).unwrap_or_default(),
        report.conclusion.exit_code,
    )
}

#[derive(Default)]
struct Cases {
    text: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Cases {
    /// Something kept the drill from beginning.
    fn error(&mut self, report: &Report) {
        self.errors += 1;
        let details = report.notices.join("\n");
        let body = format!(
            "      <error type=\"drill\" message=\"{}\">{}</error>\n",
            quoted(&report.conclusion.why),
            text(&details)
        );
        self.case("drill.clean", "clean run", 0.0, &body);
    }

    fn add_scenario(&mut self, report: &Report, scenario: &ScenarioReport, fail_on: Mark) {
        let runs = || report.runs.iter().filter(|run| scenario.runs.contains(&run.number));
        match runs().find(|run| run.kind != Purpose::Confirmation).or_else(|| runs().next()) {
            Some(run) => self.add_run(report, run, &scenario.scenario, fail_on),
            None if scenario.mark == Mark::Inconclusive => {
                let reason = scenario.reason.as_deref().unwrap_or("it was not run");
                let body = skipped(reason);
                self.skipped += 1;
                self.case(&format!("drill.{}", scenario.scenario), "run", 0.0, &body);
            }
            None => {}
        }
    }

    fn add_run(&mut self, report: &Report, run: &RunReport, scenario: &str, fail_on: Mark) {
        let judged: Vec<_> =
            run.verdicts.iter().filter(|verdict| verdict.mark != Mark::NotApplicable).collect();
        if judged.is_empty() && run.mark == Mark::Inconclusive {
            self.skipped += 1;
            let body = skipped(run.reason.as_deref().unwrap_or("it says nothing"));
            self.case(&format!("drill.{scenario}"), "run", run.took_seconds, &body);
        }
        #[expect(clippy::cast_precision_loss, reason = "there are a few dozen verdicts")]
        let took = run.took_seconds / judged.len().max(1) as f64;
        for verdict in judged {
            let findings = report.findings.iter();
            let findings =
                findings.filter(|found| found.verdict == verdict.verdict && found.scenario == scenario);
            let findings: Vec<_> = findings.collect();
            let body = self.body(verdict, &findings, run, fail_on);
            self.case(&format!("drill.{scenario}"), verdict.verdict, took, &body);
        }
    }

    fn body(
        &mut self,
        verdict: &JudgementReport,
        findings: &[&FindingReport],
        run: &RunReport,
        fail_on: Mark,
    ) -> String {
        let worst = findings.iter().map(|found| found.severity).max();
        if let (Some(worst), Some(first)) = (worst, findings.first())
            && worst >= fail_on
        {
            self.failures += 1;
            let told: String = findings.iter().map(|found| evidence(found)).collect();
            return format!(
                "      <failure type=\"{}\" message=\"{}\">{}</failure>\n{}{}",
                quoted(verdict.verdict),
                quoted(&first.message),
                text(&told),
                output("system-out", &run.stdout),
                output("system-err", &run.stderr)
            );
        }
        if verdict.mark == Mark::Inconclusive {
            self.skipped += 1;
            return skipped(verdict.reason.as_deref().unwrap_or("what was seen does not decide it"));
        }
        let told: Vec<String> =
            findings.iter().map(|found| format!("{}: {}", found.severity.word(), evidence(found))).collect();
        let told = told.concat();
        output("system-out", &told)
    }

    fn case(&mut self, class: &str, name: &str, took: f64, body: &str) {
        self.tests += 1;
        let (class, name) = (quoted(class), quoted(name));
        let head = format!("    <testcase classname=\"{class}\" name=\"{name}\" time=\"{took:.3}\"");
        let _ = if body.is_empty() {
            writeln!(self.text, "{head}/>")
        } else {
            writeln!(self.text, "{head}>\n{body}    </testcase>")
        };
    }
}

fn skipped(reason: &str) -> String {
    format!(
        "      <properties><property name=\"outcome\" value=\"inconclusive\"/></properties>\n\
         \x20     <skipped message=\"inconclusive: {}\"/>\n",
        quoted(reason)
    )
}

fn output(element: &str, said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("      <{element}>{}</{element}>\n", text(said)) }
}

/// A finding in lines of text.
fn evidence(found: &FindingReport) -> String {
    let mut told = format!("{}\n", found.message);
    for call in &found.exchanges {
        let _ = writeln!(
            told,
            "  call {:<4} {:>9}  {} {}  {}",
            call.number,
            format!("{:.3} s", call.at_seconds),
            call.method,
            call.target,
            super::words::outcome(call)
        );
    }
    let _ = writeln!(told, "{}  {}", found.advice, found.source);
    let _ = writeln!(told, "seen {} of {}\nagain: {}", found.seen, found.of, found.replay);
    told
}

/// What may stand between tags.
fn text(raw: &str) -> String {
    raw.chars().filter(|c| is_allowed(*c)).fold(String::with_capacity(raw.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // `]]>` may not stand in a text.
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
        escaped
    })
}

/// What may stand in an attribute.
fn quoted(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace(['\n', '\r', '\t'], " ")
}

/// The characters of XML 1.0, without those that it advises against.
fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    }
}
