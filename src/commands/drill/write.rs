//! Writes the reports into the folder.

use sync_group_sim::drill::report::Report;

use super::folder::Folder;
use crate::drill_args::ReportKind;

/// Writes the reports that were asked for, and returns the path of the one to look at.
pub(super) fn reports(report: &Report, folder: &Folder, kinds: &[ReportKind]) -> Result<String, String> {
    let mut main = folder.path().display().to_string();
    for kind in kinds {
        if *kind == ReportKind::Json {
            let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
            text.push('\n');
            folder.write("report.json", text.as_bytes())?;
            main = folder.path().join("report.json").display().to_string();
        }
    }
    Ok(main)
}
