//! The matrix: a row for each scenario, a column for each group of verdicts.

use std::fmt::Write;

use super::{Text, badge, class_of};
use crate::drill::report::words::counted;
use crate::drill::report::{Mark, Report, ScenarioReport};

pub(super) fn write(page: &mut String, report: &Report) {
    if report.scenarios.is_empty() {
        return;
    }
    page.push_str("<section id=\"matrix\"><h2>Scenarios</h2>\n<div class=\"wide\"><table class=\"matrix\">\n<thead><tr><th scope=\"col\">scenario</th><th scope=\"col\"></th>");
    for column in &report.columns {
        let _ = write!(page, "<th scope=\"col\">{}</th>", Text(column));
    }
    page.push_str(
        "<th scope=\"col\" class=\"number\">calls</th><th scope=\"col\">found</th></tr></thead>\n<tbody>\n",
    );
    let (others, applying): (Vec<_>, Vec<_>) =
        report.scenarios.iter().partition(|scenario| scenario.mark == Mark::NotApplicable);
    for scenario in applying {
        row(page, scenario);
    }
    page.push_str("</tbody></table></div>\n");
    if !others.is_empty() {
        let _ = writeln!(
            page,
            "<details><summary>{} not applicable</summary><dl>",
            counted(others.len(), "scenario")
        );
        for scenario in others {
            let reason = scenario.reason.as_deref().unwrap_or("no call of the command is of that kind");
            let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", Text(&scenario.scenario), Text(reason));
        }
        page.push_str("</dl></details>\n");
    }
    page.push_str("</section>\n");
}

fn row(page: &mut String, scenario: &ScenarioReport) {
    let name = Text(&scenario.scenario);
    let lesson = scenario.lesson.as_deref().unwrap_or_default();
    let _ = write!(page, "<tr><th scope=\"row\" title=\"{}\">", Text(lesson));
    let _ = match scenario.runs.first() {
        Some(run) => write!(page, "<a href=\"#run-{run}\">{name}</a>"),
        None => write!(page, "{name}"),
    };
    for aimed in &scenario.aimed {
        let _ = write!(page, " <small>{}</small>", Text(aimed));
    }
    let _ = write!(page, "</th><td>{}</td>", badge(scenario.mark));
    for cell in &scenario.cells {
        let (class, word) = (class_of(*cell), cell.word());
        let _ = write!(
            page,
            "<td class=\"cell {class}\" title=\"{word}\">{}<span class=\"unseen\"> {word}</span></td>",
            cell.sign()
        );
    }
    let more = match scenario.more_calls {
        0 => String::new(),
        more => format!(" <small>{more:+}</small>"),
    };
    let _ = write!(page, "<td class=\"number\">{}{more}</td><td>", scenario.clean_calls());
    for found in &scenario.found {
        let _ = write!(page, "<a href=\"#{found}-{name}\">{found}</a> ");
    }
    if let Some(reason) = &scenario.reason {
        let _ = write!(page, "<small>{}</small>", Text(reason));
    }
    page.push_str("</td></tr>\n");
}
