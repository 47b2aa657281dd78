//! A report as one page that needs nothing else: no script, no font, nothing from elsewhere. First what the drill came to
//! and what makes that worth less than it seems, then the matrix, then each finding with its exchanges, then the runs.

mod findings;
mod matrix;
mod runs;

use std::fmt::{self, Write};

use super::words::{counted, seconds};
use super::{Mark, Report, Survival};

const STYLE: &str = include_str!("style.css");

/// The report as a page.
pub fn html(report: &Report) -> String {
    let mut page = String::new();
    head(&mut page, report);
    notices(&mut page, report);
    summary(&mut page, report);
    matrix::write(&mut page, report);
    findings::write(&mut page, report);
    runs::write(&mut page, report);
    page.push_str("<section id=\"unseen\"><h2>What a drill cannot see</h2><ul>\n");
    for unseen in report.cannot_see {
        let _ = writeln!(page, "<li>{}</li>", Text(unseen));
    }
    page.push_str("</ul></section>\n</main>\n</html>\n");
    page
}

fn head(page: &mut String, report: &Report) {
    let command = report.command.join(" ");
    let conclusion = &report.conclusion;
    let class = match conclusion.exit_code {
        0 => Mark::Ok,
        1 => Mark::Error,
        _ => Mark::Inconclusive,
    };
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>Drill: {command}</title>\n<style>\n{STYLE}</style>\n<main>\n\
         <header><p class=\"kicker\">sync-group-sim {version} · drill</p>\n<h1><code>{command}</code></h1>\n\
         <p class=\"headline {class}\"><strong>{why}</strong> <span>exit code {code}</span></p>\n\
         <p class=\"meta\">seed {seed} · fixture {fixture} · {jobs} at a time · {began} · {took}</p></header>\n",
        command = Text(&command),
        version = Text(&report.version),
        class = class_of(class),
        why = Text(&conclusion.why),
        code = conclusion.exit_code,
        seed = report.seed,
        fixture = Text(&report.fixture),
        jobs = report.jobs,
        began = report.began,
        took = seconds(report.took_seconds),
    );
}

/// What makes passes worth less comes before any of them.
fn notices(page: &mut String, report: &Report) {
    if report.notices.is_empty() {
        return;
    }
    page.push_str("<section class=\"notices\" aria-label=\"Read this first\"><h2>Read this first</h2><ul>\n");
    for notice in &report.notices {
        let _ = writeln!(page, "<li>{}</li>", Text(notice));
    }
    page.push_str("</ul></section>\n");
}

fn summary(page: &mut String, report: &Report) {
    let counts = report.counts;
    page.push_str("<section aria-label=\"Summary\"><ul class=\"counts\">\n");
    for (mark, count, what) in [
        (Mark::Error, counts.failed, "failed"),
        (Mark::Warning, counts.warned, "warned"),
        (Mark::Inconclusive, counts.inconclusive, "inconclusive"),
        (Mark::Ok, counts.ok, "ok"),
        (Mark::NotApplicable, counts.not_applicable, "not applicable"),
    ] {
        let class = if count == 0 { "none" } else { class_of(mark) };
        let _ = writeln!(page, "<li class=\"{class}\"><b>{count}</b> {what}</li>");
    }
    page.push_str("</ul>\n");
    if !report.coverage.is_empty() {
        page.push_str("<p class=\"coverage\">Survived:");
        for class in &report.coverage {
            let look = match class.state {
                Survival::Survived => "ok",
                Survival::Failed => "error",
                Survival::GaveUp => "warning",
                Survival::NotSeen => "na",
            };
            let _ =
                write!(page, " <span class=\"{look}\">{} {}</span>", Text(class.what), class.state.sign());
        }
        page.push_str("</p>\n");
    }
    if let Some(clean) = &report.clean {
        let operations = clean.operations.iter();
        let operations: Vec<_> =
            operations.map(|count| format!("{} {}", count.calls, count.operation)).collect();
        let _ = writeln!(
            page,
            "<p class=\"meta\">Without faults: {} in {}, {}{}: {}.</p>",
            counted(clean.calls, "call"),
            seconds(clean.took_seconds),
            counted(clean.connections, "connection"),
            if clean.is_repeatable { ", the same twice" } else { ", not the same twice" },
            Text(&operations.join(", "))
        );
    }
    page.push_str("</section>\n");
}

/// The class of a mark's colour.
fn class_of(mark: Mark) -> &'static str {
    match mark {
        Mark::NotApplicable => "na",
        Mark::Ok => "ok",
        Mark::Note => "note",
        Mark::Inconclusive => "inconclusive",
        Mark::Warning => "warning",
        Mark::Error => "error",
    }
}

/// A mark in its colour, and as a word.
fn badge(mark: Mark) -> String {
    format!("<span class=\"badge {}\">{}</span>", class_of(mark), mark.word())
}

/// A text in which nothing is a tag. Characters that a page does not show are left out.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                c if c.is_control() => {}
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
