//! The runs: how each ended, what became of the data, what the command wrote, what each verdict came to, and how to
//! repeat it.

use std::fmt::Write;

use super::{Text, badge};
use crate::drill::report::words::{counted, seconds};
use crate::drill::report::{Mark, Purpose, Report, RunReport};

pub(super) fn write(page: &mut String, report: &Report) {
    if report.runs.is_empty() {
        return;
    }
    page.push_str("<section id=\"runs\"><h2>Runs</h2>\n");
    for each in &report.runs {
        run(page, each);
    }
    page.push_str("</section>\n");
}

fn run(page: &mut String, run: &RunReport) {
    let kind = match run.kind {
        Purpose::Clean => " · without faults",
        Purpose::Scenario => "",
        Purpose::Confirmation => " · once more",
        Purpose::Probe => " · probe",
    };
    let _ = writeln!(
        page,
        "<details class=\"run\" id=\"run-{number}\"><summary>{badge} {scenario}{kind} <small>run {number} · {ended} · {took} · {calls} · fired {fired}</small></summary>",
        number = run.number,
        badge = badge(run.mark),
        scenario = Text(&run.scenario),
        ended = Text(&run.ended),
        took = seconds(run.took_seconds),
        calls = counted(run.calls, "call"),
        fired = run.fired,
    );
    if let Some(reason) = &run.reason {
        let _ = writeln!(page, "<p>{}</p>", Text(reason));
    }
    if let Some(waits) = &run.waits {
        let _ = writeln!(page, "<p>{}</p>", Text(waits));
    }
    data(page, run);
    verdicts(page, run);
    output(page, "stdout", &run.stdout);
    output(page, "stderr", &run.stderr);
    rules(page, run);
    let folder = Text(&run.folder);
    let _ = writeln!(
        page,
        "<p class=\"meta\"><a href=\"{folder}/journal.json\">journal</a> · <a href=\"{folder}/journal.har\">HAR</a> · \
         <a href=\"{folder}/state.diff\">state</a> · <a href=\"{folder}/stdout\">stdout</a> · <a href=\"{folder}/stderr\">stderr</a> · \
         deadline {} after the first request</p>\n<pre class=\"command\">{}</pre>\n</details>",
        seconds(run.deadline_seconds),
        Text(&run.replay)
    );
}

fn data(page: &mut String, run: &RunReport) {
    if run.differences.is_empty() {
        if run.kind != Purpose::Probe {
            page.push_str("<p>The data is as intended.</p>\n");
        }
        return;
    }
    page.push_str("<p>The data is not as intended:</p><ul class=\"diff\">\n");
    for difference in &run.differences {
        let _ = writeln!(page, "<li>{}</li>", Text(difference));
    }
    page.push_str("</ul>\n");
}

fn verdicts(page: &mut String, run: &RunReport) {
    let judged: Vec<_> = run.verdicts.iter().filter(|verdict| verdict.mark != Mark::NotApplicable).collect();
    if !judged.is_empty() {
        page.push_str("<ul class=\"verdicts\">\n");
        for verdict in judged {
            let reason = verdict.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let _ = writeln!(page, "<li>{} {}{}</li>", badge(verdict.mark), verdict.verdict, Text(&reason));
        }
        page.push_str("</ul>\n");
    }
    let others: Vec<_> = run.verdicts.iter().filter(|verdict| verdict.mark == Mark::NotApplicable).collect();
    if !others.is_empty() {
        let _ = writeln!(
            page,
            "<details><summary>{} not applicable</summary><dl>",
            counted(others.len(), "verdict")
        );
        for verdict in others {
            let reason = verdict.reason.as_deref().unwrap_or("there was no occasion");
            let _ = writeln!(page, "<dt>{}</dt><dd>{}</dd>", verdict.verdict, Text(reason));
        }
        page.push_str("</dl></details>\n");
    }
}

fn output(page: &mut String, name: &str, said: &str) {
    if !said.is_empty() {
        let _ = writeln!(page, "<p class=\"meta\">{name}, its end:</p><pre>{}</pre>", Text(said));
    }
}

fn rules(page: &mut String, run: &RunReport) {
    if run.rules.is_empty() {
        return;
    }
    page.push_str("<p class=\"meta\">Rules:");
    for rule in &run.rules {
        let _ = write!(page, " {} struck {} of {};", Text(&rule.rule), rule.fired, rule.matched);
    }
    page.push_str("</p>\n");
}
