//! A report as JSON: the type as it stands. `docs/drill-report.schema.json` describes it.

use super::Report;

/// The report as JSON, for programs and indented for people.
pub fn json(report: &Report) -> String {
    let mut text =
        serde_json::to_string_pretty(report).expect("a report has no maps with keys that are not texts");
    text.push('\n');
    text
}
