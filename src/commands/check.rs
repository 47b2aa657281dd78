//! `sync-group-sim check`: says what files will do, or where their mistakes are.

use std::path::PathBuf;

use sync_group_sim::scenario::KnownNames;
use sync_group_sim::{Prerequisites, TenantOptions};

use super::wrap::{terminal_columns, wrapped_within};
use super::{Failure, Outcome, print};
use crate::files::{self, Files};

pub(super) fn check(paths: &[PathBuf], prerequisites: Prerequisites, fixture: &str) -> Outcome {
    let known = known_names(paths, prerequisites, fixture)?;
    let mut mistakes = Vec::new();
    for path in paths {
        match files::describe(path, prerequisites, &known) {
            Ok((description, warnings)) => {
                print(&fitted(&format!("{}: {description}", path.display()), terminal_columns()))?;
                let warnings = warnings.map(|warnings| warnings.to_string()).unwrap_or_default();
                warnings.lines().for_each(|warning| eprintln!("warning: {warning}"));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Failure::Failed(mistakes.join("\n"))) }
}

/// What rules may be about: what the fixtures have that are checked along, or else the one that is named.
fn known_names(
    paths: &[PathBuf],
    prerequisites: Prerequisites,
    fixture: &str,
) -> Result<KnownNames, Failure> {
    if let Some(checked) = files::names_in(paths, prerequisites) {
        return Ok(files::known_names("the fixtures that are checked", &checked));
    }
    let options = TenantOptions { prerequisites, ..TenantOptions::default() };
    let named = Files::new(fixture, &[], &options).fixture().map_err(Failure::Failed)?;
    Ok(files::known_names(&format!("fixture `{fixture}` (--fixture)"), &named))
}

/// The same with no line that is too long for a terminal; what does not fit goes on further to the right.
fn fitted(text: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let line = |line: &str| {
        let indent = line.chars().take_while(|c| *c == ' ').count();
        if line.chars().count() <= columns {
            return line.to_owned();
        }
        let wrapped = wrapped_within(line, indent + 4, columns);
        // The first line begins where it began.
        format!("{}{}", &line[..indent], wrapped.trim_start())
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn a_terminal_has_no_line_that_is_cut_within_a_word() {
        let text = "a.yaml: scenario a: 1 rule\n  lost: of create calls, the 1st: the operation happens, and nobody is told.";
        assert_eq!(fitted(text, None), text);
        assert_eq!(
            fitted(text, Some(50)),
            "a.yaml: scenario a: 1 rule\n  lost: of create calls, the 1st: the\n      operation happens, and nobody is told."
        );
    }
}
