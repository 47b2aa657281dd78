//! What a terminal shows of a drill: a line for each run as it ends, and at the end the matrix, what was found with its
//! evidence, what was survived, and the sum.

use std::fmt::Write as _;

pub use super::lines::Style;
use super::lines::{cut, word};
use super::words::seconds;
use super::{CallReport, CleanReport, FindingReport, Mark, Report, ScenarioReport, Survival};

/// Where the names of scenarios end.
const NAME: usize = 40;
/// The widest that anything is shown.
const MOST_COLUMNS: usize = Style::PLAIN.columns();

/// The first line: what is drilled, and how.
pub fn head(command: &[String], seed: u64, jobs: usize, style: Style) -> String {
    style.both_ends(&format!("drill  {}", command.join(" ")), &format!("seed {seed}  -j {jobs}  real time"))
}

/// The clean run.
pub fn clean(clean: &CleanReport, style: Style) -> String {
    let same = if clean.is_repeatable { ", twice the same" } else { "" };
    let operations: Vec<_> =
        clean.operations.iter().map(|count| format!("{} {}", count.calls, count.operation)).collect();
    let told =
        format!("{}{same}; {} calls: {}", seconds(clean.took_seconds), clean.calls, operations.join(", "));
    let text = style.wrapped(&told, 10);
    format!("clean  {} {}", style.marked(Mark::Ok, "ok"), text.trim_start())
}

/// A run that has ended: what it was for, what it came to, and a few words.
pub fn run_line(mark: Mark, name: &str, took_seconds: f64, details: &[String], style: Style) -> String {
    let took = format!("{:>8}", seconds(took_seconds));
    let room = style.columns() - NAME - 18;
    let details = cut(&details.join("  "), room);
    format!("  {}  {:<NAME$}{took}  {details}", padded(mark, style), cut(name, NAME - 1))
        .trim_end()
        .to_owned()
}

/// A scenario that is not run, and why.
pub fn left_out(name: &str, reason: &str, style: Style) -> String {
    let indent = NAME + 18;
    let reason = style.wrapped(reason, indent);
    let line =
        format!("  {}  {:<50}{}", padded(Mark::NotApplicable, style), cut(name, 49), reason.trim_start());
    line
}

/// A scenario that would be run, for a plan.
pub fn planned(name: &str, strikes: u64, waits_seconds: f64, aimed: &[String], style: Style) -> String {
    let mut details = vec![format!("strikes {strikes}")];
    if waits_seconds > 0.0 {
        details.push(format!("waits {}", seconds(waits_seconds)));
    }
    details.extend(aimed.iter().map(|words| format!("({words})")));
    let details = cut(&details.join("  "), style.columns() - 58);
    format!("  {}  {:<50}{details}", padded(Mark::Ok, style).replace("ok  ", "run "), cut(name, 49))
}

fn padded(mark: Mark, style: Style) -> String {
    let text = word(mark);
    format!("{}{:pad$}", style.marked(mark, text), "", pad = 4_usize.saturating_sub(text.chars().count()))
}

/// Everything that is told at the end.
pub fn end(report: &Report, style: Style, out: &str) -> String {
    let mut parts = Vec::new();
    let rows: Vec<_> = report.scenarios.iter().filter(|row| row.mark != Mark::NotApplicable).collect();
    if !rows.is_empty() {
        parts.push(matrix(report, &rows, style));
    }
    parts.extend(report.findings.iter().map(|found| finding(found, style)));
    parts.extend(report.notices.iter().map(|notice| style.wrapped(&format!("! {notice}"), 0)));
    parts.push(sum(report, style, out));
    parts.join("\n\n")
}

fn matrix(report: &Report, rows: &[&ScenarioReport], style: Style) -> String {
    // The names of the columns have six letters; the number of calls needs eight.
    let cell_columns = if style.columns() < MOST_COLUMNS { 7 } else { 8 };
    let name_columns = (style.columns() - 2 - cell_columns * report.columns.len() - 8).min(36);
    let mut text = format!("  {:<name_columns$}", "");
    for column in &report.columns {
        let _ = write!(text, "{column:<cell_columns$}");
    }
    text.push_str("calls");
    for row in rows {
        let _ = write!(text, "\n  {:<name_columns$}", cut(&row.scenario, name_columns - 1));
        for cell in &row.cells {
            let sign = if *cell == Mark::NotApplicable { "·" } else { word(*cell) };
            let pad = cell_columns.saturating_sub(sign.chars().count());
            let _ = write!(text, "{}{:pad$}", style.marked(*cell, sign), "");
        }
        let more = match row.more_calls {
            0 => String::new(),
            more => format!(" {more:+}"),
        };
        let _ = write!(text, "{}{more}", row.clean_calls());
    }
    text
}

