//! A report in Markdown, as it stands in the summary of a job at GitHub; and the annotations there.

use std::fmt::Write;

use super::words::{counted, outcome, seconds};
use super::{Coverage, FindingReport, Mark, Report};

/// GitHub takes a summary of at most 1 MiB; what is longer is cut between two findings.
const LONGEST: usize = 900 << 10;
/// GitHub shows this many annotations of a kind for a step.
const ANNOTATIONS: usize = 10;

/// The report in Markdown.
pub fn markdown(report: &Report) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "## Drill: <code>{}</code>\n", plain(&report.command.join(" ")));
    let sign = match report.conclusion.exit_code {
        0 => "✅",
        1 => "❌",
        _ => "⚠️",
    };
    let _ = writeln!(page, "{sign} **{}**\n", plain(&report.conclusion.why));
    for notice in &report.notices {
        let _ = writeln!(page, "> {}\n>", plain(notice));
    }
    let counts = report.counts;
    let _ = writeln!(
        page,
        "\n{}: {} ok, {} failed, {} warned, {} not applicable, {} inconclusive · seed {} · {}\n",
        counted(counts.scenarios, "scenario"),
        counts.ok,
        counts.failed,
        counts.warned,
        counts.not_applicable,
        counts.inconclusive,
        report.seed,
        seconds(report.took_seconds)
    );
    if !report.coverage.is_empty() {
        let _ = writeln!(page, "Survived: {}\n", survived(&report.coverage));
    }
    if !report.findings.is_empty() {
        page.push_str("| | verdict | scenario | operation | what happened |\n|---|---|---|---|---|\n");
        for found in &report.findings {
            let _ = writeln!(
                page,
                "| {} | `{}` | {} | {} | {} |",
                found.severity.word(),
                found.verdict,
                plain(&found.scenario),
                found.operation.unwrap_or("–"),
                plain(&found.message)
            );
        }
        page.push('\n');
    }
    for (nth, found) in report.findings.iter().enumerate() {
        if page.len() > LONGEST {
            let _ = writeln!(page, "… and {} more, which stand in the report.", report.findings.len() - nth);
            break;
        }
        details(&mut page, found);
    }
    page
}

fn details(page: &mut String, found: &FindingReport) {
    let _ = writeln!(
        page,
        "<details><summary>{} <code>{}</code> in <code>{}</code></summary>\n\n{}\n",
        found.severity.word(),
        found.verdict,
        plain(&found.scenario),
        plain(&found.message)
    );
    if !found.exchanges.is_empty() {
        page.push_str("| call | at | request | what came of it |\n|---:|---:|---|---|\n");
        for call in &found.exchanges {
            let _ = writeln!(
                page,
                "| {} | {:.3} s | <code>{} {}</code> | {} |",
                call.number,
                call.at_seconds,
                call.method,
                plain(&call.target),
                plain(&outcome(call))
            );
        }
        page.push('\n');
    }
    let _ = writeln!(
        page,
        "{} ({})\n\nSeen {} of {}. Again:\n\n```sh\n{}\n```\n\n</details>\n",
        plain(found.advice),
        plain(found.source),
        found.seen,
        found.of,
        found.replay.replace("```", "` ` `")
    );
}

fn survived(coverage: &[Coverage]) -> String {
    let told: Vec<_> =
        coverage.iter().map(|class| format!("{} {}", class.what, class.state.sign())).collect();
    told.join(", ")
}

/// Workflow commands that make GitHub show the findings beside the job's result.
pub fn annotations(report: &Report) -> String {
    let mut lines = String::new();
    for (mark, command) in [(Mark::Error, "error"), (Mark::Warning, "warning"), (Mark::Note, "notice")] {
        let findings = report.findings.iter().filter(|found| found.severity == mark);
        for found in findings.take(ANNOTATIONS) {
            let title = property(&format!("{} in {}", found.verdict, found.scenario));
            let message = data(&format!("{}\n{}\nAgain: {}", found.message, found.advice, found.replay));
            let _ = writeln!(lines, "::{command} title={title}::{message}");
        }
    }
    if report.conclusion.exit_code == 3 {
        let _ = writeln!(lines, "::error title=drill inconclusive::{}", data(&report.conclusion.why));
    }
    lines
}

fn data(raw: &str) -> String {
    raw.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(raw: &str) -> String {
    data(raw).replace(':', "%3A").replace(',', "%2C")
}

/// Text in which nothing is a mark of Markdown or HTML, on one line.
fn plain(raw: &str) -> String {
    raw.chars().fold(String::with_capacity(raw.len()), |mut escaped, c| {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => {}
            c => escaped.push(c),
        }
        escaped
    })
}
