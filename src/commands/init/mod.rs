//! `sync-group-sim init`: writes a scenario and a test to begin from into a folder. What is there stays as it is.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use sync_group_sim::drill::shell_word;

use super::{Failure, Outcome, print};
use crate::cli::TestLanguage;

/// A file to begin from.
struct Draft {
    name: &'static str,
    text: &'static str,
    what: &'static str,
}

const SCENARIO: Draft =
    Draft { name: "scenario.yaml", text: include_str!("scenario.yaml"), what: "what goes wrong: one rule" };

impl TestLanguage {
    fn test(self) -> Draft {
        let what = "runs a client meanwhile, and checks what it did";
        match self {
            Self::Sh => Draft { name: "test.sh", text: include_str!("test.sh"), what },
            Self::Python => {
                Draft { name: "test_sync_groups.py", text: include_str!("test_sync_groups.py"), what }
            }
            Self::Powershell => Draft { name: "test.ps1", text: include_str!("test.ps1"), what },
        }
    }

    /// What runs the test.
    fn run(self, test: &Path) -> String {
        let test = shell_word(&test.display().to_string());
        match self {
            Self::Sh => format!("sh {test}"),
            Self::Python => format!("python3 {test}"),
            Self::Powershell => format!("pwsh {test}"),
        }
    }
}

pub(super) fn init(folder: &Path, language: TestLanguage) -> Outcome {
    let drafts = [SCENARIO, language.test()];
    let path = |draft: &Draft| folder.join(draft.name);
    let [scenario, test] = [path(&drafts[0]), path(&drafts[1])];
    // Looked at first, so that nothing is written where not all can be.
    let taken: Vec<_> =
        [&scenario, &test].into_iter().filter(|path| path.symlink_metadata().is_ok()).collect();
    if !taken.is_empty() {
        return Err(Failure::Failed(
            taken.into_iter().map(|path| is_taken(path)).collect::<Vec<_>>().join("\n"),
        ));
    }
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    for draft in &drafts {
        write(&path(draft), draft.text)?;
    }
    let made = |draft: &Draft| format!("made {}: {}", path(draft).display(), draft.what);
    print(&format!(
        "{}\n{}\n\nNext:\n  sync-group-sim check {}\n  {}\nThen put your own client into {}.",
        made(&drafts[0]),
        made(&drafts[1]),
        shell_word(&scenario.display().to_string()),
        language.run(&test),
        drafts[1].name
    ))
}

fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Failed(is_taken(path)),
        _ => cannot(path, &error),
    })
}

fn is_taken(path: &Path) -> String {
    format!("{}: already exists, and stays as it is; expected a folder without it", path.display())
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    let why = match error.kind() {
        ErrorKind::PermissionDenied => "may not be written here",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "stands where a folder should be",
        ErrorKind::ReadOnlyFilesystem => "the drive is read-only",
        ErrorKind::StorageFull => "the drive is full",
        _ => "cannot be made",
    };
    Failure::Failed(format!("{}: {why}; expected a folder where files may be made", path.display()))
}
