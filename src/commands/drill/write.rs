//! Writes the reports: into the folder and, on GitHub, to where its runner looks for a job's summary and annotations.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use sync_group_sim::drill::report::{Mark, Report, annotations, html, json, junit, markdown};

use super::folder::Folder;
use crate::commands::system::in_words;
use crate::drill_args::ReportKind;

/// Writes the reports that were asked for, and returns the path of the one to look at first.
pub(super) fn reports(
    report: &Report,
    folder: &Folder,
    kinds: &[ReportKind],
    fail_on: Mark,
) -> Result<String, String> {
    let mut first = None;
    for kind in kinds {
        let (name, text) = match kind {
            ReportKind::Html => ("report.html", html(report)),
            ReportKind::Json => ("report.json", json(report)),
            ReportKind::Junit => ("report.xml", junit(report, fail_on)),
            ReportKind::Md => ("report.md", markdown(report)),
        };
        folder.write(name, text.as_bytes())?;
        first.get_or_insert(name);
        if *kind == ReportKind::Md
            && let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())
        {
            append(Path::new(&path), &text)?;
        }
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print!("{}", annotations(report));
    }
    let path = first.map_or(folder.path().to_owned(), |name| folder.path().join(name));
    Ok(path.display().to_string())
}

fn append(path: &Path, text: &str) -> Result<(), String> {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        format!("GITHUB_STEP_SUMMARY: {}: cannot be written: {}", path.display(), in_words(&error))
    })
}
