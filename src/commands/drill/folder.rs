//! The folder of evidence, `drill.out`, written as the drill goes: what each run's journal, data and outputs were. What was
//! there before is kept once, as `drill.out.old`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use sync_group_sim::drill::{Observed, state_diff};
use sync_group_sim::{JournalFilter, TenantHandle};

use crate::commands::system::in_words;

/// The folder of evidence.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Journals take much memory while they are written, so one run's is written after the other's.
    turn: Arc<Mutex<()>>,
}

/// What is written of a run beside its journal.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// How the data changed.
    pub(super) diff: String,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Evidence {
    pub(super) fn of(observed: &Observed) -> Self {
        Self {
            diff: state_diff(&observed.before, &observed.after),
            stdout: observed.stdout.text.clone(),
            stderr: observed.stderr.text.clone(),
        }
    }
}

/// Exchanges of one run that are written out; a run that makes far more hammers, and the first show it.
const MOST_EXCHANGES: usize = 2_000;

impl Folder {
    /// Makes it anew.
    pub(super) fn make(path: &Path) -> Result<Self, String> {
        let cannot = |error: std::io::Error| {
            format!(
                "--out: {}: cannot be made: {}; expected a folder that can be",
                path.display(),
                in_words(&error)
            )
        };
        if path.as_os_str().is_empty() {
            return Err("--out: nothing; expected the name of a folder".to_owned());
        }
        if path.exists() {
            if !path.is_dir() {
                return Err(format!("--out: {}: a file; expected the name of a folder", path.display()));
            }
            set_aside(path)?;
        }
        fs::create_dir_all(path.join("runs")).map_err(cannot)?;
        fs::write(path.join(MARK), "Written by sync-group-sim drill. The next drill replaces this folder.\n")
            .map_err(cannot)?;
        Ok(Self { path: path.to_owned(), turn: Arc::default() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), String> {
        let path = self.path.join(name);
        fs::write(&path, content)
            .map_err(|error| format!("{}: cannot be written: {}", path.display(), in_words(&error)))
    }

    /// Writes what is known of a run.
    pub(super) fn write_run(
        &self,
        folder: &str,
        tenant: &TenantHandle,
        evidence: &Evidence,
    ) -> Result<(), String> {
        let path = self.path.join(folder);
        fs::create_dir_all(&path)
            .map_err(|error| format!("{}: cannot be made: {}", path.display(), in_words(&error)))?;
        let filter = JournalFilter { limit: MOST_EXCHANGES, ..JournalFilter::default() };
        {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let journal = pretty(&tenant.journal(&filter));
            self.write(&format!("{folder}/journal.json"), journal.as_bytes())?;
            drop(journal);
            self.write(&format!("{folder}/journal.har"), pretty(&tenant.har(&filter)).as_bytes())?;
        }
        self.write(&format!("{folder}/state.diff"), evidence.diff.as_bytes())?;
        self.write(&format!("{folder}/stdout"), evidence.stdout.as_bytes())?;
        self.write(&format!("{folder}/stderr"), evidence.stderr.as_bytes())
    }
}

/// The file by which a folder of ours is known.
const MARK: &str = ".sync-group-sim-drill";

/// Moves what an earlier drill wrote out of the way. A folder that no drill wrote is left alone.
fn set_aside(path: &Path) -> Result<(), String> {
    let cannot = |error: std::io::Error| {
        format!("--out: {}: cannot be replaced: {}", path.display(), in_words(&error))
    };
    let is_empty = fs::read_dir(path).map_err(cannot)?.next().is_none();
    if is_empty {
        return Ok(());
    }
    if !path.join(MARK).exists() {
        return Err(format!(
            "--out: {}: a folder that no drill wrote; expected one that a drill wrote, or none",
            path.display()
        ));
    }
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    let old = PathBuf::from(old);
    if old.join(MARK).exists() {
        fs::remove_dir_all(&old).map_err(cannot)?;
    }
    fs::rename(path, &old).map_err(cannot)
}

fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
