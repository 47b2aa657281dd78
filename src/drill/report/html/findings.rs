//! The findings, worst first, each with its exchanges as a table in which faults and waits are marked.

use std::fmt::Write;

use super::{Text, badge, class_of};
use crate::drill::report::words::{outcome, seconds};
use crate::drill::report::{CallReport, FindingReport, Report};

pub(super) fn write(page: &mut String, report: &Report) {
    page.push_str("<section id=\"findings\"><h2>Findings</h2>\n");
    if report.findings.is_empty() {
        page.push_str("<p>None.</p>\n");
    }
    for found in &report.findings {
        finding(page, found);
    }
    page.push_str("</section>\n");
}

fn finding(page: &mut String, found: &FindingReport) {
    let scenario = Text(&found.scenario);
    let _ = writeln!(
        page,
        "<article class=\"finding {}\" id=\"{}-{scenario}\">\n<h3>{} {} <small>in <a href=\"#run-{}\">{scenario}</a>{}</small></h3>\n\
         <p class=\"message\">{}</p>",
        class_of(found.severity),
        found.verdict,
        badge(found.severity),
        found.verdict,
        found.run,
        found.operation.map(|operation| format!(" · {operation}")).unwrap_or_default(),
        Text(&found.message)
    );
    exchanges(page, &found.exchanges);
    let _ =
        writeln!(page, "<p class=\"advice\">{} <cite>{}</cite></p>", Text(found.advice), Text(found.source));
    for also in &found.also {
        let _ = writeln!(page, "<p class=\"meta\">Also: {}</p>", Text(also));
    }
    if !found.evidence.is_empty() {
        let measured: Vec<_> = found.evidence.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let _ = writeln!(page, "<p class=\"meta\">Measured: {}</p>", Text(&measured.join("; ")));
    }
    let _ = writeln!(
        page,
        "<p class=\"meta\">Seen {} of {}. Again:</p><pre class=\"command\">{}</pre>\n</article>",
        found.seen,
        found.of,
        Text(&found.replay)
    );
}

fn exchanges(page: &mut String, calls: &[CallReport]) {
    if calls.is_empty() {
        return;
    }
    page.push_str(
        "<div class=\"wide\"><table class=\"calls\">\n<thead><tr><th scope=\"col\" class=\"number\">call</th>\
         <th scope=\"col\" class=\"number\">at</th><th scope=\"col\">request</th><th scope=\"col\">what came of it</th>\
         <th scope=\"col\">fault</th><th scope=\"col\" class=\"number\">connection</th></tr></thead>\n<tbody>\n",
    );
    let mut asked: Option<&str> = None;
    for call in calls {
        if let Some(waited) = call.waited_seconds {
            let asked = asked.map(|asked| format!("; asked for: Retry-After {asked}")).unwrap_or_default();
            let _ = writeln!(
                page,
                "<tr class=\"wait\"><td></td><td colspan=\"5\">↓ {}{}</td></tr>",
                seconds(waited),
                Text(&asked)
            );
        }
        row(page, call);
        asked = call.retry_after.as_deref();
    }
    page.push_str("</tbody></table></div>\n");
}

fn row(page: &mut String, call: &CallReport) {
    let class = if call.faults.is_empty() { "" } else { " class=\"struck\"" };
    let request = match call.repeats {
        Some(first) => format!("{} {} (as call {first})", call.method, call.target),
        None => format!("{} {}", call.method, call.target),
    };
    let retry_after =
        call.retry_after.as_deref().map(|asked| format!(", Retry-After: {asked}")).unwrap_or_default();
    let _ = writeln!(
        page,
        "<tr{class}><td class=\"number\">{}</td><td class=\"number\">{:.3} s</td><td><code>{}</code></td><td>{}{}</td><td>{}</td>\
         <td class=\"number\">{}{}</td></tr>",
        call.number,
        call.at_seconds,
        Text(&request),
        Text(&outcome(call)),
        Text(&retry_after),
        Text(&call.faults.join(", ")),
        call.connection,
        if call.is_on_reused_connection { " (reused)" } else { "" }
    );
}