fn finding(finding: &FindingReport, style: Style) -> String {
    let operation = finding.operation.map(|operation| format!(" · {operation}")).unwrap_or_default();
    let title = format!("{} · {}{operation}", finding.verdict, finding.scenario);
    let mut lines =
        vec![format!("{} {}", style.marked(finding.severity, word(finding.severity)), style.strong(&title))];
    lines.push(style.wrapped(&finding.message, 2));
    lines.extend(finding.also.iter().map(|also| style.wrapped(&format!("also: {also}"), 2)));
    let shown = finding.exchanges.len().min(MOST_CALLS);
    lines.extend(finding.exchanges.iter().take(shown).map(|shown| call(shown, style)));
    if finding.exchanges.len() > shown {
        lines.push(format!("    … and {} more", finding.exchanges.len() - shown));
    }
    lines.push(style.wrapped(&format!("{}  ({})", finding.advice, finding.source), 2));
    lines.push(style.faint(&format!("  seen {} of {}", finding.seen, finding.of)));
    // Not broken into lines, so that it can be pasted.
    lines.push(style.faint(&format!("  again: {}", finding.replay)));
    lines.join("\n")
}

/// As many calls as are told of one finding.
const MOST_CALLS: usize = 8;

fn call(call: &CallReport, style: Style) -> String {
    let what = match call.repeats {
        Some(number) if number == call.number => String::new(),
        Some(number) => format!("the same as {number}"),
        None => format!("{} {}", call.method, call.target),
    };
    let waited = call.waited_seconds.map(|waited| format!(", {} later", seconds(waited))).unwrap_or_default();
    let performed =
        match (call.performed, call.answered.is_some() || call.status.is_none_or(|status| status >= 400)) {
            (true, true) => "performed, ",
            _ => "",
        };
    let told = match (call.status, call.end.as_str()) {
        (Some(status), "whole") => format!("told {status}"),
        (Some(status), end) => format!("told {status}, {end}"),
        (None, end) => end.to_owned(),
    };
    let asked = call.retry_after.as_ref().map(|wait| format!(", Retry-After {wait}")).unwrap_or_default();
    let left = format!("    call {:<4} {what}{waited}", call.number);
    let right = format!("{performed}{told}{asked}  {:>8.3} s  conn {}", call.at_seconds, call.connection);
    style.both_ends(&left, &right)
}

fn sum(report: &Report, style: Style, out: &str) -> String {
    let mut lines = Vec::new();
    if report.coverage.iter().any(|class| class.state != Survival::NotSeen) {
        let classes: Vec<_> = report
            .coverage
            .iter()
            .map(|class| {
                let (mark, sign) = match class.state {
                    Survival::Survived => (Mark::Ok, "✓"),
                    Survival::Failed => (Mark::Error, "✗"),
                    Survival::GaveUp => (Mark::Note, "gave up"),
                    Survival::NotSeen => (Mark::NotApplicable, "–"),
                };
                (format!("{} {sign}", class.what), format!("{} {}", class.what, style.marked(mark, sign)))
            })
            .collect();
        let mut line = "survived: ".to_owned();
        let mut width = line.len();
        for (place, (plain, painted)) in classes.iter().enumerate() {
            let last = place + 1 == classes.len();
            if width + plain.chars().count() + 2 > style.columns() {
                line.truncate(line.trim_end().len());
                line.push_str("\n          ");
                width = 10;
            }
            line.push_str(painted);
            line.push_str(if last { "" } else { ", " });
            width += plain.chars().count() + 2;
        }
        lines.push(line);
    }
    let counts = report.counts;
    let sum = format!(
        "{} scenario{}: {} ok  {} failed  {} warned  {} n/a  {} inconclusive   {}",
        counts.scenarios,
        if counts.scenarios == 1 { "" } else { "s" },
        counts.ok,
        counts.failed,
        counts.warned,
        counts.not_applicable,
        counts.inconclusive,
        seconds(report.took_seconds)
    );
    if sum.chars().count() + 2 + out.chars().count() <= style.columns() {
        lines.push(style.both_ends(&sum, out));
    } else {
        lines.extend([sum, out.to_owned()]);
    }
    if !report.notices.contains(&report.conclusion.why) {
        lines.push(
            style.wrapped(&format!("exit {}: {}", report.conclusion.exit_code, report.conclusion.why), 0),
        );
    }
    lines.join("\n")
}
